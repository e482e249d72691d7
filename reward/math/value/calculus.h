/* reward/math/value/calculus.h - derivatives, and limits and integrals that follow from them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_CALCULUS_H
#define REWARD_MATH_VALUE_CALCULUS_H

#include "reward/math/tree/expr.h"

/* de/dname, not simplified; NULL where no rule fits or the arena is full. */
const struct expr *calculus_derivative(struct arena *a, const struct expr *e, struct span name);

/* e with its derivatives carried out, its limits taken where substitution, l'Hopital's rule or
 * degrees give them, and its geometric series summed; what cannot be stays. NULL when the arena
 * is full. */
const struct expr *calculus_expand(struct arena *a, const struct expr *e);

#endif
