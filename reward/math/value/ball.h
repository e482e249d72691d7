/* reward/math/value/ball.h - evaluation in Arb's balls.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_BALL_H
#define REWARD_MATH_VALUE_BALL_H

#include "reward/math/real/interval.h"
#include "reward/math/tree/expr.h"
#include "reward/math/value/arb.h"
#include "reward/math/work/work.h"

struct ball_options {
    const struct point *point; /* values of variables; NULL for constants */
    bool common_log;           /* \log without a base is of base 10 */
};

/* e to about prec bits in *out, which is initialised. False where e is no number, is not defined,
 * or would take too much work. */
bool ball_of(struct math_work *w, const struct expr *e, const struct ball_options *o, long prec,
             acb_t out);

/* Rigorous evaluation at points and exact constants, MATH_FULL only. */
enum equality ball_equal(struct math_work *w, const struct expr *x, const struct expr *y);

#endif
