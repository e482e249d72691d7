/* reward/math/find/prose.c - see prose.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/prose.h"

#include "base/ascii.h"
#include "reward/math/read/commands.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/phrase.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

enum { MAX_SHORT = 60, MAX_TAIL = 400 };

static const struct span NOTHING = {NULL, 0};

/* A fraction character such as one half ends at s.p[end]: its length, 0 when none does. */
static size_t fraction_before(struct span s, size_t end)
{
    if (end >= 2 && (unsigned char)s.p[end - 2] == 0xc2 && (unsigned char)s.p[end - 1] >= 0xbc &&
        (unsigned char)s.p[end - 1] <= 0xbe) {
        return 2;
    }
    if (end >= 3 && (unsigned char)s.p[end - 3] == 0xe2 && (unsigned char)s.p[end - 2] == 0x85 &&
        (unsigned char)s.p[end - 1] >= 0x90 && (unsigned char)s.p[end - 1] <= 0x9e) {
        return 3;
    }
    return 0;
}

/* The offset after the last digit (or fraction character) of s, 0 when it has none. */
static size_t last_number_end(struct span s)
{
    for (size_t i = s.n; i > 0; i--) {
        if (ascii_is_digit(s.p[i - 1]) || fraction_before(s, i) > 0) return i;
    }
    return 0;
}

/* Extend leftwards over what may belong to an expression that ends at `end`. */
static size_t expression_start(struct span s, size_t end)
{
    size_t i = end, limit = end > 300 ? end - 300 : 0;
    while (i > limit) {
        int c = (unsigned char)s.p[i - 1];
        size_t f = fraction_before(s, i);
        if (f > 0) {
            i -= f;
            continue;
        }
        if (ascii_is_digit(c) || (c != 0 && strchr(".,+-*/^()=% ", c) != NULL)) {
            i--;
            continue;
        }
        break;
    }
    return i;
}

static struct span balanced(struct span s)
{
    int depth = 0;
    size_t from = 0;
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] == ')') depth++;
        if (s.p[i] == '(' && --depth < 0) {
            from = i + 1;
            break;
        }
    }
    return span_trim(span_slice(s, from, s.n));
}

/* The longest tail of s that reads as mathematics, cut at spaces and signs. */
static struct span readable_tail(struct arena *a, struct span s)
{
    s = balanced(s);
    for (int tries = 0; tries < 24 && s.n > 0; tries++) {
        while (s.n > 0 && strchr("*/^=%), .+", s.p[0]) != NULL &&
               !(s.p[0] == '.' && s.n > 1 && ascii_is_digit(s.p[1]))) {
            s = span_slice(s, 1, s.n);
        }
        if (s.n == 0) break;
        if (formula_reads(a, s)) return s;
        size_t i = 1;
        while (i < s.n && strchr(" =,", s.p[i]) == NULL) {
            i++;
        }
        s = span_trim(span_slice(s, i, s.n));
    }
    return NOTHING;
}

/* The digits that end at s.p[end] stand inside a word: AZYUK2A. */
static bool within_word(struct span s, size_t end)
{
    size_t from = end;
    while (from > 0 && ascii_is_digit(s.p[from - 1])) {
        from--;
    }
    return from > 1 && from < end && ascii_is_letter((unsigned char)s.p[from - 1]) &&
           ascii_is_letter((unsigned char)s.p[from - 2]) && end < s.n &&
           ascii_is_letter((unsigned char)s.p[end]);
}

static struct span last_number(struct arena *a, struct span s, size_t *end)
{
    *end = last_number_end(s);
    if (*end == 0 || within_word(s, *end)) return NOTHING;
    size_t stop = *end;
    while (stop < s.n && (s.p[stop] == ')' || s.p[stop] == '!')) {
        stop++;
    }
    size_t start = expression_start(s, *end);
    /* a sign glued to a letter is a hyphen: "x-2" has no -2 */
    bool hyphen = start > 0 && start < *end && s.p[start] == '-' &&
                  ascii_is_letter((unsigned char)s.p[start - 1]);
    struct span body = span_slice(s, start + (hyphen ? 1 : 0), *end);
    struct span tail = readable_tail(a, span_slice(s, start + (hyphen ? 1 : 0), stop));
    if (tail.n == 0) tail = readable_tail(a, body);
    if (tail.n == 0) return NOTHING;
    size_t to = formula_with_percent(s, (size_t)(tail.p - s.p) + tail.n);
    return span_of(tail.p, (size_t)(s.p + to - tail.p));
}

/* w is a unit or speaks of one. */
static bool names_unit(struct span w)
{
    static const char *const words[] = {"square", "cubic", "sq", "unit", "units", "per"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(w, words[i])) return true;
    }
    return unit_known(w);
}

bool prose_has_words(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        size_t j = i;
        while (j < s.n && ascii_is_letter((unsigned char)s.p[j])) {
            j++;
        }
        struct span w = span_slice(s, i, j);
        bool told =
            i > 0 && (s.p[i - 1] == '\\' || s.p[i - 1] == '{' || ascii_is_digit(s.p[i - 1]));
        if (w.n >= 2 && !told && command_find(w) == NULL && !names_unit(w)) return true;
        if (w.n > 0 && j + 1 < s.n && s.p[j] == '\'' &&
            ascii_is_letter((unsigned char)s.p[j + 1])) {
            return true;
        }
        i = j > i ? j : i + 1;
    }
    return false;
}

/* A tail of s that begins at a word and reads as mathematics: the longest one. It must hold a digit
 * or a command, or it would be any last word. */
static struct span formula_tail(struct arena *a, struct span s)
{
    const char *line = s.n == 0 ? NULL : memrchr(s.p, '\n', s.n);
    if (line != NULL) s = span_slice(s, (size_t)(line - s.p) + 1, s.n);
    if (s.n > MAX_TAIL) s = span_slice(s, s.n - MAX_TAIL, s.n);
    s = words_unwrap(s);
    int tries = 0;
    for (size_t i = 0; i < s.n && tries < 48; i++) {
        bool start = i == 0 || s.p[i - 1] == ' ' || (unsigned char)s.p[i - 1] >= 0x80;
        if (!start || s.p[i] == ' ' || ((unsigned char)s.p[i] & 0xc0) == 0x80) continue;
        if (ascii_is_letter((unsigned char)s.p[i]) && i + 2 < s.n && s.p[i + 1] == ' ' &&
            s.p[i + 2] != '=') {
            continue;
        }
        struct span tail = span_slice(s, i, s.n);
        bool worth = false;
        for (size_t k = 0; k < tail.n; k++) {
            worth |= ascii_is_digit(tail.p[k]) || tail.p[k] == '\\';
        }
        if (!worth || tail.p[0] == '=' || tail.p[0] == ',') continue;
        if (prose_has_words(tail)) continue;
        tries++;
        if (formula_reads(a, tail)) return tail;
    }
    return NOTHING;
}

/* ---- what is not the answer -------------------------------------------------------------------- */

/* Where the last sentence of s begins. */
static size_t last_sentence(struct span s)
{
    for (size_t i = s.n; i > 2; i--) {
        bool stop = s.p[i - 2] == '.' || s.p[i - 2] == '!' || s.p[i - 2] == '?';
        if (s.p[i - 1] == '\n' || (stop && s.p[i - 1] == ' ')) return i;
    }
    return 0;
}

bool prose_denies(struct span s)
{
    static const char *const words[] = {"not ", "isn't ", "never ", "cannot ", "n't "};
    s = span_trim(s);
    struct span last = span_slice(s, last_sentence(s), s.n);
    if (span_find(last, span_str("but "), 0) != SPAN_NONE) return false;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        size_t at = span_find_last(last, span_str(words[k]));
        if (at == SPAN_NONE) continue;
        size_t i = at + strlen(words[k]);
        while (i < last.n && strchr("$\\( ", last.p[i]) != NULL) {
            i++;
        }
        bool number = i < last.n && ascii_is_digit(last.p[i]);
        while (i < last.n && (ascii_is_digit(last.p[i]) || last.p[i] == ',' || last.p[i] == '.')) {
            i++;
        }
        if (number && last_number_end(span_slice(last, i, last.n)) == 0) return true;
    }
    return false;
}

struct span prose_without_aside(struct span s)
{
    static const char *const asides[] = {
        ", attained",     " attained ", ", achieved", " achieved ", " which occurs",
        ", which occurs", ", when ",    " when ",     ", since ",   " since ",
        ", because ",     " because ",  ", as ",      "(since ",    "(because ",
        "(see ",          "(as ",       "(when ",     "(See "};
    s = span_trim(s);
    size_t from = last_sentence(s), end = s.n;
    /* "... 42 ways. (See step 3.)": a sentence in parentheses */
    if (from < s.n && s.p[from] == '(') from = last_sentence(span_slice(s, 0, from - 1));
    for (size_t k = 0; k < sizeof(asides) / sizeof(asides[0]); k++) {
        size_t at = span_find(span_slice(s, 0, end), span_str(asides[k]), from);
        if (at != SPAN_NONE && at < end) end = at;
    }
    struct span kept = span_trim(span_slice(s, 0, end)), last = span_slice(kept, from, kept.n);
    bool worth = false;
    for (size_t i = 0; i < last.n; i++) {
        worth |= ascii_is_digit(last.p[i]) || last.p[i] == '$';
    }
    return worth ? kept : s;
}

struct span prose_last(struct arena *a, struct span text, unsigned kinds, enum math_source *source)
{
    struct formula f;
    size_t end = 0;
    bool latex = (kinds & MATH_EXTRACT_LATEX) && formula_last(a, text, &f);
    struct span number = NOTHING;
    if (kinds & MATH_EXTRACT_EXPR) {
        struct span rest = latex ? span_slice(text, f.to, text.n) : text;
        number = formula_tail(a, rest);
        if (number.n == 0) number = last_number(a, rest, &end);
    }
    *source = number.n > 0 ? MATH_FROM_EXPRESSION : latex ? MATH_FROM_LATEX : MATH_FROM_NOWHERE;
    return number.n > 0 ? number : latex ? words_unwrap(f.inside) : NOTHING;
}

struct span prose_first_number(struct arena *a, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i])) continue;
        if (i > 0 && ascii_is_letter((unsigned char)s.p[i - 1])) continue;
        size_t end = i;
        while (end < s.n &&
               (ascii_is_digit(s.p[end]) || (strchr(".,/", s.p[end]) != NULL && end + 1 < s.n &&
                                             ascii_is_digit(s.p[end + 1])))) {
            end++;
        }
        size_t from = i > 0 && s.p[i - 1] == '-' && (i == 1 || s.p[i - 2] == ' ') ? i - 1 : i;
        struct span n = span_slice(s, from, formula_with_percent(s, end));
        if (formula_reads(a, n)) return n;
    }
    return NOTHING;
}

struct span prose_spelled(struct span s)
{
    int64_t n;
    struct span t = words_unwrap(s);
    for (size_t i = 0; i <= 12 && i < t.n; i++) { /* the last characters of Chinese texts */
        struct span tail = span_slice(t, t.n - i - 1, t.n);
        if (((unsigned char)tail.p[0] & 0xc0) == 0x80) continue;
        if (((unsigned char)tail.p[0] & 0x80) && words_number(tail, &n)) {
            struct span more = span_slice(t, t.n - i - 1 >= 3 ? t.n - i - 4 : 0, t.n);
            if (!words_number(more, &n)) return tail;
        }
    }
    const char *space = memrchr(t.p == NULL ? "" : t.p, ' ', t.n);
    if (space == NULL) return NOTHING;
    struct span last = span_slice(t, (size_t)(space - t.p) + 1, t.n);
    return words_number(last, &n) ? last : NOTHING;
}

struct span prose_moment(struct arena *a, struct span s)
{
    int seconds;
    bool marked;
    size_t at = s.n <= MAX_TAIL ? phrase_last_copula(s) : 0;
    size_t when = s.n <= MAX_TAIL ? span_find_last(s, span_str(" at ")) : SPAN_NONE;
    if (when != SPAN_NONE && when > at) at = when + 4;
    struct span t = at == 0 ? NOTHING : words_unwrap(span_slice(s, at, s.n));
    if (t.n == 0 || t.n > MAX_SHORT) return NOTHING;
    return words_date(a, t) || (words_time(t, &seconds, &marked) && marked) ? t : NOTHING;
}
