/* reward/math/parse_number.c - numbers: repeating decimals, other bases, and the single digit that TeX takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/parser.h"

/* \frac12: an argument without braces is one digit. Leaves the other digits in the token. */
const struct expr *operand_first_digit(struct parser *p)
{
    struct token *t = p->t;
    struct expr *e = expr_new(p->arena, E_NUM, 0, 0);
    if (e == NULL) return operand_node(p, NULL);
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
    if (nines == NULL || block == NULL || text == NULL) return operand_node(p, NULL);
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
    return operand_node(p, expr_2(p->arena, E_ADD, 0, number, tail));
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
    if (e == NULL) return operand_node(p, NULL);
    e->text = digits->text;
    e->num.exp10 = base;
    e->pos = digits->pos;
    return e;
}

const struct expr *operand_number(struct parser *p)
{
    const struct token *t = p->t++;
    if (p->t->kind == T_SUB) return based(p, t);
    struct expr *e = expr_new(p->arena, E_NUM, 0, 0);
    if (e == NULL) return operand_node(p, NULL);
    e->num = t->num;
    e->text = t->text;
    e->pos = t->pos;
    return e->num.places >= 0 && !e->num.scientific ? with_repetend(p, e) : e;
}
