/* reward/math/compare/family.c - answers that stand for many values.
 *
 * A clause ("k is an integer", ", n \in \mathbb{Z}", "where C is a constant") says what a letter
 * ranges over. It is read here, first as text (family_text brings the spoken forms to one), then as
 * the last element of a list. What is left are the members, compared as sets of values by
 * progression.c, or up to an added constant by differentiating. Arbitrary constants of differential
 * equations have any names: those of one side are tried in every order against those of the other,
 * at most MAX_CONSTANTS of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/family.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/field/fingerprint.h"
#include "reward/math/value/calculus.h"
#include "reward/math/compare/compare.h"
#include "reward/math/compare/progression.h"
#include "reward/math/tree/functions.h"

enum { MAX_NAMES = 16, MAX_CONSTANTS = 3, MAX_CLAUSE = 80 };

/* ---- the clause in words ----------------------------------------------------------------------- */

static bool alone(struct span s, size_t i)
{
    return ascii_is_letter(s.p[i]) &&
           (i == 0 || !(ascii_is_letter(s.p[i - 1]) || s.p[i - 1] == '\\')) &&
           (i + 1 >= s.n || !ascii_is_letter(s.p[i + 1])) && s.p[i] != 'a';
}

/* The only single letter in a clause, 0 when there is none or are several. */
static char only_letter(struct span s)
{
    char found = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!alone(s, i)) continue;
        if (found != 0 && found != s.p[i]) return 0;
        found = s.p[i];
    }
    return found;
}

/* Where the last clause of s begins: at the last comma, bracket or word that opens one. */
static size_t clause_start(struct span s)
{
    static const char *const openers[] = {"where", "for ",   "with ", ",",
                                          "(",     "\\quad", ";",     "for}"};
    size_t best = SPAN_NONE;
    for (size_t k = 0; k < sizeof(openers) / sizeof(openers[0]); k++) {
        size_t at = span_find_last(s, span_str(openers[k]));
        if (at == SPAN_NONE || at == 0) continue;
        bool word = ascii_is_letter(openers[k][0]);
        if (word && ascii_is_letter(s.p[at - 1])) continue;
        if (best == SPAN_NONE || (word && at < best) || (!word && best > at + MAX_CLAUSE)) {
            best = at;
        }
    }
    return best;
}

static bool ends_in(struct span *s, const char *tail)
{
    if (!span_ends(*s, span_str(tail))) return false;
    *s = span_trim(span_slice(*s, 0, s->n - strlen(tail)));
    return true;
}

static struct span without_joints(struct span s)
{
    static const char *const joints[] = {"\\text{", "\\textrm{", "\\mathrm{", "(",   ",",
                                         "\\quad",  "\\qquad",   "\\;",       "\\,", "\\ ",
                                         "and",     "\\left",    "$",         ";",   "\\("};
    s = span_trim(s);
    for (bool again = true; again;) {
        again = false;
        for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
            again |= ends_in(&s, joints[k]);
        }
    }
    return s;
}

struct span family_text(struct arena *a, struct span text)
{
    static const char *const marks[] = {"integer", "\\in \\mathbb{Z}", "\\in\\mathbb{Z}", "\\in Z"};
    struct buffer out;
    bool marked = false;
    for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]) && !marked; k++) {
        marked = text.n < 400 && span_find(text, span_str(marks[k]), 0) != SPAN_NONE;
    }
    size_t at = marked ? clause_start(text) : SPAN_NONE;
    if (at == SPAN_NONE) return text;
    struct span clause = span_slice(text, at, text.n),
                rest = without_joints(span_slice(text, 0, at));
    for (size_t z = 0; z < clause.n; z++) { /* the set is no parameter */
        if (clause.p[z] == 'Z' && span_find(clause, span_str("\\in"), 0) != SPAN_NONE) clause.n = z;
    }
    char name = only_letter(clause);
    if (name == 0 || rest.n == 0 || memchr(rest.p, name, rest.n) == NULL) return text;
    buffer_init(&out, 1024);
    buffer_add_span(&out, rest);
    buffer_addf(&out, ", %c \\in \\mathbb{Z}", name);
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span s = copy == NULL ? text : span_of(copy, out.n);
    buffer_clear(&out);
    return s;
}

/* ---- members and parameter --------------------------------------------------------------------- */

static bool declares(const struct expr *e, struct span *name, int *set)
{
    if (e->kind != E_REL || e->n != 2 || e->text.p[0] != R_IN || e->arg[0]->kind != E_SYM ||
        e->arg[1]->kind != E_CONST ||
        (e->arg[1]->op != C_INTEGERS && e->arg[1]->op != C_NATURALS)) {
        return false;
    }
    *name = e->arg[0]->text;
    *set = e->arg[1]->op;
    return true;
}

/* The members and the parameter of e, "k pi, k \in \mathbb{Z}", and the set it is in (C_INTEGERS or
 * C_NATURALS); e itself, and no name, when it declares none. */
static const struct expr *family_members(struct arena *a, const struct expr *e,
                                         struct span *parameter, int *set)
{
    *parameter = span_of(NULL, 0);
    if (e->kind == E_BUILDER && declares(e->arg[1], parameter, set)) return e->arg[0];
    if (e->kind != E_LIST || e->n < 2) return e;
    const struct expr *last = e->arg[e->n - 1];
    if (last->kind == E_TUPLE && last->n == 2 && declares(last->arg[1], parameter, set)) {
        struct expr *all = expr_new(a, E_LIST, e->op, e->n); /* "a or b, k in Z": of both */
        if (all == NULL) return e;
        memcpy(all->arg, e->arg, e->n * sizeof(*all->arg));
        all->arg[e->n - 1] = last->arg[0];
        return all;
    }
    if (!declares(last, parameter, set)) return e;
    if (e->n == 2) return e->arg[0];
    struct expr *rest = expr_new(a, E_LIST, e->op, e->n - 1);
    if (rest == NULL) return e;
    memcpy(rest->arg, e->arg, rest->n * sizeof(*rest->arg));
    return rest;
}

/* ---- names --------------------------------------------------------------------------------------- */

struct names {
    struct span name[MAX_NAMES];
    int n;
};

static bool listed(const struct names *s, struct span name)
{
    for (int i = 0; i < s->n; i++) {
        if (span_eq(s->name[i], name)) return true;
    }
    return false;
}

/* The names of e; false when they are too many. */
static bool collect(const struct expr *e, struct names *s)
{
    if (e->kind == E_SYM && !listed(s, e->text)) {
        if (s->n == MAX_NAMES) return false;
        s->name[s->n++] = e->text;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (!collect(e->arg[i], s)) return false;
    }
    return true;
}

/* The names of x that y lacks. */
static struct names missing(const struct names *x, const struct names *y)
{
    struct names out = {.n = 0};
    for (int i = 0; i < x->n; i++) {
        if (!listed(y, x->name[i])) out.name[out.n++] = x->name[i];
    }
    return out;
}

/* C, c, K, C_1, c_2: what constants of integration are called. */
static bool is_constant_name(struct span s)
{
    bool letter = s.n > 0 && strchr("CcK", s.p[0]) != NULL;
    return letter && (s.n == 1 || (s.n == 3 && s.p[1] == '_' && s.p[2] >= '0' && s.p[2] <= '9'));
}

/* What else they may be called where the other side uses one of those. */
static bool may_be_constant(struct span s)
{
    return is_constant_name(s) || (s.n == 1 && strchr("ABDk", s.p[0]) != NULL);
}

static bool all_are(const struct names *s, bool (*is)(struct span))
{
    for (int i = 0; i < s->n; i++) {
        if (!is(s->name[i])) return false;
    }
    return true;
}

/* answer with its names renamed to gold's, in the order that permutation number k gives. */
static const struct expr *renamed(struct arena *a, const struct expr *answer,
                                  const struct names *from, const struct names *to, int k)
{
    static const uint8_t orders[][MAX_CONSTANTS] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1},
                                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const struct expr *e = answer;
    assert(from->n <= MAX_CONSTANTS && from->n <= to->n);
    for (int i = 0; i < from->n && e != NULL; i++) {
        e = expr_substitute(a, e, from->name[i], expr_sym(a, to->name[orders[k][i]]));
    }
    return e;
}

/* What a definition defines its left side as; e itself when it is none. */
static const struct expr *defined(const struct expr *e)
{
    bool definition = e->kind == E_REL && e->n == 2 && e->text.p[0] == R_EQ &&
                      (e->arg[0]->kind == E_SYM || e->arg[0]->kind == E_APPLY ||
                       (e->arg[0]->kind == E_MUL && e->arg[0]->arg[1]->grouped)); /* y(x) */
    return definition ? e->arg[1] : e;
}

/* Constants of other names: y = C e^x and y = A e^x. Something else must be named alike. */
static enum equality other_constants(struct math_work *w, const struct expr *gold,
                                     const struct expr *answer)
{
    static const int orders[] = {1, 1, 2, 6};
    struct names g = {.n = 0}, a = {.n = 0};
    if (!collect(defined(gold), &g) || !collect(defined(answer), &a)) return EQ_NO;
    struct names mine = missing(&g, &a), theirs = missing(&a, &g);
    bool constants = (all_are(&mine, is_constant_name) && all_are(&theirs, may_be_constant)) ||
                     (all_are(&mine, may_be_constant) && all_are(&theirs, is_constant_name));
    struct names common = missing(&g, &mine);
    bool variable = common.n > 0 && !all_are(&common, may_be_constant);
    if (mine.n != theirs.n || mine.n == 0 || mine.n > MAX_CONSTANTS || !variable || !constants) {
        return EQ_NO;
    }
    for (int k = 0; k < orders[mine.n]; k++) {
        const struct expr *e = renamed(w->arena, answer, &theirs, &mine, k);
        if (e != NULL && compare_exprs(w, gold, e) == EQ_YES) return EQ_YES;
    }
    return EQ_NO;
}

/* ---- families ------------------------------------------------------------------------------------ */

/* The parameter of the side that declares none: the one name it has and the other lacks. */
static bool guess_parameter(const struct expr *e, const struct expr *other, struct span parameter,
                            struct span *out)
{
    struct names mine = {.n = 0}, theirs = {.n = 0};
    if (!collect(defined(e), &mine) || !collect(defined(other), &theirs)) return false;
    struct names own = missing(&mine, &theirs);
    *out = own.n == 1 ? own.name[0] : parameter;
    return own.n <= 1;
}

/* f(n) = ... or a_n = ...: n is an argument of e, and its values are no set. */
static bool defines_at(const struct expr *e, struct span n)
{
    if (e->kind != E_REL || e->n != 2 || e->text.p[0] != R_EQ) return false;
    const struct expr *left = e->arg[0];
    bool subscript = left->kind == E_SYM && left->text.n > n.n + 1 && span_ends(left->text, n) &&
                     left->text.p[left->text.n - n.n - 1] == '_';
    return subscript || (left->kind != E_SYM && expr_has_symbol(left, n));
}

/* x = k pi and y = k pi: families of values of two unknowns. */
static bool other_unknown(const struct expr *g, const struct expr *a)
{
    bool named = g->kind == E_REL && a->kind == E_REL && g->n == 2 && a->n == 2 &&
                 g->text.p[0] == R_EQ && a->text.p[0] == R_EQ;
    return named && g->arg[0]->kind == E_SYM && a->arg[0]->kind == E_SYM &&
           !expr_same(g->arg[0], a->arg[0]);
}

static enum equality families(struct math_work *w, const struct expr *g, struct span mine,
                              const struct expr *a, struct span theirs)
{
    if (!span_eq(mine, theirs)) a = expr_substitute(w->arena, a, theirs, expr_sym(w->arena, mine));
    if (a == NULL) return EQ_UNKNOWN;
    if (defines_at(g, mine) || defines_at(a, mine)) return compare_exprs(w, g, a);
    if (other_unknown(g, a)) return work_no(w, MATH_NOT_EQUAL);
    w->parameter = mine;
    enum equality e = compare_exprs(w, g, a);
    if (e != EQ_YES && progression_same_unions(w, g, a) == EQ_YES) e = EQ_YES;
    w->parameter = span_of(NULL, 0);
    return e;
}

/* n = r (mod m) as r + m k for the parameter k; NULL when e is no such congruence. */
static const struct expr *congruence_members(struct math_work *w, const struct expr *e,
                                             struct span k)
{
    struct arena *a = w->arena;
    bool fits = e->kind == E_REL && e->n == 2 &&
                (e->text.p[0] == R_EQUIV || e->text.p[0] == R_EQ) && e->arg[0]->kind == E_SYM &&
                e->arg[1]->kind == E_FUNC && e->arg[1]->op == F_PMOD;
    if (!fits) return NULL;
    const struct expr *multiple = expr_2(a, E_MUL, 0, e->arg[1]->arg[1], expr_sym(a, k));
    return expr_2(a, E_ADD, 0, e->arg[1]->arg[0], multiple);
}

enum equality family_equal(struct math_work *w, const struct expr *gold, const struct expr *answer)
{
    struct span mine, theirs;
    int here = 0, there = 0;
    const struct expr *g = family_members(w->arena, gold, &mine, &here),
                      *a = family_members(w->arena, answer, &theirs, &there);
    if (mine.n == 0 && theirs.n == 0) {
        enum equality e = compare_exprs(w, gold, answer);
        enum math_cause cause = w->cause;
        if (e == EQ_NO && other_constants(w, gold, answer) == EQ_YES) return EQ_YES;
        w->cause = cause;
        return e;
    }
    if (mine.n > 0 && theirs.n > 0 && here != there) return work_no(w, MATH_NOT_EQUAL);
    if (mine.n > 0 && theirs.n > 0 && here == C_NATURALS) { /* it begins somewhere: no shifts */
        a = expr_substitute(w->arena, a, theirs, expr_sym(w->arena, mine));
        return compare_exprs(w, g, a);
    }
    const struct expr *rule = mine.n == 0     ? congruence_members(w, g, theirs)
                              : theirs.n == 0 ? congruence_members(w, a, mine)
                                              : NULL;
    if (rule != NULL) {
        return mine.n == 0 ? families(w, rule, theirs, a, theirs)
                           : families(w, g, mine, rule, mine);
    }
    if (mine.n == 0 && !guess_parameter(g, a, theirs, &mine)) return work_no(w, MATH_NOT_EQUAL);
    if (theirs.n == 0 && !guess_parameter(a, g, mine, &theirs)) return work_no(w, MATH_NOT_EQUAL);
    return families(w, g, mine, a, theirs);
}

/* ---- antiderivatives ------------------------------------------------------------------------------ */

static const struct expr *minus(struct arena *a, const struct expr *x, const struct expr *y)
{
    return expr_2(a, E_ADD, 0, x, expr_1(a, E_NEG, 0, y));
}

/* The constant that both add with the factor 1. */
static bool added_constant(struct math_work *w, const struct expr *g, const struct expr *a,
                           const struct names *names, struct span *out)
{
    const struct expr *one = expr_int(w->arena, 1);
    for (int i = 0; i < names->n; i++) {
        const struct expr *x = calculus_derivative(w->arena, g, names->name[i]),
                          *y = calculus_derivative(w->arena, a, names->name[i]);
        if (!is_constant_name(names->name[i]) || x == NULL || y == NULL) continue;
        *out = names->name[i];
        if (fingerprint_zero(minus(w->arena, x, one)) &&
            fingerprint_zero(minus(w->arena, y, one))) {
            return true;
        }
    }
    return false;
}

enum equality family_same_antiderivative(struct math_work *w, const struct expr *gold,
                                         const struct expr *answer)
{
    struct names g = {.n = 0};
    struct span constant;
    if (!collect(gold, &g) || g.n < 2 || !collect(answer, &g) ||
        !added_constant(w, gold, answer, &g, &constant)) {
        return EQ_NO;
    }
    const struct expr *difference = minus(w->arena, gold, answer);
    for (int i = 0; i < g.n; i++) {
        if (!fingerprint_zero(calculus_derivative(w->arena, difference, g.name[i]))) return EQ_NO;
    }
    return work_yes(w, MATH_EQUAL_VALUE);
}
