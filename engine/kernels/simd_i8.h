/* engine/kernels/simd_i8.h - products with quantised weights; a part of simd.h.
 *
 * The micro-kernel, part_i8(), takes R rows of a tile times NP panels: R x NP accumulators of 16
 * ints and as many of floats, which fill the registers. It exists once for every way that weights
 * and scales lie (struct form) and every shape; larger shapes are cut into parts.
 *
 *  - Few tiles: weights are unpacked in registers, once a tile. For one tile memory is the limit.
 *  - Many tiles: two panels by some blocks, a chunk, are unpacked into the scratch memory, the L1 cache that is, and used
 *    by all of the tiles. Where bytes cannot be multiplied as they are (8 bits without VNNI) they become 16 bits there,
 *    and so do each tile's activations.
 *
 * The offset of unsigned weights is taken off in an accumulator's start value, from the sums of
 * the activations; where sums are made of runs in 16 bits, at their end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_I8_H
#define ENGINE_KERNELS_SIMD_I8_H

#include "engine/kernels/simd_product.h"

/* How scales lie: as the file's halves; as bytes under the head of a K quant; as floats, unpacked. */
enum scales { SCALES_HALF, SCALES_SUPER, SCALES_FLOAT };

/* How weights lie, constant in every instance: `layout` bits as stored (8 or 16 when unpacked), `bits` as they are. */
struct form {
    int layout, bits;
    bool minimum, halves;
    enum scales scales;
};

enum {
    CHUNK_BLOCKS = 20,
    WIDE_BLOCKS = 10,                                 /* of a chunk in 16 bits */
    UNPACKED_SCALES = 3 * PANEL * (int)sizeof(float), /* of a block: d of both halves, m */
    UNPACKED_QUANTS = ACT_BLOCK * PANEL,
    WIDE_ROW = 2 * ACT_BLOCK /* bytes of a block of a row's activations in 16 bits */
};

/* What takes the offset of weights off, times the sums of a row's halves: of a block, or of each half. */
struct offsets {
    int16_t factors[3][2 * PANEL] __attribute__((aligned(64)));
};

/* Some rows of a tile times some panels: y [rows, ld] (+)= their product over some blocks. */
struct part {
    float *y;
    int ld;
    bool first;                /* y is written, not added to */
    const uint8_t *q;          /* quants of the first panel */
    const uint8_t *scales;     /* and its scales */
    size_t q_step, scale_step; /* to the next panel's */
    const struct offsets *offsets;
    const uint8_t *x;    /* the tile */
    const uint8_t *wide; /* its quants in 16 bits: [blocks][tile_rows][WIDE_ROW] */
    int tile_rows, row;
    int blocks;
    struct tile_run ahead; /* fetched meanwhile, step by block */
};

typedef void part_fn(const struct part *p, int rows, int panels);

INLINE int block_bytes(int layout)
{
    return layout == 16 ? 1024 : layout == 8 ? 512 : layout == 4 ? 256 : layout == 5 ? 320 : 384;
}

/* Weights k = 4 g .. 4 g + 3 of 16 rows; of 16 bits two of them. */
INLINE struct vb group_weights(int layout, const uint8_t *q, int g)
{
    if (layout >= 8) return vb_load(q + 64 * g);
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
    struct vi run[TILE_ROWS][PRODUCT_PANELS]; /* of some groups of it, in 16 bits */
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

/* Whether a form's sums are of ints from the first product on. */
INLINE bool begins_with_offset(struct form f)
{
    return dot_run(f.bits) == 0;
}

/* The integers start with, or get, what takes the weights' offset off; x_sums: of both halves of each row's block. */
INLINE void offset_dots(struct form f, int R, int NP, const struct offsets *offsets, int half,
                        const uint8_t *x_sums, struct sums *sums)
{
    const int16_t *factors = offsets->factors[f.halves ? 1 + half : 0];
    bool none = f.minimum || f.layout == 16, start = begins_with_offset(f);
    UNROLL
    for (int r = 0; r < R; r++) {
        struct vi sum = none ? vi_zero() : vi_pair(x_sums + r * 4, factors);
        UNROLL
        for (int p = 0; p < NP; p++) {
            if (start) sums->dot[r][p] = sum;
            if (!start && !none) sums->dot[r][p] = vi_add(sums->dot[r][p], sum);
        }
    }
}

/* The sums of a run that ends become ints, the first ones of a block or its half, or added to those. */
INLINE void widen_dots(int R, int NP, bool first, struct sums *sums)
{
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            struct vi sum = vi_widen(sums->run[r][p]);
            sums->dot[r][p] = first ? sum : vi_add(sums->dot[r][p], sum);
        }
    }
}

/* Weights of a block, or of its half, times x [R][32], in 16 bits [R][64]. */
INLINE void add_dots(struct form f, int R, int NP, const uint8_t *q, size_t q_step, int half,
                     const uint8_t *x, struct sums *sums)
{
    int groups = f.layout == 16 ? 16 : f.halves ? 4 : 8, run = dot_run(f.bits);
    int row = f.layout == 16 ? WIDE_ROW : ACT_BLOCK;
    UNROLL
    for (int i = 0; i < groups; i++) {
        int g = f.halves        ? half * 4 + i
                : f.layout >= 8 ? i
                                : i / 2 + i % 2 * 4; /* nibbles of a byte together */
        struct vb w[PRODUCT_PANELS];
        UNROLL
        for (int p = 0; p < NP; p++) {
            w[p] = group_weights(f.layout, q + (size_t)p * q_step, g);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vb four = vb_repeat(x + r * row + g * 4);
            UNROLL
            for (int p = 0; p < NP; p++) {
                struct vi *sum = run > 0 ? &sums->run[r][p] : &sums->dot[r][p];
                *sum = vi_dot(run > 0 && i % run == 0 ? vi_zero() : *sum, w[p], four, f.bits);
            }
        }
        if (run > 0 && (i + 1) % run == 0) widen_dots(R, NP, i < run, sums);
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

/* Whether the sums of a block fill the registers, so that y stays in the cache: there are those of runs beside
 * those of ints. */
INLINE bool y_stays(struct form f, int vectors)
{
    int run = dot_run(f.bits), groups = f.halves ? 4 : 8;
    return run > 0 && run < groups && vectors > 2;
}

INLINE void clear_y(int R, int NP, const struct part *s)
{
    for (int r = 0; r < R; r++) {
        for (int p = 0; p < NP; p++) {
            vf_store(s->y + r * s->ld + p * PANEL, vf_set(0));
        }
    }
}

/* (N3) */
INLINE void part_i8(struct form f, int R, int NP, const struct part *part)
{
    struct sums sums;
    struct part s = *part;
    int T = s.tile_rows, steps = f.halves ? 2 : 1;
    bool start = begins_with_offset(f), wide = f.layout == 16, stays = y_stays(f, R * NP);
    const uint8_t *x = wide ? s.wide + s.row * WIDE_ROW : s.x + s.row * 32;
    const uint8_t *dx = s.x + T * 32 + s.row * 4;
    struct tile_run ahead = s.ahead;
    if (stays && s.first) clear_y(R, NP, &s);
    if (stays) s.first = false;
    if (!stays) load_sums(R, NP, &s, &sums);
    for (int b = 0; b < s.blocks; b++, x += T * (wide ? WIDE_ROW : 44), dx += T * 44) {
        const uint8_t *q = s.q + (size_t)b * (size_t)block_bytes(f.layout);
        fetch_step(&ahead);
        UNROLL
        for (int half = 0; half < steps; half++) {
            if (start) offset_dots(f, R, NP, s.offsets, half, dx + T * 8, &sums);
            add_dots(f, R, NP, q, s.q_step, half, x, &sums);
            if (!start) offset_dots(f, R, NP, s.offsets, half, dx + T * 8, &sums);
            if (stays) load_sums(R, NP, &s, &sums);
            add_scaled(f, R, NP, &s, b, half, dx, &sums);
            if (f.minimum)
                add_minima(f, R, NP, &s, b, dx + T * 4, &sums); /* of no form with halves */
            if (stays) store_sums(R, NP, &s, &sums);
        }
    }
    if (!stays) store_sums(R, NP, &s, &sums);
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
    /* unpacked; where bits do not matter those of 6 bits do for all */
    form_wide      = {16, 16, false, false, SCALES_FLOAT},
    form_bytes4    = {8, 4, false, false, SCALES_FLOAT},
    form_bytes5    = {8, 5, false, false, SCALES_FLOAT},
    form_bytes     = {8, 6, false, false, SCALES_FLOAT},
    form_bytes_m4  = {8, 4, true,  false, SCALES_FLOAT},
    form_bytes_m5  = {8, 5, true,  false, SCALES_FLOAT},
    form_bytes_m   = {8, 6, true,  false, SCALES_FLOAT},
    form_halves    = {8, 6, false, true,  SCALES_FLOAT};

static void part_plain4(const struct part *p, int rows, int panels) { part_of_shape(form_plain4, p, rows, panels); }
static void part_minimum4(const struct part *p, int rows, int panels) { part_of_shape(form_minimum4, p, rows, panels); }
static void part_k4(const struct part *p, int rows, int panels) { part_of_shape(form_k4, p, rows, panels); }
static void part_plain5(const struct part *p, int rows, int panels) { part_of_shape(form_plain5, p, rows, panels); }
static void part_minimum5(const struct part *p, int rows, int panels) { part_of_shape(form_minimum5, p, rows, panels); }
static void part_k5(const struct part *p, int rows, int panels) { part_of_shape(form_k5, p, rows, panels); }
static void part_k6(const struct part *p, int rows, int panels) { part_of_shape(form_k6, p, rows, panels); }
static void part_plain8(const struct part *p, int rows, int panels) { part_of_shape(form_plain8, p, rows, panels); }
static void part_wide(const struct part *p, int rows, int panels) { part_of_shape(form_wide, p, rows, panels); }
static void part_bytes4(const struct part *p, int rows, int panels) { part_of_shape(form_bytes4, p, rows, panels); }
static void part_bytes5(const struct part *p, int rows, int panels) { part_of_shape(form_bytes5, p, rows, panels); }
static void part_bytes(const struct part *p, int rows, int panels) { part_of_shape(form_bytes, p, rows, panels); }
static void part_bytes_m4(const struct part *p, int rows, int panels) { part_of_shape(form_bytes_m4, p, rows, panels); }
static void part_bytes_m5(const struct part *p, int rows, int panels) { part_of_shape(form_bytes_m5, p, rows, panels); }
static void part_bytes_m(const struct part *p, int rows, int panels) { part_of_shape(form_bytes_m, p, rows, panels); }
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

/* A tile's activations, of `blocks` blocks from x on, in 16 bits: bytes at even places, then those at odd ones,
 * as the weights (unpack()). */
static void widen_tile(const uint8_t *x, int rows, int blocks, uint8_t *wide)
{
    for (int b = 0; b < blocks; b++, x += rows * 44) {
        for (int r = 0; r < rows; r++, wide += WIDE_ROW) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(x + r * 32));
            __m256i *to = (__m256i *)(void *)wide;
            _mm256_store_si256(to, _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8));
            _mm256_store_si256(to + 1, _mm256_srai_epi16(v, 8));
        }
    }
}

/* All tiles times n of m's panels from `panel` on; p says how these lie, from block `block` on; wide: memory for a
 * tile in 16 bits, or NULL. */
static void tiles_i8(const struct multiply *m, part_fn *fn, struct part *p, int panel, int n,
                     int block, uint8_t *wide)
{
    const uint8_t *x = m->tile_data;
    p->y = m->y + panel * PANEL;
    p->ld = m->ld;
    for (int tile = m->tile; tile < m->tile + m->n_tiles; tile++) {
        p->tile_rows = m->tile_rows + (tile < m->larger);
        p->x = x + (size_t)(block * p->tile_rows) * 44;
        p->wide = wide;
        if (wide != NULL) widen_tile(p->x, p->tile_rows, p->blocks, wide);
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
static void direct_i8(const struct multiply *m, part_fn *fn, const struct offsets *offsets)
{
    bool one_row = m->n_tiles == 1 && m->tile_rows + (m->tile < m->larger) == 1;
    int blocks = m->w->k / ACT_BLOCK, wide = one_row ? PRODUCT_PANELS : 2;
    size_t step = m->w->panel_bytes;
    struct part p = {.first = true, .blocks = blocks, .offsets = offsets};
    p.q_step = p.scale_step = step;
    divide_fetch(m->soon, count_parts(m));
    for (int panel = 0; panel < m->n_panels; panel += wide) {
        int n = m->n_panels - panel < wide ? m->n_panels - panel : wide;
        p.q = m->at + (size_t)panel * step;
        p.scales = p.q + m->w->scales;
        tiles_i8(m, fn, &p, panel, n, 0, NULL);
    }
}

/* ---- By way of the cache ---- */

struct unpacked {
    uint8_t q[2][CHUNK_BLOCKS * UNPACKED_QUANTS]; /* in 16 bits half as many blocks */
    uint8_t scales[2][CHUNK_BLOCKS * UNPACKED_SCALES];
    uint8_t wide[WIDE_BLOCKS * TILE_ROWS * WIDE_ROW];
};
_Static_assert(sizeof(struct unpacked) <= KERNEL_SCRATCH, "two panels of a chunk must fit");
_Static_assert(2 * WIDE_BLOCKS <= CHUNK_BLOCKS, "in 16 bits, too");

/* Blocks [block, end) of the panel at `panel` as bytes, or 8-bit weights as 16 bits, and floats. */
INLINE void unpack(struct form f, const struct panels *w, const uint8_t *panel, int block, int end,
                   uint8_t *to_q, uint8_t *to_scales)
{
    const uint8_t *q = panel + (size_t)block * (size_t)block_bytes(f.layout);
    for (int b = block; b < end; b++, q += block_bytes(f.layout)) {
        float *scales = (float *)(void *)to_scales;
        UNROLL
        for (int g = 0; g < 8; g++) {
            struct vb weights = group_weights(f.layout, q, g);
            if (f.bits < 8) vb_store(to_q + 64 * g, weights);
            if (f.bits == 8) vb_store(to_q + 64 * g, vb_even(vb_signed(weights)));
            if (f.bits == 8) vb_store(to_q + 64 * (8 + g), vb_odd(vb_signed(weights)));
        }
        vf_store(scales, block_scale(f, panel + w->scales, b, 0));
        if (f.halves) vf_store(scales + PANEL, block_scale(f, panel + w->scales, b, 1));
        if (f.minimum) vf_store(scales + 2 * PANEL, block_minimum(f, panel + w->scales, b));
        to_q += f.bits == 8 ? 2 * UNPACKED_QUANTS : UNPACKED_QUANTS;
        to_scales += UNPACKED_SCALES;
    }
}

static void unpack_panel(const struct panels *w, const uint8_t *panel, int block, int end,
                         uint8_t *q, uint8_t *scales)
{
    switch (w->type) {
    case QUANT_Q8_0:
        if (BITS_MATTER) unpack(form_plain8, w, panel, block, end, q, scales);
        break;
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

/* Blocks [block, end) of one or two panels. */
static void chunk_i8(const struct multiply *m, part_fn *fn, const struct offsets *offsets,
                     int panel, int n, int block, int end)
{
    struct unpacked *to = m->scratch;
    const uint8_t *at = m->at + (size_t)panel * m->w->panel_bytes;
    for (int i = 0; i < n; i++) {
        unpack_panel(m->w, at + (size_t)i * m->w->panel_bytes, block, end, to->q[i], to->scales[i]);
    }
    struct part p = {.first = block == 0, .blocks = end - block};
    p.offsets = offsets;
    p.q_step = sizeof(to->q[0]);
    p.scale_step = sizeof(to->scales[0]);
    p.q = to->q[0];
    p.scales = to->scales[0];
    tiles_i8(m, fn, &p, panel, n, block, panel_types[m->w->type].bits == 8 ? to->wide : NULL);
}

static void cached_i8(const struct multiply *m, part_fn *fn, const struct offsets *offsets)
{
    int most = panel_types[m->w->type].bits == 8 ? WIDE_BLOCKS : CHUNK_BLOCKS;
    int blocks = m->w->k / ACT_BLOCK, chunks = (blocks + most - 1) / most;
    divide_fetch(m->soon, count_parts(m) * chunks);
    for (int panel = 0; panel < m->n_panels; panel += 2) {
        int n = m->n_panels - panel < 2 ? m->n_panels - panel : 2;
        for (int i = 0; i < chunks; i++) {
            chunk_i8(m, fn, offsets, panel, n, i * blocks / chunks, (i + 1) * blocks / chunks);
        }
    }
}

/* ---- The product ---- */

static void set_offsets(struct offsets *o, int offset)
{
    for (int i = 0; i < 2 * PANEL; i++) {
        o->factors[0][i] = (int16_t)-offset;
        o->factors[1][i] = (int16_t)(i % 2 == 0 ? -offset : 0);
        o->factors[2][i] = (int16_t)(i % 2 == 1 ? -offset : 0);
    }
}

/* The kernels of a type: on its panels as they are, and unpacked. */
static void product_i8(const struct multiply *m)
{
    static const struct {
        part_fn *direct, *cached;
    } parts[QUANT_COUNT] = {
        [QUANT_Q8_0] = {part_plain8, BITS_MATTER ? part_wide : NULL},
        [QUANT_Q4_0] = {part_plain4, BITS_MATTER ? part_bytes4 : part_bytes},
        [QUANT_Q4_1] = {part_minimum4, BITS_MATTER ? part_bytes_m4 : part_bytes_m},
        [QUANT_Q4_K] = {part_k4, BITS_MATTER ? part_bytes_m4 : part_bytes_m},
        [QUANT_Q5_0] = {part_plain5, BITS_MATTER ? part_bytes5 : part_bytes},
        [QUANT_Q5_1] = {part_minimum5, BITS_MATTER ? part_bytes_m5 : part_bytes_m},
        [QUANT_Q5_K] = {part_k5, BITS_MATTER ? part_bytes_m5 : part_bytes_m},
        [QUANT_Q6_K] = {part_k6, part_halves},
    };
    enum quant type = m->w->type;
    int bits = panel_types[type].bits;
    struct offsets offsets;
    set_offsets(&offsets, bits == 8 ? eight_bit_offset() : panel_types[type].offset);
    if (m->n_tiles >= least_tiles(bits, panel_types[type].super)) {
        cached_i8(m, parts[type].cached, &offsets);
    } else {
        direct_i8(m, parts[type].direct, &offsets);
    }
}

#endif
