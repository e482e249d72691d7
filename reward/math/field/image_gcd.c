/* reward/math/field/image_gcd.c - gcd and lcm of monomials.
 *
 * Arguments that are more than whole numbers are read as SymPy and textbooks on polynomials do: a
 * rational coefficient times powers of what cannot be taken apart (names, pi, sums, the roots of
 * primes). The gcd has the least exponent of each, the lcm the greatest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <assert.h>

#include "reward/math/tree/functions.h"

enum { MAX_ATOMS = 12, MAX_RADICAND = 1000000 };

struct atom {
    struct field image;
    int64_t exponent;
};

struct monomial {
    struct rational scale;
    struct atom atom[MAX_ATOMS];
    int n;
};

static bool add_atom(struct monomial *m, struct field image, int64_t exponent)
{
    for (int i = 0; i < m->n; i++) {
        if (field_eq(m->atom[i].image, image)) {
            m->atom[i].exponent += exponent;
            return true;
        }
    }
    if (m->n == MAX_ATOMS) return false;
    m->atom[m->n++] = (struct atom){image, exponent};
    return true;
}

/* The root of a whole number: whole factors come out, a root of each other prime stays. */
static bool add_root(struct fp *f, struct monomial *m, int64_t n)
{
    if (n <= 0 || n > MAX_RADICAND) return false;
    for (int64_t p = 2; n > 1; p++) {
        if (p * p > n) p = n;
        int times = 0;
        for (; n % p == 0; n /= p) {
            times++;
        }
        for (int i = 0; i < times / 2; i++) {
            if (!rational_mul(m->scale, (struct rational){p, 1}, &m->scale)) return false;
        }
        if (times % 2 == 0) continue;
        char digits[] = {(char)('0' + p / 100000 % 10), (char)('0' + p / 10000 % 10),
                         (char)('0' + p / 1000 % 10),   (char)('0' + p / 100 % 10),
                         (char)('0' + p / 10 % 10),     (char)('0' + p % 10)};
        struct expr prime = {.kind = E_NUM,
                             .num = {.digits = span_of(digits, sizeof(digits)), .places = -1}};
        struct field root;
        if (!image_root(f, &prime, 2, &root) || !add_atom(m, root, 1)) return false;
    }
    return true;
}

/* Multiply m by e^power. */
static bool add_factors(struct fp *f, const struct expr *e, int64_t power, struct monomial *m)
{
    struct rational r;
    struct field image;
    int64_t n;
    if (rational_of(e, f->bound, &r)) {
        return rational_pow(r, power, &r) && rational_mul(m->scale, r, &m->scale);
    }
    switch ((enum expr_kind)e->kind) {
    case E_NEG:
        return add_factors(f, e->arg[0], power, m);
    case E_MUL:
        return add_factors(f, e->arg[0], power, m) && add_factors(f, e->arg[1], power, m);
    case E_DIV:
        return add_factors(f, e->arg[0], power, m) && add_factors(f, e->arg[1], -power, m);
    case E_POW:
        if (expr_small_int(e->arg[1], &n) && n > 0 && n < 1000) {
            return add_factors(f, e->arg[0], power * n, m);
        }
        break;
    case E_FUNC:
        if (e->op == F_SQRT && power == 1 && rational_of(e->arg[0], f->bound, &r) && r.d == 1) {
            return add_root(f, m, r.n);
        }
        break;
    default:
        break;
    }
    return image_of(f, e, &image) && add_atom(m, image, power);
}

static int64_t exponent_in(const struct monomial *m, struct field image)
{
    for (int i = 0; i < m->n; i++) {
        if (field_eq(m->atom[i].image, image)) return m->atom[i].exponent;
    }
    return 0;
}

/* Exponents of the gcd or lcm of both, in *v. */
static bool fold(int op, struct monomial *v, const struct monomial *m)
{
    struct monomial both = *v;
    for (int i = 0; i < m->n; i++) {
        if (exponent_in(v, m->atom[i].image) == 0 && !add_atom(&both, m->atom[i].image, 0)) {
            return false;
        }
    }
    for (int i = 0; i < both.n; i++) {
        int64_t a = exponent_in(v, both.atom[i].image), b = exponent_in(m, both.atom[i].image);
        both.atom[i].exponent = (a < b) == (op == F_GCD) ? a : b;
    }
    *v = both;
    return image_fold_rational(op, &v->scale, m->scale);
}

bool image_gcd_monomials(struct fp *f, const struct expr *e, struct field *out)
{
    struct monomial v = {.scale = {1, 1}};
    for (uint32_t i = 0; i < e->n; i++) {
        struct monomial m = {.scale = {1, 1}};
        if (!add_factors(f, e->arg[i], 1, i == 0 ? &v : &m)) return false;
        if (i > 0 && !fold(e->op, &v, &m)) return false;
    }
    struct field x = image_of_rational(v.scale);
    assert(v.n <= MAX_ATOMS);
    for (int i = 0; i < v.n; i++) {
        int64_t n = v.atom[i].exponent;
        struct field power = field_pow(v.atom[i].image, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
        if (n < 0 && field_is_zero(power)) return false;
        x = field_mul(x, n < 0 ? field_inv(power) : power);
    }
    *out = x;
    return true;
}
