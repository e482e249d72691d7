/* reward/math/value/rounding.h - when a decimal is another value rounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_ROUNDING_H
#define REWARD_MATH_VALUE_ROUNDING_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* A decimal against an exact value or another decimal, by the rounding rule. EQ_UNKNOWN where the
 * rule does not apply. */
enum equality rounding_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer);

#endif
