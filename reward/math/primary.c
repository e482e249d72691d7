/* reward/math/primary.c - what stands between operators: the lower half of the parser.
 *
 * Numbers in all notations, names, functions and their arguments, fractions and roots, brackets of
 * every kind (and what they mean: group, tuple, interval, set), matrices, sums, integrals, limits.
 * One function for each kind of token, chosen in parser_primary().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/parser.h"

#include "base/buffer.h"
#include "reward/math/units.h"

static const struct expr *node(struct parser *p, const struct expr *e)
{
    if (e == NULL && p->err->code == ERROR_NONE)
        error_set(p->err, ERROR_NO_MEMORY, NULL, "no memory for the tree");
    return e;
}

static const struct expr *constant(struct parser *p, int op)
{
    return node(p, expr_new(p->arena, E_CONST, op, 0));
}

/* e, marked as standing in parentheses of its own. */
static const struct expr *grouped(struct parser *p, const struct expr *e)
{
    if (e == NULL) return NULL;
    struct expr *copy = arena_alloc(p->arena, 1, sizeof(*copy));
    if (copy == NULL) return node(p, NULL);
    *copy = *e;
    copy->grouped = true;
    return copy;
}

/* ---- words ------------------------------------------------------------------------------------- */

static void word_sep(struct buffer *b)
{
    if (b->n > 0) buffer_add_char(b, ' ');
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
        } else if (b.n > 0 && (t->kind == T_DIV || t->kind == T_TIMES) &&
                   (t[1].kind == T_TEXT || t[1].kind == T_NAME)) {
            buffer_add_char(&b, '/');
            buffer_add_span(&b, (++p->t)->text);
        } else if (b.n > 0 && t->kind == T_NAME && t->text.n == 1 && !t->space) {
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
    if (e == NULL) return node(p, NULL);
    e->pos = p->t->pos;
    e->text = parser_words(p);
    return e;
}

/* ---- brackets ---------------------------------------------------------------------------------- */

struct inside {
    int bars, integrals;
    bool in_set, skip_amp;
};

/* Brackets start afresh: what is open outside does not close inside. */
static struct inside enter(struct parser *p, bool in_set)
{
    struct inside was = {p->bars, p->integrals, p->in_set, p->skip_amp};
    p->bars = p->integrals = 0;
    p->in_set = in_set;
    p->depth++;
    return was;
}

static void leave(struct parser *p, struct inside was)
{
    p->bars = was.bars;
    p->integrals = was.integrals;
    p->in_set = was.in_set;
    p->skip_amp = was.skip_amp;
    p->depth--;
}

static bool too_deep(struct parser *p)
{
    if (p->depth <= PARSE_MAX_DEPTH) return false;
    if (p->err->code == ERROR_NONE)
        error_set(p->err, ERROR_TOO_LARGE, NULL, "nested deeper than %d", PARSE_MAX_DEPTH);
    return true;
}

/* A list up to one of two closing tokens; *close says which. An empty one is an empty tuple. */
static const struct expr *bracketed(struct parser *p, enum token_kind k1, enum token_kind k2,
                                    int *close, bool *trailing)
{
    struct inside was = enter(p, false);
    const struct expr *e = NULL;
    *trailing = false;
    if (too_deep(p)) return NULL;
    if (parser_next(p) == k1 || parser_next(p) == k2) {
        e = node(p, expr_new(p->arena, E_TUPLE, B_ROUND, 0));
    } else {
        e = parser_list(p, trailing);
    }
    leave(p, was);
    if (e == NULL) return NULL;
    *close = parser_next(p);
    if (*close != (int)k1 && *close != (int)k2) return parse_fail(p, "a bracket is not closed");
    p->t++;
    return e;
}

/* The elements of a bracket's list, as a node of another kind. */
static const struct expr *regroup(struct parser *p, const struct expr *e, enum expr_kind kind,
                                  int op)
{
    uint32_t n = e->kind == E_LIST ? e->n : e->kind == E_TUPLE && e->n == 0 ? 0 : 1;
    struct expr *out = expr_new(p->arena, kind, op, n);
    if (out == NULL) return node(p, NULL);
    for (uint32_t i = 0; i < n; i++)
        out->arg[i] = e->kind == E_LIST ? e->arg[i] : e;
    out->pos = e->pos;
    return out;
}

static const struct expr *round_or_square(struct parser *p)
{
    bool square = p->t->kind == T_LB;
    uint32_t pos = p->t->pos;
    p->t++;
    int close;
    bool trailing;
    const struct expr *e = bracketed(p, T_RP, T_RB, &close, &trailing);
    if (e == NULL) return NULL;
    int op = square          ? (close == T_RB ? B_SQUARE : B_CLOSED_OPEN)
             : close == T_RB ? B_OPEN_CLOSED
                             : B_ROUND;
    bool single = e->kind != E_LIST && !(e->kind == E_TUPLE && e->n == 0);
    if (single && !trailing && (op == B_ROUND || op == B_SQUARE)) return grouped(p, e);
    struct expr *t = (struct expr *)regroup(p, e, E_TUPLE, op);
    if (t != NULL) t->pos = pos;
    return t;
}

/* ]a, b[ as French texts write open intervals. */
static const struct expr *outward(struct parser *p)
{
    p->t++;
    int close;
    bool trailing;
    const struct expr *e = bracketed(p, T_LB, T_RB, &close, &trailing);
    if (e == NULL || e->kind != E_LIST || e->n != 2) return parse_fail(p, "] without [");
    return regroup(p, e, E_TUPLE, close == T_LB ? B_ROUND : B_OPEN_CLOSED);
}

static const struct expr *tex_group(struct parser *p)
{
    p->t++;
    int close;
    bool trailing, in_set = p->in_set;
    struct inside was = enter(p, in_set);
    if (too_deep(p)) return NULL;
    const struct expr *e = NULL;
    if (parser_next(p) == T_RBRACE) return parse_fail(p, "an empty group");
    e = parser_list(p, &trailing);
    leave(p, was);
    if (e == NULL) return NULL;
    close = parser_next(p);
    if (close != T_RBRACE) return parse_fail(p, "{ is not closed");
    p->t++;
    return e->kind == E_LIST ? regroup(p, e, E_SET, 0) : e;
}

/* \{ a, b \}, \{ x : x > 0 \}, \{ x \mid x > 0 \} */
static const struct expr *set(struct parser *p)
{
    p->t++;
    struct inside was = enter(p, true);
    if (too_deep(p)) return NULL;
    bool trailing;
    const struct expr *e = parser_next(p) == T_RSET
                               ? node(p, expr_new(p->arena, E_TUPLE, B_ROUND, 0))
                               : parser_list(p, &trailing);
    const struct expr *condition = NULL;
    if (e != NULL && (parser_next(p) == T_COLON || parser_next(p) == T_BAR)) {
        p->t++;
        condition = parser_list(p, &trailing);
        if (condition == NULL) e = NULL;
    }
    leave(p, was);
    if (e == NULL) return NULL;
    if (!parser_take(p, T_RSET) && !parser_take(p, T_RBRACE))
        return parse_fail(p, "\\{ is not closed");
    if (condition != NULL) return node(p, expr_2(p->arena, E_BUILDER, 0, e, condition));
    return regroup(p, e, E_SET, 0);
}

static const struct expr *function_of(struct parser *p, int op, const struct expr *x)
{
    return x == NULL ? NULL : node(p, expr_1(p->arena, E_FUNC, op, x));
}

static const struct expr *absolute(struct parser *p)
{
    enum token_kind k = parser_next(p);
    p->t++;
    struct inside was = enter(p, false);
    if (too_deep(p)) return NULL;
    p->bars = k == T_BAR ? 1 : 0;
    const struct expr *e = parser_sum(p);
    leave(p, was);
    if (e == NULL) return NULL;
    if (!parser_take(p, k)) return parse_fail(p, "| is not closed");
    p->after_bar = true;
    return function_of(p, e->kind == E_MATRIX ? F_DET : F_ABS, e);
}

static const struct expr *between(struct parser *p, enum token_kind close, int op)
{
    p->t++;
    struct inside was = enter(p, false);
    if (too_deep(p)) return NULL;
    const struct expr *e = parser_sum(p);
    leave(p, was);
    if (e == NULL) return NULL;
    if (!parser_take(p, close)) return parse_fail(p, "a bracket is not closed");
    return function_of(p, op, e);
}

static const struct expr *angle(struct parser *p)
{
    p->t++;
    int close;
    bool trailing;
    const struct expr *e = bracketed(p, T_RANGLE, T_RANGLE, &close, &trailing);
    return e == NULL ? NULL : regroup(p, e, E_TUPLE, B_ROUND);
}

/* ---- one argument, as TeX takes it ------------------------------------------------------------- */

/* \frac12: an argument without braces is one digit. Leaves the other digits in the token. */
static const struct expr *first_digit(struct parser *p)
{
    struct token *t = p->t;
    struct expr *e = expr_new(p->arena, E_NUM, 0, 0);
    if (e == NULL) return node(p, NULL);
    e->pos = t->pos;
    e->num = t->num;
    bool plain = t->text.n > 1;
    for (size_t i = 0; i < t->text.n; i++)
        plain &= t->text.p[i] >= '0' && t->text.p[i] <= '9';
    if (!plain) {
        p->t++;
        return e;
    }
    e->num =
        (struct num){.digits = span_slice(t->text, 0, t->text.p[0] == '0' ? 0 : 1), .places = -1};
    t->text = span_slice(t->text, 1, t->text.n);
    struct span rest = t->text;
    while (rest.n > 0 && rest.p[0] == '0')
        rest = span_slice(rest, 1, rest.n);
    t->num = (struct num){.digits = rest, .places = -1};
    while (rest.n > 0 && rest.p[rest.n - 1] == '0') {
        rest.n--;
        t->num.exp10++;
    }
    t->num.digits = rest;
    t->space = false;
    return e;
}

static const struct expr *tex_argument(struct parser *p)
{
    enum token_kind k = parser_next(p);
    if (k == T_NUM) return first_digit(p);
    if (k == T_LBRACE) return tex_group(p);
    if (k == T_END || k == T_RBRACE || k == T_COMMA)
        return parse_fail(p, "an argument is missing");
    return parser_primary(p);
}

const struct expr *parser_exponent(struct parser *p)
{
    enum token_kind k = parser_next(p);
    if (too_deep(p)) return NULL;
    p->depth++;
    const struct expr *e;
    if (k == T_MINUS) {
        p->t++;
        e = expr_1(p->arena, E_NEG, 0, parser_exponent(p));
    } else if (k == T_PLUS) {
        p->t++;
        e = parser_exponent(p);
    } else {
        e = k == T_LBRACE ? tex_group(p) : parser_primary(p);
        if (e != NULL && parser_take(p, T_POW))
            e = expr_2(p->arena, E_POW, 0, e, parser_exponent(p));
    }
    p->depth--;
    return e;
}

/* The text of a subscript without braces, spaces and commands' backslashes. */
static bool subscript(struct parser *p, struct buffer *name)
{
    const struct token *t = p->t;
    if (t->kind != T_LBRACE) {
        if (t->kind != T_NUM && t->kind != T_NAME && t->kind != T_CONST && t->kind != T_TEXT &&
            t->kind != T_EMPTY)
            return parse_fail(p, "a subscript is missing") != NULL;
        if (t->kind == T_CONST) {
            buffer_addf(name, "c%d", t->op);
        } else {
            buffer_add_span(name, t->text);
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
    for (size_t i = from + 1; i < to && i < p->text.n; i++)
        if (strchr(" {}\\$", p->text.p[i]) == NULL) buffer_add_char(name, p->text.p[i]);
    return true;
}

/* base_sub as one name. */
static const struct expr *subscripted(struct parser *p, struct span base)
{
    struct buffer name;
    buffer_init(&name, 1024);
    buffer_add_span(&name, base);
    buffer_add_char(&name, '_');
    const struct expr *e = NULL;
    if (subscript(p, &name)) {
        char *copy = name.failed ? NULL : arena_str(p->arena, buffer_span(&name));
        e = copy == NULL ? parse_fail(p, "a long subscript")
                         : node(p, expr_sym(p->arena, span_of(copy, name.n)));
    }
    buffer_clear(&name);
    return e;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static bool plain_digits(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

/* places decimals, then digits for ever: number + digits / (10^places (10^n - 1)). */
static const struct expr *repeating(struct parser *p, const struct expr *number, struct span digits)
{
    struct expr *nines = expr_new(p->arena, E_NUM, 0, 0), *block = expr_new(p->arena, E_NUM, 0, 0);
    char *text = arena_alloc(p->arena, digits.n + 1, 1);
    if (nines == NULL || block == NULL || text == NULL) return node(p, NULL);
    memset(text, '9', digits.n);
    nines->num =
        (struct num){.digits = span_of(text, digits.n), .exp10 = number->num.places, .places = -1};
    struct span d = digits;
    int64_t zeros = 0;
    while (d.n > 0 && d.p[0] == '0')
        d = span_slice(d, 1, d.n);
    while (d.n > 0 && d.p[d.n - 1] == '0') {
        d.n--;
        zeros++;
    }
    block->num = (struct num){.digits = d, .exp10 = zeros, .places = -1};
    const struct expr *tail = expr_2(p->arena, E_DIV, 0, block, nines);
    return node(p, expr_2(p->arena, E_ADD, 0, number, tail));
}

static const struct expr *with_repetend(struct parser *p, const struct expr *e)
{
    const struct token *t = p->t;
    if (t->kind == T_OVERLINE && t[1].kind == T_LBRACE && t[2].kind == T_NUM &&
        t[3].kind == T_RBRACE && plain_digits(t[2].text)) {
        p->t += 4;
        return repeating(p, e, t[2].text);
    }
    if (t->kind == T_OVERLINE && t[1].kind == T_NUM && plain_digits(t[1].text)) {
        p->t += 2;
        return repeating(p, e, t[1].text);
    }
    if (t->kind == T_LP && !t->space && t[1].kind == T_NUM && !t[1].space && t[2].kind == T_RP &&
        plain_digits(t[1].text)) {
        p->t += 3;
        return repeating(p, e, t[1].text);
    }
    if (t->kind == T_DOTS) p->t++; /* 0.333... */
    return e;
}

static int spelled_base(struct span s)
{
    static const struct {
        const char *name;
        int base;
    } bases[] = {{"two", 2},  {"three", 3},   {"four", 4},    {"five", 5},
                 {"six", 6},  {"seven", 7},   {"eight", 8},   {"nine", 9},
                 {"ten", 10}, {"eleven", 11}, {"twelve", 12}, {"sixteen", 16}};
    s = span_trim(s);
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (span_is(s, bases[i].name)) return bases[i].base;
    return 0;
}

/* 204_5, 1010_{\text{two}} */
static const struct expr *based(struct parser *p, const struct token *digits)
{
    p->t++;
    bool brace = p->t->kind == T_LBRACE;
    const struct token *t = brace ? p->t + 1 : p->t;
    bool paren = brace && t->kind == T_LP;
    if (paren) t++;
    int64_t base = 0;
    if (t->kind == T_TEXT) {
        base = spelled_base(t->text);
    } else if (t->kind == T_NUM && t->text.n <= 2 && plain_digits(t->text)) {
        for (size_t i = 0; i < t->text.n; i++)
            base = base * 10 + (t->text.p[i] - '0');
    }
    if (base < 2 || base > 36 || !plain_digits(digits->text))
        return parse_fail(p, "a base that is none");
    p->t = (struct token *)t + 1;
    if (paren && !parser_take(p, T_RP)) return parse_fail(p, "( is not closed");
    if (brace && !parser_take(p, T_RBRACE)) return parse_fail(p, "{ is not closed");
    struct expr *e = expr_new(p->arena, E_BASE, 0, 0);
    if (e == NULL) return node(p, NULL);
    e->text = digits->text;
    e->num.exp10 = base;
    e->pos = digits->pos;
    return e;
}

static const struct expr *number(struct parser *p)
{
    const struct token *t = p->t++;
    if (p->t->kind == T_SUB) return based(p, t);
    struct expr *e = expr_new(p->arena, E_NUM, 0, 0);
    if (e == NULL) return node(p, NULL);
    e->num = t->num;
    e->text = t->text;
    e->pos = t->pos;
    return e->num.places >= 0 && !e->num.scientific ? with_repetend(p, e) : e;
}

/* ---- names and functions ----------------------------------------------------------------------- */

/* The arguments in parentheses as the arguments of e. */
static const struct expr *arguments(struct parser *p, struct expr *e)
{
    p->t++;
    int close;
    bool trailing;
    const struct expr *list = bracketed(p, T_RP, T_RB, &close, &trailing);
    if (list == NULL) return NULL;
    const struct expr *as = regroup(p, list, E_TUPLE, B_ROUND);
    if (as == NULL) return NULL;
    e->n = as->n;
    e->arg = as->arg;
    return e;
}

static const struct expr *name(struct parser *p)
{
    const struct token *t = p->t++;
    struct span text = t->text;
    while (p->t->kind == T_PRIME) { /* f' is another name */
        p->t++;
        char *copy = arena_alloc(p->arena, text.n + 1, 1);
        if (copy == NULL) return node(p, NULL);
        memcpy(copy, text.p, text.n);
        copy[text.n] = '\'';
        text = span_of(copy, text.n + 1);
    }
    const struct expr *e =
        parser_take(p, T_SUB) ? subscripted(p, text) : node(p, expr_sym(p->arena, text));
    if (e == NULL) return NULL;
    bool callable = t->text.n == 1 && strchr("fgh", t->text.p[0]) != NULL;
    if (!callable || p->t->kind != T_LP) return e;
    struct expr *f = expr_new(p->arena, E_APPLY, 0, 0);
    if (f == NULL) return node(p, NULL);
    f->text = e->text;
    f->pos = t->pos;
    return arguments(p, f);
}

static bool starts_simple(const struct parser *p, bool first)
{
    switch ((enum token_kind)p->t->kind) {
    case T_NUM:
    case T_NAME:
    case T_CONST:
    case T_FRAC:
    case T_SQRT:
    case T_ACCENT:
    case T_BINOM:
    case T_LBRACE:
        return parser_starts_operand(p);
    case T_FUNC:
    case T_LG:
    case T_LP:
    case T_LB:
    case T_BAR:
    case T_LFLOOR:
    case T_LCEIL:
    case T_SUM:
    case T_BEGIN:
    case T_BOXED:
        return first;
    default:
        return false;
    }
}

static bool is_angle(const struct expr *e)
{
    return expr_has(e, E_CONST, C_PI) || expr_has(e, E_DEGREE, -1);
}

/* \sin 2x, \cos \frac{\pi}{3}, \ln \sin x: what a function without parentheses takes. */
static const struct expr *implicit_argument(struct parser *p)
{
    if (too_deep(p)) return NULL;
    p->depth++;
    bool minus = parser_take(p, T_MINUS);
    if (!starts_simple(p, true)) {
        p->depth--;
        return parse_fail(p, "a function without an argument");
    }
    bool nested = p->t->kind == T_FUNC || p->t->kind == T_LG;
    const struct expr *e = parser_power(p);
    while (e != NULL && !nested && starts_simple(p, false))
        e = expr_2(p->arena, E_MUL, 0, e, parser_power(p));
    if (e != NULL && !nested && p->t->kind == T_DIV && p->t[1].kind == T_NUM && is_angle(e)) {
        p->t++;
        e = expr_2(p->arena, E_DIV, 0, e, parser_power(p));
    }
    p->depth--;
    return minus ? expr_1(p->arena, E_NEG, 0, e) : e;
}

static int inverse_of(int op)
{
    static const struct {
        uint8_t op, inverse;
    } pairs[] = {{F_SIN, F_ASIN},   {F_COS, F_ACOS},   {F_TAN, F_ATAN},
                 {F_COT, F_ACOT},   {F_SEC, F_ASEC},   {F_CSC, F_ACSC},
                 {F_SINH, F_ASINH}, {F_COSH, F_ACOSH}, {F_TANH, F_ATANH}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (pairs[i].op == op) return pairs[i].inverse;
    return -1;
}

static bool takes_many(int op)
{
    return op == F_GCD || op == F_LCM || op == F_MIN || op == F_MAX || op == F_LOG || op == F_MOD;
}

/* The arguments of function op, the next tokens. */
static const struct expr *apply(struct parser *p, int op)
{
    enum token_kind k = parser_next(p);
    const struct expr *x = NULL;
    if (k == T_LP || k == T_LB) {
        int close;
        bool trailing;
        p->t++;
        x = bracketed(p, T_RP, T_RB, &close, &trailing);
    } else if (k == T_LBRACE) {
        x = tex_group(p);
    } else {
        x = implicit_argument(p);
    }
    if (x == NULL) return NULL;
    if (x->kind != E_LIST && x->kind != E_SET) return function_of(p, op, x);
    if (!takes_many(op)) return parse_fail(p, "too many arguments");
    struct expr *f = expr_new(p->arena, E_FUNC, op == F_LOG ? F_LOGB : op, x->n);
    if (f == NULL) return node(p, NULL);
    memcpy(f->arg, x->arg, x->n * sizeof(*f->arg));
    return f;
}

static const struct expr *function(struct parser *p)
{
    int op = p->t->kind == T_LG ? F_LOGB : p->t->op;
    const struct expr *base = NULL, *power = NULL;
    if (p->t->kind == T_LG) base = expr_int(p->arena, p->t->op == 0 ? 10 : 2);
    p->t++;
    for (;;) {
        if (op == F_LOG && parser_take(p, T_SUB)) {
            base = p->t->kind == T_NUM ? first_digit(p) : parser_exponent(p);
            /* \log_10 means base ten, whatever TeX would do */
            if (base != NULL && base->kind == E_NUM && p->t->kind == T_NUM && !p->t->space &&
                expr_same(base, expr_int(p->arena, 1)) && span_is(p->t->text, "0")) {
                base = expr_int(p->arena, 10);
                p->t++;
            }
            if (base == NULL) return NULL;
        } else if (power == NULL && parser_take(p, T_POW)) {
            if ((power = parser_exponent(p)) == NULL) return NULL;
        } else {
            break;
        }
    }
    int64_t n;
    if (power != NULL && expr_small_int(power, &n) && n == -1 && inverse_of(op) >= 0) {
        op = inverse_of(op);
        power = NULL;
    }
    const struct expr *e = apply(p, op);
    if (e != NULL && base != NULL) e = node(p, expr_2(p->arena, E_FUNC, F_LOGB, e->arg[0], base));
    return e == NULL || power == NULL ? e : node(p, expr_2(p->arena, E_POW, 0, e, power));
}

static bool is_letter_d(const struct token *t)
{
    return t->kind == T_NAME && span_is(t->text, "d");
}

/* \frac{d}{dx} body */
static const struct expr *derivative(struct parser *p)
{
    struct span variable = p->t[5].text;
    p->t += 7;
    const struct expr *body = parser_term(p);
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_DERIVATIVE, 0, 1);
    if (e == NULL) return node(p, NULL);
    e->arg[0] = body;
    e->text = variable;
    return e;
}

/* \frac{dy}{dx} is one name, not a quotient. */
static const struct expr *leibniz(struct parser *p)
{
    const struct token *t = p->t;
    struct buffer name;
    buffer_init(&name, 256);
    buffer_addf(&name, "d%.*s/d%.*s", (int)t[2].text.n, t[2].text.p, (int)t[6].text.n, t[6].text.p);
    char *copy = name.failed ? NULL : arena_str(p->arena, buffer_span(&name));
    const struct expr *e = copy == NULL ? NULL : expr_sym(p->arena, span_of(copy, name.n));
    buffer_clear(&name);
    p->t += 8;
    return node(p, e);
}

static const struct expr *fraction(struct parser *p)
{
    p->t++;
    const struct token *t = p->t;
    if (t[0].kind == T_LBRACE && is_letter_d(t + 1) && t[2].kind == T_NAME &&
        t[3].kind == T_RBRACE && t[4].kind == T_LBRACE && is_letter_d(t + 5) &&
        t[6].kind == T_NAME && t[7].kind == T_RBRACE)
        return leibniz(p);
    if (t[0].kind == T_LBRACE && is_letter_d(t + 1) && t[2].kind == T_RBRACE &&
        t[3].kind == T_LBRACE && is_letter_d(t + 4) && t[5].kind == T_NAME && t[6].kind == T_RBRACE)
        return derivative(p);
    const struct expr *num = tex_argument(p);
    const struct expr *den = num == NULL ? NULL : tex_argument(p);
    if (den == NULL) return NULL;
    struct expr *e = (struct expr *)expr_2(p->arena, E_DIV, 1, num, den);
    return node(p, e);
}

static const struct expr *root(struct parser *p)
{
    int op = p->t->op;
    p->t++;
    const struct expr *degree = op == 3 ? expr_int(p->arena, 3) : NULL;
    if (op == 0 && p->t->kind == T_LB) {
        int close;
        bool trailing;
        p->t++;
        degree = bracketed(p, T_RB, T_RB, &close, &trailing);
        if (degree == NULL) return NULL;
    }
    const struct expr *x = NULL;
    if (parser_next(p) == T_NUM || p->t->kind == T_NAME) {
        x = p->t->kind == T_NUM ? number(p) : name(p);
    } else {
        x = tex_argument(p);
    }
    if (x == NULL) return NULL;
    return degree == NULL ? function_of(p, F_SQRT, x)
                          : node(p, expr_2(p->arena, E_FUNC, F_ROOT, x, degree));
}

static const struct expr *binomial(struct parser *p)
{
    p->t++;
    if (parser_next(p) == T_LP) {
        struct expr *f = expr_new(p->arena, E_FUNC, F_BINOM, 0);
        const struct expr *e = f == NULL ? node(p, NULL) : arguments(p, f);
        return e != NULL && e->n != 2 ? parse_fail(p, "a binomial of two") : e;
    }
    const struct expr *n = tex_argument(p);
    const struct expr *k = n == NULL ? NULL : tex_argument(p);
    return k == NULL ? NULL : node(p, expr_2(p->arena, E_FUNC, F_BINOM, n, k));
}

/* ---- big operators ----------------------------------------------------------------------------- */

/* _{...} and ^{...} in either order; NULL where absent. False on failure. */
static bool limits(struct parser *p, const struct expr **below, const struct expr **above)
{
    *below = *above = NULL;
    for (;;) {
        if (*below == NULL && parser_take(p, T_SUB)) {
            *below = p->t->kind == T_NUM      ? first_digit(p)
                     : p->t->kind == T_LBRACE ? tex_group(p)
                                              : parser_primary(p);
            if (*below == NULL) return false;
        } else if (*above == NULL && parser_take(p, T_POW)) {
            *above = p->t->kind == T_NUM ? first_digit(p) : parser_exponent(p);
            if (*above == NULL) return false;
        } else {
            return true;
        }
    }
}

static const struct expr *big_sum(struct parser *p)
{
    int op = p->t++->op;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    const struct expr *index =
        below != NULL && below->kind == E_REL && below->n == 2 ? below->arg[0] : NULL;
    if (index == NULL || above == NULL || below->text.p[0] != R_EQ ||
        (index->kind != E_SYM && !(index->kind == E_CONST && index->op == C_I)))
        return parse_fail(p, "a sum without plain limits");
    if (too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_SUM, op, 3);
    if (e == NULL) return node(p, NULL);
    e->text = index->kind == E_SYM ? index->text : span_str("i");
    if (index->kind == E_CONST) body = node(p, expr_name_constant(p->arena, body, C_I, e->text));
    if (body == NULL) return NULL;
    e->arg[0] = below->arg[1];
    e->arg[1] = above;
    e->arg[2] = body;
    return e;
}

static const struct expr *integral(struct parser *p)
{
    p->t++;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    if (too_deep(p)) return NULL;
    p->depth++;
    p->integrals++;
    bool bare = is_letter_d(p->t) && p->t[1].kind == T_NAME;
    const struct expr *body = bare ? expr_int(p->arena, 1) : parser_sum(p);
    p->integrals--;
    p->depth--;
    if (body == NULL) return NULL;
    if (!is_letter_d(p->t) || p->t[1].kind != T_NAME)
        return parse_fail(p, "an integral without its d");
    struct expr *e = expr_new(p->arena, E_INTEGRAL, 0, below == NULL || above == NULL ? 1 : 3);
    if (e == NULL) return node(p, NULL);
    e->text = p->t[1].text;
    p->t += 2;
    e->arg[0] = body;
    if (e->n == 3) {
        e->arg[1] = below;
        e->arg[2] = above;
    }
    return e;
}

static const struct expr *limit(struct parser *p)
{
    p->t++;
    const struct expr *below, *above;
    if (!limits(p, &below, &above)) return NULL;
    if (below == NULL || below->kind != E_REL || below->n != 2 || below->arg[0]->kind != E_SYM)
        return parse_fail(p, "a limit without its variable");
    if (too_deep(p)) return NULL;
    p->depth++;
    const struct expr *body = parser_term(p);
    p->depth--;
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_LIMIT, 0, 2);
    if (e == NULL) return node(p, NULL);
    e->text = below->arg[0]->text;
    e->arg[0] = below->arg[1];
    e->arg[1] = body;
    return e;
}

/* ---- environments ------------------------------------------------------------------------------ */

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
            if (more == NULL) return node(p, NULL) != NULL;
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

static const struct expr *environment(struct parser *p)
{
    static const char *const matrices[] = {"matrix",      "pmatrix", "bmatrix",
                                           "Bmatrix",     "vmatrix", "Vmatrix",
                                           "smallmatrix", "array",   NULL};
    struct span kind = p->t->text;
    uint32_t pos = p->t->pos;
    p->t++;
    bool matrix = named(kind, matrices);
    struct inside was = enter(p, false);
    if (too_deep(p)) return NULL;
    p->skip_amp = !matrix && !span_is(kind, "cases");
    struct cells c = {0};
    bool ok = read_cells(p, &c);
    leave(p, was);
    if (!ok) return NULL;
    if (c.n == 0) return parse_fail(p, "an empty matrix");
    if (!matrix && c.n == 1) return c.at[0];
    if (matrix && c.n == 1 && span_is(kind, "array")) return c.at[0];
    struct expr *e = expr_new(p->arena, matrix ? E_MATRIX : E_LIST, 0, c.n);
    if (e == NULL) return node(p, NULL);
    memcpy(e->arg, c.at, c.n * sizeof(*e->arg));
    e->num.exp10 = c.columns;
    e->pos = pos;
    return span_is(kind, "vmatrix") ? function_of(p, F_DET, e) : e;
}

/* ---- the choice -------------------------------------------------------------------------------- */

static const struct expr *accented(struct parser *p)
{
    p->t++;
    return tex_argument(p);
}

static const struct expr *overlined(struct parser *p)
{
    p->t++;
    const struct expr *x = tex_argument(p);
    struct expr *e = x == NULL ? NULL : expr_new(p->arena, E_APPLY, 0, 1);
    if (e == NULL) return node(p, NULL);
    e->text = span_str("overline");
    e->arg[0] = x;
    return e;
}

static const struct expr *after_sign(struct parser *p)
{
    p->t++;
    return parser_primary(p);
}

const struct expr *parser_primary(struct parser *p)
{
    if (too_deep(p)) return NULL;
    p->after_bar = false;
    switch (parser_next(p)) {
    case T_NUM:
        return number(p);
    case T_NAME:
    case T_DELTA:
        return name(p);
    case T_CONST: {
        int op = p->t++->op;
        if (op <= C_I && parser_take(p, T_SUB))
            return subscripted(p, span_str(op == C_E ? "e" : op == C_I ? "i" : "pi"));
        return constant(p, op);
    }
    case T_FUNC:
    case T_LG:
        return function(p);
    case T_FRAC:
        return fraction(p);
    case T_SQRT:
        return root(p);
    case T_BINOM:
        return binomial(p);
    case T_LP:
    case T_LB:
        return round_or_square(p);
    case T_RB:
        return outward(p);
    case T_LBRACE:
        return tex_group(p);
    case T_LSET:
        return set(p);
    case T_BAR:
    case T_DBAR:
        return absolute(p);
    case T_LFLOOR:
        return between(p, T_RFLOOR, F_FLOOR);
    case T_LCEIL:
        return between(p, T_RCEIL, F_CEIL);
    case T_LANGLE:
        return angle(p);
    case T_BEGIN:
        return environment(p);
    case T_SUM:
        return big_sum(p);
    case T_INT:
        return integral(p);
    case T_LIM:
        return limit(p);
    case T_TEXT:
        return words(p);
    case T_DOTS:
        p->t++;
        return node(p, expr_new(p->arena, E_DOTS, 0, 0));
    case T_EMPTY:
        p->t++;
        return node(p, expr_new(p->arena, E_SET, 0, 0));
    case T_ACCENT:
        return accented(p);
    case T_OVERLINE:
        return overlined(p);
    case T_BOXED:
    case T_CURRENCY:
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
    if (n == 2) return function_of(p, F_FACT2, e);
    for (; n > 0 && e != NULL; n--)
        e = function_of(p, F_FACT, e);
    return e;
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
        case T_BANG:
            e = factorial(p, e);
            break;
        case T_PERCENT:
            p->t++;
            e = expr_1(p->arena, E_PERCENT, 0, e);
            break;
        case T_DEGREE:
            p->t++;
            e = expr_1(p->arena, E_DEGREE, 0, e);
            break;
        case T_PRIME:
        case T_CURRENCY:
            p->t++;
            break;
        default:
            return e;
        }
    }
    return NULL;
}
