/* reward/math/value/ball_eval.h - one evaluation in progress; inside ball_eval.c, ball_series.c and
 * ball_integral.c only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_BALL_EVAL_H
#define REWARD_MATH_VALUE_BALL_EVAL_H

#include "reward/math/value/ball.h"

enum {
    BALL_MAX_TERMS = 20000, /* of a sum */
    BALL_EXTRAPOLATED = 110 /* bits that two extrapolations must agree in */
};

/* Names that have a value, innermost first. */
struct bound_ball {
    const struct bound_ball *outer;
    struct span name;
    acb_srcptr value;
};

struct eval {
    struct math_work *w;
    const struct ball_options *o;
    const struct bound_ball *bound;
    long prec;
    bool analytic; /* inside an integral: no branch cut may be crossed */
    long steps;
};

/* e into out, which no part of v borrows. False where e has no value, or v is out of steps or time. */
bool ball_eval(struct eval *v, const struct expr *e, acb_t out);

/* body with name = value */
bool ball_eval_at(struct eval *v, const struct expr *body, struct span name, const acb_t value,
                  acb_t out);

/* An E_SUM of endlessly many terms (ball_series.c). */
bool ball_endless_sum(struct eval *v, const struct expr *e, acb_t out);

/* An E_SUM of op 1, of endlessly many factors (ball_series.c). */
bool ball_endless_product(struct eval *v, const struct expr *e, acb_t out);

/* An E_LIMIT (ball_series.c). */
bool ball_limit(struct eval *v, const struct expr *e, acb_t out);

/* E_INTEGRAL with limits, also infinite ones (ball_integral.c). */
bool ball_integral(struct eval *v, const struct expr *e, acb_t out);

#endif
