/* reward/math/choices.c - references that are one of a few choices.
 *
 * A choice has a letter and, where the item tells it, a content; either one names it, on either
 * side. The letter that a response settles on is found by find/choice_cue.c; a content is met as
 * any other answer is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/choices.h"

#include "base/ascii.h"
#include "base/turn_marks.h"
#include "reward/math/find/choice.h"
#include "reward/math/find/extract.h"
#include "reward/math/find/gold.h"
#include "reward/math/find/marks.h"
#include "reward/math/find/phrase.h"
#include "reward/math/find/plain.h"
#include "reward/math/read/said.h"
#include "reward/math/read/words.h"
#include "reward/math/answer.h"

bool choices_apply(const struct math_options *o)
{
    return o->mode == MATH_CHOICE || (o->mode == MATH_AUTO && o->n_choices > 0);
}

/* The one choice whose content text is, -1 when it is none or several. */
static int by_content(struct arena *a, struct span text, struct span place,
                      const struct math_options *o)
{
    int found = -1;
    if (text.n == 0) return -1;
    for (int i = 0; i < o->n_choices; i++) {
        struct span content = choice_text(i, o);
        if (content.n == 0) continue;
        struct math_options plain = *o;
        plain.mode = MATH_MATH;
        struct math_work w = work_begin(a, &plain, MATH_CHEAP);
        bool same = words_same(a, content, text) || said_in(a, content, place) ||
                    answers_equal(&w, content, text) == EQ_YES;
        if (same && found >= 0) return -1;
        if (same) found = i;
    }
    return found;
}

/* The choice that a reference is: its letter, its content, or a sentence that names it. */
static int wanted(struct arena *a, struct span gold, const struct math_options *o)
{
    int want = choice_of(gold, o, false);
    if (want < 0) want = by_content(a, words_unwrap(gold), span_of(NULL, 0), o);
    return want >= 0 ? want : choice_in(gold, o, false).choice;
}

/* A marked text holds a formula, and letters in it are names: \Delta E, x^2 + C, -E. */
static bool holds_formula(struct span s)
{
    static const char *const fonts[] = {"text", "math", "mbox",  "boxed", "quad",        "bf",
                                        "rm",   "left", "right", "large", "displaystyle"};
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("^=+<>_-*/", s.p[i]) != NULL && s.p[i] != 0) return true;
        if (s.p[i] != '\\' || i + 1 >= s.n || !ascii_is_letter(s.p[i + 1])) continue;
        bool font = false;
        for (size_t k = 0; k < sizeof(fonts) / sizeof(fonts[0]); k++) {
            font |= words_opens(span_slice(s, i + 1, s.n), fonts[k]);
        }
        if (!font) return true;
    }
    return false;
}

/* What a response offers: a choice, or several. */
struct offer {
    struct choice_found found;
    struct span text;
    enum math_source source;
};

static struct offer several(struct span text, enum math_source source)
{
    return (struct offer){{.choice = -1, .several = true}, text, source};
}

/* In a box, a tag or brackets: the letter, the letter with its content, a sentence, the content. */
static struct offer in_mark(struct arena *a, const struct extraction *x,
                            const struct math_options *o)
{
    struct offer out = {{.choice = choice_of(x->text, o, false)}, x->text, x->source};
    bool listed = choice_letters_only(x->text) || x->boxes > 1;
    bool told = o->n_choices > 0 && out.found.choice >= 0; /* "A and B" may be a content */
    if (!told && listed && choice_count(x->text, o) > 1) return several(x->text, x->source);
    if (out.found.choice < 0) out.found.choice = by_content(a, x->text, x->place, o);
    if (out.found.choice >= 0 || holds_formula(x->text)) return out;
    struct span words = plain_words(a, span_slice(x->text, 0, 2000));
    out.found = choice_in(words, o, false);
    return out;
}

/* In running text: by its cues, else by what it says. */
static struct offer in_text(struct arena *a, struct span response, struct span rest,
                            const struct math_options *o, bool cues_only)
{
    struct span s = span_trim(rest);
    if (choice_letters_only(s) && choice_count(s, o) > 1) return several(s, MATH_FROM_CHOICE);
    struct offer out = {choice_in(s, o, cues_only), {NULL, 0}, MATH_FROM_CHOICE};
    out.text = out.found.at;
    bool told = o->n_choices > 0 && choice_text(0, o).n > 0;
    if (out.found.choice >= 0 || out.found.several || !told || cues_only) return out;
    struct extraction x;
    extract_answer(a, response, o, &x);
    if (x.source == MATH_FROM_NOWHERE) return out;
    out.found.choice = by_content(a, x.text, x.place.n > 0 ? x.place : span_trim(rest), o);
    out.text = x.text;
    return out;
}

/* What is said behind a marked choice takes it back and names another: "\boxed{B}. Actually, it is C." */
static bool corrected(const struct extraction *x, const struct math_options *o, struct offer *out)
{
    struct span s = x->response;
    bool inside = x->text.p >= s.p && x->text.n > 0 && x->text.p + x->text.n <= s.p + s.n;
    if (s.n == 0 || !inside || o->first_answer) return false;
    struct span rest = span_slice(s, (size_t)(x->text.p - s.p) + x->text.n, s.n);
    while (rest.n > 0 && memchr("})$ ", rest.p[0], 4) != NULL) {
        rest = span_slice(rest, 1, rest.n);
    }
    if (words_opens(rest, "</answer>")) rest = span_slice(rest, strlen("</answer>"), rest.n);
    struct choice_found found = choice_in(phrase_second_thought(rest), o, false);
    if (found.choice < 0 || found.several) return false;
    *out = (struct offer){found, found.at, MATH_FROM_CHOICE};
    return true;
}

static struct offer offered(struct arena *a, struct span response, const struct math_options *o,
                            enum math_cause *cause)
{
    struct extraction x;
    struct math_options letters = *o;
    struct offer none = {{.choice = -1}, {NULL, 0}, MATH_FROM_NOWHERE}, out = none;
    struct span rest;
    bool open;
    letters.extract = MATH_EXTRACT_STRING;
    letters.trace = NULL;
    extract_answer(a, response, &letters, &x);
    *cause = x.cause;
    bool marked =
        x.source == MATH_FROM_BOXED || x.source == MATH_FROM_TAG || x.source == MATH_FROM_BRACKETS;
    if (marked) out = in_mark(a, &x, o);
    bool only_marks = o->require_boxed || o->answer_tag || o->answer_in_brackets;
    if (marked && !only_marks && corrected(&x, o, &out)) return out;
    if (out.found.choice >= 0 || out.found.several) return out;
    if (only_marks || x.cause == MATH_ONLY_IN_REASONING) return out;
    if (!marks_after_reasoning(turn_text(response), o, &rest, &open)) return out;
    if (x.taken_back && x.response.n == 0) return out;
    return in_text(a, response, x.taken_back ? x.response : rest, o, marked);
}

void choices_judge(struct arena *a, struct span completion, struct span gold,
                   const struct math_options *o, struct math_result *out)
{
    enum math_cause cause = MATH_NO_ANSWER_FOUND;
    struct offer offer = {{.choice = -1}, completion, MATH_FROM_BARE};
    int want = wanted(a, gold, o);
    if (o->form == MATH_FORM_TEXT) {
        offer = offered(a, completion, o, &cause);
    } else {
        offer.found.choice = choice_of(completion, o, false);
        if (offer.found.choice < 0) {
            offer.found.choice = by_content(a, words_unwrap(completion), span_of(NULL, 0), o);
        }
    }
    int got = offer.found.choice;
    trace_add(o->trace, "choice", offer.text,
              offer.found.several     ? "several choices are offered"
              : offer.found.withdrawn ? "the last cue names no choice"
              : got < 0               ? "no choice is named"
                                      : "the choice that the strongest cue names");
    bool found = got >= 0 || offer.found.several;
    bool reasoning = !found && cause == MATH_ONLY_IN_REASONING;
    *out = (struct math_result){
        .verdict = want < 0      ? MATH_CANNOT_JUDGE
                   : got == want ? MATH_CORRECT
                                 : MATH_INCORRECT,
        .cause = want < 0              ? MATH_UNPARSABLE_GOLD
                 : offer.found.several ? MATH_SEVERAL_ANSWERS
                 : reasoning           ? MATH_ONLY_IN_REASONING
                 : got < 0             ? MATH_NO_ANSWER_FOUND
                 : got == want         ? MATH_EQUAL_CHOICE
                                       : MATH_NOT_EQUAL_CHOICE,
        .extracted = offer.text,
        .source = found ? offer.source : MATH_FROM_NOWHERE,
        .gold = gold,
    };
}

/* Most references have no letter that could be a choice's. */
static bool has_capital(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] >= 'A' && s.p[i] <= 'J') ||
            (s.p[i] == '(' && i + 2 < s.n && s.p[i + 2] == ')')) {
            return true;
        }
    }
    return false;
}

bool choices_is_gold(struct arena *a, struct span gold, const struct math_options *o)
{
    bool may = o->mode == MATH_AUTO && o->form == MATH_FORM_TEXT && has_capital(gold);
    if (!may) return false;
    struct span g = words_unwrap(gold_answer(a, gold, o));
    bool capital = g.n > 0 && ((g.p[0] >= 'A' && g.p[0] <= 'J') || g.p[0] == '(');
    return capital && choice_of(g, o, true) >= 0;
}

/* The capital letters that s lists, as bits: "(A) and (C)", "A, C", "AC", "A & C". 0 when it holds
 * anything else, or fewer than two. */
static uint32_t letters_listed(struct span s)
{
    static const char *const skipped[] = {"\\text{", "\\textbf{", "\\mathrm{", "\\textbf",
                                          "and",     "or",        "\\&"};
    static const char joints[] = ",;&(){}.";
    uint32_t seen = 0;
    for (size_t i = 0; i < s.n;) {
        size_t n = 0;
        for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]) && n == 0; k++) {
            if (words_opens(span_slice(s, i, s.n), skipped[k])) n = strlen(skipped[k]);
        }
        if (n == 0 && s.p[i] >= 'A' && s.p[i] <= 'J') {
            if (seen & (UINT32_C(1) << (s.p[i] - 'A'))) return 0;
            seen |= UINT32_C(1) << (s.p[i] - 'A');
        } else if (n == 0 && !ascii_is_space(s.p[i]) &&
                   memchr(joints, s.p[i], strlen(joints)) == NULL) {
            return 0;
        }
        i += n == 0 ? 1 : n;
    }
    return __builtin_popcount(seen) > 1 ? seen : 0;
}

/* The letters that s ends with may be those it rejects. */
static bool denies_letters(struct span s)
{
    static const char *const words[] = {"wrong", "incorrect", "not ", "false", "except", "n't"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* The reference is a single letter and the answer names one with words after it: "E: a long text". */
enum equality choices_letters_equal(struct math_work *w, struct span gold, struct span answer)
{
    uint32_t these = letters_listed(gold), those = letters_listed(answer);
    if (these != 0 && those == 0) those = choice_affirmed(answer, w->options);
    bool listed = these != 0 && those == 0 && !denies_letters(answer);
    size_t said = listed ? phrase_last_copula(answer) : 0;
    if (said > 0) those = letters_listed(span_slice(answer, said, answer.n));
    if (these != 0 && those != 0) {
        bool same = these == those && !words_other_order(words_unwrap(gold), answer);
        return same ? work_yes(w, MATH_EQUAL_CHOICE) : work_no(w, MATH_NOT_EQUAL_CHOICE);
    }
    if (these != 0 || those != 0) return EQ_UNKNOWN; /* more than one choice is none */
    int want = choice_of(gold, w->options, true), got = choice_of(answer, w->options, false);
    struct span g = words_unwrap(gold);
    bool upper = g.n > 0 && !(g.n == 1 && g.p[0] >= 'a');
    if (want < 0 || got < 0 || !upper) {
        want = choice_of(gold, w->options, false);
        got = choice_of(answer, w->options, true);
        struct span a = words_unwrap(answer);
        if (want < 0 || got < 0 || a.n == 0 || (a.n == 1 && a.p[0] >= 'a')) return EQ_UNKNOWN;
    }
    return want == got ? work_yes(w, MATH_EQUAL_CHOICE) : work_no(w, MATH_NOT_EQUAL_CHOICE);
}
