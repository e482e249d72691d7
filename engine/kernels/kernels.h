/* engine/kernels/kernels.h - the arithmetic of the engine, one table of functions per instruction
 * set.
 *
 * generic.c is the specification: plain loops in the order that every set obeys. The vector sets
 * (avx2.c, avxvnni.c, avx512vnni.c) are one text, simd.h, over three widths of registers.
 * kernels_pick() chooses once, at start. layout.h says how weights and activations lie in memory.
 *
 * The numerics (they define the bits; no set may differ in one):
 *
 * (N1) No contraction (-ffp-contract=off): fma() only where written. Division and sqrt are IEEE.
 * (N2) Activations are quantised per row in blocks of 32: amax = max |x|; d = amax / 127;
 *      q_i = round-to-nearest-even(x_i * (127 / amax)) (d and all q 0 when amax < 1e-30);
 *      xsum = sum q_i (exact int).
 * (N3) A product with quantised weights adds blocks in order of k. For each weight block (32 weights;
 *      16 for Q6_K and the coded types but IQ4_NL, sharing the activation block's d): isum is the exact integer sum of
 *      (integer weight) * q, then y = fma(dw * dx, (float)isum, y). For types with a minimum (Q4_1, Q5_1: +m;
 *      Q4_K, Q5_K, Q2_K: m = -(dmin * min_j)), directly after: y = fma(m, dx * (float)xsum, y), xsum that of
 *      the weight block. y starts at 0.
 *      dw of K-quants is d * scale_j, which is exact in float32.
 * (N4) A product with float weights walks k in order: y = fma(w_k, x_k, y), y from 0; F16 and
 *      BF16 weights are widened exactly first; FP8 weights are w = value * scale, rounded once.
 * (N5) Other sums of floats over an index i use 16 virtual lanes, lane i mod 16, each adding in order of i
 *      (fma(x, x, lane) for sums of squares), then the tree: lane l += lane l+8, then +4, +2, +1.
 * (N6) Attention of one query and one head: scores s_j = sum over d in order of fma(q_d, k_jd, s), q scaled beforehand;
 *      on a latent by (N5), because its rows serve as keys and as values.
 *      Keys are taken in splits of 256 positions from position 0. In a split: m = max s_j, p_j = exp(s_j - m),
 *      l = sum of p_j by (N5), o_d = fma(p_j, v_jd, o_d) in order of j from 0. Splits are merged in order:
 *      M' = max(M, m), a = exp(M - M'), b = exp(m - M'), L = fma(L, a, b * l), O = fma(O, a, b * o); the first
 *      split is taken as it is. Result O / L. Keys and values are rounded to the cache's type when stored
 *      (F16: clamped to +-65504 first; Q8_0: as (N2) per 32 dimensions with d rounded to F16).
 * (N7) exp is our own polynomial (vector and scalar agree in every bit); sin, cos, pow for RoPE
 *      tables and log for probabilities are our own too (double inside), because libm's differ between machines.
 * (N8) RMSNorm: r = 1 / sqrt(ss / n + eps), y_i = (x_i * r) * w_i, ss the sum of squares by (N5).
 *      SwiGLU: (g / (1 + exp(-g))) * u. RoPE of a pair: a' = fma(a, cos, -(b * sin)), b' = fma(b, cos, a * sin).
 * (N9) What an adapter adds to a product y = W x: t_j = fma(a_jk, x_k, t_j) in order of k from 0, x in float32;
 *      then y_i = fma(b_ij, t_j, y_i) in order of j from W's product; b is scaled beforehand, rounded once.
 *      Of a matrix in place of W: y_i = fma(w_ij, x_j, y_i) in order of j from 0, then the same.
 *
 * VDPBF16PS and the AMX BF16 instructions round otherwise than (N4), so no set uses them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_KERNELS_H
#define ENGINE_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/kernels/cpu.h"
#include "engine/kernels/layout.h"

enum {
    ATTN_SPLIT = 256,   /* keys a split of (N6) */
    ATTN_ROWS = 48,     /* most rows (queries times heads of one group) of an attend() */
    PRODUCT_PANELS = 4, /* most panels of one product() */
    PRODUCT_TILES = 32, /* most tiles of one product() */
    /* per-thread work space of product() and attend() in bytes */
    KERNEL_SCRATCH = 64 * 1024
};

/* Blocks that are read after those at work. While many rows share a pass there is time to bring them into the cache,
 * little by little; what was brought is taken off. */
struct attn_soon {
    const int32_t *blocks;
    int n;
};

/* One split of keys against some rows: the query heads of one key head, for one or several consecutive
 * queries of a sequence (a tile), or for a query each of several sequences (tiles) that share blocks. */
struct attn_split {
    const struct kv_shape *shape;
    const uint8_t *base; /* block b of this layer and head is at base + b * stride */
    size_t stride;
    int rows;  /* 1 to ATTN_ROWS */
    int tiles; /* of rows / tiles rows each, 1 or more */
    /* [tiles] of this split, as many as any of the tile's rows sees */
    const int32_t *const *blocks;
    int shared; /* its first so many blocks are the same in all tiles, and every row sees all of them */
    /* [k_dim, rows], rotated and scaled; on a latent [rows, shape->row], padded with 0 */
    const float *q;
    const int *visible; /* [rows] keys of this split that the row sees, 0..ATTN_SPLIT */
    struct attn_soon *soon; /* blocks of other splits to fetch meanwhile; NULL: none */
};

/* Neighbouring memory; bytes 0: none. */
struct stretch {
    const uint8_t *at;
    size_t bytes;
};

/* Memory that will be wanted soon. A product brings it into the caches while it computes, little by
 * little, since memory would be idle then. Addresses and sizes are multiples of 64. What was brought is
 * taken off. */
struct fetch {
    const uint8_t *at, *end; /* the piece at work */
    size_t left;             /* bytes of it and of all that follow */
    const struct stretch *pieces;
    int n_pieces; /* those that follow, none of them empty */
    int turns;    /* product()'s own: between so many is divided what is left, */
    size_t step;  /* so many bytes at a time */
};

/* A few rows times a small matrix of floats, on top of what is there; see kernels.accumulate. */
enum { ACCUMULATE_ROWS = 4 };
struct accumulation {
    int rows;                        /* 1 to ACCUMULATE_ROWS */
    float *y[ACCUMULATE_ROWS];       /* each [n] */
    const float *x[ACCUMULATE_ROWS]; /* each [k] */
    const float *w;                  /* [k, ld] */
    int k, ld, n;
};

struct kernels {
    const char *name;     /* "generic", "avx2", "avxvnni", "avx512vnni" */
    bool (*usable)(void); /* on this CPU */

    /* Store n values v [rows, ld] of each of `rows` rows from `row` on, columns from col on, in
     * x's layout; n and col are multiples of ACT_BLOCK when x is quantised. */
    void (*act_put)(const struct act *x, int row, int rows, int col, const float *v, int ld, int n);

    /* y[r, 16 i + j] = output row 16 (panel + i) + j of w times row r of x, for the rows r of tiles
     * [tile, tile + n_tiles) counted from the first of them, and i < n_panels <= PRODUCT_PANELS.
     *   y        [rows, ld], ld >= 16 n_panels, 64-byte aligned, ld a multiple of 16
     *   soon     memory to fetch meanwhile; left 0: none
     *   scratch  KERNEL_SCRATCH bytes, 64-byte aligned
     * x is quantised if and only if w's type is. */
    void (*product)(float *y, int ld, const struct panels *w, int panel, int n_panels,
                    struct fetch *soon, const struct act *x, int tile, int n_tiles, void *scratch);

    /* Store one token's keys [k_dim] and values [v_dim] of one head in slot 0..KV_BLOCK-1 of a
     * block; of a latent only k. */
    void (*kv_put)(uint8_t *block, const struct kv_shape *s, int slot, const float *k,
                   const float *v);

    /* (N6) for one split: o [rows, v_pad], m [rows], l [rows]. Rows that see nothing, and columns past v_dim,
     * get undefined results. scratch as in product(). */
    void (*attend)(const struct attn_split *s, float *o, float *m, float *l, void *scratch);
    /* Merge the next split (o2, m2, l2) of a row into (o, m, l); n = v_pad. */
    void (*attn_merge)(float *o, float *m, float *l, const float *o2, float m2, float l2, int n);

    /* Rows of floats; any n, any alignment, y may equal x. */
    void (*rms_norm)(float *y, const float *x, const float *weight, int n, float eps);
    void (*swiglu)(float *gate, const float *up, int n); /* gate = silu(gate) * up */
    void (*add)(float *y, const float *x, int n);        /* y += x */
    /* (N9) y[r][j] = fma(x[r][i], w[i, j], y[r][j]) in order of i < k, for j < n. No y overlaps an x
     * or w. Any n, any alignment. */
    void (*accumulate)(const struct accumulation *a);
    void (*scale)(float *y, const float *x, float f, int n); /* y = x * f */
    /* Rotate heads of head_dim floats in place: pairs (i, i + dim/2); cs is [dim/2] cosines, then sines. */
    void (*rope)(float *x, const float *cs, int n_heads, int head_dim, int dim);

    /* Over a row of logits, n >= 1. */
    float (*max)(const float *x, int n);
    int (*argmax)(const float *x, int n);               /* the lowest index of the largest */
    float (*sum_exp)(const float *x, int n, float max); /* sum of exp(x_i - max) by (N5) */
    /* y_i = exp((x_i - max) * scale) */
    void (*exp_row)(float *y, const float *x, int n, float max, float scale);
    /* y_i = x_i where bit i % 64 of mask[i / 64] is set, else -infinity. Returns the largest y_i; x
     * without NaN. */
    float (*keep)(float *y, const float *x, const uint64_t *mask, int n);
};

extern const struct kernels kernels_generic, kernels_avx2, kernels_avxvnni, kernels_avx512vnni;

/* The best set of this CPU, or the one named. NULL and ERROR_INVALID_VALUE with the names of the
 * usable ones when force is unknown or not usable here. */
const struct kernels *kernels_pick(const char *force, struct error *err);

/* The i-th known set from 0 on, best last; NULL past the end. */
const struct kernels *kernels_at(int i);

#endif
