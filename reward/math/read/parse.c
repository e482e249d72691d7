/* reward/math/read/parse.c - operators, relations and lists: the upper half of the parser.
 *
 * Recursive descent, loosest first:
 *
 *   list      relation { , ; and or relation }
 *   relation  union { = < > ... union }
 *   union     ratio { \cup \cap \setminus ratio }
 *   ratio     modulo { : modulo }
 *   modulo    sum { \mod sum }
 *   sum       term { + - \pm term }
 *   term      power { * / power | power }        juxtaposition multiplies
 *   power     primary { ! % ' _ ^ }
 *
 * Every level counts against PARSE_MAX_DEPTH, so the stack is bounded whatever the text.
 *
 *   (1) What was entered is left: after a whole answer no level, bar or integral is open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

#include <assert.h>

#include "base/buffer.h"
#include "reward/math/read/units.h"
#include "reward/math/tree/functions.h"

const struct expr *parse_fail(struct parser *p, const char *what)
{
    if (p->err->code == ERROR_NONE) {
        error_set(p->err, ERROR_UNPARSABLE, NULL, "%s at byte %u", what, (unsigned)p->t->pos);
    }
    return NULL;
}

static const struct expr *no_memory(struct parser *p)
{
    if (p->err->code == ERROR_NONE) {
        error_set(p->err, ERROR_NO_MEMORY, NULL, "no memory for the tree");
    }
    return NULL;
}

enum token_kind parser_next(struct parser *p)
{
    while (p->skip_amp && p->t->kind == T_AMP) {
        p->t++;
    }
    return (enum token_kind)p->t->kind;
}

bool parser_take(struct parser *p, enum token_kind k)
{
    if (parser_next(p) != k) return false;
    p->t++;
    return true;
}

/* A growing row of nodes. */
struct row {
    const struct expr **item;
    uint8_t *mark; /* the operator or separator after each */
    uint32_t n, room;
};

static bool row_add(struct parser *p, struct row *r, const struct expr *e, int mark)
{
    if (e == NULL) return false;
    if (r->n == PARSE_MAX_LIST) {
        error_set(p->err, ERROR_TOO_LARGE, NULL, "more than %d elements", PARSE_MAX_LIST);
        return false;
    }
    if (r->n == r->room) {
        uint32_t room = r->room == 0 ? 4 : 2 * r->room;
        const struct expr **item = arena_alloc(p->arena, room, sizeof(*item));
        uint8_t *marks = arena_alloc(p->arena, room, 1);
        if (item == NULL || marks == NULL) return no_memory(p) != NULL;
        if (r->n > 0) {
            memcpy(item, r->item, r->n * sizeof(*item));
            memcpy(marks, r->mark, r->n);
        }
        r->item = item;
        r->mark = marks;
        r->room = room;
    }
    assert(r->n < r->room);
    r->item[r->n] = e;
    r->mark[r->n++] = (uint8_t)mark;
    return true;
}

static const struct expr *row_node(struct parser *p, struct row *r, uint32_t from, uint32_t n,
                                   enum expr_kind kind, int op)
{
    assert(from + n <= r->n);
    if (n == 1 && kind != E_SET && kind != E_TUPLE) return r->item[from];
    struct expr *e = expr_new(p->arena, kind, op, n);
    if (e == NULL) return no_memory(p);
    memcpy(e->arg, r->item + from, n * sizeof(*e->arg));
    e->pos = r->item[from]->pos;
    return e;
}

/* ---- sums and terms ---------------------------------------------------------------------------- */

/* -e; of a quantity the number is negative, not the unit. */
static const struct expr *negative(struct parser *p, const struct expr *e)
{
    bool quantity = e != NULL && (e->kind == E_UNIT || e->kind == E_PERCENT || e->kind == E_DEGREE);
    if (!quantity) return expr_1(p->arena, E_NEG, 0, e);
    struct expr *copy = expr_1(p->arena, (enum expr_kind)e->kind, e->op, negative(p, e->arg[0]));
    if (copy != NULL) copy->text = e->text;
    return copy;
}

static const struct expr *signed_term(struct parser *p)
{
    if (++p->depth > PARSE_MAX_DEPTH) {
        error_set(p->err, ERROR_TOO_LARGE, NULL, "nested deeper than %d", PARSE_MAX_DEPTH);
        return NULL;
    }
    const struct expr *e;
    if (parser_take(p, T_MINUS)) {
        e = negative(p, signed_term(p));
    } else if (parser_take(p, T_PLUS)) {
        e = signed_term(p);
    } else if (parser_next(p) == T_PM) {
        int op = p->t++->op;
        e = expr_1(p->arena, E_PM, op, signed_term(p));
    } else {
        e = parser_term(p);
    }
    p->depth--;
    return e;
}

const struct expr *parser_sum(struct parser *p)
{
    struct row r = {0};
    const struct expr *e = signed_term(p);
    while (e != NULL) {
        enum token_kind k = parser_next(p);
        if (k == T_PLUS || k == T_MINUS) {
            p->t++;
            if (!row_add(p, &r, e, 0)) return NULL;
            e = signed_term(p);
            if (k == T_MINUS) e = expr_1(p->arena, E_NEG, 0, e);
            continue;
        }
        if (!row_add(p, &r, e, 0)) return NULL;
        const struct expr *sum = row_node(p, &r, 0, r.n, E_ADD, 0);
        if (k != T_PM) return sum;
        int op = p->t++->op;
        const struct expr *right = signed_term(p);
        r.n = 0;
        e = expr_2(p->arena, E_PM, op, sum, right);
    }
    return NULL;
}

static bool is_whole(const struct expr *e)
{
    return e->kind == E_NUM && !e->grouped && e->num.places < 0 && !e->num.scientific;
}

/* 2\frac{1}{2}, 2 1/2: a whole number and a proper fraction of literals. */
static bool makes_mixed(const struct expr *whole, const struct expr *part)
{
    int64_t num, den;
    return is_whole(whole) && part->kind == E_DIV && !part->grouped && part->op == 1 &&
           expr_small_int(part->arg[0], &num) && expr_small_int(part->arg[1], &den) && num > 0 &&
           num < den;
}

static const struct expr *plain_mixed(struct parser *p, const struct expr *whole)
{
    const struct token *t = p->t;
    if (!is_whole(whole) || t[0].kind != T_NUM || !t[0].space || t[1].kind != T_DIV || t[1].space ||
        t[2].kind != T_NUM || t[2].space) {
        return parse_fail(p, "two numbers side by side");
    }
    const struct expr *num = parser_primary(p);
    parser_take(p, T_DIV);
    const struct expr *part = expr_2(p->arena, E_DIV, 0, num, parser_primary(p));
    const struct expr *mixed = expr_2(p->arena, E_ADD, 0, whole, part);
    return parser_take(p, T_PERCENT) ? expr_1(p->arena, E_PERCENT, 0, mixed) : mixed;
}

static const struct expr *multiply(struct parser *p, const struct expr *a, const struct expr *b)
{
    if (a == NULL || b == NULL) return NULL;
    if (a->kind == E_SET && a->n == 1) a = a->arg[0]; /* \left\{x + y\right\} z */
    if (b->kind == E_SET && b->n == 1) b = b->arg[0];
    return expr_2(p->arena, E_MUL, 0, a, b);
}

/* a b without a sign between; spaced: with white space. */
static const struct expr *juxtaposed(struct parser *p, const struct expr *a, const struct expr *b,
                                     bool spaced)
{
    const struct expr *product = multiply(p, a, b);
    struct expr *e = product == NULL || !spaced ? NULL : expr_copy(p->arena, product);
    if (e == NULL) return spaced ? no_memory(p) : product;
    e->spaced = true;
    return e;
}

static const struct expr *signed_power(struct parser *p)
{
    if (parser_take(p, T_MINUS)) return expr_1(p->arena, E_NEG, 0, parser_power(p));
    parser_take(p, T_PLUS);
    return parser_power(p);
}

/* 3 million: the word multiplies. Its power of ten, 0 when w is no such word. */
static int magnitude(struct span w)
{
    static const struct {
        const char *name;
        int power;
    } words[] = {{"thousand", 3}, {"million", 6}, {"billion", 9}, {"trillion", 12}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(w, words[i].name)) return words[i].power;
    }
    return 0;
}

static const struct expr *times_magnitude(struct parser *p, const struct expr *e, int power)
{
    const struct expr *ten = expr_int(p->arena, 10), *n = expr_int(p->arena, power);
    p->t++;
    if (e->kind == E_UNIT) { /* \$3 million */
        struct expr *u = expr_new(p->arena, E_UNIT, 0, 1);
        if (u == NULL) return no_memory(p);
        u->text = e->text;
        u->arg[0] = expr_2(p->arena, E_MUL, 0, e->arg[0], expr_2(p->arena, E_POW, 0, ten, n));
        return u->arg[0] == NULL ? no_memory(p) : u;
    }
    return expr_2(p->arena, E_MUL, 0, e, expr_2(p->arena, E_POW, 0, ten, n));
}

static bool is_radian(struct span w)
{
    return span_is(w, "rad") || span_is(w, "radian") || span_is(w, "radians");
}

/* A number of radians is that number. */
static const struct expr *in_radians(struct parser *p, const struct expr *e)
{
    struct expr *copy = expr_copy(p->arena, e);
    if (copy == NULL) return no_memory(p);
    copy->radians = true;
    p->t++;
    return copy;
}

static const struct expr *with_unit(struct parser *p, const struct expr *e)
{
    if (is_radian(p->t->text) && p->t[1].kind != T_DIV) return in_radians(p, e);
    struct expr *u = expr_new(p->arena, E_UNIT, 0, 1);
    if (u == NULL) return no_memory(p);
    u->arg[0] = e;
    u->pos = e->pos;
    u->text = parser_words(p);
    if (e->kind == E_DEGREE && (span_is(u->text, "C") || span_is(u->text, "F"))) { /* 25 ^\circ C */
        u->arg[0] = e->arg[0];
        u->text = span_str(span_is(u->text, "C") ? "Celsius" : "Fahrenheit");
    }
    return u;
}

/* 1 hour 30 minutes, 5 feet and 6 inches: a number and a unit of the same dimension are next. */
static bool continues_quantity(const struct parser *p, const struct expr *e)
{
    const struct token *t = p->t + (p->t->kind == T_AND);
    struct unit_factor f;
    return t[0].kind == T_NUM && t[1].kind == T_TEXT && e->arg[0]->kind == E_NUM &&
           unit_convert(e->text, t[1].text, &f) && f.exp10 >= 0 && (f.exp10 > 0 || f.num > f.den);
}

static const struct expr *with_smaller_unit(struct parser *p, const struct expr *e)
{
    struct unit_factor f;
    parser_take(p, T_AND);
    const struct expr *small = operand_number(p),
                      *unit = small == NULL ? NULL : with_unit(p, small);
    if (unit == NULL || !unit_convert(unit->text, e->text, &f)) return unit;
    const struct expr *factor = expr_scale(p->arena, f.num, f.den, f.exp10);
    struct expr *whole = expr_new(p->arena, E_UNIT, 0, 1);
    if (whole == NULL) return no_memory(p);
    whole->arg[0] =
        expr_2(p->arena, E_ADD, 0, e->arg[0], expr_2(p->arena, E_MUL, 0, factor, small));
    whole->text = e->text;
    whole->pos = e->pos;
    return whole->arg[0] == NULL ? no_memory(p) : whole;
}

/* One more factor after e, e itself when there is none (*more false), NULL on failure. */
static const struct expr *one_factor(struct parser *p, const struct expr *e, bool *literal,
                                     bool *more)
{
    bool was_literal = *literal;
    *more = true;
    *literal = false;
    if (parser_take(p, T_TIMES)) return multiply(p, e, signed_power(p));
    if (parser_take(p, T_DIV)) return expr_2(p->arena, E_DIV, 0, e, signed_power(p));
    if (parser_next(p) == T_TEXT && magnitude(p->t->text) > 0 && e->kind != E_TEXT) {
        return times_magnitude(p, e, magnitude(p->t->text));
    }
    if (parser_next(p) == T_TEXT && e->kind != E_TEXT) return with_unit(p, e);
    if (e->kind == E_UNIT && continues_quantity(p, e)) return with_smaller_unit(p, e);
    if (e->kind == E_TEXT || e->kind == E_UNIT || !parser_starts_operand(p) ||
        (p->t->kind == T_LP && p->t[1].kind == T_MOD)) {
        *more = false;
        return e;
    }
    if (was_literal && p->t->kind == T_NUM && e->kind == E_NUM) return plain_mixed(p, e);
    bool spaced = p->t->space;
    const struct expr *f = parser_power(p);
    if (f == NULL) return NULL;
    if (was_literal && makes_mixed(e, f)) return expr_2(p->arena, E_ADD, 0, e, f);
    bool sign = f->kind == E_PERCENT || f->kind == E_DEGREE;
    if (was_literal && sign && makes_mixed(e, f->arg[0])) { /* 33\frac13\% */
        return expr_1(p->arena, (enum expr_kind)f->kind, 0,
                      expr_2(p->arena, E_ADD, 0, e, f->arg[0]));
    }
    *literal = is_whole(f);
    return juxtaposed(p, e, f, spaced);
}

const struct expr *parser_term(struct parser *p)
{
    const struct expr *e = parser_power(p);
    if (e == NULL) return NULL;
    bool literal = is_whole(e), more = true;
    for (int n = 0; e != NULL && more; n++) {
        if (n > PARSE_MAX_DEPTH) {
            error_set(p->err, ERROR_TOO_LARGE, NULL, "more than %d factors", PARSE_MAX_DEPTH);
            return NULL;
        }
        parser_next(p);
        e = one_factor(p, e, &literal, &more);
    }
    return e;
}

/* ---- relations --------------------------------------------------------------------------------- */

static const struct expr *modulo(struct parser *p)
{
    const struct expr *e = parser_sum(p);
    while (e != NULL) {
        enum token_kind k = parser_next(p);
        if (k == T_MOD) {
            p->t++;
            e = expr_2(p->arena, E_FUNC, F_MOD, e, parser_sum(p));
        } else if (k == T_PMOD) {
            p->t++;
            e = expr_2(p->arena, E_FUNC, F_PMOD, e, parser_primary(p));
        } else if (k == T_LP && p->t[1].kind == T_MOD) {
            p->t += 2;
            e = expr_2(p->arena, E_FUNC, F_PMOD, e, parser_sum(p));
            if (e != NULL && !parser_take(p, T_RP)) return parse_fail(p, "( is not closed");
        } else if (k == T_OVER) {
            p->t++;
            e = expr_2(p->arena, E_DIV, 0, e, parser_sum(p));
        } else if (k == T_CHOOSE) {
            p->t++;
            e = expr_2(p->arena, E_FUNC, F_BINOM, e, parser_sum(p));
        } else {
            return e;
        }
    }
    return NULL;
}

static const struct expr *ratio(struct parser *p)
{
    struct row r = {0};
    do {
        if (!row_add(p, &r, modulo(p), 0)) return NULL;
    } while (!p->in_set && parser_take(p, T_COLON));
    return row_node(p, &r, 0, r.n, E_RATIO, 0);
}

static const struct expr *set_union(struct parser *p)
{
    const struct expr *e = ratio(p);
    while (e != NULL && parser_next(p) == T_SETOP) {
        int op = p->t++->op;
        e = expr_2(p->arena, E_SETOP, op, e, ratio(p));
    }
    return e;
}

/* a < b = c */
static const struct expr *relation(struct parser *p)
{
    struct row r = {0};
    if (parser_next(p) == T_REL &&
        (p->t->op == R_EQ || p->t->op == R_IMPLIES || p->t->op == R_APPROX)) {
        p->t++;
    }
    for (;;) {
        const struct expr *e = set_union(p);
        bool more = e != NULL && parser_next(p) == T_REL;
        int op = more ? p->t++->op : 0;
        if (!row_add(p, &r, e, op)) return NULL;
        if (more) continue;
        if (r.n == 1) return e;
        struct expr *chain = expr_new(p->arena, E_REL, 0, r.n);
        if (chain == NULL) return no_memory(p);
        memcpy(chain->arg, r.item, r.n * sizeof(*chain->arg));
        chain->text = span_of(r.mark, r.n - 1);
        chain->pos = r.item[0]->pos;
        return chain;
    }
}

/* ---- lists ------------------------------------------------------------------------------------- */

enum { SEP_NONE, SEP_COMMA, SEP_SEMI, SEP_OR, SEP_AND };

/* Take every separator that stands here; the strongest one. */
static int separators(struct parser *p)
{
    int sep = SEP_NONE;
    for (;;) {
        enum token_kind k = parser_next(p);
        if (k == T_COMMA) {
            sep = sep == SEP_NONE ? SEP_COMMA : sep;
        } else if (k == T_SEMI) {
            sep = SEP_SEMI;
        } else if (k == T_AND || k == T_OR) {
            sep = sep != SEP_NONE ? sep : k == T_AND ? SEP_AND : SEP_OR;
        } else {
            return sep;
        }
        p->t++;
    }
}

/* "a = 1, b = 2 and c = 3": one list, whose last comma is an "and". */
static bool is_plain_series(const struct row *r)
{
    for (uint32_t i = 0; i + 2 < r->n; i++) {
        if (r->mark[i] != SEP_COMMA) return false;
    }
    return r->n > 2 && r->mark[r->n - 2] == SEP_AND;
}

static bool all_relations(const struct row *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->item[i]->kind != E_REL) return false;
    }
    return true;
}

/* "1,2; 3,4" and "p = 5, q = 2 and p = 7, q = 2" are lists of tuples: semicolons, or words between
 * relations, separate more strongly than commas. */
static const struct expr *group_list(struct parser *p, struct row *r)
{
    bool comma = false, semi = false, spoken = false, all_and = r->n > 1, some_or = false;
    for (uint32_t i = 0; i + 1 < r->n; i++) {
        comma |= r->mark[i] == SEP_COMMA;
        semi |= r->mark[i] == SEP_SEMI;
        spoken |= r->mark[i] >= SEP_OR;
        all_and &= r->mark[i] == SEP_AND;
        some_or |= r->mark[i] == SEP_OR;
    }
    bool grouped = semi || (spoken && all_relations(r) && !is_plain_series(r));
    if (!comma || !grouped) {
        return row_node(p, r, 0, r->n, E_LIST, all_and ? 1 : some_or ? 2 : 0);
    }
    struct row groups = {0};
    for (uint32_t i = 0, from = 0; i < r->n; i++) {
        bool strong = semi ? r->mark[i] == SEP_SEMI : r->mark[i] >= SEP_OR;
        if (i + 1 < r->n && !strong) continue;
        const struct expr *g = row_node(p, r, from, i + 1 - from, E_TUPLE, B_ROUND);
        if (g != NULL && g->n == 1) g = g->arg[0];
        if (!row_add(p, &groups, g, 0)) return NULL;
        from = i + 1;
    }
    return row_node(p, &groups, 0, groups.n, E_LIST, 0);
}

const struct expr *parser_list(struct parser *p, bool *trailing)
{
    struct row r = {0};
    *trailing = false;
    separators(p);
    for (;;) {
        const struct expr *e = relation(p);
        int sep = e == NULL ? SEP_NONE : separators(p);
        if (!row_add(p, &r, e, sep)) return NULL;
        enum token_kind k = parser_next(p);
        if (sep != SEP_NONE &&
            (parser_starts_operand(p) || k == T_MINUS || k == T_PLUS || k == T_PM || k == T_TEXT ||
             k == T_DOTS || k == T_BAR || k == T_DBAR || k == T_RB)) {
            continue;
        }
        *trailing = sep == SEP_COMMA || sep == SEP_SEMI;
        return group_list(p, &r);
    }
}

/* <1, 2, 3>, the whole text: the signs are brackets. */
static void angle_signs(struct token *t)
{
    struct token *last = t;
    bool comma = false;
    for (; last->kind != T_END && last[1].kind != T_END; last++) {
        comma |= last->kind == T_COMMA;
    }
    if (!comma || t->kind != T_REL || t->op != R_LT || last->kind != T_REL || last->op != R_GT) {
        return;
    }
    t->kind = T_LANGLE;
    last->kind = T_RANGLE;
}

const struct expr *parse_answer(struct arena *a, struct span text, enum lexer_reading reading,
                                struct error *err)
{
    struct error local = {0};
    struct parser p = {.arena = a, .text = text, .err = &local};
    const struct expr *e = NULL;
    p.t = lexer_tokens(a, text, reading, &local);
    if (p.t != NULL && p.t->kind == T_END) parse_fail(&p, "nothing");
    if (p.t != NULL && local.code == ERROR_NONE) {
        bool trailing;
        angle_signs(p.t);
        p.skip_amp = true;
        e = parser_list(&p, &trailing);
        assert(e == NULL || (p.depth == 0 && p.bars == 0 && p.integrals == 0)); /* (1) */
        if (e != NULL && parser_next(&p) != T_END) e = parse_fail(&p, "something is left over");
        assert(e == NULL || expr_is_sound(e)); /* expr.h (1) (2) */
    }
    if (e == NULL && local.code == ERROR_NONE) no_memory(&p);
    if (e == NULL && err != NULL) *err = local;
    return e;
}
