/* reward/math/parse_matrix.c - \begin{...}: matrices, determinants, cases and aligned lists.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/parser.h"

enum { MATRIX_MAX = 4096 };

static bool named(struct span s, const char *const *names)
{
    for (; *names != NULL; names++)
        if (span_is(s, *names)) return true;
    return false;
}

struct cells {
    const struct expr **at;
    uint32_t n, columns, rows;
};

/* Rows and columns up to \end. */
static bool read_cells(struct parser *p, struct cells *c)
{
    uint32_t in_row = 0, room = 16;
    c->at = arena_alloc(p->arena, room, sizeof(*c->at));
    for (;;) {
        enum token_kind k = (enum token_kind)p->t->kind;
        if (k == T_END || c->at == NULL) return parse_fail(p, "\\begin without \\end") != NULL;
        if (k == T_NEWROW || k == T_ENDENV) {
            if (in_row > 0) {
                if (c->columns != 0 && in_row != c->columns)
                    return parse_fail(p, "rows of different lengths") != NULL;
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
        bool trailing;
        const struct expr *e = parser_list(p, &trailing);
        if (e == NULL) return false;
        c->at[c->n++] = e;
        in_row++;
    }
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
    bool ok = read_cells(p, &c);
    operand_leave(p, was);
    if (!ok) return NULL;
    if (c.n == 0) return parse_fail(p, "an empty matrix");
    if (!matrix && c.n == 1) return c.at[0];
    if (matrix && c.n == 1 && span_is(kind, "array")) return c.at[0];
    struct expr *e = expr_new(p->arena, matrix ? E_MATRIX : E_LIST, 0, c.n);
    if (e == NULL) return operand_node(p, NULL);
    memcpy(e->arg, c.at, c.n * sizeof(*e->arg));
    e->num.exp10 = c.columns;
    e->pos = pos;
    return span_is(kind, "vmatrix") ? operand_function_of(p, F_DET, e) : e;
}
