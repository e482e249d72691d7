/* reward/math/read/lexer.c - an answer's text as tokens: the loop over it.
 *
 * One pass, no backtracking but over numbers. What begins with a digit, a letter or a backslash
 * has a file of its own: lexer_number.c, lexer_word.c, lexer_command.c; lexer_unit.c knows when
 * letters are units.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/lexer.h"

#include <assert.h>

#include "reward/math/read/lexer_impl.h"
#include "reward/math/read/words.h"

enum { LOOKAHEAD = 12 };

bool lexer_fail(struct lexer *l, struct span s, size_t i, const char *what)
{
    return error_set(l->err, ERROR_UNPARSABLE, NULL, "%s at byte %zu", what,
                     (size_t)(s.p + i - l->base));
}

struct token *lexer_push(struct lexer *l, enum token_kind kind, int op, struct span s, size_t i)
{
    if (l->n >= l->room) {
        error_set(l->err, ERROR_TOO_LARGE, NULL, "more than %d tokens", LEXER_MAX_TOKENS);
        l->n = l->room + 1; /* remembered: lexer_scan() fails */
        return &l->sink;
    }
    struct token *t = &l->out[l->n++];
    t->kind = (uint8_t)kind;
    t->op = (uint8_t)op;
    t->space = l->space;
    t->num = (struct num){.places = -1};
    size_t offset = (size_t)(s.p + i - l->base);
    assert(offset <= LEXER_MAX_BYTES); /* s is a part of the text */
    t->pos = (uint32_t)offset;
    l->space = false;
    return t;
}

enum token_kind lexer_last_kind(const struct lexer *l)
{
    return l->n == 0 || l->n > l->room ? T_END : (enum token_kind)l->out[l->n - 1].kind;
}

bool lexer_ends_operand(enum token_kind k)
{
    return k == T_NUM || k == T_NAME || k == T_RBRACE || k == T_RP || k == T_DEGREE || k == T_BAR;
}

static size_t operator_at(struct lexer *l, struct span s, size_t i)
{
    static const struct {
        const char *text;
        uint8_t kind, op;
    } table[] = {
        {"...", T_DOTS, 0},       {"**", T_POW, 0},         {"!=", T_REL, R_NE},
        {"<=", T_REL, R_LE},      {">=", T_REL, R_GE},      {"=<", T_REL, R_LE},
        {"=>", T_REL, R_IMPLIES}, {"->", T_REL, R_IMPLIES}, {":=", T_REL, R_EQ},
        {"==", T_REL, R_EQ},      {"+-", T_PM, 0},          {"=", T_REL, R_EQ},
        {"<", T_REL, R_LT},       {">", T_REL, R_GT},       {"+", T_PLUS, 0},
        {"-", T_MINUS, 0},        {"*", T_TIMES, 0},        {"/", T_DIV, 0},
        {"_", T_SUB, 0},          {"!", T_BANG, 0},         {"%", T_PERCENT, 0},
        {"'", T_PRIME, 0},        {"(", T_LP, 0},           {")", T_RP, 0},
        {"[", T_LB, 0},           {"]", T_RB, 0},           {"{", T_LBRACE, 0},
        {"}", T_RBRACE, 0},       {"|", T_BAR, 0},          {",", T_COMMA, 0},
        {";", T_SEMI, 0},         {":", T_COLON, 0},        {"&", T_AMP, 0},
    };
    for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
        if (!words_opens(span_slice(s, i, s.n), table[k].text)) continue;
        size_t n = strlen(table[k].text);
        int kind = table[k].kind;
        if (kind == T_LP || kind == T_LB) l->depth++;
        if ((kind == T_RP || kind == T_RB) && l->depth > 0) l->depth--;
        lexer_push(l, (enum token_kind)kind, table[k].op, s, i);
        return i + n;
    }
    return lexer_fail(l, s, i, "a character that is no mathematics"), s.n;
}

static size_t scan_one(struct lexer *l, struct span s, size_t i, int text_depth)
{
    int c = lexer_at(s, i);
    size_t other_base = lexer_large_digits(l, s, i);
    if (other_base == 0) other_base = lexer_prefixed_digits(l, s, i);
    if (other_base > 0) return other_base;
    if (ascii_is_digit(c) || (c == '.' && ascii_is_digit(lexer_at(s, i + 1)))) {
        return lexer_number(l, s, i);
    }
    if (c == '{' && span_starts(span_slice(s, i, s.n), span_str("{:}"))) { /* 3{:}4, set tightly */
        lexer_push(l, T_COLON, 0, s, i);
        return i + 3;
    }
    if (lexer_is_word(c)) return lexer_word(l, s, i);
    if (c == '\\') return lexer_backslash(l, s, i, text_depth);
    if (c == '$' && l->one_dollar && lexer_beside_number(l, s, i + 1)) {
        lexer_push(l, T_CURRENCY, 0, s, i)->text = span_str("dollar");
        return i + 1;
    }
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '$' || c == '~' || c == '"' ||
        c == '`') {
        l->space = true;
        return i + 1;
    }
    if (c == '.' && lexer_at(s, i + 1) != '.') { /* a full stop */
        l->space = true;
        return i + 1;
    }
    if (c == '^') {
        size_t end = lexer_degree_sign(s, i + 1);
        lexer_push(l, end > 0 ? T_DEGREE : T_POW, 0, s, i);
        return end > 0 ? end : i + 1;
    }
    return operator_at(l, s, i);
}

bool lexer_scan(struct lexer *l, struct span s, int text_depth)
{
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        i = scan_one(l, s, i, text_depth);
        assert(i == 0 || (i > from && i <= s.n)); /* lexer_impl.h (2) */
        if ((l->err != NULL && l->err->code != ERROR_NONE) || l->n > l->room) return false;
        if (i == 0) return false;
    }
    return true;
}

struct token *lexer_tokens(struct arena *a, struct span text, enum lexer_reading reading,
                           struct error *err)
{
    if (text.n > LEXER_MAX_BYTES) {
        error_set(err, ERROR_TOO_LARGE, NULL, "%zu bytes; at most %d", text.n, LEXER_MAX_BYTES);
        return NULL;
    }
    size_t room = text.n < LEXER_MAX_TOKENS ? text.n : LEXER_MAX_TOKENS;
    struct lexer l = {.arena = a, .room = room, .reading = reading, .err = err, .base = text.p};
    const char *dollar = text.n == 0 ? NULL : memchr(text.p, '$', text.n);
    if (dollar != NULL && (dollar == text.p || dollar[-1] != '\\')) {
        l.one_dollar = memchr(dollar + 1, '$', text.n - 1 - (size_t)(dollar - text.p)) == NULL;
    }
    l.out = arena_alloc(a, room + LOOKAHEAD, sizeof(*l.out));
    if (l.out == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for tokens");
        return NULL;
    }
    if (!lexer_scan(&l, text, 0)) return NULL;
    assert(l.n <= l.room);                           /* lexer_impl.h (1) */
    for (size_t i = l.n; i < l.n + LOOKAHEAD; i++) { /* the parser may look so far ahead */
        l.out[i].kind = T_END;
        l.out[i].pos = (uint32_t)text.n;
    }
    return l.out;
}
