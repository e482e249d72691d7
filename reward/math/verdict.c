/* reward/math/verdict.c - one completion against its references.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <flint/flint.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "reward/math/find/choice.h"
#include "reward/math/real/decimal.h"
#include "reward/math/find/extract.h"
#include "reward/math/field/fingerprint.h"
#include "reward/math/read/parse.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"
#include "reward/math/answer.h"
#include "reward/math/math.h"
#include "reward/math/answer.h"
#include "reward/math/math.h"

enum { CHEAP_BYTES = 256 << 10 }; /* longer responses are read in a worker */

/* A number that depends on both texts, in either order, so that the points of evaluation are not
 * known to whoever writes one of them. */
static uint64_t pair_seed(struct span a, struct span b)
{
    return field_word(field_hash(a, 1)) + field_word(field_hash(b, 1));
}

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
    if (w->deferred) return MATH_DEFER;
    *cause = w->timed_out ? MATH_TIMEOUT : w->too_large ? MATH_TOO_LARGE : MATH_UNDECIDED;
    return MATH_CANNOT_JUDGE;
}

/* ---- choices ----------------------------------------------------------------------------------- */

static bool choice_mode(const struct math_options *o)
{
    return o->mode == MATH_CHOICE || (o->mode == MATH_AUTO && o->n_choices > 0);
}

static void judge_choice(struct arena *a, struct span completion, struct span gold,
                         const struct math_options *o, struct math_result *out)
{
    struct extraction found = {.text = completion, .source = MATH_FROM_BARE};
    int want = choice_of(gold, o, false), got = -1;
    struct span at = {NULL, 0};
    if (want < 0) want = choice_in(gold, o, &at);
    out->gold = gold;
    if (o->form == MATH_FORM_TEXT) {
        struct math_options letters = *o;
        letters.extract = MATH_EXTRACT_STRING;
        extract_answer(a, completion, &letters, &found);
        bool marked = found.source == MATH_FROM_BOXED || found.source == MATH_FROM_TAG ||
                      found.source == MATH_FROM_BRACKETS;
        if (marked) got = choice_of(found.text, o, false);
        struct span offered = marked ? found.text : span_trim(completion);
        if (got < 0 && choice_letters_only(offered) && choice_count(offered, o) > 1) {
            *out = (struct math_result){MATH_INCORRECT, MATH_SEVERAL_ANSWERS, offered,
                                        marked ? found.source : MATH_FROM_CHOICE, gold};
            return;
        }
        if (marked && got < 0) got = choice_in(found.text, o, &at);
        if (!marked && !o->require_boxed && !o->answer_tag &&
            found.cause != MATH_ONLY_IN_REASONING) {
            size_t end = span_find_last(completion, span_str("</think>"));
            struct span rest =
                end == SPAN_NONE ? completion : span_slice(completion, end + 8, completion.n);
            got = choice_in(rest, o, &at);
            found.text = at;
            found.source = MATH_FROM_CHOICE;
        }
        if (found.boxes > 1 && choice_count(found.text, o) > 1) {
            *out = (struct math_result){MATH_INCORRECT, MATH_SEVERAL_ANSWERS, found.text,
                                        found.source, gold};
            return;
        }
    } else {
        got = choice_of(completion, o, false);
    }
    out->extracted = found.text;
    out->source = got < 0 ? MATH_FROM_NOWHERE : found.source;
    out->verdict = want < 0 ? MATH_CANNOT_JUDGE : got == want ? MATH_CORRECT : MATH_INCORRECT;
    out->cause = want < 0 ? MATH_UNPARSABLE_GOLD
                 : got < 0
                     ? (found.cause == MATH_ONLY_IN_REASONING ? found.cause : MATH_NO_ANSWER_FOUND)
                 : got == want ? MATH_EQUAL_CHOICE
                               : MATH_NOT_EQUAL_CHOICE;
}

/* The reference is a capital letter alone: a choice, though nobody said so. */
static bool is_letter_gold(struct arena *a, struct span gold, const struct math_options *o)
{
    struct span g = words_unwrap(extract_gold(a, gold, o));
    bool capital = g.n > 0 && ((g.p[0] >= 'A' && g.p[0] <= 'J') || g.p[0] == '(');
    return o->mode == MATH_AUTO && o->form == MATH_FORM_TEXT && capital &&
           choice_of(g, o, true) >= 0;
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
            if (span_starts(span_slice(s, i, s.n), span_str(skipped[k]))) n = strlen(skipped[k]);
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

/* The reference is a single letter and the answer names one with words after it: "E: a long text". */
static enum equality letters_equal(struct math_work *w, struct span gold, struct span answer)
{
    uint32_t these = letters_listed(gold), those = letters_listed(answer);
    if (these != 0 && those != 0) {
        return these == those ? work_yes(w, MATH_EQUAL_CHOICE) : work_no(w, MATH_NOT_EQUAL_CHOICE);
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

/* ---- one reference ----------------------------------------------------------------------------- */

static enum equality meet(struct math_work *w, struct span gold, struct span answer)
{
    gold = span_trim(gold);
    answer = span_trim(answer);
    w->seed = pair_seed(gold, answer);
    enum equality e = answers_equal(w, gold, answer);
    if (e == EQ_YES || w->options->mode == MATH_NUMBER) return e;
    enum math_cause cause = w->cause;
    enum equality letter = letters_equal(w, gold, answer);
    if (letter != EQ_UNKNOWN) return letter;
    w->cause = cause;
    return e;
}

/* Bare answers that do not read as mathematics may still state one: "y = k = 506", "the area is 5". */
static enum equality meet_inside(struct math_work *w, struct span gold, struct span answer,
                                 struct math_result *out)
{
    enum math_source source;
    if (!prose_has_words(answer) || prose_denies(answer)) return EQ_NO;
    struct span inner =
        prose_last(w->arena, answer, MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR, &source);
    if (inner.n == 0 || span_eq(inner, answer)) return EQ_NO;
    enum equality e = meet(w, gold, inner);
    if (e == EQ_YES) {
        out->extracted = inner;
        out->source = source;
    }
    return e;
}

static void judge_one(struct arena *a, struct span gold_text, const struct math_options *o,
                      enum math_effort effort, struct span answer, struct math_result *out)
{
    struct math_work w = work_begin(a, o, effort);
    struct span gold = extract_gold(a, gold_text, o);
    out->gold = gold;
    if (gold.n == 0) {
        out->verdict = MATH_CANNOT_JUDGE;
        out->cause = MATH_UNPARSABLE_GOLD;
        return;
    }
    enum equality e = meet(&w, gold, answer);
    bool may_say = o->form == MATH_FORM_BARE || out->source == MATH_FROM_TAG;
    if (e == EQ_NO && w.cause == MATH_UNPARSABLE_ANSWER && may_say) {
        enum equality inside = meet_inside(&w, gold, answer, out);
        if (inside == EQ_YES) e = inside;
        if (inside != EQ_YES) w.cause = MATH_UNPARSABLE_ANSWER;
    }
    out->verdict = verdict_of(&w, e, &out->cause);
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
    static const char *const words[] = {"yes", "no", "true", "false"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words_same(a, s, span_str(words[i]))) return true;
    }
    return false;
}

/* A response without marks that is the reference word for word, or that begins with the yes or no
 * that the reference is. */
static bool is_whole_answer(struct arena *a, const struct extraction *found, struct span gold)
{
    bool unmarked = found->source == MATH_FROM_EXPRESSION || found->source == MATH_FROM_LATEX;
    struct span g = words_unwrap(gold);
    if (!unmarked || found->whole.n == 0 || !prose_has_words(g)) return false;
    if (words_same(a, found->whole, g)) return true;
    size_t end = 0;
    while (end < found->whole.n && strchr(",. ;:\n", found->whole.p[end]) == NULL) {
        end++;
    }
    struct span first = span_slice(found->whole, 0, end);
    return is_truth_word(a, g) && is_truth_word(a, first) && words_same(a, first, g);
}

/* The fast path: a bare answer that is the reference to the letter, or plain numbers on both sides. */
static bool judge_plain(struct span answer, struct span gold, const struct math_options *o,
                        struct math_result *out)
{
    struct decimal x, y;
    answer = span_trim(answer);
    gold = span_trim(gold);
    if (gold.n == 0 || o->n_choices > 0 || o->abs_tol > 0 || o->precision_given) return false;
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
    bool choice = choice_mode(o);
    if (effort == MATH_CHEAP && completion.n > CHEAP_BYTES) {
        *out = (struct math_result){.verdict = MATH_DEFER, .cause = MATH_TOO_LARGE};
        return;
    }
    *out = best;
    if (o->form == MATH_FORM_BARE) found.text = words_unwrap(completion);
    if (!choice && o->form == MATH_FORM_TEXT) extract_answer(a, completion, o, &found);
    for (int i = 0; i < n_golds; i++) {
        struct math_result r = {.extracted = found.text, .source = found.source, .gold = golds[i]};
        bool letter = !choice && is_letter_gold(a, golds[i], o);
        if (letter) judge_choice(a, completion, extract_gold(a, golds[i], o), o, &r);
        if (choice) {
            judge_choice(a, completion, golds[i], o, &r);
        } else if (letter && r.source != MATH_FROM_NOWHERE) {
            /* judged as a choice */
        } else if (found.source == MATH_FROM_NOWHERE) {
            bool empty = span_trim(golds[i]).n == 0;
            r.verdict = empty ? MATH_CANNOT_JUDGE : MATH_INCORRECT;
            r.cause = empty ? MATH_UNPARSABLE_GOLD : found.cause;
        } else {
            judge_one(a, golds[i], o, effort, found.text, &r);
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
    *out = best;
    if (effort == MATH_FULL) flint_cleanup(); /* caches of constants and numbers would grow */
}

enum math_verdict math_equal(struct arena *a, struct span x, struct span y,
                             const struct math_options *o, enum math_effort effort)
{
    enum math_cause cause;
    struct math_work w = work_begin(a, o, effort);
    enum equality e = meet(&w, x, y);
    if (e != EQ_YES) { /* rules about the reference's decimals hold whichever side it is */
        struct math_work v = work_begin(a, o, effort);
        enum equality f = meet(&v, y, x);
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
