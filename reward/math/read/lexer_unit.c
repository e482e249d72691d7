/* reward/math/read/lexer_unit.c - where letters and signs are units, for what stands before them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/lexer_impl.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

/* A unit may follow: a value stands before, or another unit. */
bool lexer_after_value(const struct lexer *l)
{
    enum token_kind k = lexer_last_kind(l);
    return lexer_ends_operand(k) || k == T_TEXT || k == T_CONST;
}

/* 1.2 g/cm^3: a unit may follow the stroke after a letter that follows a number. */
bool lexer_after_unit_stroke(const struct lexer *l)
{
    const struct token *t = l->n >= 3 && l->n <= l->room ? &l->out[l->n - 1] : NULL;
    return t != NULL && t->kind == T_DIV && (t[-1].kind == T_NAME || t[-1].kind == T_TEXT) &&
           t[-2].kind == T_NUM;
}

/* An "in" here is a unit: 5 in, 72 sq in. */
bool lexer_is_inches(const struct lexer *l)
{
    if (lexer_last_kind(l) == T_NUM) return true;
    return lexer_last_kind(l) == T_TEXT && unit_prefix_power(l->out[l->n - 1].text) > 0;
}

/* \mu before a unit is its prefix: "3 \mu m", "3\,\mu\text{m}". The offset after the unit, 0
 * when none follows. */
size_t lexer_micro_unit(struct lexer *l, struct span s, size_t i, size_t start)
{
    static const char *const names[] = {"um", "us", "ug", "uA", "uF", "uC", "uL", "uV", "uH", "uT"};
    size_t brace = 0;
    if (lexer_last_kind(l) != T_NUM && lexer_last_kind(l) != T_RBRACE) return 0;
    while (lexer_at(s, i) == ' ') {
        i++;
    }
    if (lexer_at(s, i) == '\\') {
        const char *open = memchr(s.p + i, '{', s.n - i);
        struct span font = open == NULL ? span_of("", 0) : span_slice(s, i, (size_t)(open - s.p));
        if (!span_is(font, "\\text") && !span_is(font, "\\mathrm")) return 0;
        i += font.n + 1;
        brace = 1;
    }
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        if (lexer_at(s, i) != names[k][1] || ascii_is_letter(lexer_at(s, i + 1))) continue;
        if (brace == 1 && lexer_at(s, i + 1) != '}') return 0;
        lexer_push(l, T_TEXT, 0, s, start)->text = span_str(names[k]);
        return i + 1 + brace;
    }
    return 0;
}

/* \Omega after a number is the unit of resistance, also with a k or M before it. */
bool lexer_is_ohm(struct lexer *l, struct span s, size_t start)
{
    const struct token *t = l->n > 0 && l->n <= l->room ? &l->out[l->n - 1] : NULL;
    if (t == NULL) return false;
    bool kilo = t->kind == T_NAME && l->n > 1 && t[-1].kind == T_NUM &&
                (span_is(t->text, "k") || span_is(t->text, "M"));
    const char *name = !kilo ? "ohm" : t->text.p[0] == 'k' ? "kohm" : "Mohm";
    if (kilo) l->n--;
    if (!kilo && t->kind != T_NUM) return false;
    lexer_push(l, T_TEXT, 0, s, start)->text = span_str(name);
    return true;
}

/* A sign of money belongs to a number after s[i] or before it. */
bool lexer_beside_number(const struct lexer *l, struct span s, size_t i)
{
    while (lexer_at(s, i) == ' ') {
        i++;
    }
    return ascii_is_digit(lexer_at(s, i)) || lexer_at(s, i) == '.' || lexer_last_kind(l) == T_NUM;
}

/* Whether s[i] (just after ^) is a degree sign; its length. */
size_t lexer_degree_sign(struct span s, size_t i)
{
    static const char *const forms[] = {"{\\circ}",    "\\circ",    "{\\degree}",
                                        "\\degree",    "{\\circ }", "{ \\circ}",
                                        "{\\;\\circ}", "\\text{o}", "{\\text{o}}"};
    while (lexer_at(s, i) == ' ') {
        i++;
    }
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        size_t n = strlen(forms[f]);
        if (words_opens(span_slice(s, i, s.n), forms[f]) &&
            (forms[f][n - 1] == '}' || !ascii_is_letter(lexer_at(s, i + n)))) {
            return i + n;
        }
    }
    return 0;
}
