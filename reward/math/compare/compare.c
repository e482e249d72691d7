/* reward/math/compare/compare.c - anything against anything.
 *
 * What two answers are decides which test may compare them: the table `rules` is read from the
 * top, and the first rule whose two kinds fit takes the pair. Before that each side is brought to
 * what it claims (claim.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/compare.h"

#include <assert.h>

#include "reward/math/compare/claim.h"
#include "reward/math/compare/matrix.h"
#include "reward/math/compare/pieces.h"
#include "reward/math/compare/quantity.h"
#include "reward/math/compare/region.h"
#include "reward/math/compare/relation.h"
#include "reward/math/compare/scalar.h"
#include "reward/math/compare/solve.h"
#include "reward/math/read/units.h"
#include "reward/math/tree/functions.h"

enum { MAX_ELEMENTS = 256 };

static bool is_list(const struct expr *e)
{
    return e->kind == E_LIST || e->kind == E_SET;
}

/* ---- many elements ----------------------------------------------------------------------------- */

static enum equality ordered(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->n != a->n) return work_no(w, MATH_NOT_EQUAL);
    enum equality all = EQ_YES;
    for (uint32_t i = 0; i < g->n; i++) {
        enum equality e = compare_exprs(w, g->arg[i], a->arg[i]);
        if (e == EQ_NO) return EQ_NO;
        if (e == EQ_UNKNOWN) all = EQ_UNKNOWN;
    }
    return all == EQ_YES ? work_yes(w, MATH_EQUAL_SET) : EQ_UNKNOWN;
}

/* Every element of x has an equal one in y; *unknown when some comparison could not tell. */
static enum equality covered(struct math_work *w, const struct expr *x, const struct expr *y,
                             bool swap)
{
    enum equality all = EQ_YES;
    for (uint32_t i = 0; i < x->n; i++) {
        enum equality found = EQ_NO;
        for (uint32_t j = 0; j < y->n && found != EQ_YES; j++) {
            enum equality e = swap ? compare_exprs(w, y->arg[j], x->arg[i])
                                   : compare_exprs(w, x->arg[i], y->arg[j]);
            if (e != EQ_NO) found = e;
        }
        if (found == EQ_NO) return EQ_NO;
        if (found == EQ_UNKNOWN) all = EQ_UNKNOWN;
    }
    return all;
}

/* The same elements, repeated ones once. Lists must also be of one length. */
static enum equality unordered(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->n > MAX_ELEMENTS || a->n > MAX_ELEMENTS) {
        w->too_large = true;
        return EQ_UNKNOWN;
    }
    bool plain = g->n == 0 || expr_is_scalar(g->arg[0]); /* a pair listed twice is still one */
    if (g->kind == E_LIST && a->kind == E_LIST && g->n != a->n && plain) {
        return work_no(w, MATH_NOT_EQUAL);
    }
    enum equality there = covered(w, g, a, false);
    enum equality back = there == EQ_NO ? EQ_NO : covered(w, a, g, true);
    if (there == EQ_NO || back == EQ_NO) return work_no(w, MATH_NOT_EQUAL);
    return there == EQ_YES && back == EQ_YES ? work_yes(w, MATH_EQUAL_SET) : EQ_UNKNOWN;
}

/* x_1 = 2, x_2 = 5: the roots of an equation, which have no order beside plain values. */
static bool gives_roots(const struct expr *e)
{
    if (!claim_gives_values(e)) return false;
    for (uint32_t i = 0; i < e->n; i++) {
        struct span name = e->arg[i]->arg[0]->text;
        if (e->arg[i]->arg[0]->kind != E_SYM || !span_starts(name, span_str("x_"))) return false;
    }
    return true;
}

static bool has_relations(const struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->arg[i]->kind == E_REL) return true;
    }
    return false;
}

/* The values of x_1 = 2, x_2 = 5, or of x = 2, x = 5, without their names; e itself when it gives
 * others. */
static const struct expr *root_values(struct math_work *w, const struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        const struct expr *r = e->arg[i];
        if (r->kind != E_REL || r->n != 2 || r->text.p[0] != R_EQ || r->arg[0]->kind != E_SYM ||
            r->arg[0]->text.p[0] != 'x') {
            return e;
        }
    }
    struct expr *values = expr_new(w->arena, E_LIST, e->op, e->n);
    for (uint32_t i = 0; values != NULL && i < e->n; i++) {
        values->arg[i] = e->arg[i]->arg[1];
    }
    return values == NULL ? e : values;
}

/* p and q, p or not q: statements that are joined, not values that are listed. */
static bool joins_statements(const struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        const struct expr *x = e->arg[i];
        bool negated = x->kind == E_MUL && x->n == 2 && x->arg[0]->kind == E_SYM &&
                       x->arg[1]->kind == E_SYM && span_is(x->arg[0]->text, "neg");
        if (x->kind != E_SYM && !negated) return false;
    }
    return e->kind == E_LIST && e->op != 0;
}

static enum equality lists(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (joins_statements(g) && joins_statements(a) && g->op != a->op) {
        return work_no(w, MATH_NOT_EQUAL);
    }
    if (gives_roots(g) != gives_roots(a)) return unordered(w, root_values(w, g), root_values(w, a));
    bool one_named = (claim_gives_values(g) && a->kind == E_LIST && !has_relations(a)) ||
                     (claim_gives_values(a) && g->kind == E_LIST && !has_relations(g));
    return one_named ? ordered(w, g, a) : unordered(w, g, a);
}

static enum equality tuples(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (w->options->unordered) return unordered(w, g, a);
    if (g->n == 2 && a->n == 2 && g->op != a->op) return work_no(w, MATH_NOT_EQUAL);
    return ordered(w, g, a);
}

/* [[1, 2], [3, 4]] as a matrix, NULL when the rows are none. */
static const struct expr *matrix_of_rows(struct arena *a, const struct expr *rows)
{
    uint32_t n = rows->n > 0 && rows->arg[0]->kind == E_TUPLE ? rows->arg[0]->n : 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        if (n == 0 || rows->arg[i]->kind != E_TUPLE || rows->arg[i]->n != n) return NULL;
    }
    struct expr *m = n == 0 ? NULL : expr_new(a, E_MATRIX, 0, n * rows->n);
    for (uint32_t i = 0; m != NULL && i < rows->n; i++) {
        memcpy(m->arg + i * n, rows->arg[i]->arg, n * sizeof(*m->arg));
    }
    if (m != NULL) m->num.exp10 = n;
    return m;
}

static enum equality matrices(struct math_work *w, const struct expr *g, const struct expr *a)
{
    g = matrix_expand(w->arena, g);
    a = matrix_expand(w->arena, a);
    if (g == NULL || a == NULL) return EQ_UNKNOWN;
    if (g->kind != E_MATRIX || a->kind != E_MATRIX) {
        if (g->kind != E_MATRIX && a->kind != E_MATRIX && g->kind != a->kind &&
            (g->kind == E_TUPLE || a->kind == E_TUPLE)) {
            return work_no(w, MATH_NOT_EQUAL_KIND);
        }
        if (g->kind == E_TUPLE || a->kind == E_TUPLE) { /* a column or a row is a tuple */
            const struct expr *m = g->kind == E_MATRIX ? g : a, *rows = m == g ? a : g;
            const struct expr *nested = m->kind == E_MATRIX ? matrix_of_rows(w->arena, rows) : NULL;
            if (nested != NULL) return m == g ? matrices(w, g, nested) : matrices(w, nested, a);
            if (m->kind == E_MATRIX && (m->num.exp10 == 1 || (uint32_t)m->num.exp10 == m->n)) {
                return ordered(w, g, a);
            }
        }
        if (g->kind == E_MATRIX || a->kind == E_MATRIX) {
            const struct expr *m = g->kind == E_MATRIX ? g : a, *other = m == g ? a : g;
            if (m->n == 1 && expr_is_scalar(other)) {
                return m == g ? compare_exprs(w, g->arg[0], a) : compare_exprs(w, g, a->arg[0]);
            }
            return work_no(w, MATH_NOT_EQUAL_KIND);
        }
        return scalar_equal(w, g, a);
    }
    if (g->num.exp10 != a->num.exp10) return work_no(w, MATH_NOT_EQUAL);
    return ordered(w, g, a);
}

static bool has_nought(const struct expr *ratio)
{
    for (uint32_t i = 0; i < ratio->n; i++) {
        const struct expr *e = ratio->arg[i];
        if (e->kind == E_NEG) e = e->arg[0];
        if (e->kind == E_NUM && e->num.digits.n == 0) return true;
    }
    return false;
}

/* a : b : c, up to a common factor. */
static enum equality ratios(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->n != a->n) return work_no(w, MATH_NOT_EQUAL);
    if (has_nought(g) || has_nought(a)) { /* 12:00 */
        bool sign = expr_has(g, E_NEG, -1) != expr_has(a, E_NEG, -1);
        return sign ? work_no(w, MATH_NOT_EQUAL) : ordered(w, g, a);
    }
    enum equality all = EQ_YES;
    for (uint32_t i = 1; i < g->n; i++) {
        for (int k = 0; k < 2; k++) {
            if (!expr_is_scalar(g->arg[k ? i : 0]) || !expr_is_scalar(a->arg[k ? i : 0])) {
                return ordered(w, g, a);
            }
        }
        enum equality e = scalar_equal(w, expr_2(w->arena, E_MUL, 0, g->arg[0], a->arg[i]),
                                       expr_2(w->arena, E_MUL, 0, a->arg[0], g->arg[i]));
        if (e == EQ_NO) return EQ_NO;
        if (e == EQ_UNKNOWN) all = EQ_UNKNOWN;
    }
    return all;
}

/* ---- relations --------------------------------------------------------------------------------- */

/* AB, |AB| and \overline{AB} name one length. */
static const struct expr *length_of(const struct expr *e)
{
    bool marked = (e->kind == E_FUNC && e->op == F_ABS) ||
                  (e->kind == E_APPLY && span_is(e->text, "overline"));
    return marked && e->n == 1 ? e->arg[0] : e;
}

static bool is_function_of_name(const struct expr *e)
{
    return e->kind == E_APPLY && e->n == 1 && e->arg[0]->kind == E_SYM;
}

/* a_n: a sequence, and the letter of its index. */
static bool is_sequence(const struct expr *e, struct span *index)
{
    if (e->kind != E_SYM || e->text.n != 3 || e->text.p[1] != '_') return false;
    *index = span_slice(e->text, 2, 3);
    return index->p[0] >= 'i' && index->p[0] <= 'n';
}

/* f(x) = ... and f(n) = ..., a_n = ... and a_k = ..., y = ... or f = ...: definitions of one
 * function. The answer's value is put in the reference's variable. */
static bool same_definition(struct math_work *w, const struct expr *g, const struct expr *a,
                            const struct expr **value)
{
    const struct expr *f = is_function_of_name(g) ? g : a, *other = f == g ? a : g;
    struct span mine, theirs;
    if (is_sequence(g, &mine) && is_sequence(a, &theirs)) {
        if (!span_eq(span_slice(g->text, 0, 1), span_slice(a->text, 0, 1))) return false;
        *value = expr_substitute(w->arena, *value, theirs, expr_sym(w->arena, mine));
        return *value != NULL;
    }
    if (!is_function_of_name(f)) return false;
    if (other->kind == E_SYM) return span_is(other->text, "y") || span_eq(other->text, f->text);
    if (!is_function_of_name(other) || !span_eq(f->text, other->text)) return false;
    if (expr_has_symbol(*value, g->arg[0]->text) && !expr_same(g->arg[0], a->arg[0])) return false;
    *value = expr_substitute(w->arena, *value, a->arg[0]->text, g->arg[0]);
    return *value != NULL;
}

/* y(x) = ..., read as a product, as y = ...; e itself otherwise. */
static const struct expr *without_argument(struct math_work *w, const struct expr *e)
{
    const struct expr *l = e->arg[0];
    if (e->n != 2 || e->text.p[0] != R_EQ || l->kind != E_MUL || l->n != 2 ||
        l->arg[0]->kind != E_SYM || l->arg[1]->kind != E_SYM || !l->arg[1]->grouped) {
        return e;
    }
    struct expr *r = expr_2(w->arena, E_REL, 0, l->arg[0], e->arg[1]);
    if (r != NULL) r->text = e->text;
    return r == NULL ? e : r;
}

static enum equality relations(struct math_work *w, const struct expr *g, const struct expr *a)
{
    g = claim_in_name_order(w, without_argument(w, g));
    a = claim_in_name_order(w, without_argument(w, a));
    const struct expr *x = claim_value(g), *y = claim_value(a);
    if (x != g && y != a) {
        bool named = !claim_all_constant(g) && !claim_all_constant(a) && g->text.p[0] == R_EQ &&
                     a->text.p[0] == R_EQ;
        const struct expr *its = g->arg[g->arg[0] == x], *other = a->arg[a->arg[0] == y];
        bool same = !named || same_definition(w, its, other, &y) ||
                    compare_exprs(w, length_of(its), length_of(other)) == EQ_YES;
        enum equality e = same ? compare_exprs(w, x, y) : EQ_UNKNOWN;
        if (same) return e;
    }
    enum equality e = region_is(g) && region_is(a) ? region_equal(w, g, a) : EQ_UNKNOWN;
    return e == EQ_UNKNOWN ? relation_equal(w, g, a) : e;
}

static enum equality list_and_relation(struct math_work *w, const struct expr *g,
                                       const struct expr *a)
{
    bool first = g->kind == E_LIST;
    return relation_alternatives(w, first ? g : a, first ? a : g);
}

/* {1, 3} in TeX shows as 1, 3: beside a pair it is one. \{1, 3\} is a set. */
static enum equality tex_group(struct math_work *w, const struct expr *g, const struct expr *a)
{
    const struct expr *set = g->kind == E_SET ? g : a;
    return set->op == 1 ? ordered(w, g, a) : work_no(w, MATH_NOT_EQUAL_KIND);
}

static enum equality words(struct math_work *w, const struct expr *g, const struct expr *a)
{
    return unit_same(g->text, a->text) ? work_yes(w, MATH_EQUAL_WORDS)
                                       : work_no(w, MATH_NOT_EQUAL_WORDS);
}

/* "1/2 or 50 %", "3/8, 0.375": one value in several notations, it may be. */
static bool said_again(const struct expr *list)
{
    for (uint32_t i = 0; list->op != 2 && i + 1 < list->n; i++) {
        if (!expr_is_scalar(list->arg[i]) || expr_same(list->arg[i], list->arg[i + 1])) {
            return false;
        }
    }
    return true;
}

/* One value against a list: the list must be of that value alone. */
static enum equality alone(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (is_list(g) && g->n == 1 && w->depth == 1) return compare_exprs(w, g->arg[0], a);
    if (is_list(a) && a->n == 1 && w->depth == 1) return compare_exprs(w, g, a->arg[0]);
    const struct expr *list = is_list(g) ? g : a, *value = list == g ? a : g;
    if (pieces_are(list) && expr_is_scalar(value)) return pieces_equal(w, list, value, list == g);
    if (list->kind == E_LIST && w->depth == 1 && said_again(list)) {
        for (uint32_t i = 0; i < list->n; i++) {
            if (compare_exprs(w, value, list->arg[i]) != EQ_YES) {
                return work_no(w, MATH_NOT_EQUAL_KIND);
            }
        }
        return EQ_YES;
    }
    return work_no(w, MATH_NOT_EQUAL_KIND);
}

static enum equality different(struct math_work *w, const struct expr *g, const struct expr *a)
{
    (void)g;
    (void)a;
    return work_no(w, MATH_NOT_EQUAL_KIND);
}

static enum equality regions(struct math_work *w, const struct expr *g, const struct expr *a)
{
    bool mixed = g->kind == E_REL || a->kind == E_REL;
    if (mixed && g->kind != a->kind && !w->options->allow_set_relation_comp) {
        return work_no(w, MATH_NOT_EQUAL_KIND);
    }
    return region_equal(w, g, a);
}

/* ---- the rules --------------------------------------------------------------------------------- */

enum class {
    CLASS_SCALAR = 1,
    CLASS_LIST = 2,
    CLASS_SET = 4,
    CLASS_TUPLE = 8,
    CLASS_RELATION = 16,
    CLASS_RATIO = 32,
    CLASS_WORDS = 64,
    CLASS_OTHER = 128,
    CLASS_ANY = 255,
};

static int class_of(const struct expr *e)
{
    switch ((enum expr_kind)e->kind) {
    case E_LIST:
        return CLASS_LIST;
    case E_SET:
        return CLASS_SET;
    case E_TUPLE:
        return CLASS_TUPLE;
    case E_REL:
        return CLASS_RELATION;
    case E_RATIO:
        return CLASS_RATIO;
    case E_TEXT:
        return CLASS_WORDS;
    default:
        return expr_is_scalar(e) ? CLASS_SCALAR : CLASS_OTHER;
    }
}

static enum equality same_shape(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->kind == E_CONST && a->kind == E_CONST && g->op != a->op) {
        return work_no(w, MATH_NOT_EQUAL);
    }
    if (g->kind == E_DOTS || a->kind == E_DOTS) {
        return g->kind == a->kind ? work_yes(w, MATH_EQUAL_SET) : different(w, g, a);
    }
    if (g->kind == a->kind && g->op == a->op && g->n == a->n && g->n > 0) {
        enum equality e = ordered(w, g, a);
        return e == EQ_YES ? e : EQ_UNKNOWN;
    }
    return region_is(g) || region_is(a) ? EQ_UNKNOWN : different(w, g, a);
}

static const struct rule {
    int gold, answer;
    enum equality (*compare)(struct math_work *, const struct expr *, const struct expr *);
} rules[] = {
    {CLASS_SCALAR, CLASS_SCALAR, quantity_equal},
    {CLASS_SCALAR | CLASS_RATIO, CLASS_SCALAR | CLASS_RATIO, NULL}, /* see compare_pair() */
    {CLASS_RELATION, CLASS_RELATION, relations},
    {CLASS_TUPLE, CLASS_TUPLE, tuples},
    {CLASS_LIST | CLASS_SET, CLASS_LIST | CLASS_SET, lists},
    {CLASS_LIST | CLASS_TUPLE, CLASS_LIST | CLASS_TUPLE, ordered},
    {CLASS_SET | CLASS_TUPLE, CLASS_SET | CLASS_TUPLE, tex_group},
    {CLASS_WORDS, CLASS_WORDS, words},
    {CLASS_LIST, CLASS_RELATION, list_and_relation},
    {CLASS_RELATION, CLASS_LIST, list_and_relation},
    {CLASS_LIST | CLASS_SET, CLASS_ANY, alone},
    {CLASS_ANY, CLASS_LIST | CLASS_SET, alone},
    {CLASS_OTHER, CLASS_OTHER, same_shape},
    {CLASS_ANY, CLASS_ANY, different},
};

static enum equality ratio_pair(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (g->kind == E_RATIO && a->kind == E_RATIO) return ratios(w, g, a);
    enum equality range = quantity_ranges(w, g, a); /* 1990 to 1995, 1990-1995 */
    if (range != EQ_UNKNOWN) return range;
    const struct expr *r = g->kind == E_RATIO ? g : a;
    if (r->n != 2 || has_nought(r) || !expr_is_scalar(r->arg[0]) || !expr_is_scalar(r->arg[1])) {
        return work_no(w, MATH_NOT_EQUAL_KIND);
    }
    const struct expr *q = expr_2(w->arena, E_DIV, 0, r->arg[0], r->arg[1]);
    return q == NULL ? EQ_UNKNOWN : r == g ? quantity_equal(w, q, a) : quantity_equal(w, g, q);
}

static enum equality compare_pair(struct math_work *w, const struct expr *g, const struct expr *a)
{
    int x = class_of(g), y = class_of(a);
    if (expr_same(g, a)) return work_yes(w, MATH_EQUAL_VALUE);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!(rules[i].gold & x) || !(rules[i].answer & y)) continue;
        return rules[i].compare == NULL ? ratio_pair(w, g, a) : rules[i].compare(w, g, a);
    }
    return EQ_UNKNOWN;
}

static bool has_matrix(const struct expr *e)
{
    return class_of(e) != CLASS_LIST && class_of(e) != CLASS_SET && e->kind != E_REL &&
           expr_has(e, E_MATRIX, -1);
}

/* x \in {2, -2} beside x = \pm 2: both say which values one name has. Both become them. */
static void give_members(const struct expr **g, const struct expr **a)
{
    bool relations = (*g)->kind == E_REL && (*a)->kind == E_REL && (*g)->n == 2 && (*a)->n == 2;
    if (!relations || !expr_same((*g)->arg[0], (*a)->arg[0])) return;
    if (((*g)->text.p[0] == R_IN) == ((*a)->text.p[0] == R_IN)) return;
    const struct expr *x = claim_value(*g), *y = claim_value(*a);
    if (x->kind == E_REL || y->kind == E_REL || (x->kind != E_SET && y->kind != E_SET)) return;
    *g = x;
    *a = y;
}

/* A \to B \to C, 1 \to 3 \to 2: a way through names or numbers, where no step follows from another. */
static bool is_path(const struct expr *e)
{
    if (e->kind != E_REL || e->n < 3) return false;
    for (uint32_t i = 0; i < e->n; i++) {
        bool name = e->arg[i]->kind == E_SYM || e->arg[i]->kind == E_NUM;
        if (!name || (i + 1 < e->n && e->text.p[i] != R_IMPLIES)) return false;
    }
    return true;
}

/* Both sides brought to what they claim, then compared. */
static enum equality compare_claims(struct math_work *w, const struct expr *g, const struct expr *a)
{
    if (is_path(g)) return is_path(a) ? ordered(w, g, a) : work_no(w, MATH_NOT_EQUAL_KIND);
    g = solve_builder(w->arena, claim_of(w, g));
    a = solve_builder(w->arena, claim_of(w, a));
    const struct expr *other = g;
    g = claim_beside(w, g, a);
    a = claim_beside(w, a, other);
    if (g == NULL || a == NULL) return EQ_UNKNOWN;
    give_members(&g, &a);
    if ((g->kind == E_REL) != (a->kind == E_REL) && !w->options->strict) {
        g = claim_value(g);
        a = claim_value(claim_in_name_order(w, a)); /* a pair follows the reference's names */
        bool number = w->depth == 1 && expr_is_constant(g) && expr_is_scalar(g);
        if (number) a = claim_measured(a); /* m + n = 113 gives 113; 113 is not m + n = 113 */
    }
    if (expr_has(g, E_PM, -1) != expr_has(a, E_PM, -1) && g->kind == E_REL && a->kind == E_REL) {
        g = claim_without_sign(w, g);
        a = claim_without_sign(w, a);
    }
    if (expr_has(g, E_PM, -1) || expr_has(a, E_PM, -1)) {
        g = claim_spread(w, g);
        a = claim_spread(w, a);
        if (g == NULL || a == NULL) return EQ_UNKNOWN;
    }
    if (w->depth == 1 && is_list(g) && g->n == 1 && !is_list(a)) g = g->arg[0];
    if (w->depth == 1 && is_list(a) && a->n == 1 && !is_list(g)) a = a->arg[0];
    if (has_matrix(g) || has_matrix(a)) return matrices(w, g, a);
    if (region_is(g) || region_is(a)) {
        enum equality e = g->kind == E_REL && a->kind == E_REL ? EQ_UNKNOWN : regions(w, g, a);
        if (e != EQ_UNKNOWN) return e;
    }
    return compare_pair(w, g, a);
}

enum equality compare_exprs(struct math_work *w, const struct expr *gold, const struct expr *answer)
{
    if (gold == NULL || answer == NULL) return EQ_UNKNOWN; /* no memory for it */
    if (w->depth >= WORK_MAX_DEPTH) {
        w->too_large = true;
        return EQ_UNKNOWN;
    }
    w->depth++;
    assert(w->depth > 0 && w->depth <= WORK_MAX_DEPTH); /* work.h (2) */
    enum equality e =
        expr_same(gold, answer) ? work_yes(w, MATH_EQUAL_VALUE) : compare_claims(w, gold, answer);
    w->depth--;
    return e;
}
