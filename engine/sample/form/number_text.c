/* engine/sample/form/number_text.c - see number_text.h.
 *
 * A bound without its sign is written out as digits before and after the point. A numeral is
 * compared with it as people do: the longer whole part is the larger, then digit by digit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/number_text.h"

#include <string.h>

/* |bound|: whole part without leading zeros ("0" for none), fraction without zeros at its end. */
struct plain {
    char whole[NUMBER_MAX_DIGITS + 2], fraction[NUMBER_MAX_DIGITS + 2];
    int n_whole, n_fraction;
};

struct numerals {
    struct rx_pool *p;
    rx digit, digits, some_digits; /* d, d*, d+ */
    rx any_fraction;               /* nothing, or a point and digits; RX_EMPTY for integers */
    bool whole;
};

static bool write_plain(const struct digits *d, struct plain *out)
{
    char digits[NUMBER_MAX_DIGITS];
    int n = 0;
    for (size_t i = 0; i < d->text.n; i++) {
        if (d->text.p[i] == '.') continue;
        if (n == NUMBER_MAX_DIGITS) return false;
        digits[n++] = d->text.p[i];
    }
    if (d->exponent > NUMBER_MAX_DIGITS || d->exponent < -NUMBER_MAX_DIGITS + n) return false;
    *out = (struct plain){0};
    for (int64_t i = 0; n > 0 && i < d->exponent; i++) {
        out->whole[out->n_whole++] = i < n ? digits[i] : '0';
    }
    for (int64_t i = d->exponent; n > 0 && i < n; i++) {
        out->fraction[out->n_fraction++] = i < 0 ? '0' : digits[i];
    }
    if (out->n_whole == 0) out->whole[out->n_whole++] = '0';
    return true;
}

static rx digit_range(const struct numerals *u, int low, int high)
{
    return low > high ? RX_NONE : rx_byte_range(u->p, low, high);
}

static rx literal(const struct numerals *u, const char *text, int n)
{
    return rx_text(u->p, span_of(text, (size_t)n));
}

/* Digits of which some is not 0. */
static rx not_all_zero(const struct numerals *u)
{
    return rx_cat(u->p, u->digits, rx_cat(u->p, digit_range(u, '1', '9'), u->digits));
}

/* What may follow a whole part that equals the bound's, so that the number is above (or equal). */
static rx fraction_above(const struct numerals *u, const struct plain *b, bool open)
{
    rx point = literal(u, ".", 1), all;
    if (b->n_fraction == 0) {
        if (!open) return u->any_fraction;
        return u->whole ? RX_NONE : rx_cat(u->p, point, not_all_zero(u));
    }
    if (u->whole) return RX_NONE;
    all = rx_cat(u->p, literal(u, b->fraction, b->n_fraction), open ? not_all_zero(u) : u->digits);
    for (int i = 0; i < b->n_fraction; i++) {
        rx higher = rx_cat(u->p, digit_range(u, b->fraction[i] + 1, '9'), u->digits);
        all = rx_or(u->p, all, rx_cat(u->p, literal(u, b->fraction, i), higher));
    }
    return rx_cat(u->p, point, all);
}

static rx fraction_below(const struct numerals *u, const struct plain *b, bool open)
{
    rx point = literal(u, ".", 1), zero = literal(u, "0", 1), all;
    if (b->n_fraction == 0) {
        if (open) return RX_NONE;
        rx zeros = rx_cat(u->p, point, rx_repeat(u->p, zero, 1, RX_UNBOUNDED));
        return u->whole ? RX_EMPTY : rx_or(u->p, RX_EMPTY, zeros);
    }
    if (u->whole) return RX_EMPTY;
    all = RX_NONE;
    if (!open)
        all = rx_cat(u->p, literal(u, b->fraction, b->n_fraction),
                     rx_repeat(u->p, zero, 0, RX_UNBOUNDED));
    for (int i = 0; i < b->n_fraction; i++) {
        rx lower = rx_cat(u->p, digit_range(u, '0', b->fraction[i] - 1), u->digits);
        all = rx_or(u->p, all, rx_cat(u->p, literal(u, b->fraction, i), lower));
        if (i > 0) all = rx_or(u->p, all, literal(u, b->fraction, i)); /* it ends early: lower */
    }
    return rx_or(u->p, RX_EMPTY, rx_cat(u->p, point, all));
}

/* Numerals without a sign at least (open: above) the bound. */
static rx at_least(const struct numerals *u, const struct plain *b, bool open)
{
    rx all = rx_cat(u->p, literal(u, b->whole, b->n_whole), fraction_above(u, b, open));
    rx longer =
        rx_cat(u->p, digit_range(u, '1', '9'), rx_repeat(u->p, u->digit, b->n_whole, RX_UNBOUNDED));
    all = rx_or(u->p, all, rx_cat(u->p, longer, u->any_fraction));
    for (int i = 0; i < b->n_whole; i++) {
        rx rest = rx_cat(u->p, rx_repeat(u->p, u->digit, b->n_whole - 1 - i, b->n_whole - 1 - i),
                         u->any_fraction);
        rx higher = rx_cat(u->p, digit_range(u, b->whole[i] + 1, '9'), rest);
        all = rx_or(u->p, all, rx_cat(u->p, literal(u, b->whole, i), higher));
    }
    return all;
}

static rx at_most(const struct numerals *u, const struct plain *b, bool open)
{
    rx all = rx_cat(u->p, literal(u, b->whole, b->n_whole), fraction_below(u, b, open));
    if (b->n_whole > 1) {
        rx shorter =
            rx_cat(u->p, digit_range(u, '1', '9'), rx_repeat(u->p, u->digit, 0, b->n_whole - 2));
        shorter = rx_or(u->p, literal(u, "0", 1), shorter);
        all = rx_or(u->p, all, rx_cat(u->p, shorter, u->any_fraction));
    }
    for (int i = 0; i < b->n_whole; i++) {
        int low = i == 0 && b->n_whole > 1 ? '1' : '0';
        rx rest = rx_cat(u->p, rx_repeat(u->p, u->digit, b->n_whole - 1 - i, b->n_whole - 1 - i),
                         u->any_fraction);
        rx lower = rx_cat(u->p, digit_range(u, low, b->whole[i] - 1), rest);
        all = rx_or(u->p, all, rx_cat(u->p, literal(u, b->whole, i), lower));
    }
    return all;
}

/* One side of zero: numerals without a sign between two bounds, either of which may be NULL. */
static bool magnitudes(const struct numerals *u, const struct digits *low, bool low_open,
                       const struct digits *high, bool high_open, rx *out)
{
    struct plain b;
    rx whole = rx_or(u->p, literal(u, "0", 1), rx_cat(u->p, digit_range(u, '1', '9'), u->digits));
    *out = rx_cat(u->p, whole, u->any_fraction);
    if (low != NULL) {
        if (!write_plain(low, &b)) return false;
        *out = rx_and(u->p, *out, at_least(u, &b, low_open));
    }
    if (high != NULL) {
        if (!write_plain(high, &b)) return false;
        *out = rx_and(u->p, *out, at_most(u, &b, high_open));
    }
    return true;
}

static bool bounded(const struct numerals *u, const struct number_range *r, rx *out)
{
    static const struct digits zero;
    rx positive = RX_NONE, negative = RX_NONE;
    bool low_above = r->has_low && !r->low.negative, high_below = r->has_high && r->high.negative;
    if (!high_below) {
        const struct digits *low = low_above ? &r->low : NULL;
        if (!magnitudes(u, low, r->low_open, r->has_high ? &r->high : NULL, r->high_open,
                        &positive))
            return false;
    }
    if (!low_above || (digits_compare(&r->low, &zero) == 0 && !r->low_open)) {
        const struct digits *least = high_below ? &r->high : NULL;
        bool least_open = high_below && r->high_open;
        if (r->has_high && digits_compare(&r->high, &zero) == 0 &&
            r->high_open) { /* below 0: not -0 */
            least = &zero;
            least_open = true;
        }
        const struct digits *most = r->has_low ? &r->low : NULL;
        if (!magnitudes(u, least, least_open, most, r->low_open, &negative)) return false;
    }
    *out = rx_or(u->p, positive, rx_cat(u->p, rx_byte_range(u->p, '-', '-'), negative));
    return true;
}

static int64_t gcd(int64_t a, int64_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

/* Texts, with or without a sign, of the multiples of k / 10^places: with q places after the
 * point the digits are a multiple of k / gcd(k, 10^(places - q)). */
static bool multiples(const struct numerals *u, const struct digits *d, rx *out)
{
    struct plain b;
    int64_t k = 0, scale = 1;
    if (!write_plain(d, &b) || b.n_fraction > 9 || b.n_whole + b.n_fraction > 15) return false;
    for (int i = 0; i < b.n_whole + b.n_fraction; i++) {
        k = 10 * k + (i < b.n_whole ? b.whole[i] : b.fraction[i - b.n_whole]) - '0';
    }
    rx all = RX_NONE;
    for (int q = b.n_fraction; q >= 0; q--, scale *= 10) {
        int64_t m = k / gcd(k, scale);
        if (m > RX_MAX_DIVISOR) return false;
        if (u->whole && q > 0) continue;
        rx places =
            q == 0 ? RX_EMPTY : rx_cat(u->p, literal(u, ".", 1), rx_repeat(u->p, u->digit, q, q));
        all = rx_or(u->p, all,
                    rx_and(u->p, rx_cat(u->p, u->some_digits, places), rx_multiple(u->p, (int)m)));
    }
    *out = rx_cat(u->p, rx_or(u->p, RX_EMPTY, rx_byte_range(u->p, '-', '-')), all);
    return true;
}

static rx with_exponent(const struct numerals *u, rx plain)
{
    rx sign = rx_or(u->p, RX_EMPTY, rx_or(u->p, literal(u, "+", 1), literal(u, "-", 1)));
    rx e = rx_or(u->p, literal(u, "e", 1), literal(u, "E", 1));
    rx exponent = rx_cat(u->p, e, rx_cat(u->p, sign, u->some_digits));
    return rx_cat(u->p, plain, rx_or(u->p, RX_EMPTY, exponent));
}

bool number_rx(struct rx_pool *p, const struct number_range *r, rx *out, const char **what)
{
    rx digit = rx_byte_range(p, '0', '9');
    struct numerals u = {.p = p, .digit = digit, .whole = r->whole};
    u.digits = rx_repeat(p, digit, 0, RX_UNBOUNDED);
    u.some_digits = rx_repeat(p, digit, 1, RX_UNBOUNDED);
    u.any_fraction =
        r->whole ? RX_EMPTY : rx_or(p, RX_EMPTY, rx_cat(p, literal(&u, ".", 1), u.some_digits));
    *what = "minimum";
    if (!bounded(&u, r, out)) return false;
    if (!r->has_low && !r->has_high && r->n_multiples == 0 && !r->whole)
        *out = with_exponent(&u, *out);
    *what = "multipleOf";
    for (int i = 0; i < r->n_multiples; i++) {
        rx some;
        if (!multiples(&u, &r->multiple[i], &some)) return false;
        *out = rx_and(p, *out, some);
    }
    return true;
}
