/* reward/math/value/ball_functions.h - functions of balls; inside ball_eval.c and functions.c only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_BALL_FUNCTIONS_H
#define REWARD_MATH_VALUE_BALL_FUNCTIONS_H

#include "reward/math/value/ball_eval.h"

/* A function at x (and y), into out, which is neither of them. */
struct ball_call {
    struct eval *v;
    acb_srcptr x, y;
    acb_ptr out;
};

/* x is a whole number n, known exactly. */
bool ball_whole(acb_srcptr x, fmpz_t n);

/* base^e */
bool ball_power(struct eval *v, acb_srcptr base, acb_srcptr e, acb_ptr out);

/* The column `ball` of FUNCTIONS. False where the value is none, or too much work. */
bool ball_sqrt(const struct ball_call *c);
bool ball_root(const struct ball_call *c);
bool ball_exp(const struct ball_call *c);
bool ball_sin(const struct ball_call *c);
bool ball_cos(const struct ball_call *c);
bool ball_tan(const struct ball_call *c);
bool ball_cot(const struct ball_call *c);
bool ball_sec(const struct ball_call *c);
bool ball_csc(const struct ball_call *c);
bool ball_asin(const struct ball_call *c);
bool ball_acos(const struct ball_call *c);
bool ball_atan(const struct ball_call *c);
bool ball_sinh(const struct ball_call *c);
bool ball_cosh(const struct ball_call *c);
bool ball_tanh(const struct ball_call *c);
bool ball_coth(const struct ball_call *c);
bool ball_sech(const struct ball_call *c);
bool ball_csch(const struct ball_call *c);
bool ball_asinh(const struct ball_call *c);
bool ball_acosh(const struct ball_call *c);
bool ball_atanh(const struct ball_call *c);
bool ball_ln(const struct ball_call *c);
bool ball_log(const struct ball_call *c);
bool ball_log_base(const struct ball_call *c);
bool ball_erf(const struct ball_call *c);
bool ball_abs(const struct ball_call *c);
bool ball_sgn(const struct ball_call *c);
bool ball_floor(const struct ball_call *c);
bool ball_ceil(const struct ball_call *c);
bool ball_re(const struct ball_call *c);
bool ball_im(const struct ball_call *c);
bool ball_conj(const struct ball_call *c);
bool ball_arg(const struct ball_call *c);
bool ball_factorial(const struct ball_call *c);
bool ball_gamma(const struct ball_call *c);
bool ball_binomial(const struct ball_call *c);
bool ball_min(const struct ball_call *c);
bool ball_max(const struct ball_call *c);
bool ball_modulo(const struct ball_call *c);

#endif
