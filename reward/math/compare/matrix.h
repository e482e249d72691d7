/* reward/math/compare/matrix.h - sums, products and powers of matrices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_MATRIX_H
#define REWARD_MATH_COMPARE_MATRIX_H

#include "reward/math/tree/expr.h"

/* e multiplied out: an E_MATRIX, or e itself when it holds no matrix, or NULL when it cannot be. */
const struct expr *matrix_expand(struct arena *a, const struct expr *e);

#endif
