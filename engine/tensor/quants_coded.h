/* engine/tensor/quants_coded.h - GGUF's types of 2 to 4 bits whose weights are codes: a block taken
 * apart.
 *
 * All of them come to one shape: a block has a scale, each 16 weights an integer beside it, each
 * weight a code of 4 bits that names one of 16 integers. What differs is how a file packs that:
 *
 *   Q2_K, Q3_K        codes as they are, a minimum beside the scale (Q2_K)
 *   IQ4_NL, IQ4_XS    codes into a table of 16 values, finer around 0
 *   IQ2_*, IQ3_*      8 or 4 weights at once are an entry of a grid (quant_grids.c), and their signs
 *
 * Both ways out of a file use it: to floats (quants.c's table) and into panels (kernels/pack.c).
 * Layouts: GGML's ggml-common.h, k-quants and i-quants.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TENSOR_QUANTS_CODED_H
#define ENGINE_TENSOR_QUANTS_CODED_H

#include "engine/tensor/quants.h"

/* w[i] = (d scale[i / 16]) values[code[i]] - dmin min[i / 16]; of a type of 32 weights only the first
 * 32 are set. d is the file's times a power of two that makes scales integers: exact. */
struct coded_block {
    float d, dmin;
    int8_t scale[16];
    uint8_t min[16];
    uint8_t code[256];
};

/* The 16 integers that codes of a type name; NULL for a type that is not of this kind. */
const int8_t *coded_values(enum quant type);

/* Take a block of such a type apart; src need not be aligned. */
void coded_unpack(enum quant type, const void *src, struct coded_block *out);

/* n weights, a multiple of the type's block, as floats (struct quant_type). */
void dequant_q2_k(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_q3_k(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq4_nl(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq4_xs(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq2_xxs(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq2_xs(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq2_s(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq3_xxs(float *dst, const void *src, int64_t n);
/* As dequant_q2_k(). */
void dequant_iq3_s(float *dst, const void *src, int64_t n);

/* The entries of the grids, part of the format: of IQ2 eight weights of 2 bits, of IQ3 four of 3,
 * each the rank of a magnitude, the first weight lowest. */
extern const uint16_t quant_grid_iq2_xxs[256], quant_grid_iq2_xs[512], quant_grid_iq2_s[1024];
extern const uint16_t quant_grid_iq3_xxs[256], quant_grid_iq3_s[512];

#endif
