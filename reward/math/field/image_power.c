/* reward/math/field/image_power.c - powers, and the exponentials of imaginary arguments.
 *
 * b^x is a product over x's terms, b's factors and b's primes; exp(i x) a product over x's terms of
 * norm-one elements. Whole exponents too large to write out are taken modulo the group's order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"
#include "reward/math/tree/functions.h"

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
        return image_of(f, e->arg[1], &x) && image_divide(s->rest, x, &s->rest);
    case E_DEGREE:
        s->pis++;
        return rational_div(s->scale, (struct rational){180, 1}, &s->scale) &&
               split(f, e->arg[0], s);
    default:
        break;
    }
    if (!image_of(f, e, &x)) return false;
    s->other = true;
    s->rest = field_mul(s->rest, x);
    return true;
}

bool image_split_product(struct fp *f, const struct expr *e, struct factors *s)
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
        image_constant(f, C_PI, &pi);
        v = field_mul(v, pi);
    }
    return field_mul(v, field_pow(FIELD_I, (uint64_t)s->is));
}

/* exp(i x) for a product x: a root of unity, or a norm-one element to a rational power. */
bool image_cis_product(struct fp *f, struct factors s, struct field *out)
{
    f->steps -= 150; /* inverses and powers */
    if (s.scale.n == 0 || field_is_zero(s.rest)) return image_set(out, FIELD_ONE);
    if (s.pis == 1 && s.is == 0 && !s.other && s.scale.d <= FIELD_ORDER / 2 &&
        FIELD_ORDER % (2 * s.scale.d) == 0) {
        *out = field_root_of_unity(s.scale.n % (2 * s.scale.d), 2 * s.scale.d);
        return true;
    }
    f->uses |= USES_ATOM;
    struct field t =
        field_mul(FIELD_I, image_atom_root(image_tag(f, E_FUNC, F_SIN), rest_of(f, &s)));
    struct field w = field_mul(field_add(FIELD_ONE, t), field_inv(field_sub(FIELD_ONE, t)));
    return image_power_rational(w, s.scale, out);
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
    if (!expr_has(e, E_CONST, C_I) || !image_split_product(f, e, &s) || s.is != 1) return false;
    s.is = 0;
    return rational_mul(s.scale, scale, &s.scale) && image_cis_product(f, s, out);
}

/* base^(scale rest): an atom of the base and the rest, to a rational power. */
static bool power_atom(struct fp *f, uint64_t base_tag, struct field base, struct rational scale,
                       struct field rest, struct field *out)
{
    f->uses |= USES_ATOM;
    return image_power_rational(image_atom_root(field_mix(base_tag ^ field_word(base)), rest),
                                scale, out);
}

/* A whole number's power: a product over its primes, so that 4^x = 2^(2x). */
static bool power_whole(struct fp *f, uint64_t n, struct rational scale, struct field rest,
                        struct field *out)
{
    struct field v = FIELD_ONE, x;
    uint64_t t = image_tag(f, E_POW, 1);
    for (uint64_t q = 2; n > 1; q += q == 2 ? 1 : 2) {
        if (q * q > n || q > 10000) q = n;
        int64_t k = 0;
        for (; n % q == 0; n /= q) {
            k++;
        }
        struct rational s;
        if (k == 0) continue;
        if (!rational_mul(scale, (struct rational){k, 1}, &s) ||
            !power_atom(f, t, field_residue(q), s, rest, &x)) {
            return false;
        }
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
               power_whole(f, (uint64_t)r.d, scale, rest, &b) && image_divide(a, b, out);
    }
    if (base->kind == E_MUL) {
        return power_term(f, base->arg[0], scale, rest, &a) &&
               power_term(f, base->arg[1], scale, rest, &b) && (*out = field_mul(a, b), true);
    }
    if (base->kind == E_DIV) {
        return power_term(f, base->arg[0], scale, rest, &a) &&
               power_term(f, base->arg[1], scale, rest, &b) && image_divide(a, b, out);
    }
    if (base->kind == E_POW && rational_of(base->arg[1], f->bound, &r)) {
        return rational_mul(scale, r, &scale) && power_term(f, base->arg[0], scale, rest, out);
    }
    if (base->kind == E_FUNC && base->op == F_SQRT) {
        return rational_div(scale, (struct rational){2, 1}, &scale) &&
               power_term(f, base->arg[0], scale, rest, out);
    }
    return image_of(f, base, &a) && power_atom(f, image_tag(f, E_POW, 0), a, scale, rest, out);
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
                if (!image_root(f, base, r.d, &b)) return false;
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
        exp_imaginary(f, e, (struct rational){1, 1}, out)) {
        return true;
    }
    struct rational scale = {1, 1};
    /* k (x + y) distributes: the exponent's sums become products of powers */
    if (e->kind == E_MUL && rational_of(e->arg[0], f->bound, &scale) && e->arg[1]->kind == E_ADD &&
        scale.d == 1) {
        if (!power_symbolic(f, base, e->arg[1], &b)) return false;
        b = field_pow(b, scale.n < 0 ? 0 - (uint64_t)scale.n : (uint64_t)scale.n);
        if (scale.n >= 0) return image_set(out, b);
        return image_divide(FIELD_ONE, b, out);
    }
    if (e->kind == E_NEG && e->arg[0]->kind == E_ADD) {
        return power_symbolic(f, base, e->arg[0], &b) && image_divide(FIELD_ONE, b, out);
    }
    struct factors s;
    return image_split_product(f, e, &s) && power_term(f, base, s.scale, rest_of(f, &s), out);
}

static bool power_huge(struct fp *f, const struct expr *base, const struct expr *e,
                       struct field *out)
{
    struct field b;
    uint64_t k;
    if (!expr_is_constant(e) || !image_of(f, base, &b)) return false;
    if (field_eq(b, FIELD_ONE) || field_is_zero(b)) return image_set(out, b);
    bool quarter = field_is_zero(field_sub(field_pow(b, 4), FIELD_ONE));
    if (!field_is_real(b) && !quarter) return false;
    uint64_t order = quarter ? 4 : FIELD_P - 1;
    if (!fingerprint_residue(e, order, f->bound, &f->steps, &k)) return false;
    *out = field_pow(b, k);
    return true;
}

bool image_power(struct fp *f, const struct expr *base, const struct expr *e, struct field *out)
{
    struct rational r;
    struct field b;
    if (!rational_of(e, f->bound, &r)) {
        return power_huge(f, base, e, out) || power_symbolic(f, base, e, out);
    }
    uint64_t n = r.n < 0 ? 0 - (uint64_t)r.n : (uint64_t)r.n;
    if (base->kind == E_FUNC && base->op == F_SQRT && r.d == 1 && r.n % 2 == 0) {
        if (!image_of(f, base->arg[0], &b)) return false;
        n /= 2;
    } else if (base->kind == E_FUNC && base->op == F_ABS && r.d == 1 && r.n % 2 == 0) {
        if (!image_of(f, base->arg[0], &b)) return false;
    } else if (!image_root(f, base, r.d, &b)) {
        return false;
    }
    b = field_pow(b, n);
    if (r.n >= 0) return image_set(out, b);
    return image_divide(FIELD_ONE, b, out);
}

bool image_exp(struct fp *f, const struct expr *e, struct field *out)
{
    const struct expr base = {.kind = E_CONST, .op = C_E};
    return image_power(f, &base, e->arg[0], out);
}
