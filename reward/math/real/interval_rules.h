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
bool interval_sqrt(const struct interval_call *c, struct interval *out);
bool interval_root(const struct interval_call *c, struct interval *out);
bool interval_exp(const struct interval_call *c, struct interval *out);
bool interval_ln(const struct interval_call *c, struct interval *out);
bool interval_log_base(const struct interval_call *c, struct interval *out);
bool interval_circular(const struct interval_call *c, struct interval *out);
bool interval_hyperbolic(const struct interval_call *c, struct interval *out);
bool interval_asin(const struct interval_call *c, struct interval *out);
bool interval_acos(const struct interval_call *c, struct interval *out);
bool interval_atan(const struct interval_call *c, struct interval *out);
bool interval_asinh(const struct interval_call *c, struct interval *out);
bool interval_acosh(const struct interval_call *c, struct interval *out);
bool interval_atanh(const struct interval_call *c, struct interval *out);
bool interval_erf(const struct interval_call *c, struct interval *out);
bool interval_abs(const struct interval_call *c, struct interval *out);
bool interval_floor(const struct interval_call *c, struct interval *out);
bool interval_ceil(const struct interval_call *c, struct interval *out);
bool interval_factorial(const struct interval_call *c, struct interval *out);
bool interval_binomial(const struct interval_call *c, struct interval *out);
bool interval_min(const struct interval_call *c, struct interval *out);
bool interval_max(const struct interval_call *c, struct interval *out);

#endif
