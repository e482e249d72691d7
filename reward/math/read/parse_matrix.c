/* reward/math/read/parse_matrix.c - \begin{...}: matrices, determinants, cases and aligned lists.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

#include <assert.h>

#include "reward/math/tree/functions.h"

enum { MATRIX_MAX = 4096 };

static bool named(struct span s, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (span_is(s, *names)) return true;
    }
    return false;
}

struct cells {
    const struct expr **at;
    uint32_t n, columns, rows;
};

/* The "if" before a condition says no more than its place. */
static void skip_connective(struct parser *p)
{
    static const char *const words[] = {"if", "for", "when", "where", "for all", NULL};
    if (p->t->kind == T_TEXT && named(span_trim(p->t->text), words) && p->t[1].kind != T_ENDENV) {
        p->t++;
    }
}

/* x = 2 + 3 and, in the next line, = 5: one chain. */
static const struct expr *chained(struct parser *p, const struct expr *left,
                                  const struct expr *right)
{
    uint32_t n = left->kind == E_REL ? left->n : 1, m = right->kind == E_REL ? right->n : 1;
    struct expr *e = expr_new(p->arena, E_REL, 0, n + m);
    char *ops = arena_alloc(p->arena, n + m, 1);
    if (e == NULL || ops == NULL) return operand_node(p, NULL);
    for (uint32_t i = 0; i < n + m; i++) {
        const struct expr *side = i < n ? left : right;
        uint32_t k = i < n ? i : i - n, last = i < n ? n - 1 : m - 1;
        e->arg[i] = side->kind == E_REL ? side->arg[k] : side;
        ops[i] = (char)(k == last ? R_EQ : side->text.p[k]);
    }
    e->text = span_of(ops, n + m - 1);
    e->pos = left->pos;
    return e;
}

/* Rows and columns up to \end; lines: of one cell each, which may go on in the next. */
static bool read_cells(struct parser *p, bool lines, struct cells *c)
{
    uint32_t in_row = 0, room = 16;
    c->at = arena_alloc(p->arena, room, sizeof(*c->at));
    for (;;) {
        enum token_kind k = (enum token_kind)p->t->kind;
        if (k == T_END || c->at == NULL) return parse_fail(p, "\\begin without \\end") != NULL;
        if (k == T_NEWROW || k == T_ENDENV) {
            if (in_row > 0) {
                if (c->columns != 0 && in_row != c->columns) {
                    return parse_fail(p, "rows of different lengths") != NULL;
                }
                c->columns = in_row;
                c->rows++;
            }
            in_row = 0;
            p->t++;
            if (k == T_ENDENV) return true;
            continue;
        }
        if (k == T_AMP) {
            p->t++;
            continue;
        }
        if (c->n == MATRIX_MAX) return parse_fail(p, "a matrix too large") != NULL;
        if (c->n == room) {
            const struct expr **more = arena_alloc(p->arena, 2 * room, sizeof(*more));
            if (more == NULL) return operand_node(p, NULL) != NULL;
            memcpy(more, c->at, c->n * sizeof(*more));
            c->at = more;
            room *= 2;
        }
        bool trailing, goes_on = lines && in_row == 0 && c->n > 0 && k == T_REL && p->t->op == R_EQ;
        skip_connective(p);
        const struct expr *e = parser_list(p, &trailing);
        if (e == NULL) return false;
        if (goes_on) {
            if ((c->at[c->n - 1] = chained(p, c->at[c->n - 1], e)) == NULL) return false;
            c->rows--;
        } else {
            c->at[c->n++] = e;
        }
        in_row++;
    }
}

/* A function in pieces: a list of pairs of a value and a condition. */
static const struct expr *pieces(struct parser *p, const struct cells *c)
{
    struct expr *list = expr_new(p->arena, E_LIST, 0, c->rows);
    if (list == NULL) return operand_node(p, NULL);
    for (uint32_t i = 0; i < c->rows; i++) {
        if ((list->arg[i] = expr_2(p->arena, E_TUPLE, B_ROUND, c->at[2 * i], c->at[2 * i + 1])) ==
            NULL) {
            return operand_node(p, NULL);
        }
    }
    return list;
}

const struct expr *operand_environment(struct parser *p)
{
    static const char *const matrices[] = {"matrix",      "pmatrix", "bmatrix",
                                           "Bmatrix",     "vmatrix", "Vmatrix",
                                           "smallmatrix", "array",   NULL};
    struct span kind = p->t->text;
    uint32_t pos = p->t->pos;
    p->t++;
    bool matrix = named(kind, matrices);
    struct inside was = operand_enter(p, false);
    if (operand_too_deep(p)) return NULL;
    p->skip_amp = !matrix && !span_is(kind, "cases");
    struct cells c = {0};
    bool ok = read_cells(p, p->skip_amp, &c);
    operand_leave(p, was);
    if (!ok) return NULL;
    if (c.n == 0) return parse_fail(p, "an empty matrix");
    if (span_is(kind, "cases") && c.columns == 2) return pieces(p, &c);
    if (!matrix && c.n == 1) return c.at[0];
    if (matrix && c.n == 1 && span_is(kind, "array")) return c.at[0];
    assert(!matrix || c.n == c.rows * c.columns);
    struct expr *e = expr_new(p->arena, matrix ? E_MATRIX : E_LIST, 0, c.n);
    if (e == NULL) return operand_node(p, NULL);
    memcpy(e->arg, c.at, c.n * sizeof(*e->arg));
    e->num.exp10 = c.columns;
    e->pos = pos;
    return span_is(kind, "vmatrix") ? operand_function_of(p, F_DET, e) : e;
}
