/* reward/math/read/chemistry.c - formulas and equations of chemistry, letter by letter.
 *
 * C6H12O6 is no product of C and H: its letters and digits are compared as they stand, and only what sets them
 * (fonts, low digits, braces, blanks) is passed over. Nothing is balanced or put in another order here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/chemistry.h"

#include <string.h>

#include "base/ascii.h"
#include "reward/math/read/lexer.h"
#include "reward/math/read/words.h"

enum { MOST_EQUATION = 400, MOST_SENTENCE = 120 };

/* Moves *i over what only sets the letters of a formula. */
static void skip_setting(struct span s, size_t *i)
{
    static const char *const skipped[] = {"\\mathrm{", "\\text{", "\\ce{", "_",
                                          "{",         "}",       "\\,",   " "};
    for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]); k++) {
        if (!words_opens(span_slice(s, *i, s.n), skipped[k])) continue;
        *i += strlen(skipped[k]);
        k = (size_t)-1;
    }
}

/* The next character of a formula from *i on; 0 at its end. */
static char next_in_formula(struct span s, size_t *i)
{
    skip_setting(s, i);
    return *i < s.n ? s.p[(*i)++] : 0;
}

/* The last word of a sentence that denies nothing: "Glucose has the formula C6H12O6". s itself
 * when it is no sentence. */
static struct span last_word(struct span s)
{
    size_t at = s.n > 200 || span_has(s, '\\') ? SPAN_NONE : span_find_last(s, span_str(" "));
    bool denies = at != SPAN_NONE && (span_find(s, span_str("not"), 0) != SPAN_NONE ||
                                      span_find(s, span_str(" no "), 0) != SPAN_NONE ||
                                      span_find(s, span_str(" than "), 0) != SPAN_NONE ||
                                      span_find(s, span_str("instead of "), 0) != SPAN_NONE);
    return at == SPAN_NONE || denies ? s : span_slice(s, at + 1, s.n);
}

/* s begins with a capital, also in a font. */
static bool opens_formula(struct span s)
{
    return s.n > 1 && s.n < 80 && (s.p[0] == '\\' || (s.p[0] >= 'A' && s.p[0] <= 'Z'));
}

/* H_2O and H2O: symbols of elements and their numbers, the same ones. */
static bool same_formula(struct arena *arena, struct span g, struct span a)
{
    size_t i = 0, k = 0;
    bool digit = false;
    char before = 0, c, d;
    if (!opens_formula(g) || !opens_formula(last_word(a))) return false;
    g = lexer_plain(arena, g);
    a = lexer_plain(arena, last_word(a));
    do {
        c = next_in_formula(g, &i);
        d = next_in_formula(a, &k);
        bool element = c >= 'A' && c <= 'Z', small = c >= 'a' && c <= 'z';
        if (before == 0 && !element) return false;
        if (small && !(before >= 'A' && before <= 'Z')) return false;
        if (c != 0 && !element && !small && !ascii_is_digit(c) && strchr("()^+-", c) == NULL) {
            return false;
        }
        digit |= ascii_is_digit(c);
        before = c;
    } while (c == d && c != 0);
    return c == d && digit;
}

/* s is nothing but symbols of elements and their numbers, two symbols at least and one number. */
static bool is_bare_formula(struct span s)
{
    size_t capitals = 0, digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool capital = s.p[i] >= 'A' && s.p[i] <= 'Z', digit = ascii_is_digit(s.p[i]);
        bool small =
            i > 0 && s.p[i] >= 'a' && s.p[i] <= 'z' && s.p[i - 1] >= 'A' && s.p[i - 1] <= 'Z';
        if (!capital && !small && !(digit && i > 0)) return false;
        capitals += capital;
        digits += digit;
    }
    return capitals >= 2 && digits >= 1 && s.n <= MOST_SENTENCE;
}

bool chemistry_differs(struct span g, struct span a)
{
    return is_bare_formula(g) && is_bare_formula(a) && !span_eq(g, a);
}

/* s denies what it names, or names something else too. */
static bool says_more(struct span s)
{
    static const char *const words[] = {"not ",    "n't ",     " no ",    "never ",  "consum",
                                        "absorb",  "instead",  "except",  "without", "rather",
                                        " than ",  " and ",    " or ",    " but ",   " while ",
                                        "neither", "; ",       "either ", " from ",  "used up",
                                        " into ",  "converts", " reacts", "?",       "if "};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (span_find(s, span_str(words[k]), 0) != SPAN_NONE) return true;
    }
    return words_begin(s, "if ") || words_begin(s, "no ") || words_begin(s, "when ");
}

bool chemistry_said(struct arena *arena, struct span g, struct span s)
{
    struct span only = span_of(NULL, 0);
    if (!opens_formula(g) || s.n > MOST_SENTENCE || says_more(s)) return false;
    for (size_t i = 0, end; i < s.n; i = end + 1) {
        bool digit = false;
        for (end = i; end < s.n && memchr(" ().,:", s.p[end], 6) == NULL; end++) {
            digit |= ascii_is_digit(s.p[end]);
        }
        if (!digit) continue;
        if (only.n > 0) return false; /* two of them */
        only = span_slice(s, i, end);
    }
    return only.n > 0 && same_formula(arena, g, only);
}

/* The arrow at s.p[i]: its length; 0 where none is. */
static size_t arrow_at(struct span s, size_t i)
{
    static const char *const arrows[] = {"\\longrightarrow", "\\rightarrow", "\\to", "->",
                                         "\xe2\x86\x92"};
    for (size_t k = 0; k < sizeof(arrows) / sizeof(arrows[0]); k++) {
        if (words_opens(span_slice(s, i, s.n), arrows[k])) return strlen(arrows[k]);
    }
    return 0;
}

/* An equation with one sign for its arrow, whatever sets its letters gone. {NULL, 0}: s has no arrow. */
static struct span bare_equation(struct arena *arena, struct span s)
{
    char *out = s.n <= MOST_EQUATION ? arena_alloc(arena, s.n + 1, 1) : NULL;
    size_t n = 0;
    bool arrow = false;
    for (size_t i = 0; out != NULL && i < s.n;) {
        skip_setting(s, &i);
        size_t sign = arrow_at(s, i);
        char c = sign > 0 ? '>' : next_in_formula(s, &i);
        i += sign;
        arrow |= sign > 0;
        if (c != 0 && c != '$') out[n++] = c;
    }
    return arrow ? span_of(out, n) : span_of(NULL, 0);
}

bool chemistry_same(struct arena *arena, struct span g, struct span a)
{
    if (same_formula(arena, g, a)) return true;
    if (!span_has(g, '>') && !span_has(g, '\\') && !span_has(g, '\x86')) return false;
    struct span x = bare_equation(arena, g), y = x.n == 0 ? x : bare_equation(arena, a);
    return x.n > 0 && span_eq(x, y);
}
