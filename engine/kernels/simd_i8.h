/* engine/kernels/simd_i8.h - products with quantised weights; a part of simd.h.
 *
 * The micro-kernel, part_i8(), takes R rows of a tile times NP panels: R x NP accumulators of 16
 * ints and as many of floats, which fill the registers. It exists once for every way that weights
 * and scales lie (struct form) and every shape; larger shapes are cut into parts.
 *
 *  - Few tiles: weights are unpacked in registers, once a tile. For one tile memory is the limit.
 *  - Many tiles: two panels by some blocks, a chunk, are unpacked into the scratch memory, the L1 cache that is, and used
 *    by all of the tiles.
 *
 * The offset of unsigned weights is taken off in an accumulator's start value, from the sums of
 * the activations.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_I8_H
#define ENGINE_KERNELS_SIMD_I8_H

#include "engine/kernels/simd_product.h"

/* How scales lie: as the file's halves; as bytes under the head of a K quant; as floats, unpacked. */
enum scales { SCALES_HALF, SCALES_SUPER, SCALES_FLOAT };

/* How weights lie, constant in every instance: `layout` bits as stored (8 when unpacked), `bits` as they are. */
struct form {
    int layout, bits;
    bool minimum, halves;
    enum scales scales;
};

enum {
    CHUNK_BLOCKS = 20,
    UNPACKED_SCALES = 3 * PANEL * (int)sizeof(float), /* of a block: d of both halves, m */
    UNPACKED_QUANTS = ACT_BLOCK * PANEL,
    UNPACKED_TILES = 8 /* from which unpacking nibbles into the cache pays; more bits: MANY_TILES */
};

_Static_assert(2 * CHUNK_BLOCKS * (UNPACKED_QUANTS + UNPACKED_SCALES) <= KERNEL_SCRATCH,
               "two panels of a chunk must fit");

/* Some rows of a tile times some panels: y [rows, ld] (+)= their product over some blocks. */
struct part {
    float *y;
    int ld;
    bool first;                /* y is written, not added to */
    const uint8_t *q;          /* quants of the first panel */
    const uint8_t *scales;     /* and its scales */
    size_t q_step, scale_step; /* to the next panel's */
    int offset;
    const uint8_t *x; /* the tile */
    int tile_rows, row;
    int blocks;
    struct tile_run ahead; /* fetched meanwhile, step by block */
};

typedef void part_fn(const struct part *p, int rows, int panels);

INLINE int block_bytes(int layout)
{
    return layout == 8 ? 512 : layout == 4 ? 256 : layout == 5 ? 320 : 384;
}

/* Weights k = 4 g .. 4 g + 3 of 16 rows. */
INLINE struct vb group_weights(int layout, const uint8_t *q, int g)
{
    if (layout == 8) return vb_load(q + 64 * g);
    struct vb raw = vb_load(q + 64 * (g % 4));
    struct vb w = g < 4 ? vb_low_nibbles(raw) : vb_high_nibbles(raw);
    if (layout == 5) w = vb_fifth_bits(w, q + 256 + 8 * g);
    if (layout == 6) w = vb_high_pairs(w, vb_load(q + 256 + g / 4 * 64), g % 4);
    return w;
}

/* Where the scales of a block lie, and (SCALES_SUPER) the head that they lie under. */
INLINE const uint8_t *scales_of(struct form f, const uint8_t *scales, int block)
{
    int head = f.minimum ? 64 : 32;
    if (f.scales == SCALES_FLOAT) return scales + block * UNPACKED_SCALES;
    if (f.scales == SCALES_HALF) return scales + block * (f.minimum ? 64 : 32);
    return scales + block / 8 * (head + 256) + head + block % 8 * 32;
}

INLINE const uint8_t *head_of(struct form f, const uint8_t *scales, int block)
{
    return scales + block / 8 * ((f.minimum ? 64 : 32) + 256);
}

/* dw of (N3). */
INLINE struct vf block_scale(struct form f, const uint8_t *scales, int block, int half)
{
    const uint8_t *at = scales_of(f, scales, block);
    if (f.scales == SCALES_FLOAT) return vf_load((const float *)(const void *)at + PANEL * half);
    if (f.scales == SCALES_HALF) return vf_from_half(at);
    struct vf d = vf_from_half(head_of(f, scales, block));
    return vf_mul(d, f.halves ? vf_from_i8(at + 16 * half) : vf_from_u8(at));
}

/* m of (N3). */
INLINE struct vf block_minimum(struct form f, const uint8_t *scales, int block)
{
    const uint8_t *at = scales_of(f, scales, block);
    if (f.scales == SCALES_FLOAT) return vf_load((const float *)(const void *)at + PANEL * 2);
    if (f.scales == SCALES_HALF) return vf_from_half(at + 32);
    struct vf d = vf_from_half(head_of(f, scales, block) + 32);
    return vf_negate(vf_mul(d, vf_from_u8(at + 16)));
}

INLINE struct vf broadcast(const uint8_t *p)
{
    float f;
    memcpy(&f, p, sizeof(f));
    return vf_set(f);
}

/* The accumulators of R rows times NP panels. */
struct sums {
    struct vf y[TILE_ROWS][PRODUCT_PANELS];
    struct vi dot[TILE_ROWS][PRODUCT_PANELS]; /* of the block at work */
};

INLINE void load_sums(int R, int NP, const struct part *s, struct sums *sums)
{
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            sums->y[r][p] = s->first ? vf_set(0) : vf_load(s->y + r * s->ld + p * PANEL);
        }
    }
}

INLINE void store_sums(int R, int NP, const struct part *s, const struct sums *sums)
{
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            vf_store(s->y + r * s->ld + p * PANEL, sums->y[r][p]);
        }
    }
}

/* The integers start with what takes the weights' offset off; x_sums: of both halves of each row's block. */
INLINE void start_dots(struct form f, int R, int NP, int offset, int half, const uint8_t *x_sums,
                       struct sums *sums)
{
    int o0 = f.halves && half == 1 ? 0 : -offset, o1 = f.halves && half == 0 ? 0 : -offset;
    UNROLL
    for (int r = 0; r < R; r++) {
        struct vi start = f.minimum ? vi_zero() : vi_pair(x_sums + r * 4, o0, o1);
        UNROLL
        for (int p = 0; p < NP; p++) {
            sums->dot[r][p] = start;
        }
    }
}

/* Weights of a block, or of its half, times x [R][32]. */
INLINE void add_dots(struct form f, int R, int NP, const uint8_t *q, size_t q_step, int half,
                     const uint8_t *x, struct sums *sums)
{
    int groups = f.halves ? 4 : 8;
    UNROLL
    for (int i = 0; i < groups; i++) {
        int g = f.halves ? half * 4 + i : i / 2 + i % 2 * 4; /* nibbles of a byte together */
        struct vb w[PRODUCT_PANELS];
        UNROLL
        for (int p = 0; p < NP; p++) {
            w[p] = group_weights(f.layout, q + (size_t)p * q_step, g);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vb four = vb_repeat(x + r * 32 + g * 4);
            UNROLL
            for (int p = 0; p < NP; p++) {
                sums->dot[r][p] = vi_dot(sums->dot[r][p], w[p], four, f.bits);
            }
        }
    }
}

/* y += the dots times the scales of both sides; dx [R]. */
INLINE void add_scaled(struct form f, int R, int NP, const struct part *s, int block, int half,
                       const uint8_t *dx, struct sums *sums)
{
    UNROLL
    for (int p = 0; p < NP; p++) {
        struct vf d = block_scale(f, s->scales + (size_t)p * s->scale_step, block, half);
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vf scale = vf_mul(d, broadcast(dx + r * 4));
            sums->y[r][p] = vf_fma(scale, vi_to_float(sums->dot[r][p]), sums->y[r][p]);
        }
    }
}

/* y += m of each panel times the rows' dsum. */
INLINE void add_minima(struct form f, int R, int NP, const struct part *s, int block,
                       const uint8_t *dsum, struct sums *sums)
{
    UNROLL
    for (int p = 0; p < NP; p++) {
        struct vf m = block_minimum(f, s->scales + (size_t)p * s->scale_step, block);
        UNROLL
        for (int r = 0; r < R; r++) {
            sums->y[r][p] = vf_fma(m, broadcast(dsum + r * 4), sums->y[r][p]);
        }
    }
}

/* (N3) */
INLINE void part_i8(struct form f, int R, int NP, const struct part *part)
{
    struct sums sums;
    const struct part s = *part;
    int T = s.tile_rows, steps = f.halves ? 2 : 1;
    const uint8_t *x = s.x + s.row * 32, *dx = s.x + T * 32 + s.row * 4;
    struct tile_run ahead = s.ahead;
    load_sums(R, NP, &s, &sums);
    for (int b = 0; b < s.blocks; b++, x += T * 44, dx += T * 44) {
        const uint8_t *q = s.q + (size_t)b * (size_t)block_bytes(f.layout);
        fetch_step(&ahead);
        UNROLL
        for (int half = 0; half < steps; half++) {
            start_dots(f, R, NP, s.offset, half, dx + T * 8, &sums);
            add_dots(f, R, NP, q, s.q_step, half, x, &sums);
            add_scaled(f, R, NP, &s, b, half, dx, &sums);
        }
        if (f.minimum) add_minima(f, R, NP, &s, b, dx + T * 4, &sums);
    }
    store_sums(R, NP, &s, &sums);
}

/* The shapes: a single row times ROW_PANELS, else up to PART_ROWS times PART_PANELS. */
INLINE void part_of_shape(struct form f, const struct part *p, int rows, int panels)
{
    if (rows == 1 && panels == ROW_PANELS) part_i8(f, 1, ROW_PANELS, p);
    if (rows == 1 && panels != ROW_PANELS) part_i8(f, 1, PART_PANELS, p);
    if (rows == 2) part_i8(f, 2, PART_PANELS, p);
    if (rows == 3) part_i8(f, 3, PART_PANELS, p);
    if (rows == 4 && PART_ROWS >= 4) part_i8(f, 4, PART_PANELS, p);
    if (rows == 5 && PART_ROWS >= 5) part_i8(f, 5, PART_PANELS, p);
    if (rows == 6 && PART_ROWS >= 6) part_i8(f, 6, PART_PANELS, p);
}

/* clang-format off */
static const struct form
    form_plain4    = {4, 4, false, false, SCALES_HALF},
    form_minimum4  = {4, 4, true,  false, SCALES_HALF},
    form_k4        = {4, 4, true,  false, SCALES_SUPER},
    form_plain5    = {5, 5, false, false, SCALES_HALF},
    form_minimum5  = {5, 5, true,  false, SCALES_HALF},
    form_k5        = {5, 5, true,  false, SCALES_SUPER},
    form_k6        = {6, 6, false, true,  SCALES_SUPER},
    form_plain8    = {8, 8, false, false, SCALES_HALF},
    /* unpacked */
    form_plain     = {8, 6, false, false, SCALES_FLOAT},
    form_minimum   = {8, 6, true,  false, SCALES_FLOAT},
    form_halves    = {8, 6, false, true,  SCALES_FLOAT};

static void part_plain4(const struct part *p, int rows, int panels) { part_of_shape(form_plain4, p, rows, panels); }
static void part_minimum4(const struct part *p, int rows, int panels) { part_of_shape(form_minimum4, p, rows, panels); }
static void part_k4(const struct part *p, int rows, int panels) { part_of_shape(form_k4, p, rows, panels); }
static void part_plain5(const struct part *p, int rows, int panels) { part_of_shape(form_plain5, p, rows, panels); }
static void part_minimum5(const struct part *p, int rows, int panels) { part_of_shape(form_minimum5, p, rows, panels); }
static void part_k5(const struct part *p, int rows, int panels) { part_of_shape(form_k5, p, rows, panels); }
static void part_k6(const struct part *p, int rows, int panels) { part_of_shape(form_k6, p, rows, panels); }
static void part_plain8(const struct part *p, int rows, int panels) { part_of_shape(form_plain8, p, rows, panels); }
static void part_plain(const struct part *p, int rows, int panels) { part_of_shape(form_plain, p, rows, panels); }
static void part_minimum(const struct part *p, int rows, int panels) { part_of_shape(form_minimum, p, rows, panels); }
static void part_halves(const struct part *p, int rows, int panels) { part_of_shape(form_halves, p, rows, panels); }
/* clang-format on */

/* ---- A tile ---- */

/* Some panels fewer than PART_PANELS: taken as so many, all the first, of which one result counts. */
static void lone_panel(part_fn *fn, const struct part *part, int rows)
{
    float pair[PART_ROWS * PART_PANELS * PANEL] __attribute__((aligned(64))) = {0};
    struct part p = *part;
    p.y = pair;
    p.ld = PART_PANELS * PANEL;
    p.q_step = p.scale_step = 0;
    for (int r = 0; r < rows && !p.first; r++) {
        vf_store(pair + r * p.ld, vf_load(part->y + r * part->ld));
    }
    fn(&p, rows, PART_PANELS);
    for (int r = 0; r < rows; r++) {
        vf_store(part->y + r * part->ld, vf_load(pair + r * p.ld));
    }
}

/* Some rows of a tile times `panels` panels. p is as it was afterwards. */
static void panels_i8(part_fn *fn, struct part *p, int rows, int panels, struct fetch *soon)
{
    float *y = p->y;
    const uint8_t *q = p->q, *scales = p->scales;
    while (panels > 0) {
        int wide = rows == 1 && panels >= ROW_PANELS ? ROW_PANELS : PART_PANELS;
        p->ahead = next_run(soon, p->blocks);
        if (panels >= wide) {
            fn(p, rows, wide);
        } else {
            lone_panel(fn, p, rows);
        }
        p->y += wide * PANEL;
        p->q += (size_t)wide * p->q_step;
        p->scales += (size_t)wide * p->scale_step;
        panels -= wide;
    }
    p->y = y;
    p->q = q;
    p->scales = scales;
}

_Static_assert(TILE_ROWS <= 2 * PART_ROWS, "a tile must fit two parts");

/* All rows of a tile, if need be in two parts. */
static void tile_i8(part_fn *fn, struct part *p, int panels, struct fetch *soon)
{
    float *y = p->y;
    for (int rows, left = p->tile_rows; left > 0; left -= rows) {
        rows = left <= PART_ROWS ? left : (left + 1) / 2;
        p->row = p->tile_rows - left;
        p->y = y + p->row * p->ld;
        panels_i8(fn, p, rows, panels, soon);
    }
    p->y = y;
}

/* All tiles times n of m's panels from `panel` on; p says how these lie, from block `block` on. */
static void tiles_i8(const struct multiply *m, part_fn *fn, struct part *p, int panel, int n,
                     int block)
{
    const uint8_t *x = m->tile_data;
    p->y = m->y + panel * PANEL;
    p->ld = m->ld;
    for (int tile = m->tile; tile < m->tile + m->n_tiles; tile++) {
        p->tile_rows = m->tile_rows + (tile < m->larger);
        p->x = x + (size_t)(block * p->tile_rows) * 44;
        tile_i8(fn, p, n, m->soon);
        x += (size_t)p->tile_rows * act_row_bytes(m->x);
        p->y += p->tile_rows * m->ld;
    }
}

/* How many parts that makes in all. */
static int count_parts(const struct multiply *m)
{
    int rows = m->tile_rows + (m->larger > 0), parts = (rows + PART_ROWS - 1) / PART_ROWS;
    int wide = rows == 1 ? ROW_PANELS : PART_PANELS;
    return m->n_tiles * parts * ((m->n_panels + wide - 1) / wide);
}

/* ---- Straight from memory ---- */

/* Panels two by two; for a single row, whose weights are read only once, all of them together. */
static void direct_i8(const struct multiply *m, part_fn *fn, int offset)
{
    bool one_row = m->n_tiles == 1 && m->tile_rows + (m->tile < m->larger) == 1;
    int blocks = m->w->k / ACT_BLOCK, wide = one_row ? PRODUCT_PANELS : 2;
    size_t step = m->w->panel_bytes;
    struct part p = {.first = true, .blocks = blocks, .offset = offset};
    p.q_step = p.scale_step = step;
    divide_fetch(m->soon, count_parts(m));
    for (int panel = 0; panel < m->n_panels; panel += wide) {
        int n = m->n_panels - panel < wide ? m->n_panels - panel : wide;
        p.q = m->at + (size_t)panel * step;
        p.scales = p.q + m->w->scales;
        tiles_i8(m, fn, &p, panel, n, 0);
    }
}

/* ---- By way of the cache ---- */

struct unpacked {
    uint8_t q[2][CHUNK_BLOCKS * UNPACKED_QUANTS];
    uint8_t scales[2][CHUNK_BLOCKS * UNPACKED_SCALES];
};

/* Blocks [block, end) of the panel at `panel` as bytes and floats. */
INLINE void unpack(struct form f, const struct panels *w, const uint8_t *panel, int block, int end,
                   uint8_t *to_q, uint8_t *to_scales)
{
    const uint8_t *q = panel + (size_t)block * (size_t)block_bytes(f.layout);
    for (int b = block; b < end; b++, q += block_bytes(f.layout)) {
        float *scales = (float *)(void *)to_scales;
        UNROLL
        for (int g = 0; g < 8; g++) {
            vb_store(to_q + 64 * g, group_weights(f.layout, q, g));
        }
        vf_store(scales, block_scale(f, panel + w->scales, b, 0));
        if (f.halves) vf_store(scales + PANEL, block_scale(f, panel + w->scales, b, 1));
        if (f.minimum) vf_store(scales + 2 * PANEL, block_minimum(f, panel + w->scales, b));
        to_q += UNPACKED_QUANTS;
        to_scales += UNPACKED_SCALES;
    }
}

static void unpack_panel(const struct panels *w, const uint8_t *panel, int block, int end,
                         uint8_t *q, uint8_t *scales)
{
    switch (w->type) {
    case QUANT_Q4_0:
        unpack(form_plain4, w, panel, block, end, q, scales);
        break;
    case QUANT_Q4_1:
        unpack(form_minimum4, w, panel, block, end, q, scales);
        break;
    case QUANT_Q4_K:
        unpack(form_k4, w, panel, block, end, q, scales);
        break;
    case QUANT_Q5_0:
        unpack(form_plain5, w, panel, block, end, q, scales);
        break;
    case QUANT_Q5_1:
        unpack(form_minimum5, w, panel, block, end, q, scales);
        break;
    case QUANT_Q5_K:
        unpack(form_k5, w, panel, block, end, q, scales);
        break;
    default:
        unpack(form_k6, w, panel, block, end, q, scales);
    }
}

/* Blocks [block, end) of one or two panels. 8-bit weights need no unpacking and are read where they are. */
static void chunk_i8(const struct multiply *m, part_fn *fn, int panel, int n, int block, int end)
{
    struct unpacked *to = m->scratch;
    const uint8_t *at = m->at + (size_t)panel * m->w->panel_bytes;
    for (int i = 0; i < n; i++) {
        unpack_panel(m->w, at + (size_t)i * m->w->panel_bytes, block, end, to->q[i], to->scales[i]);
    }
    struct part p = {.first = block == 0, .blocks = end - block};
    p.offset = panel_types[m->w->type].offset;
    p.q_step = sizeof(to->q[0]);
    p.scale_step = sizeof(to->scales[0]);
    p.q = to->q[0];
    p.scales = to->scales[0];
    tiles_i8(m, fn, &p, panel, n, block);
}

static void cached_i8(const struct multiply *m, part_fn *fn)
{
    int blocks = m->w->k / ACT_BLOCK, chunks = (blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS;
    divide_fetch(m->soon, count_parts(m) * chunks);
    for (int panel = 0; panel < m->n_panels; panel += 2) {
        int n = m->n_panels - panel < 2 ? m->n_panels - panel : 2;
        for (int i = 0; i < chunks; i++) {
            chunk_i8(m, fn, panel, n, i * blocks / chunks, (i + 1) * blocks / chunks);
        }
    }
}

/* ---- The product ---- */

/* The kernels of a type: on its panels as they are, and (not of 8 bits) unpacked. */
static void product_i8(const struct multiply *m)
{
    static const struct {
        part_fn *direct, *cached;
    } parts[QUANT_COUNT] = {
        [QUANT_Q8_0] = {part_plain8, NULL},           [QUANT_Q4_0] = {part_plain4, part_plain},
        [QUANT_Q4_1] = {part_minimum4, part_minimum}, [QUANT_Q4_K] = {part_k4, part_minimum},
        [QUANT_Q5_0] = {part_plain5, part_plain},     [QUANT_Q5_1] = {part_minimum5, part_minimum},
        [QUANT_Q5_K] = {part_k5, part_minimum},       [QUANT_Q6_K] = {part_k6, part_halves},
    };
    enum quant type = m->w->type;
    int least = panel_types[type].bits == 4 ? UNPACKED_TILES : MANY_TILES;
    if (m->n_tiles >= least && parts[type].cached != NULL) {
        cached_i8(m, parts[type].cached);
    } else {
        bool bytes = panel_types[type].bits == 8;
        direct_i8(m, parts[type].direct, bytes ? eight_bit_offset() : panel_types[type].offset);
    }
}

#endif
