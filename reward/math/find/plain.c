/* reward/math/find/plain.c - a statement without its dress.
 *
 * "**−2**" is -2 said loudly. Before a statement is asked what it says, Markdown's emphasis goes
 * and Unicode's signs become LaTeX, so that no other file has to know how many ways there are to
 * write a minus sign or a bold word.
 *
 * (1) The result has no more bytes than the text, until lexer_plain() spells its signs out.
 * (2) What stands between the signs of a formula is copied as it is: x^* keeps its star.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/plain.h"

#include <assert.h>

#include "base/ascii.h"
#include "reward/math/find/formula.h"
#include "reward/math/read/words.h"
#include "reward/math/read/lexer.h"

enum { MAX_SIGNS = 3 };

/* ---- emphasis ---------------------------------------------------------------------------------- */

/* A run of n signs of emphasis at s.p[at], and what stands on its two sides. */
struct mark {
    size_t at, n;
    int before, after; /* 0 at the text's ends */
};

static bool is_alnum(int c)
{
    return ascii_is_letter(c) || ascii_is_digit(c);
}

static bool is_outer(int c)
{
    return c == 0 || ascii_is_space(c) || (!is_alnum(c) && c < 0x80 && c != '\\') || c >= 0x80;
}

static struct mark mark_at(struct span s, size_t i)
{
    struct mark m = {.at = i};
    while (i + m.n < s.n && s.p[i + m.n] == s.p[i]) {
        m.n++;
    }
    m.before = i == 0 ? 0 : (unsigned char)s.p[i - 1];
    m.after = i + m.n < s.n ? (unsigned char)s.p[i + m.n] : 0;
    return m;
}

/* Emphasis may begin, or end, here. */
static bool may_open(const struct mark *m)
{
    return m->after != 0 && !ascii_is_space(m->after) && is_outer(m->before);
}

static bool may_close(const struct mark *m)
{
    return m->before != 0 && !ascii_is_space(m->before) && is_outer(m->after);
}

/* m may be a star that multiplies, or two that raise to a power: 2*3, 2 * 3, 2**3, x^*. */
static bool is_operator(struct span s, const struct mark *m, bool opened)
{
    if (s.p[m->at] != '*' || opened || m->n > 2) return false;
    bool left = is_alnum(m->before) || m->before == ')' || m->before == '}' || m->before == ']';
    bool right = is_alnum(m->after) || m->after == '(' || m->after == '\\' || m->after == '-';
    bool loose = m->n == 1 && m->before == ' ' && m->after == ' ';
    return loose || (left && right) || m->before == '^' || m->before == '\\';
}

/* A single sign is emphasis only where another one closes it in the same line. */
static bool has_partner(struct span s, const struct mark *m)
{
    for (size_t i = m->at + m->n; i < s.n && s.p[i] != '\n';) {
        struct mark other = mark_at(s, i);
        if (s.p[i] != s.p[m->at]) {
            i++;
            continue;
        }
        if (other.n == m->n && may_close(&other)) return true;
        i += other.n;
    }
    return false;
}

/* A bullet: "* so x = 5". */
static bool is_bullet(struct span s, const struct mark *m)
{
    return s.p[m->at] == '*' && m->n == 1 && m->after == ' ' &&
           (m->before == 0 || m->before == '\n');
}

static bool is_emphasis(struct span s, const struct mark *m, bool *opened)
{
    if (is_operator(s, m, *opened) && !is_bullet(s, m)) return false;
    if (m->n > MAX_SIGNS) return false;
    if (m->n >= 2 || is_bullet(s, m)) {
        bool inside = s.p[m->at] == '_' && is_alnum(m->before) && is_alnum(m->after);
        if (!inside) *opened = !*opened && m->n >= 2;
        return !inside;
    }
    if (*opened && may_close(m)) {
        *opened = false;
        return true;
    }
    if (!may_open(m) || !has_partner(s, m)) return false;
    return *opened = true;
}

/* " is " at s.p[i] stands between a small letter alone and a number. */
static bool gives_value(struct span s, size_t i)
{
    if (s.p[i] != ' ' || i == 0 || !span_starts(span_slice(s, i, s.n), span_str(" is ")))
        return false;
    bool letter = s.p[i - 1] >= 'a' && s.p[i - 1] <= 'z' && (i == 1 || s.p[i - 2] == ' ');
    int next = i + 4 < s.n ? s.p[i + 4] : 0;
    return letter && (ascii_is_digit(next) || next == '-');
}

static bool has_signs(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '*' || c == '`' || c == '_' || c == '<' || c == '~') return true;
        if (c == ' ' && gives_value(s, i)) return true;
    }
    return false;
}

/* The offset after a tag that only dresses text, or after what is struck through, at s.p[i]; i
 * itself when neither stands there. */
static size_t after_tag(struct span s, size_t i)
{
    static const char *const tags[] = {"b",  "strong", "i", "em",   "u",
                                       "br", "br/",    "p", "code", "mark"};
    struct span line = span_str("~~");
    if (span_starts(span_slice(s, i, s.n), line)) {
        size_t end = span_find(s, line, i + line.n);
        return end == SPAN_NONE ? i : end + line.n;
    }
    if (s.p[i] != '<') return i;
    size_t from = i + 1;
    from += from < s.n && s.p[from] == '/';
    for (size_t k = 0; k < sizeof(tags) / sizeof(tags[0]); k++) {
        size_t end = from + strlen(tags[k]);
        bool here = words_opens(span_slice(s, from, s.n), tags[k]);
        if (here && end < s.n && s.p[end] == '>') return end + 1;
    }
    return i;
}

static struct span without_emphasis(struct arena *a, struct span s)
{
    char *out = has_signs(s) ? arena_alloc(a, s.n + 1, 1) : NULL;
    if (out == NULL) return has_signs(s) ? span_of(NULL, 0) : s;
    bool opened[2] = {false, false};
    struct closings closings = {{0}};
    struct formula f;
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t end = i + 1;
        bool drop = s.p[i] == '`';
        size_t tag = s.p[i] == '<' || s.p[i] == '~' ? after_tag(s, i) : i;
        if ((s.p[i] == '$' || s.p[i] == '\\') && formula_at(s, i, &closings, &f)) {
            end = f.to;
            assert(!drop && end > i); /* (2) */
        } else if (s.p[i] == '*' || s.p[i] == '_') {
            struct mark m = mark_at(s, i);
            end = i + m.n;
            drop = is_emphasis(s, &m, &opened[s.p[i] == '_']);
        } else if (tag > i) {
            end = tag;
            drop = true;
        } else if (gives_value(s, i)) { /* "a is 2": a = 2 */
            memcpy(out + n, " = ", 3);
            n += 3;
            end = i + 4;
            drop = true;
        }
        if (!drop) {
            memcpy(out + n, s.p + i, end - i);
            n += end - i;
        }
        i = end;
    }
    assert(n <= s.n); /* (1) */
    return span_of(out, n);
}

/* "1 (with multiplicity 2) and 3": how often a root counts is none of the roots. */
static struct span without_multiplicity(struct arena *a, struct span s)
{
    static const char *const remarks[] = {"(with multiplicity ", "(multiplicity ", "(double root)",
                                          "(a double root)"};
    for (size_t k = 0; k < sizeof(remarks) / sizeof(remarks[0]); k++) {
        size_t from = span_find(s, span_str(remarks[k]), 0), to = from;
        if (from == SPAN_NONE || (to = span_find(s, span_str(")"), from)) == SPAN_NONE) continue;
        size_t rest = s.n - to - 1;
        char *out = arena_alloc(a, from + rest + 1, 1);
        if (out == NULL) return s;
        if (from > 0) memcpy(out, s.p, from);
        if (rest > 0) memcpy(out + from, s.p + to + 1, rest);
        return span_of(out, from + rest);
    }
    return s;
}

struct span plain_text(struct arena *a, struct span s)
{
    struct span t = without_multiplicity(a, without_emphasis(a, s));
    return t.p == NULL ? t : lexer_plain(a, t);
}

/* ---- bold -------------------------------------------------------------------------------------- */

/* "Step 4.", "Answer:", "Note": it names what follows. */
static bool is_heading(struct span inside)
{
    static const char *const heads[] = {"step ", "note",     "case ",
                                        "part ", "solution", "explanation"};
    struct span s = span_trim(inside);
    if (s.n == 0 || s.p[s.n - 1] == ':' || span_ends(s, span_str("\xef\xbc\x9a"))) return true;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (words_begin(s, heads[i])) return true;
    }
    return false;
}

/* "**x = 2** and **x = -7**": two that a word joins are one; else the later one. */
static struct span joined_to(struct span s, struct span before, struct span bold)
{
    static const char *const joints[] = {"and", "or", ",", ", and", ", or"};
    if (before.p == NULL) return bold;
    size_t from = (size_t)(before.p - s.p), to = (size_t)(bold.p - s.p);
    struct span gap = span_trim(span_slice(s, from + before.n + 2, to - 2));
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
        if (span_is(gap, joints[i])) return span_slice(s, from, to + bold.n);
    }
    return bold;
}

struct span plain_last_bold(struct span s)
{
    struct span end = span_str("**"), found = {NULL, 0};
    for (size_t at = span_find(s, end, 0); at != SPAN_NONE; at = span_find(s, end, at)) {
        struct mark open = mark_at(s, at);
        size_t to = span_find(s, end, at + open.n);
        bool opens = open.n == 2 && may_open(&open);
        struct span inside = to == SPAN_NONE ? found : span_slice(s, at + 2, to);
        if (opens && to == SPAN_NONE) break;
        bool one_line = opens && !span_has(inside, '\n');
        if (one_line && !is_heading(inside)) found = joined_to(s, found, inside);
        at = opens ? to + 2 : at + open.n;
    }
    return found;
}

/* ---- words in LaTeX ---------------------------------------------------------------------------- */

/* The offset after a command that only says how its argument looks, and after the brace that opens
 * it; i itself when none stands at s.p[i]. */
static size_t font_end(struct span s, size_t i)
{
    static const char *const fonts[] = {"\\text",   "\\textbf", "\\textit", "\\textrm",
                                        "\\textup", "\\mathrm", "\\mbox",   "\\textnormal",
                                        "\\textsf", "\\emph"};
    for (size_t k = 0; k < sizeof(fonts) / sizeof(fonts[0]); k++) {
        size_t end = i + strlen(fonts[k]);
        if (!words_opens(span_slice(s, i, s.n), fonts[k])) continue;
        while (end < s.n && s.p[end] == ' ') {
            end++;
        }
        if (end < s.n && s.p[end] == '{' && words_close(s, end) != SPAN_NONE) return end + 1;
    }
    return i;
}

/* The length of a command of spacing at s.p[i], 0 when none stands there. */
static size_t spacing(struct span s, size_t i)
{
    static const char *const spaces[] = {"\\qquad", "\\quad", "\\,", "\\;",
                                         "\\:",     "\\ ",    "\\!", "~"};
    for (size_t k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++) {
        if (words_opens(span_slice(s, i, s.n), spaces[k])) return strlen(spaces[k]);
    }
    return 0;
}

struct span plain_words(struct arena *a, struct span s)
{
    if (s.n == 0 || (!span_has(s, '\\') && !span_has(s, '~'))) return s;
    char *out = arena_alloc(a, s.n + 1, 1);
    size_t n = 0, closing[16], open = 0;
    for (size_t i = 0; out != NULL && i < s.n;) {
        size_t font = open < sizeof(closing) / sizeof(closing[0]) ? font_end(s, i) : i;
        size_t space = spacing(s, i);
        if (font > i) {
            closing[open++] = words_close(s, font - 1) - 1;
            i = font;
        } else if (open > 0 && i == closing[open - 1]) {
            open--;
            i++;
        } else if (space > 0) {
            if (span_slice(s, i, i + 2).p[1] != '!') out[n++] = ' ';
            i += space;
        } else {
            if (s.p[i] == '\\' && i + 1 < s.n) out[n++] = s.p[i++];
            out[n++] = s.p[i++];
        }
    }
    assert(n <= s.n); /* (1) */
    return span_of(out, out == NULL ? 0 : n);
}
