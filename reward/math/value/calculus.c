/* reward/math/value/calculus.c - derivatives, limits, geometric series.
 *
 * A derivative is built as a tree by the rules of a first course, not simplified: whoever compares
 * it evaluates it, and an unsimplified tree has the same image. What a function's derivative is
 * stands in its row (functions.h). Limits are substituted where that gives a value, else both sides
 * of a quotient are differentiated, at most MAX_HOPITAL times; at infinity quotients of polynomials
 * alone are taken. A sum is geometric when the quotient of two neighbouring terms has an image that
 * does not depend on the index. All of it is cheap: what needs more stays in the tree for ball_*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/calculus.h"

#include <math.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/real/interval.h"
#include "reward/math/read/lexer.h"
#include "reward/math/read/parse.h"
#include "reward/math/tree/functions.h"

enum { MAX_HOPITAL = 5, MAX_DEGREE = 12 };

static const struct expr *sum2(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_ADD, 0, x, y);
}

static const struct expr *times(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_MUL, 0, x, y);
}

static const struct expr *over(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_DIV, 0, x, y);
}

static const struct expr *negative(struct arena *a, const struct expr *x)
{
    return expr_1(a, E_NEG, 0, x);
}

static const struct expr *call(struct arena *a, int op, const struct expr *x)
{
    return expr_1(a, E_FUNC, op, x);
}

static const struct expr *square(struct arena *a, const struct expr *x)
{
    return times(a, x, x);
}

/* ---- derivatives ------------------------------------------------------------------------------- */

/* text as a tree, where x stands for e's first argument and y for its second. */
static const struct expr *at_arguments(struct arena *a, const char *text, const struct expr *e)
{
    struct span first = span_str("first argument"), x = span_str("x"), y = span_str("y");
    const struct expr *d = parse_answer(a, span_str(text), READ_THOUSANDS, NULL);
    d = expr_substitute(a, d, x, expr_sym(a, first)); /* e's own x and y stay what they are */
    if (e->n == 2) d = expr_substitute(a, d, y, e->arg[1]);
    return expr_substitute(a, d, first, e->arg[0]);
}

/* By the chain rule, where the row of the function says its derivative and name is in the first
 * argument alone. */
static const struct expr *chain_rule(struct arena *a, const struct expr *e, struct span name)
{
    const struct function *f = &FUNCTIONS[e->op];
    const struct expr *x = e->arg[0];
    if (e->n > 2 || (e->n == 2 && expr_has_symbol(e->arg[1], name))) return NULL;
    if (f->derivative == NULL && f->of_inverse != F_NONE) {
        return calculus_derivative(a, call(a, f->of_inverse, over(a, expr_int(a, 1), x)), name);
    }
    if (f->derivative == NULL) return NULL;
    return times(a, at_arguments(a, f->derivative, e), calculus_derivative(a, x, name));
}

static const struct expr *power_rule(struct arena *a, const struct expr *e, struct span name)
{
    const struct expr *b = e->arg[0], *n = e->arg[1];
    bool in_base = expr_has_symbol(b, name), in_exponent = expr_has_symbol(n, name);
    const struct expr *by_base = NULL, *by_exponent = NULL;
    if (in_base) { /* n b^(n-1) b' */
        const struct expr *less = sum2(a, n, expr_int(a, -1));
        by_base =
            times(a, times(a, n, expr_2(a, E_POW, 0, b, less)), calculus_derivative(a, b, name));
        if (by_base == NULL) return NULL;
    }
    if (in_exponent) { /* b^n ln(b) n' */
        by_exponent = times(a, times(a, e, call(a, F_LN, b)), calculus_derivative(a, n, name));
        if (by_exponent == NULL) return NULL;
    }
    return in_base && in_exponent ? sum2(a, by_base, by_exponent) : in_base ? by_base : by_exponent;
}

static const struct expr *quotient_rule(struct arena *a, const struct expr *e, struct span name)
{
    const struct expr *u = e->arg[0], *v = e->arg[1];
    const struct expr *du = calculus_derivative(a, u, name), *dv = calculus_derivative(a, v, name);
    return over(a, sum2(a, times(a, du, v), negative(a, times(a, u, dv))), square(a, v));
}

const struct expr *calculus_derivative(struct arena *a, const struct expr *e, struct span name)
{
    if (e == NULL) return NULL;
    if (!expr_has_symbol(e, name)) return expr_int(a, 0);
    switch ((enum expr_kind)e->kind) {
    case E_SYM:
        return expr_int(a, 1);
    case E_NEG:
        return negative(a, calculus_derivative(a, e->arg[0], name));
    case E_ADD: {
        struct expr *sum = expr_new(a, E_ADD, 0, e->n);
        for (uint32_t i = 0; sum != NULL && i < e->n; i++) {
            if ((sum->arg[i] = calculus_derivative(a, e->arg[i], name)) == NULL) return NULL;
        }
        return sum;
    }
    case E_MUL:
        return sum2(a, times(a, calculus_derivative(a, e->arg[0], name), e->arg[1]),
                    times(a, e->arg[0], calculus_derivative(a, e->arg[1], name)));
    case E_DIV:
        return quotient_rule(a, e, name);
    case E_POW:
        return power_rule(a, e, name);
    case E_FUNC:
        return chain_rule(a, e, name);
    case E_INTEGRAL:
        return e->n == 1 && span_eq(e->text, name) ? e->arg[0] : NULL;
    default:
        return NULL;
    }
}

/* ---- limits ------------------------------------------------------------------------------------ */

static bool vanishes(const struct expr *e)
{
    struct interval v;
    struct rational r;
    if (rational_of(e, NULL, &r)) return r.n == 0;
    return interval_of(e, NULL, &v) && fabs(v.mid) <= v.error + 1e-12;
}

static bool has_value(const struct expr *e)
{
    struct interval v;
    return expr_is_constant(e) && interval_of(e, NULL, &v);
}

static const struct expr *at_finite(struct arena *a, const struct expr *body, struct span name,
                                    const struct expr *target)
{
    for (int i = 0; i <= MAX_HOPITAL && body != NULL; i++) {
        const struct expr *there = expr_substitute(a, body, name, target);
        if (there == NULL || has_value(there)) return there;
        if (body->kind != E_DIV || !vanishes(expr_substitute(a, body->arg[0], name, target)) ||
            !vanishes(expr_substitute(a, body->arg[1], name, target))) {
            return NULL;
        }
        body = over(a, calculus_derivative(a, body->arg[0], name),
                    calculus_derivative(a, body->arg[1], name));
    }
    return NULL;
}

static bool is_polynomial(const struct expr *e, struct span name)
{
    int64_t n;
    if (!expr_has_symbol(e, name)) return true;
    switch ((enum expr_kind)e->kind) {
    case E_SYM:
        return true;
    case E_NEG:
    case E_ADD:
    case E_MUL:
        for (uint32_t i = 0; i < e->n; i++) {
            if (!is_polynomial(e->arg[i], name)) return false;
        }
        return true;
    case E_DIV:
        return !expr_has_symbol(e->arg[1], name) && is_polynomial(e->arg[0], name);
    case E_POW:
        return expr_small_int(e->arg[1], &n) && n >= 0 && n <= MAX_DEGREE &&
               is_polynomial(e->arg[0], name);
    default:
        return false;
    }
}

/* The limit at infinity of a quotient of polynomials: differentiate both until the denominator is a
 * constant. */
static const struct expr *at_infinity(struct arena *a, const struct expr *body, struct span name)
{
    if (body->kind != E_DIV || !is_polynomial(body->arg[0], name) ||
        !is_polynomial(body->arg[1], name)) {
        return NULL;
    }
    const struct expr *num = body->arg[0], *den = body->arg[1];
    for (int i = 0; i <= MAX_DEGREE && num != NULL && den != NULL; i++) {
        const struct expr *next = calculus_derivative(a, den, name);
        if (next == NULL) return NULL;
        if (fingerprint_zero(next)) { /* den is constant: so must num be */
            const struct expr *rest = calculus_derivative(a, num, name);
            if (rest == NULL || !fingerprint_zero(rest)) return NULL;
            const struct expr *zero = expr_int(a, 0);
            return over(a, expr_substitute(a, num, name, zero),
                        expr_substitute(a, den, name, zero));
        }
        num = calculus_derivative(a, num, name);
        den = next;
    }
    return NULL;
}

static const struct expr *limit(struct arena *a, const struct expr *e)
{
    const struct expr *target = e->arg[0], *body = e->arg[1], *v = NULL;
    if (target->kind == E_CONST && target->op == C_INF) {
        v = at_infinity(a, body, e->text);
    } else if (expr_is_scalar(target)) {
        v = at_finite(a, body, e->text, target);
    }
    return v == NULL ? e : v;
}

/* ---- geometric series -------------------------------------------------------------------------- */

static bool same_image(const struct expr *x, const struct expr *y, struct arena *a)
{
    const struct expr *d = sum2(a, x, negative(a, y));
    return d != NULL && fingerprint_zero(d);
}

/* The sum from k = from of terms whose quotient r does not depend on k: first / (1 - r), or with an
 * end (first - r next) / (1 - r), next being the last term. */
static const struct expr *geometric(struct arena *a, const struct expr *e)
{
    const struct expr *k = expr_sym(a, e->text), *body = e->arg[2], *one = expr_int(a, 1);
    const struct expr *after = expr_substitute(a, body, e->text, sum2(a, k, one));
    const struct expr *ratio = over(a, after, body);
    if (ratio == NULL) return e;
    const struct expr *r0 = expr_substitute(a, ratio, e->text, expr_int(a, 5));
    if (r0 == NULL || !same_image(ratio, r0, a)) return e;
    const struct expr *first = expr_substitute(a, body, e->text, e->arg[0]);
    const struct expr *below = sum2(a, one, negative(a, r0));
    bool endless = e->arg[1]->kind == E_CONST && e->arg[1]->op == C_INF;
    if (endless) {
        struct interval v;
        if (!expr_is_constant(r0) || !interval_of(r0, NULL, &v) || fabs(v.mid) + v.error >= 1) {
            return e;
        }
        return over(a, first, below);
    }
    if (same_image(r0, one, a)) return e;
    const struct expr *next = expr_substitute(a, body, e->text, sum2(a, e->arg[1], one));
    return over(a, sum2(a, first, negative(a, next)), below);
}

const struct expr *calculus_expand(struct arena *a, const struct expr *e)
{
    if (e->n == 0 ||
        !(expr_has(e, E_DERIVATIVE, -1) || expr_has(e, E_LIMIT, -1) || expr_has(e, E_SUM, 0))) {
        return e;
    }
    struct expr *copy = expr_copy(a, e);
    for (uint32_t i = 0; copy != NULL && i < e->n; i++) {
        if ((copy->arg[i] = calculus_expand(a, e->arg[i])) == NULL) return NULL;
    }
    if (copy == NULL) return NULL;
    const struct expr *d;
    switch ((enum expr_kind)e->kind) {
    case E_DERIVATIVE:
        d = calculus_derivative(a, copy->arg[0], copy->text);
        return d == NULL ? copy : d;
    case E_LIMIT:
        return limit(a, copy);
    case E_SUM:
        return copy->op == 0 && expr_is_scalar(copy->arg[2]) ? geometric(a, copy) : copy;
    default:
        return copy;
    }
}
