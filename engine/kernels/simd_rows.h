/* engine/kernels/simd_rows.h - the kernels of simd.h on rows of floats, and what stores keys and
 * values in the cache. Attention over it is simd_attention.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_ROWS_H
#define ENGINE_KERNELS_SIMD_ROWS_H

#include "engine/kernels/simd_attention.h"

/* ---- The cache ---- */

static void put_halves(uint8_t *to, const float *v, int n)
{
    struct vf low = vf_set(-65504.0f), high = vf_set(65504.0f);
    for (int i = 0; i < n; i += 16) {
        uint16_t half[16];
        vf_to_half(half, vf_min(vf_max(vf_load_n(v + i, n - i, 0), low), high));
        memcpy(to + 2 * i, half, sizeof(half[0]) * (size_t)(n - i < 16 ? n - i : 16));
    }
}

static void put_keys(uint8_t *block, const struct kv_shape *s, int slot, const float *k)
{
    int8_t q[ACT_BLOCK];
    int sums[2];
    uint16_t half[ACT_BLOCK];
    for (int d = 0; d < s->k_dim; d += ACT_BLOCK) {
        int n = s->k_dim - d < ACT_BLOCK ? s->k_dim - d : ACT_BLOCK;
        if (s->type == KV_F32) {
            float *to = (float *)(void *)block + d * KV_BLOCK + slot;
            for (int i = 0; i < n; i++) {
                to[i * KV_BLOCK] = k[d + i];
            }
        } else if (s->type == KV_F16) {
            uint16_t *to = (uint16_t *)(void *)block + d * KV_BLOCK + slot;
            put_halves((uint8_t *)half, k + d, n);
            for (int i = 0; i < n; i++) {
                to[i * KV_BLOCK] = half[i];
            }
        } else {
            float scale = quantise(k + d, n, q, sums);
            put_halves(block + s->k_scales + (d / ACT_BLOCK * KV_BLOCK + slot) * 2, &scale, 1);
            for (int i = 0; i < n; i++) {
                block[(d + i) * KV_BLOCK + slot] = (uint8_t)q[i];
            }
        }
    }
}

/* Values, or a latent: n numbers. */
static void put_values(uint8_t *block, const struct kv_shape *s, int slot, const float *v, int n)
{
    uint8_t *to = block + s->v;
    int at = slot * s->row;
    if (s->type == KV_F32) {
        memcpy(to + at * 4, v, (size_t)n * sizeof(float));
        return;
    }
    if (s->type == KV_F16) {
        put_halves(to + at * 2, v, n);
        return;
    }
    for (int d = 0; d < n; d += ACT_BLOCK) {
        int8_t q[ACT_BLOCK];
        int sums[2];
        int count = n - d < ACT_BLOCK ? n - d : ACT_BLOCK;
        float scale = quantise(v + d, count, q, sums);
        put_halves(block + s->v_scales + (at + d) / ACT_BLOCK * 2, &scale, 1);
        memcpy(to + at + d, q, (size_t)count);
    }
}

static void kv_put(uint8_t *block, const struct kv_shape *s, int slot, const float *k,
                   const float *v)
{
    if (s->latent) {
        put_values(block, s, slot, k, s->k_dim);
        return;
    }
    put_keys(block, s, slot, k);
    put_values(block, s, slot, v, s->v_dim);
}

static void attn_merge(float *o, float *m, float *l, const float *o2, float m2, float l2, int n)
{
    float max = *m > m2 ? *m : m2, a[16], b[16];
    vf_store(a, vf_exp(vf_set(*m - max))); /* lane by lane math_expf(), which is a call */
    vf_store(b, vf_exp(vf_set(m2 - max)));
    *m = max;
    *l = _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(*l), _mm_set_ss(a[0]), _mm_set_ss(b[0] * l2)));
    for (int i = 0; i < n; i += 16) {
        struct vf next = vf_mul(vf_load(b), vf_load(o2 + i));
        vf_store(o + i, vf_fma(vf_load(o + i), vf_load(a), next));
    }
}

/* ---- Rows of floats ---- */

static void rms_norm(float *y, const float *x, const float *weight, int n, float eps)
{
    struct vf sum = vf_set(0);
    for (int i = 0; i < n; i += 16) {
        struct vf v = vf_load_n(x + i, n - i, 0);
        sum = vf_fma(v, v, sum);
    }
    struct vf r = vf_set(1.0f / sqrtf(vf_sum(sum) / (float)n + eps));
    for (int i = 0; i < n; i += 16) {
        struct vf v = vf_mul(vf_load_n(x + i, n - i, 0), r);
        vf_store_n(y + i, vf_mul(v, vf_load_n(weight + i, n - i, 0)), n - i);
    }
}

static void swiglu(float *gate, const float *up, int n)
{
    for (int i = 0; i < n; i += 16) {
        struct vf g = vf_load_n(gate + i, n - i, 0);
        struct vf below = vf_add(vf_set(1), vf_exp(vf_negate(g)));
        vf_store_n(gate + i, vf_mul(vf_div(g, below), vf_load_n(up + i, n - i, 0)), n - i);
    }
}

static void add(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i += 16) {
        vf_store_n(y + i, vf_add(vf_load_n(y + i, n - i, 0), vf_load_n(x + i, n - i, 0)), n - i);
    }
}

/* R rows from `row` on, 16 V columns from `col` on, of which the last vector has `last`. */
INLINE void accumulate_part(int R, int V, const struct accumulation *a, int row, int col, int last)
{
    struct vf sum[ACCUMULATE_ROWS][4];
    const float *w = a->w + col, *x[ACCUMULATE_ROWS];
    UNROLL
    for (int r = 0; r < R; r++) {
        x[r] = a->x[row + r];
        UNROLL
        for (int v = 0; v < V; v++) {
            sum[r][v] = vf_load_n(a->y[row + r] + col + 16 * v, v == V - 1 ? last : 16, 0);
        }
    }
    for (int i = 0; i < a->k; i++, w += a->ld) {
        struct vf weights[4];
        UNROLL
        for (int v = 0; v < V; v++) {
            weights[v] = vf_load_n(w + 16 * v, v == V - 1 ? last : 16, 0);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vf value = vf_set(x[r][i]);
            UNROLL
            for (int v = 0; v < V; v++) {
                sum[r][v] = vf_fma(value, weights[v], sum[r][v]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int v = 0; v < V; v++) {
            vf_store_n(a->y[row + r] + col + 16 * v, sum[r][v], v == V - 1 ? last : 16);
        }
    }
}

/* R rows, every column: as many vectors at a time as leave every chain of fma a register. */
INLINE void accumulate_rows(int R, const struct accumulation *a, int row)
{
    int col = 0;
    for (; float_panels(R) >= 4 && col + 64 <= a->n; col += 64) {
        accumulate_part(R, 4, a, row, col, 16);
    }
    for (; float_panels(R) >= 4 && col + 48 <= a->n; col += 48) {
        accumulate_part(R, 3, a, row, col, 16);
    }
    for (; float_panels(R) >= 2 && col + 32 <= a->n; col += 32) {
        accumulate_part(R, 2, a, row, col, 16);
    }
    for (; col + 16 <= a->n; col += 16) {
        accumulate_part(R, 1, a, row, col, 16);
    }
    if (col < a->n) accumulate_part(R, 1, a, row, col, a->n - col);
}

static void accumulate(const struct accumulation *a)
{
    int row = 0;
    if (a->rows == 4) {
        accumulate_rows(4, a, 0);
        return;
    }
    if (a->rows >= 2) {
        accumulate_rows(2, a, 0);
        row = 2;
    }
    if (row < a->rows) accumulate_rows(1, a, row);
}

static void scale(float *y, const float *x, float f, int n)
{
    for (int i = 0; i < n; i += 16) {
        vf_store_n(y + i, vf_mul(vf_load_n(x + i, n - i, 0), vf_set(f)), n - i);
    }
}

static void rope(float *x, const float *cs, int n_heads, int head_dim, int dim)
{
    int half = dim / 2;
    for (int h = 0; h < n_heads; h++, x += head_dim) {
        for (int i = 0; i < half; i += 16) {
            int n = half - i;
            struct vf a = vf_load_n(x + i, n, 0), b = vf_load_n(x + half + i, n, 0);
            struct vf c = vf_load_n(cs + i, n, 0), s = vf_load_n(cs + half + i, n, 0);
            vf_store_n(x + i, vf_fma(a, c, vf_negate(vf_mul(b, s))), n);
            vf_store_n(x + half + i, vf_fma(b, c, vf_mul(a, s)), n);
        }
    }
}

static float max_of(const float *x, int n)
{
    struct vf max = vf_set(x[0]);
    for (int i = 0; i < n; i += 16) {
        max = vf_max(vf_load_n(x + i, n - i, x[0]), max);
    }
    return vf_largest(max);
}

static int argmax(const float *x, int n)
{
    float max = max_of(x, n);
    for (int i = 0; i < n; i += 16) {
        uint32_t equal = vf_equal(vf_load_n(x + i, n - i, -INFINITY), max);
        if (equal != 0 && i + __builtin_ctz(equal) < n) return i + __builtin_ctz(equal);
    }
    return 0;
}

static float sum_exp(const float *x, int n, float max)
{
    struct vf sum = vf_set(0);
    for (int i = 0; i < n; i += 16) {
        struct vf v = vf_load_n(x + i, n - i, -INFINITY);
        sum = vf_add(sum, vf_exp(vf_sub(v, vf_set(max))));
    }
    return vf_sum(sum);
}

static void exp_row(float *y, const float *x, int n, float max, float scale)
{
    struct vf m = vf_set(max), f = vf_set(scale);
    for (int i = 0; i < n; i += 16) {
        struct vf v = vf_sub(vf_load_n(x + i, n - i, 0), m);
        vf_store_n(y + i, vf_exp(vf_mul(v, f)), n - i);
    }
}

static float keep(float *y, const float *x, const uint64_t *mask, int n)
{
    struct vf none = vf_set(-INFINITY), max = none;
    for (int i = 0; i < n; i += 16) {
        uint16_t bits = (uint16_t)(mask[i / 64] >> (i % 64));
        struct vf v = bits == 0 ? none : vf_where(bits, vf_load_n(x + i, n - i, -INFINITY), none);
        vf_store_n(y + i, v, n - i);
        max = vf_max(v, max);
    }
    return vf_largest(max);
}

#define SIMD_KERNELS \
    .act_put = act_put, .product = product, .kv_put = kv_put, .attend = attend, \
    .attn_merge = attn_merge, .rms_norm = rms_norm, .swiglu = swiglu, .add = add, .scale = scale, \
    .accumulate = accumulate, .rope = rope, .max = max_of, .argmax = argmax, .sum_exp = sum_exp, \
    .exp_row = exp_row, .keep = keep

#endif
