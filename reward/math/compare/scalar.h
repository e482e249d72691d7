/* reward/math/compare/scalar.h - two expressions with values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_SCALAR_H
#define REWARD_MATH_COMPARE_SCALAR_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* gold's own decimals decide rounding. EQ_UNKNOWN for NULL (no memory for a side). */
enum equality scalar_equal(struct math_work *w, const struct expr *gold, const struct expr *answer);

#endif
