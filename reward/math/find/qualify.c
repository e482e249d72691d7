/* reward/math/find/qualify.c - conditions and reasons that an answer ends with.
 *
 * "a_n = 2n - 1, n \ge 1" is the sequence 2n - 1, and "5 (x > 0)" is 5. A condition on the letter
 * of a formula, or a reason after a number, is no second answer. One on a curve is: "x^2 + y^2 = 4
 * (x \ne 0)" lacks two points. So what stands before must be a value, or a value with a name.
 *
 *     15 if n is even, and 16 if n is odd
 *        ^^ a condition   ^^ ^^ another answer and its condition
 *                      ^ the clause ends
 *
 * Who answers so has not settled on either value, and a reference of one value is not met. What
 * follows the end of the first clause must be a value, a name or a yes or no with a condition right
 * behind it, or "otherwise" with one of them: a clause that gives a reason ("since f(x) > 0 when
 * x > 0") or lists more cases ("if n = 3, 4 or 5") is no second answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/qualify.h"

#include "base/ascii.h"
#include "reward/math/find/runs.h"
#include "reward/math/read/words.h"

enum { MOST_SAID = 600, MOST_NAME = 40 };

static const struct span NOTHING = {NULL, 0};

static bool has_any(struct span s, const char *const *signs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (span_find(s, span_str(signs[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* s sets bounds: it has an inequality, or says to which numbers a letter belongs. */
static bool is_condition(struct span s)
{
    static const char *const signs[] = {
        "<",       ">",    "\\le",         "\\ge",         "\\ne",         "\\in",
        "\\lt",    "\\gt", "\xe2\x89\xa4", "\xe2\x89\xa5", "\xe2\x89\xa0", "\xe2\x88\x88",
        "\\forall"};
    return has_any(s, signs, sizeof(signs) / sizeof(signs[0]));
}

/* Text before an = that only names the value: a_n, f(x), T_{n+1}; a plain letter names a number only. */
static bool is_name(struct span left, struct span right)
{
    left = span_trim(left);
    if (left.n == 0 || !ascii_is_letter(left.p[0])) return false;
    bool inverse = span_starts(span_slice(left, 1, left.n), span_str("^{-1}("));
    bool call = left.n > 1 && (left.p[1] == '(' || left.p[1] == '_' || inverse);
    if (call) return true;
    for (size_t i = 0; i < right.n; i++) {
        bool command = i > 0 && (right.p[i - 1] == '\\' || ascii_is_letter(right.p[i - 1]));
        if (ascii_is_letter(right.p[i]) && !command) return false; /* y = 2x: a line */
    }
    return left.n == 1;
}

/* What stands before the condition is one value. */
static bool is_value(struct span s)
{
    if (s.n == 0 || is_condition(s)) return false;
    const char *sign = s.n == 0 ? NULL : memchr(s.p, '=', s.n);
    if (sign == NULL) return true;
    size_t at = (size_t)(sign - s.p);
    struct span right = span_slice(s, at + 1, s.n);
    return !span_has(right, '=') && is_name(span_slice(s, 0, at), right);
}

/* Spaces, commas and TeX's spacing at the end of s go. */
static struct span without_spacing(struct span s)
{
    static const char *const ends[] = {"\\quad", "\\qquad", "\\,", "\\;", "\\ ", "\\", ",", "~"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        s = span_trim(s);
        if (!span_ends(s, span_str(ends[i]))) continue;
        s = span_slice(s, 0, s.n - strlen(ends[i]));
        i = (size_t)-1;
    }
    return span_trim(s);
}

/* The offset of the bracket that the one at the end of s closes; SPAN_NONE when none does. */
static size_t last_group(struct span s)
{
    size_t depth = 0;
    for (size_t i = s.n; i > 0; i--) {
        depth += s.p[i - 1] == ')';
        if (s.p[i - 1] == '(' && --depth == 0) return i - 1;
    }
    return SPAN_NONE;
}

/* The offset of the last comma outside of brackets, SPAN_NONE when there is none. */
static size_t last_comma(struct span s)
{
    int depth = 0;
    for (size_t i = s.n; i > 0; i--) {
        char c = s.p[i - 1];
        depth += (c == ')' || c == ']' || c == '}') - (c == '(' || c == '[' || c == '{');
        bool spacing = i > 1 && s.p[i - 2] == '\\';
        if (c == ',' && depth == 0 && !spacing) return i - 1;
    }
    return SPAN_NONE;
}

/* Some letter that stands alone in the condition stands in the value too. */
static bool shares_letter(struct span value, struct span condition)
{
    for (size_t i = 0; i < condition.n; i++) {
        bool alone =
            ascii_is_letter(condition.p[i]) &&
            (i == 0 || (!ascii_is_letter(condition.p[i - 1]) && condition.p[i - 1] != '\\')) &&
            (i + 1 == condition.n || !ascii_is_letter(condition.p[i + 1]));
        if (alone && memchr(value.p, condition.p[i], value.n) != NULL) return true;
    }
    return false;
}

struct span qualify_core(struct span s)
{
    s = words_unwrap(s);
    if (s.n < 3 || s.n > 1000) return NOTHING;
    size_t group = span_ends(s, span_str(")")) ? last_group(s) : SPAN_NONE;
    if (group != SPAN_NONE && group > 0) {
        struct span core = without_spacing(span_slice(s, 0, group));
        bool set_off = core.n < group; /* "f(x<1)" has none */
        if (set_off && is_condition(span_slice(s, group, s.n)) && is_value(core)) return core;
    }
    size_t comma = last_comma(s);
    if (comma == SPAN_NONE || comma == 0) return NOTHING;
    struct span core = without_spacing(span_slice(s, 0, comma));
    struct span tail = span_slice(s, comma + 1, s.n);
    if (!is_condition(tail) || !is_value(core) || last_comma(core) != SPAN_NONE) return NOTHING;
    return shares_letter(core, tail) ? core : NOTHING;
}

/* ---- answers by cases -------------------------------------------------------------------------- */

/* The offset after the one of the list that s[i..] begins with, i itself where none does. */
static size_t after_one(struct span s, size_t i, const char *const *list)
{
    for (size_t k = 0; list[k] != NULL; k++) {
        if (words_begin(span_slice(s, i, s.n), list[k])) return i + strlen(list[k]);
    }
    return i;
}

/* Signs that close a formula or dress a value are stepped over. */
static size_t after_signs(struct span s, size_t i)
{
    while (i < s.n && memchr(" $*})({\\,", s.p[i], 9) != NULL) {
        if (s.p[i] == '\\' && i + 1 < s.n && ascii_is_letter(s.p[i + 1])) return i;
        i++;
    }
    return i;
}

/* The condition of a case begins at s.p[i]. */
static bool is_case(struct span s, size_t i)
{
    static const char *const heads[] = {"if ",      "when ",   "otherwise", "for even ",
                                        "for odd ", "unless ", "else",      NULL};
    return after_one(s, i, heads) > i;
}

/* The end of the name, the yes or no with its verb ("Bob wins") that begins at s.p[i]; i itself where none does. */
static size_t name_end(struct span s, size_t i)
{
    static const char *const truths[] = {"yes", "no", "true", "false", NULL};
    bool capital = i < s.n && s.p[i] >= 'A' && s.p[i] <= 'Z';
    size_t end = capital ? i : after_one(s, i, truths);
    if (!capital) return end;
    while (end < s.n && (ascii_is_letter(s.p[end]) || s.p[end] == ' ')) {
        if (end > i && s.p[end - 1] == ' ' && is_case(s, end)) return end;
        end++;
    }
    return end - i > MOST_NAME ? i : end;
}

/* The answer that begins at s.p[i]; no bytes where none does. */
static struct span answer_at(struct span s, size_t i)
{
    struct run r;
    if (i >= s.n) return span_of(NULL, 0);
    if (run_at(s, i, &r) && (r.tells || is_case(s, after_signs(s, r.end[0])))) {
        return span_slice(s, i, r.end[r.n_ends - 1]);
    }
    return span_slice(s, i, name_end(s, i));
}

/* Behind the end of a clause at s.p[i] another answer follows with its condition. before: what the clause began with. */
static bool is_other_case(struct span s, size_t i, struct span before)
{
    static const char *const leads[] = {"and ", "or ", "but ", "it is ", "is ", "then ", NULL};
    static const char *const rest[] = {"otherwise ", "otherwise, ", "else ", NULL};
    for (size_t next = after_one(s, i, leads); next > i; next = after_one(s, i, leads)) {
        i = next;
    }
    size_t from = after_one(s, i, rest);
    struct span answer = answer_at(s, from);
    if (answer.n == 0 || span_ends(span_trim(before), span_trim(answer))) return false;
    size_t end = after_signs(s, from + answer.n);
    return from > i || is_case(s, end);
}

/* s, which stands before a condition, already gives a reason: "Yes, because". */
static bool gives_reason(struct span s)
{
    static const char *const words[] = {"because", "since ", ", as ", ", for ",
                                        "so that", ": ",     NULL};
    for (size_t k = 0; words[k] != NULL; k++) {
        if (span_find(s, span_str(words[k]), 0) != SPAN_NONE) return true;
    }
    return span_ends(s, span_str("only"));
}

bool qualify_by_cases(struct span s)
{
    static const char *const heads[] = {" if ", " when ", " for even ", " for odd ", " (if ", NULL};
    static const char *const ends[] = {", ", "; ", " and ", " or ", ") ", NULL};
    size_t first = 1;
    if (s.n > MOST_SAID) return false;
    while (first < s.n && (s.p[first] != ' ' || after_one(s, first, heads) == first)) {
        first++;
    }
    if (first >= s.n || gives_reason(span_slice(s, 0, first))) return false;
    for (size_t i = first + 1; i < s.n; i++) {
        size_t next = after_one(s, i, ends);
        if (next > i && is_other_case(s, next, span_slice(s, 0, first))) return true;
    }
    return false;
}
