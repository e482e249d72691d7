/* reward/math/field/image_trig.c - circular and hyperbolic functions and their inverses.
 *
 * cos and sin come from exp(i x), so sums, multiples and halves follow the addition formulas.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <math.h>

#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

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

/* The quotient of two of one, sine and cosine that the function op is. */
static bool quotient_of_parts(int op, struct field sine, struct field cosine, struct field *out)
{
    const struct function *row = &FUNCTIONS[op];
    const struct field part[] = {
        [PART_ONE] = FIELD_ONE, [PART_SINE] = sine, [PART_COSINE] = cosine};
    if (row->under == PART_ONE) return image_set(out, part[row->over]);
    return image_divide(part[row->over], part[row->under], out);
}

bool image_circular(struct fp *f, const struct expr *e, struct field *out)
{
    struct field w, v, two = field_int(2);
    if (!cis(f, e->arg[0], (struct rational){1, 1}, &w)) return false;
    v = field_inv(w);
    struct field c = field_mul(field_add(w, v), field_inv(two));
    struct field s = field_mul(field_sub(w, v), field_inv(field_mul(two, FIELD_I)));
    return quotient_of_parts(e->op, s, c, out);
}

bool image_hyperbolic(struct fp *f, const struct expr *e, struct field *out)
{
    struct expr base = {.kind = E_CONST, .op = C_E};
    struct field w, v, half = field_inv(field_int(2));
    if (!image_power(f, &base, e->arg[0], &w) || field_is_zero(w)) return false;
    v = field_inv(w);
    return quotient_of_parts(e->op, field_mul(field_sub(w, v), half),
                             field_mul(field_add(w, v), half), out);
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

bool image_arc(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational r;
    struct field v;
    if (known_angle(f, FUNCTIONS[e->op].inverse, e->arg[0], &r)) return image_pi_times(f, r, out);
    if (!image_of(f, e->arg[0], &v)) return false;
    if (e->op != F_ACOS) return image_symmetric_atom(f, e->op, v, out);
    if (!image_symmetric_atom(f, F_ASIN, v, &v) ||
        !image_pi_times(f, (struct rational){1, 2}, out)) {
        return false;
    }
    return image_set(out, field_sub(*out, v)); /* arccos x = pi/2 - arcsin x */
}
