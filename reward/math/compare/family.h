/* reward/math/compare/family.h - answers with a free parameter or constant: k pi for whole k, x^2 + C.
 *
 * What such an answer means is the set of all its values, so the name of the parameter, and where
 * the counting starts, do not matter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_FAMILY_H
#define REWARD_MATH_COMPARE_FAMILY_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* text with a clause such as "where n is an integer", "for all k \in \mathbb{Z}" or "(k any
 * integer)" at its end written ", n \in \mathbb{Z}"; text itself when it has none. */
struct span family_text(struct arena *a, struct span text);

/* compare_exprs() of two answers of which either may be a family, or hold constants of its own. */
enum equality family_equal(struct math_work *w, const struct expr *gold, const struct expr *answer);

/* Two antiderivatives with an added constant C: their difference does not depend on anything else. */
enum equality family_same_antiderivative(struct math_work *w, const struct expr *gold,
                                         const struct expr *answer);

#endif
