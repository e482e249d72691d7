/* reward/math/fingerprint.c - evaluation in GF(P^2).
 *
 * The rules that keep atoms consistent:
 *
 *   transcendental points are 12th powers, so their roots of order 2, 3, 4, 6 and 12 exist;
 *   e is the 60th power of a point, so e^(a/b) is exact for b that divide 60;
 *   exp(i x) is a product over x's terms of norm-one elements, so cos and sin of sums, multiples and
 *   halves follow the addition formulas;
 *   b^x is a product over x's terms, b's factors and b's primes;
 *   ln is a sum over an argument's factors and primes.
 *
 * An image is exact when no atom was used and at most one of pi and e was: pi alone (or e alone) is
 * a free point because it is transcendental, while nobody knows whether the two are independent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/fingerprint.h"

#include <math.h>

#include "reward/math/interval.h"

enum { USES_PI = 1, USES_E = 2, USES_ATOM = 4 };

struct fp {
    uint64_t seed;
    int64_t steps;
    unsigned uses;
    bool common_log;
    const struct binding *bound;
};

static bool image(struct fp *f, const struct expr *e, struct field *out);

static uint64_t tag(struct fp *f, int kind, int op)
{
    return field_mix(f->seed ^ ((uint64_t)kind << 32) ^ (uint64_t)op);
}

/* A 12th power that stands for an unknown of this tag and argument. */
static struct field atom_root(uint64_t t, struct field x)
{
    uint64_t word = field_word(x);
    return field_hash(span_of(&word, sizeof(word)), t);
}

static struct field atom(struct fp *f, uint64_t t, struct field x)
{
    f->uses |= USES_ATOM;
    return field_pow(atom_root(t, x), 12);
}

static bool power_rational(struct field root12, struct rational r, struct field *out)
{
    if (12 % r.d != 0) return false;
    int64_t n;
    if (__builtin_mul_overflow(r.n, 12 / r.d, &n)) return false;
    struct field v = field_pow(root12, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
    *out = n < 0 ? field_inv(v) : v;
    return true;
}

static struct field of_rational(struct rational r)
{
    struct field v = field_int(r.n);
    return r.d == 1 ? v : field_mul(v, field_inv(field_int(r.d)));
}

static bool divide(struct field a, struct field b, struct field *out)
{
    if (field_is_zero(b)) return false;
    *out = field_mul(a, field_inv(b));
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static struct field of_number(struct fp *f, const struct num *num)
{
    struct field v = FIELD_ZERO, ten18 = field_residue(UINT64_C(1000000000000000000));
    size_t i = 0, head = num->digits.n % 18;
    f->steps -= (int64_t)(num->digits.n / 18);
    while (i < num->digits.n) {
        size_t end = i == 0 && head > 0 ? head : i + 18;
        uint64_t chunk = 0;
        for (; i < end; i++)
            chunk = chunk * 10 + (uint64_t)(num->digits.p[i] - '0');
        v = field_add(field_mul(v, ten18), field_residue(chunk));
    }
    if (num->exp10 == 0 || num->digits.n == 0) return v;
    bool minus = num->exp10 < 0;
    struct field scale =
        field_pow(field_int(10), minus ? 0 - (uint64_t)num->exp10 : (uint64_t)num->exp10);
    return field_mul(v, minus ? field_inv(scale) : scale);
}

static struct field symbol_root(struct fp *f, struct span name)
{
    return field_hash(name, f->seed);
}

static bool constant(struct fp *f, int op, struct field *out)
{
    switch (op) {
    case C_PI:
        f->uses |= USES_PI;
        *out = field_pow(field_hash(span_str("\\pi"), f->seed), 12);
        return true;
    case C_E:
        f->uses |= USES_E;
        *out = field_pow(field_hash(span_str("\\e"), f->seed), 60);
        return true;
    case C_I:
        *out = FIELD_I;
        return true;
    default:
        return false; /* infinity and sets are no numbers */
    }
}

/* ---- roots ------------------------------------------------------------------------------------- */

/* The product of q^(k/2) over the prime powers q^k of n > 0. */
static struct field sqrt_whole(struct fp *f, uint64_t n)
{
    struct field v = FIELD_ONE;
    for (uint64_t q = 2; q * q <= n && q < 65536; q += q == 2 ? 1 : 2) {
        if (n % q != 0) continue;
        struct field s = field_sqrt_prime(q);
        for (; n % q == 0; n /= q)
            v = field_mul(v, s);
        f->steps -= 20;
    }
    f->steps -= 50;
    if (n == 1) return v;
    uint64_t r = (uint64_t)sqrtl((long double)n);
    if (r * r == n) return field_mul(v, field_residue(r));
    if (n >> 32 != 0)
        f->uses |= USES_ATOM; /* perhaps no prime: its root is a free choice no more */
    return field_mul(v, field_sqrt_prime(n));
}

/* The n-th root, n odd, of an element of GF(P) or of i GF(P). */
static struct field odd_root(struct field a, uint64_t n)
{
    if (n == 1) return a;
    if (field_is_real(a)) return field_odd_root(a, n);
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
            struct field root = atom_root(tag(f, E_NUM, 0), field_residue(n));
            return power_rational(root, (struct rational){1, d}, out);
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
    if (r.n == 0) return *out = FIELD_ZERO, true;
    uint64_t n = r.n < 0 ? 0 - (uint64_t)r.n : (uint64_t)r.n;
    struct field a, b;
    if (r.n < 0 && d % 2 == 0 && d != 2) return false;
    if (!root_whole(f, n, d, &a) || !root_whole(f, (uint64_t)r.d, d, &b) || !divide(a, b, out))
        return false;
    if (r.n < 0) *out = d == 2 ? field_mul(FIELD_I, *out) : field_neg(*out);
    return true;
}

static bool root(struct fp *f, const struct expr *e, int64_t d, struct field *out);

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
        *out = field_pow(symbol_root(f, e->text), (uint64_t)(12 / d));
        return true;
    case E_CONST:
        return root_of_constant(f, e, d, out);
    case E_NEG:
        if (d != 2 && d % 2 == 0) return false;
        f->uses |= USES_ATOM;
        if (!root(f, e->arg[0], d, &a)) return false;
        *out = d == 2 ? field_mul(FIELD_I, a) : field_neg(a);
        return true;
    case E_MUL:
        f->uses |= USES_ATOM;
        if (!root(f, e->arg[0], d, &a) || !root(f, e->arg[1], d, &b)) return false;
        *out = field_mul(a, b);
        return true;
    case E_DIV:
        f->uses |= USES_ATOM;
        return root(f, e->arg[0], d, &a) && root(f, e->arg[1], d, &b) && divide(a, b, out);
    case E_POW:
        if (!rational_of(e->arg[1], f->bound, &r) || (d % 2 == 0 && (r.n % 2 == 0 || r.d % 2 == 0)))
            return false;
        f->uses |= USES_ATOM;
        if (r.d != 1 || r.n < 0 || !root(f, e->arg[0], d, &a)) return false;
        *out = field_pow(a, (uint64_t)r.n);
        return true;
    default:
        return false;
    }
}

static bool root(struct fp *f, const struct expr *e, int64_t d, struct field *out)
{
    if (d == 1) return image(f, e, out);
    if ((f->steps -= 4) < 0 || d < 1 || d > 1000000) return false;
    if (root_by_rule(f, e, d, out)) return true;
    struct field x;
    if (f->steps < 0 || !image(f, e, &x) || 12 % d != 0) return false;
    f->uses |= USES_ATOM;
    if (field_is_zero(x)) return *out = FIELD_ZERO, true;
    *out = field_pow(atom_root(tag(f, E_FUNC, F_ROOT), x), (uint64_t)(12 / d));
    return true;
}

/* ---- powers ------------------------------------------------------------------------------------ */

/* A product taken apart: scale pi^pis i^is rest. */
struct factors {
    struct rational scale;
    int pis, is;
    bool other; /* rest is not just one */
    struct field rest;
};

static const struct factors NO_FACTORS = {.scale = {1, 1}};

static bool split(struct fp *f, const struct expr *e, struct factors *s)
{
    struct rational r;
    struct field x;
    if (rational_of(e, f->bound, &r)) return rational_mul(s->scale, r, &s->scale);
    switch ((enum expr_kind)e->kind) {
    case E_CONST:
        if (e->op == C_PI) return s->pis++, true;
        if (e->op == C_I) return s->is++, true;
        break;
    case E_NEG:
        s->scale.n = -s->scale.n;
        return split(f, e->arg[0], s);
    case E_MUL:
        return split(f, e->arg[0], s) && split(f, e->arg[1], s);
    case E_DIV:
        if (!split(f, e->arg[0], s)) return false;
        if (rational_of(e->arg[1], f->bound, &r)) return rational_div(s->scale, r, &s->scale);
        s->other = true;
        return image(f, e->arg[1], &x) && divide(s->rest, x, &s->rest);
    case E_DEGREE:
        s->pis++;
        return rational_div(s->scale, (struct rational){180, 1}, &s->scale) &&
               split(f, e->arg[0], s);
    default:
        break;
    }
    if (!image(f, e, &x)) return false;
    s->other = true;
    s->rest = field_mul(s->rest, x);
    return true;
}

static bool split_product(struct fp *f, const struct expr *e, struct factors *s)
{
    *s = NO_FACTORS;
    s->rest = FIELD_ONE;
    return split(f, e, s);
}

/* rest with its factors pi (and i) put back. */
static struct field rest_of(struct fp *f, const struct factors *s)
{
    struct field v = s->rest, pi;
    for (int i = 0; i < s->pis; i++) {
        constant(f, C_PI, &pi);
        v = field_mul(v, pi);
    }
    return field_mul(v, field_pow(FIELD_I, (uint64_t)s->is));
}

/* exp(i x) for a product x: a root of unity, or a norm-one element to a rational power. */
static bool cis_product(struct fp *f, struct factors s, struct field *out)
{
    f->steps -= 150; /* inverses and powers */
    if (s.scale.n == 0 || field_is_zero(s.rest)) return *out = FIELD_ONE, true;
    if (s.pis == 1 && s.is == 0 && !s.other && s.scale.d <= FIELD_ORDER / 2 &&
        FIELD_ORDER % (2 * s.scale.d) == 0) {
        *out = field_root_of_unity(s.scale.n % (2 * s.scale.d), 2 * s.scale.d);
        return true;
    }
    f->uses |= USES_ATOM;
    struct field t = field_mul(FIELD_I, atom_root(tag(f, E_FUNC, F_SIN), rest_of(f, &s)));
    struct field w = field_mul(field_add(FIELD_ONE, t), field_inv(field_sub(FIELD_ONE, t)));
    return power_rational(w, s.scale, out);
}

/* exp(scale e) where every term of e has the factor i. */
static bool exp_imaginary(struct fp *f, const struct expr *e, struct rational scale,
                          struct field *out)
{
    struct field b;
    if ((f->steps -= 10) < 0) return false;
    if (e->kind == E_ADD) {
        struct field a = FIELD_ONE;
        for (uint32_t i = 0; i < e->n; i++) {
            if (!exp_imaginary(f, e->arg[i], scale, &b)) return false;
            a = field_mul(a, b);
        }
        *out = a;
        return true;
    }
    struct factors s;
    if (!expr_has(e, E_CONST, C_I) || !split_product(f, e, &s) || s.is != 1) return false;
    s.is = 0;
    return rational_mul(s.scale, scale, &s.scale) && cis_product(f, s, out);
}

/* base^(scale rest): an atom of the base and the rest, to a rational power. */
static bool power_atom(struct fp *f, uint64_t base_tag, struct field base, struct rational scale,
                       struct field rest, struct field *out)
{
    f->uses |= USES_ATOM;
    return power_rational(atom_root(field_mix(base_tag ^ field_word(base)), rest), scale, out);
}

/* A whole number's power: a product over its primes, so that 4^x = 2^(2x). */
static bool power_whole(struct fp *f, uint64_t n, struct rational scale, struct field rest,
                        struct field *out)
{
    struct field v = FIELD_ONE, x;
    uint64_t t = tag(f, E_POW, 1);
    for (uint64_t q = 2; n > 1; q += q == 2 ? 1 : 2) {
        if (q * q > n || q > 10000) q = n;
        int64_t k = 0;
        for (; n % q == 0; n /= q)
            k++;
        struct rational s;
        if (k == 0) continue;
        if (!rational_mul(scale, (struct rational){k, 1}, &s) ||
            !power_atom(f, t, field_residue(q), s, rest, &x))
            return false;
        v = field_mul(v, x);
        f->steps -= 20;
    }
    *out = v;
    return true;
}

/* base^(scale rest) for a symbolic exponent. */
static bool power_term(struct fp *f, const struct expr *base, struct rational scale,
                       struct field rest, struct field *out)
{
    struct rational r;
    struct field a, b;
    if ((f->steps -= 4) < 0) return false;
    if (rational_of(base, f->bound, &r) && r.n > 0) {
        return power_whole(f, (uint64_t)r.n, scale, rest, &a) &&
               power_whole(f, (uint64_t)r.d, scale, rest, &b) && divide(a, b, out);
    }
    if (base->kind == E_MUL)
        return power_term(f, base->arg[0], scale, rest, &a) &&
               power_term(f, base->arg[1], scale, rest, &b) && (*out = field_mul(a, b), true);
    if (base->kind == E_DIV)
        return power_term(f, base->arg[0], scale, rest, &a) &&
               power_term(f, base->arg[1], scale, rest, &b) && divide(a, b, out);
    if (base->kind == E_POW && rational_of(base->arg[1], f->bound, &r))
        return rational_mul(scale, r, &scale) && power_term(f, base->arg[0], scale, rest, out);
    if (base->kind == E_FUNC && base->op == F_SQRT)
        return rational_div(scale, (struct rational){2, 1}, &scale) &&
               power_term(f, base->arg[0], scale, rest, out);
    return image(f, base, &a) && power_atom(f, tag(f, E_POW, 0), a, scale, rest, out);
}

static bool power_symbolic(struct fp *f, const struct expr *base, const struct expr *e,
                           struct field *out)
{
    struct field a = FIELD_ONE, b;
    if (e->kind == E_ADD) {
        for (uint32_t i = 0; i < e->n; i++) {
            struct rational r;
            const struct expr *t = e->arg[i];
            if (rational_of(t, f->bound, &r)) {
                if (!root(f, base, r.d, &b)) return false;
                b = field_pow(b, r.n < 0 ? 0 - (uint64_t)r.n : (uint64_t)r.n);
                if (r.n < 0) {
                    if (field_is_zero(b)) return false;
                    b = field_inv(b);
                }
            } else if (!power_symbolic(f, base, t, &b)) {
                return false;
            }
            a = field_mul(a, b);
        }
        *out = a;
        return true;
    }
    if (base->kind == E_CONST && base->op == C_E &&
        exp_imaginary(f, e, (struct rational){1, 1}, out))
        return true;
    struct rational scale = {1, 1};
    /* k (x + y) distributes: the exponent's sums become products of powers */
    if (e->kind == E_MUL && rational_of(e->arg[0], f->bound, &scale) && e->arg[1]->kind == E_ADD &&
        scale.d == 1) {
        if (!power_symbolic(f, base, e->arg[1], &b)) return false;
        b = field_pow(b, scale.n < 0 ? 0 - (uint64_t)scale.n : (uint64_t)scale.n);
        if (scale.n >= 0) return *out = b, true;
        return divide(FIELD_ONE, b, out);
    }
    if (e->kind == E_NEG && e->arg[0]->kind == E_ADD)
        return power_symbolic(f, base, e->arg[0], &b) && divide(FIELD_ONE, b, out);
    struct factors s;
    return split_product(f, e, &s) && power_term(f, base, s.scale, rest_of(f, &s), out);
}

static bool power_huge(struct fp *f, const struct expr *base, const struct expr *e,
                       struct field *out)
{
    struct field b;
    uint64_t k;
    if (!expr_is_constant(e) || !image(f, base, &b)) return false;
    if (field_eq(b, FIELD_ONE) || field_is_zero(b)) return *out = b, true;
    bool quarter = field_is_zero(field_sub(field_pow(b, 4), FIELD_ONE));
    if (!field_is_real(b) && !quarter) return false;
    uint64_t order = quarter ? 4 : FIELD_P - 1;
    if (!fingerprint_residue(e, order, f->bound, &f->steps, &k)) return false;
    *out = field_pow(b, k);
    return true;
}

static bool power(struct fp *f, const struct expr *base, const struct expr *e, struct field *out)
{
    struct rational r;
    struct field b;
    if (!rational_of(e, f->bound, &r))
        return power_huge(f, base, e, out) || power_symbolic(f, base, e, out);
    uint64_t n = r.n < 0 ? 0 - (uint64_t)r.n : (uint64_t)r.n;
    if (base->kind == E_FUNC && base->op == F_SQRT && r.d == 1 && r.n % 2 == 0) {
        if (!image(f, base->arg[0], &b)) return false;
        n /= 2;
    } else if (base->kind == E_FUNC && base->op == F_ABS && r.d == 1 && r.n % 2 == 0) {
        if (!image(f, base->arg[0], &b)) return false;
    } else if (!root(f, base, r.d, &b)) {
        return false;
    }
    b = field_pow(b, n);
    if (r.n >= 0) return *out = b, true;
    return divide(FIELD_ONE, b, out);
}

/* ---- trigonometry ------------------------------------------------------------------------------ */

/* exp(i scale e) */
static bool cis(struct fp *f, const struct expr *e, struct rational scale, struct field *out)
{
    struct rational r;
    if ((f->steps -= 10) < 0) return false;
    if (e->kind == E_ADD) {
        struct field a = FIELD_ONE, b;
        for (uint32_t i = 0; i < e->n; i++) {
            if (!cis(f, e->arg[i], scale, &b)) return false;
            a = field_mul(a, b);
        }
        *out = a;
        return true;
    }
    if (e->kind == E_NEG) {
        scale.n = -scale.n;
        return cis(f, e->arg[0], scale, out);
    }
    if (e->kind == E_MUL && rational_of(e->arg[0], f->bound, &r))
        return rational_mul(scale, r, &r) && cis(f, e->arg[1], r, out);
    if (e->kind == E_DIV && rational_of(e->arg[1], f->bound, &r))
        return rational_div(scale, r, &r) && cis(f, e->arg[0], r, out);
    struct factors s;
    return split_product(f, e, &s) && rational_mul(s.scale, scale, &s.scale) &&
           cis_product(f, s, out);
}

static bool circular(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct field w, v, two = field_int(2);
    if (!cis(f, x, (struct rational){1, 1}, &w)) return false;
    v = field_inv(w);
    struct field c = field_mul(field_add(w, v), field_inv(two));
    struct field s = field_mul(field_sub(w, v), field_inv(field_mul(two, FIELD_I)));
    switch (op) {
    case F_SIN:
        return *out = s, true;
    case F_COS:
        return *out = c, true;
    case F_TAN:
        return divide(s, c, out);
    case F_COT:
        return divide(c, s, out);
    case F_SEC:
        return divide(FIELD_ONE, c, out);
    default:
        return divide(FIELD_ONE, s, out);
    }
}

static bool hyperbolic(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct expr e = {.kind = E_CONST, .op = C_E};
    struct field w, v, half = field_inv(field_int(2));
    if (!power(f, &e, x, &w) || field_is_zero(w)) return false;
    v = field_inv(w);
    struct field c = field_mul(field_add(w, v), half), s = field_mul(field_sub(w, v), half);
    switch (op) {
    case F_SINH:
        return *out = s, true;
    case F_COSH:
        return *out = c, true;
    case F_TANH:
        return divide(s, c, out);
    case F_COTH:
        return divide(c, s, out);
    case F_SECH:
        return divide(FIELD_ONE, c, out);
    default:
        return divide(FIELD_ONE, s, out);
    }
}

/* sin, cos or tan of r pi. */
static bool circular_of_pi(int op, struct rational r, struct field *out)
{
    struct field w = field_root_of_unity(r.n % (2 * r.d), 2 * r.d), v = field_inv(w),
                 two = field_int(2);
    struct field c = field_mul(field_add(w, v), field_inv(two));
    struct field s = field_mul(field_sub(w, v), field_inv(field_mul(two, FIELD_I)));
    *out = op == F_COS ? c : s;
    return op != F_TAN || divide(s, c, out);
}

/* The angle r pi whose sine (cosine, tangent) is the constant x, found numerically and then proved. */
static bool known_angle(struct fp *f, int op, const struct expr *x, struct rational *r)
{
    static const int denominators[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24};
    struct interval v;
    if (!expr_is_constant(x) || !interval_of(x, NULL, &v)) return false;
    double pi = 3.14159265358979323846, angle = op == F_SIN   ? asin(v.mid)
                                                : op == F_COS ? acos(v.mid)
                                                              : atan(v.mid);
    if (v.error > 1e-9 || isnan(angle)) return false;
    struct fp g = *f;
    struct field want, got;
    g.uses = 0;
    if (!image(&g, x, &want) || g.uses != 0) return false;
    for (size_t i = 0; i < sizeof(denominators) / sizeof(denominators[0]); i++) {
        int d = denominators[i];
        double n = nearbyint(angle / pi * d);
        if (fabs(angle / pi * d - n) > 1e-7) continue;
        *r = (struct rational){(int64_t)n, d};
        return circular_of_pi(op, *r, &got) && field_eq(want, got);
    }
    return false;
}

static bool pi_times(struct fp *f, struct rational r, struct field *out)
{
    struct field pi;
    constant(f, C_PI, &pi);
    *out = field_mul(of_rational(r), pi);
    return true;
}

/* An atom for an odd function: f(-x) = -f(x). */
static bool odd_atom(struct fp *f, int op, struct field x, struct field *out)
{
    bool flip = field_word(x) > field_word(field_neg(x));
    struct field v = atom(f, tag(f, E_FUNC, op), flip ? field_neg(x) : x);
    *out = field_is_zero(x) ? FIELD_ZERO : flip ? field_neg(v) : v;
    return true;
}

static bool inverse_circular(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct rational r;
    struct field v;
    int direct = op == F_ASIN ? F_SIN : op == F_ACOS ? F_COS : F_TAN;
    if (known_angle(f, direct, x, &r)) return pi_times(f, r, out);
    if (!image(f, x, &v)) return false;
    if (op != F_ACOS) return odd_atom(f, op, v, out);
    if (!odd_atom(f, F_ASIN, v, &v) || !pi_times(f, (struct rational){1, 2}, out)) return false;
    *out = field_sub(*out, v); /* arccos x = pi/2 - arcsin x */
    return true;
}

/* ---- logarithms -------------------------------------------------------------------------------- */

static bool ln(struct fp *f, const struct expr *e, struct field *out);

static struct field ln_whole(struct fp *f, uint64_t n)
{
    struct field v = FIELD_ZERO;
    for (uint64_t q = 2; n > 1; q += q == 2 ? 1 : 2) {
        if (q * q > n || q > 10000) q = n;
        int64_t k = 0;
        for (; n % q == 0; n /= q)
            k++;
        if (k == 0) continue;
        v = field_add(v, field_mul(field_int(k), atom(f, tag(f, E_FUNC, F_LN), field_residue(q))));
        f->steps -= 20;
    }
    f->steps -= 20;
    return v;
}

static bool ln_scaled(struct fp *f, const struct expr *base, const struct expr *by,
                      struct field *out)
{
    struct field a, b;
    if (!ln(f, base, &a) || !image(f, by, &b)) return false;
    *out = field_mul(a, b);
    return true;
}

static bool ln(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational r;
    struct field a, b;
    if ((f->steps -= 4) < 0) return false;
    if (rational_of(e, f->bound, &r) && r.n > 0) {
        *out = field_sub(ln_whole(f, (uint64_t)r.n), ln_whole(f, (uint64_t)r.d));
        return true;
    }
    switch ((enum expr_kind)e->kind) {
    case E_CONST:
        if (e->op == C_E) return *out = FIELD_ONE, true;
        break;
    case E_POW:
        return ln_scaled(f, e->arg[0], e->arg[1], out);
    case E_MUL:
        if (!ln(f, e->arg[0], &a) || !ln(f, e->arg[1], &b)) return false;
        *out = field_add(a, b);
        return true;
    case E_DIV:
        if (!ln(f, e->arg[0], &a) || !ln(f, e->arg[1], &b)) return false;
        *out = field_sub(a, b);
        return true;
    case E_FUNC:
        if (e->op == F_SQRT) {
            if (!ln(f, e->arg[0], &a)) return false;
            *out = field_mul(a, field_inv(field_int(2)));
            return true;
        }
        if (e->op == F_EXP) return image(f, e->arg[0], out);
        break;
    default:
        break;
    }
    if (!image(f, e, &a) || field_is_zero(a)) return false;
    *out = atom(f, tag(f, E_FUNC, F_LN), a);
    return true;
}

static bool log_base(struct fp *f, const struct expr *x, const struct expr *base, struct field *out)
{
    struct field a, b;
    return ln(f, x, &a) && ln(f, base, &b) && divide(a, b, out);
}

/* ---- whole-number functions -------------------------------------------------------------------- */

static bool product_range(struct fp *f, int64_t from, int64_t to, int64_t step, struct field *out)
{
    struct field v = FIELD_ONE;
    for (int64_t i = from; i <= to; i += step) {
        if (--f->steps < 0) return false;
        v = field_mul(v, field_int(i));
    }
    *out = v;
    return true;
}

static bool factorial(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct rational r;
    if (rational_of(x, f->bound, &r) && r.d == 1 && r.n >= 0) {
        if (r.n > f->steps) return false;
        if (op == F_FACT2) return product_range(f, r.n % 2 == 0 ? 2 : 1, r.n, 2, out);
        return product_range(f, 2, r.n, 1, out);
    }
    struct field v;
    if (!image(f, x, &v)) return false;
    *out = atom(f, tag(f, E_FUNC, op), v);
    return true;
}

/* n (n-1) ... (n-k+1) / k! for a small whole k and any n. */
static bool binomial(struct fp *f, const struct expr *n, const struct expr *k, struct field *out)
{
    struct rational r, s;
    struct field x, y, v = FIELD_ONE;
    if (!image(f, n, &x)) return false;
    bool small = rational_of(k, f->bound, &r) && r.d == 1;
    if (small && rational_of(n, f->bound, &s) && s.d == 1 && s.n >= 0 && r.n > s.n - r.n)
        r.n = s.n - r.n;
    if (small && r.n < 0) return *out = FIELD_ZERO, true;
    if (small && r.n <= 100000) {
        struct field den = FIELD_ONE;
        for (int64_t i = 0; i < r.n; i++) {
            if (--f->steps < 0) return false;
            v = field_mul(v, field_sub(x, field_int(i)));
            den = field_mul(den, field_int(i + 1));
        }
        return divide(v, den, out);
    }
    if (!image(f, k, &y)) return false;
    struct field other = field_sub(x, y); /* C(n, k) = C(n, n - k) */
    uint64_t a = field_word(y), b = field_word(other);
    *out = atom(f, tag(f, E_FUNC, F_BINOM) ^ field_word(x), field_residue((a < b ? a : b) >> 4));
    return true;
}

static bool fold_rationals(int op, struct rational *v, struct rational r)
{
    switch (op) {
    case F_GCD: /* of fractions: gcd of numerators over lcm of denominators */
    case F_LCM: {
        int64_t gn = rational_gcd(v->n, r.n), gd = rational_gcd(v->d, r.d), lcm;
        if (op == F_GCD) {
            if (__builtin_mul_overflow(v->d / gd, r.d, &lcm)) return false;
            return rational_make(gn, lcm, v);
        }
        if (gn == 0) return *v = (struct rational){0, 1}, true;
        if (__builtin_mul_overflow(v->n / gn, r.n, &lcm)) return false;
        return rational_make(lcm < 0 ? -lcm : lcm, gd, v);
    }
    default: {
        struct rational minus = {-r.n, r.d}, diff;
        if (!rational_add(*v, minus, &diff)) return false;
        if ((diff.n > 0) == (op == F_MIN)) *v = r;
        return true;
    }
    }
}

/* Polynomials' gcd of names alone: of one name itself, of different names one. */
static bool gcd_names(struct fp *f, const struct expr *e, struct field *out)
{
    bool same = true;
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->arg[i]->kind != E_SYM) return false;
        same &= span_eq(e->arg[i]->text, e->arg[0]->text);
    }
    if (same) return image(f, e->arg[0], out);
    *out = FIELD_ONE;
    return e->op == F_GCD && e->n == 2;
}

static bool fold_many(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational v, r;
    bool all = rational_of(e->arg[0], f->bound, &v);
    if (all && e->n == 1 && e->op != F_MIN && e->op != F_MAX && v.n < 0) v.n = -v.n;
    for (uint32_t i = 1; all && i < e->n; i++)
        all = rational_of(e->arg[i], f->bound, &r) && fold_rationals(e->op, &v, r);
    if (all) return *out = of_rational(v), true;
    if (gcd_names(f, e, out)) return true;
    struct field sum = FIELD_ZERO, x;
    for (uint32_t i = 0; i < e->n; i++) { /* the order of arguments does not matter */
        if (!image(f, e->arg[i], &x)) return false;
        sum = field_add(sum, atom(f, tag(f, E_FUNC, e->op), x));
    }
    *out = atom(f, tag(f, E_FUNC, e->op), sum);
    return true;
}

/* floor(a), when numerics decide it. */
static bool floor_constant(struct fp *f, const struct expr *e, int64_t *out)
{
    struct rational r;
    struct interval v;
    if (rational_of(e, f->bound, &r)) return *out = rational_floor(r), true;
    if (!expr_is_constant(e) || f->bound != NULL || !interval_of(e, NULL, &v)) return false;
    double lo = floor(v.mid - v.error), hi = floor(v.mid + v.error);
    if (lo != hi || fabs(lo) > 1e15) return false;
    *out = (int64_t)lo;
    return true;
}

static bool floor_or_ceil(struct fp *f, const struct expr *e, struct field *out)
{
    int64_t n;
    struct rational r;
    struct field v;
    const struct expr *x = e->arg[0];
    if (floor_constant(f, x, &n)) {
        bool whole = rational_of(x, f->bound, &r) && r.d == 1;
        *out = field_int(e->op == F_FLOOR || whole ? n : n + 1);
        return true;
    }
    if (!image(f, x, &v)) return false;
    if (e->op == F_FLOOR) return *out = atom(f, tag(f, E_FUNC, F_FLOOR), v), true;
    *out = field_neg(atom(f, tag(f, E_FUNC, F_FLOOR), field_neg(v))); /* ceil x = - floor -x */
    return true;
}

static bool modulo(struct fp *f, const struct expr *a, const struct expr *m, struct field *out)
{
    struct rational r, s;
    struct interval v, w;
    struct field x, y;
    uint64_t k;
    if (rational_of(m, f->bound, &s) && s.d == 1 && s.n > 0 && s.n < INT64_MAX / 4 &&
        fingerprint_residue(a, (uint64_t)s.n, f->bound, &f->steps, &k))
        return *out = field_residue(k), true;
    if (!image(f, a, &x) || !image(f, m, &y)) return false;
    if (rational_of(a, f->bound, &r) && rational_of(m, f->bound, &s) && s.n != 0 &&
        rational_div(r, s, &r)) {
        *out = field_sub(x, field_mul(y, field_int(rational_floor(r))));
        return true;
    }
    if (expr_is_constant(a) && expr_is_constant(m) && interval_of(a, NULL, &v) &&
        interval_of(m, NULL, &w) && fabs(w.mid) > 1e3 * w.error) {
        double q = v.mid / w.mid, n = floor(q);
        if (fabs(q) < 1e9 && q - n > 1e-6 && q - n < 1 - 1e-6) {
            *out = field_sub(x, field_mul(y, field_int((int64_t)n)));
            return true;
        }
    }
    *out = atom(f, tag(f, E_FUNC, F_MOD) ^ field_word(x), y);
    return true;
}

/* ---- absolute values --------------------------------------------------------------------------- */

static bool absolute(struct fp *f, const struct expr *x, struct field *out)
{
    struct interval v;
    struct field a, b;
    if (expr_is_constant(x) && f->bound == NULL && interval_of(x, NULL, &v) &&
        fabs(v.mid) > v.error) {
        if (!image(f, x, &a)) return false;
        *out = v.mid < 0 ? field_neg(a) : a;
        return true;
    }
    switch ((enum expr_kind)x->kind) {
    case E_NEG:
        return absolute(f, x->arg[0], out);
    case E_MUL:
        if (!absolute(f, x->arg[0], &a) || !absolute(f, x->arg[1], &b)) return false;
        *out = field_mul(a, b);
        return true;
    case E_DIV:
        return absolute(f, x->arg[0], &a) && absolute(f, x->arg[1], &b) && divide(a, b, out);
    case E_FUNC:
        if (x->op == F_ABS) return absolute(f, x->arg[0], out);
        break;
    default:
        break;
    }
    if (!image(f, x, &a)) return false;
    bool flip = field_word(a) > field_word(field_neg(a));
    *out = field_is_zero(a) ? a : atom(f, tag(f, E_FUNC, F_ABS), flip ? field_neg(a) : a);
    return true;
}

/* ---- sums and integrals ------------------------------------------------------------------------ */

enum { MAX_DEGREE = 24 };

/* The degree of e as a polynomial in name, -1 when it is none. */
static int degree(const struct expr *e, struct span name)
{
    struct rational r;
    if (!expr_has_symbol(e, name)) return 0;
    int a, b, sum = 0;
    switch ((enum expr_kind)e->kind) {
    case E_SYM:
        return 1;
    case E_NEG:
        return degree(e->arg[0], name);
    case E_ADD:
        for (uint32_t i = 0; i < e->n; i++) {
            if ((a = degree(e->arg[i], name)) < 0) return -1;
            if (a > sum) sum = a;
        }
        return sum;
    case E_MUL:
        a = degree(e->arg[0], name);
        b = degree(e->arg[1], name);
        return a < 0 || b < 0 || a + b > MAX_DEGREE ? -1 : a + b;
    case E_DIV:
        return expr_has_symbol(e->arg[1], name) ? -1 : degree(e->arg[0], name);
    case E_POW:
        a = degree(e->arg[0], name);
        if (a < 0 || !rational_of(e->arg[1], NULL, &r) || r.d != 1 || r.n < 0 || r.n > MAX_DEGREE)
            return -1;
        return a * r.n > MAX_DEGREE ? -1 : a * (int)r.n;
    default:
        return -1;
    }
}

static bool image_at(struct fp *f, const struct expr *body, struct span name, bool whole, int64_t n,
                     struct field x, struct field *out)
{
    struct binding here = {f->bound, name, whole, n, x};
    f->bound = &here;
    bool ok = image(f, body, out);
    f->bound = here.outer;
    return ok;
}

/* The value at x of the polynomial with these values at 0, 1, ..., n - 1 (Lagrange). */
static struct field interpolate(const struct field *value, int n, struct field x)
{
    struct field sum = FIELD_ZERO;
    for (int i = 0; i < n; i++) {
        struct field num = value[i], den = FIELD_ONE;
        for (int j = 0; j < n; j++) {
            if (j == i) continue;
            num = field_mul(num, field_sub(x, field_int(j)));
            den = field_mul(den, field_int(i - j));
        }
        sum = field_add(sum, field_mul(num, field_inv(den)));
    }
    return sum;
}

/* The sum from `from` to `to` of a polynomial: the polynomial S(m) = body(1) + ... + body(m) at both. */
static bool sum_polynomial(struct fp *f, const struct expr *e, int d, struct field *out)
{
    struct field partial[MAX_DEGREE + 2] = {FIELD_ZERO}, x, from, to;
    for (int m = 1; m <= d + 1; m++) {
        if (!image_at(f, e->arg[2], e->text, true, m, field_int(m), &x)) return false;
        partial[m] = field_add(partial[m - 1], x);
    }
    if (!image(f, e->arg[0], &from) || !image(f, e->arg[1], &to)) return false;
    *out = field_sub(interpolate(partial, d + 2, to),
                     interpolate(partial, d + 2, field_sub(from, FIELD_ONE)));
    return true;
}

static bool sum_terms(struct fp *f, const struct expr *e, int64_t from, int64_t to,
                      struct field *out)
{
    struct field v = e->op == 0 ? FIELD_ZERO : FIELD_ONE, x;
    for (int64_t k = from; k <= to; k++) {
        if (--f->steps < 0 || !image_at(f, e->arg[2], e->text, true, k, field_int(k), &x))
            return false;
        v = e->op == 0 ? field_add(v, x) : field_mul(v, x);
    }
    *out = v;
    return true;
}

static bool sum(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational from, to;
    int d = e->op == 0 ? degree(e->arg[2], e->text) : -1;
    bool numeric = rational_of(e->arg[0], f->bound, &from) &&
                   rational_of(e->arg[1], f->bound, &to) && from.d == 1 && to.d == 1;
    if (numeric && to.n - from.n < 64) return sum_terms(f, e, from.n, to.n, out);
    if (d >= 0 && expr_has(e->arg[1], E_CONST, C_INF)) return false;
    if (d >= 0) return sum_polynomial(f, e, d, out);
    if (numeric && to.n - from.n < f->steps) return sum_terms(f, e, from.n, to.n, out);
    if (e->op == 1 && !expr_has_symbol(e->arg[2], e->text)) { /* x x ... x */
        struct expr minus = {.kind = E_NEG, .n = 1, .arg = &e->arg[0]}, one = {.kind = E_NUM};
        one.num = (struct num){.digits = span_str("1"), .places = -1};
        const struct expr *terms[] = {e->arg[1], &minus, &one};
        struct expr count = {.kind = E_ADD, .n = 3, .arg = terms};
        return power(f, e->arg[2], &count, out);
    }
    return false;
}

/* The integral of a polynomial, by its coefficients (divided differences). */
static bool integral(struct fp *f, const struct expr *e, struct field *out)
{
    int d = degree(e->arg[0], e->text), n = d + 1;
    struct field c[MAX_DEGREE + 2], p[MAX_DEGREE + 2] = {FIELD_ZERO}, lo, hi;
    if (e->n != 3 || d < 0 || !image(f, e->arg[1], &lo) || !image(f, e->arg[2], &hi)) return false;
    for (int i = 0; i < n; i++)
        if (!image_at(f, e->arg[0], e->text, true, i, field_int(i), &c[i])) return false;
    for (int j = 1; j < n; j++)
        for (int i = n - 1; i >= j; i--)
            c[i] = field_mul(field_sub(c[i], c[i - 1]), field_inv(field_int(j)));
    for (int i = n - 1; i >= 0; i--) { /* p = p (x - i) + c[i] */
        for (int k = n - 1; k > 0; k--)
            p[k] = field_sub(p[k - 1], field_mul(p[k], field_int(i)));
        p[0] = field_sub(c[i], field_mul(p[0], field_int(i)));
    }
    struct field v = FIELD_ZERO;
    for (int k = 0; k < n; k++) {
        struct field span =
            field_sub(field_pow(hi, (uint64_t)k + 1), field_pow(lo, (uint64_t)k + 1));
        v = field_add(v, field_mul(field_mul(p[k], field_inv(field_int(k + 1))), span));
    }
    *out = v;
    return true;
}

/* ---- the choice -------------------------------------------------------------------------------- */

static bool unknown_function(struct fp *f, const struct expr *e, struct field *out)
{
    struct field x, mixed = FIELD_ZERO;
    uint64_t t = tag(f, e->kind, e->kind == E_FUNC ? e->op : 0);
    for (size_t i = 0; i < e->text.n; i++)
        t = field_mix(t ^ (unsigned char)e->text.p[i]);
    for (uint32_t i = 0; i < e->n; i++) {
        if (!image(f, e->arg[i], &x)) return false;
        t = field_mix(t ^ field_word(x));
        mixed = x;
    }
    *out = atom(f, t, mixed);
    return true;
}

static bool function(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational r;
    struct expr base = {.kind = E_CONST, .op = C_E};
    const struct expr *x = e->arg[0];
    switch ((enum func_op)e->op) {
    case F_SQRT:
        return root(f, x, 2, out);
    case F_ROOT:
        if (rational_of(e->arg[1], f->bound, &r) && r.d == 1 && r.n > 0)
            return root(f, x, r.n, out);
        {
            struct expr one = {.kind = E_NUM, .num = {.digits = span_str("1"), .places = -1}};
            const struct expr *pair[] = {&one, e->arg[1]};
            struct expr inverse = {.kind = E_DIV, .n = 2, .arg = pair};
            return power(f, x, &inverse, out);
        }
    case F_SIN:
    case F_COS:
    case F_TAN:
    case F_COT:
    case F_SEC:
    case F_CSC:
        return circular(f, e->op, x, out);
    case F_ASIN:
    case F_ACOS:
    case F_ATAN:
        return inverse_circular(f, e->op, x, out);
    case F_SINH:
    case F_COSH:
    case F_TANH:
    case F_COTH:
    case F_SECH:
    case F_CSCH:
        return hyperbolic(f, e->op, x, out);
    case F_ASINH:
    case F_ATANH: {
        struct field v;
        return image(f, x, &v) && odd_atom(f, e->op, v, out);
    }
    case F_EXP:
        return power(f, &base, x, out);
    case F_LN:
        return ln(f, x, out);
    case F_LOG:
        if (!f->common_log) return ln(f, x, out);
        base = (struct expr){.kind = E_NUM,
                             .num = {.digits = span_str("1"), .exp10 = 1, .places = -1}};
        return log_base(f, x, &base, out);
    case F_LOGB:
        return log_base(f, x, e->arg[1], out);
    case F_ABS:
        return absolute(f, x, out);
    case F_FLOOR:
    case F_CEIL:
        return floor_or_ceil(f, e, out);
    case F_FACT:
    case F_FACT2:
        return factorial(f, e->op, x, out);
    case F_BINOM:
        return e->n == 2 && binomial(f, x, e->arg[1], out);
    case F_GCD:
    case F_LCM:
    case F_MIN:
    case F_MAX:
        return fold_many(f, e, out);
    case F_MOD:
        return e->n == 2 && modulo(f, x, e->arg[1], out);
    default:
        return unknown_function(f, e, out);
    }
}

static bool based(const struct expr *e, struct field *out)
{
    struct field v = FIELD_ZERO, base = field_int(e->num.exp10);
    for (size_t i = 0; i < e->text.n; i++)
        v = field_add(field_mul(v, base), field_int(e->text.p[i] - '0'));
    *out = v;
    return true;
}

static bool symbol(struct fp *f, const struct expr *e, struct field *out)
{
    const struct binding *b = binding_find(f->bound, e->text);
    *out = b != NULL ? b->image : field_pow(symbol_root(f, e->text), 12);
    return true;
}

static bool image(struct fp *f, const struct expr *e, struct field *out)
{
    struct field a, b;
    if (--f->steps < 0) return false;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return *out = of_number(f, &e->num), true;
    case E_SYM:
        return symbol(f, e, out);
    case E_CONST:
        return constant(f, e->op, out);
    case E_ADD:
        a = FIELD_ZERO;
        for (uint32_t i = 0; i < e->n; i++) {
            if (!image(f, e->arg[i], &b)) return false;
            a = field_add(a, b);
        }
        return *out = a, true;
    case E_MUL:
        if (!image(f, e->arg[0], &a) || !image(f, e->arg[1], &b)) return false;
        return *out = field_mul(a, b), true;
    case E_DIV:
        f->steps -= 40;
        return image(f, e->arg[0], &a) && image(f, e->arg[1], &b) && divide(a, b, out);
    case E_POW:
        f->steps -= 20;
        return power(f, e->arg[0], e->arg[1], out);
    case E_NEG:
        if (!image(f, e->arg[0], &a)) return false;
        return *out = field_neg(a), true;
    case E_FUNC:
        return function(f, e, out);
    case E_APPLY:
        return unknown_function(f, e, out);
    case E_PERCENT:
        return image(f, e->arg[0], &a) && divide(a, field_int(100), out);
    case E_DEGREE:
        if (!image(f, e->arg[0], &a) || !pi_times(f, (struct rational){1, 180}, &b)) return false;
        return *out = field_mul(a, b), true;
    case E_UNIT:
        return image(f, e->arg[0], out);
    case E_BASE:
        return based(e, out);
    case E_RATIO:
        return e->n == 2 && image(f, e->arg[0], &a) && image(f, e->arg[1], &b) && divide(a, b, out);
    case E_SUM:
        return sum(f, e, out);
    case E_INTEGRAL:
        return integral(f, e, out);
    default:
        return false;
    }
}

bool fingerprint_of(const struct expr *e, const struct fingerprint_options *o,
                    struct fingerprint *out)
{
    struct fp f = {.seed = o->seed, .steps = o->steps, .common_log = o->common_log};
    if (!image(&f, e, &out->image)) return false;
    out->exact = (f.uses & USES_ATOM) == 0 && f.uses != (USES_PI | USES_E);
    return true;
}
