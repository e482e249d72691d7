/* engine/kernels/simd.h - the kernels over 16-lane vectors; one text for every instruction set.
 *
 * An ISA file includes vec256.h or vec512.h, then this, then names its set. Everything obeys (N1) to
 * (N8) of kernels.h, and generic.c is what it must equal. Functions marked INLINE take their sizes as
 * constants: the compiler unrolls them and keeps the accumulators in registers; a switch picks the instance.
 *
 * Quantised products. A tile of R rows times NP panels is R x NP accumulators of 16 ints and as many of
 * floats: with 32 registers 12 of each (and two vectors of weights and a broadcast), six rows by two panels.
 *  - Few tiles: two panels at a time (four of a single row) are decoded in registers, once a tile, and the
 *    next ones prefetched. For one tile memory is the limit.
 *  - Many tiles: two panels by 16 blocks are decoded into the L1 cache and used by all of the tiles.
 * The offset of unsigned weights is taken off in an accumulator's start value, from the sums of the activations.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_H
#define ENGINE_KERNELS_SIMD_H

#include <math.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/scalar_math.h"

#define UNROLL _Pragma("GCC unroll 16")

/* (N7), lane by lane math_expf(). */
INLINE struct vf vf_exp(struct vf x)
{
    struct vf low = vf_set(MATH_EXPF_MIN);
    struct vf v = vf_min(vf_max(x, low), vf_set(MATH_EXPF_MAX));
    struct vf n = vf_round(vf_mul(v, vf_set(0x1.715476p+0f)));
    struct vf r = vf_fma(n, vf_set(-0x1.62ep-1f), v);
    r = vf_fma(n, vf_set(-0x1.0bfbe8p-15f), r);
    struct vf p = vf_set(1.9875691500e-4f);
    p = vf_fma(p, r, vf_set(1.3981999507e-3f));
    p = vf_fma(p, r, vf_set(8.3334519073e-3f));
    p = vf_fma(p, r, vf_set(4.1665795894e-2f));
    p = vf_fma(p, r, vf_set(1.6666665459e-1f));
    p = vf_fma(p, r, vf_set(5.0000001201e-1f));
    p = vf_add(vf_fma(p, vf_mul(r, r), r), vf_set(1.0f));
    return vf_where_not_less(vf_mul(p, vf_pow2(n)), x, low);
}

/* ---- Activations ---- */

/* The sums of both halves of 32 signed bytes. */
INLINE void half_sums(const void *q, int16_t sums[2])
{
    __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), _mm256_loadu_si256(q));
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __m256i eights = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4e));
    __m256i all = _mm256_add_epi32(eights, _mm256_shuffle_epi32(eights, 0xb1));
    sums[0] = (int16_t)_mm256_cvtsi256_si32(all);
    sums[1] = (int16_t)_mm_cvtsi128_si32(_mm256_extracti128_si256(all, 1));
}

/* (N2) for the n <= 32 values at v (the rest 0): q [32], the sums of its halves; returns d. */
static float quantise(const float *v, int n, void *q, int16_t sums[2])
{
    struct vf a = vf_load_n(v, n, 0), b = n > 16 ? vf_load_n(v + 16, n - 16, 0) : vf_set(0);
    float amax = vf_largest(vf_max(vf_abs(a), vf_abs(b)));
    if (amax < 1e-30f) {
        memset(q, 0, ACT_BLOCK);
        sums[0] = sums[1] = 0;
        return 0;
    }
    struct vf inverse = vf_set(127.0f / amax), low = vf_set(-127.0f), high = vf_set(127.0f);
    a = vf_min(vf_max(vf_round(vf_mul(a, inverse)), low), high);
    b = vf_min(vf_max(vf_round(vf_mul(b, inverse)), low), high);
    vf_to_i8(q, a);
    vf_to_i8((char *)q + 16, b);
    half_sums(q, sums);
    return amax / 127.0f;
}

static void act_put(const struct act *x, int row, int col, const float *v, int n)
{
    int tile = act_row_tile(x, row), first = act_tile_row(x, tile);
    size_t rows = (size_t)(act_tile_row(x, tile + 1) - first), r = (size_t)(row - first);
    uint8_t *at = act_tile_data(x, tile);
    if (!x->quantised) {
        float *to = (float *)(void *)at + (size_t)col * rows + r;
        for (int k = 0; k < n; k++, to += rows) {
            *to = v[k];
        }
        return;
    }
    at += (size_t)col / ACT_BLOCK * rows * 44;
    for (int k = 0; k < n; k += ACT_BLOCK, at += rows * 44) {
        int16_t sums[2];
        float d = quantise(v + k, ACT_BLOCK, at + r * 32, sums);
        float dsum = d * (float)(sums[0] + sums[1]);
        memcpy(at + rows * 32 + r * 4, &d, sizeof(d));
        memcpy(at + rows * 36 + r * 4, &dsum, sizeof(dsum));
        memcpy(at + rows * 40 + r * 4, sums, sizeof(sums));
    }
}

/* ---- Quantised products ---- */

/* How weights come, constant in every instance: `layout` bits as stored (8 when decoded into bytes),
 * `bits` as they are. */
struct form {
    int layout, bits;
    bool minimum, super, halves, decoded;
};

enum {
    DECODED_SCALES = 3 * PANEL * (int)sizeof(float), /* a decoded block's d of both halves, m */
    DECODED_QUANTS = ACT_BLOCK * PANEL,
    DECODED_BLOCKS = 16, /* of two panels, decoded at once */
    DECODED_BYTES = 2 * DECODED_BLOCKS * (DECODED_QUANTS + DECODED_SCALES),
    CACHED_TILES = 8 /* from which decoding into the cache pays */
};

/* Panels as read: quants and scales of the first, and how far to the next. */
struct stream {
    const uint8_t *q, *scales;
    size_t q_step, scale_step;
    int offset; /* of the unsigned weights */
};

INLINE int block_bytes(struct form f)
{
    return f.layout == 8 ? 512 : f.layout == 4 ? 256 : f.layout == 5 ? 320 : 384;
}

/* Weights k = 4 g .. 4 g + 3 of 16 rows. */
INLINE struct vb group_weights(struct form f, const uint8_t *q, int g)
{
    if (f.layout == 8) return vb_load(q + 64 * g);
    struct vb raw = vb_load(q + 64 * (g % 4));
    struct vb w = g < 4 ? vb_low_nibbles(raw) : vb_high_nibbles(raw);
    if (f.layout == 5) w = vb_fifth_bits(w, q + 256 + 8 * g);
    if (f.layout == 6) w = vb_high_pairs(w, vb_load(q + 256 + g / 4 * 64), g % 4);
    return w;
}

/* Where the scales of a block lie; of a K quant behind its head. */
INLINE const uint8_t *scales_of(struct form f, const uint8_t *scales, int block)
{
    if (f.decoded) return scales + block * DECODED_SCALES;
    if (!f.super) return scales + block * (f.minimum ? 64 : 32);
    int head = f.minimum ? 64 : 32;
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
    if (f.decoded) return vf_load((const float *)(const void *)at + PANEL * half);
    if (!f.super) return vf_from_half(at);
    struct vf d = vf_from_half(head_of(f, scales, block));
    return vf_mul(d, f.halves ? vf_from_i8(at + 16 * half) : vf_from_u8(at));
}

/* m of (N3). */
INLINE struct vf block_minimum(struct form f, const uint8_t *scales, int block)
{
    const uint8_t *at = scales_of(f, scales, block);
    if (f.decoded) return vf_load((const float *)(const void *)at + 2 * PANEL);
    if (!f.super) return vf_from_half(at + 32);
    struct vf d = vf_from_half(head_of(f, scales, block) + 32);
    return vf_negate(vf_mul(d, vf_from_u8(at + 16)));
}

INLINE struct vf broadcast(const uint8_t *p)
{
    float f;
    memcpy(&f, p, sizeof(f));
    return vf_set(f);
}

/* Rows [r0, r0 + R) of a tile of T rows times NP panels: y [R, ld] (+)= their product over the blocks
 * [block, end) of s; x begins at the first of them. Prefetches the panels `ahead` bytes on unless it is 0. */
INLINE void part_i8(struct form f, int T, int r0, int R, int NP, float *y, int ld,
                    const struct stream *s, const uint8_t *x, int block, int end, bool first,
                    size_t ahead)
{
    struct vf sum[TILE_ROWS][PRODUCT_PANELS];
    struct vi acc[TILE_ROWS][PRODUCT_PANELS];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            sum[r][p] = first ? vf_set(0) : vf_load(y + r * ld + p * PANEL);
        }
    }
    const uint8_t *quants = x + r0 * 32, *scales = x + T * 32 + r0 * 4;
    int steps = f.halves ? 2 : 1, groups = f.halves ? 4 : 8, bytes = block_bytes(f);
    size_t step = ahead / (size_t)(end - block);
    const uint8_t *next = s->q + ahead;
    for (int b = block; b < end; b++, quants += T * 44, scales += T * 44) {
        const uint8_t *q = s->q + (size_t)b * (size_t)bytes;
        for (const uint8_t *line = next; line < next + step; line += 64) {
            _mm_prefetch((const char *)line, _MM_HINT_T1);
        }
        next += step;
        UNROLL
        for (int half = 0; half < steps; half++) {
            int o0 = f.halves && half == 1 ? 0 : -s->offset;
            int o1 = f.halves && half == 0 ? 0 : -s->offset;
            UNROLL
            for (int r = 0; r < R; r++) {
                struct vi start = f.minimum ? vi_zero() : vi_pair(scales + T * 8 + r * 4, o0, o1);
                UNROLL
                for (int p = 0; p < NP; p++) {
                    acc[r][p] = start;
                }
            }
            UNROLL
            for (int i = 0; i < groups; i++) {
                int g = f.halves ? half * 4 + i : i / 2 + i % 2 * 4;
                struct vb w[PRODUCT_PANELS];
                UNROLL
                for (int p = 0; p < NP; p++) {
                    w[p] = group_weights(f, q + (size_t)p * s->q_step, g);
                }
                UNROLL
                for (int r = 0; r < R; r++) {
                    struct vb four = vb_repeat(quants + r * 32 + g * 4);
                    UNROLL
                    for (int p = 0; p < NP; p++) {
                        acc[r][p] = vi_dot(acc[r][p], w[p], four, f.bits);
                    }
                }
            }
            UNROLL
            for (int p = 0; p < NP; p++) {
                struct vf d = block_scale(f, s->scales + (size_t)p * s->scale_step, b, half);
                UNROLL
                for (int r = 0; r < R; r++) {
                    struct vf dx = broadcast(scales + r * 4);
                    sum[r][p] = vf_fma(vf_mul(d, dx), vi_to_float(acc[r][p]), sum[r][p]);
                }
            }
        }
        if (!f.minimum) continue;
        UNROLL
        for (int p = 0; p < NP; p++) {
            struct vf m = block_minimum(f, s->scales + (size_t)p * s->scale_step, b);
            UNROLL
            for (int r = 0; r < R; r++) {
                sum[r][p] = vf_fma(m, broadcast(scales + T * 4 + r * 4), sum[r][p]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            vf_store(y + r * ld + p * PANEL, sum[r][p]);
        }
    }
}

/* A tile of T rows times NP panels, in parts whose accumulators (of ints and of floats) fit the registers. */
INLINE void tile_i8(struct form f, int T, int NP, float *y, int ld, const struct stream *s,
                    const uint8_t *x, int block, int end, bool first, size_t ahead)
{
    int wide = 2 * T * NP <= ACCUMULATORS ? NP : T <= ACCUMULATORS / 4 ? 2 : 1;
    int high = ACCUMULATORS / 2 / wide < T ? ACCUMULATORS / 2 / wide : T;
    UNROLL
    for (int p = 0; p < NP; p += wide) {
        struct stream part = *s;
        part.q += (size_t)p * s->q_step;
        part.scales += (size_t)p * s->scale_step;
        UNROLL
        for (int r = 0; r < T; r += high) {
            part_i8(f, T, r, T - r < high ? T - r : high, wide, y + r * ld + p * PANEL, ld, &part,
                    x, block, end, first, r == 0 ? ahead : 0);
        }
    }
}

/* Two panels straight from memory times all tiles; the first of these prefetches the panels that come next. */
INLINE void direct_tiles(struct form f, float *y, int ld, const struct stream *s,
                         const struct act *x, int tile, int n_tiles)
{
    int row0 = act_tile_row(x, tile), blocks = x->k / ACT_BLOCK;
    for (int t = tile; t < tile + n_tiles; t++) {
        int row = act_tile_row(x, t), rows = act_tile_row(x, t + 1) - row;
        float *to = y + (size_t)(row - row0) * (size_t)ld;
        const uint8_t *at = act_tile_data(x, t);
        size_t ahead = t == tile ? 2 * s->q_step : 0;
        switch (rows) {
        case 1:
            tile_i8(f, 1, 2, to, ld, s, at, 0, blocks, true, ahead);
            break;
        case 2:
            tile_i8(f, 2, 2, to, ld, s, at, 0, blocks, true, ahead);
            break;
        case 3:
            tile_i8(f, 3, 2, to, ld, s, at, 0, blocks, true, ahead);
            break;
        case 4:
            tile_i8(f, 4, 2, to, ld, s, at, 0, blocks, true, ahead);
            break;
        case 5:
            tile_i8(f, 5, 2, to, ld, s, at, 0, blocks, true, ahead);
            break;
        default:
            tile_i8(f, 6, 2, to, ld, s, at, 0, blocks, true, ahead);
        }
    }
}

/* Blocks [block, block + n) of one panel as bytes and float scales. */
INLINE void decode(struct form f, uint8_t *q, uint8_t *scales, const uint8_t *from_q,
                   const uint8_t *from_scales, int block, int n)
{
    for (int b = block; b < block + n; b++, q += DECODED_QUANTS, scales += DECODED_SCALES) {
        float *to = (float *)(void *)scales;
        UNROLL
        for (int g = 0; g < 8; g++) {
            vb_store(q + 64 * g, group_weights(f, from_q + (size_t)b * (size_t)block_bytes(f), g));
        }
        vf_store(to, block_scale(f, from_scales, b, 0));
        if (f.halves) vf_store(to + PANEL, block_scale(f, from_scales, b, 1));
        if (f.minimum) vf_store(to + 2 * PANEL, block_minimum(f, from_scales, b));
    }
}

static const struct form form_decoded = {.layout = 8, .bits = 6, .decoded = true};
static const struct form form_decoded_minimum = {
    .layout = 8, .bits = 6, .decoded = true, .minimum = true};
static const struct form form_decoded_halves = {
    .layout = 8, .bits = 6, .decoded = true, .halves = true};

/* All tiles times the two panels of a chunk in the L1 cache. So many tiles are of five or six rows. */
INLINE void chunk_tiles(struct form f, const struct act *x, int tile, int n_tiles, float *y, int ld,
                        const struct stream *s, int block, int blocks)
{
    int row0 = act_tile_row(x, tile);
    for (int t = tile; t < tile + n_tiles; t++) {
        int row = act_tile_row(x, t), rows = act_tile_row(x, t + 1) - row;
        const uint8_t *at = act_tile_data(x, t) + (size_t)block * (size_t)rows * 44;
        float *to = y + (size_t)(row - row0) * (size_t)ld;
        if (rows == 5) {
            tile_i8(f, 5, 2, to, ld, s, at, 0, blocks, block == 0, 0);
        } else {
            tile_i8(f, 6, 2, to, ld, s, at, 0, blocks, block == 0, 0);
        }
    }
}

static __attribute__((noinline)) void chunk_plain(const struct act *x, int tile, int n_tiles,
                                                  float *y, int ld, const struct stream *s,
                                                  int block, int blocks)
{
    chunk_tiles(form_decoded, x, tile, n_tiles, y, ld, s, block, blocks);
}

static __attribute__((noinline)) void chunk_minimum(const struct act *x, int tile, int n_tiles,
                                                    float *y, int ld, const struct stream *s,
                                                    int block, int blocks)
{
    chunk_tiles(form_decoded_minimum, x, tile, n_tiles, y, ld, s, block, blocks);
}

static __attribute__((noinline)) void chunk_halves(const struct act *x, int tile, int n_tiles,
                                                   float *y, int ld, const struct stream *s,
                                                   int block, int blocks)
{
    chunk_tiles(form_decoded_halves, x, tile, n_tiles, y, ld, s, block, blocks);
}

/* Many tiles times two panels: blocks in chunks, decoded for all of the tiles at once. */
INLINE void cached(struct form f, const struct act *x, int tile, int n_tiles, float *y, int ld,
                   const struct stream *s, uint8_t *scratch)
{
    int blocks = x->k / ACT_BLOCK;
    size_t panel = DECODED_BLOCKS * (DECODED_QUANTS + DECODED_SCALES);
    uint8_t *scales = scratch + DECODED_BLOCKS * DECODED_QUANTS;
    const struct stream chunk = {
        .q = scratch, .scales = scales, .q_step = panel, .scale_step = panel, .offset = s->offset};
    for (int b = 0; b < blocks; b += DECODED_BLOCKS) {
        int n = blocks - b < DECODED_BLOCKS ? blocks - b : DECODED_BLOCKS;
        decode(f, scratch, scales, s->q, s->scales, b, n);
        decode(f, scratch + panel, scales + panel, s->q + s->q_step, s->scales + s->scale_step, b,
               n);
        (f.minimum  ? chunk_minimum
         : f.halves ? chunk_halves
                    : chunk_plain)(x, tile, n_tiles, y, ld, &chunk, b, n);
    }
}

/* 8-bit weights need no decoding; the panels of a chunk are read where they are. */
INLINE void cached_bytes(struct form f, const struct act *x, int tile, int n_tiles, float *y,
                         int ld, const struct stream *s)
{
    int blocks = x->k / ACT_BLOCK;
    for (int b = 0; b < blocks; b += DECODED_BLOCKS) {
        int n = blocks - b < DECODED_BLOCKS ? blocks - b : DECODED_BLOCKS;
        struct stream chunk = *s;
        chunk.q += (size_t)b * DECODED_QUANTS;
        chunk.scales += (size_t)b * 32;
        chunk_tiles(f, x, tile, n_tiles, y, ld, &chunk, b, n);
    }
}

/* Two panels times all tiles. */
INLINE void two_panels(struct form f, const struct act *x, int tile, int n_tiles, float *y, int ld,
                       const struct stream *s, void *scratch)
{
    if (n_tiles < CACHED_TILES) {
        direct_tiles(f, y, ld, s, x, tile, n_tiles);
    } else if (f.bits == 8) {
        cached_bytes(f, x, tile, n_tiles, y, ld, s);
    } else {
        cached(f, x, tile, n_tiles, y, ld, s, scratch);
    }
}

/* A last odd panel: taken twice, as if there were two, into scratch. */
INLINE void odd_panel(struct form f, const struct act *x, int tile, int n_tiles, float *y, int ld,
                      struct stream s, uint8_t *scratch)
{
    float *pair = (float *)(void *)(scratch + DECODED_BYTES);
    int rows = act_tile_row(x, tile + n_tiles) - act_tile_row(x, tile);
    s.q_step = s.scale_step = 0;
    two_panels(f, x, tile, n_tiles, pair, 2 * PANEL, &s, scratch);
    for (int r = 0; r < rows; r++) {
        vf_store(y + r * ld, vf_load(pair + 2 * PANEL * r));
    }
}

INLINE void product_form(struct form f, float *y, int ld, struct stream s, int n_panels,
                         const struct act *x, int tile, int n_tiles, uint8_t *scratch)
{
    int rows = act_tile_row(x, tile + n_tiles) - act_tile_row(x, tile);
    if (rows == 1 && n_panels == 4) {
        tile_i8(f, 1, 4, y, ld, &s, act_tile_data(x, tile), 0, x->k / ACT_BLOCK, true,
                4 * s.q_step);
        return;
    }
    for (; n_panels >= 2; n_panels -= 2, y += 2 * PANEL) {
        two_panels(f, x, tile, n_tiles, y, ld, &s, scratch);
        s.q += 2 * s.q_step;
        s.scales += 2 * s.scale_step;
    }
    if (n_panels == 1) odd_panel(f, x, tile, n_tiles, y, ld, s, scratch);
}

/* ---- Float products ---- */

INLINE int weight_bytes(enum quant type)
{
    return type == QUANT_F32 ? 4 : type == QUANT_F8_E4M3 ? 1 : 2;
}

/* (N4): the 16 weights at w; scale is FP8's. */
INLINE struct vf float_weights(enum quant type, const uint8_t *w, struct vf scale)
{
    switch (type) {
    case QUANT_F32:
        return vf_load((const float *)(const void *)w);
    case QUANT_F16:
        return vf_from_half(w);
    case QUANT_BF16:
        return vf_from_bf16(w);
    default: /* both powers of two are exact */
        return vf_mul(vf_mul(vf_from_f8(w), vf_set(256.0f)), scale);
    }
}

/* Rows [r0, r0 + R) of a tile of T rows times NP panels that lie step bytes apart: y [R, ld] (+)= their
 * product over n values of k. */
INLINE void part_f32(enum quant type, int T, int r0, int R, int NP, float *y, int ld,
                     const uint8_t *w, size_t step, const float *x, int n, bool first, size_t ahead)
{
    struct vf sum[TILE_ROWS][PRODUCT_PANELS];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            sum[r][p] = first ? vf_set(0) : vf_load(y + r * ld + p * PANEL);
        }
    }
    x += r0;
    for (int k = 0; k < n; k++, x += T, w += PANEL * weight_bytes(type)) {
        struct vf weights[PRODUCT_PANELS];
        UNROLL
        for (int p = 0; p < NP; p++) {
            weights[p] = float_weights(type, w + (size_t)p * step, vf_set(1));
            if (ahead != 0) {
                _mm_prefetch((const char *)w + (size_t)p * step + ahead, _MM_HINT_T0);
            }
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vf v = vf_set(x[r]);
            UNROLL
            for (int p = 0; p < NP; p++) {
                sum[r][p] = vf_fma(weights[p], v, sum[r][p]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            vf_store(y + r * ld + p * PANEL, sum[r][p]);
        }
    }
}

/* A tile of T rows times NP panels, in parts that fit the registers. */
INLINE void tile_f32(enum quant type, int T, int NP, float *y, int ld, const uint8_t *w,
                     size_t step, const float *x, int n, bool first, size_t ahead)
{
    int wide = T * NP <= ACCUMULATORS ? NP : NP < 2 ? 1 : 2;
    int high = ACCUMULATORS / wide < T ? ACCUMULATORS / wide : T;
    UNROLL
    for (int p = 0; p < NP; p += wide) {
        UNROLL
        for (int r = 0; r < T; r += high) {
            part_f32(type, T, r, T - r < high ? T - r : high, wide, y + r * ld + p * PANEL, ld,
                     w + (size_t)p * step, step, x, n, first, r == 0 ? ahead : 0);
        }
    }
}

INLINE void rows_f32(enum quant type, int rows, int NP, float *y, int ld, const uint8_t *w,
                     size_t step, const float *x, int n, bool first, size_t ahead)
{
    switch (rows) {
    case 1:
        tile_f32(type, 1, NP, y, ld, w, step, x, n, first, ahead);
        break;
    case 2:
        tile_f32(type, 2, NP, y, ld, w, step, x, n, first, ahead);
        break;
    case 3:
        tile_f32(type, 3, NP, y, ld, w, step, x, n, first, ahead);
        break;
    case 4:
        tile_f32(type, 4, NP, y, ld, w, step, x, n, first, ahead);
        break;
    case 5:
        tile_f32(type, 5, NP, y, ld, w, step, x, n, first, ahead);
        break;
    default:
        tile_f32(type, 6, NP, y, ld, w, step, x, n, first, ahead);
    }
}

enum { FLOAT_CHUNK = 128 }; /* k widened at once: four panels fill half the L1 cache */

/* Widen n values of k of a panel, from value k on, into float panels [n][16]. */
INLINE void widen(enum quant type, float *to, const struct panels *w, const uint8_t *panel, int k,
                  int n)
{
    const uint8_t *from = panel + (size_t)(k * PANEL) * (size_t)weight_bytes(type);
    const float *scales = (const float *)(const void *)(panel + w->scales);
    struct vf scale = vf_set(1);
    for (int i = 0; i < n; i++, from += PANEL * weight_bytes(type)) {
        if (type == QUANT_F8_E4M3 && (i == 0 || (k + i) % F8_BLOCK == 0)) {
            scale = vf_load(scales + (k + i) / F8_BLOCK * PANEL);
        }
        vf_store(to + i * PANEL, float_weights(type, from, scale));
    }
}

/* A tile times four (else one) panels of a widened chunk. Two instances of code serve all types. */
static __attribute__((noinline)) void widened_tile(int rows, int n_panels, float *y, int ld,
                                                   const float *w, const float *x, int n,
                                                   bool first)
{
    size_t step = FLOAT_CHUNK * PANEL * sizeof(float);
    const uint8_t *at = (const uint8_t *)w;
    if (n_panels == PRODUCT_PANELS) {
        rows_f32(QUANT_F32, rows, PRODUCT_PANELS, y, ld, at, step, x, n, first, 0);
        return;
    }
    for (int p = 0; p < n_panels; p++) {
        rows_f32(QUANT_F32, rows, 1, y + p * PANEL, ld, at + (size_t)p * step, step, x, n, first,
                 0);
    }
}

/* All tiles, from weights widened into the L1 cache. */
INLINE void widened(enum quant type, float *y, int ld, const struct panels *w, const uint8_t *at,
                    int n_panels, const struct act *x, int tile, int n_tiles, float *scratch)
{
    int row0 = act_tile_row(x, tile);
    for (int k = 0; k < w->k; k += FLOAT_CHUNK) {
        int n = w->k - k < FLOAT_CHUNK ? w->k - k : FLOAT_CHUNK;
        for (int p = 0; p < n_panels; p++) {
            widen(type, scratch + p * FLOAT_CHUNK * PANEL, w, at + (size_t)p * w->panel_bytes, k,
                  n);
        }
        for (int t = tile; t < tile + n_tiles; t++) {
            int row = act_tile_row(x, t), rows = act_tile_row(x, t + 1) - row;
            const float *v = (const float *)(const void *)act_tile_data(x, t) + k * rows;
            widened_tile(rows, n_panels, y + (size_t)(row - row0) * (size_t)ld, ld, scratch, v, n,
                         k == 0);
        }
    }
}

INLINE void product_float(enum quant type, float *y, int ld, const struct panels *w,
                          const uint8_t *at, int n_panels, const struct act *x, int tile,
                          int n_tiles, void *scratch)
{
    int row0 = act_tile_row(x, tile);
    if (n_tiles >= CACHED_TILES || n_panels < PRODUCT_PANELS || type == QUANT_F8_E4M3) {
        widened(type, y, ld, w, at, n_panels, x, tile, n_tiles, scratch);
        return;
    }
    for (int t = tile; t < tile + n_tiles; t++) {
        int row = act_tile_row(x, t), rows = act_tile_row(x, t + 1) - row;
        const float *v = (const float *)(const void *)act_tile_data(x, t);
        rows_f32(type, rows, PRODUCT_PANELS, y + (size_t)(row - row0) * (size_t)ld, ld, at,
                 w->panel_bytes, v, w->k, true, t == tile ? PRODUCT_PANELS * w->panel_bytes : 0);
    }
}

/* clang-format off */
static void product(float *y, int ld, const struct panels *w, int panel, int n_panels,
                    const struct act *x, int tile, int n_tiles, void *scratch)
{
    const uint8_t *at = w->data + (size_t)panel * w->panel_bytes;
    struct stream s = {.q = at, .scales = at + w->scales, .q_step = w->panel_bytes,
                       .scale_step = w->panel_bytes, .offset = panel_types[w->type].offset};
    struct form plain4 = {4, 4, .minimum = false}, plain5 = {5, 5, .minimum = false};
    struct form min4 = {4, 4, .minimum = true}, min5 = {5, 5, .minimum = true};
    struct form k4 = {4, 4, .minimum = true, .super = true}, k5 = {5, 5, .minimum = true, .super = true};
    struct form k6 = {6, 6, .super = true, .halves = true}, plain8 = {8, 8, .minimum = false};
    switch (w->type) {
    case QUANT_Q8_0:
        s.offset = eight_bit_offset();
        product_form(plain8, y, ld, s, n_panels, x, tile, n_tiles, scratch);
        break;
    case QUANT_Q4_0: product_form(plain4, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_Q4_1: product_form(min4, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_Q5_0: product_form(plain5, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_Q5_1: product_form(min5, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_Q4_K: product_form(k4, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_Q5_K: product_form(k5, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_Q6_K: product_form(k6, y, ld, s, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_F32: product_float(QUANT_F32, y, ld, w, at, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_F16: product_float(QUANT_F16, y, ld, w, at, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_BF16: product_float(QUANT_BF16, y, ld, w, at, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_F8_E4M3: product_float(QUANT_F8_E4M3, y, ld, w, at, n_panels, x, tile, n_tiles, scratch); break;
    case QUANT_COUNT: break;
    }
}
/* clang-format on */

#endif
