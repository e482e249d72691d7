/* reward/math/read/parse_number.c - numbers and what belongs to them.
 *
 * The lexer gives digits; here are the notations that take several tokens: repeating decimals
 * (0.1(6), 0.\overline{27}), bases (2101_3, "(1011)_2"), mixed numbers that a sign interrupts,
 * exponents of ten, and numbers whose digits TeX would split (\frac12).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

#include "base/buffer.h"

/* \frac12: an argument without braces is one digit. Leaves the other digits in the token. */
const struct expr *operand_first_digit(struct parser *p)
{
    struct token *t = p->t;
    struct expr *e = expr_new(p->arena, E_NUM, 0, 0);
    if (e == NULL) return operand_node(p, NULL);
    e->pos = t->pos;
    e->num = t->num;
    bool plain = t->text.n > 1;
    for (size_t i = 0; i < t->text.n; i++) {
        plain &= t->text.p[i] >= '0' && t->text.p[i] <= '9';
    }
    if (!plain) {
        p->t++;
        return e;
    }
    e->num =
        (struct num){.digits = span_slice(t->text, 0, t->text.p[0] == '0' ? 0 : 1), .places = -1};
    t->text = span_slice(t->text, 1, t->text.n);
    struct span rest = t->text;
    while (rest.n > 0 && rest.p[0] == '0') {
        rest = span_slice(rest, 1, rest.n);
    }
    t->num = (struct num){.digits = rest, .places = -1};
    while (rest.n > 0 && rest.p[rest.n - 1] == '0') {
        rest.n--;
        t->num.exp10++;
    }
    t->num.digits = rest;
    t->space = false;
    return e;
}

static bool plain_digits(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    }
    return s.n > 0;
}

/* places decimals, then digits for ever: number + digits / (10^places (10^n - 1)). */
static const struct expr *repeating(struct parser *p, const struct expr *number, struct span digits)
{
    struct expr *nines = expr_new(p->arena, E_NUM, 0, 0), *block = expr_new(p->arena, E_NUM, 0, 0);
    char *text = arena_alloc(p->arena, digits.n + 1, 1);
    if (nines == NULL || block == NULL || text == NULL) return operand_node(p, NULL);
    memset(text, '9', digits.n);
    nines->num =
        (struct num){.digits = span_of(text, digits.n), .exp10 = number->num.places, .places = -1};
    struct span d = digits;
    int64_t zeros = 0;
    while (d.n > 0 && d.p[0] == '0') {
        d = span_slice(d, 1, d.n);
    }
    while (d.n > 0 && d.p[d.n - 1] == '0') {
        d.n--;
        zeros++;
    }
    block->num = (struct num){.digits = d, .exp10 = zeros, .places = -1};
    const struct expr *tail = expr_2(p->arena, E_DIV, 0, block, nines);
    return operand_node(p, expr_2(p->arena, E_ADD, 0, number, tail));
}

/* 0.\dot{1}4285\dot{7}: what stands from one dot to the other repeats. */
static const struct expr *dotted(struct parser *p, const struct expr *e)
{
    struct buffer block;
    const struct token *t = p->t;
    int dots = 0;
    buffer_init(&block, 4096);
    while (dots < 2) {
        bool dot = t->kind == T_OVERLINE && t->op == 1, brace = dot && t[1].kind == T_LBRACE;
        const struct token *digits = brace ? t + 2 : dot ? t + 1 : t;
        if (digits->kind != T_NUM || !plain_digits(digits->text) || (dots == 0 && !dot) ||
            (brace && digits[1].kind != T_RBRACE)) {
            break;
        }
        buffer_add_span(&block, digits->text);
        dots += dot;
        t = digits + (brace ? 2 : 1);
        if (dots == 1 && t->kind != T_NUM && t->kind != T_OVERLINE) dots = 2;
    }
    char *copy = dots < 2 || block.failed ? NULL : arena_str(p->arena, buffer_span(&block));
    struct span digits = span_of(copy, copy == NULL ? 0 : block.n);
    buffer_clear(&block);
    if (copy == NULL) return parse_fail(p, "dots over no decimals");
    parser_seek(p, t);
    return repeating(p, e, digits);
}

/* 0.333..., 0.1666..., 0.142857142857...: the shortest block that ends the decimals twice (a single
 * digit three times) goes on. Other decimals are the first digits of a number that is not told. */
static const struct expr *going_on(struct parser *p, const struct expr *e)
{
    struct span s = e->text;
    size_t places = (size_t)e->num.places;
    if (s.n < places) return e;
    for (size_t n = 1; 2 * n <= places; n++) {
        size_t times = n == 1 ? 3 : 2;
        bool same = times * n <= places;
        for (size_t i = n; same && i < times * n; i++) {
            same = s.p[s.n - 1 - i] == s.p[s.n - 1 - i + n];
        }
        struct span block = span_slice(s, s.n - n, s.n);
        if (same && plain_digits(block)) {
            return repeating(p, e, block);
        }
    }
    struct expr *open = expr_new(p->arena, E_NUM, 0, 0);
    if (open == NULL) return operand_node(p, NULL);
    *open = *e;
    open->num.open = true;
    return open;
}

static const struct expr *with_repetend(struct parser *p, const struct expr *e)
{
    const struct token *t = p->t;
    if (t->kind == T_OVERLINE && t->op == 1) return dotted(p, e);
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
    if (t->kind == T_DOTS) {
        p->t++;
        return going_on(p, e);
    }
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
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        if (span_is(s, bases[i].name)) return bases[i].base;
    }
    return 0;
}

static int digit_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c - 'A' + 10;
}

/* s is a number in that base, a point and digits after it included. */
static bool digits_of_base(struct span s, int64_t base)
{
    int points = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                     (s.p[i] >= 'a' && s.p[i] <= 'z');
        points += s.p[i] == '.';
        if (s.p[i] != '.' && (!digit || digit_value(s.p[i]) >= base)) return false;
    }
    return s.n > 0 && points <= 1;
}

/* 204_5, 1010_{\text{two}}, 2A_{16}: the base is next. */
static const struct expr *based(struct parser *p, struct span digits, uint32_t pos)
{
    bool brace = p->t->kind == T_LBRACE;
    const struct token *t = brace ? p->t + 1 : p->t;
    bool paren = brace && t->kind == T_LP;
    if (paren) t++;
    int64_t base = 0;
    if (t->kind == T_TEXT) {
        base = spelled_base(t->text);
    } else if (t->kind == T_NUM && t->text.n <= 2 && plain_digits(t->text)) {
        for (size_t i = 0; i < t->text.n; i++) {
            base = base * 10 + (t->text.p[i] - '0');
        }
    }
    if (base < 2 || base > 36 || !digits_of_base(digits, base)) {
        return parse_fail(p, "a base that is none");
    }
    parser_seek(p, t + 1);
    if (paren && !parser_take(p, T_RP)) return parse_fail(p, "( is not closed");
    if (brace && !parser_take(p, T_RBRACE)) return parse_fail(p, "{ is not closed");
    struct expr *e = expr_new(p->arena, E_BASE, 0, 0);
    if (e == NULL) return operand_node(p, NULL);
    e->text = digits;
    e->num.exp10 = base;
    e->pos = pos;
    return e;
}

const struct expr *operand_in_base(struct parser *p, const struct expr *number)
{
    return based(p, number->text, number->pos);
}

const struct expr *operand_plain_number(struct parser *p)
{
    const struct token *t = p->t++;
    struct expr *e = expr_new(p->arena, E_NUM, 0, 0);
    if (e == NULL) return operand_node(p, NULL);
    e->num = t->num;
    e->text = t->text;
    e->pos = t->pos;
    return e;
}

const struct expr *operand_number(struct parser *p)
{
    const struct token *t = p->t;
    const struct expr *e = operand_plain_number(p);
    if (e == NULL) return NULL;
    if (parser_take(p, T_SUB)) return based(p, t->text, t->pos);
    return e->num.places >= 0 && !e->num.scientific ? with_repetend(p, e) : e;
}
