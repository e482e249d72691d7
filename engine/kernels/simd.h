/* engine/kernels/simd.h - the kernels over 16-lane vectors; one text for every instruction set.
 *
 * An ISA file includes vec256.h or vec512.h, then this, which is exp, activations and the choice
 * of a product's kernel (simd_i8.h, simd_f32.h), then simd_rows.h, then names its set. Everything
 * obeys (N1) to (N9) of kernels.h, and generic.c is what it must equal. Functions marked INLINE
 * take their sizes as constants: the compiler unrolls them and keeps the accumulators in
 * registers; a switch picks the instance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_H
#define ENGINE_KERNELS_SIMD_H

#include <math.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/scalar_math.h"
#include "engine/kernels/simd_product.h"

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
INLINE void half_sums(__m256i q, int sums[2])
{
    __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), q);
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __m256i eights = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4e));
    __m256i all = _mm256_add_epi32(eights, _mm256_shuffle_epi32(eights, 0xb1));
    sums[0] = _mm256_cvtsi256_si32(all);
    sums[1] = _mm_cvtsi128_si32(_mm256_extracti128_si256(all, 1));
}

/* (N2) for the n <= 32 values at v (the rest 0): q [32], the sums of its halves; returns d. */
INLINE float quantise(const float *v, int n, void *q, int sums[2])
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
    __m256i bytes = vf_to_i8(a, b);
    _mm256_storeu_si256(q, bytes);
    half_sums(bytes, sums);
    return amax / 127.0f;
}

/* Columns col.. of row r of a tile of `rows` rows at `at`. */
INLINE void put_i8(uint8_t *at, int rows, int r, int col, const float *v, int n)
{
    at += col / ACT_BLOCK * rows * 44;
    for (int k = 0; k < n; k += ACT_BLOCK, at += rows * 44) {
        int sums[2]; /* in registers, and stored as one: loads after narrower stores wait */
        float d = quantise(v + k, ACT_BLOCK, at + r * 32, sums);
        uint32_t both = (uint32_t)sums[1] << 16 | (uint16_t)sums[0];
        float dsum = d * (float)(sums[0] + sums[1]);
        memcpy(at + rows * 32 + r * 4, &d, sizeof(d));
        memcpy(at + rows * 36 + r * 4, &dsum, sizeof(dsum));
        memcpy(at + rows * 40 + r * 4, &both, sizeof(both));
    }
}

INLINE void put_f32(float *at, int rows, int r, int col, const float *v, int n)
{
    at += col * rows + r;
    for (int k = 0; k < n; k++, at += rows) {
        *at = v[k];
    }
}

static void act_put(const struct act *x, int row, int n_rows, int col, const float *v, int ld,
                    int n)
{
    int tile = act_row_tile(x, row);
    for (int end = row + n_rows; row < end; tile++) {
        int first = act_tile_row(x, tile), next = act_tile_row(x, tile + 1), rows = next - first;
        uint8_t *at = act_tile_data(x, tile);
        for (; row < next && row < end; row++, v += ld) {
            if (x->quantised) {
                put_i8(at, rows, row - first, col, v, n);
            } else {
                put_f32((float *)(void *)at, rows, row - first, col, v, n);
            }
        }
    }
}

/* ---- Products ---- */

#include "engine/kernels/simd_f32.h"
#include "engine/kernels/simd_i8.h"

static void product(float *y, int ld, const struct panels *w, int panel, int n_panels,
                    struct fetch *soon, const struct act *x, int tile, int n_tiles, void *scratch)
{
    struct multiply m = {.y = y,
                         .ld = ld,
                         .w = w,
                         .at = w->data + (size_t)panel * w->panel_bytes,
                         .n_panels = n_panels,
                         .soon = soon,
                         .x = x,
                         .tile = tile,
                         .n_tiles = n_tiles,
                         .tile_data = act_tile_data(x, tile),
                         .tile_rows = x->rows / act_tiles(x),
                         .larger = x->rows % act_tiles(x),
                         .scratch = scratch};
    if (x->quantised) {
        product_i8(&m);
    } else {
        product_f32(&m);
    }
}

#endif
