/* reward/math/relation.c - equations and inequalities, up to rearrangement.
 *
 * l = r stands for l - r = 0. Two equations are the same when one difference is a constant, not 0,
 * times the other: their quotient is the same at two points of the field. Inequalities also need
 * that constant positive once both are written as "less than". Chains of three or more are compared
 * link by link, also read backwards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>

#include "reward/math/fingerprint.h"
#include "reward/math/work.h"

enum { STEPS = 20000 };

static int mirrored(int op)
{
    switch (op) {
    case R_LT:
        return R_GT;
    case R_GT:
        return R_LT;
    case R_LE:
        return R_GE;
    case R_GE:
        return R_LE;
    default:
        return op;
    }
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
            x.error > 1e-9 || y.error > 1e-9)
            continue;
        double q = y.mid / x.mid;
        if (have && fabs(q - first) > 1e-5 * (fabs(q) + fabs(first))) return EQ_NO;
        first = q;
        have = true;
    }
    return EQ_UNKNOWN;
}

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

enum equality relation_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer)
{
    int op, other;
    if (gold->n != 2 || answer->n != 2) return chains(w, gold, answer);
    for (int i = 0; i < 2; i++)
        if (!expr_is_scalar(gold->arg[i]) || !expr_is_scalar(answer->arg[i]))
            return chains(w, gold, answer);
    const struct expr *d = difference(w, gold, &op), *e = difference(w, answer, &other);
    if (d == NULL || e == NULL) return EQ_UNKNOWN;
    if (op != other) return work_no(w, MATH_NOT_EQUAL);
    enum equality same = proportional(w, d, e);
    if (same == EQ_UNKNOWN) same = quotients_apart(w, d, e);
    if (same == EQ_UNKNOWN) return chains(w, gold, answer);
    if (same == EQ_YES && (op == R_LT || op == R_LE)) same = factor_positive(w, d, e);
    if (same == EQ_YES) return work_yes(w, MATH_EQUAL_RELATION);
    return same == EQ_NO ? work_no(w, MATH_NOT_EQUAL) : EQ_UNKNOWN;
}
