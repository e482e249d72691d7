/* reward/math/verdict.c - one completion against its references.
 *
 *     plain     a bare answer that is the one reference to the letter, or plain numbers: no more is asked
 *     choice    the item has choices, or a reference is a capital letter alone (choices.h)
 *     answer    what the response answers (extract.h) meets the reference in every way (meet.h)
 *     words     a reference in words, and a sentence of the response that says them
 *     whole     a response without marks that is the reference, or begins with the yes or no that it is
 *
 * The answer is found once. Each reference is then met with it, and the best of these verdicts
 * stands (outranks()): correct, then what could not be told yet or at all, and incorrect last.
 * What is told by words here only adds to what mathematics says, but for odds, which equal no
 * probability.
 *
 * No verdict comes from want of means. With MATH_CHEAP what would take long is MATH_DEFER, to be
 * asked again in a worker that may be killed; what is too much with MATH_FULL as well is
 * MATH_CANNOT_JUDGE with its cause. A full arena is such a cause, whatever was concluded: it may
 * be about a part of a side.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <flint/flint.h>

#include "base/ascii.h"
#include "reward/math/real/decimal.h"
#include "reward/math/find/agent.h"
#include "reward/math/find/extract.h"
#include "reward/math/find/gold.h"
#include "reward/math/read/parse.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/closing.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/qualify.h"
#include "reward/math/find/spoken.h"
#include "reward/math/read/chemistry.h"
#include "reward/math/read/impossible.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/said.h"
#include "reward/math/read/words.h"
#include "reward/math/choices.h"
#include "reward/math/math.h"
#include "reward/math/meet.h"

enum {
    CHEAP_BYTES = 256 << 10, /* longer responses are read in a worker */
    MOST_FORMULA = 40,
};

static enum math_verdict verdict_of(const struct math_work *w, enum equality e,
                                    enum math_cause *cause)
{
    *cause = w->cause;
    if (arena_failed(w->arena)) { /* whatever was concluded may be about a part of a side */
        *cause = MATH_TOO_LARGE;
        return MATH_CANNOT_JUDGE;
    }
    if (e == EQ_YES) return MATH_CORRECT;
    if (e == EQ_NO) return MATH_INCORRECT;
    assert(!(w->deferred && w->effort == MATH_FULL)); /* work.h (1) */
    if (w->deferred) return MATH_DEFER;
    *cause = w->timed_out ? MATH_TIMEOUT : w->too_large ? MATH_TOO_LARGE : MATH_UNDECIDED;
    return MATH_CANNOT_JUDGE;
}

/* ---- one reference ----------------------------------------------------------------------------- */

/* s is words: no formula, or a word or a version (v2.14.1) that would read as a product. */
static bool is_words(struct arena *a, struct span s)
{
    bool letters = s.n > 2 || (s.n == 2 && s.p[0] <= 'Z' && s.p[1] >= 'a');
    for (size_t i = 0; i < s.n; i++) {
        letters &= ascii_is_letter(s.p[i]) || s.p[i] == ' ';
    }
    return s.n > 0 && s.n <= 200 && (letters || words_version(s) || !formula_reads(a, s));
}

/* T for true, F for false. */
static bool is_initial(struct arena *a, struct span words, struct span answer)
{
    struct span s = words_unwrap(answer);
    return (span_is(s, "T") && words_same(a, words, span_str("true"))) ||
           (span_is(s, "F") && words_same(a, words, span_str("false")));
}

/* s is letters and spaces, or a sign of the empty set. */
static bool may_be_saying(struct span s)
{
    bool letters = s.n > 1;
    for (size_t i = 0; i < s.n && letters; i++) {
        letters = ascii_is_letter(s.p[i]) || s.p[i] == ' ';
    }
    return letters || span_is(s, "\\emptyset") || span_is(s, "\\varnothing");
}

/* "It is impossible", where the reference says no; not of a response that begins with another yes or no. */
static bool says_impossible(struct arena *a, struct span words, struct span place,
                            const struct extraction *x)
{
    if (!may_be_saying(words)) return false;
    bool unmarked = x->source == MATH_FROM_EXPRESSION || x->source == MATH_FROM_LATEX;
    if (unmarked && x->response.n == 0) return false;
    struct span last = unmarked ? prose_wording(closing_removed(x->response)) : place;
    bool yes = words_begin(x->response, "yes"), no = words_begin(x->response, "no,");
    bool other = words_begin(words, "yes") ? no : yes;
    return !other && impossible_agrees(a, words, plain_text(a, last));
}

/* "CO2 is released.", where nothing marks the answer. */
static bool names_formula(struct arena *a, struct span words, const struct extraction *x)
{
    bool unmarked = x->source == MATH_FROM_EXPRESSION || x->source == MATH_FROM_LATEX;
    bool capital = words.n > 1 && words.p[0] >= 'A' && words.p[0] <= 'Z', digit = false;
    for (size_t i = 1; i < words.n && capital; i++) {
        digit |= ascii_is_digit(words.p[i]);
    }
    if (!unmarked || !digit || words.n > MOST_FORMULA || x->response.n == 0) return false;
    struct span s = span_trim(x->response);
    return chemistry_said(a, words, plain_text(a, span_slice(s, prose_last_sentence(s), s.n)));
}

/* The answer gives odds, "3 to 8" or "3:8", and the reference is no ratio: odds are no probability. */
static bool are_odds(struct span gold, struct span answer, struct span place)
{
    struct span to = span_str(" to ");
    bool ratio = span_has(answer, ':') || span_find(answer, to, 0) != SPAN_NONE;
    bool wanted = span_has(gold, ':') || span_find(gold, to, 0) != SPAN_NONE;
    bool odds = ratio && !wanted &&
                (span_find(place, span_str("odds "), 0) != SPAN_NONE ||
                 words_begin(place, "odds ") || span_ends(place, span_str(" odds")));
    return odds;
}

/* A reference in words, and a statement, or the sentence around it, that says them or the same
 * property. */
static bool words_agree(struct arena *a, struct span gold, struct span answer, struct span place,
                        const struct extraction *x)
{
    struct span words = words_unwrap(plain_words(a, gold)), around = x->place;
    if (says_impossible(a, words, place, x) || names_formula(a, words, x)) return true;
    if (!is_words(a, words) || (prose_disowns(place) && !prose_disowns(words))) return false;
    if (qualify_by_cases(place) && !qualify_by_cases(words)) return false;
    bool unmarked = x->source == MATH_FROM_EXPRESSION || x->source == MATH_FROM_LATEX;
    if (unmarked && x->response.n > 0) {
        struct span sentence = plain_text(a, prose_wording(closing_removed(x->response)));
        bool alone = sentence.n <= words.n + 2; /* "Paris. London" says neither */
        if (prose_disowns(sentence) && !prose_disowns(words)) return false;
        if (qualify_by_cases(sentence) && !qualify_by_cases(words)) return false;
        if (!alone && said_in(a, words, sentence)) return true;
        if (words_same(a, words, agent_named(plain_text(a, x->whole)))) return true;
    }
    return said_in(a, words, place) || said_in(a, words, around) || is_initial(a, words, answer) ||
           words_with_noun(a, words, answer) ||
           words_same_property(a, words, plain_words(a, answer));
}

/* The answer "five (6)" in digits where the reference is a number's. */
static struct span as_gold_writes(struct arena *a, struct span gold, struct span answer)
{
    int64_t n;
    bool number = numerals_whole(gold, &n);
    for (size_t i = 0; i < gold.n && !number; i++) {
        number = ascii_is_digit(gold.p[i]);
    }
    struct span words = words_unwrap(answer);
    struct span digits = number ? spoken_in_digits(a, words) : words;
    return digits.p == words.p ? answer : digits;
}

static void judge_one(struct arena *a, struct span gold_text, const struct math_options *o,
                      enum math_effort effort, const struct extraction *found,
                      struct math_result *out)
{
    struct math_options local = *o;
    if (o->language.n == 0 && found->language.n > 0) local.language = found->language;
    struct math_work w = work_begin(a, &local, effort);
    struct span gold = gold_answer(a, gold_text, o), answer = found->text;
    out->gold = gold;
    trace_add(o->trace, "reference", gold, "what the reference says");
    if (gold.n == 0) {
        out->verdict = MATH_CANNOT_JUDGE;
        out->cause = MATH_UNPARSABLE_GOLD;
        return;
    }
    struct stated said = {.text = answer}, meant = extract_inside(a, gold, o);
    if (!found->spoken) said = extract_inside(a, answer, o);
    if (said.changed) {
        out->extracted = answer = said.text;
        trace_add(o->trace, "words", answer, "words beside the value change it");
    } else if (!found->spoken) {
        struct span digits = as_gold_writes(a, gold, answer);
        if (digits.p != answer.p) said = extract_inside(a, digits, o);
        answer = said.changed ? said.text : digits;
    }
    if (meant.changed) gold = meant.text;
    enum equality e = meet_all(&w, gold, answer, &said, out);
    bool odds = are_odds(gold, answer, found->place) || are_odds(gold, answer, said.plain);
    if (e == EQ_YES && odds) e = work_no(&w, MATH_NOT_EQUAL_KIND);
    bool words = e != EQ_YES && words_agree(a, gold, answer, said.plain, found);
    if (words) e = work_yes(&w, MATH_EQUAL_WORDS);
    enum math_cause cause = w.cause;
    if (e == EQ_NO) e = meet_around(&w, gold, answer, &said, found, out);
    if (e == EQ_NO) w.cause = cause;
    struct span value = e == EQ_NO ? gold_value(a, gold) : span_of(NULL, 0);
    if (value.n > 0 && !span_eq(value, gold)) e = meet_all(&w, value, answer, &said, out);
    if (e == EQ_NO && w.deferred) { /* one of the other ways to read it may still agree */
        e = EQ_UNKNOWN;
    }
    out->verdict = verdict_of(&w, e, &out->cause);
    if (e == EQ_NO && value.n == 0 && gold_is_unreadable(a, gold)) {
        out->verdict = MATH_CANNOT_JUDGE;
        out->cause = MATH_UNPARSABLE_GOLD;
    }
}

/* Which of two verdicts about two references stands: correct, then what may still become it. */
static bool outranks(enum math_verdict a, enum math_verdict b)
{
    static const int rank[] = {
        [MATH_CORRECT] = 3, [MATH_DEFER] = 2, [MATH_CANNOT_JUDGE] = 1, [MATH_INCORRECT] = 0};
    return rank[a] > rank[b];
}

static bool is_truth_word(struct arena *a, struct span s)
{
    static const char *const words[] = {"yes",          "no",           "true",
                                        "false",        "ja",           "nein",
                                        "oui",          "non",          "s\xc3\xad",
                                        "s\xc3\xac",    "sim",          "n\xc3\xa3o",
                                        "\xe6\x98\xaf", "\xe5\x90\xa6", "\xe5\xaf\xb9",
                                        "\xe9\x94\x99"}; /* Chinese: yes no right wrong */
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words_same(a, s, span_str(words[i]))) return true;
    }
    return false;
}

/* The last sentence of s where it is a conclusion, "The claim ... is therefore false", without its reason. p NULL:
 * it is none. */
static struct span conclusion_of(struct span s)
{
    static const char *const openers[] = {"so ", "therefore", "thus", "hence"};
    static const char *const inside[] = {" is therefore ", " is thus ", " is hence "};
    static const char *const reasons[] = {" because ", " since ", ", as "};
    struct span last = span_slice(s, prose_last_sentence(s), s.n);
    bool concludes = false;
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        concludes |= words_begin(last, openers[i]);
    }
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        concludes |= span_find(last, span_str(inside[i]), 0) != SPAN_NONE;
    }
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        size_t at = span_find(last, span_str(reasons[i]), 0);
        if (at != SPAN_NONE) last = span_slice(last, 0, at);
    }
    return concludes ? last : span_of(NULL, 0);
}

/* s only asks whether something is true, supposes it, or comes to another view of it behind a "but". */
static bool leaves_truth_open(struct span s)
{
    static const char *const words[] = {"doubt that ", "hether ",      " true only if ",
                                        "false that ", "might say ",   "may say ",
                                        "could say ",  "would be true", "would be false"};
    static const char *const views[] = {" not", " true", " false", " holds", " fails"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    size_t but = span_find_last(s, span_str(", but "));
    for (size_t i = 0; but != SPAN_NONE && i < sizeof(views) / sizeof(views[0]); i++) {
        if (span_find(s, span_str(views[i]), but) != SPAN_NONE) return true;
    }
    return false;
}

/* What s calls true or false: "The claim is false, because ..." is it what g says? The last such of a conclusion, else
 * the first of all. */
static bool is_predicate(struct arena *a, struct span s, struct span g)
{
    static const struct {
        const char *words, *says;
    } forms[] = {{" is true", "true"},
                 {" is false", "false"},
                 {" is not true", "false"},
                 {" is not false", "true"},
                 {" isn't true", "false"},
                 {" isn't false", "true"},
                 {" is never true", "false"},
                 {" is always true", "true"},
                 {", so yes", "yes"},
                 {", so no,", "no"},
                 {", so no.", "no"},
                 {" is therefore true", "true"},
                 {" is therefore false", "false"},
                 {" is thus true", "true"},
                 {" is thus false", "false"},
                 {" is hence true", "true"},
                 {" is hence false", "false"}};
    const char *says = NULL;
    struct span end = conclusion_of(s);
    size_t found = SPAN_NONE;
    if (words_begin(s, "neither ") || words_begin(s, "none ") || words_begin(s, "not ")) {
        return false;
    }
    if (prose_withholds(s) || (end.n == 0 && leaves_truth_open(s))) return false;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct span words = span_str(forms[i].words);
        size_t at = end.n > 0 ? span_find_last(end, words) : SPAN_NONE;
        if (at == SPAN_NONE || (found != SPAN_NONE && at <= found)) continue;
        found = at;
        says = forms[i].says;
    }
    bool concluded = says != NULL;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !concluded; i++) {
        size_t at = span_find(s, span_str(forms[i].words), 0);
        if (at == SPAN_NONE || at >= found) continue;
        found = at;
        says = forms[i].says;
    }
    return says != NULL && words_same(a, span_str(says), g);
}

/* s ends with a sentence that is a yes or no, and not what g says: "True. False." */
static bool is_taken_back(struct arena *a, struct span s, struct span g)
{
    struct span last = words_unwrap(span_slice(s, prose_last_sentence(s), s.n));
    return is_truth_word(a, last) && !words_same(a, last, g);
}

/* The offset after the first word of s: before a space or a stop, one of Chinese too. */
static size_t first_word_end(struct span s)
{
    static const char *const stops[] = {"\xef\xbc\x8c", "\xe3\x80\x82", "\xef\xbc\x9a",
                                        "\xef\xbc\x9b", "\xef\xbc\x81"};
    for (size_t i = 0; i < s.n; i++) {
        if (strchr(",. ;:!\n", s.p[i]) != NULL) return i;
        for (size_t k = 0; k < sizeof(stops) / sizeof(stops[0]); k++) {
            if (words_opens(span_slice(s, i, s.n), stops[k])) return i;
        }
    }
    return s.n;
}

/* The first word of s without its emphasis: "**No**, since", "**No.** It is". */
static struct span first_word(struct span s)
{
    while (s.n > 0 && (s.p[0] == '*' || s.p[0] == '_')) {
        s = span_slice(s, 1, s.n);
    }
    s = span_slice(s, 0, first_word_end(s));
    while (s.n > 0 && (s.p[s.n - 1] == '*' || s.p[s.n - 1] == '_')) {
        s.n--;
    }
    return s;
}

/* s begins with words, and they end there. */
static bool begins_whole(struct span s, const char *words)
{
    size_t n = strlen(words);
    return words_begin(s, words) && (s.n == n || !ascii_is_letter(s.p[n]));
}

/* What follows a yes or no makes it another word, or takes it back: "Yes and no", "No doubt", "No, wait, yes". */
static bool is_no_verdict(struct span rest)
{
    static const char *const after_stop[] = {
        "and no",     "or no",       "but no",           "but actually no", "(no",      "and yes",
        "or yes",     "but yes",     "but actually yes", "wait, yes",       "wait, no", "wait yes",
        "wait no",    "(yes",        "is wrong",         "is incorrect",    "is false", "sorry, no",
        "sorry, yes", "actually no", "actually yes"};
    static const char *const after_space[] = {" doubt", " problem", " one"}; /* "no one" */
    for (size_t k = 0; k < sizeof(after_space) / sizeof(after_space[0]); k++) {
        if (begins_whole(rest, after_space[k])) return true;
    }
    size_t i = 0;
    while (i < rest.n && strchr(" ,.;:!*_\n", rest.p[i]) != NULL) {
        i++;
    }
    rest = span_slice(rest, i, rest.n);
    for (size_t k = 0; k < sizeof(after_stop) / sizeof(after_stop[0]); k++) {
        if (begins_whole(rest, after_stop[k])) return true;
    }
    return false;
}

/* A response without marks that is the reference word for word, or that begins with the yes or no
 * that the reference is. */
static bool is_whole_answer(struct arena *a, const struct extraction *found, struct span gold)
{
    bool unmarked = found->source == MATH_FROM_EXPRESSION || found->source == MATH_FROM_LATEX ||
                    (found->source == MATH_FROM_NOWHERE && found->cause == MATH_NO_ANSWER_FOUND);
    struct span g = words_unwrap(gold);
    if (!unmarked || found->whole.n == 0 || !(prose_has_words(g) || is_truth_word(a, g))) {
        return false;
    }
    if (words_same(a, found->whole, g)) return true;
    struct span first = first_word(found->whole);
    if (first.n == 6 && span_ends(first, span_str("\xe7\x9a\x84"))) first.n = 3; /* it is so */
    if (!is_truth_word(a, g) || is_taken_back(a, found->whole, g)) return false;
    if (qualify_by_cases(found->whole)) return false;
    if (!is_truth_word(a, first)) return is_predicate(a, found->whole, g);
    size_t behind = (size_t)(first.p - found->whole.p) + first.n;
    struct span rest = span_slice(found->whole, behind, found->whole.n);
    return words_same(a, first, g) && !is_no_verdict(rest);
}

/* The fast path: a bare answer that is the reference to the letter, or plain numbers on both
 * sides. */
static bool judge_plain(struct span answer, struct span gold, const struct math_options *o,
                        struct math_result *out)
{
    struct decimal x, y;
    answer = span_trim(answer);
    gold = span_trim(gold);
    if (gold.n == 0 || o->n_choices > 0 || o->abs_tol > 0 || o->rel_tol > 0 || o->precision_given) {
        return false;
    }
    bool same = span_eq(answer, gold), numbers = false;
    if (!same) numbers = decimal_plain(gold, &x) && decimal_plain(answer, &y);
    if (!same && !numbers) return false;
    bool equal = same || decimal_same(&x, &y);
    *out = (struct math_result){equal ? MATH_CORRECT : MATH_INCORRECT,
                                same    ? MATH_EQUAL_TEXT
                                : equal ? MATH_EQUAL_VALUE
                                        : MATH_NOT_EQUAL,
                                answer, MATH_FROM_BARE, gold};
    return true;
}

void math_judge(struct arena *a, struct span completion, const struct span *golds, int n_golds,
                const struct math_options *o, enum math_effort effort, struct math_result *out)
{
    if (o->form == MATH_FORM_BARE && n_golds == 1 && judge_plain(completion, golds[0], o, out)) {
        return;
    }
    struct extraction found = {.source = MATH_FROM_BARE};
    struct math_result best = {
        MATH_CANNOT_JUDGE, MATH_UNPARSABLE_GOLD, {NULL, 0}, MATH_FROM_NOWHERE, {NULL, 0}};
    bool choice = choices_apply(o);
    if (effort == MATH_CHEAP && completion.n > CHEAP_BYTES) {
        *out = (struct math_result){.verdict = MATH_DEFER, .cause = MATH_TOO_LARGE};
        return;
    }
    *out = best;
    if (o->form == MATH_FORM_BARE) found.text = words_unwrap(completion);
    if (!choice && o->form == MATH_FORM_TEXT) extract_answer(a, completion, o, &found);
    for (int i = 0; i < n_golds; i++) {
        struct math_result r = {.extracted = found.text, .source = found.source, .gold = golds[i]};
        bool letter = !choice && choices_is_gold(a, golds[i], o);
        if (letter) choices_judge(a, completion, gold_answer(a, golds[i], o), o, &r);
        if (choice) {
            choices_judge(a, completion, golds[i], o, &r);
        } else if (letter && r.source != MATH_FROM_NOWHERE) {
            /* judged as a choice */
        } else if (found.source == MATH_FROM_NOWHERE) {
            bool empty = span_trim(golds[i]).n == 0;
            r.verdict = empty ? MATH_CANNOT_JUDGE : MATH_INCORRECT;
            r.cause = empty ? MATH_UNPARSABLE_GOLD : found.cause;
        } else {
            judge_one(a, golds[i], o, effort, &found, &r);
        }
        if (r.verdict == MATH_INCORRECT && is_whole_answer(a, &found, golds[i])) {
            r.verdict = MATH_CORRECT;
            r.cause = MATH_EQUAL_WORDS;
            r.extracted = found.whole;
        }
        if (found.boxes > 1 && r.verdict == MATH_INCORRECT && r.cause != MATH_EMPTY_ANSWER &&
            r.cause == MATH_NOT_EQUAL_KIND) {
            r.cause = MATH_SEVERAL_ANSWERS;
        }
        if (i == 0 || outranks(r.verdict, best.verdict)) best = r;
        if (best.verdict == MATH_CORRECT) break;
    }
    assert(effort == MATH_CHEAP || best.verdict != MATH_DEFER); /* work.h (1) */
    *out = best;
    if (effort == MATH_FULL) flint_cleanup(); /* caches of constants and numbers would grow */
}

enum math_verdict math_equal(struct arena *a, struct span x, struct span y,
                             const struct math_options *o, enum math_effort effort)
{
    enum math_cause cause;
    struct math_work w = work_begin(a, o, effort);
    enum equality e = meet_texts(&w, x, y);
    if (e != EQ_YES) { /* rules about the reference's decimals hold whichever side it is */
        struct math_work v = work_begin(a, o, effort);
        enum equality f = meet_texts(&v, y, x);
        if (f == EQ_YES || e == EQ_UNKNOWN) return verdict_of(&v, f, &cause);
    }
    return verdict_of(&w, e, &cause);
}

struct span math_extract(struct arena *a, struct span completion, const struct math_options *o,
                         enum math_source *source)
{
    struct extraction found;
    extract_answer(a, completion, o, &found);
    *source = found.source;
    return found.source == MATH_FROM_NOWHERE ? span_of(NULL, 0) : found.text;
}
