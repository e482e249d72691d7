/* base/digits.c - see digits.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/digits.h"

#include "base/ascii.h"

/* Exponents are read up to here: beyond, no text that fits in memory makes up for them. */
static const int64_t EXPONENT_MAX = INT64_C(1) << 60;

static int64_t read_exponent(struct span s)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    int64_t e = 0;
    for (size_t i = s.n > 0 && (negative || s.p[0] == '+'); i < s.n; i++) {
        if (e < EXPONENT_MAX / 10) e = e * 10 + (s.p[i] - '0');
    }
    return negative ? -e : e;
}

/* The parts of [sign] digits [. digits] [e [sign] digits]. */
struct parts {
    struct span mantissa, exponent;
    bool negative;
};

static bool split(struct span s, struct parts *out)
{
    size_t at = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'), start = at;
    int points = 0, digits = 0;
    for (; at < s.n && (ascii_is_digit(s.p[at]) || s.p[at] == '.'); at++) {
        points += s.p[at] == '.';
        digits += s.p[at] != '.';
    }
    if (points > 1 || digits == 0) return false;
    *out = (struct parts){.mantissa = span_slice(s, start, at), .negative = s.p[0] == '-'};
    if (at == s.n) return true;
    if ((s.p[at] | 0x20) != 'e') return false;
    out->exponent = span_slice(s, at + 1, s.n);
    size_t i = at + 1;
    i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
    if (i == s.n) return false;
    while (i < s.n && ascii_is_digit(s.p[i])) {
        i++;
    }
    return i == s.n;
}

static bool is_no_weight(char c)
{
    return c == '0' || c == '.';
}

bool digits_read(struct span text, struct digits *out)
{
    struct parts p;
    if (!split(text, &p)) return false;
    struct span m = p.mantissa;
    const char *point = memchr(m.p, '.', m.n);
    int64_t before = point == NULL ? (int64_t)m.n : point - m.p; /* digits before the point */
    size_t first = 0;
    while (first < m.n && is_no_weight(m.p[first])) {
        first++;
    }
    while (m.n > first && is_no_weight(m.p[m.n - 1])) {
        m.n--;
    }
    *out = (struct digits){.text = span_slice(m, first, m.n)};
    if (out->text.n == 0) return true;
    int64_t skipped = (int64_t)first - (point != NULL && (int64_t)first > before);
    out->exponent = before - skipped + read_exponent(p.exponent);
    out->negative = p.negative;
    return true;
}

/* The next digit of t and past it, over the point; -1 at the end. */
static int next_digit(struct span *t)
{
    if (t->n > 0 && t->p[0] == '.') *t = span_slice(*t, 1, t->n);
    if (t->n == 0) return -1;
    int digit = t->p[0] - '0';
    *t = span_slice(*t, 1, t->n);
    return digit;
}

static int compare_sizes(const struct digits *a, const struct digits *b)
{
    if (a->exponent != b->exponent) return a->exponent < b->exponent ? -1 : 1;
    struct span x = a->text, y = b->text;
    for (;;) {
        int i = next_digit(&x), j = next_digit(&y);
        if (i != j) return i < j ? -1 : 1; /* the end is below a digit: the last one is not 0 */
        if (i < 0) return 0;
    }
}

static int sign(const struct digits *d)
{
    return d->text.n == 0 ? 0 : d->negative ? -1 : 1;
}

int digits_compare(const struct digits *a, const struct digits *b)
{
    int x = sign(a), y = sign(b);
    if (x != y) return x < y ? -1 : 1;
    return x == 0 ? 0 : x * compare_sizes(a, b);
}

static int64_t count(struct span text)
{
    return (int64_t)text.n - (span_has(text, '.'));
}

bool digits_is_whole(const struct digits *d)
{
    return d->text.n == 0 || d->exponent >= count(d->text);
}

bool digits_int64(const struct digits *d, int64_t *out)
{
    if (!digits_is_whole(d) || d->exponent > 19) return false;
    struct span rest = d->text;
    int64_t value = 0; /* grows downwards, as the negative range is the larger */
    for (int64_t i = 0; d->text.n > 0 && i < d->exponent; i++) {
        int digit = next_digit(&rest);
        if (digit < 0) digit = 0;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (!d->negative && value == INT64_MIN) return false;
    *out = d->negative ? value : -value;
    return true;
}

enum { MAX_DIVISOR_DIGITS = 18 };
__extension__ typedef unsigned __int128 uint128;

/* The digits of d as one number modulo m. */
static uint64_t remainder_of(const struct digits *d, uint64_t m)
{
    struct span rest = d->text;
    uint64_t value = 0;
    for (int digit; (digit = next_digit(&rest)) >= 0;) {
        value = (uint64_t)(((uint128)value * 10 + (unsigned)digit) % m);
    }
    return value;
}

/* 10^n modulo m, by squaring. */
static uint64_t power_of_ten(int64_t n, uint64_t m)
{
    uint128 result = 1 % m, base = 10 % m;
    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0) result = result * base % m;
        base = base * base % m;
    }
    return (uint64_t)result;
}

/* With the last digits of a = i * 10^x and b = j * 10^y not 0: where x < y, i would have to end in a
 * 0; else j must divide i * 10^(x - y). */
bool digits_is_multiple(const struct digits *a, const struct digits *b)
{
    int64_t n = count(b->text);
    if (a->text.n == 0) return true;
    if (n == 0 || n > MAX_DIVISOR_DIGITS) return false;
    int64_t x = a->exponent - count(a->text), y = b->exponent - n;
    uint64_t j = 0;
    struct span rest = b->text;
    for (int digit; (digit = next_digit(&rest)) >= 0;) {
        j = j * 10 + (uint64_t)digit;
    }
    if (x < y) return false;
    return (uint128)remainder_of(a, j) * power_of_ten(x - y, j) % j == 0;
}

static void add_zeros(struct buffer *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        buffer_add_char(out, '0');
    }
}

bool digits_print(const struct digits *d, size_t most, struct buffer *out)
{
    int64_t n = count(d->text), e = d->exponent;
    int64_t before = e > 0 ? e : 1, after = n - e > 0 ? n - e : 0;
    if (d->text.n == 0) {
        before = 1;
        after = 0;
    }
    if (before > (int64_t)most || after > (int64_t)most || before + after + 2 > (int64_t)most) {
        return false;
    }
    if (d->negative) buffer_add_char(out, '-');
    struct span rest = d->text;
    if (d->text.n == 0 || e <= 0) buffer_add_char(out, '0');
    for (int64_t i = 0; i < e; i++) {
        int digit = next_digit(&rest);
        buffer_add_char(out, (char)('0' + (digit < 0 ? 0 : digit)));
    }
    if (after > 0) buffer_add_char(out, '.');
    if (after > 0) add_zeros(out, -e);
    for (int digit; (digit = next_digit(&rest)) >= 0;) {
        buffer_add_char(out, (char)('0' + digit));
    }
    return true;
}
