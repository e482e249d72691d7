/* reward/math/read/primary.c - what stands between operators: the lower half of the parser.
 *
 * One function for each kind of token, chosen in parser_primary(); those of brackets, numbers,
 * functions, sums and matrices are in parse_*.c. Here are words, TeX's arguments and subscripts,
 * and what may follow an operand: powers, factorials, signs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

#include "base/buffer.h"
#include "reward/math/read/units.h"
#include "reward/math/tree/functions.h"

const struct expr *operand_node(struct parser *p, const struct expr *e)
{
    if (e == NULL && p->err->code == ERROR_NONE) {
        error_set(p->err, ERROR_NO_MEMORY, NULL, "no memory for the tree");
    }
    return e;
}

static const struct expr *constant(struct parser *p, int op)
{
    return operand_node(p, expr_new(p->arena, E_CONST, op, 0));
}

/* e, marked as standing in parentheses of its own. */
const struct expr *operand_grouped(struct parser *p, const struct expr *e)
{
    if (e == NULL) return NULL;
    struct expr *copy = arena_alloc(p->arena, 1, sizeof(*copy));
    if (copy == NULL) return operand_node(p, NULL);
    *copy = *e;
    copy->grouped = true;
    return copy;
}

/* ---- words ------------------------------------------------------------------------------------- */

static void word_sep(struct buffer *b)
{
    if (b->n > 0) buffer_add_char(b, ' ');
}

/* The exponent -2 or {-2} of a unit, taken; false when none is next. */
static bool negative_exponent(struct parser *p, struct buffer *b)
{
    const struct token *t = p->t;
    if (t[0].kind != T_POW) return false;
    bool braces = t[1].kind == T_LBRACE;
    t += braces ? 2 : 1;
    if (t[0].kind != T_MINUS || t[1].kind != T_NUM || (braces && t[2].kind != T_RBRACE)) {
        return false;
    }
    buffer_add_char(b, '-');
    buffer_add_span(b, t[1].text);
    p->t = (struct token *)t + (braces ? 3 : 2);
    return true;
}

struct span parser_words(struct parser *p)
{
    struct buffer b;
    buffer_init(&b, 4096);
    for (;;) {
        const struct token *t = p->t;
        if (t->kind == T_TEXT) {
            word_sep(&b);
            buffer_add_span(&b, t->text);
        } else if (b.n > 0 && t->kind == T_POW && t[1].kind == T_NUM) {
            buffer_add_span(&b, (++p->t)->text);
        } else if (b.n > 0 && t->kind == T_POW && t[1].kind == T_LBRACE && t[2].kind == T_NUM &&
                   t[3].kind == T_RBRACE) {
            buffer_add_span(&b, t[2].text);
            p->t += 3;
        } else if (b.n > 0 && negative_exponent(p, &b)) {
            continue;
        } else if (b.n > 0 && (t->kind == T_DIV || t->kind == T_TIMES) &&
                   (t[1].kind == T_TEXT || t[1].kind == T_NAME)) {
            buffer_add_char(&b, t->kind == T_DIV ? '/' : '*');
            buffer_add_span(&b, (++p->t)->text);
        } else if (b.n > 0 && t->kind == T_NAME && t->text.n == 1 &&
                   (!t->space || unit_prefix_power(buffer_span(&b)) > 0)) {
            if (t->space) buffer_add_char(&b, ' '); /* sq m */
            buffer_add_span(&b, t->text);
        } else {
            break;
        }
        p->t++;
    }
    char *copy = b.failed ? NULL : arena_str(p->arena, buffer_span(&b));
    struct span s = span_of(copy, copy == NULL ? 0 : b.n);
    buffer_clear(&b);
    return s;
}

static const struct expr *words(struct parser *p)
{
    struct expr *e = expr_new(p->arena, E_TEXT, 0, 0);
    if (e == NULL) return operand_node(p, NULL);
    e->pos = p->t->pos;
    e->text = parser_words(p);
    return e;
}

const struct expr *operand_tex_argument(struct parser *p)
{
    enum token_kind k = parser_next(p);
    if (k == T_NUM) return operand_first_digit(p);
    if (k == T_LBRACE) return operand_tex_group(p);
    if (k == T_END || k == T_RBRACE || k == T_COMMA) return parse_fail(p, "an argument is missing");
    return parser_primary(p);
}

const struct expr *parser_exponent(struct parser *p)
{
    enum token_kind k = parser_next(p);
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    const struct expr *e;
    if (k == T_MINUS) {
        p->t++;
        e = expr_1(p->arena, E_NEG, 0, parser_exponent(p));
    } else if (k == T_PLUS) {
        p->t++;
        e = parser_exponent(p);
    } else {
        e = k == T_LBRACE                         ? operand_tex_group(p)
            : k == T_NUM && p->t[1].kind == T_SUB ? operand_plain_number(p) /* x^2_1 */
                                                  : parser_primary(p);
        if (e != NULL && parser_take(p, T_POW)) {
            e = expr_2(p->arena, E_POW, 0, e, parser_exponent(p));
        }
    }
    p->depth--;
    return e;
}

/* What token t was written as. */
static struct span written(const struct parser *p, const struct token *t)
{
    return span_trim(span_slice(p->text, t->pos, t[1].pos));
}

/* The text of a subscript without braces, spaces and commands' backslashes. */
static bool subscript(struct parser *p, struct buffer *name)
{
    const struct token *t = p->t;
    if (t->kind != T_LBRACE) {
        if (t->kind != T_NUM && t->kind != T_NAME && t->kind != T_CONST && t->kind != T_TEXT &&
            t->kind != T_EMPTY) {
            return parse_fail(p, "a subscript is missing") != NULL;
        }
        struct span text = t->kind == T_CONST ? written(p, t) : t->text;
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] != '\\') buffer_add_char(name, text.p[i]);
        }
        p->t++;
        return true;
    }
    size_t from = t->pos, to;
    for (int depth = 0; t->kind != T_END; t++) {
        depth += t->kind == T_LBRACE ? 1 : t->kind == T_RBRACE ? -1 : 0;
        if (depth == 0) break;
    }
    if (t->kind == T_END) return parse_fail(p, "{ is not closed") != NULL;
    to = t->pos;
    p->t = (struct token *)t + 1;
    for (size_t i = from + 1; i < to && i < p->text.n; i++) {
        if (strchr(" {}\\$", p->text.p[i]) == NULL) buffer_add_char(name, p->text.p[i]);
    }
    return true;
}

/* base_sub as one name. */
const struct expr *operand_subscripted(struct parser *p, struct span base)
{
    struct buffer name;
    buffer_init(&name, 1024);
    buffer_add_span(&name, base);
    buffer_add_char(&name, '_');
    const struct expr *e = NULL;
    if (subscript(p, &name)) {
        char *copy = name.failed ? NULL : arena_str(p->arena, buffer_span(&name));
        e = copy == NULL ? parse_fail(p, "a long subscript")
                         : operand_node(p, expr_sym(p->arena, span_of(copy, name.n)));
    }
    buffer_clear(&name);
    return e;
}

/* ---- the choice -------------------------------------------------------------------------------- */

static const struct expr *accented(struct parser *p)
{
    p->t++;
    return operand_tex_argument(p);
}

static const struct expr *overlined(struct parser *p)
{
    p->t++;
    const struct expr *x = operand_tex_argument(p);
    if (x != NULL && expr_is_constant(x) && expr_has(x, E_CONST, C_I)) { /* conjugate */
        struct span name = span_str("conjugated");
        const struct expr *i = expr_new(p->arena, E_CONST, C_I, 0);
        return operand_node(p, expr_substitute(p->arena, expr_name_constant(p->arena, x, C_I, name),
                                               name, expr_1(p->arena, E_NEG, 0, i)));
    }
    struct expr *e = x == NULL ? NULL : expr_new(p->arena, E_APPLY, 0, 1);
    if (e == NULL) return operand_node(p, NULL);
    e->text = span_str("overline");
    e->arg[0] = x;
    return e;
}

/* e in the currency whose sign is the next token. */
static const struct expr *in_currency(struct parser *p, const struct expr *e, struct span sign)
{
    struct expr *u = e == NULL ? NULL : expr_new(p->arena, E_UNIT, 0, 1);
    if (u == NULL) return operand_node(p, NULL);
    u->arg[0] = e;
    u->text = sign;
    u->pos = e->pos;
    return u;
}

static const struct expr *money(struct parser *p)
{
    struct span sign = p->t++->text;
    if (p->t->kind != T_NUM) return parser_primary(p);
    return in_currency(p, operand_number(p), sign);
}

static const struct expr *after_sign(struct parser *p)
{
    p->t++;
    return parser_primary(p);
}

const struct expr *parser_primary(struct parser *p)
{
    if (operand_too_deep(p)) return NULL;
    p->after_bar = false;
    switch (parser_next(p)) {
    case T_NUM:
        return operand_number(p);
    case T_NAME:
    case T_DELTA:
        return operand_name(p);
    case T_CONST: {
        int op = p->t++->op;
        if (op <= C_I && parser_take(p, T_SUB)) {
            return operand_subscripted(p, span_str(op == C_E ? "e" : op == C_I ? "i" : "pi"));
        }
        return constant(p, op);
    }
    case T_FUNC:
    case T_LG:
        return operand_function(p);
    case T_FRAC:
        return operand_fraction(p);
    case T_SQRT:
        return operand_root(p);
    case T_BINOM:
        return operand_binomial(p);
    case T_LP:
    case T_LB:
        return operand_round_or_square(p);
    case T_RB:
        return operand_outward(p);
    case T_POW:
    case T_SUB:
        return operand_prescript(p);
    case T_LBRACE:
        if (p->t[1].kind == T_RBRACE && (p->t[2].kind == T_SUB || p->t[2].kind == T_POW)) {
            return operand_prescript(p);
        }
        return operand_tex_group(p);
    case T_LSET:
        return operand_set(p);
    case T_BAR:
    case T_DBAR:
        return operand_absolute(p);
    case T_LFLOOR:
        return operand_between(p, T_RFLOOR, F_FLOOR);
    case T_LCEIL:
        return operand_between(p, T_RCEIL, F_CEIL);
    case T_LANGLE:
        return operand_angle(p);
    case T_BEGIN:
        return operand_environment(p);
    case T_SUM:
        return operand_big_sum(p);
    case T_INT:
        return operand_integral(p);
    case T_LIM:
        return operand_limit(p);
    case T_TEXT:
        return words(p);
    case T_DOTS:
        p->t++;
        return operand_node(p, expr_new(p->arena, E_DOTS, 0, 0));
    case T_EMPTY:
        p->t++;
        return operand_node(p, expr_new(p->arena, E_SET, 0, 0));
    case T_ACCENT:
        return accented(p);
    case T_OVERLINE:
        return overlined(p);
    case T_CURRENCY:
        return money(p);
    case T_BOXED:
        return after_sign(p);
    default:
        return parse_fail(p, "an operand is missing");
    }
}

static const struct expr *factorial(struct parser *p, const struct expr *e)
{
    int n = 0;
    while (p->t->kind == T_BANG) {
        p->t++;
        n++;
    }
    if (n == 2) return operand_function_of(p, F_FACT2, e);
    for (; n > 0 && e != NULL; n--) {
        e = operand_function_of(p, F_FACT, e);
    }
    return e;
}

/* x^2_1 is (x_1)^2, and a name under a line may have a subscript: after a power or an accent. */
static const struct expr *late_subscript(struct parser *p, const struct expr *e)
{
    const struct expr *base = e->kind == E_POW ? e->arg[0] : e;
    p->t++;
    if (base->kind == E_NUM && base->grouped && e == base) return operand_in_base(p, base);
    if (base->kind != E_SYM && base->kind != E_APPLY) {
        return parse_fail(p, "a subscript of no name");
    }
    struct expr *named = (struct expr *)operand_subscripted(p, base->text);
    if (named == NULL) return NULL;
    named->kind = base->kind;
    named->n = base->n;
    named->arg = base->arg;
    return e == base ? named : operand_node(p, expr_2(p->arena, E_POW, 0, named, e->arg[1]));
}

/* 45^\circ 30' is 45.5 degrees. */
static const struct expr *with_minutes(struct parser *p, const struct expr *degrees)
{
    const struct token *t = p->t;
    if (degrees == NULL || t->kind != T_NUM || t[1].kind != T_PRIME || t[2].kind == T_PRIME) {
        return degrees;
    }
    const struct expr *minutes = operand_number(p);
    p->t++;
    const struct expr *part = expr_2(p->arena, E_DIV, 0, minutes, expr_int(p->arena, 60));
    return expr_1(p->arena, E_DEGREE, 0, expr_2(p->arena, E_ADD, 0, degrees->arg[0], part));
}

const struct expr *parser_power(struct parser *p)
{
    const struct expr *e = parser_primary(p);
    while (e != NULL) {
        switch (parser_next(p)) {
        case T_POW:
            p->t++;
            e = expr_2(p->arena, E_POW, 0, e, parser_exponent(p));
            break;
        case T_SUB:
            if ((e = late_subscript(p, e)) == NULL) return NULL;
            break;
        case T_BANG:
            e = factorial(p, e);
            break;
        case T_PERCENT:
            p->t++;
            e = expr_1(p->arena, E_PERCENT, 0, e);
            break;
        case T_DEGREE:
            p->t++;
            e = with_minutes(p, expr_1(p->arena, E_DEGREE, 0, e));
            break;
        case T_CURRENCY:
            if (e->kind == E_NUM) {
                e = in_currency(p, e, p->t++->text);
                break;
            }
            p->t++;
            break;
        case T_PRIME:
            p->t++;
            break;
        default:
            return e;
        }
    }
    return NULL;
}
