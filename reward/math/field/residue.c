/* reward/math/field/residue.c - whole numbers of any size modulo m.
 *
 * a^b mod m for an exponent that could never be written out: by Euler's theorem, a^b = a^(b mod
 * phi(m) + phi(m)) whenever b >= log2(m), whatever gcd(a, m) is. So a tower of powers needs one
 * residue a level, modulo phi(phi(...m)).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <flint/ulong_extras.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/tree/functions.h"

__extension__ typedef unsigned __int128 uint128;

struct residue {
    const struct binding *bound;
    int64_t *steps;
};

static uint64_t mulmod(uint64_t a, uint64_t b, uint64_t m)
{
    return (uint64_t)((uint128)a * b % m);
}

static uint64_t powmod(uint64_t a, uint64_t n, uint64_t m)
{
    uint64_t r = 1 % m;
    for (a %= m; n > 0; n >>= 1) {
        if (n & 1) r = mulmod(r, a, m);
        a = mulmod(a, a, m);
    }
    return r;
}

static bool literal(const struct num *num, uint64_t m, uint64_t *out)
{
    if (num->exp10 < 0) return false;
    uint64_t v = 0;
    for (size_t i = 0; i < num->digits.n; i++) {
        v = (uint64_t)(((uint128)v * 10 + (unsigned)(num->digits.p[i] - '0')) % m);
    }
    *out = mulmod(v, powmod(10, (uint64_t)num->exp10, m), m);
    return true;
}

/* e is a whole number of at least 64, for sure: a product or power of large enough positives. */
static bool is_large(const struct expr *e, const struct binding *b)
{
    struct rational r, q;
    if (rational_of(e, b, &r)) return r.d == 1 && r.n >= 64;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return e->num.exp10 >= 0;
    case E_POW:
        if (rational_of(e->arg[0], b, &q) && rational_of(e->arg[1], b, &r)) {
            return q.d == 1 && r.d == 1 && q.n >= 2 && r.n >= 6;
        }
        return (is_large(e->arg[0], b) && rational_of(e->arg[1], b, &r) && r.n >= 1) ||
               (is_large(e->arg[1], b) &&
                (is_large(e->arg[0], b) || (rational_of(e->arg[0], b, &r) && r.n >= 2)));
    case E_FUNC:
        return e->op == F_FACT &&
               (is_large(e->arg[0], b) || (rational_of(e->arg[0], b, &r) && r.n >= 5));
    case E_MUL:
    case E_ADD: {
        bool large = false;
        for (uint32_t i = 0; i < e->n; i++) {
            if (is_large(e->arg[i], b)) {
                large = true;
            } else if (!rational_of(e->arg[i], b, &r) || r.n < 1) {
                return false;
            }
        }
        return large;
    }
    default:
        return false;
    }
}

static bool residue(struct residue *r, const struct expr *e, uint64_t m, uint64_t *out);

static bool tower(struct residue *r, const struct expr *e, uint64_t m, uint64_t *out)
{
    uint64_t a, k;
    struct rational n;
    if (rational_of(e->arg[0], r->bound, &n) && n.d == 1 && n.n == 1) {
        *out = 1 % m;
        return true;
    }
    if (!residue(r, e->arg[0], m, &a)) return false;
    if (rational_of(e->arg[1], r->bound, &n)) {
        if (n.d != 1 || n.n < 0) return false;
        *out = powmod(a, (uint64_t)n.n, m);
        return true;
    }
    if (!is_large(e->arg[1], r->bound)) return false;
    *r->steps -= 2000; /* factoring m */
    uint64_t phi = n_euler_phi(m);
    assert(phi >= 1 && phi <= m && phi <= UINT64_MAX / 2); /* k + phi fits */
    if (*r->steps < 0 || !residue(r, e->arg[1], phi, &k)) return false;
    *out = powmod(a, k + phi, m);
    return true;
}

static bool factorial(struct residue *r, const struct expr *e, uint64_t m, uint64_t *out)
{
    struct rational n;
    if (!rational_of(e->arg[0], r->bound, &n) || n.d != 1 || n.n < 0) return false;
    uint64_t v = 1 % m;
    for (int64_t i = 2; i <= n.n && v != 0; i++) {
        if (--*r->steps < 0) return false;
        v = mulmod(v, (uint64_t)i % m, m);
    }
    *out = v;
    return true;
}

static bool residue(struct residue *r, const struct expr *e, uint64_t m, uint64_t *out)
{
    if (--*r->steps < 0) return false;
    struct rational q;
    uint64_t x;
    if (rational_of(e, r->bound, &q)) {
        if (q.d != 1) return false;
        x = q.n < 0 ? (uint64_t)-q.n % m : (uint64_t)q.n % m;
        *out = q.n < 0 && x != 0 ? m - x : x;
        return true;
    }
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return !e->num.open && literal(&e->num, m, out);
    case E_NEG:
        if (!residue(r, e->arg[0], m, &x)) return false;
        *out = x == 0 ? 0 : m - x;
        return true;
    case E_ADD:
    case E_MUL: {
        uint64_t v = e->kind == E_ADD ? 0 : 1 % m;
        for (uint32_t i = 0; i < e->n; i++) {
            if (!residue(r, e->arg[i], m, &x)) return false;
            v = e->kind == E_ADD ? (uint64_t)(((uint128)v + x) % m) : mulmod(v, x, m);
        }
        *out = v;
        return true;
    }
    case E_POW:
        return tower(r, e, m, out);
    case E_FUNC:
        return e->op == F_FACT && factorial(r, e, m, out);
    default:
        return false;
    }
}

bool fingerprint_residue(const struct expr *e, uint64_t m, const struct binding *b, int64_t *steps,
                         uint64_t *out)
{
    struct residue r = {b, steps};
    assert(m > 0);
    bool ok = residue(&r, e, m, out);
    assert(!ok || *out < m);
    return ok;
}
