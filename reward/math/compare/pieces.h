/* reward/math/compare/pieces.h - functions defined in pieces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_PIECES_H
#define REWARD_MATH_COMPARE_PIECES_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* e is a list of pairs of a value and a condition, as \begin{cases} gives it. */
bool pieces_are(const struct expr *e);

/* Two pieces that meet at one point against a function written in one: x on one side of 0 and -x on
 * the other against |x|. pieces_are_gold: which of them is the reference. EQ_UNKNOWN for more
 * pieces, or other conditions, than that. */
enum equality pieces_equal(struct math_work *w, const struct expr *pieces, const struct expr *whole,
                           bool pieces_are_gold);

#endif
