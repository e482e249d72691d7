/* reward/math/find/denied.c - see denied.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/denied.h"

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { MOST_REMARK = 160, MOST_BACK = 24 };

static bool begins_one(struct span s, const char *const *list)
{
    for (size_t k = 0; list[k] != NULL; k++) {
        if (words_begin(s, list[k])) return true;
    }
    return false;
}

static bool has_one(struct span s, const char *const *list)
{
    for (size_t k = 0; list[k] != NULL; k++) {
        if (span_find(s, span_str(list[k]), 0) != SPAN_NONE) return true;
    }
    return false;
}

static bool has_digit(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_digit(s.p[i])) return true;
    }
    return false;
}

/* ---- brackets ---------------------------------------------------------------------------------- */

/* The remark without the words that only speak of the value before it: "which is", "this root". */
static struct span after_subject(struct span s)
{
    static const char *const words[] = {
        "but ",       "which ", "this ",      "that ",      "it ", "it's ", "that's ", "root ",
        "solution ",  "value ", "one ",       "answer ",    "is ", "was ",  "does ",   "must be ",
        "has to be ", "to be ", "should be ", "therefore ", "so ", "an ",   "a "};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (!words_begin(s, words[k])) continue;
        s = span_slice(s, strlen(words[k]), s.n);
        k = (size_t)-1; /* all of them again */
    }
    return s;
}

/* s takes back what is spoken of, and names nothing else that it is said of: "rejected", but "rejected: -3". */
static bool takes_back(struct span s)
{
    static const char *const words[] = {
        "wrong",          "incorrect",   "rejected",       "extraneous",       "invalid",
        "inadmissible",   "not valid",   "not a solution", "not a valid",      "not in the domain",
        "fails",          "not work",    "doesn't work",   "not satisfy",      "doesn't satisfy",
        "discarded",      "excluded",    "impossible",     "not allowed",      "not possible",
        "false",          "not correct", "not right",      "isn't a solution", "isn't valid",
        "not the answer", "ruled out",   "not admissible"};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        size_t n = strlen(words[k]);
        if (!words_begin(s, words[k]) || (n < s.n && ascii_is_letter(s.p[n]))) continue;
        struct span rest = span_trim(span_slice(s, n, s.n));
        bool other =
            rest.n > 0 && (ascii_is_digit(rest.p[0]) || strchr(":-$\\=", rest.p[0]) != NULL);
        bool named = rest.n > 2 && ascii_is_letter(rest.p[0]) && strchr(" =", rest.p[1]) != NULL;
        return !other && !named && !words_begin(rest, "to ");
    }
    return false;
}

/* The value that the remark begins with, up to its verb; no bytes where it has none. */
static struct span value_of(struct span s)
{
    static const char *const verbs[] = {" fails", " does", " is ",  " must ",
                                        " was ",  " can",  " has ", " isn't"};
    size_t end = SPAN_NONE;
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        size_t at = span_find(s, span_str(verbs[k]), 0);
        if (at != SPAN_NONE && (end == SPAN_NONE || at < end)) end = at;
    }
    return end == SPAN_NONE ? span_of(NULL, 0) : span_trim(span_slice(s, 0, end));
}

/* s ends with the value v, and not inside of another number or word. */
static bool ends_with_value(struct span s, struct span v)
{
    s = span_trim(s);
    if (v.n == 0 || !has_digit(v) || !span_ends(s, v)) return false;
    int before = s.n == v.n ? ' ' : s.p[s.n - v.n - 1];
    return !ascii_is_digit(before) && !ascii_is_letter(before) && strchr(".,-/^", before) == NULL;
}

/* s offers a value beside the one before it. */
static bool offers_more(struct span s)
{
    static const char *const hedges[] = {
        "maybe ",         "perhaps ",  "possibly ", "or maybe ",      "or perhaps ", "or possibly ",
        "or even ",       "could be ", "might be ", "could also be ", "or else ",    "wait",
        "actually ",      "sorry",     "no: ",      "no, ",           "rather ",     "should be ",
        "alternatively ", "typo",      "hmm",       "scratch that",   "probably ",   NULL};
    static const char *const also[] = {" also work",       " works too",
                                       " works as well",   " also a solution",
                                       " also possible",   " also valid",
                                       " also correct",    " also be ",
                                       " is possible too", " also an answer",
                                       " is also fine",    " works equally",
                                       " is fine too",     NULL};
    if (!has_digit(s)) return false;
    return begins_one(s, hedges) || has_one(s, also);
}

size_t denied_in_bracket(struct span s, size_t open)
{
    struct span near = span_slice(s, 0, open + MOST_REMARK);
    size_t close = open < s.n && s.p[open] == '(' ? words_close(near, open) : SPAN_NONE;
    if (close == SPAN_NONE || open == 0) return 0;
    struct span inside = span_trim(span_slice(s, open + 1, close - 1));
    if (inside.n == 0 || !(ascii_is_letter(inside.p[0]) || has_digit(inside))) return 0;
    if (offers_more(inside) || takes_back(after_subject(inside))) return close;
    struct span v = value_of(inside), verb = span_trim(span_slice(inside, v.n, inside.n));
    size_t sign = span_find_last(v, span_str("=")); /* 7 (x = 7 fails) */
    struct span before = span_slice(s, 0, open);
    bool same =
        ends_with_value(before, v) ||
        (sign != SPAN_NONE && ends_with_value(before, span_trim(span_slice(v, sign + 1, v.n))));
    return same && takes_back(after_subject(verb)) ? close : 0;
}

/* ---- verbs ------------------------------------------------------------------------------------- */

bool denied_by_verb(struct span s, size_t end)
{
    static const char *const verbs[] = {" equal",   " take", " have",     " cost",    " need",
                                        " weigh",   " get",  " make",     " contain", " total",
                                        " come to", " last", " give",     " measure", " earn",
                                        " reach",   " hold", " add up to"};
    static const char *const denials[] = {" not", "n't", " never", " cannot"};
    static const char *const signs[] = {"\xe2\x89\xa0", "!=", "\\ne", "\\neq"};
    struct span before = span_slice(s, 0, end);
    while (before.n > 0 && before.p[before.n - 1] == ' ') {
        before.n--;
    }
    if (before.n > MOST_BACK) before = span_slice(before, before.n - MOST_BACK, before.n);
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
        if (span_ends(before, span_str(signs[k]))) return true;
    }
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        struct span verb = span_str(verbs[k]);
        if (!span_ends(before, verb)) continue;
        struct span rest = span_slice(before, 0, before.n - verb.n);
        for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
            if (span_ends(rest, span_str(denials[i]))) return true;
        }
    }
    return false;
}
