/* reward/math/read/impossible.c - see impossible.h.
 *
 *     So it is impossible to tile the board, since ...
 *     -- ++++++++++++++++ =================  what opens, what says it, what it is said of
 *
 * A statement is read from its first word to its last or not at all, by closed lists: "it is not impossible" and
 * "it seems impossible" are in none of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/impossible.h"

#include <assert.h>

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { MOST_STATEMENT = 400 };

/* What a statement says; a reference lists the ones that it agrees with. */
enum saying {
    NOTHING = 0,
    CANNOT = 1 /* it is impossible */,
    NONE = 2 /* no such thing */,
    CAN = 4
};

static const struct form {
    const char *words; /* folded, to the border of a word */
    enum saying says;
} forms[] = {
    {"it is impossible", CANNOT},
    {"it s impossible", CANNOT},
    {"this is impossible", CANNOT},
    {"that is impossible", CANNOT},
    {"that s impossible", CANNOT},
    {"impossible", CANNOT},
    {"it is not possible", CANNOT},
    {"it s not possible", CANNOT},
    {"it isn t possible", CANNOT},
    {"this is not possible", CANNOT},
    {"this isn t possible", CANNOT},
    {"that is not possible", CANNOT},
    {"that isn t possible", CANNOT},
    {"that s not possible", CANNOT},
    {"not possible", CANNOT},
    {"it is never possible", CANNOT},
    {"it is therefore impossible", CANNOT},
    {"it is thus impossible", CANNOT},
    {"it is clearly impossible", CANNOT},
    {"it is therefore not possible", CANNOT},
    {"it is thus not possible", CANNOT},
    {"this is therefore impossible", CANNOT},
    {"it cannot be done", CANNOT},
    {"it can not be done", CANNOT},
    {"it can t be done", CANNOT},
    {"this cannot be done", CANNOT},
    {"this can not be done", CANNOT},
    {"this can t be done", CANNOT},
    {"that cannot be done", CANNOT},
    {"that can t be done", CANNOT},
    {"cannot be done", CANNOT},
    {"can t be done", CANNOT},
    {"there is no such", NONE},
    {"there are no such", NONE},
    {"there exists no such", NONE},
    {"there exist no such", NONE},
    {"no such", NONE},
    {"it is possible", CAN},
    {"it s possible", CAN},
    {"this is possible", CAN},
    {"that is possible", CAN},
    {"that s possible", CAN},
    {"it can be done", CAN},
    {"this can be done", CAN},
    {"that can be done", CAN},
    {"it is indeed possible", CAN},
    {"this is indeed possible", CAN},
};

/* The words of folded s behind head, where it begins with that; p NULL elsewhere. */
static struct span behind(struct span s, const char *head)
{
    size_t n = strlen(head);
    bool here = words_opens(s, head) && (s.n == n || s.p[n] == ' ');
    return here ? span_trim(span_slice(s, n, s.n)) : span_of(NULL, 0);
}

/* Folded s without the words that only open a conclusion. */
static struct span after_openers(struct span s)
{
    static const char *const openers[] = {"so",
                                          "therefore",
                                          "thus",
                                          "hence",
                                          "then",
                                          "clearly",
                                          "consequently",
                                          "finally",
                                          "we conclude that",
                                          "it follows that",
                                          "we see that",
                                          "this means that",
                                          "this shows that",
                                          "in conclusion",
                                          "no",
                                          "we have shown that",
                                          "this proves that",
                                          "we have proved that",
                                          "we find that",
                                          "which means that"};
    for (size_t k = 0; k < sizeof(openers) / sizeof(openers[0]); k++) {
        struct span rest = behind(s, openers[k]);
        bool such =
            span_is(span_str(openers[k]), "no") && words_opens(rest, "such"); /* no opener */
        if (rest.n == 0 || such) continue;
        s = rest;
        k = (size_t)-1; /* all of them again */
    }
    return s;
}

static bool has_one(struct span s, const char *const *list)
{
    struct span w;
    for (size_t i = 0; words_next(s, &i, &w);) {
        if (words_in(w, list)) return true;
    }
    return false;
}

/* s without its reason, which may say anything but another value. */
static struct span before_reason(struct span s)
{
    static const char *const reasons[] = {"since", "because", "as", "so", NULL};
    struct span w;
    for (size_t i = 0; words_next(s, &i, &w);) {
        size_t from = (size_t)(w.p - s.p);
        if (words_in(w, reasons)) return span_slice(s, 0, from);
    }
    return s;
}

/* What follows "it is impossible" leaves it at that: nothing, what is impossible, and for all cases. */
static bool is_whole(struct span rest)
{
    static const char *const limits[] = {
        "not", "never", "but",  "however", "unless",   "except", "without",     "otherwise",
        "if",  "when",  "only", "though",  "although", "while",  "other",       "than",
        "yes", "or",    "more", "enough",  "beyond",   "apart",  "information", "besides",
        "odd", "even",  "most", "some",    "actually", "always", NULL};
    static const char *const unknown[] = {
        /* "impossible to say" answers nothing; "to avoid it" the opposite */
        "say",      "tell",    "know",   "determine", "decide", "answer",    "judge",   "guess",
        "conclude", "compute", "be",     "infer",     "state",  "calculate", "predict", "prove",
        "avoid",    "fail",    "lose",   "miss",      "deny",   "see",       "think",   "imagine",
        "resist",   "prevent", "escape", "exclude",   "verify", NULL};
    struct span w, next = {NULL, 0};
    size_t i = 0;
    rest = before_reason(rest);
    if (!words_next(rest, &i, &w)) return true;
    words_next(rest, &i, &next);
    if (has_one(rest, limits)) return false;
    if (span_is(w, "to")) return next.n > 0 && !words_in(next, unknown);
    if (span_is(w, "for"))
        return span_is(next, "any") || span_is(next, "all") || span_is(next, "every");
    return span_is(w, "with") || span_is(w, "in") || span_is(w, "under") || span_is(w, "by");
}

/* The thing that "no such ..." names, at most four words, and nothing but "exists" behind it. */
static struct span thing_named(struct span rest)
{
    static const char *const others[] = {"thing",   "things", "restriction", "requirement", "rule",
                                         "limit",   "need",   "condition",   "guarantee",   "claim",
                                         "problem", "bound",  "assumption",  "luck",        NULL};
    static const char *const ends[] = {"exists", "exist", NULL};
    static const char *const limits[] = {
        "other",  "than",    "but",     "except", "besides", "unless", "if",      "when",
        "only",   "and",     "or",      "apart",  "not",     "is",     "are",     "has",
        "have",   "beyond",  "above",   "below",  "over",    "under",  "greater", "less",
        "larger", "smaller", "outside", "within", NULL};
    struct span w, named = rest;
    size_t i = 0, words = 0;
    rest = before_reason(rest);
    named.n = 0;
    if (has_one(rest, limits) || has_one(rest, others)) return span_of(NULL, 0);
    for (; words_next(rest, &i, &w) && !words_in(w, ends); words++) {
        named.n = (size_t)(w.p - named.p) + w.n;
    }
    bool ended = !words_next(rest, &i, &w);
    return words > 0 && words <= 4 && ended ? named : span_of(NULL, 0);
}

/* "such tiling is impossible", "such graph cannot exist": what it says of a thing of three words at most. */
static enum saying says_of_such(struct span s, struct span *thing)
{
    static const struct form verbs[] = {{"is impossible", CANNOT},
                                        {"is not possible", CANNOT},
                                        {"isn t possible", CANNOT},
                                        {"are impossible", CANNOT},
                                        {"cannot exist", NONE},
                                        {"can not exist", NONE},
                                        {"can t exist", NONE},
                                        {"does not exist", NONE},
                                        {"doesn t exist", NONE},
                                        {"do not exist", NONE},
                                        {"don t exist", NONE},
                                        {"is possible", CAN},
                                        {"exists", CAN},
                                        {"exist", CAN}};
    struct span rest = behind(s, "such"), w;
    size_t i = 0;
    for (int words = 0; words < 3 && words_next(rest, &i, &w); words++) {
        struct span tail = span_trim(span_slice(rest, i, rest.n));
        for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
            struct span end = behind(tail, verbs[k].words);
            if (end.p == NULL) continue;
            *thing = span_slice(rest, 0, i);
            return is_whole(end) ? verbs[k].says : NOTHING;
        }
    }
    return NOTHING;
}

/* What folded s says, and with NONE of what. */
static enum saying says(struct span s, struct span *thing)
{
    s = after_openers(s);
    *thing = span_of(NULL, 0);
    if (words_opens(s, "such ")) return says_of_such(s, thing);
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        struct span rest = behind(s, forms[k].words);
        if (rest.p == NULL) continue;
        if (forms[k].says != NONE) return is_whole(rest) ? forms[k].says : NOTHING;
        *thing = thing_named(rest);
        return thing->n > 0 ? NONE : NOTHING;
    }
    return NOTHING;
}

/* What a reference agrees with, a sum of sayings. */
static unsigned agreeing(struct span gold)
{
    static const struct {
        const char *words;
        unsigned with;
    } golds[] = {{"no", CANNOT | NONE},
                 {"yes", CAN},
                 {"no solution", CANNOT | NONE},
                 {"no solutions", CANNOT | NONE},
                 {"none", NONE},
                 {"none exist", NONE},
                 {"none exists", NONE},
                 {"does not exist", NONE},
                 {"possible", CAN}};
    struct span thing;
    for (size_t k = 0; k < sizeof(golds) / sizeof(golds[0]); k++) {
        if (span_is(gold, golds[k].words)) return golds[k].with;
    }
    enum saying own = says(gold, &thing);
    return own == CANNOT ? CANNOT | NONE : (unsigned)own;
}

/* The clause that a sentence concludes with: behind ", so", or behind a reason that comes first. */
static struct span conclusion(struct span s)
{
    static const char *const joints[] = {", so ", ", hence ", ", thus ",      ", therefore ",
                                         "; so ", "; hence ", "; therefore ", "; thus "};
    static const char *const cases[] = {"if ", "when ", "unless ", "for ", "suppose ", "assume "};
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        if (words_begin(s, cases[k])) return s;
    }
    size_t from = 0;
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
        size_t at = span_find_last(s, span_str(joints[k]));
        if (at != SPAN_NONE && at + strlen(joints[k]) > from) from = at + strlen(joints[k]);
    }
    bool reason = words_begin(s, "since ") || words_begin(s, "because ") || words_begin(s, "as ");
    size_t comma = reason && from == 0 ? span_find_last(s, span_str(", ")) : SPAN_NONE;
    return span_slice(s, comma == SPAN_NONE ? from : comma + 2, s.n);
}

bool impossible_agrees(struct arena *a, struct span gold, struct span statement)
{
    struct span empty[] = {span_str("\\emptyset"), span_str("\\varnothing")}, thing, wanted;
    bool set = span_eq(gold, empty[0]) || span_eq(gold, empty[1]);
    if (statement.n == 0 || statement.n > MOST_STATEMENT || gold.n > MOST_STATEMENT) return false;
    struct span g = words_fold(a, gold), s = words_fold(a, conclusion(statement));
    enum saying said = says(s, &thing);
    if (said == NOTHING) return false;
    assert(said != NONE || thing.n > 0);
    if (!(set ? said != CAN : (agreeing(g) & said) != 0)) return false;
    bool named = says(g, &wanted) == NONE && said == NONE;
    return !named || span_eq(wanted, thing); /* "no such function" is no "no such graph" */
}
