/* reward/math/real/magnitude.h - how large a value is, also beyond the range of a double.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_REAL_MAGNITUDE_H
#define REWARD_MATH_REAL_MAGNITUDE_H

#include "reward/math/real/interval.h"

/* The values of x and y at p are apart for sure: as numbers, or by their magnitudes. */
bool magnitude_apart(const struct expr *x, const struct expr *y, const struct point *p);

#endif
