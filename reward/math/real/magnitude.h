/* reward/math/real/magnitude.h - how large a value is, also beyond the range of a double.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_REAL_MAGNITUDE_H
#define REWARD_MATH_REAL_MAGNITUDE_H

#include "reward/math/real/interval.h"

/* ln |e| at p (NULL: e is constant) of a value that is not 0. False where that cannot be told: e has
 * no value there, may be 0, or its exponents are themselves beyond a double. */
bool magnitude_of(const struct expr *e, const struct point *p, struct interval *out);

/* The values of x and y at p are apart for sure: as numbers, or by their magnitudes. */
bool magnitude_apart(const struct expr *x, const struct expr *y, const struct point *p);

#endif
