/* reward/math/find/outcome.c - answers that a sentence says in words: there is none, or no bound.
 *
 * "The discriminant is -4, so there are no real solutions." has a number in it, and yet its answer
 * is none. Such outcomes are few and said in few ways; a row each. One counts in the last sentence
 * alone, where no mathematics follows it, and where nothing before it takes it back ("if there were
 * no solution").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/outcome.h"

#include "base/ascii.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MAX_SENTENCE = 400 };

static const struct span NOTHING = {NULL, 0};

enum {
    ANYWHERE,
    AT_END, /* of the sentence: "for all real numbers x" is no outcome */
    TO_END, /* what follows belongs to it */
    EXISTS, /* the sentence ends with "exists" */
};

/* In small letters; % is any adjectives of solutions. */
static const struct row {
    const char *words, *outcome;
    int where;
} rows[] = {
    {"no % solution", "no solution", ANYWHERE},
    {"no % root", "no solution", ANYWHERE},
    {"no value of", "no solution", ANYWHERE},
    {"no values of", "no solution", ANYWHERE},
    {"no real number satisf", "no solution", ANYWHERE},
    {"no real numbers satisf", "no solution", ANYWHERE},
    {"no integer satisf", "no solution", ANYWHERE},
    {"no integers satisf", "no solution", ANYWHERE},
    {"no such", "no solution", EXISTS},
    {"solution set is empty", "no solution", AT_END},
    {"set is empty", "no solution", AT_END},
    {"does not exist", "does not exist", ANYWHERE},
    {"doesn't exist", "does not exist", ANYWHERE},
    {"infinitely many", "infinitely many", ANYWHERE},
    {"an infinite number", "infinitely many", ANYWHERE},
    {"\xe6\x97\xa0\xe8\xa7\xa3", "no solution", AT_END}, /* Chinese: no solution */
    {"diverges", "diverges", AT_END},
    {"is divergent", "diverges", AT_END},
    {"converges", "converges", AT_END},
    {"is undefined", "undefined", AT_END},
    {"cannot be determined", "cannot be determined", ANYWHERE},
    {"can't be determined", "cannot be determined", ANYWHERE},
    {"can not be determined", "cannot be determined", ANYWHERE},
    {"cannot determine", "cannot be determined", ANYWHERE},
    {"can't determine", "cannot be determined", ANYWHERE},
    {"not enough information", "not enough information", ANYWHERE},
    {"isn't enough information", "not enough information", ANYWHERE},
    {"insufficient information", "not enough information", ANYWHERE},
    {"are all real numbers", "all real numbers", AT_END},
    {"is all real numbers", "all real numbers", AT_END},
    {"is the set of all real numbers", "all real numbers", AT_END},
    {"for all real numbers", "all real numbers", AT_END},
    {"all real numbers except", NULL, TO_END},
    {"all reals except", NULL, TO_END},
    {"any real number except", NULL, TO_END},
    {"every real number except", NULL, TO_END},
    {"for all positive real numbers", "all positive real numbers", AT_END},
    {"is all positive real numbers", "all positive real numbers", AT_END},
    {"is all non-negative real numbers", "all non-negative real numbers", AT_END},
    {"is all nonnegative real numbers", "all nonnegative real numbers", AT_END},
};

static const char *const adjectives[] = {"real",     "integer",  "such",   "valid",    "possible",
                                         "rational", "positive", "common", "integral", "feasible"};

/* The offset after the adjectives that stand at s.p[i], each with its space. */
static size_t after_adjectives(struct span s, size_t i)
{
    for (size_t k = 0; k < sizeof(adjectives) / sizeof(adjectives[0]); k++) {
        size_t n = strlen(adjectives[k]);
        bool here = words_begin(span_slice(s, i, s.n), adjectives[k]);
        if (!here || i + n >= s.n || s.p[i + n] != ' ') continue;
        i += n + 1;
        k = (size_t)-1; /* all of them again */
    }
    return i;
}

/* The offset after r's words where they stand at s.p[i]; SPAN_NONE elsewhere. */
static size_t row_end(struct span s, size_t i, const struct row *r)
{
    const char *gap = strstr(r->words, "% ");
    struct span head = span_of(r->words, gap == NULL ? strlen(r->words) : (size_t)(gap - r->words));
    if (!words_start(span_slice(s, i, s.n), head)) return SPAN_NONE;
    if (gap == NULL) return i + head.n;
    i = after_adjectives(s, i + head.n);
    struct span noun = span_str(gap + 2);
    return words_start(span_slice(s, i, s.n), noun) ? i + noun.n : SPAN_NONE;
}

/* Where the last sentence of s begins: after a stop or a line's end. */
static size_t last_sentence(struct span s)
{
    for (size_t i = s.n; i > 1; i--) {
        bool stop = s.p[i - 1] == ' ' && strchr(".!?", s.p[i - 2]) != NULL && s.p[i - 2] != 0;
        if (s.p[i - 1] == '\n' || stop) return i;
    }
    return 0;
}

/* What follows an outcome adds nothing to it: no mathematics, but for the reason. */
static bool ends_there(struct span rest, int where)
{
    static const char *const reasons[] = {"since",  "because",  "as ",    "for which",
                                          "though", "although", "even if"};
    static const char *const other[] = {" is false",         " is not true",
                                        " is wrong",         " is incorrect",
                                        " is mistaken",      " is not right",
                                        " other than",       " except",
                                        " besides",          " apart from",
                                        " unless ",          " is a mistake",
                                        " isn't true",       " is untrue",
                                        " is no longer",     " beyond ",
                                        ", a contradiction", ", which is a contradiction",
                                        ", contradict",      ", which contradicts"};
    bool words = false;
    while (rest.n > 0 && (ascii_is_letter(rest.p[0]) || rest.p[0] == '"')) { /* of "solution|s" */
        rest = span_slice(rest, 1, rest.n);
    }
    for (size_t k = 0; k < sizeof(other) / sizeof(other[0]); k++) {
        if (words_opens(rest, other[k])) return false;
    }
    for (size_t i = 0; i < rest.n; i++) {
        for (size_t k = 0; k < sizeof(reasons) / sizeof(reasons[0]); k++) {
            if (words_begin(span_slice(rest, i, rest.n), reasons[k])) return true;
        }
        if (ascii_is_digit(rest.p[i]) || rest.p[i] == '=') return false;
        words |= i > 0 && ascii_is_letter(rest.p[i]);
    }
    if (where == EXISTS) {
        return span_ends(rest, span_str(" exists.")) || span_ends(rest, span_str(" exist.")) ||
               span_ends(rest, span_str(" exists")) || span_ends(rest, span_str(" exist"));
    }
    return where == ANYWHERE || !words;
}

/* The words before an outcome make it a case that is only thought of, or deny it. */
static bool is_supposed(struct span before)
{
    static const char *const words[] = {
        "if ",     "unless ", "suppose ",  "when ",   "not ",   "assume ", "minus ", "half ",
        "less ",   "more ",   "negative ", "twice ",  "fails ", "false ",  "no ",    "few ",
        "hardly ", "rarely ", "barely ",   "seldom ", "doubt ", "nobody ", "deny ",  "denies "};
    if (span_ends(before, span_str("n't "))) return true; /* "there isn't no solution" */
    if (span_find(before, span_str("\xe8\x8b\xa5"), 0) != SPAN_NONE || /* if, in Chinese */
        span_find(before, span_str("\xe5\xa6\x82\xe6\x9e\x9c"), 0) != SPAN_NONE) {
        return true;
    }
    for (size_t i = 0; i < before.n; i++) {
        if (i > 0 && before.p[i - 1] != ' ') continue;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            if (words_begin(span_slice(before, i, before.n), words[k])) return true;
        }
    }
    return false;
}

/* "no apples left", "no marbles remain": none of them. */
static bool none_left(struct span rest)
{
    static const char *const ends[] = {"left", "remaining", "remain", "at all"};
    if (!words_start(rest, span_str("no "))) return false;
    for (size_t i = 3, words = 0; i < rest.n && words < 4; i++) {
        if (rest.p[i - 1] != ' ') continue;
        for (size_t k = 0; words > 0 && k < sizeof(ends) / sizeof(ends[0]); k++) {
            if (words_begin(span_slice(rest, i, rest.n), ends[k])) {
                return ends_there(span_slice(rest, i + strlen(ends[k]), rest.n), AT_END);
            }
        }
        words++;
    }
    return false;
}

/* s without a clause behind a semicolon that speaks of another thing: "The series converges; a similar one diverges." */
static struct span of_first_thing(struct span s)
{
    static const char *const others[] = {"a similar ",    "another ",         "the other ",
                                         "a different ",  "the alternating ", "the original ",
                                         "for comparison"};
    size_t at = span_find(s, span_str("; "), 0);
    if (at == SPAN_NONE) return s;
    struct span clause = span_slice(s, at + 2, s.n);
    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
        if (words_begin(clause, others[k])) return span_slice(s, 0, at);
    }
    return s;
}

struct span outcome_said(struct span s)
{
    s = span_trim(s);
    size_t from = last_sentence(s);
    struct span last = of_first_thing(span_slice(s, from, s.n));
    if (last.n > MAX_SENTENCE) return NOTHING;
    for (size_t i = 0; i < last.n; i++) {
        bool may = strchr("ndiatfcseNDIATFCSE\xe6", last.p[i]) != NULL &&
                   last.p[i] != 0; /* a row's first */
        if (!may || (i > 0 && ascii_is_letter(last.p[i - 1]))) continue;
        bool none = none_left(span_slice(last, i, last.n));
        if (none && !is_supposed(span_slice(last, 0, i))) return span_str("0");
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            size_t end = row_end(last, i, &rows[k]);
            if (end == SPAN_NONE || is_supposed(span_slice(last, 0, i))) continue;
            if (prose_disowns(span_slice(last, 0, end))) continue;
            if (rows[k].where == TO_END) return span_slice(last, i, last.n);
            struct span rest = span_slice(last, end, last.n);
            if (ends_there(rest, rows[k].where)) return span_str(rows[k].outcome);
        }
    }
    return NOTHING;
}
