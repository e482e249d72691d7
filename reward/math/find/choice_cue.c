/* reward/math/find/choice_cue.c - which choice a response settles on.
 *
 * A response names many letters; one of them is its answer. What tells is how it is named:
 *
 *   CLAIM   "the answer is A", "Answer: A", "correct option is A", "A is correct"
 *   PICK    "I choose A", "option A", "it must be A"
 *   LINE    a line that begins with the letter: "A. Because ..."
 *   ALONE   any letter that stands alone
 *
 * The strongest kind that names one wins, and among its own the last. A letter that is denied
 * ("not B", "B is wrong", "many choose B") names nothing, and two letters at one cue ("A or B") are
 * no answer.
 *
 * (1) A candidate's place is inside the text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/choice.h"

#include <assert.h>

#include "base/ascii.h"
#include "reward/math/find/taken_back.h"
#include "reward/math/read/foreign.h"
#include "reward/math/read/words.h"

enum { MAX_WORDS = 8, MAX_STATEMENT = 60 };

static int at(struct span s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : 0;
}

static bool begins(struct span s, size_t i, const char *words)
{
    return words_start(span_slice(s, i, s.n), span_str(words));
}

static bool is_word(int c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || c == '\'' || c == '_';
}

/* words stand at s.p[i], and no letter sticks to their end. */
static bool is_here(struct span s, size_t i, const char *words)
{
    return begins(s, i, words) && !ascii_is_letter(at(s, i + strlen(words)));
}

static bool any_here(struct span s, size_t i, const char *const *list, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (is_here(s, i, list[k])) return true;
    }
    return false;
}
#define ANY_HERE(s, i, list) any_here(s, i, list, sizeof(list) / sizeof((list)[0]))

/* ---- what stands around a letter --------------------------------------------------------------- */

/* Signs that only dress a letter: A), A**, A}. */
static size_t after_dress(struct span s, size_t i)
{
    while (at(s, i) != 0 && strchr(")]*}$\"'`_", at(s, i)) != NULL) {
        i++;
    }
    return i;
}

static size_t after_spaces(struct span s, size_t i)
{
    while (at(s, i) == ' ' || at(s, i) == '\t') {
        i++;
    }
    return i;
}

/* The offset after the letter at s.p[i] and others listed with it: "B, C and D". */
static size_t after_list(struct span s, size_t i)
{
    static const char *const joints[] = {", and ", ", or ", ", ",           " and ",
                                         " or ",   "/",     "\xe3\x80\x81", "\xe5\x92\x8c"};
    size_t end = after_dress(s, i + 1);
    for (bool again = true; again;) {
        again = false;
        for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]) && !again; k++) {
            size_t next = end + strlen(joints[k]);
            if (at(s, next) == '(') next++;
            again = begins(s, end, joints[k]) && at(s, next) >= 'A' && at(s, next) <= 'Z' &&
                    !is_word(at(s, next + 1));
            if (again) end = after_dress(s, next + 1);
        }
    }
    return end;
}

/* What follows the letter at s.p[i], or the list that it begins, says that it is wrong. */
static bool is_denied_after(struct span s, size_t i)
{
    static const char *const words[] = {
        "is wrong",    "is incorrect",  "is not",          "is false",
        "are",         "would",         "cannot",          "can't",
        "can be",      "isn't",         "is ruled",        "is out",
        "is excluded", "is eliminated", "seems wrong",     "is too",
        "ignores",     "fails",         "contradicts",     "because they",
        "if ",         "could",         "might",           "is a distractor",
        "was wrong",   "is invalid",    "is impossible",   "doesn't",
        "does not",    "violates",      "but it is wrong", "no"};
    static const char *const chinese[] = {"\xe9\xa1\xb9\xe9\x94\x99\xe8\xaf\xaf", /* item wrong */
                                          "\xe9\x94\x99\xe8\xaf\xaf",
                                          "\xe4\xb8\x8d", /* wrong; not */
                                          "\xe9\xa1\xb9\xe4\xb8\x8d",
                                          "\xe9\x94\x99",
                                          "\xe9\x83\xbd\xe4\xb8\x8d", /* all not; all wrong */
                                          "\xe9\x83\xbd\xe9\x94\x99",
                                          "\xe5\x9d\x87\xe4\xb8\x8d",
                                          "\xe5\x9d\x87\xe9\x94\x99",
                                          "\xe5\xbf\xbd\xe7\x95\xa5",
                                          "\xe4\xb8\x8e"};
    size_t next = after_spaces(s, after_list(s, i));
    if (ANY_HERE(s, next, words) || foreign_denies_behind(s, next)) return true;
    for (size_t k = 0; k < sizeof(chinese) / sizeof(chinese[0]); k++) {
        if (begins(s, next, chinese[k])) return true;
    }
    return false;
}

/* After the letter at s.p[i] the clause ends, or gives a reason; it does not tell what the letter
 * does. */
static bool ends_clause(struct span s, size_t i)
{
    static const char *const reasons[] = {"because", "since", "as",   "for", "which", "that",
                                          "with",    "but",   "here", "due", "in",    "and"};
    size_t end = after_list(s, i), next = after_spaces(s, end);
    int c = at(s, next);
    if (end > after_dress(s, i + 1)) return !ascii_is_letter(c); /* "B and D contradict" */
    return !(c >= 'a' && c <= 'z') || ANY_HERE(s, next, reasons);
}

/* "A is correct", "A is the right answer", U+9879 U+6B63 U+786E. */
static bool is_affirmed_after(struct span s, size_t i)
{
    static const char *const words[] = {"is correct",
                                        "is right",
                                        "is the correct",
                                        "is the right",
                                        "is the best",
                                        "is the answer",
                                        "is true",
                                        "is therefore correct",
                                        "is the only correct",
                                        "is my answer",
                                        "is my final answer",
                                        "must be correct",
                                        "yes",
                                        "is therefore the",
                                        "is thus the correct",
                                        "is the most"};
    static const char *const chinese[] = {
        "\xe9\xa1\xb9\xe6\xad\xa3\xe7\xa1\xae", "\xe6\xad\xa3\xe7\xa1\xae",
        "\xe6\x98\xaf\xe5\xaf\xb9\xe7\x9a\x84", "\xe6\x98\xaf\xe6\xad\xa3\xe7\xa1\xae"};
    size_t next = after_spaces(s, after_dress(s, i + 1));
    if (ANY_HERE(s, next, words)) return true;
    for (size_t k = 0; k < sizeof(chinese) / sizeof(chinese[0]); k++) {
        if (begins(s, next, chinese[k])) return true;
    }
    return false;
}

/* Words of other languages that deny stand right before s.p[i]; so do, in Chinese, "not", "do not choose", "cannot
 * choose". */
static bool is_denied_abroad(struct span s, size_t i)
{
    static const char *const chinese[] = {"\xe4\xb8\x8d", "\xe4\xb8\x8d\xe9\x80\x89",
                                          "\xe4\xb8\x8d\xe8\x83\xbd\xe9\x80\x89"};
    bool denied = foreign_denies_before(s, i);
    for (size_t k = 0; k < sizeof(chinese) / sizeof(chinese[0]) && !denied; k++) {
        denied = span_ends(span_slice(s, 0, i), span_str(chinese[k]));
    }
    return denied;
}

/* The last words before s.p[i] turn the cue there into its opposite, or speak of others. */
static bool is_denied_before(struct span s, size_t i)
{
    static const char *const words[] = {
        "not",       "n't",    "never",  "eliminate",  "eliminating", "rule out", "exclude",
        "excluding", "reject", "unlike", "than",       "students",    "people",   "many",
        "some",      "others", "would",  "might",      "could",       "may",      "neither",
        "cannot",    "except", "wrong",  "tempted to", "incorrectly", "to",       "why",
        "nicht",     "non",    "no",     "kein",       "keine",       "all but",  "anything but",
        "everything but"};
    static const char *const skipped[] = {"the ", "a ",  "an ",  "choice ", "option ", "be ", "is ",
                                          "la ",  "le ", "die ", "der ",    "das ",    "el "};
    for (bool again = true; again;) {
        again = false;
        while (i > 0 && strchr(" (*\"'", s.p[i - 1]) != NULL) {
            i--;
        }
        for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]) && !again; k++) {
            size_t n = strlen(skipped[k]) - 1;
            again = i > n && begins(s, i - n, skipped[k]) && !is_word(at(s, i - n - 1));
            if (again) i -= n;
        }
    }
    if (is_denied_abroad(s, i)) return true;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        size_t n = strlen(words[k]);
        bool clitic = words[k][1] == '\'';
        bool border = i > n && (!is_word(at(s, i - n - 1)) || clitic);
        if ((border || i == n) && i >= n && begins(s, i - n, words[k])) {
            bool own = i > n + 2 && (begins(s, i - n - 2, "i ") && !is_word(at(s, i - n - 3)));
            return !own; /* "I would choose" */
        }
    }
    return false;
}

/* "A" as an article: followed by a small word that does not speak of the choice itself. */
static bool is_article(struct span s, size_t i)
{
    static const char *const verbs[] = {"is",    "was",   "because", "and",  "or",
                                        "but",   "since", "as",      "must", "should",
                                        "would", "has",   "it is",   "ist",  "est"};
    if (at(s, i) != 'A' && at(s, i) != 'I' && at(s, i) != 'a' && at(s, i) != 'i') return false;
    if (at(s, i + 1) != ' ' || at(s, i + 2) < 'a' || at(s, i + 2) > 'z') return false;
    return !ANY_HERE(s, i + 2, verbs);
}

/* Another letter joined to the one at s.p[i]: "A or B", "A and B", "A/B", "A, B or C". */
static bool is_hedged(struct span s, size_t i, const struct math_options *o)
{
    static const char *const joints[] = {"or", "and", "and/or", "&", "/", "|"};
    static const char *const others[] = {"\xe6\x88\x96", "\xe5\x92\x8c", "\xe3\x80\x81"};
    size_t next = after_spaces(s, after_dress(s, i + 1)), k = 0, then = 0;
    bool comma = at(s, next) == ',';
    if (comma) next = after_spaces(s, next + 1);
    for (; k < sizeof(joints) / sizeof(joints[0]) && then == 0; k++) {
        if (is_here(s, next, joints[k]) || (k > 2 && begins(s, next, joints[k]))) {
            then = next + strlen(joints[k]);
        }
    }
    for (k = 0; k < sizeof(others) / sizeof(others[0]) && then == 0; k++) {
        if (begins(s, next, others[k])) then = next + strlen(others[k]);
    }
    if (then == 0 && !comma) return false;
    if (then == 0) then = next; /* "A, B" */
    then = after_spaces(s, then);
    static const char *const nouns[] = {"option ", "choice ", "answer "};
    for (k = 0; k < sizeof(nouns) / sizeof(nouns[0]); k++) {
        if (begins(s, then, nouns[k])) then += strlen(nouns[k]);
    }
    while (at(s, then) != 0 && strchr("(*[$", at(s, then)) != NULL) {
        then++;
    }
    if (then >= s.n || choice_alone_at(s, then, o, false) < 0 || is_article(s, then)) return false;
    bool listed = !comma || strchr(".,;)]*\n", at(s, then + 1)) != NULL; /* at() is 0 at the end */
    return listed && !is_denied_after(s, then);
}

/* ---- cues -------------------------------------------------------------------------------------- */

enum strength { ALONE, LINE, PICK, CLAIM };

static const struct cue {
    const char *words;
    enum strength strength;
    bool settles; /* without a letter it withdraws what was claimed before: "Answer: unknown" */
} cues[] = {
    {"answer is", CLAIM, true},
    {"answer:", CLAIM, true},
    {"answers are", CLAIM, false},
    {"answer seems", CLAIM, false},
    {"answer would be", CLAIM, false},
    {"answer must be", CLAIM, false},
    {"answer should be", CLAIM, false},
    {"option is", CLAIM, false},
    {"choice is", CLAIM, false},
    {"options are", CLAIM, false},
    {"statement is", CLAIM, false},
    {"corresponds to", CLAIM, false},
    {"answer here is", CLAIM, false},
    {"choice here is", CLAIM, false},
    {"option here is", CLAIM, false},
    {"has to be", PICK, false},
    {"matches", PICK, false},
    {"answer", PICK, false},
    {"i choose", CLAIM, false},
    {"i pick", CLAIM, false},
    {"i select", CLAIM, false},
    {"choose", PICK, false},
    {"chose", PICK, false},
    {"select", PICK, false},
    {"pick", PICK, false},
    {"go with", PICK, false},
    {"going with", PICK, false},
    {"option", PICK, false},
    {"choice", PICK, false},
    {"must be", PICK, false},
    {"so is", ALONE, false}, /* "D is wrong, and so is A" */
    {"so,", PICK, false},
    {"hence,", PICK, false},
    {"thus,", PICK, false},
    {"therefore,", PICK, false},
    {"so", PICK, false},
    {"hence", PICK, false},
    {"thus", PICK, false},
    {"therefore", PICK, false},
    {"\xe7\xad\x94\xe6\xa1\x88", CLAIM, false},
    {"\xe6\x95\x85\xe9\x80\x89", CLAIM, false},
    {"\xe5\xba\x94\xe9\x80\x89", CLAIM, false},
    {"\xe9\x80\x89", PICK, false},
};

/* The cue at s.p[i], NULL when none stands there. */
static const struct cue *cue_at(struct span s, size_t i)
{
    int c = at(s, i) | 0x20;
    if (c < 0x80 && strchr("aocsipgmht", c) == NULL) return NULL;
    if (i > 0 && ascii_is_letter(at(s, i - 1))) return NULL;
    for (size_t k = 0; k < sizeof(cues) / sizeof(cues[0]); k++) {
        if (begins(s, i, cues[k].words)) return &cues[k];
    }
    return NULL;
}

/* Brackets, stars, colons and words that lead to the letter after a cue are stepped over. */
static size_t after_leads(struct span s, size_t i)
{
    static const char *const skipped[] = {"option", "choice",     "answer",  "letter",    "the",
                                          "is",     "definitely", "clearly", "therefore", "thus",
                                          "either", "both",       "to be",   "correct",   "indeed"};
    for (int guard = 0; guard < 8 && i < s.n; guard++) {
        while (i < s.n && (strchr(" :*(\n\t$\"'[{=`_", s.p[i]) != NULL || at(s, i) >= 0x80)) {
            i++;
        }
        bool word = false;
        for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]) && !word; k++) {
            word = is_here(s, i, skipped[k]);
            if (word) i += strlen(skipped[k]);
        }
        if (at(s, i) == '\\') { /* \text{, \boxed{ */
            while (i < s.n && s.p[i] != '{') {
                i++;
            }
            word = true;
        }
        if (!word) break;
    }
    return i;
}

/* Where a choice's letter stands after a few small words of the same clause ("for sure D", "not A
 * but B"), s.n when none does. */
static size_t later_in_clause(struct span s, size_t i, const struct math_options *o)
{
    bool denied = false;
    if (i > 0 && ascii_is_letter(at(s, i - 1))) return s.n; /* "options" */
    for (int words = 0; words < MAX_WORDS && i < s.n; words++) {
        while (at(s, i) != 0 && strchr("(*[$\"", at(s, i)) != NULL) {
            i++;
        }
        bool letter = i < s.n && choice_alone_at(s, i, o, false) >= 0 && !is_article(s, i);
        if (letter && !denied) return i;
        if (is_here(s, i, "not")) denied = true;
        if (is_here(s, i, "but")) denied = false;
        if (!letter && (at(s, i) < 'a' || at(s, i) > 'z')) break;
        while (ascii_is_letter(at(s, i)) || at(s, i) == ')' || at(s, i) == '*') {
            i++;
        }
        if (at(s, i) == ',') i++;
        if (at(s, i) != ' ') break;
        i++;
    }
    return s.n;
}

/* The choice after a cue that ends at i, and its place. */
static int after_cue(struct span s, size_t i, const struct math_options *o, size_t *place)
{
    size_t from = i;
    bool open = i > 0 && ascii_is_letter(at(s, i - 1)); /* what sticks to it makes another word */
    if (open && at(s, i) == 's') i++; /* options */
    if (open && ascii_is_letter(at(s, i))) return -1;
    i = after_leads(s, i);
    if (i >= s.n) return -1;
    int c = choice_alone_at(s, i, o, true);
    if (c >= 0 && at(s, i) >= 'a' && at(s, from) != ':' && at(s, i - 1) != '(' &&
        ascii_is_letter(at(s, i + 2))) {
        c = -1; /* "answer is a matter" */
        if (c < 0) i = later_in_clause(s, i, o);
    }
    if (c < 0) c = i < s.n ? choice_alone_at(s, i, o, false) : -1;
    if (c < 0 || is_article(s, i)) return -1;
    *place = i;
    return c;
}

/* A cue that settles is followed on its line by other words: "Answer: unknown". */
static bool says_otherwise(struct span s, size_t i)
{
    const char *end = i < s.n ? memchr(s.p + i, '\n', s.n - i) : NULL;
    struct span line = span_slice(s, i, end == NULL ? s.n : (size_t)(end - s.p));
    bool letters = false;
    for (size_t k = 0; k < line.n; k++) {
        letters |= ascii_is_letter(line.p[k]);
        if (line.p[k] == '\\' || ascii_is_digit(line.p[k])) return false; /* its content */
    }
    return letters && line.n <= MAX_STATEMENT;
}

/* ---- the response ------------------------------------------------------------------------------ */

static void settle(struct choice_found *best, enum strength *rank, enum strength strength, int c,
                   struct span s, size_t place, bool several)
{
    if (best->choice >= 0 && strength < *rank) return;
    if (best->several && strength < *rank) return;
    assert(place < s.n); /* (1) */
    *best =
        (struct choice_found){several ? -1 : c, span_slice(s, place, place + 1), several, false};
    *rank = strength;
}

/* A letter named by a cue: PICK counts only where nothing denies it. */
static void by_cue(struct span s, const struct math_options *o, struct choice_found *best,
                   enum strength *rank)
{
    const struct cue *cue;
    for (size_t i = 0; i < s.n; i++) {
        if ((cue = cue_at(s, i)) == NULL) continue;
        size_t end = i + strlen(cue->words), place = 0;
        int c = after_cue(s, end, o, &place);
        if (c >= 0 && is_denied_abroad(s, place)) continue;
        bool affirmed = c >= 0 && is_affirmed_after(s, place);
        bool denied = c >= 0 && cue->strength == PICK &&
                      (is_denied_after(s, place) || is_denied_before(s, i) ||
                       !(affirmed || ends_clause(s, place)));
        if (c >= 0 && !denied) {
            settle(best, rank, affirmed ? CLAIM : cue->strength, c, s, place,
                   is_hedged(s, place, o));
        } else if (c < 0 && cue->settles && *rank == CLAIM && says_otherwise(s, end)) {
            *best = (struct choice_found){.choice = -1, .withdrawn = true};
            *rank = CLAIM;
        }
        i = end - 1;
    }
}

/* "A is correct", whatever stands before it. */
static void by_verdict(struct span s, const struct math_options *o, struct choice_found *best,
                       enum strength *rank)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 'A' || s.p[i] > 'z') continue;
        bool bracketed = i > 0 && s.p[i - 1] == '(' && at(s, i + 1) == ')';
        int c = choice_alone_at(s, i, o, bracketed);
        if (c < 0 || !is_affirmed_after(s, i) || is_denied_before(s, i)) continue;
        bool later = best->choice < 0 || *rank < CLAIM || best->at.p < s.p + i;
        if (later) settle(best, rank, CLAIM, c, s, i, false);
    }
}

uint32_t choice_affirmed(struct span s, const struct math_options *o)
{
    uint32_t found = 0;
    for (size_t i = 0; i < s.n; i++) {
        int c = choice_alone_at(s, i, o, false);
        if (c < 0 || c > 31 || !is_affirmed_after(s, i) || is_denied_before(s, i)) continue;
        found |= UINT32_C(1) << c;
    }
    return found;
}

/* A letter begins the line at s.p[i], after signs: "(B) ...", "**A. 42**", "B is correct". */
static int letter_of_line(struct span s, size_t i, const struct math_options *o, size_t *place)
{
    while (at(s, i) != 0 && strchr(" \t*([$", at(s, i)) != NULL) {
        i++;
    }
    if (i >= s.n) return -1;
    bool bracketed = i > 0 && s.p[i - 1] == '(' && at(s, i + 1) == ')';
    int c = choice_alone_at(s, i, o, bracketed);
    if (c < 0 || is_article(s, i) || is_denied_after(s, i)) return -1;
    int after = at(s, i + 1), next = at(s, after_spaces(s, i + 1));
    bool ends = after == 0 || strchr(".:),;\n*]$", after) != NULL || after >= 0x80 || next == '(' ||
                (next >= 'A' && next <= 'Z') || begins(s, i + 1, " is ");
    *place = i;
    return ends ? c : -1;
}

/* One letter begins a line, or several lines the same one; the options written out again begin with
 * all of them. */
static void by_line(struct span s, const struct math_options *o, struct choice_found *best,
                    enum strength *rank)
{
    size_t place = 0, found = 0;
    int only = -1;
    for (size_t i = 0; i < s.n;) {
        int c = letter_of_line(s, i, o, &place);
        if (c >= 0 && i == 0) { /* the response begins with it */
            settle(best, rank, LINE, c, s, place, is_hedged(s, place, o));
            return;
        }
        if (c >= 0 && only >= 0 && only != c) return;
        if (c >= 0) {
            only = c;
            found = place;
        }
        const char *end = memchr(s.p + i, '\n', s.n - i);
        i = end == NULL ? s.n : (size_t)(end - s.p) + 1;
    }
    if (only >= 0) settle(best, rank, LINE, only, s, found, is_hedged(s, found, o));
}

/* Another letter a few bytes before is joined to the one at s.p[i]: "between B and C". */
static bool is_joined_before(struct span s, size_t i, const struct math_options *o)
{
    for (size_t k = i > 12 ? i - 12 : 0; k < i; k++) {
        if (choice_alone_at(s, k, o, false) >= 0 && !is_article(s, k) && is_hedged(s, k, o)) {
            return true;
        }
    }
    return false;
}

static void by_itself(struct span s, const struct math_options *o, struct choice_found *best)
{
    bool short_text = s.n <= 3;
    for (size_t i = s.n; i-- > 0;) {
        int c = choice_alone_at(s, i, o, short_text);
        if (c < 0 || is_article(s, i) || is_denied_after(s, i) || is_denied_before(s, i)) continue;
        bool several = is_joined_before(s, i, o);
        *best = (struct choice_found){several ? -1 : c, span_slice(s, i, i + 1), several, false};
        return;
    }
}

/* What follows the place of a choice, from where its writer last thinks better of it; no bytes where nobody does. */
static struct span second_thoughts(struct span s, struct span place)
{
    static const char *const marks[] = {"no wait", "no, wait",     "Wait, ",       "wait, no",
                                        "... no,", "Scratch that", "scratch that", "Correction:"};
    struct span rest = span_slice(s, (size_t)(place.p - s.p) + place.n, s.n);
    size_t last = 0;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t found = span_find_last(rest, span_str(marks[i]));
        if (found != SPAN_NONE && found + strlen(marks[i]) > last) last = found + strlen(marks[i]);
    }
    return last == 0 ? span_of(NULL, 0) : span_slice(rest, last, rest.n);
}

struct choice_found choice_in(struct span response, const struct math_options *o, bool cues_only)
{
    struct span s = span_trim(response);
    struct choice_found best = {.choice = -1};
    enum strength rank = ALONE;
    by_cue(s, o, &best, &rank);
    by_verdict(s, o, &best, &rank);
    struct span again = best.choice >= 0 ? second_thoughts(s, best.at) : span_of(NULL, 0);
    if (again.n > 0) return choice_in(again, o, cues_only); /* which has no such place any more */
    size_t place = best.choice >= 0 ? (size_t)(best.at.p - s.p) : 0;
    if (best.choice >= 0 && !o->first_answer && taken_back_behind(s, place, place + 1)) {
        best = (struct choice_found){.choice = -1,
                                     .withdrawn = true}; /* "Answer: B. That is wrong." */
    }
    bool settled = best.choice >= 0 || best.several || best.withdrawn;
    if (settled || cues_only) return best;
    by_line(s, o, &best, &rank);
    if (best.choice < 0 && !best.several) by_itself(s, o, &best);
    return best;
}
