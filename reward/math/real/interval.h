/* reward/math/real/interval.h - real values in double precision, with a bound on the error.
 *
 * The cheap way to prove that two expressions differ: evaluate both at the same real point and see
 * that the error bounds do not overlap. Every operation adds its own rounding (half a unit in the
 * last place for + - * / sqrt, 8 units for the library's functions, which glibc documents as below
 * 5) to what its operands bring.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_REAL_INTERVAL_H
#define REWARD_MATH_REAL_INTERVAL_H

#include "reward/math/tree/expr.h"

struct interval {
    double mid, error; /* the value is within error of mid */
};

/* The values that variables have: point number k of a choice that the seed makes. Points 0, 10 and
 * 11 have small whole numbers, 1 and 2 positive reals, 3 to 9 reals of either sign: each variable is
 * negative at four of these, and any two letters have different signs at one, equal ones at another. */
struct point {
    int k;
    uint64_t seed;
};

enum { POINTS = 12, POINT_FIRST_SIGNED = 3, POINT_LAST_SIGNED = 9 };

/* The value of name at p, a multiple of 1/64. */
double point_value(const struct point *p, struct span name);

/* False where e has no real value at p (NULL: e is constant), no finite one, or none that can be
 * told in double precision. */
bool interval_of(const struct expr *e, const struct point *p, struct interval *out);

/* a and b differ for sure. */
bool interval_apart(struct interval a, struct interval b);

#endif
