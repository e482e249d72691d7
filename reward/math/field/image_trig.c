/* reward/math/field/image_trig.c - circular and hyperbolic functions and their inverses.
 *
 * cos and sin come from exp(i x), so sums, multiples and halves follow the addition formulas.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <math.h>

#include "reward/math/value/interval.h"

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
    if (e->kind == E_MUL && rational_of(e->arg[0], f->bound, &r)) {
        return rational_mul(scale, r, &r) && cis(f, e->arg[1], r, out);
    }
    if (e->kind == E_DIV && rational_of(e->arg[1], f->bound, &r)) {
        return rational_div(scale, r, &r) && cis(f, e->arg[0], r, out);
    }
    struct factors s;
    return image_split_product(f, e, &s) && rational_mul(s.scale, scale, &s.scale) &&
           image_cis_product(f, s, out);
}

bool image_circular(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct field w, v, two = field_int(2);
    if (!cis(f, x, (struct rational){1, 1}, &w)) return false;
    v = field_inv(w);
    struct field c = field_mul(field_add(w, v), field_inv(two));
    struct field s = field_mul(field_sub(w, v), field_inv(field_mul(two, FIELD_I)));
    switch (op) {
    case F_SIN:
        return image_set(out, s);
    case F_COS:
        return image_set(out, c);
    case F_TAN:
        return image_divide(s, c, out);
    case F_COT:
        return image_divide(c, s, out);
    case F_SEC:
        return image_divide(FIELD_ONE, c, out);
    default:
        return image_divide(FIELD_ONE, s, out);
    }
}

bool image_hyperbolic(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct expr e = {.kind = E_CONST, .op = C_E};
    struct field w, v, half = field_inv(field_int(2));
    if (!image_power(f, &e, x, &w) || field_is_zero(w)) return false;
    v = field_inv(w);
    struct field c = field_mul(field_add(w, v), half), s = field_mul(field_sub(w, v), half);
    switch (op) {
    case F_SINH:
        return image_set(out, s);
    case F_COSH:
        return image_set(out, c);
    case F_TANH:
        return image_divide(s, c, out);
    case F_COTH:
        return image_divide(c, s, out);
    case F_SECH:
        return image_divide(FIELD_ONE, c, out);
    default:
        return image_divide(FIELD_ONE, s, out);
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
    return op != F_TAN || image_divide(s, c, out);
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
    if (!image_of(&g, x, &want) || g.uses != 0) return false;
    for (size_t i = 0; i < sizeof(denominators) / sizeof(denominators[0]); i++) {
        int d = denominators[i];
        double n = nearbyint(angle / pi * d);
        if (fabs(angle / pi * d - n) > 1e-7) continue;
        *r = (struct rational){(int64_t)n, d};
        return circular_of_pi(op, *r, &got) && field_eq(want, got);
    }
    return false;
}

bool image_pi_times(struct fp *f, struct rational r, struct field *out)
{
    struct field pi;
    image_constant(f, C_PI, &pi);
    *out = field_mul(image_of_rational(r), pi);
    return true;
}

/* An atom for an odd function: f(-x) = -f(x). */
bool image_odd_atom(struct fp *f, int op, struct field x, struct field *out)
{
    bool flip = field_word(x) > field_word(field_neg(x));
    struct field v = image_atom(f, image_tag(f, E_FUNC, op), flip ? field_neg(x) : x);
    *out = field_is_zero(x) ? FIELD_ZERO : flip ? field_neg(v) : v;
    return true;
}

bool image_inverse_circular(struct fp *f, int op, const struct expr *x, struct field *out)
{
    struct rational r;
    struct field v;
    int direct = op == F_ASIN ? F_SIN : op == F_ACOS ? F_COS : F_TAN;
    if (known_angle(f, direct, x, &r)) return image_pi_times(f, r, out);
    if (!image_of(f, x, &v)) return false;
    if (op != F_ACOS) return image_odd_atom(f, op, v, out);
    if (!image_odd_atom(f, F_ASIN, v, &v) || !image_pi_times(f, (struct rational){1, 2}, out)) {
        return false;
    }
    *out = field_sub(*out, v); /* arccos x = pi/2 - arcsin x */
    return true;
}
