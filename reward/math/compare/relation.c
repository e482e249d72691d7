/* reward/math/compare/relation.c - equations and inequalities, up to rearrangement.
 *
 * l = r stands for l - r = 0. Two equations are the same when one difference is a constant, not 0,
 * times the other: their quotient is the same at two points of the field. Inequalities also need
 * that constant positive once both are written as "less than". Chains of three or more are compared
 * link by link, also read backwards.
 *
 * Equations are also compared without their denominators: xy = 1 is y = 1/x. What they exclude
 * (x = 0 in 1/x + 1/y = 1 against x + y = xy) is not part of the comparison, as with x^2/x and x.
 * "y = a or y = b" is (y - a)(y - b) = 0.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/relation.h"

#include <math.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/compare/compare.h"
#include "reward/math/real/interval.h"

enum { STEPS = 20000, MAX_FACTORS = 8, NONE = -1 };

/* The relation read from its other side; NONE has none. */
static int mirrored(int op)
{
    static const int others[] = {[R_EQ] = R_EQ,
                                 [R_NE] = R_NE,
                                 [R_LT] = R_GT,
                                 [R_GT] = R_LT,
                                 [R_LE] = R_GE,
                                 [R_GE] = R_LE,
                                 [R_APPROX] = R_APPROX,
                                 [R_IN] = NONE,
                                 [R_NOT_IN] = NONE,
                                 [R_IMPLIES] = NONE,
                                 [R_EQUIV] = R_EQUIV,
                                 [R_SUBSET] = R_SUPSET,
                                 [R_SUPSET] = R_SUBSET,
                                 [R_SUBSETEQ] = R_SUPSETEQ,
                                 [R_SUPSETEQ] = R_SUBSETEQ};
    return others[op];
}

/* Two sides that the relation tells apart by their difference: no sets, elements or statements. */
static bool is_of_numbers(const struct expr *rel)
{
    return rel->text.p[0] <= R_APPROX && expr_is_scalar(rel->arg[0]) && expr_is_scalar(rel->arg[1]);
}

/* left - right, turned so that the relation is =, != , < or <= 0. */
static const struct expr *difference(struct math_work *w, const struct expr *rel, int *op)
{
    const struct expr *l = rel->arg[0], *r = rel->arg[1];
    *op = rel->text.p[0];
    if (*op == R_GT || *op == R_GE) {
        *op = mirrored(*op);
        l = rel->arg[1];
        r = rel->arg[0];
    }
    return expr_2(w->arena, E_ADD, 0, l, expr_1(w->arena, E_NEG, 0, r));
}

/* The factor between two differences is positive, by a point where both are real. */
static enum equality factor_positive(struct math_work *w, const struct expr *d,
                                     const struct expr *e)
{
    struct interval x, y;
    struct point at = {.seed = w->seed};
    for (at.k = 0; at.k < POINTS; at.k++) {
        if (!interval_of(d, &at, &x) || !interval_of(e, &at, &y)) continue;
        if (fabs(x.mid) <= x.error || fabs(y.mid) <= y.error) continue;
        return (x.mid > 0) == (y.mid > 0) ? EQ_YES : EQ_NO;
    }
    return EQ_UNKNOWN;
}

static enum equality proportional(struct math_work *w, const struct expr *d, const struct expr *e)
{
    struct fingerprint x[2], y[2];
    for (int i = 0; i < 2; i++) {
        struct fingerprint_options o = {.seed = field_mix(w->seed + (uint64_t)i), .steps = STEPS};
        if (!fingerprint_of(d, &o, &x[i]) || !fingerprint_of(e, &o, &y[i])) return EQ_UNKNOWN;
    }
    bool zero = field_is_zero(x[0].image) || field_is_zero(y[0].image);
    if (zero) return field_is_zero(x[0].image) == field_is_zero(y[0].image) ? EQ_YES : EQ_NO;
    struct field left = field_mul(x[0].image, y[1].image),
                 right = field_mul(x[1].image, y[0].image);
    if (field_eq(left, right)) return EQ_YES;
    return x[0].exact && y[0].exact && x[1].exact && y[1].exact ? EQ_NO : EQ_UNKNOWN;
}

/* The quotients at real points differ: no constant factor. */
static enum equality quotients_apart(struct math_work *w, const struct expr *d,
                                     const struct expr *e)
{
    struct interval x, y;
    double first = 0;
    bool have = false;
    struct point at = {.seed = w->seed};
    for (at.k = 0; at.k < POINTS; at.k++) {
        if (!interval_of(d, &at, &x) || !interval_of(e, &at, &y) || fabs(x.mid) < 1e-3 ||
            x.error > 1e-9 || y.error > 1e-9) {
            continue;
        }
        double q = y.mid / x.mid;
        if (have && fabs(q - first) > 1e-5 * (fabs(q) + fabs(first))) return EQ_NO;
        first = q;
        have = true;
    }
    return EQ_UNKNOWN;
}

/* ---- denominators ------------------------------------------------------------------------------ */

struct relation_factors {
    const struct expr *e[MAX_FACTORS];
    int n;
};

static bool add_factor(struct relation_factors *f, const struct expr *e)
{
    if (expr_is_constant(e)) return true;
    if (f->n == MAX_FACTORS) return false;
    f->e[f->n++] = e;
    return true;
}

/* Adds what y holds more often than f. */
static bool add_missing(struct relation_factors *f, const struct relation_factors *y)
{
    bool used[MAX_FACTORS] = {false};
    int n = f->n;
    for (int i = 0; i < y->n; i++) {
        int j = 0;
        while (j < n && (used[j] || !expr_same(f->e[j], y->e[i]))) {
            j++;
        }
        if (j < n) used[j] = true;
        if (j == n && !add_factor(f, y->e[i])) return false;
    }
    return true;
}

/* The denominators that e has as a sum of quotients; false when they are too many. */
static bool denominators(const struct expr *e, struct relation_factors *f)
{
    int64_t n;
    switch ((enum expr_kind)e->kind) {
    case E_ADD:
        for (uint32_t i = 0; i < e->n; i++) {
            struct relation_factors term = {.n = 0};
            if (!denominators(e->arg[i], &term) || !add_missing(f, &term)) return false;
        }
        return true;
    case E_NEG:
        return denominators(e->arg[0], f);
    case E_MUL:
        for (uint32_t i = 0; i < e->n; i++) {
            if (!denominators(e->arg[i], f)) return false;
        }
        return true;
    case E_DIV:
        return denominators(e->arg[0], f) && add_factor(f, e->arg[1]);
    case E_POW:
        if (!expr_small_int(e->arg[1], &n) || n >= 0) return true;
        for (; n < 0; n++) {
            if (!add_factor(f, e->arg[0])) return false;
        }
        return true;
    default:
        return true;
    }
}

/* e times its denominators. */
static const struct expr *cleared(struct math_work *w, const struct expr *e)
{
    struct relation_factors f = {.n = 0};
    if (!denominators(e, &f)) return e;
    for (int i = 0; i < f.n && e != NULL; i++) {
        e = expr_2(w->arena, E_MUL, 0, e, f.e[i]);
    }
    return e;
}

static enum equality same_zeros(struct math_work *w, const struct expr *d, const struct expr *e)
{
    enum equality same = proportional(w, d, e);
    if (same != EQ_NO && quotients_apart(w, d, e) == EQ_NO) same = EQ_NO;
    if (same != EQ_NO) return same;
    const struct expr *x = cleared(w, d), *y = cleared(w, e);
    if (x == NULL || y == NULL || (x == d && y == e)) return same;
    return proportional(w, x, y) == EQ_YES && quotients_apart(w, x, y) != EQ_NO ? EQ_YES : same;
}

/* ---- chains and alternatives ------------------------------------------------------------------- */

static enum equality chain(struct math_work *w, const struct expr *g, const struct expr *a,
                           bool backwards)
{
    for (uint32_t i = 0; i + 1 < g->n; i++) {
        int op = a->text.p[backwards ? g->n - 2 - i : i];
        if (g->text.p[i] != (backwards ? mirrored(op) : op)) return EQ_NO;
    }
    enum equality all = EQ_YES;
    for (uint32_t i = 0; i < g->n; i++) {
        enum equality e = compare_exprs(w, g->arg[i], a->arg[backwards ? g->n - 1 - i : i]);
        if (e == EQ_NO) return EQ_NO;
        if (e == EQ_UNKNOWN) all = EQ_UNKNOWN;
    }
    return all;
}

static enum equality chains(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->n != a->n) return EQ_UNKNOWN;
    enum equality e = chain(w, g, a, false);
    if (e == EQ_NO) e = chain(w, g, a, true);
    return e == EQ_YES  ? work_yes(w, MATH_EQUAL_RELATION)
           : e == EQ_NO ? work_no(w, MATH_NOT_EQUAL)
                        : EQ_UNKNOWN;
}

/* "y = a or y = b", equations that give one thing several values, as (y - a)(y - b) = 0. NULL when
 * e is something else. */
static const struct expr *alternatives(struct math_work *w, const struct expr *e)
{
    const struct expr *product = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        int op;
        const struct expr *r = e->arg[i];
        bool fits = r->kind == E_REL && r->n == 2 && r->text.p[0] == R_EQ && e->n <= MAX_FACTORS &&
                    expr_is_scalar(r->arg[0]) && expr_is_scalar(r->arg[1]) &&
                    (i == 0 || expr_same(r->arg[0], e->arg[0]->arg[0]));
        if (!fits) return NULL;
        const struct expr *d = difference(w, r, &op);
        product = i == 0 ? d : expr_2(w->arena, E_MUL, 0, product, d);
    }
    return product;
}

enum equality relation_alternatives(struct math_work *w, const struct expr *list,
                                    const struct expr *relation)
{
    int op;
    const struct expr *product = alternatives(w, list);
    bool fits = product != NULL && relation->n == 2 && relation->text.p[0] == R_EQ &&
                expr_is_scalar(relation->arg[0]) && expr_is_scalar(relation->arg[1]);
    const struct expr *d = fits ? difference(w, relation, &op) : NULL;
    if (d == NULL) return work_no(w, MATH_NOT_EQUAL_KIND);
    enum equality same = same_zeros(w, product, d);
    return same == EQ_YES  ? work_yes(w, MATH_EQUAL_RELATION)
           : same == EQ_NO ? work_no(w, MATH_NOT_EQUAL)
                           : EQ_UNKNOWN;
}

enum equality relation_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer)
{
    int op, other;
    if (gold->n != 2 || answer->n != 2) return chains(w, gold, answer);
    if (!is_of_numbers(gold) || !is_of_numbers(answer)) return chains(w, gold, answer);
    const struct expr *d = difference(w, gold, &op), *e = difference(w, answer, &other);
    if (d == NULL || e == NULL) return EQ_UNKNOWN;
    if (op != other) return work_no(w, MATH_NOT_EQUAL);
    enum equality same = op == R_EQ ? same_zeros(w, d, e) : proportional(w, d, e);
    if (same == EQ_UNKNOWN) same = quotients_apart(w, d, e);
    if (same == EQ_UNKNOWN) return chains(w, gold, answer);
    if (same == EQ_YES && (op == R_LT || op == R_LE)) same = factor_positive(w, d, e);
    if (same == EQ_YES) return work_yes(w, MATH_EQUAL_RELATION);
    return same == EQ_NO ? work_no(w, MATH_NOT_EQUAL) : EQ_UNKNOWN;
}
