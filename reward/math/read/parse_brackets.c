/* reward/math/read/parse_brackets.c - brackets of every kind and what they mean: group, tuple,
 * interval, set, absolute value. Inside a bracket parsing starts afresh: what is open outside
 * does not close there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

#include "base/buffer.h"
#include "reward/math/tree/functions.h"

/* Brackets start afresh: what is open outside does not close inside. */
struct inside operand_enter(struct parser *p, bool in_set)
{
    struct inside was = {p->bars, p->integrals, p->in_set, p->skip_amp};
    p->bars = p->integrals = 0;
    p->in_set = in_set;
    p->depth++;
    return was;
}

void operand_leave(struct parser *p, struct inside was)
{
    p->bars = was.bars;
    p->integrals = was.integrals;
    p->in_set = was.in_set;
    p->skip_amp = was.skip_amp;
    p->depth--;
}

bool operand_too_deep(struct parser *p)
{
    if (p->depth <= PARSE_MAX_DEPTH) return false;
    if (p->err->code == ERROR_NONE) {
        error_set(p->err, ERROR_TOO_LARGE, NULL, "nested deeper than %d", PARSE_MAX_DEPTH);
    }
    return true;
}

/* A list up to one of two closing tokens; *close says which. An empty one is an empty tuple. */
const struct expr *operand_bracketed(struct parser *p, enum token_kind k1, enum token_kind k2,
                                     int *close, bool *trailing)
{
    struct inside was = operand_enter(p, false);
    const struct expr *e = NULL;
    *trailing = false;
    if (operand_too_deep(p)) return NULL;
    if (parser_next(p) == k1 || parser_next(p) == k2) {
        e = operand_node(p, expr_new(p->arena, E_TUPLE, B_ROUND, 0));
    } else {
        e = parser_list(p, trailing);
    }
    operand_leave(p, was);
    if (e == NULL) return NULL;
    *close = (int)parser_next(p);
    if (*close != (int)k1 && *close != (int)k2 && !(k2 == T_RB && parser_closes_outward(p))) {
        return parse_fail(p, "a bracket is not closed");
    }
    p->t++;
    return e;
}

/* The elements of a bracket's list, as a node of another kind. */
struct expr *operand_regroup(struct parser *p, const struct expr *e, enum expr_kind kind, int op)
{
    uint32_t n = e->kind == E_LIST ? e->n : e->kind == E_TUPLE && e->n == 0 ? 0 : 1;
    struct expr *out = expr_new(p->arena, kind, op, n);
    if (out == NULL) {
        operand_node(p, NULL);
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        out->arg[i] = e->kind == E_LIST ? e->arg[i] : e;
    }
    out->pos = e->pos;
    return out;
}

const struct expr *operand_round_or_square(struct parser *p)
{
    bool square = p->t->kind == T_LB;
    uint32_t pos = p->t->pos;
    p->t++;
    int close;
    bool trailing;
    const struct expr *e = operand_bracketed(p, T_RP, T_RB, &close, &trailing);
    if (e == NULL) return NULL;
    if (close == T_LB && (e->kind != E_LIST || e->n != 2)) return parse_fail(p, "[ without ]");
    int op = square          ? (close == T_RB ? B_SQUARE : B_CLOSED_OPEN)
             : close == T_RB ? B_OPEN_CLOSED
                             : B_ROUND;
    bool single = e->kind != E_LIST && !(e->kind == E_TUPLE && e->n == 0);
    if (single && !trailing && (op == B_ROUND || op == B_SQUARE)) return operand_grouped(p, e);
    struct expr *t = operand_regroup(p, e, E_TUPLE, op);
    if (t != NULL) t->pos = pos;
    return t;
}

/* ]a, b[ as French texts write open intervals. */
const struct expr *operand_outward(struct parser *p)
{
    p->t++;
    int close;
    bool trailing;
    const struct expr *e = operand_bracketed(p, T_LB, T_RB, &close, &trailing);
    if (e == NULL || e->kind != E_LIST || e->n != 2) return parse_fail(p, "] without [");
    return operand_regroup(p, e, E_TUPLE, close == T_LB ? B_ROUND : B_OPEN_CLOSED);
}

const struct expr *operand_tex_group(struct parser *p)
{
    p->t++;
    int close;
    bool trailing, in_set = p->in_set;
    struct inside was = operand_enter(p, in_set);
    if (operand_too_deep(p)) return NULL;
    const struct expr *e = NULL;
    if (parser_next(p) == T_RBRACE) return parse_fail(p, "an empty group");
    e = parser_list(p, &trailing);
    operand_leave(p, was);
    if (e == NULL) return NULL;
    close = (int)parser_next(p);
    if (close != T_RBRACE) return parse_fail(p, "{ is not closed");
    p->t++;
    return e->kind == E_LIST ? operand_regroup(p, e, E_SET, 1) : e;
}

/* \{ a, b \}, \{ x : x > 0 \}, \{ x \mid x > 0 \} */
const struct expr *operand_set(struct parser *p)
{
    p->t++;
    struct inside was = operand_enter(p, true);
    if (operand_too_deep(p)) return NULL;
    bool trailing;
    const struct expr *e = parser_next(p) == T_RSET
                               ? operand_node(p, expr_new(p->arena, E_TUPLE, B_ROUND, 0))
                               : parser_list(p, &trailing);
    const struct expr *condition = NULL;
    if (e != NULL && (parser_next(p) == T_COLON || parser_next(p) == T_BAR)) {
        p->t++;
        condition = parser_list(p, &trailing);
        if (condition == NULL) e = NULL;
    }
    operand_leave(p, was);
    if (e == NULL) return NULL;
    if (!parser_take(p, T_RSET) && !parser_take(p, T_RBRACE)) {
        return parse_fail(p, "\\{ is not closed");
    }
    if (condition != NULL) return operand_node(p, expr_2(p->arena, E_BUILDER, 0, e, condition));
    return operand_regroup(p, e, E_SET, 0);
}

const struct expr *operand_function_of(struct parser *p, int op, const struct expr *x)
{
    return x == NULL ? NULL : operand_node(p, expr_1(p->arena, E_FUNC, op, x));
}

/* |0\rangle: the token after the state that begins at p->t, NULL when it is none. */
static const struct token *ket_end(const struct parser *p)
{
    const struct token *t = p->t + 1;
    while (t->kind == T_NUM || t->kind == T_NAME || t->kind == T_PLUS || t->kind == T_MINUS) {
        t++;
    }
    return t > p->t + 1 && t->kind == T_RANGLE ? t + 1 : NULL;
}

/* A state is known by its name alone. */
static const struct expr *ket(struct parser *p, const struct token *end)
{
    struct buffer name;
    buffer_init(&name, 256);
    for (const struct token *t = p->t; t + 1 < end; t++) {
        bool written = t->kind == T_NUM || t->kind == T_NAME;
        if (written) buffer_add_span(&name, t->text);
        if (!written) {
            buffer_add_char(&name, t->kind == T_PLUS ? '+' : t->kind == T_MINUS ? '-' : '|');
        }
    }
    char *copy = name.failed ? NULL : arena_str(p->arena, buffer_span(&name));
    struct span text = span_of(copy, copy == NULL ? 0 : name.n);
    buffer_clear(&name);
    parser_seek(p, end);
    return copy == NULL ? parse_fail(p, "a long state") : operand_node(p, expr_sym(p->arena, text));
}

const struct expr *operand_absolute(struct parser *p)
{
    enum token_kind k = parser_next(p);
    const struct token *after = k == T_BAR ? ket_end(p) : NULL;
    if (after != NULL) return ket(p, after);
    p->t++;
    struct inside was = operand_enter(p, false);
    if (operand_too_deep(p)) return NULL;
    p->bars = k == T_BAR ? 1 : 0;
    const struct expr *e = parser_sum(p);
    operand_leave(p, was);
    if (e == NULL) return NULL;
    if (!parser_take(p, k)) return parse_fail(p, "| is not closed");
    p->after_bar = true;
    return operand_function_of(p, e->kind == E_MATRIX ? F_DET : F_ABS, e);
}

const struct expr *operand_between(struct parser *p, enum token_kind close, int op)
{
    p->t++;
    struct inside was = operand_enter(p, false);
    if (operand_too_deep(p)) return NULL;
    const struct expr *e = parser_sum(p);
    operand_leave(p, was);
    if (e == NULL) return NULL;
    if (!parser_take(p, close)) return parse_fail(p, "a bracket is not closed");
    return operand_function_of(p, op, e);
}

const struct expr *operand_angle(struct parser *p)
{
    p->t++;
    int close;
    bool trailing;
    const struct expr *e = operand_bracketed(p, T_RANGLE, T_RANGLE, &close, &trailing);
    return e == NULL ? NULL : operand_regroup(p, e, E_TUPLE, B_ROUND);
}
