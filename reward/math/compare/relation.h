/* reward/math/compare/relation.h - equations and inequalities.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_RELATION_H
#define REWARD_MATH_COMPARE_RELATION_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* Two chains of relations. EQ_UNKNOWN when rearranging cannot tell. */
enum equality relation_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer);

/* "y = a or y = b" (a list) against one equation. */
enum equality relation_alternatives(struct math_work *w, const struct expr *list,
                                    const struct expr *relation);

#endif
