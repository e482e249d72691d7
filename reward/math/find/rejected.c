/* reward/math/find/rejected.c - values that are found and then ruled out.
 *
 *     x = 2 or x = 3, but x = 3 is extraneous.
 *          ^^^^^^^^^  ^^^^ the value and the clause that rejects it go
 *
 * A list of candidates is no answer as it stands: one of them is taken back behind it, in brackets or in a clause
 * of its own. The clause goes, and with it the value that it names from the list before it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/rejected.h"

#include <string.h>

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { MAX_TAIL = 600, MAX_VALUE = 60, MAX_ROUNDS = 4 };

static const struct span NOTHING = {NULL, 0};

/* The first of the words in s from `from` on, and which it is; SPAN_NONE without one. */
static size_t find_one(struct span s, size_t from, const char *const *words, size_t n,
                       size_t *which)
{
    size_t found = SPAN_NONE;
    for (size_t k = 0; k < n; k++) {
        size_t at = span_find(s, span_str(words[k]), from);
        if (at == SPAN_NONE || at >= found) continue;
        found = at;
        *which = k;
    }
    return found;
}
#define FIND_ONE(s, from, words, which) \
    find_one(s, from, words, sizeof(words) / sizeof((words)[0]), which)

/* A stem of every way to reject is in s: most responses have none. */
static bool may_reject(struct span s)
{
    static const char *const stems[] = {"ject",   "xtran",      "iscard",    "valid",
                                        "satisf", "a solution", "he domain", "ot work",
                                        "xclud",  "llowed",     "possible",  "\xe8\x88\x8d"};
    size_t which;
    return FIND_ONE(s, 0, stems, &which) != SPAN_NONE;
}

static bool has_digit(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_digit(s.p[i])) return true;
    }
    return false;
}

/* The joint that the value before s.p[end] is listed behind: where it begins; SPAN_NONE without one. */
static size_t joint_before(struct span s, size_t end)
{
    static const char *const joints[] = {" or ", " and ", ", ", "\xe6\x88\x96", "\xe5\x92\x8c"};
    size_t least = end > MAX_VALUE ? end - MAX_VALUE : 0;
    for (size_t i = end; i > least; i--) {
        if (s.p[i - 1] == '.' && i < end && s.p[i] == ' ') return SPAN_NONE;
        for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
            if (words_opens(span_slice(s, i - 1, end), joints[k])) return i - 1;
        }
    }
    return SPAN_NONE;
}

/* s[0, from) and s[to, s.n) as one text. */
static struct span without(struct arena *a, struct span s, size_t from, size_t to)
{
    if (to >= s.n) return span_slice(s, 0, from);
    char *out = arena_alloc(a, from + s.n - to + 1, 1);
    if (out == NULL) return s;
    if (from > 0) memcpy(out, s.p, from);
    memcpy(out + from, s.p + to, s.n - to);
    return span_of(out, from + s.n - to);
}

/* "x = 2 or x = 3 (rejected)" */
static bool in_brackets(struct arena *a, struct span *s)
{
    static const char *const marks[] = {
        "(reject",          "(extraneous",     "(invalid",      "(not valid",
        "(discard",         "(inadmiss",       "(impossible",   "(not allowed",
        "(excluded",        "(not possible",   "(not in the d", "(does not satisfy",
        "(doesn't satisfy", "(not a solution", "(\xe8\x88\x8d", "\xef\xbc\x88\xe8\x88\x8d"};
    size_t which, at = FIND_ONE(*s, 0, marks, &which), end = SPAN_NONE;
    if (at == SPAN_NONE || at == 0) return false;
    if (s->p[at] == '(') end = words_close(*s, at);
    if (s->p[at] != '(') { /* full-width brackets */
        end = span_find(*s, span_str("\xef\xbc\x89"), at);
        if (end != SPAN_NONE) end += 3;
    }
    size_t joint = end == SPAN_NONE ? SPAN_NONE : joint_before(*s, at);
    if (joint == SPAN_NONE || joint == 0) return false;
    *s = without(a, *s, joint, end);
    return true;
}

/* The value of "the extraneous solution x = 3". */
static struct span value_of(struct span clause)
{
    static const char *const heads[] = {
        "however, ", "but ",   "since ",  "because ", "the ",       "extraneous ",
        "negative ", "other ", "second ", "first ",   "solution ",  "root ",
        "value ",    "case ",  "so ",     "that ",    "potential ", "candidate "};
    clause = span_trim(clause);
    for (bool again = true; again;) {
        again = false;
        for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]) && !again; k++) {
            again = words_begin(clause, heads[k]);
            if (again) clause = span_trim(span_slice(clause, strlen(heads[k]), clause.n));
        }
    }
    return clause.n > 0 && clause.n <= MAX_VALUE && has_digit(clause) ? clause : NOTHING;
}

/* list without the value v and the joint beside it. */
static struct span without_value(struct arena *a, struct span list, struct span v)
{
    static const char *const joints[] = {" or ", " and ", ", or ", ", and ", ", ", "\xe6\x88\x96"};
    size_t at = span_find_last(list, v);
    if (at == SPAN_NONE || list.n - at > MAX_TAIL) return list;
    struct span head = span_slice(list, 0, at), tail = span_slice(list, at + v.n, list.n);
    bool whole = tail.n == 0 || !(ascii_is_digit(tail.p[0]) || tail.p[0] == '/');
    for (size_t k = 0; whole && k < sizeof(joints) / sizeof(joints[0]); k++) {
        struct span joint = span_str(joints[k]);
        if (span_ends(head, joint)) return without(a, list, at - joint.n, at + v.n);
    }
    for (size_t k = 0; whole && k < sizeof(joints) / sizeof(joints[0]); k++) {
        struct span joint = span_str(joints[k]);
        if (span_starts(tail, joint)) return without(a, list, at, at + v.n + joint.n);
    }
    return list;
}

/* "..., but x = 3 is extraneous.", "... and the extraneous solution x = -1 is discarded." */
static bool in_clause(struct arena *a, struct span *s)
{
    static const char *const verbs[] = {
        " is rejected",      " is extraneous",        " is discarded",        " is invalid",
        " is not valid",     " is inadmissible",      " must be rejected",    " must be discarded",
        " can be discarded", " does not satisfy",     " doesn't satisfy",     " is not a solution",
        " isn't a solution", " is not in the domain", " does not work",       " is an extraneous",
        " is excluded",      " is not allowed",       " is not possible",     " is impossible",
        " can be rejected",  " should be rejected",   " should be discarded", " isn't valid"};
    static const char *const joints[] = {", but ", " but ", ", and ", " and ",
                                         "; ",     ". ",    ", ",     "\n"};
    size_t which, verb = FIND_ONE(*s, 0, verbs, &which), at = SPAN_NONE, n = 0;
    if (verb == SPAN_NONE) return false;
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
        size_t last = span_find_last(span_slice(*s, 0, verb), span_str(joints[k]));
        if (last == SPAN_NONE || (at != SPAN_NONE && last <= at)) continue;
        at = last;
        n = strlen(joints[k]);
    }
    struct span v = at == SPAN_NONE ? NOTHING : value_of(span_slice(*s, at + n, verb));
    if (v.n == 0 || !has_digit(span_slice(*s, 0, at))) return false;
    size_t end = verb;
    while (end < s->n && s->p[end] != '\n' &&
           !(s->p[end] == '.' && (end + 1 == s->n || s->p[end + 1] == ' '))) {
        end++;
    }
    struct span list = without_value(a, span_slice(*s, 0, at), v), rest = span_slice(*s, end, s->n);
    if (list.p == s->p) {
        *s = without(a, *s, list.n, end);
        return true;
    }
    char *out = arena_alloc(a, list.n + rest.n + 1, 1);
    if (out == NULL) return false;
    if (list.n > 0) memcpy(out, list.p, list.n);
    if (rest.n > 0) memcpy(out + list.n, rest.p, rest.n);
    *s = span_of(out, list.n + rest.n);
    return true;
}

struct span rejected_removed(struct arena *a, struct span s)
{
    struct span t = span_slice(s, s.n > MAX_TAIL ? s.n - MAX_TAIL : 0, s.n);
    if (!may_reject(t)) return s;
    bool found = false;
    for (int i = 0; i < MAX_ROUNDS && (in_brackets(a, &t) || in_clause(a, &t)); i++) {
        found = true;
    }
    return found ? t : s;
}
