/* reward/math/compare/compare.h - anything against anything.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_COMPARE_H
#define REWARD_MATH_COMPARE_COMPARE_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* Two trees. EQ_UNKNOWN for NULL (no memory for a side). */
enum equality compare_exprs(struct math_work *w, const struct expr *gold,
                            const struct expr *answer);

#endif
