/* reward/math/find/again.c - answers that say their value more than once.
 *
 * A model that shows its work ends with a chain, and the last member is what it came to; or it
 * gives a value and, in brackets, the same one in another form. Nothing is computed here: whoever
 * compares tries the parts that are found.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/again.h"

#include <string.h>

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { LONGEST = 400 };

static const struct span NOTHING = {NULL, 0};

struct chain {
    int equalities, roundings;
    size_t first, last; /* offsets: of the first sign, and after the last one */
    size_t from, to;    /* what stands before the last sign, behind the one before it */
};

/* The length of the sign of a relation at s.p[i], 0 where none stands; *rounds: "about". */
static size_t sign_at(struct span s, size_t i, bool *rounds)
{
    static const char *const about[] = {"\\approx", "\\simeq", "\xe2\x89\x88", "\xe2\x89\x83"};
    struct span rest = span_slice(s, i, s.n);
    *rounds = false;
    for (size_t k = 0; k < sizeof(about) / sizeof(about[0]); k++) {
        if (!words_opens(rest, about[k])) continue;
        *rounds = true;
        return strlen(about[k]);
    }
    return s.p[i] == '=' ? 1 : 0;
}

/* False where s is no chain: a list, a condition, or brackets that do not close. */
static bool find_chain(struct span s, struct chain *c)
{
    int depth = 0;
    bool rounds;
    *c = (struct chain){0};
    for (size_t i = 0; i < s.n; i++) {
        char b = s.p[i];
        depth += (b == '(' || b == '[' || b == '{') - (b == ')' || b == ']' || b == '}');
        if (depth < 0) return false;
        if (depth > 0) continue;
        bool group = b == ',' && i + 1 < s.n && ascii_is_digit(s.p[i + 1]); /* 1,234 */
        if ((b == ',' && !group) || strchr(";<>!&\n", b) != NULL) return false;
        size_t n = sign_at(s, i, &rounds);
        if (n == 0) continue;
        if (c->last == 0) c->first = i;
        c->from = c->last;
        c->to = i;
        c->equalities += !rounds;
        c->roundings += rounds;
        i += n - 1;
        c->last = i + 1;
    }
    return depth == 0 && c->last > 0;
}

/* s begins as a value does, not as a name or an unknown; a command's has no letter but in others. */
static bool is_computed(struct span s)
{
    static const char *const heads[] = {"\\frac", "\\sqrt", "\\dfrac", "\\tfrac"};
    bool head = false, command = false;
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
        head |= words_opens(s, heads[k]);
    }
    for (size_t i = 0; head && i < s.n; i++) {
        bool letter = ascii_is_letter(s.p[i]);
        if (!letter) command = s.p[i] == '\\';
        head = !letter || command;
    }
    return head || (s.n > 0 && (ascii_is_digit(s.p[0]) || s.p[0] == '-' || s.p[0] == '('));
}

/* A letter that stands for a number: of 2x, of (y, x); that of "7 m" is a unit. */
static bool has_unknown(struct span s)
{
    bool bracket = s.n > 0 && s.p[0] == '(';
    for (size_t i = 1; i < s.n; i++) {
        bool alone = ascii_is_letter(s.p[i]) && (i + 1 == s.n || !ascii_is_letter(s.p[i + 1]));
        if (alone && (bracket || ascii_is_digit(s.p[i - 1]) || s.p[i - 1] == '(')) return true;
    }
    return false;
}

static bool is_sign(struct span s)
{
    return s.n == 1 && (s.p[0] == '-' || s.p[0] == '+');
}

/* "minus", "half of": no value ends so, and what follows is not said again. */
static bool has_words(struct span s)
{
    size_t letters = 0;
    bool command = false;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = ascii_is_letter(s.p[i]);
        if (!letter) command = s.p[i] == '\\';
        letters = letter && !command ? letters + 1 : 0;
        if (letters > 3) return true;
    }
    return false;
}

/* s says when or for what its value holds: "1/2 at x = 1/4". */
static bool has_condition(struct span s)
{
    static const char *const words[] = {"at", "when", "for", "if", "where", "with", "and",
                                        "or", "et",   "und", "ou", "oder",  "y",    "o"};
    for (size_t i = 0; i < s.n; i++) {
        if (i > 0 && ascii_is_letter(s.p[i - 1])) continue;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            size_t end = i + strlen(words[k]);
            bool here = words_opens(span_slice(s, i, s.n), words[k]);
            if (here && (end == s.n || !ascii_is_letter(s.p[end]))) return true;
        }
    }
    return false;
}

/* s is a value as an answer gives it, with nothing left to do: 8, -7/2, \sqrt{2}, (1, 2), 60 km/h. */
static bool is_done(struct span s)
{
    static const char *const work[] = {"\\times", "\\cdot", "\\div", "\\pm"};
    bool first = true;
    for (size_t k = 0; k < sizeof(work) / sizeof(work[0]); k++) {
        if (span_find(s, span_str(work[k]), 0) != SPAN_NONE) return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ' ') continue;
        if (((unsigned char)s.p[i] & 0x80) != 0 || strchr("+*^!$_", s.p[i]) != NULL) return false;
        if (s.p[i] == '-' && !first) return false;
        if (s.p[i] == '{' && i + 2 < s.n && ascii_is_letter(s.p[i + 1]) && s.p[i + 2] == '}') {
            return false; /* \frac{b}{a} */
        }
        first = strchr("(,", s.p[i]) != NULL;
    }
    return is_computed(s) && !has_unknown(s) && !has_words(s);
}

static bool has_sign(struct span s)
{
    bool rounds = false, found = false;
    for (size_t i = 0; i < s.n && i <= LONGEST && !found; i++) {
        bool may = s.p[i] == '=' || s.p[i] == '\\' || s.p[i] == '\xe2';
        found = may && sign_at(s, i, &rounds) > 0;
    }
    return found;
}

bool again_pair(struct span s, struct span *before, struct span *last, bool *rounds)
{
    struct chain c;
    if (!has_sign(s)) return false;
    s = words_unwrap(s);
    if (s.n == 0 || s.n > LONGEST || !find_chain(s, &c) || has_condition(s)) return false;
    *before = span_trim(span_slice(s, c.from, c.to));
    *last = span_trim(span_slice(s, c.last, s.n));
    *rounds = s.p[c.last - 1] != '=';
    return is_done(*before) && is_done(*last);
}

struct span again_last(struct span s)
{
    struct chain c;
    s = span_trim(s);
    if (s.n == 0 || s.n > LONGEST || !find_chain(s, &c) || has_condition(s)) return NOTHING;
    struct span left = span_trim(span_slice(s, 0, c.first));
    struct span right = span_trim(span_slice(s, c.last, s.n));
    bool matrix = words_opens(right, "[[") || span_starts(right, span_str("\\begin{"));
    bool chain = c.equalities + c.roundings >= 2 || c.roundings == 1 || matrix;
    if (left.n == 0 || (c.equalities < 2 && (has_words(left) || is_sign(left)))) return NOTHING;
    if (!chain && !(is_computed(left) && !has_unknown(left))) return NOTHING;
    return right;
}

bool again_echo(struct span s, struct span *value, struct span *echo)
{
    static const char *const joints[] = {", or ", ", i.e., ", ", i.e. ", " or "};
    s = span_trim(s);
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]) && s.n <= LONGEST; k++) {
        size_t at = span_find(s, span_str(joints[k]), 0); /* "20 m/s, or 72 km/h" */
        if (at == SPAN_NONE || at == 0) continue;
        *value = span_slice(s, 0, at);
        *echo = span_trim(span_slice(s, at + strlen(joints[k]), s.n));
        return echo->n > 0;
    }
    if (s.n < 4 || s.n > LONGEST || s.p[s.n - 1] != ')') return false;
    size_t open = s.n - 1, depth = 1;
    while (open > 0 && depth > 0) {
        open--;
        depth += (size_t)(s.p[open] == ')') - (size_t)(s.p[open] == '(');
    }
    if (depth > 0 || open < 2 || s.p[open - 1] != ' ') return false; /* f(2), 3(4) */
    *value = span_trim(span_slice(s, 0, open));
    *echo = span_trim(span_slice(s, open + 1, s.n - 1));
    struct span exactly = span_str("exactly ");
    if (span_starts(*echo, exactly)) *echo = span_trim(span_slice(*echo, exactly.n, echo->n));
    return value->n > 0 && echo->n > 0;
}
