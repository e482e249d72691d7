/* reward/math/read/parse_big.c - operators with limits: sums, products, integrals, limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

/* _{...} and ^{...} in either order; NULL where absent. False on failure. */
static bool limits(struct parser *p, const struct expr **below, const struct expr **above)
{
    *below = *above = NULL;
    for (;;) {
        enum token_kind k = parser_next(p);
        bool script = k == T_SUB || k == T_POW;
        if (script && p->t[1].kind == T_LBRACE && p->t[2].kind == T_RBRACE) {
            p->t += 3;
        } else if (*below == NULL && parser_take(p, T_SUB)) {
            *below = p->t->kind == T_NUM      ? operand_first_digit(p)
                     : p->t->kind == T_LBRACE ? operand_tex_group(p)
                                              : parser_primary(p);
            if (*below == NULL) return false;
        } else if (*above == NULL && parser_take(p, T_POW)) {
            *above = p->t->kind == T_NUM    ? operand_first_digit(p)
                     : p->t->kind == T_NAME ? operand_node(p, expr_sym(p->arena, p->t++->text))
                                            : parser_exponent(p);
            if (*above == NULL) return false;
        } else {
            return true;
        }
    }
}

/* \sum a_i without limits: an operator of what follows, whose value is not known. */
static const struct expr *over_all(struct parser *p, int op)
{
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_APPLY, NAME_OPERATOR, 1);
    if (e == NULL) return body == NULL ? NULL : operand_node(p, NULL);
    e->text = span_str(op == 0 ? "sum" : "prod");
    e->arg[0] = body;
    return e;
}

const struct expr *operand_big_sum(struct parser *p)
{
    int op = p->t++->op;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    if (below == NULL && above == NULL) return over_all(p, op);
    const struct expr *index =
        below != NULL && below->kind == E_REL && below->n == 2 ? below->arg[0] : NULL;
    if (index == NULL || above == NULL || below->text.p[0] != R_EQ ||
        (index->kind != E_SYM && !(index->kind == E_CONST && index->op == C_I))) {
        return parse_fail(p, "a sum without plain limits");
    }
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_SUM, op, 3);
    if (e == NULL) return operand_node(p, NULL);
    e->text = index->kind == E_SYM ? index->text : span_str("i");
    if (index->kind == E_CONST) {
        body = operand_node(p, expr_name_constant(p->arena, body, C_I, e->text));
    }
    if (body == NULL) return NULL;
    e->arg[0] = below->arg[1];
    e->arg[1] = above;
    e->arg[2] = body;
    return e;
}

/* The differential of \int \frac{dz}{z} and \int (x dx) stands inside a group: the d there, NULL
 * when it is outside, where it ends the integrand. */
static struct token *inner_differential(struct parser *p)
{
    int depth = 0;
    for (struct token *t = p->t; t->kind != T_END; t++) {
        enum token_kind k = (enum token_kind)t->kind;
        depth += k == T_LBRACE || k == T_LP || k == T_LB || k == T_LSET;
        depth -= k == T_RBRACE || k == T_RP || k == T_RB || k == T_RSET;
        if (depth < 0 || k == T_INT) return NULL;
        if (operand_is_letter_d(t) && t[1].kind == T_NAME) return depth > 0 ? t : NULL;
    }
    return NULL;
}

/* An integral whose differential d is a factor of the integrand: read as the name DIFFERENTIAL,
 * which then is put to one. */
static const struct expr *integral_of_product(struct parser *p, struct token *d)
{
    struct span name = span_str("differential"), variable = d[1].text;
    d->text = name;
    for (struct token *t = d + 1; t->kind != T_END; t++) {
        t[0] = t[1];
    }
    const struct expr *body = parser_sum(p);
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_INTEGRAL, 0, 1);
    if (e == NULL) return operand_node(p, NULL);
    e->arg[0] = expr_substitute(p->arena, body, name, expr_int(p->arena, 1));
    e->text = variable;
    return operand_node(p, e->arg[0] == NULL ? NULL : e);
}

/* How many integrals e holds, one inside the other. */
static int integral_depth(const struct expr *e)
{
    int most = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        int d = integral_depth(e->arg[i]);
        if (d > most) most = d;
    }
    return most + (e->kind == E_INTEGRAL);
}

static const struct expr *between_limits(struct parser *p, const struct expr *integral,
                                         const struct expr *below, const struct expr *above)
{
    if (integral == NULL || below == NULL || above == NULL) return integral;
    struct expr *e = expr_new(p->arena, E_INTEGRAL, 0, 3);
    if (e == NULL) return operand_node(p, NULL);
    /* The variable is bound: it gets a name by depth, so that f(x) dx and f(t) dt are one integral. */
    static const char *const names[] = {"int0", "int1", "int2", "int3"};
    int depth = integral_depth(integral->arg[0]);
    bool rename = depth < (int)(sizeof(names) / sizeof(names[0]));
    e->text = rename ? span_str(names[depth]) : integral->text;
    e->arg[0] = rename ? expr_substitute(p->arena, integral->arg[0], integral->text,
                                         expr_sym(p->arena, e->text))
                       : integral->arg[0];
    if (e->arg[0] == NULL) return operand_node(p, NULL);
    e->arg[1] = below;
    e->arg[2] = above;
    return e;
}

const struct expr *operand_integral(struct parser *p)
{
    p->t++;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    if (operand_too_deep(p)) return NULL;
    struct token *inner = inner_differential(p);
    if (inner != NULL) return between_limits(p, integral_of_product(p, inner), below, above);
    p->depth++;
    p->integrals++;
    bool bare = operand_is_letter_d(p->t) && p->t[1].kind == T_NAME;
    const struct expr *body = bare ? expr_int(p->arena, 1) : parser_sum(p);
    p->integrals--;
    p->depth--;
    if (body == NULL) return NULL;
    if (!operand_is_letter_d(p->t) || p->t[1].kind != T_NAME) {
        return parse_fail(p, "an integral without its d");
    }
    struct expr *e = expr_new(p->arena, E_INTEGRAL, 0, 1);
    if (e == NULL) return operand_node(p, NULL);
    e->text = p->t[1].text;
    p->t += 2;
    e->arg[0] = body;
    return between_limits(p, e, below, above);
}

/* \lim_{x \to 0^+}: the sign that tells the side is taken out of the tokens; its op of E_LIMIT. */
static int one_side(struct parser *p)
{
    if (p->t->kind != T_SUB || p->t[1].kind != T_LBRACE) return 0;
    for (struct token *t = p->t + 2; t->kind != T_END && t->kind != T_SUM; t++) {
        if (t->kind != T_POW) continue;
        int brace = t[1].kind == T_LBRACE;
        struct token *sign = t + 1 + brace, *end = sign + 1;
        if ((sign->kind != T_PLUS && sign->kind != T_MINUS) || end->kind != T_RBRACE) continue;
        if (brace && end[1].kind != T_RBRACE) continue;
        int side = sign->kind == T_PLUS ? 1 : 2;
        for (end += brace; end[-1].kind != T_END; end++) {
            *t++ = *end;
        }
        return side;
    }
    return 0;
}

const struct expr *operand_limit(struct parser *p)
{
    p->t++;
    const struct expr *below, *above;
    if (p->t->kind == T_REL) return operand_node(p, expr_sym(p->arena, span_str("lim")));
    int side = one_side(p);
    if (!limits(p, &below, &above)) return NULL;
    if (below == NULL || below->kind != E_REL || below->n != 2 || below->arg[0]->kind != E_SYM) {
        return parse_fail(p, "a limit without its variable");
    }
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_LIMIT, side, 2);
    if (e == NULL) return operand_node(p, NULL);
    e->text = below->arg[0]->text;
    e->arg[0] = below->arg[1];
    e->arg[1] = body;
    return e;
}
