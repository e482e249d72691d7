/* reward/math/compare/claim.h - what an answer claims: x = 5 claims 5, 1/3 \approx 0.33 claims 1/3, P(1, 2) a
 * pair.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_CLAIM_H
#define REWARD_MATH_COMPARE_CLAIM_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* No operand of e holds a symbol. */
bool claim_all_constant(const struct expr *e);

/* The value that a chain of = gives: what x is in x = 5, 5 = x, x = 2 + 3 = 5 and 2 + 3 = 5; e
 * itself when it gives none. */
const struct expr *claim_value(const struct expr *e);

/* The value of an equation whose left side is measured, not solved for, m + n = 113, f(1) = 3: what
 * it gives beside a number. e itself when it is none. */
const struct expr *claim_measured(const struct expr *e);

/* (y, x) = (3, -1) as (x, y) = (-1, 3): names in the order of the alphabet; e itself otherwise. */
const struct expr *claim_in_name_order(struct math_work *w, const struct expr *e);

/* What a chain concludes, a point without its name; e itself otherwise. */
const struct expr *claim_of(struct math_work *w, const struct expr *e);

/* y = (a +- b) / c as (c y - a)^2 = b^2; e itself when its sign stands elsewhere. */
const struct expr *claim_without_sign(struct math_work *w, const struct expr *e);

/* A list (or set) whose elements' +- are written out; a scalar with +- becomes a list. */
const struct expr *claim_spread(struct math_work *w, const struct expr *e);

/* x = 1, y = 2: values given to different names, so that their order is known. */
bool claim_gives_values(const struct expr *e);

/* e in the notation that the other side calls for. */
const struct expr *claim_beside(struct math_work *w, const struct expr *e,
                                const struct expr *other);

#endif
