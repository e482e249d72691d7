/* reward/math/compare/solve.c - inequalities of one variable as sets of points.
 *
 * f op g is written d = f - g op 0 and d is taken apart into factors, above and below a line of
 * fraction. Where every factor is a polynomial of degree two at most its real roots are known,
 * and between two neighbouring roots d keeps its sign: one evaluation in each gap tells it. |u|
 * op c is read as u^2 op c^2. Whatever is of another form stays an inequality.
 *
 *   (1) The roots of a chart ascend, and none stands twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/solve.h"

#include <assert.h>
#include <math.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

enum { MAX_ROOTS = 12, GRID = 1 << 20, MAX_LISTED = 200 };

struct root {
    const struct expr *at;
    double value;
    bool pole; /* d has no value there */
};

struct chart {
    struct arena *a;
    struct span name; /* of the variable */
    struct root root[MAX_ROOTS];
    int n;
};

/* The one name in e; false when there is another. */
static bool one_name(const struct expr *e, struct span *name)
{
    if (e->kind == E_SYM) {
        if (name->n > 0 && !span_eq(*name, e->text)) return false;
        *name = e->text;
        return true;
    }
    if (e->kind == E_SUM || e->kind == E_INTEGRAL || e->kind == E_LIMIT || e->kind == E_APPLY) {
        return false;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (!one_name(e->arg[i], name)) return false;
    }
    return true;
}

static const struct expr *minus(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_ADD, 0, x, expr_1(a, E_NEG, 0, y));
}

static const struct expr *times(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_MUL, 0, x, y);
}

static const struct expr *over(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_DIV, 0, x, y);
}

/* ---- roots ------------------------------------------------------------------------------------- */

static bool add_root(struct chart *c, const struct expr *at, bool pole)
{
    struct interval v;
    if (at == NULL || !interval_of(at, NULL, &v)) return false;
    int i = 0;
    while (i < c->n && c->root[i].value < v.mid) {
        i++;
    }
    for (int k = i - 1; k <= i; k++) {
        if (k < 0 || k >= c->n || fabs(c->root[k].value - v.mid) > 1e-9 * (1 + fabs(v.mid))) {
            continue;
        }
        if (!fingerprint_zero(minus(c->a, at, c->root[k].at))) return false; /* too close to call */
        c->root[k].pole |= pole;
        return true;
    }
    if (c->n == MAX_ROOTS) return false;
    memmove(c->root + i + 1, c->root + i, (size_t)(c->n - i) * sizeof(c->root[0]));
    c->root[i] = (struct root){at, v.mid, pole};
    c->n++;
    assert(c->n <= MAX_ROOTS && (i == 0 || c->root[i - 1].value < v.mid)); /* (1) */
    return true;
}

static const struct expr *value_at(struct chart *c, const struct expr *e, int64_t x)
{
    return expr_substitute(c->a, e, c->name, expr_int(c->a, x));
}

/* The roots of q2 x^2 + q1 x + q0. */
static bool quadratic_roots(struct chart *c, const struct expr *q2, const struct expr *q1,
                            const struct expr *q0, bool pole)
{
    struct arena *a = c->a;
    struct interval v;
    if (fingerprint_zero(q2)) {
        if (fingerprint_zero(q1)) return true; /* a constant */
        return add_root(c, expr_1(a, E_NEG, 0, over(a, q0, q1)), pole);
    }
    const struct expr *twice = times(a, expr_int(a, 2), q2);
    const struct expr *middle = expr_1(a, E_NEG, 0, over(a, q1, twice));
    const struct expr *d = minus(a, times(a, q1, q1), times(a, expr_int(a, 4), times(a, q2, q0)));
    if (d == NULL) return false;
    if (fingerprint_zero(d)) return add_root(c, middle, pole);
    if (!interval_of(d, NULL, &v) || fabs(v.mid) <= v.error) return false;
    if (v.mid < 0) return true;
    const struct expr *half = over(a, expr_1(a, E_FUNC, F_SQRT, d), twice);
    return add_root(c, minus(a, middle, half), pole) &&
           add_root(c, expr_2(a, E_ADD, 0, middle, half), pole);
}

/* A factor that is a polynomial: found by its values at -1, 0 and 1. */
static bool polynomial_roots(struct chart *c, const struct expr *e, bool pole)
{
    struct arena *a = c->a;
    const struct expr *at0 = value_at(c, e, 0), *at1 = value_at(c, e, 1),
                      *below = value_at(c, e, -1);
    const struct expr *two = expr_int(a, 2), *x = expr_sym(a, c->name);
    if (at0 == NULL || at1 == NULL || below == NULL || two == NULL || x == NULL) return false;
    const struct expr *q1 = over(a, minus(a, at1, below), two);
    const struct expr *q2 = minus(a, over(a, expr_2(a, E_ADD, 0, at1, below), two), at0);
    const struct expr *whole = expr_2(a, E_ADD, 0, times(a, q2, times(a, x, x)),
                                      expr_2(a, E_ADD, 0, times(a, q1, x), at0));
    return whole != NULL && fingerprint_zero(minus(a, e, whole)) &&
           quadratic_roots(c, q2, q1, at0, pole);
}

static bool factor_roots(struct chart *c, const struct expr *e, bool pole)
{
    int64_t power;
    if (expr_is_constant(e)) return true;
    switch ((enum expr_kind)e->kind) {
    case E_NEG:
        return factor_roots(c, e->arg[0], pole);
    case E_MUL:
        return factor_roots(c, e->arg[0], pole) && factor_roots(c, e->arg[1], pole);
    case E_DIV:
        return factor_roots(c, e->arg[0], pole) && factor_roots(c, e->arg[1], true);
    case E_POW:
        if (!expr_small_int(e->arg[1], &power) || power == 0) return false;
        return factor_roots(c, e->arg[0], pole || power < 0);
    default:
        return polynomial_roots(c, e, pole);
    }
}

/* ---- signs ------------------------------------------------------------------------------------- */

/* A number inside gap i (before root i). */
static double inside(const struct chart *c, int i)
{
    if (c->n == 0) return 0.375;
    if (i == 0) return c->root[0].value - 1;
    if (i == c->n) return c->root[c->n - 1].value + 1;
    return (c->root[i - 1].value + c->root[i].value) / 2;
}

/* The sign of d in gap i; 0 when it cannot be told. */
static int sign_in(struct chart *c, const struct expr *d, int i)
{
    struct interval v;
    double at = inside(c, i);
    if (fabs(at) > 1e9) return 0;
    const struct expr *x =
        over(c->a, expr_int(c->a, (int64_t)llround(at * GRID)), expr_int(c->a, GRID));
    const struct expr *there = x == NULL ? NULL : expr_substitute(c->a, d, c->name, x);
    if (there == NULL || !interval_of(there, NULL, &v) || fabs(v.mid) <= v.error) return 0;
    return v.mid > 0 ? 1 : -1;
}

static bool wanted(int op, int sign)
{
    switch (op) {
    case R_LT:
        return sign < 0;
    case R_LE:
        return sign <= 0;
    case R_GT:
        return sign > 0;
    case R_GE:
        return sign >= 0;
    default:
        return sign != 0;
    }
}

static const struct expr *infinite(struct arena *a, bool above)
{
    const struct expr *e = expr_new(a, E_CONST, C_INF, 0);
    return above ? e : expr_1(a, E_NEG, 0, e);
}

/* The gaps and roots where d op 0 holds, as a union. */
static const struct expr *where_holds(struct chart *c, const struct expr *d, int op)
{
    struct arena *a = c->a;
    struct expr *all = expr_new(a, E_LIST, 2, 2 * (uint32_t)c->n + 1);
    uint32_t n = 0;
    for (int i = 0; all != NULL && i <= c->n; i++) {
        int sign = sign_in(c, d, i);
        if (sign == 0) return NULL;
        if (wanted(op, sign)) {
            const struct expr *from = i == 0 ? infinite(a, false) : c->root[i - 1].at,
                              *to = i == c->n ? infinite(a, true) : c->root[i].at;
            if ((all->arg[n++] = expr_2(a, E_TUPLE, B_ROUND, from, to)) == NULL) return NULL;
        }
        if (i < c->n && !c->root[i].pole && wanted(op, 0) &&
            (all->arg[n++] = expr_1(a, E_SET, 0, c->root[i].at)) == NULL) {
            return NULL;
        }
    }
    if (all == NULL) return NULL;
    assert(n <= all->n); /* every gap and every root once */
    all->n = n;
    if (n == 0) all->kind = E_SET;
    return all;
}

/* ---- conditions -------------------------------------------------------------------------------- */

static bool is_zero_literal(const struct expr *e)
{
    return e->kind == E_NUM && e->num.digits.n == 0;
}

/* (u - c)(u + c) for |u| against a positive constant c; NULL when this is no such pair. */
static const struct expr *squared(struct arena *a, const struct expr *x, const struct expr *y)
{
    struct interval v;
    bool bars = x->kind == E_FUNC && x->op == F_ABS && expr_is_constant(y);
    if (!bars || !interval_of(y, NULL, &v) || v.mid <= v.error) return NULL;
    return times(a, minus(a, x->arg[0], y), expr_2(a, E_ADD, 0, x->arg[0], y));
}

/* x in region, so that the variable's name stays known. */
static const struct expr *membership(struct arena *a, struct span name, const struct expr *region)
{
    static const char in[] = {R_IN};
    struct expr *e = expr_2(a, E_REL, 0, expr_sym(a, name), region);
    if (e != NULL) e->text = span_of(in, 1);
    return e;
}

static const struct expr *solve_pair(struct arena *a, const struct expr *x, int op,
                                     const struct expr *y)
{
    struct chart c = {.a = a};
    if (!expr_is_scalar(x) || !expr_is_scalar(y) || !one_name(x, &c.name) ||
        !one_name(y, &c.name) || c.name.n == 0) {
        return NULL;
    }
    bool named = x->kind == E_SYM || y->kind == E_SYM;
    if (named && (expr_is_constant(x) || expr_is_constant(y))) return NULL; /* solved already */
    const struct expr *d = squared(a, x, y), *mirror = squared(a, y, x);
    if (d == NULL && mirror != NULL) d = expr_1(a, E_NEG, 0, mirror);
    if (d == NULL) d = is_zero_literal(y) ? x : minus(a, x, y);
    if (d == NULL || !factor_roots(&c, d, false)) return NULL;
    const struct expr *region = where_holds(&c, d, op);
    return region == NULL ? NULL : membership(a, c.name, region);
}

/* A chain, link by link: all of them hold. */
static const struct expr *solve_chain(struct arena *a, const struct expr *e)
{
    const struct expr *all = NULL;
    for (uint32_t i = 0; i + 1 < e->n; i++) {
        if (!rel_is_order(e->text.p[i])) return e;
        const struct expr *link = solve_pair(a, e->arg[i], e->text.p[i], e->arg[i + 1]);
        if (link == NULL) return e;
        all = all == NULL ? link : expr_2(a, E_SETOP, S_INTERSECT, all, link);
    }
    return all == NULL ? e : all;
}

/* The same for |x| < 3. */
static bool whole_ball(const struct expr *e, struct span name, int64_t *from, int64_t *to)
{
    struct interval v;
    const struct expr *x = e->arg[0];
    int op = e->text.p[0];
    if (x->kind != E_FUNC || x->op != F_ABS || x->arg[0]->kind != E_SYM ||
        !span_eq(x->arg[0]->text, name) || (op != R_LE && op != R_LT) ||
        !expr_is_constant(e->arg[1]) || !interval_of(e->arg[1], NULL, &v) || v.mid > MAX_LISTED) {
        return false;
    }
    *to = op == R_LE ? (int64_t)floor(v.mid + 1e-9) : (int64_t)ceil(v.mid - 1e-9) - 1;
    *from = -*to;
    return *to - *from < MAX_LISTED;
}

/* The least and the greatest whole number that a chain such as 1 <= x < 5 allows. */
static bool whole_range(const struct expr *chain, struct span name, int64_t *from, int64_t *to)
{
    struct interval low, high;
    if (chain->kind == E_REL && chain->n == 2) return whole_ball(chain, name, from, to);
    if (chain->kind != E_REL || chain->n != 3 || chain->arg[1]->kind != E_SYM ||
        !span_eq(chain->arg[1]->text, name)) {
        return false;
    }
    int left = chain->text.p[0], right = chain->text.p[1];
    bool up = (left == R_LT || left == R_LE) && (right == R_LT || right == R_LE);
    if (!up || !expr_is_constant(chain->arg[0]) || !expr_is_constant(chain->arg[2]) ||
        !interval_of(chain->arg[0], NULL, &low) || !interval_of(chain->arg[2], NULL, &high)) {
        return false;
    }
    if (fabs(low.mid) > 1e6 || fabs(high.mid) > 1e6) return false;
    *from = left == R_LE ? (int64_t)ceil(low.mid - 1e-9) : (int64_t)floor(low.mid + 1e-9) + 1;
    *to = right == R_LE ? (int64_t)floor(high.mid + 1e-9) : (int64_t)ceil(high.mid - 1e-9) - 1;
    return *to - *from < MAX_LISTED;
}

/* {x : f(x) = g(x)}, x a real number, as the set of its solutions; e itself where they are not
 * known. */
static const struct expr *roots_of_builder(struct arena *a, const struct expr *e)
{
    struct chart c = {.a = a};
    const struct expr *x = e->arg[0], *is = e->arg[1];
    bool real = x->kind == E_REL && x->n == 2 && x->text.p[0] == R_IN &&
                x->arg[1]->kind == E_CONST && x->arg[1]->op == C_REALS;
    if (real) x = x->arg[0];
    if (x->kind != E_SYM || is->kind != E_REL || is->n != 2 || is->text.p[0] != R_EQ ||
        !expr_is_scalar(is->arg[0]) || !expr_is_scalar(is->arg[1]) ||
        !one_name(is->arg[0], &c.name) || !one_name(is->arg[1], &c.name) ||
        !span_eq(c.name, x->text)) {
        return e;
    }
    const struct expr *d =
        is_zero_literal(is->arg[1]) ? is->arg[0] : minus(a, is->arg[0], is->arg[1]);
    if (d == NULL || fingerprint_zero(d) || !factor_roots(&c, d, false)) return e;
    struct expr *set = expr_new(a, E_SET, 0, (uint32_t)c.n);
    uint32_t n = 0;
    for (int i = 0; set != NULL && i < c.n; i++) {
        if (!c.root[i].pole) set->arg[n++] = c.root[i].at;
    }
    if (set != NULL) set->n = n;
    return set == NULL ? e : set;
}

const struct expr *solve_builder(struct arena *a, const struct expr *e)
{
    const struct expr *in = e->kind == E_BUILDER ? e->arg[0] : NULL;
    int64_t from, to;
    if (in != NULL && e->arg[1]->kind == E_REL && e->arg[1]->text.p[0] == R_EQ) {
        return roots_of_builder(a, e);
    }
    if (in == NULL || in->kind != E_REL || in->n != 2 || in->text.p[0] != R_IN ||
        in->arg[0]->kind != E_SYM || in->arg[1]->kind != E_CONST ||
        (in->arg[1]->op != C_INTEGERS && in->arg[1]->op != C_NATURALS) ||
        !whole_range(e->arg[1], in->arg[0]->text, &from, &to)) {
        return e;
    }
    if (in->arg[1]->op == C_NATURALS && from < 1) return e; /* is 0 one of them? */
    struct expr *set = expr_new(a, E_SET, 0, to < from ? 0 : (uint32_t)(to - from + 1));
    for (uint32_t i = 0; set != NULL && i < set->n; i++) {
        if ((set->arg[i] = expr_int(a, from + i)) == NULL) return e;
    }
    return set == NULL ? e : set;
}

const struct expr *solve_conditions(struct arena *a, const struct expr *e)
{
    if (e->kind == E_REL && e->n >= 2 && rel_is_order(e->text.p[0])) return solve_chain(a, e);
    if (e->kind != E_LIST && e->kind != E_SETOP && e->kind != E_BUILDER && e->kind != E_REL) {
        return e;
    }
    struct expr *copy = expr_new(a, (enum expr_kind)e->kind, e->op, e->n);
    if (copy == NULL) return e;
    copy->text = e->text;
    copy->pos = e->pos;
    for (uint32_t i = 0; i < e->n; i++) {
        copy->arg[i] = solve_conditions(a, e->arg[i]);
    }
    return copy;
}
