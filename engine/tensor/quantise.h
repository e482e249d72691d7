/* engine/tensor/quantise.h - rows of floats into the block types of quants.h.
 *
 * The rounding is GGML's reference quantisers' (ggml-quants.c, quantize_row_*_ref), so a model
 * quantised while it is loaded has the same weights as its GGUF file of that type.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TENSOR_QUANTISE_H
#define ENGINE_TENSOR_QUANTISE_H

#include <stdbool.h>

#include "engine/tensor/quants.h"

/* Whether quantise_row() knows the type: F32, F16, BF16, Q8_0, Q4_0, Q4_1. */
bool quantise_knows(enum quant type);

/* n floats, a multiple of the type's block, to dst. */
void quantise_row(enum quant type, void *dst, const float *src, int n);

#endif
