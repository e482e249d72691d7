/* reward/math/value/rounding.c - when a decimal is another value rounded.
 *
 * The rule. Two decimals are equal when their digits are: 2.23 is neither 2.232 nor 2.2. A decimal
 * d with k places equals an exact value v that no decimal writes (1/3, pi, the root of 2) when
 * |v - d| is at most half a unit of the k-th place (from six places on also less than a whole unit
 * above d: truncation is then no mistake) and
 *   d is the reference and has at least two places and two significant digits (0.33), or one place
 *     and three significant digits (33.3), or
 *   d is the answer and has at least `precision` (6) places or significant digits.
 * Where the request gives a precision p itself, any two numbers within half a unit of the p-th
 * place are equal. abs_tol is what it says, and rel_tol in parts of the reference. Sixteen digits
 * that differ in the last ones are one double.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/rounding.h"

#include <assert.h>
#include <math.h>

#include "reward/math/field/rational.h"
#include "reward/math/real/decimal.h"
#include "reward/math/real/interval.h"

/* v has a finite decimal expansion, as far as small fractions tell. */
static bool terminates(const struct expr *e)
{
    struct rational r;
    struct decimal d;
    if (decimal_of(e, &d)) return true;
    if (!rational_of(e, NULL, &r)) return false;
    assert(r.d > 0); /* else neither loop ends */
    while (r.d % 2 == 0) {
        r.d /= 2;
    }
    while (r.d % 5 == 0) {
        r.d /= 5;
    }
    return r.d == 1;
}

static enum equality within(struct math_work *w, double x, double y, double tolerance, double error,
                            enum math_cause cause)
{
    assert(!(tolerance < 0) && !(error < 0));
    double gap = fabs(x - y);
    if (gap <= tolerance * (1 + 1e-9) + error) return work_yes(w, cause);
    return EQ_UNKNOWN;
}

/* decimal d (of gold or answer) against the exact value v. */
static enum equality rounded(struct math_work *w, const struct decimal *d, bool d_is_gold,
                             const struct expr *exact)
{
    struct interval v;
    double x;
    int needed = w->options->precision;
    int64_t written = d->places - d->percent; /* 33 % has no place */
    bool as_gold = (written >= 2 && d->significant >= 2) || (written >= 1 && d->significant >= 3) ||
                   (d->places >= 2 && d->significant >= 3);
    bool enough =
        d_is_gold ? as_gold : d->places >= needed || (d->places >= 2 && d->significant >= needed);
    if (!enough || d->places > 300 || terminates(exact)) return EQ_UNKNOWN;
    if (!decimal_double(d, &x) || !interval_of(exact, NULL, &v) ||
        v.error > 1e-12 * (fabs(v.mid) + 1e-300)) {
        return EQ_UNKNOWN;
    }
    double unit = pow(10, -(double)d->places);
    double noise = fabs(x) * 4e-16 + v.error;
    double past = fabs(v.mid) - fabs(x); /* what a truncated decimal lacks */
    bool cut = (d->open || d->places >= 6) && past >= -noise && (x < 0) == (v.mid < 0);
    return within(w, x, v.mid, cut ? unit : unit / 2, noise, MATH_EQUAL_AFTER_ROUNDING);
}

/* Two decimals of double precision that agree in 15 digits. */
static enum equality same_double(struct math_work *w, const struct decimal *a,
                                 const struct decimal *b)
{
    double x, y;
    int64_t most = a->significant > b->significant ? a->significant : b->significant;
    if (most < 15 || most > 18 || !decimal_double(a, &x) || !decimal_double(b, &y)) {
        return EQ_UNKNOWN;
    }
    if (a->places == 0 || b->places == 0) return EQ_UNKNOWN;
    return fabs(x - y) <= fabs(x) * 4e-16 ? work_yes(w, MATH_EQUAL_AFTER_ROUNDING) : EQ_UNKNOWN;
}

enum equality rounding_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer)
{
    struct decimal g, a;
    struct interval x, y;
    bool dg = decimal_of(gold, &g), da = decimal_of(answer, &a);
    const struct math_options *o = w->options;
    if (o->abs_tol > 0 || o->rel_tol > 0 || o->precision_given) {
        if (!interval_of(gold, NULL, &x) || !interval_of(answer, NULL, &y)) return EQ_UNKNOWN;
        double error = x.error + y.error;
        double share = o->rel_tol * fabs(x.mid);
        double most = o->abs_tol > share ? o->abs_tol : share;
        if (most > 0 &&
            within(w, x.mid, y.mid, most, error, MATH_EQUAL_WITHIN_TOLERANCE) == EQ_YES) {
            return EQ_YES;
        }
        if (o->precision_given && (dg || da)) {
            return within(w, x.mid, y.mid, pow(10, -o->precision) / 2, error,
                          MATH_EQUAL_AFTER_ROUNDING);
        }
        if (o->precision_given) return EQ_UNKNOWN;
    }
    if (dg && da && g.open != a.open) return work_no(w, MATH_NOT_EQUAL);
    if (dg && da) {
        return decimal_same(&g, &a) ? work_yes(w, MATH_EQUAL_VALUE) : same_double(w, &g, &a);
    }
    if (dg) return rounded(w, &g, true, answer);
    return da ? rounded(w, &a, false, gold) : EQ_UNKNOWN;
}
