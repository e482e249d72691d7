/* reward/math/real/interval_rules.h - arithmetic and functions of intervals (interval.h).
 *
 * All give false where there is no real, finite value within double precision.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_REAL_INTERVAL_RULES_H
#define REWARD_MATH_REAL_INTERVAL_RULES_H

#include "reward/math/real/interval.h"

struct function;

/* mid, with its own rounding added to error. */
bool interval_make(double mid, double error, struct interval *out);

/* mid exactly, when whole numbers without error made it; else as interval_make(). */
bool interval_make_whole(bool whole, double mid, double error, struct interval *out);

/* a b */
bool interval_multiply(struct interval a, struct interval b, struct interval *out);

/* a / b */
bool interval_divide(struct interval a, struct interval b, struct interval *out);

/* x^n */
bool interval_power(struct interval x, struct interval n, struct interval *out);

/* A function at x (and y), x in its domain. */
struct interval_call {
    const struct function *f;
    struct interval x, y;
};

/* The column `interval` of FUNCTIONS. */
#define INTERVAL_COLUMN(X) \
    X(sqrt) \
    X(root) X(exp) X(ln) X(log_base) X(circular) X(hyperbolic) X(asin) X(acos) X(atan) X(asinh) \
        X(acosh) X(atanh) X(erf) X(abs) X(floor) X(ceil) X(factorial) X(binomial) X(min) X(max)
#define DECLARE(name) bool interval_##name(const struct interval_call *c, struct interval *out);
INTERVAL_COLUMN(DECLARE)
#undef DECLARE

#endif
