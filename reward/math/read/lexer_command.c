/* reward/math/read/lexer_command.c - what follows a backslash: commands, \text{...}, environments.
 *
 * \text{...} is looked into: words stay words, anything else is scanned in place, so \text{13},
 * \mathrm{e} and \text{ and } mean what they look like.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/commands.h"
#include "reward/math/read/lexer_impl.h"
#include "reward/math/read/units.h"
#include "reward/math/tree/functions.h"
#include "reward/math/read/words.h"

enum { MAX_TEXT_DEPTH = 8 };

static bool has_words(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        if (!lexer_is_word(lexer_at(s, i))) {
            i++;
            continue;
        }
        size_t j = i;
        while (lexer_is_word(lexer_at(s, j))) {
            j++;
        }
        if (j - i >= 2 && command_find(span_slice(s, i, j)) == NULL) return true;
        i = j;
    }
    return false;
}

/* The offset after the brace that closes the one at s[i]; s.n when none does. */
static size_t group_end(struct span s, size_t i)
{
    int depth = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == '{') {
            depth++;
        } else if (s.p[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return s.n;
}

static void blackboard(struct lexer *l, struct span inner, struct span s, size_t i)
{
    static const char letters[] = "RQZNC";
    const char *hit = inner.n == 1 ? memchr(letters, inner.p[0], sizeof(letters) - 1) : NULL;
    if (hit != NULL) {
        lexer_push(l, T_CONST, C_REALS + (int)(hit - letters), s, i);
    } else {
        lexer_push(l, T_NAME, 0, s, i)->text = inner;
    }
}

/* A product, quotient or power of units, though each may be called by a letter: m/s, W/m^2. */
static bool are_units(struct span s)
{
    struct unit_factor same;
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("/*^ ", s.p[i]) != NULL && s.p[i] != 0) return unit_convert(s, s, &same);
    }
    return false;
}

/* What is said between formulas, though it may be set as an operator. */
static bool joins_formulas(struct span w)
{
    static const char *const words[] = {"and",  "or", "if",  "where", "when", "with", "for", "then",
                                        "else", "is", "are", "not",   "such", "that", "all", "any"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(w, words[i])) return true;
    }
    return false;
}

/* The offset of what follows spaces and \left, \!, \, at s[i]. */
static size_t after_spacing(struct span s, size_t i)
{
    static const char *const skipped[] = {" ", "\\left", "\\!", "\\,", "\\;", "~"};
    for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]); k++) {
        if (!words_opens(span_slice(s, i, s.n), skipped[k])) continue;
        i += strlen(skipped[k]);
        k = (size_t)-1; /* all of them again */
    }
    return i;
}

/* A command at s[i] that may be an argument: a letter, a fraction, a function. */
static bool starts_argument(struct span s, size_t i)
{
    int c = lexer_at(s, i);
    if (c != '\\') return ascii_is_letter(c);
    size_t end = i + 1;
    while (ascii_is_letter(lexer_at(s, end))) {
        end++;
    }
    const struct command *next = command_find(span_slice(s, i + 1, end));
    if (next == NULL) return end > i + 1;
    return next->kind == T_NAME || next->kind == T_CONST || next->kind == T_FRAC ||
           next->kind == T_SQRT || next->kind == T_FUNC || next->kind == T_ACCENT ||
           (next->kind == T_TEXT && next->op != TEXT_WORDS);
}

/* name, which ends before s[i], is applied to what follows: \operatorname{Si}(x), \mathrm{Li}_2(x),
 * \operatorname{tr} A. */
static bool is_operator(struct span name, struct span s, size_t i, int op)
{
    for (size_t k = 0; k < name.n; k++) {
        if (!ascii_is_letter((unsigned char)name.p[k])) return false;
    }
    if (name.n < 2 || joins_formulas(name)) return false;
    i = after_spacing(s, i);
    if (lexer_at(s, i) == '_') {
        i++;
        i = lexer_at(s, i) == '{' ? group_end(s, i) : i + 1;
        i = after_spacing(s, i);
    }
    if (lexer_at(s, i) == '(') return true;
    return op == TEXT_OPERATOR && (lexer_at(s, i) == '^' || starts_argument(s, i));
}

/* \text{...} and its like. */
static size_t text_group(struct lexer *l, struct span s, size_t i, int op, int depth)
{
    while (lexer_at(s, i) == ' ') {
        i++;
    }
    if (op == TEXT_BLACKBOARD && ascii_is_letter(lexer_at(s, i))) { /* \mathbb R */
        blackboard(l, span_slice(s, i, i + 1), s, i);
        return i + 1;
    }
    if (lexer_at(s, i) != '{') return i; /* \rm x: a switch of fonts */
    size_t end = group_end(s, i), last = end > i && s.p[end - 1] == '}' ? end - 1 : end;
    struct span inner = span_trim(span_slice(s, i + 1, last));
    while (inner.n > 1 && inner.p[0] == '~') {
        inner = span_trim(span_slice(inner, 1, inner.n));
    }
    const struct command *c = command_find(inner);
    if (inner.n == 0) {
        l->space = true;
    } else if (span_is(inner, "to") && lexer_last_kind(l) == T_NUM) {
        lexer_push(l, T_COLON, 0, s, i);
    } else if (op == TEXT_BLACKBOARD) {
        blackboard(l, inner, s, i);
    } else if (lexer_after_value(l) && (are_units(inner) || (inner.n <= 3 && unit_known(inner)))) {
        lexer_push(l, T_TEXT, 0, s, i)->text = inner;
    } else if (c != NULL && inner.n > 1) {
        lexer_push(l, (enum token_kind)c->kind, c->op, s, i)->text = inner;
    } else if (op != TEXT_WORDS && is_operator(inner, s, end, op)) {
        lexer_push(l, T_NAME, NAME_OPERATOR, s, i)->text = inner;
    } else if (depth < MAX_TEXT_DEPTH && !has_words(inner)) {
        lexer_scan(l, inner, depth + 1);
    } else {
        lexer_push(l, T_TEXT, 0, s, i)->text = inner;
    }
    l->space = true;
    return end;
}

/* A command that is not in the table but begins with one ("\quadx"): that one's length. */
static size_t known_prefix(struct span name)
{
    for (size_t n = name.n - 1; n >= 2 && name.n - n <= 2; n--) {
        if (command_find(span_slice(name, 0, n)) != NULL) return n;
    }
    return 0;
}

static size_t environment(struct lexer *l, struct span s, size_t i, const struct command *c)
{
    if (lexer_at(s, i) != '{') return lexer_fail(l, s, i, "\\begin without a name"), s.n;
    size_t end = group_end(s, i);
    struct span name = span_slice(s, i + 1, end - 1);
    l->env_depth += c->kind == T_BEGIN ? 1 : -1;
    lexer_push(l, (enum token_kind)c->kind, 0, s, i)->text = name;
    if (c->kind == T_BEGIN && span_is(name, "array") && lexer_at(s, end) == '{') {
        end = group_end(s, end);
    }
    return end;
}

/* The command at s[i], a backslash: its name as far as it is known, NULL when it is in no table.
 * *end is the offset after the name. */
static const struct command *named_command(struct span s, size_t i, struct span *name, size_t *end)
{
    *end = i + 1;
    while (ascii_is_letter(lexer_at(s, *end))) {
        ++*end;
    }
    if (span_is(span_slice(s, i + 1, *end + 1), "operatorname*")) ++*end;
    *name = span_slice(s, i + 1, *end);
    const struct command *c = command_find(*name);
    if (c != NULL || name->n <= 2) return c;
    *name = span_slice(*name, 0, known_prefix(*name));
    *end = i + 1 + name->n;
    return command_find(*name);
}

static size_t command(struct lexer *l, struct span s, size_t i, int text_depth)
{
    size_t end;
    struct span name;
    const struct command *c = named_command(s, i, &name, &end);
    if (span_is(name, "Omega") && lexer_is_ohm(l, s, i)) return end;
    size_t micro = span_is(name, "mu") ? lexer_micro_unit(l, s, end, i) : 0;
    if (micro > 0) return micro;
    if (c != NULL && c->kind == T_FUNC && c->op == F_ZETA &&
        lexer_at(s, after_spacing(s, end)) != '(') {
        c = NULL; /* a letter */
    }
    if (c == NULL && lexer_at(s, end) == '{') {
        lexer_fail(l, s, i, "unknown command");
        return s.n;
    }
    if (c == NULL) {
        lexer_push(l, T_NAME, 0, s, i)->text = name;
        return end;
    }
    switch (c->kind) {
    case T_IGNORE:
        l->space = true;
        if (lexer_at(s, end) == '.') { /* \left. */
            if (span_is(name, "left") || span_is(name, "right")) end++;
        }
        return end;
    case T_SKIPARG:
        while (lexer_at(s, end) == '*' || lexer_at(s, end) == ' ') {
            end++;
        }
        return lexer_at(s, end) == '{' ? group_end(s, end) : end;
    case T_TEXT:
        return text_group(l, s, end, c->op, text_depth);
    case T_BEGIN:
    case T_ENDENV:
        return environment(l, s, end, c);
    case T_LSET:
        l->depth++;
        break;
    case T_RSET:
        if (l->depth > 0) l->depth--;
        break;
    default:
        break;
    }
    lexer_push(l, (enum token_kind)c->kind, c->op, s, i)->text = name;
    return end;
}

/* What follows a backslash. */
size_t lexer_backslash(struct lexer *l, struct span s, size_t i, int text_depth)
{
    int c = lexer_at(s, i + 1);
    if (ascii_is_letter(c)) return command(l, s, i, text_depth);
    if (c == '\\') {
        size_t end = i + 2;
        while (ascii_is_letter(lexer_at(s, end))) {
            end++;
        }
        if (l->env_depth == 0 && end > i + 3 && command_find(span_slice(s, i + 2, end)) != NULL) {
            return i + 1; /* "\\frac": a backslash too many */
        }
        if (l->env_depth > 0) lexer_push(l, T_NEWROW, 0, s, i);
        l->space = true;
        if (lexer_at(s, i + 2) == '[') { /* \\[2mm] */
            const char *close = memchr(s.p + i + 2, ']', s.n - i - 2);
            if (close != NULL && l->env_depth > 0) return (size_t)(close - s.p) + 1;
        }
        return i + 2;
    }
    static const struct {
        char c;
        uint8_t kind;
    } ones[] = {{'{', T_LSET}, {'}', T_RSET}, {'%', T_PERCENT}, {'|', T_DBAR}, {'&', T_AND}};
    for (size_t k = 0; k < sizeof(ones) / sizeof(ones[0]); k++) {
        if (ones[k].c != c) continue;
        l->depth += c == '{' ? 1 : c == '}' && l->depth > 0 ? -1 : 0;
        lexer_push(l, (enum token_kind)ones[k].kind, 0, s, i);
        return i + 2;
    }
    if (c == '$' && lexer_beside_number(l, s, i + 2)) {
        lexer_push(l, T_CURRENCY, 0, s, i)->text = span_str("dollar");
    }
    l->space = true; /* \, \; \! \: \( \) \[ \] "\ " and a backslash at the end */
    return i + 2 <= s.n ? i + 2 : s.n;
}
