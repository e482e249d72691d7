/* reward/math/compare/progression.c - families b + a k for all whole k, one by one and in unions.
 *
 * A union of progressions with commensurable steps is a set of residues modulo a common step: two
 * unions are equal when each residue of one lies in the other. A letter that -1 is raised to is a
 * whole number, and then cos(n pi) is such a power too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/progression.h"

#include <assert.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

enum { MAX_MEMBERS = 8, MAX_RESIDUES = 64 };

static const struct expr *minus(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_ADD, 0, x, expr_1(a, E_NEG, 0, y));
}

/* e = first + step k, for the parameter k. */
static bool linear(struct math_work *w, const struct expr *e, const struct expr **first,
                   const struct expr **step)
{
    struct arena *a = w->arena;
    const struct expr *at1 = expr_substitute(a, e, w->parameter, expr_int(a, 1));
    *first = expr_substitute(a, e, w->parameter, expr_int(a, 0));
    *step = minus(a, at1, *first);
    const struct expr *again =
        expr_2(a, E_ADD, 0, *first, expr_2(a, E_MUL, 0, *step, expr_sym(a, w->parameter)));
    return again != NULL && fingerprint_zero(minus(a, e, again));
}

/* x / y is a whole number. */
static bool whole_quotient(struct math_work *w, const struct expr *x, const struct expr *y)
{
    struct interval p, q;
    struct arena *a = w->arena;
    if (x == NULL || y == NULL) return false;
    if (fingerprint_zero(x)) return true;
    if (!interval_of(x, NULL, &p) || !interval_of(y, NULL, &q) || q.mid == 0) return false;
    double n = p.mid / q.mid;
    if (!(n > -1e9 && n < 1e9)) return false;
    int64_t whole = (int64_t)(n + (n < 0 ? -0.5 : 0.5));
    return fingerprint_zero(minus(a, x, expr_2(a, E_MUL, 0, expr_int(a, whole), y)));
}

enum equality progression_same(struct math_work *w, const struct expr *gold,
                               const struct expr *answer)
{
    const struct expr *first, *step, *other_first, *other_step;
    struct arena *a = w->arena;
    if (w->parameter.n == 0 || !expr_has_symbol(gold, w->parameter) ||
        !expr_has_symbol(answer, w->parameter) || !linear(w, gold, &first, &step) ||
        !linear(w, answer, &other_first, &other_step) || !expr_is_constant(step)) {
        return EQ_NO;
    }
    bool same_step = fingerprint_zero(minus(a, step, other_step)) ||
                     fingerprint_zero(expr_2(a, E_ADD, 0, step, other_step));
    const struct expr *shift = minus(a, first, other_first);
    if (!same_step || shift == NULL || !expr_is_constant(shift) ||
        !whole_quotient(w, shift, step)) {
        return EQ_NO;
    }
    return work_yes(w, MATH_EQUAL_SET);
}

/* ---- unions of progressions -------------------------------------------------------------------- */

/* first + step k for all whole k. */
struct progression {
    const struct expr *first, *step;
};

struct progressions {
    struct progression p[MAX_MEMBERS];
    int n;
};

static bool add_progression(struct progressions *u, const struct expr *first,
                            const struct expr *step)
{
    if (u->n == MAX_MEMBERS || first == NULL || step == NULL || !expr_is_constant(first) ||
        !expr_is_constant(step) || fingerprint_zero(step)) {
        return false;
    }
    u->p[u->n++] = (struct progression){first, step};
    assert(u->n <= MAX_MEMBERS);
    return true;
}

static const struct expr *at(struct math_work *w, const struct expr *e, int64_t k)
{
    return expr_substitute(w->arena, e, w->parameter, expr_int(w->arena, k));
}

/* (-1)^k pi/6 + k pi: the even and the odd k are a progression each. Signs that alternate with k
 * are the only functions of it that are no polynomials and pass here. */
static bool add_alternating(struct math_work *w, const struct expr *e, struct progressions *u)
{
    if (!expr_has(e, E_POW, -1)) return false;
    for (int odd = 0; odd < 2; odd++) {
        const struct expr *first = at(w, e, odd), *step = minus(w->arena, at(w, e, odd + 2), first);
        for (int k = -6; k <= 6; k += 2) {
            const struct expr *next = minus(w->arena, at(w, e, k + odd + 2), at(w, e, k + odd));
            if (!fingerprint_zero(minus(w->arena, next, step))) return false;
        }
        if (!add_progression(u, first, step)) return false;
    }
    return true;
}

static bool add_members(struct math_work *w, const struct expr *e, struct progressions *u)
{
    const struct expr *first, *step;
    if (e == NULL) return false;
    if (e->kind == E_REL && e->n == 2 && e->text.p[0] == R_EQ && e->arg[0]->kind == E_SYM) {
        e = e->arg[1];
    }
    if (e->kind == E_LIST || e->kind == E_SET) {
        for (uint32_t i = 0; i < e->n; i++) {
            if (!add_members(w, e->arg[i], u)) return false;
        }
        return e->n > 0;
    }
    if (expr_has(e, E_PM, -1)) {
        return add_members(w, expr_with_sign(w->arena, e, true), u) &&
               add_members(w, expr_with_sign(w->arena, e, false), u);
    }
    if (!expr_is_scalar(e) || !expr_has_symbol(e, w->parameter)) return false;
    if (linear(w, e, &first, &step)) return add_progression(u, first, step);
    return add_alternating(w, e, u);
}

/* x / y = *n for a whole number *n. */
static bool times(struct math_work *w, const struct expr *x, const struct expr *y, int64_t *n)
{
    struct interval p, q;
    if (!interval_of(x, NULL, &p) || !interval_of(y, NULL, &q) || q.mid == 0) return false;
    double quotient = p.mid / q.mid;
    if (!(quotient > -MAX_RESIDUES && quotient < MAX_RESIDUES)) return false;
    *n = (int64_t)(quotient + (quotient < 0 ? -0.5 : 0.5));
    return *n != 0 && whole_quotient(w, x, y);
}

/* A whole multiple of every step of both; NULL when none is small. */
static const struct expr *common_step(struct math_work *w, const struct progressions *x,
                                      const struct progressions *y)
{
    assert(x->n > 0 && y->n > 0);
    for (int64_t m = 1; m <= MAX_RESIDUES; m++) {
        const struct expr *step = expr_2(w->arena, E_MUL, 0, expr_int(w->arena, m), x->p[0].step);
        bool fits = step != NULL;
        for (int i = 0; fits && i < x->n + y->n; i++) {
            fits = whole_quotient(w, step, i < x->n ? x->p[i].step : y->p[i - x->n].step);
        }
        if (fits) return step;
    }
    return NULL;
}

/* Every progression of x in those of y, modulo the common step; *sure false when it is too much. */
static bool within(struct math_work *w, const struct progressions *x, const struct progressions *y,
                   const struct expr *step, bool *sure)
{
    struct arena *a = w->arena;
    for (int i = 0; i < x->n; i++) {
        int64_t n = 0;
        if (!times(w, step, x->p[i].step, &n)) return *sure = false;
        for (int64_t k = 0; k < (n < 0 ? -n : n); k++) {
            const struct expr *value = expr_2(a, E_ADD, 0, x->p[i].first,
                                              expr_2(a, E_MUL, 0, expr_int(a, k), x->p[i].step));
            bool found = false;
            for (int j = 0; j < y->n && !found; j++) {
                found = whole_quotient(w, minus(a, value, y->p[j].first), y->p[j].step);
            }
            if (!found) return false;
        }
    }
    return true;
}

enum equality progression_same_unions(struct math_work *w, const struct expr *g,
                                      const struct expr *a)
{
    struct progressions x = {.n = 0}, y = {.n = 0};
    bool sure = true;
    if (!add_members(w, g, &x) || !add_members(w, a, &y)) return EQ_UNKNOWN;
    const struct expr *step = common_step(w, &x, &y);
    if (step == NULL) return EQ_UNKNOWN;
    bool same = within(w, &x, &y, step, &sure) && within(w, &y, &x, step, &sure);
    if (!sure) return EQ_UNKNOWN;
    return same ? work_yes(w, MATH_EQUAL_SET) : work_no(w, MATH_NOT_EQUAL);
}

/* ---- signs that alternate ---------------------------------------------------------------------- */

struct span progression_whole_letter(const struct expr *e)
{
    struct span found = {NULL, 0};
    int64_t base;
    bool sign = e->kind == E_POW && expr_small_int(e->arg[0], &base) && base == -1;
    const struct expr *n = sign ? e->arg[1] : e;
    if (sign && n->kind == E_ADD) n = n->arg[0]->kind == E_SYM ? n->arg[0] : n->arg[1];
    if (sign && n->kind == E_SYM) return n->text;
    for (uint32_t i = 0; i < e->n && found.n == 0; i++) {
        found = progression_whole_letter(e->arg[i]);
    }
    return found;
}

/* k for x = k pi, which may be 0; false when x is no whole multiple of it. */
static bool times_pi(struct math_work *w, const struct expr *x, int64_t *k)
{
    const struct expr *pi = expr_new(w->arena, E_CONST, C_PI, 0);
    *k = 0;
    return x != NULL && pi != NULL && (fingerprint_zero(x) || times(w, x, pi, k));
}

/* cos or sin of (b + a n) pi; NULL when e is something else. */
static const struct expr *alternating_sign(struct math_work *w, const struct expr *e, struct span n)
{
    struct arena *a = w->arena;
    const struct expr *first, *step;
    int64_t shift, factor;
    bool circular =
        e->kind == E_FUNC && (e->op == F_COS || e->op == F_SIN) && expr_has_symbol(e->arg[0], n);
    if (!circular) return NULL;
    struct span parameter = w->parameter;
    w->parameter = n;
    bool fits = linear(w, e->arg[0], &first, &step) && expr_is_constant(first) &&
                expr_is_constant(step) && times_pi(w, first, &shift) && times_pi(w, step, &factor);
    w->parameter = parameter;
    if (!fits) return NULL;
    if (e->op == F_SIN) return expr_int(a, 0);
    const struct expr *one = expr_int(a, 1), *minus_one = expr_1(a, E_NEG, 0, one);
    const struct expr *sign = shift % 2 == 0 ? one : minus_one;
    if (factor % 2 == 0) return sign;
    return expr_2(a, E_MUL, 0, sign, expr_2(a, E_POW, 0, minus_one, expr_sym(a, n)));
}

const struct expr *progression_alternating(struct math_work *w, const struct expr *e, struct span n)
{
    if (!expr_has(e, E_FUNC, F_COS) && !expr_has(e, E_FUNC, F_SIN)) return e;
    const struct expr *sign = alternating_sign(w, e, n);
    if (sign != NULL) return sign;
    struct expr *copy = expr_copy(w->arena, e);
    for (uint32_t i = 0; copy != NULL && i < e->n; i++) {
        if ((copy->arg[i] = progression_alternating(w, e->arg[i], n)) == NULL) return NULL;
    }
    return copy;
}
