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

/* The letter that must be a whole number in e, since -1 is raised to it: n of (-1)^n. {NULL, 0}
 * when there is none. */
struct span progression_whole_letter(const struct expr *e);

/* e with cos(k pi) and sin(k pi), for whole multiples k of the whole number n and whole numbers, as
 * (-1)^k and 0; e itself when it has none, NULL when the arena is full. */
const struct expr *progression_alternating(struct math_work *w, const struct expr *e,
                                           struct span n);

#endif
