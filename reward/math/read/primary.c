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
    struct expr *copy = expr_copy(p->arena, e);
    if (copy == NULL) return operand_node(p, NULL);
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
    parser_seek(p, t + (braces ? 3 : 2));
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
    parser_seek(p, t + 1);
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

static bool starts_differential(const struct parser *p)
{
    return p->integrals > 0 && p->t[0].kind == T_NAME && span_is(p->t[0].text, "d") &&
           p->t[1].kind == T_NAME;
}

/* ||x||y||: right after a | that closed, a | before an operand opens again if enough are left to
 * close everything. |x|y|z| has no such place and is |x| y |z|. */
static bool opens_inside(const struct parser *p)
{
    enum token_kind k = (enum token_kind)p->t[1].kind;
    if (!p->after_bar || (k != T_NAME && k != T_NUM && k != T_CONST && k != T_FUNC)) return false;
    int left = 0;
    for (const struct token *t = p->t + 1; t->kind != T_END; t++) {
        left += t->kind == T_BAR;
    }
    return left >= p->bars + 1;
}

bool parser_closes_outward(const struct parser *p)
{
    if (p->t->kind != T_LB) return false;
    switch ((enum token_kind)p->t[1].kind) {
    case T_END:
    case T_SETOP:
    case T_COMMA:
    case T_SEMI:
    case T_AND:
    case T_OR:
    case T_RBRACE:
    case T_RSET:
    case T_RP:
        return true;
    default:
        return false;
    }
}

/* The signs of \mathbb{R}^+, \mathbb{R}_{>0} and their like: what they leave of the real line.
 * NULL, and nothing taken, when none stands here. */
static const struct expr *half_line(struct parser *p)
{
    const struct token *t = p->t;
    bool brace = t[1].kind == T_LBRACE, power = t->kind == T_POW;
    if (!power && t->kind != T_SUB) return NULL;
    t += brace ? 2 : 1;
    bool plus = power && t->kind == T_PLUS;
    bool above = !power && t->kind == T_REL && (t->op == R_GT || t->op == R_GE) &&
                 t[1].kind == T_NUM && span_is(t[1].text, "0");
    if (!plus && !above) return NULL;
    int op = above && t->op == R_GE ? B_CLOSED_OPEN : B_ROUND;
    t += above ? 2 : 1;
    if (brace && t->kind != T_RBRACE) return NULL;
    parser_seek(p, t + brace);
    return operand_node(p, expr_2(p->arena, E_TUPLE, op, expr_int(p->arena, 0),
                                  expr_new(p->arena, E_CONST, C_INF, 0)));
}

static const struct expr *constant_or_name(struct parser *p)
{
    int op = p->t++->op;
    if (op == C_REALS) {
        const struct expr *half = half_line(p);
        if (half != NULL) return half;
    }
    if (op <= C_I && parser_take(p, T_SUB)) {
        return operand_subscripted(p, span_str(op == C_E ? "e" : op == C_I ? "i" : "pi"));
    }
    return constant(p, op);
}

static const struct expr *braced(struct parser *p)
{
    const struct token *t = p->t;
    bool script = t[1].kind == T_RBRACE && (t[2].kind == T_SUB || t[2].kind == T_POW);
    return script ? operand_prescript(p) : operand_tex_group(p);
}

static const struct expr *rounded_down(struct parser *p)
{
    return operand_between(p, T_RFLOOR, F_FLOOR);
}

static const struct expr *rounded_up(struct parser *p)
{
    return operand_between(p, T_RCEIL, F_CEIL);
}

static const struct expr *dots(struct parser *p)
{
    p->t++;
    return operand_node(p, expr_new(p->arena, E_DOTS, 0, 0));
}

static const struct expr *empty_set(struct parser *p)
{
    p->t++;
    return operand_node(p, expr_new(p->arena, E_SET, 0, 0));
}

/* What an operand that begins with a token may be besides the first of a term. */
enum {
    FACTOR = 1,   /* one more factor: 2 x */
    ARGUMENT = 2, /* one more factor of an argument without parentheses: \sin 2 x */
    OPENING = 4,  /* the first of such an argument: \sin |x| */
};

/* By the first token of an operand: who reads it, and where it may stand. */
static const struct {
    const struct expr *(*read)(struct parser *);
    unsigned may;
} operands[T_KINDS] = {
    [T_NUM] = {operand_number, FACTOR | ARGUMENT | OPENING},
    [T_NAME] = {operand_name, FACTOR | ARGUMENT | OPENING},
    [T_DELTA] = {operand_name, FACTOR},
    [T_CONST] = {constant_or_name, FACTOR | ARGUMENT | OPENING},
    [T_FUNC] = {operand_function, FACTOR | OPENING},
    [T_LG] = {operand_function, FACTOR | OPENING},
    [T_FRAC] = {operand_fraction, FACTOR | ARGUMENT | OPENING},
    [T_SQRT] = {operand_root, FACTOR | ARGUMENT | OPENING},
    [T_BINOM] = {operand_binomial, FACTOR | ARGUMENT | OPENING},
    [T_LP] = {operand_round_or_square, FACTOR | OPENING},
    [T_LB] = {operand_round_or_square, FACTOR | OPENING},
    [T_RB] = {operand_outward, 0},
    [T_POW] = {operand_prescript, 0},
    [T_SUB] = {operand_prescript, 0},
    [T_LBRACE] = {braced, FACTOR | ARGUMENT | OPENING},
    [T_LSET] = {operand_set, FACTOR},
    [T_BAR] = {operand_absolute, FACTOR | OPENING},
    [T_DBAR] = {operand_absolute, 0},
    [T_LFLOOR] = {rounded_down, FACTOR | OPENING},
    [T_LCEIL] = {rounded_up, FACTOR | OPENING},
    [T_LANGLE] = {operand_angle, FACTOR},
    [T_BEGIN] = {operand_environment, FACTOR | OPENING},
    [T_SUM] = {operand_big_sum, FACTOR | OPENING},
    [T_INT] = {operand_integral, FACTOR},
    [T_LIM] = {operand_limit, FACTOR},
    [T_TEXT] = {words, 0},
    [T_DOTS] = {dots, 0},
    [T_EMPTY] = {empty_set, FACTOR},
    [T_ACCENT] = {accented, FACTOR | ARGUMENT | OPENING},
    [T_OVERLINE] = {overlined, FACTOR},
    [T_CURRENCY] = {money, FACTOR},
    [T_BOXED] = {after_sign, FACTOR | OPENING},
};

bool parser_starts_operand(const struct parser *p)
{
    enum token_kind k = (enum token_kind)p->t->kind;
    if ((operands[k].may & FACTOR) == 0 || starts_differential(p)) return false;
    if (k == T_LB) return !parser_closes_outward(p); /* [2, 4[: one that cannot open closes */
    if (k != T_BAR) return true;
    return p->bars > 0 ? opens_inside(p) : !p->in_set && p->t->op != 2;
}

bool parser_starts_argument(const struct parser *p, bool first)
{
    bool exponential = p->t->kind == T_CONST && p->t->op == C_E && p->t[1].kind == T_POW;
    unsigned may = operands[p->t->kind].may;
    if (!first && exponential) return false; /* \sin x e^{-t} */
    if ((may & ARGUMENT) != 0) return parser_starts_operand(p);
    return first && (may & OPENING) != 0;
}

const struct expr *parser_primary(struct parser *p)
{
    if (operand_too_deep(p)) return NULL;
    p->after_bar = false;
    enum token_kind k = parser_next(p);
    return operands[k].read == NULL ? parse_fail(p, "an operand is missing") : operands[k].read(p);
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
    const struct expr *name = operand_subscripted(p, base->text);
    struct expr *named = name == NULL ? NULL : expr_copy(p->arena, base);
    if (named == NULL) return operand_node(p, NULL);
    named->text = name->text;
    return e == base ? named : operand_node(p, expr_2(p->arena, E_POW, 0, named, e->arg[1]));
}

/* 45^\circ 30' is 45.5 degrees, 45^\circ 30' 36'' 45.51. */
static const struct expr *with_minutes(struct parser *p, const struct expr *degrees)
{
    const struct token *t = p->t;
    if (degrees == NULL || t->kind != T_NUM || t[1].kind != T_PRIME || t[2].kind == T_PRIME) {
        return degrees;
    }
    const struct expr *minutes = operand_number(p);
    p->t++;
    const struct expr *part = expr_2(p->arena, E_DIV, 0, minutes, expr_int(p->arena, 60));
    t = p->t;
    if (t->kind == T_NUM && t[1].kind == T_PRIME && t[2].kind == T_PRIME) {
        const struct expr *seconds = operand_number(p);
        p->t += 2;
        seconds = expr_2(p->arena, E_DIV, 0, seconds, expr_int(p->arena, 3600));
        part = expr_2(p->arena, E_ADD, 0, part, seconds);
    }
    return expr_1(p->arena, E_DEGREE, 0, expr_2(p->arena, E_ADD, 0, degrees->arg[0], part));
}

/* The end of the charge of an ion, the {2+} of Fe^{2+} or the - of Cl^-, at t; NULL where none stands. */
static const struct token *charge_end(const struct token *t)
{
    bool brace = t->kind == T_LBRACE;
    t += brace;
    t += brace && t->kind == T_NUM;
    if (t->kind != T_PLUS && t->kind != T_MINUS) return NULL;
    t++;
    if (brace) return t->kind == T_RBRACE ? t + 1 : NULL;
    return t->kind == T_END || t->kind == T_COMMA || t->kind == T_RP || t->kind == T_RBRACE ? t
                                                                                          : NULL;
}

/* e to the power that follows, or the name that e has with a charge: it is no number's. */
static const struct expr *powered(struct parser *p, const struct expr *e)
{
    const struct token *from = p->t, *end = charge_end(from);
    bool name = e->kind == E_SYM || e->kind == E_TEXT || (e->kind == E_CONST && e->op <= C_I);
    if (end == NULL || !name) return expr_2(p->arena, E_POW, 0, e, parser_exponent(p));
    bool brace = from->kind == T_LBRACE;
    struct span charge =
        span_trim(span_slice(p->text, from->pos + brace, brace ? end[-1].pos : end->pos));
    if (e->kind == E_TEXT) e = expr_sym(p->arena, e->text);
    parser_seek(p, end);
    return e == NULL ? NULL : expr_2(p->arena, E_POW, 0, e, expr_sym(p->arena, charge));
}

const struct expr *parser_power(struct parser *p)
{
    const struct expr *e = parser_primary(p);
    while (e != NULL) {
        switch (parser_next(p)) {
        case T_POW:
            p->t++;
            e = powered(p, e);
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
