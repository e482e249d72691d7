/* reward/math/compare/claim.c - what an answer claims.
 *
 * Two people may write one claim in different notations: x = 5 and 5, |x| = 3 and x = +-3, 2i - 3j
 * and (2, -3). Each rule here turns a tree into another that claims the same, and gives back the
 * tree itself where it does not apply, so rules are chained without asking. Some apply always
 * (claim_of), some only where the other side calls for them (claim_beside): 2i - 3j is a complex
 * number beside a complex number, and a vector beside a pair. No rule compares; compare.c does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/claim.h"

#include <assert.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/real/decimal.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

/* A name, a product or ratio of names, f(x), a tuple of names, words: what may stand left of = and
 * be given a value. */
static bool claim_is_name(const struct expr *e);

/* What may stand in the parentheses of E(x, 0): names and numbers. */
static bool is_argument(const struct expr *e)
{
    if (e->kind != E_TUPLE) return e->grouped;
    for (uint32_t i = 0; i < e->n; i++) {
        if (!claim_is_name(e->arg[i]) && !expr_is_constant(e->arg[i])) return false;
    }
    return e->n > 0 && e->op == B_ROUND;
}

static bool claim_is_name(const struct expr *e)
{
    switch ((enum expr_kind)e->kind) {
    case E_SYM:
    case E_TEXT:
    case E_APPLY:
    case E_DOTS:
        return true;
    case E_CONST:
        return e->op == C_E || e->op == C_I; /* E = ..., as a name */
    case E_MUL:
    case E_RATIO:
    case E_DIV:
    case E_TUPLE:
    case E_SETOP: /* A \\cap B */
        for (uint32_t i = 0; i < e->n; i++) {
            bool argument = e->kind == E_MUL && i > 0 && is_argument(e->arg[i]);
            if (!claim_is_name(e->arg[i]) && !argument) return false;
        }
        return e->n > 0;
    case E_FUNC: /* |AB|, sin A: what a figure's letters measure; |x| = 3 is an equation */
        if (e->op == F_ABS && e->arg[0]->kind == E_SYM && e->arg[0]->text.p[0] >= 'a') return false;
        return e->n == 1 && FUNCTIONS[e->op].measures && claim_is_name(e->arg[0]);
    case E_UNIT:
        return claim_is_name(e->arg[0]);
    default:
        return false;
    }
}

/* Every sign of the chain e is =. */
static bool claim_all_equal_signs(const struct expr *e)
{
    for (uint32_t i = 0; i + 1 < e->n; i++) {
        if (e->text.p[i] != R_EQ) return false;
    }
    return true;
}

bool claim_all_constant(const struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (!expr_is_constant(e->arg[i])) return false;
    }
    return true;
}

/* The operands [from, to) of a chain. */
static const struct expr *part(struct math_work *w, const struct expr *e, uint32_t from,
                               uint32_t to)
{
    assert(from < to && to <= e->n && e->text.n == e->n - 1); /* expr.h (1) */
    if (to - from == 1) return e->arg[from];
    struct expr *p = expr_new(w->arena, E_REL, 0, to - from);
    if (p == NULL) return NULL;
    memcpy(p->arg, e->arg + from, (to - from) * sizeof(*p->arg));
    p->text = span_slice(e->text, from, to - 1);
    return p;
}

/* After the last \Rightarrow, before the first \approx; after it when what stands before is a
 * decimal and what follows is none: 0.583 \approx 7/12. */
static const struct expr *conclusion(struct math_work *w, const struct expr *e)
{
    uint32_t from = 0, to = e->n;
    for (uint32_t i = 0; i + 1 < e->n; i++) {
        if (e->text.p[i] == R_IMPLIES || e->text.p[i] == R_EQUIV) from = i + 1;
    }
    for (uint32_t i = e->n - 1; i > from; i--) {
        if (e->text.p[i - 1] == R_APPROX && i > from + (claim_is_name(e->arg[from]) ? 1 : 0)) {
            to = i;
        }
    }
    struct decimal d;
    bool rounded_first = to == from + 1 && to + 1 == e->n && decimal_of(e->arg[from], &d) &&
                         !decimal_of(e->arg[to], &d) && expr_is_scalar(e->arg[to]);
    return rounded_first ? e->arg[to] : part(w, e, from, to);
}

/* A, A^{-1}, A^T B: what matrices are called. */
static bool names_matrix(const struct expr *e)
{
    if (e->kind == E_POW) return names_matrix(e->arg[0]);
    if (e->kind != E_MUL) return e->kind == E_SYM;
    for (uint32_t i = 0; i < e->n; i++) {
        if (!names_matrix(e->arg[i])) return false;
    }
    return true;
}

/* (x - 2)^2 = x^2 - 4 x + 4: true whatever x is, so its sides are one value. */
static bool is_identity(const struct expr *e)
{
    const struct expr *first = e->arg[0], *last = e->arg[e->n - 1];
    if (!claim_all_equal_signs(e) || !expr_is_scalar(first) || !expr_is_scalar(last)) return false;
    struct expr negative = {.kind = E_NEG, .n = 1, .arg = &first};
    const struct expr *terms[] = {last, &negative};
    struct expr difference = {.kind = E_ADD, .n = 2, .arg = terms};
    return fingerprint_zero(&difference);
}

/* An integral, a limit, a sum or a derivative: what stands right of it says what it is. */
static bool is_asked(const struct expr *e)
{
    return e->kind == E_INTEGRAL || e->kind == E_LIMIT || e->kind == E_SUM ||
           e->kind == E_DERIVATIVE;
}

const struct expr *claim_value(const struct expr *e)
{
    if (e->kind != E_REL) return e;
    if (e->n == 2 && e->text.p[0] == R_IN && claim_is_name(e->arg[0])) return e->arg[1];
    bool approximate = e->n == 2 && e->text.p[0] == R_APPROX && claim_is_name(e->arg[0]);
    if (!claim_all_equal_signs(e) && !approximate) return e;
    const struct expr *last = e->arg[e->n - 1];
    if (claim_is_name(e->arg[0]) || claim_all_constant(e)) return last;
    if (is_asked(e->arg[0]) && expr_is_scalar(last)) return last;
    if (e->n == 2 && expr_has(last, E_MATRIX, -1) && names_matrix(e->arg[0])) return last;
    if (e->n >= 3 && expr_is_constant(last)) return last; /* 2x + 1 = 2 + 1 = 3 */
    if (e->n == 2 && last->kind == E_SYM && expr_is_constant(e->arg[0])) return e->arg[0];
    return is_identity(e) ? last : e;
}

/* Two different symbols, or a function applied, stand in e: no equation of one unknown. */
static bool is_measured(const struct expr *e, const struct expr **first)
{
    if (e->kind == E_APPLY || e->kind == E_SUM) return true;
    if (e->kind == E_FUNC && (e->op == F_FLOOR || e->op == F_CEIL)) return true;
    bool ratio = e->op == F_SIN || e->op == F_COS || e->op == F_TAN;
    if (e->kind == E_FUNC && ratio) {
        return true; /* \tan 2\theta: of an angle, which is not asked for */
    }
    if (e->kind == E_SYM) {
        if (*first != NULL) return !expr_same(*first, e);
        *first = e;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (is_measured(e->arg[i], first)) return true;
    }
    return false;
}

/* |v|, |z|: a vector's or a complex number's, since nobody solves for it; |x| = 3 is an equation. */
static bool is_length(const struct expr *e)
{
    return e->kind == E_FUNC && e->op == F_ABS && e->arg[0]->kind == E_SYM &&
           strchr("uvwzabr", e->arg[0]->text.p[0]) != NULL;
}

const struct expr *claim_measured(const struct expr *e)
{
    const struct expr *first = NULL;
    if (e->kind != E_REL || e->n != 2 || e->text.p[0] != R_EQ) return e;
    bool number = expr_is_constant(e->arg[1]) && expr_is_scalar(e->arg[1]);
    if (number && is_length(e->arg[0])) return e->arg[1];
    bool nought = e->arg[1]->kind == E_NUM && e->arg[1]->num.digits.n == 0;
    if (nought && !expr_has(e->arg[0], E_APPLY, -1)) return e; /* 2x - y + 3 = 0 is a line */
    return number && expr_is_scalar(e->arg[0]) && is_measured(e->arg[0], &first) ? e->arg[1] : e;
}

const struct expr *claim_in_name_order(struct math_work *w, const struct expr *e)
{
    bool named = e->kind == E_REL && e->n == 2 && e->text.p[0] == R_EQ &&
                 e->arg[0]->kind == E_TUPLE && e->arg[1]->kind == E_TUPLE &&
                 e->arg[0]->n == e->arg[1]->n;
    if (!named) return e;
    struct expr *names = expr_copy(w->arena, e->arg[0]), *values = expr_copy(w->arena, e->arg[1]);
    for (uint32_t i = 0; names != NULL && values != NULL && i < names->n; i++) {
        const struct expr *name = names->arg[i], *value = values->arg[i];
        if (name->kind != E_SYM || name->text.n != 1) return e;
        uint32_t k = i;
        for (; k > 0 && names->arg[k - 1]->text.p[0] > name->text.p[0]; k--) {
            names->arg[k] = names->arg[k - 1];
            values->arg[k] = values->arg[k - 1];
        }
        names->arg[k] = name;
        values->arg[k] = value;
    }
    struct expr *r = expr_2(w->arena, E_REL, 0, names, values);
    if (r != NULL) r->text = e->text;
    return r == NULL ? e : r;
}

/* P(1, 2): a point with its name. */
static bool is_named_point(const struct expr *e)
{
    return e->kind == E_MUL && e->arg[1]->kind == E_TUPLE && e->arg[0]->kind == E_SYM &&
           e->arg[0]->text.p[0] <= 'Z';
}

const struct expr *claim_of(struct math_work *w, const struct expr *e)
{
    if (e->kind == E_REL && e->n >= 2) {
        const struct expr *part = conclusion(w, e);
        return part == NULL ? e : part;
    }
    return is_named_point(e) ? e->arg[1] : e;
}

/* ---- signs +- ---------------------------------------------------------------------------------- */

/* e^2, a root's square being what stands under it. */
static const struct expr *square(struct arena *a, const struct expr *e)
{
    bool product = e->kind == E_MUL || e->kind == E_DIV;
    if (e->kind == E_NEG) return square(a, e->arg[0]);
    if (e->kind == E_FUNC && e->op == F_SQRT) return e->arg[0];
    if (!product || e->n != 2) return expr_2(a, E_POW, 0, e, expr_int(a, 2));
    return expr_2(a, (enum expr_kind)e->kind, 0, square(a, e->arg[0]), square(a, e->arg[1]));
}

const struct expr *claim_without_sign(struct math_work *w, const struct expr *e)
{
    struct arena *a = w->arena;
    if (e->kind != E_REL || e->n != 2 || e->text.p[0] != R_EQ || expr_has(e->arg[0], E_PM, -1)) {
        return e;
    }
    const struct expr *left = e->arg[0], *right = e->arg[1];
    if (right->kind == E_DIV) {
        left = expr_2(a, E_MUL, 0, left, right->arg[1]);
        right = right->arg[0];
    }
    if (left == NULL || right->kind != E_PM) return e;
    const struct expr *b = right->arg[right->n - 1];
    if (right->n == 2) left = expr_2(a, E_ADD, 0, left, expr_1(a, E_NEG, 0, right->arg[0]));
    if (left == NULL || expr_has(left, E_PM, -1) || expr_has(b, E_PM, -1)) return e;
    struct expr *r = expr_2(a, E_REL, 0, square(a, left), square(a, b));
    if (r != NULL) r->text = e->text;
    return r == NULL ? e : r;
}

const struct expr *claim_spread(struct math_work *w, const struct expr *e)
{
    if (!expr_has(e, E_PM, -1)) return e;
    bool list = e->kind == E_LIST || e->kind == E_SET;
    uint32_t n = list ? e->n : 1, k = 0;
    struct expr *out = expr_new(w->arena, list ? (enum expr_kind)e->kind : E_LIST, 0, 2 * n);
    if (out == NULL) return NULL;
    for (uint32_t i = 0; i < n; i++) {
        const struct expr *x = list ? e->arg[i] : e;
        bool two = expr_has(x, E_PM, -1);
        if ((out->arg[k++] = expr_with_sign(w->arena, x, true)) == NULL) return NULL;
        if (two && (out->arg[k++] = expr_with_sign(w->arena, x, false)) == NULL) return NULL;
    }
    assert(k <= out->n);
    out->n = k;
    return out;
}

/* ---- notations ---------------------------------------------------------------------------------- */

bool claim_gives_values(const struct expr *e)
{
    if (e->kind != E_LIST || e->n < 2) return false;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct expr *r = e->arg[i];
        if (r->kind != E_REL || !claim_all_equal_signs(r) || !claim_is_name(r->arg[0])) {
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (expr_same(r->arg[0], e->arg[j]->arg[0])) return false;
        }
    }
    return true;
}

/* y = 2, x = 1 as x = 1, y = 2: values given to letters, in the order of the alphabet. */
static const struct expr *in_letter_order(struct math_work *w, const struct expr *e)
{
    if (!claim_gives_values(e)) return e;
    struct expr *sorted = expr_new(w->arena, E_LIST, e->op, e->n);
    for (uint32_t i = 0; sorted != NULL && i < e->n; i++) {
        const struct expr *name = e->arg[i]->arg[0];
        if (name->kind != E_SYM || name->text.n != 1) return e;
        uint32_t j = i;
        for (; j > 0 && sorted->arg[j - 1]->arg[0]->text.p[0] > name->text.p[0]; j--) {
            sorted->arg[j] = sorted->arg[j - 1];
        }
        sorted->arg[j] = e->arg[i];
    }
    return sorted == NULL ? e : sorted;
}

/* x = y = 1 as x = 1, y = 1, unless beside a value, which both have. e itself when it is no such
 * chain. */
static const struct expr *each_name(struct math_work *w, const struct expr *e,
                                    const struct expr *other)
{
    if (e->kind != E_REL || e->n < 3 || !claim_all_equal_signs(e) || expr_is_scalar(other)) {
        return e;
    }
    uint32_t names = e->n - 1;
    for (uint32_t i = 0; i < names; i++) {
        if (e->arg[i]->kind != E_SYM) return e;
    }
    struct expr *list = expr_new(w->arena, E_LIST, 0, names);
    for (uint32_t i = 0; list != NULL && i < names; i++) {
        struct expr *r = expr_2(w->arena, E_REL, 0, e->arg[i], e->arg[names]);
        if (r == NULL) return e;
        r->text = span_slice(e->text, 0, 1);
        list->arg[i] = r;
    }
    return list == NULL ? e : list;
}

/* |2x - 1| = 3 as 2x - 1 = +-3. A complex number's modulus is that of a circle. */
static const struct expr *without_bars(struct math_work *w, const struct expr *e,
                                       const struct expr *other)
{
    struct interval v;
    if (e->kind == E_REL && is_length(e->arg[0]) && expr_is_scalar(other)) return e;
    if (e->kind != E_REL || e->n != 2 || e->text.p[0] != R_EQ || claim_is_name(e->arg[0]) ||
        e->arg[0]->kind != E_FUNC || e->arg[0]->op != F_ABS || expr_is_constant(e->arg[0]) ||
        !expr_is_constant(e->arg[1]) || !expr_is_scalar(e->arg[1]) ||
        expr_has_symbol(e, span_str("z")) || !interval_of(e->arg[1], NULL, &v) || v.mid < 0) {
        return e;
    }
    struct expr *r =
        expr_2(w->arena, E_REL, 0, e->arg[0]->arg[0], expr_1(w->arena, E_PM, 0, e->arg[1]));
    if (r != NULL) r->text = e->text;
    return r == NULL ? e : r;
}

/* 2i - 3j + k beside three coordinates, as (2, -3, 1): letters i, j and k of that many directions.
 * e itself when it is no sum of multiples of them. */
static const struct expr *as_vector(struct math_work *w, const struct expr *e,
                                    const struct expr *other)
{
    static const char *const letters[] = {"i", "j", "k"};
    struct arena *a = w->arena;
    bool row = other->kind == E_TUPLE || (other->kind == E_MATRIX && other->num.exp10 == 1);
    if (!row || other->n < 2 || other->n > 3 || !expr_is_scalar(e)) return e;
    const struct expr *named = expr_name_constant(a, e, C_I, span_str("i")), *rest = named;
    struct expr *v = expr_new(a, E_TUPLE, B_ROUND, other->n);
    for (uint32_t i = 0; v != NULL && i < other->n; i++) {
        const struct expr *x = named;
        for (uint32_t k = 0; k < other->n && x != NULL; k++) {
            x = expr_substitute(a, x, span_str(letters[k]), expr_int(a, k == i));
        }
        if (x == NULL || !expr_is_constant(x)) return e;
        v->arg[i] = x;
        const struct expr *part = expr_2(a, E_MUL, 0, x, expr_sym(a, span_str(letters[i])));
        rest = expr_2(a, E_ADD, 0, rest, expr_1(a, E_NEG, 0, part));
    }
    return v != NULL && fingerprint_zero(rest) ? v : e;
}

/* R - {2} is a difference of sets. */
static const struct expr *as_set_difference(struct math_work *w, const struct expr *e)
{
    if (e->kind != E_ADD || e->n != 2 || e->arg[0]->kind != E_CONST || e->arg[0]->op < C_REALS ||
        e->arg[1]->kind != E_NEG || e->arg[1]->arg[0]->kind != E_SET) {
        return e;
    }
    const struct expr *d = expr_2(w->arena, E_SETOP, S_MINUS, e->arg[0], e->arg[1]->arg[0]);
    return d == NULL ? e : d;
}

/* P(5, 2) beside a pair is a point, not a number of permutations. */
static const struct expr *as_point(struct math_work *w, const struct expr *e,
                                   const struct expr *other)
{
    bool counted = e->kind == E_FUNC && e->text.n > 0 && (e->op == F_PERM || e->op == F_BINOM);
    if (!counted || other->kind != E_TUPLE) return e;
    const struct expr *p = expr_2(w->arena, E_TUPLE, B_ROUND, e->arg[0], e->arg[1]);
    return p == NULL ? e : p;
}

/* "x != 0, 1" as x != 0 and x != 1; e itself when it is no such list. */
static const struct expr *each_exception(struct math_work *w, const struct expr *e)
{
    if (e->kind != E_LIST || e->n < 2 || e->arg[0]->kind != E_REL || e->arg[0]->n != 2 ||
        e->arg[0]->text.p[0] != R_NE) {
        return e;
    }
    struct expr *all = expr_new(w->arena, E_LIST, 1, e->n);
    for (uint32_t i = 0; all != NULL && i < e->n; i++) {
        all->arg[i] = e->arg[i];
        if (e->arg[i]->kind == E_REL) continue;
        struct expr *r = expr_2(w->arena, E_REL, 0, e->arg[0]->arg[0], e->arg[i]);
        if (r == NULL || !expr_is_scalar(e->arg[i])) return e;
        r->text = e->arg[0]->text;
        all->arg[i] = r;
    }
    return all == NULL ? e : all;
}

/* "x = 3, -2" beside an equation, as x = 3 or x = -2: its solutions. e itself when it is no name's
 * value and then bare ones. */
static const struct expr *each_solution(struct math_work *w, const struct expr *e,
                                        const struct expr *other)
{
    bool equation = other->kind == E_REL && other->n == 2 && other->text.p[0] == R_EQ;
    if (!equation || e->kind != E_LIST || e->n < 2) return e;
    const struct expr *first = e->arg[0];
    if (first->kind != E_REL || first->n != 2 || first->text.p[0] != R_EQ ||
        first->arg[0]->kind != E_SYM || !expr_is_scalar(first->arg[1])) {
        return e;
    }
    struct expr *all = expr_new(w->arena, E_LIST, e->op, e->n);
    for (uint32_t i = 0; all != NULL && i < e->n; i++) {
        all->arg[i] = first;
        if (i == 0) continue;
        if (!expr_is_constant(e->arg[i]) || !expr_is_scalar(e->arg[i])) return e;
        struct expr *r = expr_2(w->arena, E_REL, 0, first->arg[0], e->arg[i]);
        if (r == NULL) return e;
        r->text = first->text;
        all->arg[i] = r;
    }
    return all == NULL ? e : all;
}

/* (1, 2)^T and a matrix's transpose, as the matrix that it is. */
static const struct expr *transposed(struct math_work *w, const struct expr *e)
{
    const struct expr *x = e->kind == E_POW ? e->arg[0] : e;
    if (x == e || (x->kind != E_TUPLE && x->kind != E_MATRIX) || e->arg[1]->kind != E_SYM ||
        !(span_is(e->arg[1]->text, "T") || span_is(e->arg[1]->text, "top"))) {
        return e;
    }
    uint32_t columns = x->kind == E_MATRIX ? (uint32_t)x->num.exp10 : x->n;
    struct expr *m = columns == 0 ? NULL : expr_new(w->arena, E_MATRIX, 0, x->n);
    if (m == NULL) return e;
    uint32_t rows = x->n / columns;
    for (uint32_t i = 0; i < x->n; i++) {
        m->arg[i % columns * rows + i / columns] = x->arg[i];
    }
    m->num.exp10 = rows;
    return m;
}

const struct expr *claim_beside(struct math_work *w, const struct expr *e, const struct expr *other)
{
    e = each_solution(w, transposed(w, e), other);
    e = each_exception(w, as_vector(w, as_point(w, e, other), other));
    e = without_bars(w, each_name(w, as_set_difference(w, e), other), other);
    return in_letter_order(w, e);
}
