/* reward/math/parse_big.c - operators with limits: sums, products, integrals, limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/parser.h"

/* _{...} and ^{...} in either order; NULL where absent. False on failure. */
static bool limits(struct parser *p, const struct expr **below, const struct expr **above)
{
    *below = *above = NULL;
    for (;;) {
        if (*below == NULL && parser_take(p, T_SUB)) {
            *below = p->t->kind == T_NUM      ? operand_first_digit(p)
                     : p->t->kind == T_LBRACE ? operand_tex_group(p)
                                              : parser_primary(p);
            if (*below == NULL) return false;
        } else if (*above == NULL && parser_take(p, T_POW)) {
            *above = p->t->kind == T_NUM ? operand_first_digit(p) : parser_exponent(p);
            if (*above == NULL) return false;
        } else {
            return true;
        }
    }
}

const struct expr *operand_big_sum(struct parser *p)
{
    int op = p->t++->op;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    const struct expr *index =
        below != NULL && below->kind == E_REL && below->n == 2 ? below->arg[0] : NULL;
    if (index == NULL || above == NULL || below->text.p[0] != R_EQ ||
        (index->kind != E_SYM && !(index->kind == E_CONST && index->op == C_I)))
        return parse_fail(p, "a sum without plain limits");
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_SUM, op, 3);
    if (e == NULL) return operand_node(p, NULL);
    e->text = index->kind == E_SYM ? index->text : span_str("i");
    if (index->kind == E_CONST)
        body = operand_node(p, expr_name_constant(p->arena, body, C_I, e->text));
    if (body == NULL) return NULL;
    e->arg[0] = below->arg[1];
    e->arg[1] = above;
    e->arg[2] = body;
    return e;
}

const struct expr *operand_integral(struct parser *p)
{
    p->t++;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    p->integrals++;
    bool bare = operand_is_letter_d(p->t) && p->t[1].kind == T_NAME;
    const struct expr *body = bare ? expr_int(p->arena, 1) : parser_sum(p);
    p->integrals--;
    p->depth--;
    if (body == NULL) return NULL;
    if (!operand_is_letter_d(p->t) || p->t[1].kind != T_NAME)
        return parse_fail(p, "an integral without its d");
    struct expr *e = expr_new(p->arena, E_INTEGRAL, 0, below == NULL || above == NULL ? 1 : 3);
    if (e == NULL) return operand_node(p, NULL);
    e->text = p->t[1].text;
    p->t += 2;
    e->arg[0] = body;
    if (e->n == 3) {
        e->arg[1] = below;
        e->arg[2] = above;
    }
    return e;
}

const struct expr *operand_limit(struct parser *p)
{
    p->t++;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    if (below == NULL || below->kind != E_REL || below->n != 2 || below->arg[0]->kind != E_SYM)
        return parse_fail(p, "a limit without its variable");
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_LIMIT, 0, 2);
    if (e == NULL) return operand_node(p, NULL);
    e->text = below->arg[0]->text;
    e->arg[0] = below->arg[1];
    e->arg[1] = body;
    return e;
}
