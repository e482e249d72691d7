/* reward/math/compare/progression.h - the values b + a k for all whole k, as sets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_PROGRESSION_H
#define REWARD_MATH_COMPARE_PROGRESSION_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* b + a k for all whole k: the same values in two scalars of w->parameter. */
enum equality progression_same(struct math_work *w, const struct expr *gold,
                               const struct expr *answer);

/* Two unions of progressions, lists of scalars of w->parameter, as sets of values; EQ_UNKNOWN when
 * either is something else. */
enum equality progression_same_unions(struct math_work *w, const struct expr *gold,
                                      const struct expr *answer);

#endif
