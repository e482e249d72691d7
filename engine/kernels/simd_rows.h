/* engine/kernels/simd_rows.h - the kernels of simd.h on rows of floats, and on the cache of keys
 * and values.
 *
 * Attention takes R rows (queries times heads of one group) through a split in three passes:
 * scores (16 keys a vector, several blocks at once so that the chains of fma overlap), softmax,
 * and the weighted sum of values (16 dimensions a vector). Scores live in the L1 cache.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_ROWS_H
#define ENGINE_KERNELS_SIMD_ROWS_H

#include "engine/kernels/simd.h"

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

/* Element i.. of an array of keys or values as 16 floats; scale is Q8_0's. */
INLINE struct vf cached_floats(enum kv_type type, const uint8_t *p, int i, struct vf scale)
{
    if (type == KV_F32) return vf_load((const float *)(const void *)p + i);
    if (type == KV_F16) return vf_from_half(p + 2 * i);
    return vf_mul(vf_from_i8(p + i), scale);
}

/* Numbers at.. of a block's rows as 16 floats. */
INLINE struct vf row_floats(enum kv_type type, const uint8_t *block, const struct kv_shape *s,
                            int at)
{
    struct vf scale = vf_set(1);
    if (type == KV_Q8_0) {
        uint16_t half;
        memcpy(&half, block + s->v_scales + at / ACT_BLOCK * 2, sizeof(half));
        scale = vf_set(_cvtsh_ss(half));
    }
    return cached_floats(type, block + s->v, at, scale);
}

/* ---- Attention ---- */

/* Scores of rows [r0, r0 + R) of T against NB blocks from block b on, the last one being `last`:
 * out [T, ATTN_SPLIT]. */
INLINE void scores(enum kv_type type, int T, int r0, int R, int NB, const struct attn_split *s,
                   int b, int last, float *out)
{
    const uint8_t *key[4], *next[4];
    struct vf sum[ATTN_ROWS][4], scale[4];
    UNROLL
    for (int i = 0; i < NB; i++) {
        int behind = b + NB + i;
        key[i] = s->base + (size_t)s->blocks[b + i < last ? b + i : last] * s->stride;
        next[i] = s->base + (size_t)s->blocks[behind < last ? behind : last] * s->stride;
        scale[i] = vf_set(1);
        UNROLL
        for (int r = 0; r < R; r++) {
            sum[r][i] = vf_set(0);
        }
    }
    const float *q = s->q + r0;
    for (int d = 0; d < s->shape->k_dim; d++, q += T) {
        struct vf k[4];
        if (r0 == 0 && d % 2 == 0) { /* the values come next, and the keys of the blocks behind */
            UNROLL
            for (int i = 0; i < NB; i++) {
                _mm_prefetch((const char *)key[i] + s->shape->v + d * 32, _MM_HINT_T0);
                _mm_prefetch((const char *)next[i] + d * 32, _MM_HINT_T0);
            }
        }
        UNROLL
        for (int i = 0; i < NB; i++) {
            if (type == KV_Q8_0 && d % ACT_BLOCK == 0) {
                scale[i] = vf_from_half(key[i] + s->shape->k_scales + d / ACT_BLOCK * KV_BLOCK * 2);
            }
            k[i] = cached_floats(type, key[i], d * KV_BLOCK, scale[i]);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vf v = vf_set(q[r]);
            UNROLL
            for (int i = 0; i < NB; i++) {
                sum[r][i] = vf_fma(v, k[i], sum[r][i]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NB; i++) {
            vf_store(out + (r0 + r) * ATTN_SPLIT + (b + i) * KV_BLOCK, sum[r][i]);
        }
    }
}

/* Several blocks at once, in parts that fit the registers; past the last block it is taken again,
 * for columns that nobody reads. */
INLINE void all_scores(enum kv_type type, int T, const struct attn_split *s, int blocks, float *out)
{
    int wide = 4 * T <= ACCUMULATORS / 2 ? 4 : 2 * T <= ACCUMULATORS ? 2 : 1;
    int high = T * wide <= ACCUMULATORS ? T : ACCUMULATORS / wide;
    for (int b = 0; b < blocks; b += wide) {
        UNROLL
        for (int r = 0; r < T; r += high) {
            scores(type, T, r, T - r < high ? T - r : high, wide, s, b, blocks - 1, out);
        }
    }
}

/* Scores of rows [r0, r0 + R) against keys [j, j + NK) of a latent, all of one block: out [.., ATTN_SPLIT]. */
INLINE void latent_scores(enum kv_type type, int r0, int R, int NK, const struct attn_split *s,
                          int j, float *out)
{
    const uint8_t *block = s->base + (size_t)s->blocks[j / KV_BLOCK] * s->stride;
    int row = s->shape->row, at = j % KV_BLOCK * row;
    const float *q = s->q + r0 * row;
    struct vf sum[ATTN_ROWS][4];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NK; i++) {
            sum[r][i] = vf_set(0);
        }
    }
    for (int d = 0; d < row; d += 16) {
        struct vf k[4];
        UNROLL
        for (int i = 0; i < NK; i++) {
            k[i] = row_floats(type, block, s->shape, at + i * row + d);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vf v = vf_load(q + r * row + d);
            UNROLL
            for (int i = 0; i < NK; i++) {
                sum[r][i] = vf_fma(v, k[i], sum[r][i]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NK; i++) {
            out[(r0 + r) * ATTN_SPLIT + j + i] = vf_sum(sum[r][i]);
        }
    }
}

/* Several keys and rows at once, as many as the registers hold; up to a whole number of them. */
INLINE void all_latent_scores(enum kv_type type, int T, const struct attn_split *s, int n,
                              float *out)
{
    int wide = ACCUMULATORS >= 16 ? 4 : 2, high = ACCUMULATORS / wide;
    for (int j = 0; j < n; j += wide) {
        UNROLL
        for (int r = 0; r < T; r += high) {
            latent_scores(type, r, T - r < high ? T - r : high, wide, s, j, out);
        }
    }
}

/* exp(score - max) in place; beyond `visible` 0, up to a whole block. */
static void softmax_row(float *p, int visible, float *m, float *l)
{
    struct vf max = vf_set(-INFINITY), sum = vf_set(0);
    for (int j = 0; j < visible; j += 16) {
        max = vf_max(vf_load_n(p + j, visible - j, -INFINITY), max);
    }
    *m = vf_largest(max);
    for (int j = 0; j < visible; j += 16) {
        struct vf s = vf_load_n(p + j, visible - j, -INFINITY);
        s = vf_exp(vf_sub(s, vf_set(*m)));
        sum = vf_add(sum, s);
        vf_store(p + j, s);
    }
    *l = vf_sum(sum);
}

/* o [R, v_pad] columns [col, col + 16 NV): the sum of p_j v_j over n keys; p [R, ATTN_SPLIT]. */
INLINE void weighted_values(enum kv_type type, int R, int NV, const struct attn_split *s, int n,
                            int col, const float *p, float *o)
{
    struct vf sum[ATTN_ROWS][4];
    int v_pad = s->shape->v_pad;
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NV; i++) {
            sum[r][i] = vf_set(0);
        }
    }
    for (int j = 0; j < n; j++) {
        const uint8_t *block = s->base + (size_t)s->blocks[j / KV_BLOCK] * s->stride;
        int at = j % KV_BLOCK * s->shape->row + col;
        struct vf v[4];
        UNROLL
        for (int i = 0; i < NV; i++) {
            v[i] = row_floats(type, block, s->shape, at + i * 16);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            struct vf weight = vf_set(p[r * ATTN_SPLIT + j]);
            UNROLL
            for (int i = 0; i < NV; i++) {
                sum[r][i] = vf_fma(weight, v[i], sum[r][i]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NV; i++) {
            vf_store(o + r * v_pad + col + i * 16, sum[r][i]);
        }
    }
}

/* NV vectors of columns of T rows, in parts that fit the registers. */
INLINE void value_columns(enum kv_type type, int T, int NV, const struct attn_split *s, int n,
                          int col, const float *p, float *o)
{
    int high = T * NV <= ACCUMULATORS ? T : ACCUMULATORS / NV;
    UNROLL
    for (int r = 0; r < T; r += high) {
        weighted_values(type, T - r < high ? T - r : high, NV, s, n, col, p + r * ATTN_SPLIT,
                        o + r * s->shape->v_pad);
    }
}

/* Several vectors of columns at once; the last ones may overlap their neighbours. */
INLINE void all_values(enum kv_type type, int T, const struct attn_split *s, int n, const float *p,
                       float *o)
{
    int wide = 4 * T <= ACCUMULATORS ? 4 : 2, v_pad = s->shape->v_pad;
    for (int col = 0; col < v_pad && v_pad >= wide * 16; col += wide * 16) {
        int last = v_pad - wide * 16;
        value_columns(type, T, wide, s, n, col < last ? col : last, p, o);
    }
    for (int col = 0; col < v_pad && v_pad < wide * 16; col += 16) {
        value_columns(type, T, 1, s, n, col, p, o);
    }
}

/* Rows differ by a few in what they see, and those of a tile are taken together: where a row does
 * not see key j, its p_j is 0. That adds +-0 to its sums, which changes no bit of them (they
 * begin at +0, and cached values are finite). */
INLINE void attend_rows(enum kv_type type, int R, const struct attn_split *s, float *o, float *m,
                        float *l, float *p)
{
    int n = 0;
    for (int r = 0; r < R; r++) {
        n = s->visible[r] > n ? s->visible[r] : n;
    }
    if (s->shape->latent) {
        all_latent_scores(type, R, s, n, p);
    } else {
        all_scores(type, R, s, (n + KV_BLOCK - 1) / KV_BLOCK, p);
    }
    for (int r = 0; r < R; r++) {
        float *row = p + r * ATTN_SPLIT;
        softmax_row(row, s->visible[r], &m[r], &l[r]);
        for (int j = s->visible[r]; j < n; j++) {
            row[j] = 0;
        }
    }
    all_values(type, R, s, n, p, o);
}

/* clang-format off */
INLINE void attend_type(enum kv_type type, const struct attn_split *s, float *o, float *m, float *l, float *p)
{
    switch (s->rows) {
    case 1: attend_rows(type, 1, s, o, m, l, p); break;
    case 2: attend_rows(type, 2, s, o, m, l, p); break;
    case 3: attend_rows(type, 3, s, o, m, l, p); break;
    case 4: attend_rows(type, 4, s, o, m, l, p); break;
    case 6: attend_rows(type, 6, s, o, m, l, p); break;
    case 8: attend_rows(type, 8, s, o, m, l, p); break;
    default: attend_rows(type, 12, s, o, m, l, p); break;
    }
}
/* clang-format on */

static void attend(const struct attn_split *s, float *o, float *m, float *l, void *scratch)
{
    switch (s->shape->type) {
    case KV_F32:
        attend_type(KV_F32, s, o, m, l, scratch);
        break;
    case KV_F16:
        attend_type(KV_F16, s, o, m, l, scratch);
        break;
    case KV_Q8_0:
        attend_type(KV_Q8_0, s, o, m, l, scratch);
        break;
    }
}

static void attn_merge(float *o, float *m, float *l, const float *o2, float m2, float l2, int n)
{
    float max = *m > m2 ? *m : m2;
    float a = math_expf(*m - max), b = math_expf(m2 - max);
    *m = max;
    *l = fmaf(*l, a, b * l2);
    for (int i = 0; i < n; i += 16) {
        vf_store(o + i, vf_fma(vf_load(o + i), vf_set(a), vf_mul(vf_set(b), vf_load(o2 + i))));
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

#define SIMD_KERNELS \
    .act_put = act_put, .product = product, .kv_put = kv_put, .attend = attend, \
    .attn_merge = attn_merge, .rms_norm = rms_norm, .swiglu = swiglu, .add = add, .scale = scale, \
    .accumulate = accumulate, \
    .rope = rope, .max = max_of, .argmax = argmax, .sum_exp = sum_exp, .exp_row = exp_row

#endif
