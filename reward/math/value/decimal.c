/* reward/math/value/decimal.c - decimals, and when one is another value rounded.
 *
 * The rule. Two decimals are equal when their digits are: 2.23 is neither 2.232 nor 2.2. A decimal
 * d with k places equals an exact value v that no decimal writes (1/3, pi, the root of 2) when
 * |v - d| is at most half a unit of the k-th place (a whole unit from six places on: truncation is
 * then no mistake) and
 *   d is the reference and has at least two places and three significant digits, or
 *   d is the answer and has at least `precision` (6) places or significant digits.
 * Where the request gives a precision p itself, any two numbers within half a unit of the p-th
 * place are equal. abs_tol is what it says. Sixteen digits that differ in the last ones are one
 * double.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/decimal.h"

#include <math.h>

#include "reward/math/field/rational.h"
#include "reward/math/work.h"

bool decimal_of(const struct expr *e, struct decimal *out)
{
    int64_t k;
    switch ((enum expr_kind)e->kind) {
    case E_NUM: {
        int64_t places = e->num.places < 0 ? 0 : e->num.places;
        int64_t dropped = e->num.scientific ? 0 : places + e->num.exp10;
        *out = (struct decimal){
            .digits = e->num.digits, .exp10 = e->num.exp10, .places = places, .open = e->num.open};
        out->significant = (int64_t)e->num.digits.n + (dropped > 0 ? dropped : 0);
        if (e->num.scientific && out->digits.n > 0) {
            out->places = -e->num.exp10 > 0 ? -e->num.exp10 : 0;
        }
        return true;
    }
    case E_NEG:
        if (!decimal_of(e->arg[0], out)) return false;
        out->negative = !out->negative;
        return true;
    case E_UNIT:
        return decimal_of(e->arg[0], out);
    case E_PERCENT:
        if (!decimal_of(e->arg[0], out)) return false;
        out->exp10 -= 2;
        out->places += 2;
        return true;
    case E_MUL: {
        const struct expr *p = e->arg[1];
        int64_t ten;
        if (p->kind != E_POW || !expr_small_int(p->arg[0], &ten) || ten != 10 ||
            !expr_small_int(p->arg[1], &k) || k > 100000 || k < -100000 ||
            !decimal_of(e->arg[0], out)) {
            return false;
        }
        out->exp10 += k;
        out->places = out->places > k ? out->places - k : 0;
        return true;
    }
    default:
        return false;
    }
}

bool decimal_double(const struct decimal *d, double *out)
{
    double v = 0;
    size_t n = d->digits.n < 18 ? d->digits.n : 18;
    if (d->exp10 > 300 || d->exp10 < -300 || d->digits.n > 300) return false;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (d->digits.p[i] - '0');
    }
    v *= pow(10, (double)(d->exp10 + (int64_t)(d->digits.n - n)));
    *out = d->negative ? -v : v;
    return true;
}

bool decimal_same(const struct decimal *a, const struct decimal *b)
{
    if (a->digits.n == 0 && b->digits.n == 0) return true;
    return a->negative == b->negative && a->exp10 == b->exp10 && span_eq(a->digits, b->digits);
}

bool decimal_plain(struct span s, struct decimal *out)
{
    size_t i = 0, first, last = 0;
    *out = (struct decimal){0};
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) out->negative = s.p[i++] == '-';
    first = i;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9') {
        i++;
    }
    if (i == first) return false;
    last = i;
    if (i < s.n) { /* only whole numbers, or a point and digits */
        if (s.p[i] != '.' || i + 1 == s.n) return false;
        for (size_t k = i + 1; k < s.n; k++) {
            if (s.p[k] < '0' || s.p[k] > '9') return false;
        }
        out->places = (int64_t)(s.n - i - 1);
        /* digits with a point inside are one span only when the fraction is zero */
        for (size_t k = i + 1; k < s.n; k++) {
            if (s.p[k] != '0') return false;
        }
    }
    while (first < last && s.p[first] == '0') {
        first++;
    }
    while (last > first && s.p[last - 1] == '0') {
        last--;
        out->exp10++;
    }
    out->digits = span_slice(s, first, last);
    if (out->digits.n == 0) out->exp10 = 0;
    return true;
}

/* v has a finite decimal expansion, as far as small fractions tell. */
static bool terminates(const struct expr *e)
{
    struct rational r;
    struct decimal d;
    if (decimal_of(e, &d)) return true;
    if (!rational_of(e, NULL, &r)) return false;
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
    bool enough = d_is_gold ? d->places >= 2 && d->significant >= 3
                            : d->places >= needed || (d->places >= 2 && d->significant >= needed);
    if (!enough || d->places > 300 || terminates(exact)) return EQ_UNKNOWN;
    if (!decimal_double(d, &x) || !interval_of(exact, NULL, &v) ||
        v.error > 1e-12 * (fabs(v.mid) + 1e-300)) {
        return EQ_UNKNOWN;
    }
    double unit = pow(10, -(double)d->places);
    double noise = fabs(x) * 4e-16 + v.error;
    bool cut = d->open || d->places >= 6;
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

enum equality decimal_equal(struct math_work *w, const struct expr *gold, const struct expr *answer)
{
    struct decimal g, a;
    struct interval x, y;
    bool dg = decimal_of(gold, &g), da = decimal_of(answer, &a);
    const struct math_options *o = w->options;
    if (o->abs_tol > 0 || o->precision_given) {
        if (!interval_of(gold, NULL, &x) || !interval_of(answer, NULL, &y)) return EQ_UNKNOWN;
        double error = x.error + y.error;
        if (o->abs_tol > 0 &&
            within(w, x.mid, y.mid, o->abs_tol, error, MATH_EQUAL_WITHIN_TOLERANCE) == EQ_YES) {
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
