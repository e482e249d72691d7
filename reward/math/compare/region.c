/* reward/math/compare/region.c - sets of real numbers as sets of points, not as texts.
 *
 * All end points that occur on either side are sorted on one line: p0 < p1 < ... They cut it into
 * 2n + 1 cells (the gap below p0, p0 itself, the gap above it, ...), and on each cell every set
 * here is wholly in or wholly out:
 *
 *      gap 0   p0   gap 2   p1   gap 4   ...
 *
 * Unions, differences and complements are then Boolean operations cell by cell, and two sets are
 * equal when all their cells are.
 *
 *   (1) The end points of a line ascend.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/region.h"

#include <assert.h>
#include <math.h>

#include "reward/math/compare/solve.h"
#include "reward/math/compare/scalar.h"
#include "reward/math/real/interval.h"

enum { MAX_POINTS = 64 };

struct line {
    struct math_work *w;
    const struct expr *at[MAX_POINTS];
    double value[MAX_POINTS];
    int n;
    bool failed;      /* an end point that is no real constant, or too many */
    struct span name; /* the one variable of inequalities */
};

/* A chain such as a < x <= b, x != 3, x \in S. */
static bool is_condition(const struct expr *e)
{
    if (e->kind != E_REL) return false;
    for (uint32_t i = 0; i + 1 < e->n; i++) {
        if (!rel_is_order(e->text.p[i]) && !(e->n == 2 && e->text.p[0] == R_IN)) return false;
    }
    return true;
}

bool region_is(const struct expr *e)
{
    switch ((enum expr_kind)e->kind) {
    case E_SETOP:
    case E_BUILDER:
        return true;
    case E_TUPLE:
        return e->n == 2 &&
               (e->op != B_ROUND || expr_infinity(e->arg[0]) != 0 || expr_infinity(e->arg[1]) != 0);
    case E_CONST:
        return e->op == C_REALS;
    case E_REL:
        return is_condition(e);
    case E_LIST:
        for (uint32_t i = 0; i < e->n; i++) {
            if (!region_is(e->arg[i])) return false;
        }
        return true;
    default:
        return false;
    }
}

/* ---- collecting end points --------------------------------------------------------------------- */

static void add_point(struct line *l, const struct expr *e)
{
    struct interval v;
    if (expr_infinity(e) != 0 || l->failed) return;
    if (!expr_is_scalar(e) || !expr_is_constant(e) || !interval_of(e, NULL, &v) ||
        l->n == MAX_POINTS) {
        l->failed = true;
        return;
    }
    int i = 0;
    for (; i < l->n && l->value[i] < v.mid - 1e-9 * (1 + fabs(v.mid)); i++) {
        ;
    }
    if (i < l->n && fabs(l->value[i] - v.mid) <= 1e-9 * (1 + fabs(v.mid))) {
        enum equality same = scalar_equal(l->w, l->at[i], e);
        if (same == EQ_YES) return;
        if (same == EQ_UNKNOWN) l->failed = true;
        if (l->value[i] < v.mid) i++;
    }
    if (l->failed) return;
    memmove(l->at + i + 1, l->at + i, (size_t)(l->n - i) * sizeof(l->at[0]));
    memmove(l->value + i + 1, l->value + i, (size_t)(l->n - i) * sizeof(l->value[0]));
    l->at[i] = e;
    l->value[i] = v.mid;
    l->n++;
    assert(l->n <= MAX_POINTS && (i == 0 || l->value[i - 1] <= v.mid)); /* (1) */
    assert(i + 1 == l->n || l->value[i + 1] >= v.mid);                  /* (1) */
}

static void add_variable(struct line *l, const struct expr *e)
{
    bool name = e->kind == E_SYM || e->kind == E_APPLY;
    if (!name) l->failed = true;
    if (name && l->name.n > 0 && !span_eq(l->name, e->text)) l->failed = true;
    l->name = e->text;
}

static void collect(struct line *l, const struct expr *e);

/* One operand of a condition: the variable (once) or an end point. */
static void collect_operands(struct line *l, const struct expr *e)
{
    const struct expr *variable = NULL;
    int variables = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        if (expr_is_scalar(e->arg[i]) && expr_is_constant(e->arg[i])) {
            add_point(l, e->arg[i]);
        } else {
            variable = e->arg[i];
            variables++;
        }
    }
    if (variables != 1 || e->n > 3) {
        l->failed = true;
    } else {
        add_variable(l, variable);
    }
}

/* [3, -2): no interval. */
static bool is_reversed(const struct expr *e)
{
    struct interval low, high;
    return interval_of(e->arg[0], NULL, &low) && interval_of(e->arg[1], NULL, &high) &&
           low.mid - high.mid > low.error + high.error;
}

static void collect(struct line *l, const struct expr *e)
{
    switch ((enum expr_kind)e->kind) {
    case E_TUPLE:
        if (e->n != 2 || is_reversed(e)) l->failed = true;
        for (uint32_t i = 0; i < e->n; i++) {
            add_point(l, e->arg[i]);
        }
        break;
    case E_SET:
        for (uint32_t i = 0; i < e->n; i++) {
            add_point(l, e->arg[i]);
        }
        break;
    case E_SETOP:
    case E_LIST:
        for (uint32_t i = 0; i < e->n; i++) {
            collect(l, e->arg[i]);
        }
        break;
    case E_BUILDER:
        collect(l, e->arg[1]);
        if (e->arg[0]->kind == E_REL && e->arg[0]->arg[1]->kind == E_CONST &&
            e->arg[0]->arg[1]->op != C_REALS) {
            l->failed = true; /* whole numbers are no region */
        }
        if (e->arg[0]->kind != E_SYM &&
            !(e->arg[0]->kind == E_REL && e->arg[0]->text.p[0] == R_IN)) {
            l->failed = true;
        }
        break;
    case E_REL:
        if (e->text.p[0] == R_IN) {
            if (e->arg[0]->kind == E_SYM) add_variable(l, e->arg[0]);
            collect(l, e->arg[1]);
        } else if (e->n == 2 && e->text.p[0] == R_EQ) {
            collect_operands(l, e);
        } else if (is_condition(e)) {
            collect_operands(l, e);
        } else {
            l->failed = true;
        }
        break;
    case E_CONST:
        if (e->op != C_REALS) l->failed = true;
        break;
    default:
        add_point(l, e); /* a number alone is the set of it */
        break;
    }
}

/* ---- membership -------------------------------------------------------------------------------- */

/* The cell of an end point: 2 i + 1, or beyond either end for infinity. */
static int cell_of(struct line *l, const struct expr *e)
{
    if (expr_infinity(e) != 0) return expr_infinity(e) < 0 ? -1 : 2 * l->n + 1;
    struct interval v;
    if (!interval_of(e, NULL, &v)) return -1;
    int best = 0;
    for (int i = 1; i < l->n; i++) {
        if (fabs(l->value[i] - v.mid) < fabs(l->value[best] - v.mid)) best = i;
    }
    /* two different points within 1e-9: told apart exactly */
    for (int i = best - 1; i <= best + 1; i++) {
        if (i >= 0 && i < l->n && fabs(l->value[i] - v.mid) <= 1e-8 * (1 + fabs(v.mid)) &&
            scalar_equal(l->w, l->at[i], e) == EQ_YES) {
            return 2 * i + 1;
        }
    }
    return 2 * best + 1;
}

static bool between(int cell, int lo, bool lo_in, int hi, bool hi_in)
{
    return (cell > lo || (cell == lo && lo_in)) && (cell < hi || (cell == hi && hi_in));
}

/* left op right holds where the variable is at `cell`. */
static bool link_holds(int left, int op, int right)
{
    switch (op) {
    case R_LT:
        return left < right;
    case R_GT:
        return left > right;
    case R_LE:
        return left <= right;
    case R_GE:
        return left >= right;
    case R_NE:
        return left != right;
    default:
        return left == right;
    }
}

static bool contains(struct line *l, const struct expr *e, int cell);

static bool condition_holds(struct line *l, const struct expr *e, int cell)
{
    if (e->text.p[0] == R_IN) return contains(l, e->arg[1], cell);
    for (uint32_t i = 0; i + 1 < e->n; i++) {
        int left = expr_is_constant(e->arg[i]) ? cell_of(l, e->arg[i]) : cell;
        int right = expr_is_constant(e->arg[i + 1]) ? cell_of(l, e->arg[i + 1]) : cell;
        if (!link_holds(left, e->text.p[i], right)) return false;
    }
    return true;
}

static bool set_operation(int op, bool a, bool b)
{
    switch (op) {
    case S_UNION:
        return a || b;
    case S_INTERSECT:
        return a && b;
    case S_MINUS:
        return a && !b;
    default:
        return a != b;
    }
}

/* Every element of a list, or some of it. */
static bool in_elements(struct line *l, const struct expr *e, int cell, bool all)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (contains(l, e->arg[i], cell) != all) return !all;
    }
    return all;
}

/* "and" and "or" say what they mean between conditions; several sets are one. Commas between
 * conditions that can hold together mean "and" (x > 1, x < 3), else "or" (x < 1, x > 3). */
static bool list_contains(struct line *l, const struct expr *e, int cell)
{
    bool together = e->op == 1;
    for (uint32_t i = 0; i < e->n && e->op <= 1; i++) {
        if (e->arg[i]->kind != E_REL) return in_elements(l, e, cell, false);
    }
    for (int k = 0; k <= 2 * l->n && e->op == 0 && !together; k++) {
        together = in_elements(l, e, k, true);
    }
    return in_elements(l, e, cell, together);
}

static bool contains(struct line *l, const struct expr *e, int cell)
{
    switch ((enum expr_kind)e->kind) {
    case E_TUPLE:
        return between(cell, cell_of(l, e->arg[0]), e->op == B_SQUARE || e->op == B_CLOSED_OPEN,
                       cell_of(l, e->arg[1]), e->op == B_SQUARE || e->op == B_OPEN_CLOSED);
    case E_SET:
        for (uint32_t i = 0; i < e->n; i++) {
            if (cell_of(l, e->arg[i]) == cell) return true;
        }
        return false;
    case E_SETOP:
        return set_operation(e->op, contains(l, e->arg[0], cell), contains(l, e->arg[1], cell));
    case E_LIST:
        return list_contains(l, e, cell);
    case E_BUILDER:
        return contains(l, e->arg[1], cell);
    case E_REL:
        return condition_holds(l, e, cell);
    case E_CONST:
        return true;
    default:
        return cell_of(l, e) == cell;
    }
}

enum equality region_equal(struct math_work *w, const struct expr *gold, const struct expr *answer)
{
    struct line l = {.w = w};
    gold = solve_conditions(w->arena, gold);
    answer = solve_conditions(w->arena, answer);
    collect(&l, gold);
    struct span name = l.name;
    l.name = span_of(NULL, 0);
    if (!l.failed) collect(&l, answer);
    if (l.failed) return EQ_UNKNOWN;
    if (name.n > 0 && l.name.n > 0 && !span_eq(name, l.name)) return work_no(w, MATH_NOT_EQUAL);
    for (int cell = 0; cell <= 2 * l.n; cell++) {
        if (contains(&l, gold, cell) != contains(&l, answer, cell)) {
            return work_no(w, MATH_NOT_EQUAL);
        }
    }
    return work_yes(w, MATH_EQUAL_SET);
}
