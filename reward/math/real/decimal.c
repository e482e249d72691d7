/* reward/math/real/decimal.c - literals as decimals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/real/decimal.h"

#include <assert.h>
#include <math.h>

#include "base/ascii.h"

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
        out->percent = 2;
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
    while (i < s.n && ascii_is_digit(s.p[i])) {
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
    assert(first <= last && (first == last || s.p[last - 1] != '0')); /* expr.h (2) */
    out->digits = span_slice(s, first, last);
    if (out->digits.n == 0) out->exp10 = 0;
    return true;
}
