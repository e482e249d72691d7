/* engine/kernels/generic.c - the specification: every kernel as plain loops in the order that all
 * sets obey.
 *
 * Written to be read beside (N1) to (N8) of kernels.h; nobody needs its speed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <string.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/scalar_math.h"

static bool usable(void)
{
    return true;
}

/* The tree of (N5) over 16 lanes. */
static float lanes_sum(float lane[16])
{
    for (int half = 8; half >= 1; half /= 2) {
        for (int l = 0; l < half; l++) {
            lane[l] += lane[l + half];
        }
    }
    return lane[0];
}

/* ---- Activations ---- */

/* (N2): q [32], returns d. The comparison also turns NaN into -127. */
static float quantise(const float *v, int8_t q[ACT_BLOCK])
{
    float amax = 0;
    for (int i = 0; i < ACT_BLOCK; i++) {
        float a = fabsf(v[i]);
        amax = a > amax ? a : amax;
    }
    memset(q, 0, ACT_BLOCK);
    if (amax < 1e-30f) return 0;
    float inverse = 127.0f / amax;
    for (int i = 0; i < ACT_BLOCK; i++) {
        float x = rintf(v[i] * inverse);
        q[i] = (int8_t)(x > -127.0f ? (x < 127.0f ? x : 127.0f) : -127.0f);
    }
    return amax / 127.0f;
}

static void put_row(const struct act *x, int row, int col, const float *v, int n)
{
    int tile = act_row_tile(x, row), r = row - act_tile_row(x, tile);
    size_t rows = (size_t)(act_tile_row(x, tile + 1) - act_tile_row(x, tile)), i = (size_t)r;
    uint8_t *at = act_tile_data(x, tile);
    for (int k = 0; !x->quantised && k < n; k++) {
        memcpy(at + ((size_t)(col + k) * rows + i) * sizeof(float), &v[k], sizeof(float));
    }
    for (int k = 0; x->quantised && k < n; k += ACT_BLOCK) {
        uint8_t *block = at + (size_t)(col + k) / ACT_BLOCK * rows * 44;
        int8_t q[ACT_BLOCK];
        float d = quantise(v + k, q);
        int16_t sums[2] = {0, 0};
        for (int j = 0; j < ACT_BLOCK; j++) {
            sums[j / 16] = (int16_t)(sums[j / 16] + q[j]);
        }
        float dsum = d * (float)(sums[0] + sums[1]);
        memcpy(block + i * 32, q, sizeof(q));
        memcpy(block + rows * 32 + i * 4, &d, sizeof(d));
        memcpy(block + rows * 36 + i * 4, &dsum, sizeof(dsum));
        memcpy(block + rows * 40 + i * 4, sums, sizeof(sums));
    }
}

static void act_put(const struct act *x, int row, int rows, int col, const float *v, int ld, int n)
{
    for (int r = 0; r < rows; r++) {
        put_row(x, row + r, col, v + r * ld, n);
    }
}

/* ---- Products ---- */

/* (N3) for one row of activations, one panel and one block; dsum: of each half, or twice of both. */
static void block_product(float *y, const struct panel_block *w, const struct panel_type *t,
                          const int8_t *q, float dx, const float dsum[2])
{
    int step = t->halves ? ACT_BLOCK / 2 : ACT_BLOCK;
    for (int r = 0; r < PANEL; r++) {
        for (int begin = 0; begin < ACT_BLOCK; begin += step) {
            int isum = 0;
            for (int k = begin; k < begin + step; k++) {
                isum += w->w[k][r] * q[k];
            }
            y[r] = fmaf(w->d[begin / 16][r] * dx, (float)isum, y[r]);
            if (t->minimum) y[r] = fmaf(w->m[begin / 16][r], dsum[begin / 16], y[r]);
        }
    }
}

/* One panel times the rows of one tile; y [rows, ld] begins at the panel's column. */
static void tile_i8(float *y, int ld, const struct panels *w, int panel, const struct act *x,
                    int tile)
{
    size_t rows = (size_t)(act_tile_row(x, tile + 1) - act_tile_row(x, tile));
    for (int b = 0; b < w->k / ACT_BLOCK; b++) {
        const uint8_t *block = act_tile_data(x, tile) + (size_t)b * rows * 44;
        struct panel_block weights;
        panels_block(w, panel, b, &weights);
        for (size_t r = 0; r < rows; r++) {
            const struct panel_type *type = &panel_types[w->type];
            float dx, dsum[2];
            int16_t sums[2];
            memcpy(&dx, block + rows * 32 + r * 4, sizeof(dx));
            memcpy(&dsum[0], block + rows * 36 + r * 4, sizeof(dsum[0]));
            memcpy(sums, block + rows * 40 + r * 4, sizeof(sums));
            for (int half = 0; type->halves && half < 2; half++) {
                dsum[half] = dx * (float)sums[half];
            }
            block_product(y + r * (size_t)ld, &weights, type, (const int8_t *)block + r * 32, dx,
                          dsum);
        }
    }
}

/* (N4) */
static void tile_f32(float *y, int ld, const struct panels *w, int panel, const struct act *x,
                     int tile)
{
    int rows = act_tile_row(x, tile + 1) - act_tile_row(x, tile);
    const float *v = (const float *)(const void *)act_tile_data(x, tile);
    for (int k = 0; k < w->k; k++, v += rows) {
        float column[PANEL];
        for (int j = 0; j < PANEL; j++) {
            column[j] = panels_float(w, panel, k, j);
        }
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < PANEL; j++) {
                float *sum = &y[r * ld + j];
                *sum = fmaf(column[j], v[r], *sum);
            }
        }
    }
}

static void product(float *y, int ld, const struct panels *w, int panel, int n_panels,
                    struct fetch *soon, const struct act *x, int tile, int n_tiles, void *scratch)
{
    (void)soon;
    (void)scratch;
    for (int t = tile; t < tile + n_tiles; t++) {
        float *at = y + (act_tile_row(x, t) - act_tile_row(x, tile)) * ld;
        for (int r = 0; r < act_tile_row(x, t + 1) - act_tile_row(x, t); r++) {
            memset(at + r * ld, 0, (size_t)n_panels * PANEL * sizeof(float));
        }
        for (int i = 0; i < n_panels; i++) {
            (x->quantised ? tile_i8 : tile_f32)(at + i * PANEL, ld, w, panel + i, x, t);
        }
    }
}

/* ---- Attention ---- */

static float clamp_f16(float v)
{
    return v > -65504.0f ? (v < 65504.0f ? v : 65504.0f) : -65504.0f;
}

/* Element i of an array of the cache's type (F32, F16). */
static void kv_set(uint8_t *array, enum kv_type type, size_t i, float v)
{
    uint16_t half = f32_to_f16(clamp_f16(v));
    if (type == KV_F32) {
        memcpy(array + i * sizeof(v), &v, sizeof(v));
    } else {
        memcpy(array + i * sizeof(half), &half, sizeof(half));
    }
}

static float kv_get(const uint8_t *array, enum kv_type type, size_t i)
{
    float v;
    uint16_t half;
    if (type == KV_Q8_0) return (float)(int8_t)array[i];
    if (type == KV_F32) {
        memcpy(&v, array + i * sizeof(v), sizeof(v));
        return v;
    }
    memcpy(&half, array + i * sizeof(half), sizeof(half));
    return f16_to_f32(half);
}

/* Quantise n values into every step-th byte of q, their scales into every step-th half of d. */
static void put_q8_0(uint8_t *q, uint8_t *d, size_t step, const float *v, int n)
{
    for (int begin = 0; begin < n; begin += ACT_BLOCK) {
        float block[ACT_BLOCK] = {0};
        int8_t quants[ACT_BLOCK];
        int count = n - begin < ACT_BLOCK ? n - begin : ACT_BLOCK;
        memcpy(block, v + begin, (size_t)count * sizeof(float));
        uint16_t half = f32_to_f16(clamp_f16(quantise(block, quants)));
        memcpy(d + (size_t)(begin / ACT_BLOCK) * step * 2, &half, sizeof(half));
        for (int i = 0; i < count; i++) {
            q[(size_t)(begin + i) * step] = (uint8_t)quants[i];
        }
    }
}

static void put_keys(uint8_t *block, const struct kv_shape *s, size_t slot, const float *k)
{
    if (s->type == KV_Q8_0) {
        put_q8_0(block + slot, block + s->k_scales + 2 * slot, KV_BLOCK, k, s->k_dim);
        return;
    }
    for (size_t d = 0; d < (size_t)s->k_dim; d++) {
        kv_set(block, s->type, d * KV_BLOCK + slot, k[d]);
    }
}

static void put_values(uint8_t *block, const struct kv_shape *s, size_t slot, const float *v, int n)
{
    size_t at = slot * (size_t)s->row;
    if (s->type == KV_Q8_0) {
        put_q8_0(block + s->v + at, block + s->v_scales + at / ACT_BLOCK * 2, 1, v, n);
        return;
    }
    for (size_t d = 0; d < (size_t)n; d++) {
        kv_set(block + s->v, s->type, at + d, v[d]);
    }
}

static void kv_put(uint8_t *block, const struct kv_shape *s, int slot, const float *k,
                   const float *v)
{
    if (s->latent) {
        put_values(block, s, (size_t)slot, k, s->k_dim);
        return;
    }
    put_keys(block, s, (size_t)slot, k);
    put_values(block, s, (size_t)slot, v, s->v_dim);
}

static float key_at(const uint8_t *block, const struct kv_shape *s, int slot, int d)
{
    size_t i = (size_t)d * KV_BLOCK + (size_t)slot;
    float key = kv_get(block, s->type, i);
    if (s->type != KV_Q8_0) return key;
    return key * kv_get(block + s->k_scales, KV_F16, (size_t)(d / ACT_BLOCK * KV_BLOCK + slot));
}

static float value_at(const uint8_t *block, const struct kv_shape *s, int slot, int d)
{
    size_t at = (size_t)slot * (size_t)s->row + (size_t)d;
    float value = kv_get(block + s->v, s->type, at);
    if (s->type != KV_Q8_0) return value;
    return value * kv_get(block + s->v_scales, KV_F16, at / ACT_BLOCK);
}

static float latent_score(const struct attn_split *s, int row, const uint8_t *block, int slot)
{
    float lane[16] = {0};
    const float *q = s->q + row * s->shape->row;
    for (int d = 0; d < s->shape->row; d++) {
        lane[d % 16] = fmaf(q[d], value_at(block, s->shape, slot, d), lane[d % 16]);
    }
    return lanes_sum(lane);
}

/* The block of key j, as row `row` sees it. */
static const uint8_t *block_at(const struct attn_split *s, int row, int j)
{
    const int32_t *blocks = s->blocks[row / (s->rows / s->tiles)];
    return s->base + (size_t)blocks[j / KV_BLOCK] * s->stride;
}

/* Query `row` times the key in a slot. */
static float score(const struct attn_split *s, int row, const uint8_t *block, int slot)
{
    float sum = 0;
    if (s->shape->latent) return latent_score(s, row, block, slot);
    for (int d = 0; d < s->shape->k_dim; d++) {
        sum = fmaf(s->q[d * s->rows + row], key_at(block, s->shape, slot, d), sum);
    }
    return sum;
}

/* (N6), one row. */
static void attend_row(const struct attn_split *s, int row, float *o, float *m, float *l)
{
    float p[ATTN_SPLIT], lane[16] = {0};
    float max = -INFINITY;
    for (int j = 0; j < s->visible[row]; j++) {
        const uint8_t *block = block_at(s, row, j);
        p[j] = score(s, row, block, j % KV_BLOCK);
        max = p[j] > max ? p[j] : max;
    }
    memset(o, 0, (size_t)s->shape->v_pad * sizeof(float));
    for (int j = 0; j < s->visible[row]; j++) {
        const uint8_t *block = block_at(s, row, j);
        p[j] = math_expf(p[j] - max);
        lane[j % 16] += p[j];
        for (int d = 0; d < s->shape->v_dim; d++) {
            o[d] = fmaf(p[j], value_at(block, s->shape, j % KV_BLOCK, d), o[d]);
        }
    }
    *m = max;
    *l = lanes_sum(lane);
}

static void attend(const struct attn_split *s, float *o, float *m, float *l, void *scratch)
{
    (void)scratch;
    for (int row = 0; row < s->rows; row++) {
        attend_row(s, row, o + row * s->shape->v_pad, &m[row], &l[row]);
    }
}

static void attn_merge(float *o, float *m, float *l, const float *o2, float m2, float l2, int n)
{
    float max = *m > m2 ? *m : m2;
    float a = math_expf(*m - max), b = math_expf(m2 - max);
    *m = max;
    *l = fmaf(*l, a, b * l2);
    for (int i = 0; i < n; i++) {
        o[i] = fmaf(o[i], a, b * o2[i]);
    }
}

/* ---- Rows of floats ---- */

static void rms_norm(float *y, const float *x, const float *weight, int n, float eps)
{
    float lane[16] = {0};
    for (int i = 0; i < n; i++) {
        lane[i % 16] = fmaf(x[i], x[i], lane[i % 16]);
    }
    float r = 1.0f / sqrtf(lanes_sum(lane) / (float)n + eps);
    for (int i = 0; i < n; i++) {
        y[i] = (x[i] * r) * weight[i];
    }
}

static void swiglu(float *gate, const float *up, int n)
{
    for (int i = 0; i < n; i++) {
        gate[i] = (gate[i] / (1.0f + math_expf(-gate[i]))) * up[i];
    }
}

static void add(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++) {
        y[i] += x[i];
    }
}

static void accumulate(const struct accumulation *a)
{
    for (int r = 0; r < a->rows; r++) {
        for (int j = 0; j < a->n; j++) {
            float sum = a->y[r][j];
            for (int i = 0; i < a->k; i++) {
                sum = fmaf(a->x[r][i], a->w[(size_t)i * (size_t)a->ld + (size_t)j], sum);
            }
            a->y[r][j] = sum;
        }
    }
}

static void scale(float *y, const float *x, float f, int n)
{
    for (int i = 0; i < n; i++) {
        y[i] = x[i] * f;
    }
}

static void rope(float *x, const float *cs, int n_heads, int head_dim, int dim)
{
    int half = dim / 2;
    for (int h = 0; h < n_heads; h++, x += head_dim) {
        for (int i = 0; i < half; i++) {
            float a = x[i], b = x[i + half], cosine = cs[i], sine = cs[half + i];
            x[i] = fmaf(a, cosine, -(b * sine));
            x[i + half] = fmaf(b, cosine, a * sine);
        }
    }
}

static float max_of(const float *x, int n)
{
    float max = x[0];
    for (int i = 1; i < n; i++) {
        max = x[i] > max ? x[i] : max;
    }
    return max;
}

static int argmax(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++) {
        if (x[i] > x[best]) best = i;
    }
    return best;
}

static float sum_exp(const float *x, int n, float max)
{
    float lane[16] = {0};
    for (int i = 0; i < n; i++) {
        lane[i % 16] += math_expf(x[i] - max);
    }
    return lanes_sum(lane);
}

static void exp_row(float *y, const float *x, int n, float max, float scale)
{
    for (int i = 0; i < n; i++) {
        y[i] = math_expf((x[i] - max) * scale);
    }
}

static float keep(float *y, const float *x, const uint64_t *mask, int n)
{
    float max = -INFINITY;
    for (int i = 0; i < n; i++) {
        y[i] = mask[i / 64] >> (i % 64) & 1 ? x[i] : -INFINITY;
        max = y[i] > max ? y[i] : max;
    }
    return max;
}

const struct kernels kernels_generic = {
    .name = "generic",
    .usable = usable,
    .act_put = act_put,
    .product = product,
    .kv_put = kv_put,
    .attend = attend,
    .attn_merge = attn_merge,
    .rms_norm = rms_norm,
    .swiglu = swiglu,
    .add = add,
    .accumulate = accumulate,
    .scale = scale,
    .rope = rope,
    .max = max_of,
    .argmax = argmax,
    .sum_exp = sum_exp,
    .exp_row = exp_row,
    .keep = keep,
};
