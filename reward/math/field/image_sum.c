/* reward/math/field/image_sum.c - sums, products and integrals with closed forms, or few terms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

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
        if (a < 0 || !rational_of(e->arg[1], NULL, &r) || r.d != 1 || r.n < 0 || r.n > MAX_DEGREE) {
            return -1;
        }
        return a * r.n > MAX_DEGREE ? -1 : a * (int)r.n;
    default:
        return -1;
    }
}

/* What body is where the name stands for the whole number n, which is x in the field. */
static bool image_at(struct fp *f, const struct expr *body, struct span name, int64_t n,
                     struct field x, struct field *out)
{
    struct binding here = {f->bound, name, n, x};
    f->bound = &here;
    bool ok = image_of(f, body, out);
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
        if (!image_at(f, e->arg[2], e->text, m, field_int(m), &x)) return false;
        partial[m] = field_add(partial[m - 1], x);
    }
    if (!image_of(f, e->arg[0], &from) || !image_of(f, e->arg[1], &to)) return false;
    *out = field_sub(interpolate(partial, d + 2, to),
                     interpolate(partial, d + 2, field_sub(from, FIELD_ONE)));
    return true;
}

static bool sum_terms(struct fp *f, const struct expr *e, int64_t from, int64_t to,
                      struct field *out)
{
    struct field v = e->op == 0 ? FIELD_ZERO : FIELD_ONE, x;
    for (int64_t k = from; k <= to; k++) {
        if (--f->steps < 0 || !image_at(f, e->arg[2], e->text, k, field_int(k), &x)) {
            return false;
        }
        v = e->op == 0 ? field_add(v, x) : field_mul(v, x);
    }
    *out = v;
    return true;
}

bool image_sum(struct fp *f, const struct expr *e, struct field *out)
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
        return image_power(f, e->arg[2], &count, out);
    }
    return false;
}

/* The integral of a polynomial, by its coefficients (divided differences). */
bool image_integral(struct fp *f, const struct expr *e, struct field *out)
{
    int d = degree(e->arg[0], e->text), n = d + 1;
    struct field c[MAX_DEGREE + 2], p[MAX_DEGREE + 2] = {FIELD_ZERO}, lo, hi;
    if (e->n != 3 || d < 0 || !image_of(f, e->arg[1], &lo) || !image_of(f, e->arg[2], &hi)) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (!image_at(f, e->arg[0], e->text, i, field_int(i), &c[i])) return false;
    }
    for (int j = 1; j < n; j++) {
        for (int i = n - 1; i >= j; i--) {
            c[i] = field_mul(field_sub(c[i], c[i - 1]), field_inv(field_int(j)));
        }
    }
    for (int i = n - 1; i >= 0; i--) { /* p = p (x - i) + c[i] */
        for (int k = n - 1; k > 0; k--) {
            p[k] = field_sub(p[k - 1], field_mul(p[k], field_int(i)));
        }
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
