/* engine/tensor/finite.h - does a tensor hold a NaN or an infinity?
 *
 * One such weight makes every number behind it a NaN, or nothing at all where activations are quantised,
 * and a model that writes nonsense without a word. In blocks only a scale or a minimum can be one, so few
 * bytes are looked at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TENSOR_FINITE_H
#define ENGINE_TENSOR_FINITE_H

#include "engine/tensor/quants.h"

/* Are n weights (a multiple of the type's block) at src, which need not be aligned, all finite? */
bool quant_is_finite(enum quant type, const void *src, int64_t n);

#endif
