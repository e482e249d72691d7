/* reward/math/read/said.c - what a statement says, where an answer is words.
 *
 * "Yes, since 2 divides it" answers yes; "Paris. London" answers nothing. Words are looked for at the
 * front of a statement, where what follows must speak of them, and at its end, where what leads to them
 * must say that they are so. Both ways are closed lists of words: what is on none of them is not
 * taken for an answer, since a right answer that is not read costs one sample and a wrong one that is paid
 * teaches.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/said.h"

#include <string.h>
#include <strings.h>

#include "reward/math/read/words.h"

enum { MOST_STATEMENT = 2000, MOST_WORDS = 200 };

static const char *const TRUTH[] = {"yes", "no", "true", "false", NULL};

/* The word that ends before s.p[end]. */
static struct span word_before(struct span s, size_t end)
{
    while (end > 0 && s.p[end - 1] == ' ') {
        end--;
    }
    size_t from = end;
    while (from > 0 && s.p[from - 1] != ' ') {
        from--;
    }
    return span_slice(s, from, end);
}

static size_t count_words(struct span s)
{
    struct span w;
    size_t n = 0;
    for (size_t i = 0; words_next(s, &i, &w);) {
        n++;
    }
    return n;
}

/* A word of folded s is one of the list. */
static bool has_one(struct span s, const char *const *list)
{
    struct span w;
    for (size_t i = 0; words_next(s, &i, &w);) {
        if (words_in(w, list)) return true;
    }
    return false;
}

/* ---- words at the front ------------------------------------------------------------------------ */

/* A comma or semicolon outside brackets: "on (0,1), decreasing on (1,2)". */
static bool has_parts(struct span s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        depth += (strchr("([{", s.p[i]) != NULL) - (strchr(")]}", s.p[i]) != NULL);
        if (depth <= 0 && (s.p[i] == ',' || s.p[i] == ';')) return true;
    }
    return false;
}

/* What follows the words at the front of a folded statement speaks of them. raw: the statement, or what
 * follows the words there, as it was written. */
static bool goes_on(struct span rest, struct span raw)
{
    static const char *const verbs[] = {
        "is",         "was",    "has",     "will",    "can",      "wins",      "won",
        "does",       "should", "as",      "since",   "because",  "always",    "who",
        "it",         "there",  "such",    "for",     "finishes", "developed", "invented",
        "discovered", "wrote",  "painted", "founded", "created",  NULL};
    static const char *const whole[] = {/* where nothing is told apart */
                                        "lies", "lives",      "stands",     "sits",
                                        "on",   "in",         "over",       "at",
                                        "when", "everywhere", "throughout", NULL};
    static const char *const came[] = {"came", "comes", "finished", NULL};
    static const char *const denials[] = {"not", "never", "no", "cannot", NULL};
    static const char *const others[] = {"second", "third", "last",  "none",      "nothing", "lose",
                                         "loses",  "lost",  "wrong", "incorrect", "yes",     NULL};
    static const char *const divided[] = {"and",    "but",  "or",    "while", "then",
                                          "except", "only", "after", NULL};
    struct span first, second = {NULL, 0};
    size_t i = 0;
    if (!words_next(rest, &i, &first)) return true;
    words_next(rest, &i, &second);
    if (words_in(second, denials) || has_one(rest, others)) return false;
    if (words_in(first, verbs)) return true;
    bool placed = words_in(first, came) ? span_is(second, "first") : words_in(first, whole);
    return placed && !has_one(rest, divided) && !has_parts(raw);
}

/* A sentence behind the answer: long enough to speak of it, and with no answer of its own. */
static bool is_sentence(struct arena *a, struct span s)
{
    struct span folded = words_fold(a, s);
    return folded.n == 0 || (count_words(folded) >= 3 && !has_one(folded, TRUTH));
}

/* The statement goes on, after the words at its front, with a remark and not with a second answer:
 * "Yes, such a colouring exists", "Paris, the capital"; no list such as "red, blue". */
static bool is_remark(struct arena *a, struct span rest)
{
    static const char *const openers[] = {"the ",  "a ",     "an ",    "such ",    "it ", "this ",
                                          "that ", "there ", "since ", "because ", "as ", "which ",
                                          "who ",  "with ",  "we ",    "for ",     "so ", "not ",
                                          "they ", "he ",    "she ",   "by ",      "if ", "in ",
                                          "i ",    "from ",  "where ", "although "};
    rest = span_trim(rest);
    if (rest.n == 0) return true;
    int c = rest.p[0];
    struct span behind = span_trim(span_slice(rest, 1, rest.n));
    if (c == ':' || c == '(') return !words_start(behind, span_str("or "));
    if (c == '.' || c == '!') return is_sentence(a, behind);
    if (c != ',' && c != ';') return false;
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        if (words_begin(behind, openers[i])) return true;
    }
    return behind.n == 0;
}

/* ---- words at the end -------------------------------------------------------------------------- */

/* A denial among the last few words before the end, which speaks of what comes right behind it: "without
 * choosing north", "instead of going north". */
static bool is_kept_away(struct span before)
{
    static const char *const denials[] = {
        "without", "instead", "avoid",    "avoids",    "against",  "rather",   "except", "stop",
        "forbids", "denies",  "no",       "hardly",    "rarely",   "few",      "barely", "seldom",
        "unlike",  "nothing", "anything", "excluding", "followed", "preceded", "beaten", NULL};
    size_t end = before.n;
    for (int i = 0; i < 4 && end > 0; i++) {
        struct span w = word_before(before, end);
        if (words_in(w, denials)) return true;
        end = (size_t)(w.p - before.p);
    }
    return false;
}

/* Something denies the end of a folded statement: "it is not a kitten", but "not a cat but a
 * kitten". */
static bool is_denied(struct span before)
{
    static const char *const denials[] = {"not",     "never",       "neither",    "nor",
                                          "isn",     "cannot",      "t",          "wrongly",
                                          "falsely", "incorrectly", "mistakenly", NULL};
    struct span word;
    bool denied = false;
    for (size_t i = 0; words_next(before, &i, &word);) {
        denied |= words_in(word, denials);
        denied &= !span_is(word, "but");
    }
    return denied || is_kept_away(before);
}

/* The same of Chinese, which has no spaces: a not among the last three characters. */
static bool is_denied_chinese(struct span before)
{
    static const char *const denials[] = {"\xe4\xb8\x8d", "\xe6\xb2\xa1", "\xe9\x9d\x9e"};
    struct span end = span_slice(before, before.n > 9 ? before.n - 9 : 0, before.n);
    for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
        if (span_find(end, span_str(denials[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* The word before the last ones lets them be what a sentence says: "it runs v2.14.1". */
static bool leads_to(struct span before)
{
    static const char *const verbs[] = {
        "is",      "are",      "was",     "were",     "be",       "called",   "named",
        "on",      "as",       "but",     "by",       "s",        "so",       "turn",
        "go",      "pick",     "choose",  "facing",   "wearing",  "choosing", "using",
        "being",   "running",  "heading", "turning",  "going",    "pointing", "moving",
        "saying",  "becoming", "showing", "giving",   "meaning",  "naming",   "calling",
        "picking", "taking",   "playing", "holding",  "carrying", "driving",  "riding",
        "making",  "having",   "eating",  "drinking", "getting",  "sitting",  NULL};
    static const char *const none[] = {"this",     "besides", "versus", "unless", "perhaps",
                                       "plus",     "minus",   "times",  "lacks",  "loses",
                                       "excludes", "rejects", "omits",  "misses", "refuses",
                                       "previous", "less",    "across", "excess", NULL};
    if (words_in(before, verbs)) return true;
    bool verb = before.n >= 4 && before.p[before.n - 1] == 's'; /* runs, uses, equals */
    return verb && !words_in(before, none);
}

/* The words are what a subject does: "the series" "converges absolutely". */
static bool tells_of_subject(struct span words, struct span before)
{
    static const char *const verbs[] = {"converges", "diverges",   "increases",
                                        "decreases", "oscillates", NULL};
    static const char *const others[] = {"if", "when", "other", "only", NULL};
    struct span first;
    size_t i = 0;
    return words_next(words, &i, &first) && count_words(before) <= 4 && words_in(first, verbs) &&
           !has_one(before, others);
}

/* The mark between the words at the end of an unfolded statement, of n bytes, and what stands before
 * them: 0 for none. */
static char mark_before(struct span raw, size_t n)
{
    if (raw.n > 0 && raw.p[raw.n - 1] == '.') raw.n--;
    size_t at = raw.n > n ? raw.n - n : 0;
    while (at > 0 && raw.p[at - 1] == ' ') {
        at--;
    }
    return at > 0 && strchr(".!?;,:", raw.p[at - 1]) != NULL ? raw.p[at - 1] : 0;
}

/* A sentence, and the answer behind it by itself: "It is impossible. No." */
static bool stands_alone(struct span words, struct span before)
{
    static const char *const denial[] = {"no", "false", NULL};
    return count_words(before) >= 3 && !has_one(before, TRUTH) &&
           (words_in(words, denial) || !is_denied(before));
}

/* "neither even nor odd": where neither is the answer. */
static bool says_neither(struct span w, struct span s)
{
    size_t at = span_find(s, span_str("neither "), 0);
    return span_is(w, "neither") && at != SPAN_NONE &&
           span_find(s, span_str(" nor "), at) != SPAN_NONE;
}

/* ---- whole statements -------------------------------------------------------------------------- */

/* The version that a folded statement names is w, and it names no other and denies none. */
static bool only_version(struct span s, struct span w)
{
    static const char *const denials[] = {"not",  "never",   "no",     "from",
                                          "than", "instead", "before", NULL};
    struct span word;
    bool found = false;
    for (size_t i = 0; words_next(s, &i, &word);) {
        if (words_in(word, denials)) return false;
        if (words_version(word) && !span_eq(word, w)) return false;
        found |= span_eq(word, w);
    }
    return found;
}

/* The statement without the words that only open it: "Therefore, Alice wins". */
static struct span after_openers(struct span s)
{
    static const char *const openers[] = {"therefore", "thus",    "hence",         "so",
                                          "then",      "finally", "in conclusion", "consequently"};
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        size_t n = strlen(openers[i]);
        if (s.n <= n + 1 || !words_begin(s, openers[i])) continue;
        if (s.p[n] != ' ' && s.p[n] != ',') continue;
        return span_trim(span_slice(s, n + 1, s.n));
    }
    return s;
}

/* "Canberra (not Sydney)", "Canberra, not Sydney": what is denied at the end says nothing more. */
static struct span without_denied_end(struct span s)
{
    static const char *const denials[] = {" (not ", ", not ", " (and not "};
    for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
        size_t at = span_find(s, span_str(denials[i]), 0);
        if (at != SPAN_NONE && at > 0) s = span_slice(s, 0, at);
    }
    return s;
}

/* Folded s, raw as it was written, ends with w, which was n bytes there. */
static bool said_last(struct span w, struct span s, struct span raw, size_t n)
{
    struct span before = span_slice(s, 0, s.n - w.n);
    if ((w.p[0] & 0x80) != 0) return !is_denied_chinese(before) && !is_denied(before);
    if (before.p[before.n - 1] != ' ') return false;
    char mark = mark_before(raw, n);
    if (mark == ':') return count_words(before) <= 3 && !is_denied(before); /* "Day: Saturday" */
    if (mark != 0) return mark == '.' && stands_alone(w, before);
    bool leads = leads_to(word_before(s, before.n)) || span_ends(before, span_str("due to ")) ||
                 tells_of_subject(w, before);
    return leads && !is_denied(before);
}

/* "tungsten (symbol W)": without what a parenthesis at the end remarks; "(or London)" is none. */
static struct span without_remark(struct span s)
{
    size_t open = span_ends(s, span_str(")")) ? span_find_last(s, span_str(" (")) : SPAN_NONE;
    if (open == SPAN_NONE || open == 0) return s;
    return span_starts(span_slice(s, open, s.n), span_str(" (or ")) ? s : span_slice(s, 0, open);
}

bool said_in(struct arena *a, struct span words, struct span statement)
{
    words = words_unwrap(words);
    statement = words_unwrap(statement);
    if (words.n == 0 || statement.n == 0) return false;
    if (statement.n > MOST_STATEMENT || words.n > MOST_WORDS) return false;
    statement = without_remark(without_denied_end(after_openers(statement)));
    struct span w = words_fold(a, words), s = words_fold(a, statement);
    if (w.n == 0 || s.n < w.n) return false;
    if (span_eq(w, s) || says_neither(w, s)) return true;
    if (words_version(w)) return only_version(s, w);
    bool front = statement.n >= words.n && strncasecmp(statement.p, words.p, words.n) == 0;
    struct span raw = span_slice(statement, front ? words.n : 0, statement.n);
    if (span_starts(s, w) && (s.p[w.n] == ' ' || s.p[w.n] == '!')) {
        return (front && is_remark(a, raw)) || goes_on(span_slice(s, w.n, s.n), raw);
    }
    return span_ends(s, w) && s.n > w.n && said_last(w, s, statement, words.n);
}
