/* reward/math/find/taken_back.c - see taken_back.h.
 *
 *     One might guess \boxed{12}, but this is wrong.
 *                               ^^^^^^ ^^^^ ^^ ^^^^^ openers, who, verb, verdict, and then an end
 *
 * What is denied is told by words that stand next to it, never by a word somewhere in the text: "It is not 41 but
 * \boxed{42}", "\boxed{42}. Note that 41 is wrong." deny something else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/taken_back.h"

#include "base/ascii.h"
#include "reward/math/find/denied.h"
#include "reward/math/read/foreign.h"
#include "reward/math/read/words.h"

enum { MOST_BEFORE = 40, MOST_BEHIND = 120 };

#define APOSTROPHE "\xe2\x80\x99"

/* s ends with the word w, in letters of either case. */
static bool ends_word(struct span s, const char *w)
{
    size_t n = strlen(w);
    if (s.n < n || !words_begin(span_slice(s, s.n - n, s.n), w)) return false;
    bool border = s.n == n || !ascii_is_letter(w[0]) || !ascii_is_letter(s.p[s.n - n - 1]);
    return border && (s.n == n || s.p[s.n - n - 1] != '\\');
}

static bool ends_one(struct span s, const char *const *list)
{
    for (size_t k = 0; list[k] != NULL; k++) {
        if (ends_word(s, list[k])) return true;
    }
    return false;
}

/* Where the word of the list that s begins with ends, 0 without one. */
static size_t after_one(struct span s, const char *const *list)
{
    for (size_t k = 0; list[k] != NULL; k++) {
        size_t n = strlen(list[k]);
        if (words_begin(s, list[k]) && (n >= s.n || !ascii_is_letter(s.p[n]))) return n;
    }
    return 0;
}

/* ---- before ------------------------------------------------------------------------------------ */

/* The sentence ends at s.p[to], or its clause does. */
static bool ends_clause(struct span s, size_t to)
{
    while (to < s.n && strchr(" $*)", s.p[to]) != NULL && s.p[to] != 0) {
        to++;
    }
    return to >= s.n || memchr(".,;\n", s.p[to], 4) != NULL;
}

static bool is_denied_before(struct span s, size_t from, size_t to)
{
    static const char *const denials[] = {"not",
                                          "isn't",
                                          "isn" APOSTROPHE "t",
                                          "wasn't",
                                          "not be",
                                          "cannot be",
                                          "can't be",
                                          "can" APOSTROPHE "t be",
                                          "couldn't be",
                                          "not equal",
                                          "not equal to",
                                          "rule out",
                                          "ruling out",
                                          "\\ne",
                                          "\\neq",
                                          "\\not=",
                                          "!=",
                                          "\xe2\x89\xa0",
                                          NULL};
    static const char *const harmless[] = {"or not", "why not", "if not", NULL};
    static const char *const orders[] = {"reject", "discard", NULL}; /* but "you must discard 3" */
    static const char *const duties[] = {"to", "must", "should", "can", "will", "may", NULL};
    struct span before = span_slice(s, from > MOST_BEFORE ? from - MOST_BEFORE : 0, from);
    while (before.n > 0 && memchr(" $*([\\{", before.p[before.n - 1], 7) != NULL) {
        before.n--;
    }
    if (ends_one(before, denials)) return !ends_one(before, harmless);
    if (denied_by_verb(before, before.n) || foreign_denies_before(before, before.n)) return true;
    if (!ends_one(before, orders) || !ends_clause(s, to)) return false;
    size_t word = before.n;
    while (word > 0 && ascii_is_letter(before.p[word - 1])) {
        word--;
    }
    return !ends_one(span_trim(span_slice(before, 0, word)), duties);
}

/* ---- behind ------------------------------------------------------------------------------------ */

static struct span skip(struct span s, const char *signs)
{
    while (s.n > 0 && s.p[0] != 0 && strchr(signs, s.p[0]) != NULL) {
        s = span_slice(s, 1, s.n);
    }
    return s;
}

/* s without the words that turn: "Wait, ", "but ", "No, ". */
static struct span after_openers(struct span s)
{
    static const char *const openers[] = {"wait",    "no",    "oops", "hmm",      "actually",
                                          "however", "sorry", "but",  "although", NULL};
    for (size_t n = after_one(s, openers); n > 0; n = after_one(s, openers)) {
        s = skip(span_slice(s, n, s.n), " ,.!-\n");
    }
    return s;
}

/* A verdict ends at s.p[0]. firm: a reason may not follow. */
static bool is_end(struct span s, bool firm)
{
    static const char *const more[] = {"because", "since", "as", "and", "but", "so", NULL};
    s = skip(s, "*)");
    if (s.n == 0 || memchr(".!\n", s.p[0], 3) != NULL) return true;
    return !firm && (memchr(",;:", s.p[0], 3) != NULL || after_one(skip(s, " "), more) > 0);
}

/* s begins with a verdict on what was just said: "is wrong.", "isn't right", "was not correct". */
static bool begins_verdict(struct span s, bool firm)
{
    static const char *const verbs[] = {"is clearly", "is",        "was",     "'s",
                                        "would be",   "seems",     "must be", APOSTROPHE "s",
                                        "is also",    "is simply", NULL};
    static const char *const denials[] = {
        "isn't", "wasn't", "can't be", "cannot be", "isn" APOSTROPHE "t", NULL};
    static const char *const bad[] = {"wrong",
                                      "incorrect",
                                      "mistaken",
                                      "a mistake",
                                      "rejected",
                                      "ruled out",
                                      "discarded",
                                      "erroneous",
                                      "not correct",
                                      "not right",
                                      "not quite right",
                                      "not the answer",
                                      "not the right answer",
                                      "not the correct answer",
                                      "not the final answer",
                                      NULL};
    static const char *const good[] = {
        "right",       "correct", "the answer", "the right answer", "the correct answer",
        "quite right", NULL};
    size_t n = after_one(s, denials);
    bool denied = n > 0;
    if (!denied) n = after_one(s, verbs);
    if (n == 0) return false;
    s = skip(span_slice(s, n, s.n), " *");
    n = after_one(s, denied ? good : bad);
    return n > 0 && is_end(span_slice(s, n, s.n), firm);
}

static bool has_digit(struct span s)
{
    bool found = false;
    for (size_t i = 0; i < s.n && !found; i++) {
        found = ascii_is_digit(s.p[i]);
    }
    return found;
}

/* The value itself denies something, and what follows may agree: \boxed{\text{No}}. It is wrong. */
static bool is_denial(struct span s)
{
    static const char *const words[] = {"no",  "false",    "wrong", "incorrect",
                                        "not", "disagree", NULL};
    for (size_t i = 0; i < s.n; i++) {
        bool start = i == 0 || !ascii_is_letter(s.p[i - 1]);
        if (start && after_one(span_slice(s, i, s.n), words) > 0) return true;
    }
    return false;
}

bool taken_back_behind(struct span s, size_t from, size_t to)
{
    static const char *const who[] = {"this answer", "that answer", "this",       "that",
                                      "it",          "my answer",   "the answer", NULL};
    struct span value = span_slice(s, from, from + MOST_BEHIND < to ? from + MOST_BEHIND : to);
    struct span rest = span_slice(s, to, to + MOST_BEHIND);
    bool firm = !has_digit(value); /* "Which one is wrong?" "\boxed{B}. It is wrong because ..." */
    while (rest.n > 1 && rest.p[0] == '\\' && memchr(")]", rest.p[1], 2) != NULL) {
        rest = span_slice(rest, 2, rest.n);
    }
    struct span near = skip(rest, " $*})");
    if (begins_verdict(near, firm)) return !is_denial(value);
    near = after_openers(skip(near, " $*}.,;!-\n"));
    size_t n = after_one(near, who);
    if (n == 0 && !firm) n = after_one(near, (const char *const[]){"which", NULL});
    return n > 0 && begins_verdict(skip(span_slice(near, n, near.n), " "), firm) &&
           !is_denial(value);
}

bool taken_back(struct span s, size_t from, size_t to)
{
    return is_denied_before(s, from, to) || taken_back_behind(s, from, to);
}
