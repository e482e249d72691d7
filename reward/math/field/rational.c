/* reward/math/field/rational.c - small exact fractions.
 *
 * Exponents, angles and indices are nearly always small; these fit in registers, and what does not
 * fit is refused rather than rounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/rational.h"

#include <assert.h>

__extension__ typedef __int128 int128;

const struct binding *binding_find(const struct binding *b, struct span name)
{
    while (b != NULL && !span_eq(b->name, name)) {
        b = b->outer;
    }
    return b;
}

int64_t rational_gcd(int64_t a, int64_t b)
{
    uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    while (y != 0) {
        uint64_t r = x % y;
        x = y;
        y = r;
    }
    return (int64_t)x;
}

static bool wide(int128 n, int128 d, struct rational *out)
{
    if (d == 0) return false;
    int128 a = n < 0 ? -n : n, b = d < 0 ? -d : d;
    while (b != 0) {
        int128 r = a % b;
        a = b;
        b = r;
    }
    if (a == 0) a = 1;
    n /= a;
    d /= a;
    if (d < 0) {
        n = -n;
        d = -d;
    }
    assert(d > 0 && (n != 0 || d == 1)); /* (1), and 0 is 0/1 */
    if (n > INT64_MAX || n < -INT64_MAX || d >= (int128)FIELD_P) return false;
    *out = (struct rational){(int64_t)n, (int64_t)d};
    return true;
}

bool rational_make(int64_t n, int64_t d, struct rational *out)
{
    return wide(n, d, out);
}

bool rational_add(struct rational a, struct rational b, struct rational *out)
{
    int128 x = (int128)a.n * b.d, y = (int128)b.n * a.d, sum;
    return !__builtin_add_overflow(x, y, &sum) && wide(sum, (int128)a.d * b.d, out);
}

bool rational_mul(struct rational a, struct rational b, struct rational *out)
{
    return wide((int128)a.n * b.n, (int128)a.d * b.d, out);
}

bool rational_div(struct rational a, struct rational b, struct rational *out)
{
    return wide((int128)a.n * b.d, (int128)a.d * b.n, out);
}

bool rational_pow(struct rational a, int64_t n, struct rational *out)
{
    struct rational r = {1, 1};
    if (n < 0 && !rational_div(r, a, &a)) return false;
    uint64_t k = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    if (a.n == 0 || (a.d == 1 && (a.n == 1 || a.n == -1))) k = k == 0 ? 0 : 2 - k % 2;
    for (; k > 0; k >>= 1) {
        if ((k & 1) && !rational_mul(r, a, &r)) return false;
        if (k > 1 && !rational_mul(a, a, &a)) return false;
    }
    *out = r;
    return true;
}

int64_t rational_floor(struct rational a)
{
    assert(a.d > 0); /* (1) */
    int64_t q = a.n / a.d;
    return q - (a.n % a.d < 0);
}

static bool of_number(const struct num *num, struct rational *out)
{
    if (num->digits.n > 18) return false;
    int64_t v = 0;
    for (size_t i = 0; i < num->digits.n; i++) {
        v = v * 10 + (num->digits.p[i] - '0');
    }
    if (v == 0) {
        *out = (struct rational){0, 1};
        return true;
    }
    if (num->exp10 > 18 || num->exp10 < -18) return false;
    int64_t ten = 1;
    for (int64_t i = num->exp10 < 0 ? -num->exp10 : num->exp10; i > 0; i--) {
        ten *= 10;
    }
    return num->exp10 < 0 ? wide(v, ten, out) : wide((int128)v * ten, 1, out);
}

/* The node's value from its operands' values. */
static bool combine(const struct expr *e, struct rational a, struct rational b,
                    struct rational *out)
{
    switch ((enum expr_kind)e->kind) {
    case E_ADD:
        return rational_add(a, b, out);
    case E_MUL:
        return rational_mul(a, b, out);
    case E_DIV:
        return rational_div(a, b, out);
    case E_POW:
        return b.d == 1 && rational_pow(a, b.n, out);
    default:
        return false;
    }
}

bool rational_of(const struct expr *e, const struct binding *b, struct rational *out)
{
    struct rational x;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return !e->num.open && of_number(&e->num, out);
    case E_SYM: {
        const struct binding *v = binding_find(b, e->text);
        if (v == NULL) return false;
        *out = (struct rational){v->n, 1};
        return true;
    }
    case E_NEG:
        if (!rational_of(e->arg[0], b, out)) return false;
        out->n = -out->n;
        return true;
    case E_PERCENT:
        return rational_of(e->arg[0], b, &x) && rational_div(x, (struct rational){100, 1}, out);
    case E_ADD:
    case E_MUL:
    case E_DIV:
    case E_POW: {
        struct rational sum, y;
        if (!rational_of(e->arg[0], b, &sum)) return false;
        for (uint32_t i = 1; i < e->n; i++) {
            if (!rational_of(e->arg[i], b, &y) || !combine(e, sum, y, &sum)) return false;
        }
        *out = sum;
        return true;
    }
    default:
        return false;
    }
}
