/* reward/math/compare/pieces.c - functions defined in pieces.
 *
 * A piece's condition is put into both functions: where x >= c, x is c + u^2, which is every such x
 * and no other. What is left are two functions of u without a condition, and a value at c itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/pieces.h"

#include <assert.h>

#include "reward/math/compare/scalar.h"

/* Where a piece holds: x above or below at, at itself included or not. */
struct side {
    struct span name;
    const struct expr *at;
    bool above, included;
};

bool pieces_are(const struct expr *e)
{
    if (e->kind != E_LIST || e->n < 2) return false;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct expr *piece = e->arg[i];
        if (piece->kind != E_TUPLE || piece->n != 2 || !expr_is_scalar(piece->arg[0]) ||
            piece->arg[1]->kind != E_REL) {
            return false;
        }
    }
    return true;
}

static bool side_of(const struct expr *condition, struct side *s)
{
    assert(condition->kind == E_REL); /* pieces_are() */
    if (condition->n != 2) return false;
    const struct expr *x = condition->arg[0], *c = condition->arg[1];
    int op = condition->text.p[0];
    bool order = op == R_LT || op == R_LE || op == R_GT || op == R_GE;
    bool turned = x->kind != E_SYM; /* 0 <= x */
    *s = (struct side){turned ? c->text : x->text, turned ? x : c,
                       (op == R_GT || op == R_GE) != turned, op == R_LE || op == R_GE};
    return order && (turned ? c : x)->kind == E_SYM && expr_is_constant(s->at) &&
           expr_is_scalar(s->at);
}

/* The piece and the whole are equal where the piece holds. */
static enum equality on_side(struct math_work *w, const struct side *s, const struct expr *piece,
                             const struct expr *whole, bool piece_is_gold)
{
    struct arena *a = w->arena;
    const struct expr *u = expr_sym(a, span_str("u")), *square = expr_2(a, E_MUL, 0, u, u);
    if (!s->above) square = expr_1(a, E_NEG, 0, square);
    const struct expr *x = expr_2(a, E_ADD, 0, s->at, square);
    const struct expr *places[] = {x, s->included ? s->at : NULL};
    enum equality all = EQ_YES;
    for (int i = 0; i < 2; i++) {
        if (i == 1 && places[i] == NULL) continue;
        if (places[i] == NULL) return EQ_UNKNOWN;
        const struct expr *y = expr_substitute(a, piece, s->name, places[i]);
        const struct expr *z = expr_substitute(a, whole, s->name, places[i]);
        enum equality e = piece_is_gold ? scalar_equal(w, y, z) : scalar_equal(w, z, y);
        if (e == EQ_NO) return EQ_NO;
        if (e == EQ_UNKNOWN) all = EQ_UNKNOWN;
    }
    return all;
}

enum equality pieces_equal(struct math_work *w, const struct expr *pieces, const struct expr *whole,
                           bool pieces_are_gold)
{
    struct side side[2];
    if (expr_is_constant(whole)) return work_no(w, MATH_NOT_EQUAL_KIND);
    if (pieces->n != 2) return EQ_UNKNOWN;
    for (int i = 0; i < 2; i++) {
        if (!side_of(pieces->arg[i]->arg[1], &side[i])) return EQ_UNKNOWN;
    }
    bool meet = span_eq(side[0].name, side[1].name) && side[0].above != side[1].above &&
                expr_same(side[0].at, side[1].at) && (side[0].included || side[1].included);
    if (!meet) return EQ_UNKNOWN;
    enum equality all = EQ_YES;
    for (int i = 0; i < 2; i++) {
        enum equality e = on_side(w, &side[i], pieces->arg[i]->arg[0], whole, pieces_are_gold);
        if (e == EQ_NO) return EQ_NO;
        if (e == EQ_UNKNOWN) all = EQ_UNKNOWN;
    }
    return all == EQ_YES ? work_yes(w, MATH_EQUAL_VALUE) : EQ_UNKNOWN;
}
