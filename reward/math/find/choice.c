/* reward/math/find/choice.c - answers that are one of a few choices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/choice.h"

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { MAX_BRACKETS = 64 };

static int upper(int c)
{
    return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

static bool is_wordish(int c)
{
    return ascii_is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '\'';
}

static bool same_fold(struct span a, struct span b)
{
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++) {
        if (upper((unsigned char)a.p[i]) != upper((unsigned char)b.p[i])) return false;
    }
    return true;
}

/* The choice that the single letter c is. */
static int of_letter(int c, const struct math_options *o)
{
    char one = (char)upper(c);
    if (!ascii_is_letter(one)) return -1;
    if (o->n_choices == 0) return one <= 'J' ? one - 'A' : -1;
    for (int i = 0; i < o->n_choices; i++) {
        if (same_fold(o->choices[i], span_of(&one, 1))) return i;
    }
    return -1;
}

static bool is_bracketed(struct span s)
{
    return s.n >= 2 &&
           ((s.p[0] == '(' && s.p[s.n - 1] == ')') || (s.p[0] == '[' && s.p[s.n - 1] == ']') ||
            (s.p[0] == '{' && s.p[s.n - 1] == '}'));
}

/* Unwrapping reads the whole text, so the levels are bounded: no choice stands deeper. */
static struct span unbracket(struct span s)
{
    s = words_unwrap(s);
    for (int level = 0; level < MAX_BRACKETS && is_bracketed(s); level++) {
        s = words_unwrap(span_slice(s, 1, s.n - 1));
    }
    return s;
}

/* The offset after the letter in brackets that s begins with; 0 when it begins otherwise. */
static size_t label_end(struct span s)
{
    static const char *const wraps[] = {"\\textbf{", "\\text{", "\\mathrm{", "\\textrm{", "**", ""};
    for (size_t k = 0; k < sizeof(wraps) / sizeof(wraps[0]); k++) {
        size_t i = strlen(wraps[k]);
        if (!span_starts(s, span_str(wraps[k])) || i + 3 >= s.n) continue;
        if (s.p[i] != '(' || s.p[i + 1] < 'A' || s.p[i + 1] > 'J' || s.p[i + 2] != ')') continue;
        i += 3;
        while (i < s.n && s.p[i] != 0 && strchr(" ~}*", s.p[i]) != NULL) {
            i++;
        }
        return i;
    }
    return 0;
}

struct span choice_content(struct span s, char *letter)
{
    static const char *const spaces[] = {"\\ ", "\\,", "\\;", "\\quad", "\\qquad", "~", " "};
    s = span_trim(s);
    size_t i = label_end(s);
    if (i == 0 || (s.p[i - 1] == ')' && s.p[i] != '\\')) return span_of(NULL, 0);
    *letter = s.p[span_find(s, span_str("("), 0) + 1];
    s = span_trim(span_slice(s, i, s.n));
    for (size_t k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++) {
        if (span_starts(s, span_str(spaces[k]))) s = span_slice(s, strlen(spaces[k]), s.n);
    }
    return words_unwrap(s);
}

/* B of "option B", "Choice (B)", "answer: B"; s itself without such a word. */
static struct span after_word(struct span s)
{
    static const char *const heads[] = {"option", "choice", "answer", "answer is", "the answer is"};
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
        size_t n = strlen(heads[k]);
        if (s.n <= n + 1 || !same_fold(span_slice(s, 0, n), span_str(heads[k]))) continue;
        if (s.p[n] == ' ' || s.p[n] == ':') return unbracket(span_slice(s, n + 1, s.n));
    }
    return s;
}

int choice_of(struct span text, const struct math_options *o, bool bare_only)
{
    struct span s = unbracket(text);
    if (s.n == 0) return -1;
    for (int i = 0; i < o->n_choices; i++) {
        if (same_fold(s, o->choices[i])) return i;
    }
    if (s.n == 1) return of_letter(s.p[0], o);
    if (bare_only) return -1;
    struct span named = after_word(s);
    if (named.n == 1) return of_letter(named.p[0], o);
    if (label_end(s) > 0) s = span_slice(s, span_find(s, span_str("("), 0), s.n);
    size_t i = s.p[0] == '(' || s.p[0] == '[' ? 1 : 0;
    if (i + 1 >= s.n || !ascii_is_letter(s.p[i])) return -1;
    if (strchr(i == 1 ? ")]" : ".:)", s.p[i + 1]) == NULL) return -1;
    return of_letter(s.p[i], o);
}

/* ---- in a response ----------------------------------------------------------------------------- */

static bool matches(struct span s, size_t i, const char *what)
{
    for (size_t k = 0; what[k] != 0; k++) {
        if (i + k >= s.n || upper((unsigned char)s.p[i + k]) != upper((unsigned char)what[k])) {
            return false;
        }
    }
    return true;
}

/* What stands at s.p[i] makes the letter before it a name in a formula: \mathrm{E}*2, A^2. */
static bool is_operand(struct span s, size_t i)
{
    while (i < s.n && (s.p[i] == '}' || s.p[i] == ' ')) {
        i++;
    }
    if (i >= s.n || strchr("*^+/=_", s.p[i]) == NULL) return false;
    return s.p[i] != '*' || (i + 1 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '9');
}

/* A choice's letter stands alone at s.p[i]. */
static int alone_at(struct span s, size_t i, const struct math_options *o, bool any_case)
{
    int c = s.p[i];
    if (!ascii_is_letter(c) || (!any_case && c >= 'a')) return -1;
    if (i > 0 && (is_wordish((unsigned char)s.p[i - 1]) || s.p[i - 1] == '\\')) return -1;
    if (i + 1 < s.n && is_wordish((unsigned char)s.p[i + 1])) return -1;
    if (is_operand(s, i + 1)) return -1;
    return of_letter(c, o);
}

/* "A" as an article: followed by a small word that does not speak of the choice itself. */
static bool is_article(struct span s, size_t i)
{
    static const char *const verbs[] = {"is",    "was", "because", "and",    "or",    "but",
                                        "since", "as",  "must",    "should", "would", "has"};
    if (upper((unsigned char)s.p[i]) != 'A' && upper((unsigned char)s.p[i]) != 'I') return false;
    if (i + 2 >= s.n || s.p[i + 1] != ' ' || s.p[i + 2] < 'a' || s.p[i + 2] > 'z') return false;
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        if (matches(s, i + 2, verbs[k]) &&
            !ascii_is_letter(i + 2 + strlen(verbs[k]) < s.n ? s.p[i + 2 + strlen(verbs[k])]
                                                            : ' ')) {
            return false;
        }
    }
    return true;
}

/* Where a choice's letter stands after a few small words of the same clause ("for sure D"), s.n
 * when none does. */
static size_t later_in_clause(struct span s, size_t i, const struct math_options *o)
{
    if (i > 0 && ascii_is_letter(s.p[i - 1])) return s.n; /* "options" */
    for (int words = 0; words < 4 && i < s.n; words++) {
        if (alone_at(s, i, o, false) >= 0) return i;
        if (matches(s, i, "not") || s.p[i] < 'a' || s.p[i] > 'z') break;
        while (i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z') {
            i++;
        }
        if (i >= s.n || s.p[i] != ' ') break;
        i++;
    }
    return s.n;
}

/* The choice right after a phrase that ends at i: brackets, stars, colons and articles skipped. */
static int after_phrase(struct span s, size_t i, const struct math_options *o, struct span *at)
{
    static const char *const skipped[] = {"option", "choice",     "answer",  "letter",    "the",
                                          "is",     "definitely", "clearly", "therefore", "thus"};
    for (int guard = 0; guard < 8 && i < s.n; guard++) {
        while (i < s.n &&
               (strchr(" :*(\n\t$\"'[{=", s.p[i]) != NULL || (unsigned char)s.p[i] >= 0x80)) {
            i++;
        }
        bool word = false;
        for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]) && !word; k++) {
            size_t n = strlen(skipped[k]);
            word = matches(s, i, skipped[k]) &&
                   (i + n >= s.n || !is_wordish((unsigned char)s.p[i + n]));
            if (word) i += n;
        }
        if (i < s.n && s.p[i] == '\\') { /* \text{, \boxed{ */
            while (i < s.n && s.p[i] != '{') {
                i++;
            }
            word = true;
        }
        if (!word) break;
    }
    if (i >= s.n) return -1;
    int c = alone_at(s, i, o, true);
    if (c < 0) i = later_in_clause(s, i, o);
    if (c < 0) c = i < s.n ? alone_at(s, i, o, false) : -1;
    if (c >= 0 && is_article(s, i)) return -1;
    if (c >= 0) *at = span_slice(s, i, i + 1);
    return c;
}

static int by_phrase(struct span s, const struct math_options *o, struct span *at)
{
    static const char *const phrases[] = {
        "answer is",   "answer:", "answer", "option is", "choice is",
        "choose",      "option",  "select", "must be",   "\xe7\xad\x94\xe6\xa1\x88",
        "\xe9\x80\x89"};
    int found = -1;
    for (size_t i = 0; i < s.n; i++) {
        for (size_t k = 0; k < sizeof(phrases) / sizeof(phrases[0]); k++) {
            if (!matches(s, i, phrases[k])) continue;
            int c = after_phrase(s, i + strlen(phrases[k]), o, at);
            if (c >= 0) found = c;
            break;
        }
    }
    return found;
}

/* "B. Because ...", "(B) ...", "B is correct", and U+3002 after the letter. */
static int by_beginning(struct span s, const struct math_options *o, struct span *at)
{
    size_t i = 0;
    while (i < s.n && strchr(" \n\t*([$", s.p[i]) != NULL) {
        i++;
    }
    bool bracketed = i > 0 && i + 1 < s.n && s.p[i - 1] == '(' && s.p[i + 1] == ')';
    int c = i < s.n ? alone_at(s, i, o, bracketed) : -1;
    if (c < 0 || is_article(s, i)) return -1;
    bool ends = i + 1 == s.n || (strchr(".:),;\n*]", s.p[i + 1]) != NULL) ||
                (unsigned char)s.p[i + 1] >= 0x80 || matches(s, i + 1, " is ");
    if (!ends) return -1;
    *at = span_slice(s, i, i + 1);
    return c;
}

static int last_alone(struct span s, const struct math_options *o, struct span *at)
{
    bool short_text = s.n <= 3;
    for (size_t i = s.n; i-- > 0;) {
        int c = alone_at(s, i, o, short_text);
        if (c < 0 || is_article(s, i)) continue;
        *at = span_slice(s, i, i + 1);
        return c;
    }
    return -1;
}

/* After the place `at` of a choice its writer thinks better of it. */
static bool is_taken_back(struct span s, struct span at)
{
    struct span rest = span_slice(s, (size_t)(at.p - s.p) + at.n, s.n);
    return span_find(rest, span_str("no wait"), 0) != SPAN_NONE ||
           span_find(rest, span_str("no, wait"), 0) != SPAN_NONE ||
           span_find(rest, span_str("Wait, "), 0) != SPAN_NONE;
}

int choice_in(struct span response, const struct math_options *o, struct span *at)
{
    struct span s = span_trim(response);
    int c = by_phrase(s, o, at);
    if (c >= 0 && is_taken_back(s, *at)) return last_alone(s, o, at);
    if (c < 0) c = by_beginning(s, o, at);
    return c < 0 ? last_alone(s, o, at) : c;
}

bool choice_letters_only(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        size_t end = i;
        while (end < s.n && ascii_is_letter(s.p[end])) {
            end++;
        }
        if ((unsigned char)s.p[i] >= 0x80) return false;
        struct span w = span_slice(s, i, end);
        if (w.n > 1 && !same_fold(w, span_str("or")) && !same_fold(w, span_str("and"))) {
            return false;
        }
        i = end > i ? end : i + 1;
    }
    return s.n > 0;
}

int choice_count(struct span s, const struct math_options *o)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < s.n; i++) {
        int c = alone_at(s, i, o, false);
        if (c >= 0 && c < 64) seen |= UINT64_C(1) << c;
    }
    return __builtin_popcountll(seen);
}
