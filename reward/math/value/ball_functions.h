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

/* base^e for e = p/q with an odd q: of a negative base the real value, whose sign turns with an odd
 * p. */
bool ball_odd_power(struct eval *v, acb_srcptr base, acb_srcptr e, bool odd_p, acb_ptr out);

/* The column `ball` of FUNCTIONS. False where the value is none, or too much work. */
#define BALL_COLUMN(X) \
    X(sqrt) \
    X(root) \
    X(exp) X(sin) X(cos) X(tan) X(cot) X(sec) X(csc) X(asin) X(acos) X(atan) X(sinh) X(cosh) \
        X(tanh) X(coth) X(sech) X(csch) X(asinh) X(acosh) X(atanh) X(ln) X(log) X(log_base) X(erf) \
            X(abs) X(sgn) X(floor) X(ceil) X(re) X(im) X(conj) X(arg) X(factorial) X(gamma) \
                X(zeta) X(binomial) X(min) X(max) X(modulo)
#define DECLARE(name) bool ball_##name(const struct ball_call *c);
BALL_COLUMN(DECLARE)
#undef DECLARE

#endif
