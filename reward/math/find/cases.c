/* reward/math/find/cases.c - see cases.h.
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
#include "reward/math/find/cases.h"

#include "base/ascii.h"
#include "reward/math/find/runs.h"
#include "reward/math/read/words.h"

enum { MOST_SAID = 600, MOST_NAME = 40 };

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

/* A condition begins at s.p[i]. */
static bool is_condition(struct span s, size_t i)
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
        if (end > i && s.p[end - 1] == ' ' && is_condition(s, end)) return end;
        end++;
    }
    return end - i > MOST_NAME ? i : end;
}

/* The answer that begins at s.p[i]; no bytes where none does. */
static struct span answer_at(struct span s, size_t i)
{
    struct run r;
    if (i >= s.n) return span_of(NULL, 0);
    if (run_at(s, i, &r) && (r.tells || is_condition(s, after_signs(s, r.end[0])))) {
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
    return from > i || is_condition(s, end);
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

bool cases_said(struct span s)
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
