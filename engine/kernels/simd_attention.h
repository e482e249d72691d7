/* engine/kernels/simd_attention.h - attention of simd.h over the cache of keys and values.
 *
 * Rows (queries times heads of one group) go through a split in three passes: scores (16 keys a vector), softmax,
 * and the weighted sum of values (16 dimensions a vector). Scores live in scratch. Both sums are products of small
 * matrices: R rows and a few vectors of keys or dimensions at once, as many as leave every sum a register, so that
 * chains of fma overlap and what is loaded and widened serves R rows. Sums of values go on from what stands in o:
 * blocks that all tiles share are taken for all rows, what comes behind for each tile's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_ATTENTION_H
#define ENGINE_KERNELS_SIMD_ATTENTION_H

#include "engine/kernels/simd.h"

/* Registers hold what is shared by rows, or what is shared by vectors: where there are few, the latter is read
 * again for each (vf_again). */
enum { MANY_REGISTERS = ACCUMULATORS >= 16, MOST_ROWS = MANY_REGISTERS ? 12 : 6 };

/* Keys that all rows are scored against before the next: beside the queries they stay in the L1 cache. Sums of values
 * go on through the whole split, since they would have to be stored and loaded between. */
enum { KEYS_AT_ONCE = 4 * KV_BLOCK };

/* How many of so many rows that are left are taken at once: there are kernels for 1, 2, 3, 4 and 6, with many
 * registers for 8 and 12 too. Of halves, which cost little to widen, six rows by four vectors beat twelve by two. */
INLINE int rows_at_once(enum kv_type type, int left)
{
    static const uint8_t many[] = {0, 1, 2, 3, 4, 3, 6, 4, 8, 6, 6, 8, 12};
    static const uint8_t few[] = {0, 1, 2, 3, 4, 3, 6, 4, 4, 6, 6, 6, 6};
    return (MANY_REGISTERS && type != KV_F16 ? many : few)[left < 12 ? left : 12];
}

/* Blocks, or vectors of columns, that R rows take at once. */
INLINE int vectors_at_once(int R)
{
    if (MANY_REGISTERS) return R <= 6 ? 4 : 2;
    return R == 1 ? 4 : R <= 3 ? 2 : 1;
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

/* Some rows of a split, from `row` on, and the blocks that they see. */
struct attn_part {
    const struct attn_split *s;
    const int32_t *blocks;
    int row;
    int from, n;  /* keys, the first one that of a block, */
    int end;      /* and up to which the part goes on behind them */
    bool fetches; /* the first rows to read these blocks bring the next ones into the cache, */
    const int32_t *then; /* [n_then] in the end those that follow: another tile's */
    int n_then;
    float *p; /* [s->rows, ATTN_SPLIT] */
    float *o; /* [s->rows, v_pad] */
};

INLINE const uint8_t *part_block(const struct attn_part *t, int b)
{
    return t->s->base + (size_t)t->blocks[b] * t->s->stride;
}

/* ---- Scores ---- */

/* The block that is read after so many others: the last one of all again where there is none. */
INLINE const uint8_t *next_block(const struct attn_part *t, int b)
{
    int last = (t->end - 1) / KV_BLOCK, behind = b - last - 1;
    if (behind >= t->n_then) behind = t->n_then - 1;
    if (b <= last || behind < 0) return part_block(t, b < last ? b : last);
    return t->s->base + (size_t)t->then[behind] * t->s->stride;
}

/* What is brought in while rows go through keys that are in the cache already: the next block of those that are
 * wanted soon, or what is there. */
INLINE const uint8_t *soon_block(const struct attn_part *t, const uint8_t *there)
{
    struct attn_soon *soon = t->s->soon;
    if (t->fetches || soon == NULL || soon->n == 0) return there;
    soon->n--;
    return t->s->base + (size_t)*soon->blocks++ * t->s->stride;
}

/* R rows against NB blocks from block b on; past the last one that is taken again, for nobody. */
INLINE void scores(enum kv_type type, int R, int NB, const struct attn_part *t, int b)
{
    const struct kv_shape *shape = t->s->shape;
    int last = (t->n - 1) / KV_BLOCK, ld = t->s->rows;
    const uint8_t *key[4], *next[4];
    struct vf sum[MOST_ROWS][4], scale[4];
    UNROLL
    for (int i = 0; i < NB; i++) {
        key[i] = part_block(t, b + i < last ? b + i : last);
        next[i] = next_block(t, b + NB + i);
        scale[i] = vf_set(1);
        UNROLL
        for (int r = 0; r < R; r++) {
            sum[r][i] = vf_set(0);
        }
    }
    const float *q = t->s->q + t->row;
    const uint8_t *soon = soon_block(t, key[0]);
    bool others = soon != key[0];
    for (int d = 0; d < shape->k_dim; d++, q += ld) {
        struct vf k[4];
        if (others && d % 2 == 0) {
            _mm_prefetch((const char *)soon + shape->v + d * 32, _MM_HINT_T1);
            _mm_prefetch((const char *)soon + d * 32, _MM_HINT_T1);
        }
        /* the values come next, and the keys of the blocks behind */
        if (t->fetches && d % 2 == 0) {
            UNROLL
            for (int i = 0; i < NB; i++) {
                _mm_prefetch((const char *)key[i] + shape->v + d * 32, _MM_HINT_T0);
                _mm_prefetch((const char *)next[i] + d * 32, _MM_HINT_T0);
            }
        }
        UNROLL
        for (int i = 0; i < NB; i++) {
            if (type == KV_Q8_0 && d % ACT_BLOCK == 0) {
                scale[i] = vf_from_half(key[i] + shape->k_scales + d / ACT_BLOCK * KV_BLOCK * 2);
            }
            k[i] = cached_floats(type, key[i], d * KV_BLOCK, scale[i]);
            UNROLL
            for (int r = 0; r < R && !MANY_REGISTERS; r++) {
                sum[r][i] = vf_fma(vf_again(q + r), k[i], sum[r][i]);
            }
        }
        UNROLL
        for (int r = 0; r < R && MANY_REGISTERS; r++) {
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
            if (b + i > last) continue;
            vf_store(t->p + (t->row + r) * ATTN_SPLIT + (b + i) * KV_BLOCK, sum[r][i]);
        }
    }
}

INLINE void all_scores(enum kv_type type, int R, const struct attn_part *t)
{
    int wide = vectors_at_once(R);
    for (int b = t->from / KV_BLOCK; b * KV_BLOCK < t->n; b += wide) {
        scores(type, R, wide, t, b);
    }
}

/* R rows against NK keys of a latent from key j on, all of one block. */
INLINE void latent_scores(enum kv_type type, int R, int NK, const struct attn_part *t, int j)
{
    const struct kv_shape *shape = t->s->shape;
    const uint8_t *block = part_block(t, j / KV_BLOCK);
    int row = shape->row, at = j % KV_BLOCK * row;
    const float *q = t->s->q + t->row * row;
    struct vf sum[MOST_ROWS][4];
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
            k[i] = row_floats(type, block, shape, at + i * row + d);
            UNROLL
            for (int r = 0; r < R && !MANY_REGISTERS; r++) {
                sum[r][i] = vf_fma_at(k[i], q + r * row + d, sum[r][i]);
            }
        }
        UNROLL
        for (int r = 0; r < R && MANY_REGISTERS; r++) {
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
            t->p[(t->row + r) * ATTN_SPLIT + j + i] = vf_sum(sum[r][i]);
        }
    }
}

/* Up to a whole number of keys; more rows than the registers hold in halves. */
INLINE void all_latent_scores(enum kv_type type, int R, const struct attn_part *t)
{
    int wide = MANY_REGISTERS ? 4 : 2, high = ACCUMULATORS / wide;
    for (int j = t->from; j < t->n; j += wide) {
        UNROLL
        for (int r = 0; r < R; r += high) {
            struct attn_part some = *t;
            some.row += r;
            latent_scores(type, R - r < high ? R - r : high, wide, &some, j);
        }
    }
}

/* ---- Softmax ---- */

/* exp(score - max) in place; beyond `visible` 0, up to n and a whole block. */
static void softmax_row(float *p, int visible, int n, float *m, float *l)
{
    struct vf max = vf_set(-INFINITY), sum = vf_set(0);
    int whole = visible / 16 * 16;
    if (visible % 16 > 0) vf_store(p + whole, vf_load_n(p + whole, visible % 16, -INFINITY));
    for (int j = 0; j < visible; j += 16) {
        max = vf_max(vf_load(p + j), max);
    }
    *m = vf_largest(max);
    max = vf_set(*m);
    for (int j = 0; j < visible; j += 16) {
        struct vf s = vf_exp(vf_sub(vf_load(p + j), max));
        sum = vf_add(sum, s);
        vf_store(p + j, s);
    }
    *l = vf_sum(sum);
    for (int j = (visible + 15) / 16 * 16; j < n; j += 16) {
        vf_store(p + j, vf_set(0));
    }
}

/* ---- Values ---- */

/* o of R rows, NV vectors of columns from `col` on: the sum of p_j v_j goes on over n keys of a block. */
INLINE void add_block(enum kv_type type, int R, int NV, const struct attn_part *t, int b, int n,
                      int col, struct vf sum[MOST_ROWS][4])
{
    const struct kv_shape *shape = t->s->shape;
    const uint8_t *block = part_block(t, b);
    const float *p = t->p + t->row * ATTN_SPLIT + b * KV_BLOCK;
    for (int j = 0, at = col; j < n; j++, at += shape->row) {
        struct vf v[4];
        UNROLL
        for (int i = 0; i < NV; i++) {
            v[i] = row_floats(type, block, shape, at + i * 16);
            UNROLL
            for (int r = 0; r < R && !MANY_REGISTERS; r++) {
                sum[r][i] = vf_fma(vf_again(p + r * ATTN_SPLIT + j), v[i], sum[r][i]);
            }
        }
        UNROLL
        for (int r = 0; r < R && MANY_REGISTERS; r++) {
            struct vf weight = vf_set(p[r * ATTN_SPLIT + j]);
            UNROLL
            for (int i = 0; i < NV; i++) {
                sum[r][i] = vf_fma(weight, v[i], sum[r][i]);
            }
        }
    }
}

INLINE void values(enum kv_type type, int R, int NV, const struct attn_part *t, int col)
{
    struct vf sum[MOST_ROWS][4];
    int v_pad = t->s->shape->v_pad;
    float *o = t->o + t->row * v_pad + col;
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NV; i++) {
            sum[r][i] = vf_load(o + r * v_pad + i * 16);
        }
    }
    for (int j = t->from; j < t->n; j += KV_BLOCK) {
        int n = t->n - j < KV_BLOCK ? t->n - j : KV_BLOCK;
        add_block(type, R, NV, t, j / KV_BLOCK, n, col, sum);
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int i = 0; i < NV; i++) {
            vf_store(o + r * v_pad + i * 16, sum[r][i]);
        }
    }
}

INLINE void all_values(enum kv_type type, int R, const struct attn_part *t)
{
    int wide = vectors_at_once(R), v_pad = t->s->shape->v_pad, col = 0;
    for (; col + wide * 16 <= v_pad; col += wide * 16) {
        values(type, R, wide, t, col);
    }
    for (; col < v_pad; col += 16) {
        values(type, R, 1, t, col);
    }
}

/* ---- A split ---- */

/* One of both passes, of R rows. */
INLINE void rows_pass(enum kv_type type, bool scoring, int R, const struct attn_part *t)
{
    if (!scoring) {
        all_values(type, R, t);
    } else if (t->s->shape->latent) {
        all_latent_scores(type, R, t);
    } else {
        all_scores(type, R, t);
    }
}

/* clang-format off */
/* Of n rows, as many as rows_at_once() gives. */
INLINE void some_rows(enum kv_type type, bool scoring, const struct attn_part *t, int n)
{
    bool more = rows_at_once(type, 12) == 12;
    switch (n) {
    case 1: rows_pass(type, scoring, 1, t); break;
    case 2: rows_pass(type, scoring, 2, t); break;
    case 3: rows_pass(type, scoring, 3, t); break;
    case 4: rows_pass(type, scoring, 4, t); break;
    case 6: rows_pass(type, scoring, 6, t); break;
    case 8: if (more) rows_pass(type, scoring, 8, t); break;
    default: if (more) rows_pass(type, scoring, 12, t); break;
    }
}

typedef void pass_fn(const struct attn_part *t, int n);
static void score_f32(const struct attn_part *t, int n) { some_rows(KV_F32, true, t, n); }
static void score_f16(const struct attn_part *t, int n) { some_rows(KV_F16, true, t, n); }
static void score_q8_0(const struct attn_part *t, int n) { some_rows(KV_Q8_0, true, t, n); }
static void add_values_f32(const struct attn_part *t, int n) { some_rows(KV_F32, false, t, n); }
static void add_values_f16(const struct attn_part *t, int n) { some_rows(KV_F16, false, t, n); }
static void add_values_q8_0(const struct attn_part *t, int n) { some_rows(KV_Q8_0, false, t, n); }
/* clang-format on */

/* All `rows` rows of a part, which is used up. */
static void all_rows(pass_fn *pass, struct attn_part *t, int rows)
{
    while (rows > 0) {
        int n = rows_at_once(t->s->shape->type, rows);
        pass(t, n);
        t->row += n;
        t->fetches = false;
        rows -= n;
    }
}

/* The most keys that a row of a tile sees. */
static int tile_sees(const struct attn_split *s, int tile)
{
    int rows = s->rows / s->tiles, n = 0;
    for (int r = tile * rows; r < (tile + 1) * rows; r++) {
        n = s->visible[r] > n ? s->visible[r] : n;
    }
    return n;
}

/* What a part's first rows fetch in the end: the own blocks of the tile that comes next. */
static void comes_then(struct attn_part *t, int tile)
{
    const struct attn_split *s = t->s;
    int n = tile < s->tiles ? (tile_sees(s, tile) + KV_BLOCK - 1) / KV_BLOCK - s->shared : 0;
    t->n_then = n > 0 ? n : 0;
    t->then = n > 0 ? s->blocks[tile] + s->shared : NULL;
}

/* A part's first `rows` rows from `row` on, so many keys at once. */
static void all_keys(pass_fn *pass, struct attn_part *t, int row, int rows, int at_once)
{
    for (; t->from < t->end; t->from = t->n) {
        t->n = t->end - t->from < at_once ? t->end : t->from + at_once;
        t->row = row;
        t->fetches = true;
        all_rows(pass, t, rows);
    }
}

/* A pass over the split: blocks that tiles share for all rows, then for each tile what is its own. */
static void whole_split(pass_fn *pass, const struct attn_split *s, float *p, float *o, int at_once)
{
    int rows = s->rows / s->tiles;
    struct attn_part t = {.s = s, .p = p, .o = o};
    if (s->shared > 0) {
        t.blocks = s->blocks[0];
        t.end = s->shared * KV_BLOCK;
        comes_then(&t, 0);
        all_keys(pass, &t, 0, s->rows, at_once);
    }
    for (int i = 0; i < s->tiles; i++) {
        t.from = s->shared * KV_BLOCK;
        t.end = tile_sees(s, i);
        t.blocks = s->blocks[i];
        comes_then(&t, i + 1);
        all_keys(pass, &t, i * rows, rows, at_once);
    }
}

/* Rows differ by a few in what they see, and those of a tile are taken together: where a row does
 * not see key j, its p_j is 0. That adds +-0 to its sums, which changes no bit of them (they
 * begin at +0, and cached values are finite). */
static void attend(const struct attn_split *s, float *o, float *m, float *l, void *scratch)
{
    static const struct {
        pass_fn *score, *add_values;
    } passes[] = {[KV_F32] = {score_f32, add_values_f32},
                  [KV_F16] = {score_f16, add_values_f16},
                  [KV_Q8_0] = {score_q8_0, add_values_q8_0}};
    float *p = scratch;
    whole_split(passes[s->shape->type].score, s, p, o, KEYS_AT_ONCE);
    for (int i = 0, r = 0; i < s->tiles; i++) {
        for (int n = tile_sees(s, i), end = r + s->rows / s->tiles; r < end; r++) {
            softmax_row(p + r * ATTN_SPLIT, s->visible[r], n, &m[r], &l[r]);
        }
    }
    memset(o, 0, (size_t)s->rows * (size_t)s->shape->v_pad * sizeof(*o));
    whole_split(passes[s->shape->type].add_values, s, p, o, ATTN_SPLIT);
}

#endif
