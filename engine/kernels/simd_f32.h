/* engine/kernels/simd_f32.h - products with float weights; a part of simd.h.
 *
 * As in simd_i8.h: few tiles take the weights straight from memory, in their own type; many
 * tiles, and FP8, take them from the L1 cache, where they are widened first, some values of k at
 * a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_F32_H
#define ENGINE_KERNELS_SIMD_F32_H

#include "engine/kernels/simd_product.h"

enum {
    FLOAT_CHUNK = 128, /* k widened at once: four panels fill half the L1 cache */
    WIDENED_TILES = 8, /* from which widening into the cache pays */
    FETCH_STEP = 8
};

/* All rows of a tile times some panels: y [rows, ld] (+)= their product over n values of k. */
struct float_part {
    float *y;
    int ld;
    bool first;
    const uint8_t *w; /* panels lie step bytes apart */
    size_t step;
    const float *x; /* [n, rows] */
    int n;
    struct tile_run ahead; /* fetched meanwhile, a step every FETCH_STEP values of k */
};

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

INLINE void part_f32(enum quant type, int R, int NP, const struct float_part *part)
{
    struct vf sum[TILE_ROWS][PRODUCT_PANELS];
    const struct float_part s = *part;
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int p = 0; p < NP; p++) {
            sum[r][p] = s.first ? vf_set(0) : vf_load(s.y + r * s.ld + p * PANEL);
        }
    }
    const float *x = s.x;
    const uint8_t *w = s.w;
    struct tile_run ahead = s.ahead;
    for (int k = 0; k < s.n; k++, x += R, w += PANEL * weight_bytes(type)) {
        if (k % FETCH_STEP == 0) fetch_step(&ahead);
        struct vf weights[PRODUCT_PANELS];
        UNROLL
        for (int p = 0; p < NP; p++) {
            weights[p] = float_weights(type, w + (size_t)p * s.step, vf_set(1));
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
            vf_store(s.y + r * s.ld + p * PANEL, sum[r][p]);
        }
    }
}

/* The shapes: any rows times 4, 2 or 1 panels, but no more than float_panels(rows). */
INLINE void shape_f32(enum quant type, int R, int panels, const struct float_part *p)
{
    if (panels == 4 && float_panels(R) == 4) part_f32(type, R, 4, p);
    if (panels == 2 && float_panels(R) >= 2) part_f32(type, R, 2, p);
    if (panels == 1) part_f32(type, R, 1, p);
}

/* clang-format off */
INLINE void rows_f32(enum quant type, int rows, int panels, const struct float_part *p)
{
    switch (rows) {
    case 1: shape_f32(type, 1, panels, p); break;
    case 2: shape_f32(type, 2, panels, p); break;
    case 3: shape_f32(type, 3, panels, p); break;
    case 4: shape_f32(type, 4, panels, p); break;
    case 5: shape_f32(type, 5, panels, p); break;
    default: shape_f32(type, 6, panels, p); break;
    }
}

static void part_of_f32(int rows, int panels, const struct float_part *p) { rows_f32(QUANT_F32, rows, panels, p); }
static void part_of_f16(int rows, int panels, const struct float_part *p) { rows_f32(QUANT_F16, rows, panels, p); }
static void part_of_bf16(int rows, int panels, const struct float_part *p) { rows_f32(QUANT_BF16, rows, panels, p); }
/* clang-format on */

/* Tile t times all panels of m, which lie as p says, as `type`; values of k from `from` on. */
static void tile_f32(const struct multiply *m, enum quant type, int t, struct float_part p,
                     int from)
{
    int row = act_tile_row(m->x, t), rows = act_tile_row(m->x, t + 1) - row, panels;
    p.y = m->y + (size_t)(row - act_tile_row(m->x, m->tile)) * (size_t)m->ld;
    p.ld = m->ld;
    p.first = from == 0;
    p.x = (const float *)(const void *)act_tile_data(m->x, t) + from * rows;
    for (int left = m->n_panels; left > 0; left -= panels) {
        int most = left < float_panels(rows) ? left : float_panels(rows);
        panels = most == 3 ? 2 : most;
        p.ahead = next_run(m->soon, (p.n + FETCH_STEP - 1) / FETCH_STEP);
        (type == QUANT_F32   ? part_of_f32
         : type == QUANT_F16 ? part_of_f16
                             : part_of_bf16)(rows, panels, &p);
        p.y += panels * PANEL;
        p.w += (size_t)panels * p.step;
    }
}

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

static void widen_panel(float *to, const struct panels *w, const uint8_t *panel, int k, int n)
{
    switch (w->type) {
    case QUANT_F32:
        widen(QUANT_F32, to, w, panel, k, n);
        break;
    case QUANT_F16:
        widen(QUANT_F16, to, w, panel, k, n);
        break;
    case QUANT_BF16:
        widen(QUANT_BF16, to, w, panel, k, n);
        break;
    default:
        widen(QUANT_F8_E4M3, to, w, panel, k, n);
    }
}

/* How many parts all tiles make. */
static int count_float_parts(const struct multiply *m)
{
    int wide = float_panels(m->tile_rows + (m->larger > 0));
    return m->n_tiles * ((m->n_panels + wide - 1) / wide);
}

static void widened(const struct multiply *m)
{
    float *floats = m->scratch;
    struct float_part p = {.step = FLOAT_CHUNK * PANEL * sizeof(float), .w = m->scratch};
    divide_fetch(m->soon, count_float_parts(m) * ((m->w->k + FLOAT_CHUNK - 1) / FLOAT_CHUNK));
    for (int k = 0; k < m->w->k; k += FLOAT_CHUNK) {
        p.n = m->w->k - k < FLOAT_CHUNK ? m->w->k - k : FLOAT_CHUNK;
        for (int i = 0; i < m->n_panels; i++) {
            widen_panel(floats + i * FLOAT_CHUNK * PANEL, m->w,
                        m->at + (size_t)i * m->w->panel_bytes, k, p.n);
        }
        for (int t = m->tile; t < m->tile + m->n_tiles; t++) {
            tile_f32(m, QUANT_F32, t, p, k);
        }
    }
}

static void product_f32(const struct multiply *m)
{
    enum quant type = m->w->type;
    if (m->n_tiles >= WIDENED_TILES || type == QUANT_F8_E4M3) {
        widened(m);
        return;
    }
    struct float_part p = {.w = m->at, .step = m->w->panel_bytes, .n = m->w->k};
    divide_fetch(m->soon, count_float_parts(m));
    for (int t = m->tile; t < m->tile + m->n_tiles; t++) {
        tile_f32(m, type, t, p, 0);
    }
}

#endif
