/* reward/math/compare/quantity.h - values with units, percent and degree signs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_QUANTITY_H
#define REWARD_MATH_COMPARE_QUANTITY_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* Two scalars, which may have units, percent or degree signs. */
enum equality quantity_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer);

/* Two ranges, 17-20 or 17 to 20, by their ends; EQ_UNKNOWN when either is none. */
enum equality quantity_ranges(struct math_work *w, const struct expr *gold,
                              const struct expr *answer);

#endif
