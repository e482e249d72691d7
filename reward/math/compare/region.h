/* reward/math/compare/region.h - sets of real numbers: intervals, unions, finite sets, inequalities.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_REGION_H
#define REWARD_MATH_COMPARE_REGION_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* EQ_UNKNOWN when one side is none. */
enum equality region_equal(struct math_work *w, const struct expr *gold, const struct expr *answer);

/* e holds intervals, set operations or inequalities of one variable. */
bool region_is(const struct expr *e);

#endif
