/* reward/math/value/ball.c - rigorous evaluation: the last step, in a worker.
 *
 * A ball is a midpoint and a radius that surely holds the value. Two disjoint balls prove two
 * values different. Balls that still overlap at the highest precision show equality to that many
 * digits; for constants exact arithmetic is asked first (exact.c).
 *
 * Variables take the values of a few points (interval.h). Where both sides are real they must
 * agree; where one is real and the other is not they differ; where neither is real anywhere their
 * complex values must agree. At least two points must have told; after three the others are only
 * asked for a difference, cheaply. That both are 0 somewhere tells nothing beside a difference: so
 * are (1 - (-1)^n)/n and (1 - (-1)^n)/m for every even n.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/ball.h"

#include <assert.h>

#include "reward/math/value/exact.h"
#include "reward/math/tree/functions.h"

static const long precisions[] = {128, 512, 3400}; /* bits; the last is 1,000 digits */

enum { PRECISIONS = sizeof(precisions) / sizeof(precisions[0]), NEEDED = 2, ENOUGH = 3 };

enum outcome { SAME, BOTH_ZERO, APART_BALLS, NO_VALUE };

static bool is_real(const acb_t x)
{
    return arb_contains_zero(acb_imagref(x));
}

/* x is known to that many bits, relative to its size or (near 0) absolutely. */
static bool is_tight(const acb_t x, long bits)
{
    if (acb_rel_accuracy_bits(x) > bits) return true;
    return mag_cmp_2exp_si(arb_radref(acb_realref(x)), -bits) < 0 &&
           mag_cmp_2exp_si(arb_radref(acb_imagref(x)), -bits) < 0;
}

/* Its value is known to about 100 bits only. */
static bool is_extrapolated(const struct expr *e)
{
    return expr_has(e, E_INTEGRAL, -1) || expr_has(e, E_LIMIT, -1) || expr_has(e, E_SUM, -1);
}

/* Balls at one point, at growing precision until they part; `quick`: at the first precision, which
 * may only tell them apart. */
static enum outcome at_point(struct math_work *w, const struct expr *x, const struct expr *y,
                             const struct ball_options *o, bool quick, bool *real, bool *one_real)
{
    acb_t a, b;
    enum outcome out = NO_VALUE;
    bool extrapolated = is_extrapolated(x) || is_extrapolated(y);
    bool costly = expr_has(x, E_INTEGRAL, -1) || expr_has(y, E_INTEGRAL, -1) ||
                  expr_has(x, E_LIMIT, -1) || expr_has(y, E_LIMIT, -1);
    assert(o->point == NULL || (o->point->k >= 0 && o->point->k < POINTS));
    /* more bits would not make costly ones better */
    int last = quick || costly ? 0 : PRECISIONS - 1;
    acb_init(a);
    acb_init(b);
    for (int i = 0; i <= last && !work_expired(w); i++) {
        bool ok = ball_of(w, x, o, precisions[i], a) && ball_of(w, y, o, precisions[i], b);
        if (!ok || !acb_is_finite(a) || !acb_is_finite(b)) {
            if (i == last) out = NO_VALUE;
            continue;
        }
        bool accurate = acb_rel_accuracy_bits(a) > 40 || acb_contains_zero(a);
        *real = is_real(a) && is_real(b);
        *one_real = accurate && is_real(a) != is_real(b);
        if (!acb_overlaps(a, b)) {
            out = APART_BALLS;
            break;
        }
        if (i == last) {
            long bits = extrapolated ? 100 : 1000;
            bool zero = acb_contains_zero(a) && acb_contains_zero(b);
            out = !is_tight(a, bits) || !is_tight(b, bits) ? NO_VALUE : zero ? BOTH_ZERO : SAME;
        }
    }
    acb_clear(a);
    acb_clear(b);
    return out;
}

static enum equality constants(struct math_work *w, const struct expr *x, const struct expr *y,
                               bool common_log)
{
    bool real, one_real;
    struct ball_options o = {.common_log = common_log};
    enum outcome r = at_point(w, x, y, &o, false, &real, &one_real);
    if (r == APART_BALLS) return work_no(w, MATH_NOT_EQUAL);
    if (work_expired(w)) return EQ_UNKNOWN;
    enum equality exact = exact_equal(w, x, y, common_log);
    if (exact != EQ_UNKNOWN) return exact;
    bool same = r == SAME || r == BOTH_ZERO;
    return same ? work_yes(w, MATH_EQUAL_NUMERICALLY) : EQ_UNKNOWN;
}

static enum equality functions(struct math_work *w, const struct expr *x, const struct expr *y,
                               bool common_log)
{
    int same = 0, zeros = 0, complex_same = 0, complex_apart = 0, one_sided = 0;
    struct point at = {.seed = w->seed};
    for (at.k = 0; at.k < POINTS; at.k++) {
        bool real = false, one_real = false;
        struct ball_options o = {.point = &at, .common_log = common_log};
        bool quick = same + complex_same + zeros >= ENOUGH;
        enum outcome r = at_point(w, x, y, &o, quick, &real, &one_real);
        if (r == APART_BALLS && real) return work_no(w, MATH_NOT_EQUAL);
        if (r == APART_BALLS && one_real) one_sided++;
        if (r == APART_BALLS && !real && !one_real) complex_apart++;
        zeros += r == BOTH_ZERO;
        if (r == SAME) {
            same += real;
            complex_same += !real;
        }
    }
    if (one_sided > 0) return work_no(w, MATH_NOT_EQUAL);
    if (same == 0 && complex_apart > 0) return work_no(w, MATH_NOT_EQUAL);
    int told = same + complex_same + (complex_apart == 0 ? zeros : 0);
    return told >= NEEDED ? work_yes(w, MATH_EQUAL_NUMERICALLY) : EQ_UNKNOWN;
}

enum equality ball_equal(struct math_work *w, const struct expr *x, const struct expr *y)
{
    bool constant = expr_is_constant(x) && expr_is_constant(y);
    bool logs = expr_has(x, E_FUNC, F_LOG) || expr_has(y, E_FUNC, F_LOG);
    enum equality e = EQ_UNKNOWN;
    for (int common = 0; common <= (int)logs && e != EQ_YES; common++) {
        e = constant ? constants(w, x, y, common) : functions(w, x, y, common);
    }
    return e;
}
