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

/* What stands at s.p[i] makes the letter before it a name in a formula: \mathrm{E}*2, A^2. */
static bool is_operand(struct span s, size_t i)
{
    while (i < s.n && (s.p[i] == '}' || s.p[i] == ' ')) {
        i++;
    }
    if (i >= s.n || strchr("*^+/=_", s.p[i]) == NULL) return false;
    return s.p[i] != '*' || (i + 1 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '9');
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

/* All choices of o are of one letter. */
static bool are_letters(const struct math_options *o)
{
    for (int i = 0; i < o->n_choices; i++) {
        if (o->choices[i].n != 1 || !ascii_is_letter(o->choices[i].p[0])) return false;
    }
    return true;
}

/* The choices of o are called by letters; else they are contents, and the first one is A. Small letters
 * none of which is a label of so many choices, w to z of four, are contents. */
static bool has_letters(const struct math_options *o)
{
    bool label = o->n_choices == 0;
    for (int i = 0; i < o->n_choices && !label; i++) {
        char c = o->choices[i].n == 1 ? o->choices[i].p[0] : 'z';
        label = c < 'a' || c - 'a' < o->n_choices;
    }
    return label && are_letters(o);
}

/* The choice that a letter names, -1 for none. */
static int choice_of_letter(int c, const struct math_options *o)
{
    char one = (char)upper(c);
    if (!ascii_is_letter(one)) return -1;
    if (o->n_choices == 0) return one <= 'J' ? one - 'A' : -1;
    if (!has_letters(o) && one - 'A' < o->n_choices) return one - 'A';
    for (int i = 0; i < o->n_choices && are_letters(o); i++) { /* "option X" of w to z */
        if (same_fold(o->choices[i], span_of(&one, 1))) return i;
    }
    return -1;
}

struct span choice_text(int choice, const struct math_options *o)
{
    struct span nothing = {NULL, 0};
    if (choice < 0 || choice >= o->n_choices) return nothing;
    if (o->contents != NULL) return o->contents[choice];
    return has_letters(o) ? nothing : o->choices[choice];
}

int choice_alone_at(struct span s, size_t i, const struct math_options *o, bool any_case)
{
    int c = s.p[i];
    if (!ascii_is_letter(c) || (!any_case && c >= 'a')) return -1;
    if (i > 0 && (is_wordish((unsigned char)s.p[i - 1]) || s.p[i - 1] == '\\')) return -1;
    if (i + 1 < s.n && is_wordish((unsigned char)s.p[i + 1])) return -1;
    if (is_operand(s, i + 1)) return -1;
    return choice_of_letter(c, o);
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
        if (!words_opens(s, wraps[k]) || i + 3 >= s.n) continue;
        if (s.p[i] != '(' || s.p[i + 1] < 'A' || s.p[i + 1] > 'J' || s.p[i + 2] != ')') continue;
        i += 3;
        while (i < s.n && s.p[i] != 0 && strchr(" ~}*", s.p[i]) != NULL) {
            i++;
        }
        return i;
    }
    return 0;
}

/* The offset after "A. ", "A) " or "A: "; 0 when s begins otherwise. */
static size_t plain_label_end(struct span s)
{
    bool label = s.n > 3 && s.p[0] >= 'A' && s.p[0] <= 'J' && memchr(".):", s.p[1], 3) != NULL;
    return label && s.p[2] == ' ' ? 3 : 0;
}

struct span choice_content(struct span s, char *letter)
{
    static const char *const spaces[] = {"\\ ", "\\,", "\\;", "\\quad", "\\qquad", "~", " "};
    s = span_trim(s);
    size_t i = label_end(s), plain = plain_label_end(s);
    if (plain > 0) return *letter = s.p[0], words_unwrap(span_slice(s, plain, s.n));
    if (i == 0 || (s.p[i - 1] == ')' && s.p[i] != '\\')) return span_of(NULL, 0);
    *letter = s.p[span_find(s, span_str("("), 0) + 1];
    s = span_trim(span_slice(s, i, s.n));
    for (size_t k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++) {
        if (words_opens(s, spaces[k])) s = span_slice(s, strlen(spaces[k]), s.n);
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
        struct span content = choice_text(i, o);
        if (same_fold(s, o->choices[i]) || (content.n > 0 && same_fold(s, content))) return i;
    }
    if (s.n == 1) return choice_of_letter(s.p[0], o);
    if (bare_only) return -1;
    struct span named = after_word(s);
    if (named.n == 1) return choice_of_letter(named.p[0], o);
    if (label_end(s) > 0) s = span_slice(s, span_find(s, span_str("("), 0), s.n);
    size_t i = s.p[0] == '(' || s.p[0] == '[' ? 1 : 0;
    if (i + 1 >= s.n || !ascii_is_letter(s.p[i])) return -1;
    if (strchr(i == 1 ? ")]" : ".:)", s.p[i + 1]) == NULL) return -1;
    return choice_of_letter(s.p[i], o);
}

/* ---- several ----------------------------------------------------------------------------------- */

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
        int c = choice_alone_at(s, i, o, false);
        if (c >= 0 && c < 64) seen |= UINT64_C(1) << c;
    }
    return __builtin_popcountll(seen);
}
