/* reward/math/compare/scalar.c - two expressions with values, from the cheapest test to the dearest.
 *
 * The ladder is the table `steps`. Each step may decide; the first that does ends it.
 *
 *   infinity       only infinity of the same sign equals infinity
 *   fingerprint    images in a finite field: equal, different for sure, or unknown
 *   rounding       decimals (decimal.c)
 *   intervals      double precision with error bounds at real points: different for sure
 *   balls          rigorous arithmetic and exact constants (ball.c; MATH_FULL only)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/scalar.h"

#include <assert.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/real/interval.h"
#include "reward/math/real/magnitude.h"
#include "reward/math/value/ball.h"
#include "reward/math/value/ball_series.h"
#include "reward/math/value/calculus.h"
#include "reward/math/value/rounding.h"
#include "reward/math/tree/functions.h"

enum { CHEAP_STEPS = 10000, FULL_STEPS = 2000000 };

struct pair {
    const struct expr *gold, *answer;
    bool constant;  /* both are */
    bool different; /* proved by an exact fingerprint */
};

static int infinity_sign(const struct expr *e)
{
    if (e->kind == E_CONST && e->op == C_INF) return 1;
    if (e->kind == E_NEG) return -infinity_sign(e->arg[0]);
    if (e->kind == E_UNIT) return infinity_sign(e->arg[0]);
    return 0;
}

/* e may be infinite although no infinity is written in it. */
static bool has_limit(const struct expr *e)
{
    return expr_has(e, E_LIMIT, -1) || expr_has(e, E_SUM, -1) || expr_has(e, E_INTEGRAL, -1);
}

static enum equality infinity(struct math_work *w, struct pair *p)
{
    int a = infinity_sign(p->gold), b = infinity_sign(p->answer);
    if (a == 0 && b == 0) return EQ_UNKNOWN;
    if (a != b && (has_limit(p->gold) || has_limit(p->answer))) return EQ_UNKNOWN;
    return a == b ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
}

static enum equality at_seed(struct math_work *w, struct pair *p, uint64_t seed, bool common_log)
{
    struct fingerprint x, y;
    struct fingerprint_options o = {.seed = seed,
                                    .common_log = common_log,
                                    .steps = w->effort == MATH_FULL ? FULL_STEPS : CHEAP_STEPS};
    if (!fingerprint_of(p->gold, &o, &x) || !fingerprint_of(p->answer, &o, &y)) return EQ_UNKNOWN;
    if (field_eq(x.image, y.image)) return EQ_YES;
    if (x.exact && y.exact) p->different = true;
    return EQ_NO;
}

/* Both have values at a point, and those are apart. The field has P elements: numbers that differ by a
 * multiple of P have one image, and powers whose exponents differ by one of P - 1, so an equality of
 * images is not one of such values. */
static bool are_apart(const struct math_work *w, const struct pair *p)
{
    const struct point positive = {.k = 1, .seed = w->seed};
    return magnitude_apart(p->gold, p->answer, p->constant ? NULL : &positive);
}

static enum equality fingerprints(struct math_work *w, struct pair *p)
{
    bool logs = expr_has(p->gold, E_FUNC, F_LOG) || expr_has(p->answer, E_FUNC, F_LOG);
    for (int common = 0; common <= (int)logs; common++) {
        enum equality e = at_seed(w, p, w->seed, common);
        if (e == EQ_YES) e = at_seed(w, p, field_mix(w->seed), common);
        if (e == EQ_YES && !logs && are_apart(w, p)) return work_no(w, MATH_NOT_EQUAL);
        if (e == EQ_YES) return work_yes(w, MATH_EQUAL_VALUE);
    }
    return EQ_UNKNOWN;
}

static enum equality rounding(struct math_work *w, struct pair *p)
{
    enum equality e = p->constant ? rounding_equal(w, p->gold, p->answer) : EQ_UNKNOWN;
    if (e == EQ_UNKNOWN && p->different) return work_no(w, MATH_NOT_EQUAL);
    return e;
}

static enum equality intervals(struct math_work *w, struct pair *p)
{
    struct interval x, y;
    struct point at = {.seed = w->seed};
    if (p->constant) {
        if (!interval_of(p->gold, NULL, &x) || !interval_of(p->answer, NULL, &y)) return EQ_UNKNOWN;
        return interval_apart(x, y) ? work_no(w, MATH_NOT_EQUAL) : EQ_UNKNOWN;
    }
    for (at.k = 0; at.k < POINTS; at.k++) {
        if (interval_of(p->gold, &at, &x) && interval_of(p->answer, &at, &y) &&
            interval_apart(x, y)) {
            return work_no(w, MATH_NOT_EQUAL);
        }
    }
    return EQ_UNKNOWN;
}

static enum equality balls(struct math_work *w, struct pair *p)
{
    if (w->effort != MATH_FULL) {
        w->deferred = true;
        return EQ_UNKNOWN;
    }
    int a = infinity_sign(p->gold), b = infinity_sign(p->answer);
    if (a == 0 && b == 0) {
        enum equality e = ball_equal(w, p->gold, p->answer);
        bool one = e == EQ_UNKNOWN &&
                   (ball_divergence(w, p->gold) != 0) != (ball_divergence(w, p->answer) != 0);
        return one ? work_no(w, MATH_NOT_EQUAL) : e;
    }
    int sign = ball_divergence(w, a == 0 ? p->gold : p->answer);
    if (sign == 0) return EQ_UNKNOWN;
    return sign == a + b ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
}

static enum equality (*const steps[])(struct math_work *, struct pair *) = {
    infinity, fingerprints, rounding, intervals, balls,
};

static bool is_antiderivative(const struct expr *e)
{
    return e->kind == E_INTEGRAL && e->n == 1;
}

/* An integral without limits stands for all functions with that derivative. */
static enum equality antiderivatives(struct math_work *w, const struct expr *gold,
                                     const struct expr *answer)
{
    assert(is_antiderivative(gold) || is_antiderivative(answer));
    struct span name = gold->kind == E_INTEGRAL && gold->n == 1 ? gold->text : answer->text;
    gold = calculus_derivative(w->arena, gold, name);
    answer = calculus_derivative(w->arena, answer, name);
    return gold == NULL || answer == NULL ? EQ_UNKNOWN : scalar_equal(w, gold, answer);
}

enum equality scalar_equal(struct math_work *w, const struct expr *gold, const struct expr *answer)
{
    if (gold == NULL || answer == NULL) return EQ_UNKNOWN; /* no memory for it */
    if (expr_same(gold, answer)) return work_yes(w, MATH_EQUAL_VALUE);
    if (is_antiderivative(gold) || is_antiderivative(answer)) {
        return antiderivatives(w, gold, answer);
    }
    int most = w->effort == MATH_FULL ? WORK_MAX_COMPARISONS : WORK_CHEAP_COMPARISONS;
    if (++w->comparisons > most) {
        w->deferred = w->effort == MATH_CHEAP;
        w->too_large = w->effort == MATH_FULL;
        return EQ_UNKNOWN;
    }
    struct pair p = {gold, answer, expr_is_constant(gold) && expr_is_constant(answer), false};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (work_expired(w)) return EQ_UNKNOWN;
        enum equality e = steps[i](w, &p);
        if (e != EQ_UNKNOWN) return e;
    }
    return EQ_UNKNOWN;
}
