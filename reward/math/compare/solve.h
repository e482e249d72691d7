/* reward/math/compare/solve.h - inequalities and finite conditions solved.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_SOLVE_H
#define REWARD_MATH_COMPARE_SOLVE_H

#include "reward/math/tree/expr.h"

/* e with its inequalities of one variable solved, where their factors are of degree two at most;
 * the others stay. */
const struct expr *solve_conditions(struct arena *a, const struct expr *e);

/* {x in Z : 1 <= x < 5} as its elements; other expressions themselves. */
const struct expr *solve_builder(struct arena *a, const struct expr *e);

#endif
