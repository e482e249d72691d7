/* reward/math/field/image_whole.c - functions of whole numbers: factorials, binomials, gcd, floor, mod.
 *
 * Where the arguments are small fractions the function is carried out, step by step and paid for in
 * steps. Where one is too large to be written out but known modulo the other, its residue serves
 * (residue.c). Else the result is an atom that keeps the function's symmetries: the order of gcd's
 * arguments, C(n, k) = C(n, n - k), ceil x = -floor(-x).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <math.h>

#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

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
    if (!image_of(f, x, &v)) return false;
    *out = image_atom(f, image_tag(f, E_FUNC, op), v);
    return true;
}

bool image_factorial(struct fp *f, const struct expr *e, struct field *out)
{
    return factorial(f, e->op, e->arg[0], out);
}

/* n (n-1) ... (n-k+1) / k! for a small whole k and any n. */
bool image_binomial(struct fp *f, const struct expr *e, struct field *out)
{
    const struct expr *n = e->arg[0], *k = e->arg[1];
    struct rational r, s;
    struct field x, y, v = FIELD_ONE;
    if (!image_of(f, n, &x)) return false;
    bool small = rational_of(k, f->bound, &r) && r.d == 1;
    if (small && rational_of(n, f->bound, &s) && s.d == 1 && s.n >= 0 && r.n > s.n - r.n) {
        r.n = s.n - r.n;
    }
    if (small && r.n < 0) return image_set(out, FIELD_ZERO);
    if (small && r.n <= 100000) {
        struct field den = FIELD_ONE;
        for (int64_t i = 0; i < r.n; i++) {
            if (--f->steps < 0) return false;
            v = field_mul(v, field_sub(x, field_int(i)));
            den = field_mul(den, field_int(i + 1));
        }
        return image_divide(v, den, out);
    }
    if (!image_of(f, k, &y)) return false;
    struct field other = field_sub(x, y); /* C(n, k) = C(n, n - k) */
    uint64_t a = field_word(y), b = field_word(other);
    *out = image_atom(f, image_tag(f, E_FUNC, F_BINOM) ^ field_word(x),
                      field_residue((a < b ? a : b) >> 4));
    return true;
}

bool image_permutations(struct fp *f, const struct expr *e, struct field *out)
{
    struct field chosen, orders;
    if (!image_binomial(f, e, &chosen) || !factorial(f, F_FACT, e->arg[1], &orders)) return false;
    return image_set(out, field_mul(chosen, orders)); /* n! / (n - k)! */
}

bool image_fold_rational(int op, struct rational *v, struct rational r)
{
    switch (op) {
    case F_GCD: /* of fractions: gcd of numerators over lcm of denominators */
    case F_LCM: {
        int64_t gn = rational_gcd(v->n, r.n), gd = rational_gcd(v->d, r.d), lcm;
        if (op == F_GCD) {
            if (__builtin_mul_overflow(v->d / gd, r.d, &lcm)) return false;
            return rational_make(gn, lcm, v);
        }
        if (gn == 0) {
            *v = (struct rational){0, 1};
            return true;
        }
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

/* gcd or lcm of a large whole number and a small one: by the remainder. */
static bool fold_large(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational small;
    uint64_t rest;
    struct field large;
    for (int i = 0; i < 2 && e->n == 2 && (e->op == F_GCD || e->op == F_LCM); i++) {
        const struct expr *x = e->arg[1 - i];
        if (!rational_of(e->arg[i], f->bound, &small) || small.d != 1 || small.n == 0 ||
            small.n > INT64_MAX / 4 || small.n < -INT64_MAX / 4) {
            continue;
        }
        if (small.n < 0) small.n = -small.n;
        if (!fingerprint_residue(x, (uint64_t)small.n, f->bound, &f->steps, &rest)) return false;
        int64_t gcd = rational_gcd(small.n, (int64_t)rest);
        *out = field_int(gcd);
        if (e->op == F_GCD) return true;
        if (!image_of(f, x, &large)) return false;
        struct interval v;
        bool minus =
            expr_is_constant(x) && f->bound == NULL && interval_of(x, NULL, &v) && v.mid < 0;
        *out = field_mul(large, field_int(minus ? -(small.n / gcd) : small.n / gcd));
        return true;
    }
    return false;
}

bool image_fold_many(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational v, r;
    bool all = rational_of(e->arg[0], f->bound, &v);
    if (all && e->n == 1 && e->op != F_MIN && e->op != F_MAX && v.n < 0) v.n = -v.n;
    for (uint32_t i = 1; all && i < e->n; i++) {
        all = rational_of(e->arg[i], f->bound, &r) && image_fold_rational(e->op, &v, r);
    }
    if (all) return image_set(out, image_of_rational(v));
    if (fold_large(f, e, out)) return true;
    if ((e->op == F_GCD || e->op == F_LCM) && image_gcd_monomials(f, e, out)) return true;
    struct field sum = FIELD_ZERO, x;
    for (uint32_t i = 0; i < e->n; i++) { /* the order of arguments does not matter */
        if (!image_of(f, e->arg[i], &x)) return false;
        sum = field_add(sum, image_atom(f, image_tag(f, E_FUNC, e->op), x));
    }
    *out = image_atom(f, image_tag(f, E_FUNC, e->op), sum);
    return true;
}

/* floor(a), when numerics decide it. */
static bool floor_constant(struct fp *f, const struct expr *e, int64_t *out)
{
    struct rational r;
    struct interval v;
    if (rational_of(e, f->bound, &r)) {
        *out = rational_floor(r);
        return true;
    }
    if (!expr_is_constant(e) || f->bound != NULL || !interval_of(e, NULL, &v)) return false;
    double lo = floor(v.mid - v.error), hi = floor(v.mid + v.error);
    if (lo != hi || fabs(lo) > 1e15) return false;
    *out = (int64_t)lo;
    return true;
}

bool image_floor_or_ceil(struct fp *f, const struct expr *e, struct field *out)
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
    if (!image_of(f, x, &v)) return false;
    if (e->op == F_FLOOR) return image_set(out, image_atom(f, image_tag(f, E_FUNC, F_FLOOR), v));
    *out = field_neg(
        image_atom(f, image_tag(f, E_FUNC, F_FLOOR), field_neg(v))); /* ceil x = - floor -x */
    return true;
}

bool image_modulo(struct fp *f, const struct expr *e, struct field *out)
{
    if (e->n != 2) return false;
    const struct expr *a = e->arg[0], *m = e->arg[1];
    struct rational r, s;
    struct interval v, w;
    struct field x, y;
    uint64_t k;
    if (rational_of(m, f->bound, &s) && s.d == 1 && s.n > 0 && s.n < INT64_MAX / 4 &&
        fingerprint_residue(a, (uint64_t)s.n, f->bound, &f->steps, &k)) {
        return image_set(out, field_residue(k));
    }
    if (!image_of(f, a, &x) || !image_of(f, m, &y)) return false;
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
    *out = image_atom(f, image_tag(f, E_FUNC, F_MOD) ^ field_word(x), y);
    return true;
}
