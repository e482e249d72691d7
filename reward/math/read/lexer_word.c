/* reward/math/read/lexer_word.c - runs of letters: words, functions' names, products of letters.
 *
 * "sin" is a function, "and" joins, "meters" is a word, "km" is a unit after a number and k m
 * elsewhere, "xy" is x times y.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/commands.h"
#include "reward/math/read/lexer_impl.h"
#include "reward/math/read/units.h"

static void letters(struct lexer *l, struct span s, size_t i, size_t end)
{
    for (; i < end; i++) {
        static const char ones[] = "ei";
        const char *hit = memchr(ones, s.p[i], 2);
        if (hit != NULL) {
            lexer_push(l, T_CONST, hit == ones ? C_E : C_I, s, i);
        } else {
            lexer_push(l, T_NAME, 0, s, i)->text = span_slice(s, i, i + 1);
        }
    }
}

/* Whether a bare word of letters means what the command of that name means. */
static bool plain_command(const struct command *c, size_t n)
{
    switch (c->kind) {
    case T_FUNC:
        return n >= 3 || span_is(span_str(c->name), "ln") || span_is(span_str(c->name), "tg");
    case T_NAME:
    case T_CONST:
        return n >= 2 && !span_is(span_str(c->name), "iu");
    case T_SQRT:
    case T_AND:
    case T_OR:
    case T_MOD:
    case T_PERCENT:
    case T_DEGREE:
    case T_SUM:
        return true;
    case T_FRAC:
        return n == 4 || n == 8;
    case T_BINOM:
        return span_is(span_str(c->name), "binom") || span_is(span_str(c->name), "binomial");
    case T_IGNORE:
        return span_is(span_str(c->name), "Matrix"); /* Matrix([[1, 2], [3, 4]]) */
    case T_CURRENCY:
        return n <= 3;
    case T_SETOP:
        return span_is(span_str(c->name), "union");
    case T_REL:
        return span_is(span_str(c->name), "in") || span_is(span_str(c->name), "equals");
    default:
        return false;
    }
}

static bool stop_word(struct span w)
{
    static const char *const words[] = {
        "is",  "are", "the", "for", "not", "no",  "No",  "yes", "Yes", "was", "if",  "of",  "at",
        "by",  "per", "day", "all", "odd", "The", "an",  "as",  "so",  "we",  "has", "car", "que",
        "qui", "est", "les", "des", "ist", "der", "die", "das", "con", "por", "son", "las", "los"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(w, words[i])) return true;
    }
    return false;
}

/* "sinx", "cosx", "lnx": a function and one letter. Its length, 0 when it is none. */
static size_t function_prefix(struct span w)
{
    if (w.n < 3 || w.n > 7) return 0;
    const struct command *c = command_find(span_slice(w, 0, w.n - 1));
    return c != NULL && c->kind == T_FUNC && plain_command(c, w.n - 1) ? w.n - 1 : 0;
}

/* "8 x 5", "6.02 x 10^23": an x between numbers, apart from both, multiplies. */
static bool is_times_sign(const struct lexer *l, struct span s, size_t i, size_t end)
{
    return end == i + 1 && (s.p[i] == 'x' || s.p[i] == 'X') && lexer_last_kind(l) == T_NUM &&
           l->space && lexer_at(s, end) == ' ' && ascii_is_digit(lexer_at(s, end + 1));
}

/* "$x = 2$ y $x = 3$": a word of one letter between two formulas. */
static bool is_between_formulas(struct span s, size_t i)
{
    bool spaced = i >= 2 && s.p[i - 1] == ' ' && lexer_at(s, i + 1) == ' ';
    return spaced && s.p[i - 2] == '$' && lexer_at(s, i + 2) == '$';
}

/* "2 y 5", "2 e 5": an "and" of one letter between numbers, as Spanish and Italian have it. */
static bool is_and_letter(const struct lexer *l, struct span s, size_t i, size_t end)
{
    bool letter = end == i + 1 && (s.p[i] == 'y' || s.p[i] == 'e');
    if (letter && is_between_formulas(s, i)) return true;
    bool number = ascii_is_digit(lexer_at(s, end + 1)) ||
                  (lexer_at(s, end + 1) == '-' && ascii_is_digit(lexer_at(s, end + 2)));
    return letter && lexer_last_kind(l) == T_NUM && l->space && lexer_at(s, end) == ' ' && number;
}

/* "x=1orx=2": the length of an "or" that sticks to a number before it, 0 when none stands here. */
static size_t glued_or(const struct lexer *l, struct span s, size_t i, size_t end)
{
    enum token_kind k = lexer_last_kind(l);
    bool after = !l->space && (k == T_NUM || k == T_RP || k == T_RBRACE);
    return after && end > i + 2 && end < i + 5 && s.p[i] == 'o' && s.p[i + 1] == 'r' ? 2 : 0;
}

/* "x=3" U+6216 "x=1": a Chinese "or" or "and" needs no space on either side. Its length, 0 when
 * none stands at s[i]. */
static size_t chinese_joint(struct lexer *l, struct span s, size_t i)
{
    static const char *const words[] = {"\xe6\x88\x96\xe8\x80\x85", "\xe6\x88\x96", "\xe5\x92\x8c",
                                        "\xe4\xb8\x94", "\xe3\x81\xbe\xe3\x81\x9f\xe3\x81\xaf", "\xeb\x98\x90\xeb\x8a\x94"};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        struct span w = span_str(words[k]);
        if (!span_starts(span_slice(s, i, s.n), w) || !lexer_after_value(l)) continue;
        lexer_push(l, (enum token_kind)command_find(w)->kind, 0, s, i);
        return w.n;
    }
    return 0;
}

/* (-oo, 2) U (3, oo): the letter between two intervals. */
static bool is_union_letter(const struct lexer *l, struct span s, size_t i)
{
    if (lexer_last_kind(l) != T_RP && lexer_last_kind(l) != T_RB) return false;
    for (i++; lexer_at(s, i) == ' ';) {
        i++;
    }
    return lexer_at(s, i) == '(' || lexer_at(s, i) == '[';
}

/* A word that joins what stands on its two sides: "3 to 4", the U between intervals, the x of a
 * power of ten. False, and nothing pushed, when w = s[i, end) is none. */
static bool joining_word(struct lexer *l, struct span s, size_t i, size_t end)
{
    struct span w = span_slice(s, i, end);
    if (span_is(w, "to") && lexer_last_kind(l) == T_NUM && ascii_is_digit(lexer_at(s, end + 1))) {
        return lexer_push(l, T_COLON, 0, s, i), true;
    }
    if (span_is(w, "U") && is_union_letter(l, s, i)) {
        return lexer_push(l, T_SETOP, S_UNION, s, i), true;
    }
    if (is_times_sign(l, s, i, end)) return lexer_push(l, T_TIMES, 0, s, i), true;
    if (is_and_letter(l, s, i, end)) return lexer_push(l, T_AND, 0, s, i), true;
    if (span_is(w, "o") && is_between_formulas(s, i)) return lexer_push(l, T_OR, 0, s, i), true;
    return false;
}

/* The command that w = s[i, end) means though no backslash stands before it, NULL for none: a "min"
 * after a value is minutes, an "in" after a length inches. */
static const struct command *word_command(const struct lexer *l, struct span s, struct span w,
                                          size_t end)
{
    const struct command *c = command_find(w);
    if (c == NULL || !plain_command(c, w.n)) return NULL;
    bool inches = span_is(w, "in") && lexer_is_inches(l);
    bool minutes =
        lexer_ends_operand(lexer_last_kind(l)) && span_is(w, "min") && lexer_at(s, end) != '(';
    return inches || minutes ? NULL : c;
}

/* w = s[.., end) stays a word: none of mathematics, or a unit where one may stand. */
static bool stays_word(const struct lexer *l, struct span s, struct span w, size_t end)
{
    if (w.n >= 4 || stop_word(w)) return true;
    for (size_t k = 0; k < w.n; k++) {
        if (w.p[k] & 0x80) return true;
    }
    if (span_is(w, "h")) { /* 2 h 15 min */
        return lexer_last_kind(l) == T_NUM && lexer_at(s, end) == ' ' &&
               ascii_is_digit(lexer_at(s, end + 1));
    }
    return w.n >= 2 && (lexer_after_value(l) || lexer_after_unit_stroke(l)) && unit_known(w);
}

size_t lexer_word(struct lexer *l, struct span s, size_t i)
{
    size_t end = i;
    while (lexer_is_word(lexer_at(s, end))) {
        end++;
    }
    if (glued_or(l, s, i, end) > 0) {
        lexer_push(l, T_OR, 0, s, i);
        return i + 2;
    }
    size_t joint = chinese_joint(l, s, i);
    if (joint > 0) return i + joint;
    if (joining_word(l, s, i, end)) return end;
    struct span w = span_slice(s, i, end);
    const struct command *c = word_command(l, s, w, end);
    size_t prefix = c == NULL ? function_prefix(w) : 0;
    if (c != NULL) {
        if (c->kind != T_IGNORE) lexer_push(l, (enum token_kind)c->kind, c->op, s, i)->text = w;
    } else if (prefix > 0) {
        lexer_push(l, T_FUNC, command_find(span_slice(w, 0, prefix))->op, s, i);
        letters(l, s, i + prefix, end);
    } else if (stays_word(l, s, w, end)) {
        lexer_push(l, T_TEXT, 0, s, i)->text = w;
    } else {
        letters(l, s, i, end);
    }
    return end;
}
