/* reward/math/field/image_root.c - roots.
 *
 * A rational's root is exact: a product over its primes, each with a fixed root in the field. A
 * variable is a 12th power, so its roots of order 2, 3, 4, 6 and 12 exist; any other argument of
 * such a root is an atom.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <assert.h>

#include "reward/math/tree/functions.h"

#include <math.h>

/* The product of q^(k/2) over the prime powers q^k of n > 0. */
static struct field sqrt_whole(struct fp *f, uint64_t n)
{
    struct field v = FIELD_ONE;
    for (uint64_t q = 2; q * q <= n && q < 65536; q += q == 2 ? 1 : 2) {
        if (n % q != 0) continue;
        struct field s = field_sqrt_prime(q);
        for (; n % q == 0; n /= q) {
            v = field_mul(v, s);
        }
        f->steps -= 20;
    }
    f->steps -= 50;
    if (n == 1) return v;
    uint64_t r = (uint64_t)sqrtl((long double)n);
    if (r * r == n) return field_mul(v, field_residue(r));
    if (n >> 32 != 0) {
        f->uses |= USES_ATOM; /* perhaps no prime: its root is a free choice no more */
    }
    return field_mul(v, field_sqrt_prime(n));
}

/* The n-th root, n odd, of an element of GF(P) or of i GF(P). */
static struct field odd_root(struct field a, uint64_t n)
{
    if (n == 1) return a;
    if (field_is_real(a)) return field_odd_root(a, n);
    assert(a.re == 0);
    struct field y = {a.im, 0}; /* a = i y, and i^n is i or -i */
    struct field r = field_odd_root(n % 4 == 1 ? y : field_neg(y), n);
    return (struct field){0, r.re};
}

/* n^(1/d) for n > 0. */
static bool root_whole(struct fp *f, uint64_t n, int64_t d, struct field *out)
{
    while (d % 4 == 0) {
        uint64_t r = (uint64_t)sqrtl((long double)n);
        if (r * r != n) {
            f->uses |= USES_ATOM;
            struct field root = image_atom_root(image_tag(f, E_NUM, 0), field_residue(n));
            return image_power_rational(root, (struct rational){1, d}, out);
        }
        n = r;
        d /= 2;
    }
    struct field v = d % 2 == 0 ? sqrt_whole(f, n) : field_residue(n);
    *out = odd_root(v, (uint64_t)(d % 2 == 0 ? d / 2 : d));
    return true;
}

static bool root_rational(struct fp *f, struct rational r, int64_t d, struct field *out)
{
    if (r.n == 0) return image_set(out, FIELD_ZERO);
    uint64_t n = r.n < 0 ? 0 - (uint64_t)r.n : (uint64_t)r.n;
    struct field a, b;
    if (r.n < 0 && d % 2 == 0 && d != 2) return false;
    if (!root_whole(f, n, d, &a) || !root_whole(f, (uint64_t)r.d, d, &b) ||
        !image_divide(a, b, out)) {
        return false;
    }
    if (r.n < 0) *out = d == 2 ? field_mul(FIELD_I, *out) : field_neg(*out);
    return true;
}

static bool root_of_constant(struct fp *f, const struct expr *e, int64_t d, struct field *out)
{
    if (e->op == C_PI && 12 % d == 0) {
        f->uses |= USES_PI;
        *out = field_pow(field_hash(span_str("\\pi"), f->seed), (uint64_t)(12 / d));
        return true;
    }
    if (e->op == C_E && 60 % d == 0) {
        f->uses |= USES_E;
        *out = field_pow(field_hash(span_str("\\e"), f->seed), (uint64_t)(60 / d));
        return true;
    }
    return false;
}

static bool root_by_rule(struct fp *f, const struct expr *e, int64_t d, struct field *out)
{
    struct rational r;
    struct field a, b;
    if (rational_of(e, f->bound, &r)) return root_rational(f, r, d, out);
    switch ((enum expr_kind)e->kind) {
    case E_SYM:
        f->uses |= USES_ATOM;
        if (binding_find(f->bound, e->text) != NULL || 12 % d != 0) return false;
        *out = field_pow(image_symbol_root(f, e->text), (uint64_t)(12 / d));
        return true;
    case E_CONST:
        return root_of_constant(f, e, d, out);
    case E_NEG:
        if (d != 2 && d % 2 == 0) return false;
        f->uses |= USES_ATOM;
        if (!image_root(f, e->arg[0], d, &a)) return false;
        *out = d == 2 ? field_mul(FIELD_I, a) : field_neg(a);
        return true;
    case E_MUL:
        f->uses |= USES_ATOM;
        if (!image_root(f, e->arg[0], d, &a) || !image_root(f, e->arg[1], d, &b)) return false;
        *out = field_mul(a, b);
        return true;
    case E_DIV:
        f->uses |= USES_ATOM;
        return image_root(f, e->arg[0], d, &a) && image_root(f, e->arg[1], d, &b) &&
               image_divide(a, b, out);
    case E_POW:
        if (!rational_of(e->arg[1], f->bound, &r) ||
            (d % 2 == 0 && (r.n % 2 == 0 || r.d % 2 == 0))) {
            return false;
        }
        f->uses |= USES_ATOM;
        if (r.d != 1 || r.n < 0 || !image_root(f, e->arg[0], d, &a)) return false;
        *out = field_pow(a, (uint64_t)r.n);
        return true;
    default:
        return false;
    }
}

bool image_root(struct fp *f, const struct expr *e, int64_t d, struct field *out)
{
    if (d == 1) return image_of(f, e, out);
    if ((f->steps -= 4) < 0 || d < 1 || d > 1000000) return false;
    if (root_by_rule(f, e, d, out)) return true;
    struct field x;
    if (f->steps < 0 || !image_of(f, e, &x) || 12 % d != 0) return false;
    f->uses |= USES_ATOM;
    if (field_is_zero(x)) return image_set(out, FIELD_ZERO);
    *out = field_pow(image_atom_root(image_tag(f, E_FUNC, F_ROOT), x), (uint64_t)(12 / d));
    return true;
}

bool image_sqrt(struct fp *f, const struct expr *e, struct field *out)
{
    return image_root(f, e->arg[0], 2, out);
}

bool image_nth_root(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational r;
    if (rational_of(e->arg[1], f->bound, &r) && r.d == 1 && r.n > 0) {
        return image_root(f, e->arg[0], r.n, out);
    }
    struct expr one = {.kind = E_NUM, .num = {.digits = span_str("1"), .places = -1}};
    const struct expr *pair[] = {&one, e->arg[1]};
    struct expr inverse = {.kind = E_DIV, .n = 2, .arg = pair};
    return image_power(f, e->arg[0], &inverse, out);
}
