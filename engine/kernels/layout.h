/* engine/kernels/layout.h - how the kernels want weights, activations and cached keys in memory.
 *
 * Weights [n, k] are cut into panels of 16 output rows. A panel is contiguous: first its quants,
 * block of 32 k after block, then its scales. Within a block four consecutive k of a row are
 * neighbours (a 32-bit lane of VPDPBUSD) and the 16 rows follow each other:
 *
 *   8 bits   8 groups of [16 rows][4 k], as unsigned w + 128
 *   4 bits   4 x [16][4] bytes: low nibble k = 4 g + i, high nibble k = 16 + 4 g + i
 *   5 bits   the same, then 8 x 64 bits: bit 4 row + i of word g is the fifth of k = 4 g + i
 *   6 bits   the same as 4 bits, then 2 x [16][4] bytes of which bits 2 j, 2 j + 1 belong to group
 *            4 h + j
 *   floats   [k][16]
 *
 * Scales of a block: [16] halves d, then (Q4_1, Q5_1) [16] halves m. K quants have a head every
 * 256 k, [16] halves d and (not Q6_K) [16] dmin, then per block [16] bytes of scale, [16] of
 * minimum (Q6_K: [2][16] signed scales of its halves). FP8: [16] floats per 128 k. So a packed
 * matrix is within 4 % of the file's.
 *
 * Coded types (tensor/quants_coded.h) are 4-bit codes with a table of what they mean, whatever bits
 * the file spends on them: IQ4_NL with [16] halves d a block, the others with a head of [16] floats
 * d and per block [2][16] signed scales of its halves. Q2_K, whose codes are the weights, has halves
 * d and dmin as head and [2][16] bytes of scale, [2][16] of minimum.
 *
 * Rows past n in the last panel are zero.
 *
 * Activations [rows, k] lie in tiles of up to TILE_ROWS rows, tiles as even as possible: of
 * `rows` rows the first rows % n_tiles tiles have one more. A tile of R rows is, quantised, per
 * block of 32 k:
 *
 *   int8 q[R][32]; float d[R]; float dsum[R] (d * xsum); int16 sums[R][2] (of both halves of q)
 *
 * else float [k][R].
 *
 * A KV block of one layer and head: keys [k_dim][16 tokens], then values [16 tokens][v_pad],
 * v_pad = v_dim rounded up to 16 (32 for Q8_0). Q8_0 has int8 there and after each part halves:
 * [ceil(k_dim/32)][16] and [16][v_pad/32]. Of a latent, whose values are the first v_dim of its
 * keys, there are only rows [16 tokens][row], row = k_dim rounded up likewise with zeros behind
 * (Q8_0: then [16][row/32] halves).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_LAYOUT_H
#define ENGINE_KERNELS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/tensor/quants.h"

enum {
    PANELS_VERSION = 1
}; /* of all that is said above of packed weights: one more when any of it changes */

enum {
    PANEL = 16,     /* output rows of a panel */
    ACT_BLOCK = 32, /* activations that share a scale */
    TILE_ROWS = 6,  /* most rows of an activation tile */
    K_SUPER = 256,  /* weights of a K quant's block */
    F8_BLOCK = 128  /* FP8 weights that share a scale, in both directions */
};

struct panels {
    enum quant type;
    int n, k;
    const uint8_t *data; /* 64-byte aligned */
    size_t panel_bytes;  /* from one panel to the next, a multiple of 64 */
    size_t scales;       /* where in a panel its scales begin */
};

/* How a type's panels are made up; block_bytes counts the quants of 32 k (one k for floats). */
struct panel_type {
    bool quantised; /* wants quantised activations */
    int bits;       /* of an integer weight: 4, 5, 6 or 8 */
    int offset;     /* stored unsigned weight minus this is the weight */
    bool minimum;   /* has a minimum beside the scale */
    bool super;     /* a K quant: scales in bytes under a head every 256 k */
    bool halves;    /* scales (and minima) for 16 k, two a block */
    int block_bytes;
    int scale_bytes; /* per block, heads not counted */
    int head_bytes;
    bool coded; /* stored unsigned weights are codes into coded_values() */
};
extern const struct panel_type panel_types[QUANT_COUNT];

/* Fill everything but data. k must be a multiple of the type's block. */
void panels_init(struct panels *p, enum quant type, int n, int k);
/* Panels of the matrix. */
int panels_count(const struct panels *p);
/* Bytes of the whole matrix. */
size_t panels_bytes(const struct panels *p);

/* Where the scales of block `block` of 32 k lie, from the panel's beginning; *head gets those of its
 * head, where the type has such. Quantised types only. */
size_t panels_scales_at(const struct panels *p, int block, size_t *head);

/* Pack one panel (pack.c).
 *   rows  [16] the rows in the file's layout (NULL: zeros)
 *   f8    [16] FP8 only: each row's scales, [ceil(k/128)]
 *   dst   panel_bytes of it */
void panels_pack(const struct panels *p, const uint8_t *const rows[PANEL],
                 const float *const f8[PANEL], uint8_t *dst);

/* Weights of row n of p as floats [k], the values quant_types[].dequant gives. */
void panels_row(const struct panels *p, int n, float *dst);

/* One block of a panel as plain numbers: w[i][r] is the weight of row r at k = 32 block + i; the
 * value is d[i / 16][r] * w + m[i / 16][r]. Quantised types only. */
struct panel_block {
    int8_t w[ACT_BLOCK][PANEL];
    float d[2][PANEL];
    float m[2][PANEL];
};
/* Block `block` of 32 k of panel `panel`. */
void panels_block(const struct panels *p, int panel, int block, struct panel_block *out);

/* Weight k of row r of a panel; float types only. */
float panels_float(const struct panels *p, int panel, int k, int r);

struct act {
    int rows, k;
    bool quantised;
    uint8_t *data; /* 64-byte aligned, act_bytes() */
};

static inline size_t act_row_bytes(const struct act *x)
{
    return x->quantised ? (size_t)x->k / ACT_BLOCK * 44 : (size_t)x->k * sizeof(float);
}

static inline size_t act_bytes(int rows, int k)
{
    return (size_t)rows * (size_t)k * sizeof(float); /* the larger of the two forms */
}

static inline int act_tiles(const struct act *x)
{
    return (x->rows + TILE_ROWS - 1) / TILE_ROWS;
}

/* First row of tile t; that of act_tiles() is rows. */
static inline int act_tile_row(const struct act *x, int t)
{
    int n = act_tiles(x), more = x->rows % n;
    return t * (x->rows / n) + (t < more ? t : more);
}

/* The tile that holds row. */
static inline int act_row_tile(const struct act *x, int row)
{
    int n = act_tiles(x), size = x->rows / n, more = x->rows % n;
    return row < more * (size + 1) ? row / (size + 1) : (row - more) / size;
}

static inline uint8_t *act_tile_data(const struct act *x, int t)
{
    return x->data + (size_t)act_tile_row(x, t) * act_row_bytes(x);
}

enum { KV_BLOCK = 16 }; /* tokens a block of the KV cache */

enum kv_type { KV_F32, KV_F16, KV_Q8_0 };

struct kv_shape {
    enum kv_type type;
    int k_dim, v_dim, v_pad;
    bool latent;                  /* no keys apart: they are the rows that begin with the values */
    int row;                      /* numbers from one token's values to the next one's */
    size_t k_scales, v, v_scales; /* offsets in the block */
    size_t bytes;                 /* of a block of one layer and head, a multiple of 64 */
};
/* The layout of a block of keys of k_dim and values of v_dim numbers a token. */
void kv_shape_init(struct kv_shape *s, enum kv_type type, int k_dim, int v_dim);
/* The layout of a block of latents of k_dim numbers a token, the first v_dim of which are its value. */
void kv_shape_init_latent(struct kv_shape *s, enum kv_type type, int k_dim, int v_dim);

#endif
