/* reward/math/find/prose.c - see prose.h.
 *
 * Where nothing marks the answer only its place tells: it is in the last formula or at the last
 * number, whichever comes last, and the words of that sentence say what it is (stated.h,
 * spoken.h). So texts are read here from their ends, and one function says where a sentence ends
 * (is_stop()): not at "i.e.", nor at the ! of "5! ways".
 *
 * The other half asks what a sentence is worth, without reading its mathematics: whether it
 * refuses, leaves open, denies, breaks off, or is the one that would hold an answer in words. Each
 * function tells one such property, most of them by a list of wordings, English unless it says
 * otherwise; what follows from it is decided where answers are looked for (extract.c) and judged
 * (verdict.c). A wording too many costs an honest answer its reward, one too few pays for a guess.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/prose.h"

#include "base/ascii.h"
#include "reward/math/read/commands.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/phrase.h"
#include "reward/math/read/units.h"
#include "reward/math/find/spoken.h"
#include "reward/math/read/moments.h"
#include "reward/math/read/words.h"

enum { MAX_SHORT = 60, MAX_TAIL = 400, MAX_SENTENCE = 2000, MAX_BACK = 4 };

static const struct span NOTHING = {NULL, 0};

/* A fraction character such as one half ends at s.p[end]: its length, 0 when none does. */
static size_t fraction_before(struct span s, size_t end)
{
    if (end >= 2 && (unsigned char)s.p[end - 2] == 0xc2 && (unsigned char)s.p[end - 1] >= 0xbc &&
        (unsigned char)s.p[end - 1] <= 0xbe) {
        return 2;
    }
    if (end >= 3 && (unsigned char)s.p[end - 3] == 0xe2 && (unsigned char)s.p[end - 2] == 0x85 &&
        (unsigned char)s.p[end - 1] >= 0x90 && (unsigned char)s.p[end - 1] <= 0x9e) {
        return 3;
    }
    return 0;
}

/* A full-width digit ends at s.p[end]. */
static bool is_wide_digit(struct span s, size_t end)
{
    return end >= 3 && (unsigned char)s.p[end - 3] == 0xef && (unsigned char)s.p[end - 2] == 0xbc &&
           (unsigned char)s.p[end - 1] >= 0x90 && (unsigned char)s.p[end - 1] <= 0x99;
}

size_t prose_last_number_end(struct span s)
{
    for (size_t i = s.n; i > 0; i--) {
        if (ascii_is_digit(s.p[i - 1]) || fraction_before(s, i) > 0 || is_wide_digit(s, i)) {
            return i;
        }
    }
    return 0;
}

/* w is a unit or speaks of one. */
static bool names_unit(struct span w)
{
    static const char *const words[] = {"square", "cubic", "sq", "unit", "units", "per"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(w, words[i])) return true;
    }
    return unit_known(w);
}

bool prose_has_words(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        size_t j = i;
        while (j < s.n && ascii_is_letter((unsigned char)s.p[j])) {
            j++;
        }
        struct span w = span_slice(s, i, j);
        bool told =
            i > 0 && (s.p[i - 1] == '\\' || s.p[i - 1] == '{' || ascii_is_digit(s.p[i - 1]));
        if (w.n >= 2 && !told && command_find(w) == NULL && !names_unit(w)) return true;
        if (w.n > 0 && j + 1 < s.n && s.p[j] == '\'' &&
            ascii_is_letter((unsigned char)s.p[j + 1])) {
            return true;
        }
        i = j > i ? j : i + 1;
    }
    return false;
}

/* A sentence ends with the sign s.p[i]; the ! of "5! ways" is a factorial's. */
static bool is_stop(struct span s, size_t i)
{
    bool goes_on =
        i + 2 < s.n && s.p[i + 1] == ' ' &&
        ((s.p[i + 2] >= 'a' && s.p[i + 2] <= 'z') || strchr("=+*/<>^", s.p[i + 2]) != NULL);
    bool factorial = s.p[i] == '!' && i > 0 && ascii_is_digit(s.p[i - 1]) && goes_on;
    bool brief = s.p[i] == '.' && i >= 3 &&
                 (memcmp(s.p + i - 3, "i.e", 3) == 0 || memcmp(s.p + i - 3, "e.g", 3) == 0);
    return (s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?') && !factorial && !brief;
}

size_t prose_last_sentence(struct span s)
{
    for (size_t i = s.n; i > 2; i--) {
        if (s.p[i - 1] == '\n' || (s.p[i - 1] == ' ' && is_stop(s, i - 2))) return i;
    }
    return 0;
}

/* The offset after the last sign of mathematics in s: a digit, a fraction, a command, infinity. 0
 * when it has none. */
static size_t last_sign_end(struct span s)
{
    size_t end = prose_last_number_end(s);
    for (size_t i = s.n; i > end; i--) {
        unsigned char c = (unsigned char)s.p[i - 1];
        bool command = c == '\\' && i < s.n && ascii_is_letter(s.p[i]);
        bool pi = i >= 2 && c == 0x80 && (unsigned char)s.p[i - 2] == 0xcf;
        bool infinity = i >= 3 && c == 0x9e && memcmp(s.p + i - 3, "\xe2\x88\x9e", 3) == 0;
        if (command || pi || infinity) return i;
    }
    return end;
}

/* The sentence that s.p[at] stands in. */
static struct span sentence_around(struct span s, size_t at)
{
    size_t from = prose_last_sentence(span_slice(s, 0, at)), to = at;
    if (at - from > MAX_SENTENCE) from = at - MAX_SENTENCE;
    while (to < s.n && to < at + MAX_SENTENCE && s.p[to] != '\n') {
        bool stop = is_stop(s, to);
        if (stop && to > at && (to + 1 == s.n || s.p[to + 1] == ' ' || s.p[to + 1] == '\n')) break;
        if (stop && to == at && to + 1 < s.n && s.p[to + 1] == ' ') break;
        to++;
    }
    return span_slice(s, from, to);
}

bool prose_last(struct arena *a, struct span text, unsigned kinds, struct stated *out,
                enum math_source *source)
{
    struct formula f;
    bool latex = (kinds & MATH_EXTRACT_LATEX) && formula_last(a, text, &f);
    *out = (struct stated){.text = {NULL, 0}};
    *source = MATH_FROM_EXPRESSION;
    if (kinds & MATH_EXTRACT_EXPR) {
        struct span rest = latex ? span_slice(text, f.to, text.n) : text;
        size_t end = last_sign_end(rest);
        if (end > 0) *out = stated_last(a, sentence_around(rest, end));
    }
    if (out->text.n > 0) return true;
    if (!latex) return false;
    struct spoken v = spoken_value(a, text, f.from, f.to);
    out->text = v.changed ? v.text : words_unwrap(f.inside);
    out->denied = v.denied;
    *source = MATH_FROM_LATEX;
    return !v.denied;
}

bool prose_is_unfinished(struct span s)
{
    s = span_trim(s);
    if (s.n < 2 || strchr("+=/^(<>", s.p[s.n - 1]) == NULL) return false;
    return s.p[s.n - 2] == ' ' || ascii_is_digit(s.p[s.n - 2]);
}

/* "I'm sorry" alone may come before a correction. */
static bool is_negative(struct span s)
{
    static const char *const words[] = {"n't", "not", "unable", "no "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* "Can the answer be 21? We will see.": a question, and that it is left open. */
static bool leaves_open(struct span s, struct span last)
{
    static const char *const openers[] = {
        "we will see",  "we'll see",   "we shall see", "let's see",     "let us see", "who knows",
        "let me think", "hard to say", "i'm not sure", "i am not sure", "not sure"};
    struct span before = span_trim(span_slice(s, 0, (size_t)(last.p - s.p)));
    bool open = false;
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        open |= words_begin(last, openers[i]);
    }
    return open && span_ends(before, span_str("?")) && prose_last_number_end(last) == 0;
}

/* s offers one value beside another: "It might be 16, but it could also be 18." */
static bool hedges(struct span s)
{
    static const char *const words[] = {"ould also be ",    "ight also be ", "ay also be ",
                                        ", most likely ",   " or possibly ", " or perhaps ",
                                        "ould equally be ", "annot decide ", "an't decide "};
    static const char *const ends[] = {"not sure which", "n't know which", "not know which"};
    bool digit = prose_last_number_end(s) > 0;
    while (s.n > 0 && s.p[s.n - 1] == '.') {
        s.n--;
    }
    for (size_t i = 0; digit && i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    for (size_t i = 0; digit && i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (span_ends(s, span_str(ends[i]))) return true;
    }
    return false;
}

bool prose_refuses(struct span s)
{
    static const char *const openings[] = {"i'm sorry",
                                           "i am sorry",
                                           "sorry",
                                           "i apologize",
                                           "i'm unable",
                                           "i am unable",
                                           "i cannot",
                                           "i can't",
                                           "i can not",
                                           "i could not",
                                           "i couldn't",
                                           "as an ai",
                                           "i don't know",
                                           "i do not know",
                                           "unfortunately, i",
                                           "insufficient data",
                                           "insufficient information",
                                           "there is not enough information",
                                           "not enough information"};
    static const char *const questions[] = {"is ",   "are ",   "could ", "can ",
                                            "does ", "would ", "should "};
    static const char *const chinese[] = {
        "\xe6\x97\xa0\xe6\xb3\x95\xe7\xa1\xae\xe5\xae\x9a", /* cannot be determined, told, */
        "\xe6\x97\xa0\xe6\xb3\x95\xe5\x88\xa4\xe6\x96\xad", /* found; too little is given */
        "\xe6\x97\xa0\xe6\xb3\x95\xe6\xb1\x82\xe5\x87\xba",
        "\xe6\x9d\xa1\xe4\xbb\xb6\xe4\xb8\x8d\xe8\xb6\xb3"};
    s = span_trim(s);
    struct span last = span_slice(s, prose_last_sentence(s), s.n);
    for (size_t i = 0; i < sizeof(chinese) / sizeof(chinese[0]) && last.n <= MAX_SENTENCE; i++) {
        if (span_find(last, span_str(chinese[i]), 0) != SPAN_NONE) return true;
    }
    for (size_t i = 0;
         i < sizeof(questions) / sizeof(questions[0]) && span_ends(last, span_str("?")); i++) {
        if (words_begin(last, questions[i])) return true; /* "Is it 3?" */
    }
    if (leaves_open(s, last) || hedges(last)) return true;
    bool supposed =
        words_start(last, span_str("assume ")) || words_start(last, span_str("suppose "));
    if (supposed && span_find(last, span_str("then"), 0) == SPAN_NONE) return true;
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        if (words_begin(last, openings[i])) return i > 3 || is_negative(last);
    }
    return false;
}

/* "28 June 1919" of "28 June 1919, in the Hall of Mirrors"; {NULL, 0} for anything else. */
static struct span day_before_comma(struct arena *a, struct span t)
{
    int64_t day[3];
    for (size_t i = 0; i < t.n && i < 40; i++) {
        bool words = t.p[i] == ',' && i + 2 < t.n && ascii_is_letter(t.p[i + 2]);
        if (words && moments_day(a, span_slice(t, 0, i), day)) return span_slice(t, 0, i);
    }
    return NOTHING;
}

struct span prose_moment(struct arena *a, struct span s)
{
    size_t at = s.n <= MAX_TAIL ? phrase_last_copula(s) : 0;
    size_t when = s.n <= MAX_TAIL ? span_find_last(s, span_str(" at ")) : SPAN_NONE;
    size_t day = s.n <= MAX_TAIL ? span_find_last(s, span_str(" on ")) : SPAN_NONE;
    bool date = day != SPAN_NONE && day + 4 < s.n && (s.p[day + 4] < 'a' || s.p[day + 4] > 'z');
    if (date && (when == SPAN_NONE || day > when)) when = day; /* on July 20, on 20 July */
    if (when != SPAN_NONE && when > at) at = when + 4;
    struct span t = words_unwrap(span_slice(s, at, s.n)); /* or all of it: "5 May 2020" */
    const char *comma = t.n == 0 ? NULL : memchr(t.p, ',', t.n);
    struct span head = comma == NULL ? t : span_slice(t, 0, (size_t)(comma - t.p));
    if (moments_is_time(head)) return head; /* 10:45 AM, 45 minutes later */
    size_t open = span_ends(t, span_str(")")) ? span_find_last(t, span_str(" (")) : SPAN_NONE;
    bool remark = open != SPAN_NONE && moments_date(a, span_slice(t, 0, open));
    if (remark) return span_slice(t, 0, open); /* 3 May 2021 (a Monday) */
    struct span dated = day_before_comma(a, t);
    if (dated.n > 0) return dated;
    if (t.n == 0 || t.n > MAX_SHORT) return NOTHING;
    return moments_date(a, t) || moments_is_time(t) ? t : NOTHING;
}

bool prose_withholds(struct span s)
{
    static const char *const words[] = {
        "not the case that", "cannot be said that", "can't be said that", "obody has shown",
        "not been shown",    "not been proved",     "not known",          "unclear",
        "unknown whether",   "no one has shown"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

bool prose_disowns(struct span s)
{
    static const char *const words[] = {
        "not true that",   "n't true that",   "false that",     "wrong to ",
        "incorrect to ",   "doubt that",      "might think",    "may think",
        "could think",     "obody says",      "no one says",    "cannot be that",
        "can't be that",   "isn't no ",       "aren't no ",     "is not no ",
        "would be no ",    "might be no ",    "may be no ",     "could be no ",
        "erhaps ",         "aybe ",           "not clear that", "not correct that",
        "deny that",       "denies that",     "not mean that",  "not imply that",
        "n't mean that",   "n't imply that",  "is not that ",   "not clear whether",
        "hard to believe", "cannot conclude", "can't conclude", "impossible that",
        "assumed that",    "not so that",     "n't so that"};
    static const char *const turns[] = {" so ", "hus ", "ence ", "herefore "};
    bool concludes = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        concludes |= span_find(s, span_str(turns[i]), 0) != SPAN_NONE;
    }
    bool none =
        span_find(s, span_str(" no "), 0) != SPAN_NONE; /* else it may say the question again */
    bool supposes = none && (words_begin(s, "unless ") || words_begin(s, "if "));
    return prose_withholds(s) || (supposes && !concludes);
}

/* The sentence goes on about what the one before it names. */
static bool is_about_before(struct span s)
{
    static const char *const openers[] = {"it ",     "its ",  "he ",    "his ",   "she ",
                                          "her ",    "they ", "their ", "this ",  "these ",
                                          "in fact", "many ", "some ",  "people "};
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        if (words_begin(s, openers[i])) return true;
    }
    return false;
}

/* Where the clause ends that names what is asked for, before a semicolon and a clause on something else: "The limiting
 * reagent is hydrogen; oxygen is in excess." s.n where it does not. */
static size_t before_other_subject(struct span s)
{
    static const char *const openers[] = {"the ", "this ", "that ",   "it ",      "therefore",
                                          "so ",  "hence", "thus",    "instead",  "rather",
                                          "but ", "no,",   "however", "actually", "in fact",
                                          "and ", "or ",   "then ",   "a ",       "an "};
    size_t at = span_find(s, span_str("; "), 0);
    if (at == SPAN_NONE || !words_begin(s, "the ")) return s.n;
    struct span other = span_slice(s, at + 2, s.n);
    bool says = span_find(span_slice(s, 0, at), span_str(" is "), 0) != SPAN_NONE ||
                span_find(span_slice(s, 0, at), span_str(" was "), 0) != SPAN_NONE;
    for (size_t i = 0; says && i < sizeof(openers) / sizeof(openers[0]); i++) {
        says = !words_begin(other, openers[i]);
    }
    return says ? at : s.n;
}

struct span prose_wording(struct span s)
{
    static const char *const reasons[] = {
        ", who ",    ", which ", ", since ", " since ", ", because ", " because ",
        ", as ",     ", where ", ", whose ", ", with ", ", from ",    ", although ",
        ", though ", " by the ", ", when ",  ", in ",   ", followed "};
    static const char *const turns[] = {"therefore", " so ", "hence", "thus", " but ", "however"};
    s = span_trim(span_slice(s, s.n > MAX_SENTENCE ? s.n - MAX_SENTENCE : 0, s.n));
    struct span last = s;
    for (int i = 0; i < MAX_BACK; i++) {
        size_t from = prose_last_sentence(s);
        last = span_slice(s, from, s.n);
        if (from == 0 || !is_about_before(last)) break;
        s = span_trim(span_slice(s, 0, from));
    }
    size_t end = before_other_subject(last);
    bool held = words_begin(last, "many ") || words_begin(last, "most ") ||
                words_begin(last, "some ") || words_begin(last, "people ");
    if (held) return last; /* "Most think it is Sydney, although ...": what counts comes yet */
    for (size_t k = 0; k < sizeof(reasons) / sizeof(reasons[0]); k++) {
        size_t at = span_find(last, span_str(reasons[k]), 0);
        if (at != SPAN_NONE && at > 0 && at < end) end = at;
    }
    for (size_t k = 0; k < sizeof(turns) / sizeof(turns[0]);
         k++) { /* it comes to something else yet */
        if (span_find(span_slice(last, end, last.n), span_str(turns[k]), 0) != SPAN_NONE)
            return last;
    }
    return span_slice(last, 0, end);
}
