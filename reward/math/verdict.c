/* reward/math/verdict.c - one completion against its references.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <flint/flint.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "reward/math/real/decimal.h"
#include "reward/math/find/again.h"
#include "reward/math/find/boxes.h"
#include "reward/math/find/extract.h"
#include "reward/math/find/gold.h"
#include "reward/math/field/fingerprint.h"
#include "reward/math/read/parse.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/named.h"
#include "reward/math/find/parts.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/qualify.h"
#include "reward/math/read/said.h"
#include "reward/math/read/words.h"
#include "reward/math/answer.h"
#include "reward/math/choices.h"
#include "reward/math/math.h"

enum {
    CHEAP_BYTES = 256 << 10, /* longer responses are read in a worker */
    CHEAP_SENTENCE = 600     /* longer ones are not read twice */
};

/* How far the last member of "1024 \approx 1000" may be off: where it is asked for and has three digits
 * or more, and else. */
static const double ROUNDED = 0.005, ROUGHLY = 0.05;

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
    assert(!(w->deferred && w->effort == MATH_FULL)); /* work.h (1) */
    if (w->deferred) return MATH_DEFER;
    *cause = w->timed_out ? MATH_TIMEOUT : w->too_large ? MATH_TOO_LARGE : MATH_UNDECIDED;
    return MATH_CANNOT_JUDGE;
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
    enum equality letter = choices_letters_equal(w, gold, answer);
    if (letter != EQ_UNKNOWN) return letter;
    w->cause = cause;
    return e;
}

/* One side ends with a condition that the other one leaves out. */
static enum equality meet_core(struct math_work *w, struct span gold, struct span answer)
{
    struct span g = qualify_core(gold), a = qualify_core(answer);
    if ((g.n > 0) == (a.n > 0)) return EQ_NO;
    trace_add(w->options->trace, "condition", g.n > 0 ? g : a, "without its condition");
    enum equality e = meet(w, g.n > 0 ? g : gold, a.n > 0 ? a : answer);
    trace_add(w->options->trace, "compare", g.n > 0 ? g : a, math_cause_text(w->cause));
    return e;
}

/* EQ_NO where the answer is two guesses, "8 = 7" or "7 \approx 100": the members at the end of a chain
 * are values and not the same one. about: how far a rounding may be off, as a part of the value. */
static enum equality one_value(struct math_work *w, struct span answer, double about)
{
    struct span before, last;
    bool rounds;
    if (!again_pair(answer, &before, &last, &rounds)) return EQ_YES;
    const struct math_options *given = w->options;
    struct math_options loose = *given;
    if (rounds && loose.rel_tol < about) loose.rel_tol = about;
    enum equality e = meet(w, before, last);
    if (e != EQ_YES) e = meet(w, last, before);
    w->options = &loose;
    if (e != EQ_YES && rounds) e = meet(w, before, last);
    w->options = given;
    trace_add(given->trace, "chain", last, e == EQ_NO ? "not what stands before it" : "said again");
    return e == EQ_UNKNOWN && !w->deferred ? EQ_YES : e;
}

static double about_of(struct span last)
{
    int digits = 0;
    for (size_t i = 0; i < last.n; i++) {
        digits += ascii_is_digit(last.p[i]) && (digits > 0 || last.p[i] != '0');
    }
    return digits >= 3 ? ROUNDED : ROUGHLY;
}

/* What the words of an answer state, where they state something else than the answer read whole:
 * "f(x) = x for all real x", "the area is 5". */
static enum equality meet_inside(struct math_work *w, struct span gold, struct span answer,
                                 const struct stated *said, struct math_result *out)
{
    if (said->text.n == 0 || said->denied || span_eq(said->text, answer)) return EQ_NO;
    enum equality e = meet(w, gold, said->text);
    trace_add(w->options->trace, "words", said->text, "what its words state");
    trace_add(w->options->trace, "compare", said->text, math_cause_text(w->cause));
    if (e == EQ_YES) e = one_value(w, said->text, ROUGHLY);
    if (e == EQ_YES) out->extracted = said->text;
    return e;
}

/* A value that the answer says again: at the end of a chain of equalities, or in brackets. */
static enum equality meet_again(struct math_work *w, struct span gold, struct span answer,
                                struct math_result *out)
{
    struct span last = again_last(answer), value, echo;
    if (last.n > 0) {
        enum equality e = meet(w, gold, last);
        if (e == EQ_YES) e = one_value(w, answer, about_of(last));
        trace_add(w->options->trace, "chain", last, math_cause_text(w->cause));
        if (e == EQ_YES) return out->extracted = last, e;
    }
    if (!again_echo(answer, &value, &echo) || meet(w, value, echo) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "again", echo, "in brackets, the value once more");
    return meet(w, gold, value) == EQ_YES ? EQ_YES : meet(w, gold, echo);
}

/* "160 minutes, which is 2 hours and 40 minutes", where that is so: the first of them too. */
static enum equality meet_which(struct math_work *w, struct span gold, struct span said,
                                struct math_result *out)
{
    struct span joint = span_str(", which is ");
    size_t at = span_find_last(said, joint);
    if (at == SPAN_NONE || said.n > CHEAP_SENTENCE) return EQ_NO;
    unsigned kinds = MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR;
    struct span first = stated_last(w->arena, span_slice(said, 0, at)).text;
    struct span again = stated_in(w->arena, span_slice(said, at + joint.n, said.n), kinds).text;
    if (first.n == 0 || again.n == 0 || meet(w, first, again) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "again", first, "and what it is besides");
    enum equality e = meet(w, gold, first);
    if (e == EQ_YES) out->extracted = first;
    return e;
}

/* The answer against the reference, as it stands and then without what its words add. */
static enum equality meet_all(struct math_work *w, struct span gold, struct span answer,
                              const struct stated *said, struct math_result *out)
{
    enum equality e = meet(w, gold, answer);
    enum math_cause cause = w->cause;
    trace_add(w->options->trace, "compare", answer, math_cause_text(cause));
    if (w->options->mode == MATH_TEXT) return e;
    if (e == EQ_YES) {
        e = one_value(w, answer, ROUGHLY);
        w->cause = e == EQ_YES ? cause : MATH_NOT_EQUAL;
        return e;
    }
    if (meet_inside(w, gold, answer, said, out) == EQ_YES) return EQ_YES;
    if (meet_core(w, gold, answer) == EQ_YES) return EQ_YES;
    if (meet_again(w, gold, answer, out) == EQ_YES) return EQ_YES;
    w->cause = cause;
    return e;
}

/* s is words: no formula, or a word or a version (v2.14.1) that would read as a product. */
static bool is_words(struct arena *a, struct span s)
{
    bool letters = s.n > 2 || (s.n == 2 && s.p[0] <= 'Z' && s.p[1] >= 'a');
    for (size_t i = 0; i < s.n; i++) {
        letters &= ascii_is_letter(s.p[i]) || s.p[i] == ' ';
    }
    return s.n > 0 && s.n <= 200 && (letters || words_version(s) || !formula_reads(a, s));
}

/* A reference of several parts, and a response that answers them one by one. */
static enum equality meet_parts(struct math_work *w, struct span gold, const struct extraction *x,
                                struct math_result *out)
{
    static const char *const joints[] = {",", ";", "(b)", "(2)", "(ii)", " and "};
    bool several = false;
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]) && !several; i++) {
        several = span_find(gold, span_str(joints[i]), 0) != SPAN_NONE;
    }
    struct span parts = several && x->source != MATH_FROM_TAG
                            ? parts_answer(w->arena, x->response, w->options)
                            : span_of(NULL, 0);
    if (parts.n == 0) return EQ_NO;
    trace_add(w->options->trace, "parts", parts, "the answers of labelled parts");
    enum equality e = meet(w, gold, parts);
    if (e == EQ_YES) out->extracted = parts;
    return e;
}

static struct span last_line(struct span s)
{
    s = span_trim(s);
    size_t newline = span_find_last(s, span_str("\n"));
    return newline == SPAN_NONE ? s : span_slice(s, newline + 1, s.n);
}

static bool is_bullet(struct span line)
{
    return line.n > 2 && (line.p[0] == '-' || line.p[0] == '*') && line.p[1] == ' ';
}

/* The list of two lines or more that s ends with, without its bullets. {NULL, 0}: it ends with none. */
static struct span last_list(struct arena *a, struct span s)
{
    struct span line, rest = span_trim(s);
    size_t to = rest.n, lines = 0;
    char *out = NULL;
    while (is_bullet(line = last_line(span_slice(rest, 0, to)))) {
        lines++;
        to = (size_t)(line.p - rest.p);
    }
    if (lines >= 2) out = arena_alloc(a, rest.n - to + 1, 1);
    size_t n = 0;
    for (size_t i = to; out != NULL && i < rest.n; i++) {
        bool bullet = i == to || rest.p[i - 1] == '\n';
        if (bullet) {
            i++; /* and its space */
        } else {
            out[n++] = rest.p[i];
        }
    }
    return span_of(out, n);
}

/* All values that the reference names, in what names them too: in any order. */
static enum equality meet_named(struct math_work *w, const struct named_list *gold,
                                const struct named_list *said)
{
    enum equality all = gold->n == said->n ? EQ_YES : EQ_NO;
    for (int i = 0; i < gold->n && all == EQ_YES; i++) {
        const struct named *v = named_find(said, gold->all[i].name);
        all = v == NULL ? EQ_NO : meet(w, gold->all[i].value, v->value);
    }
    return all;
}

static bool may_be_several(struct span s)
{
    return span_has(s, ',') || span_has(s, ';') || span_has(s, '\n') ||
           span_find(s, span_str(" and "), 0) != SPAN_NONE ||
           span_find(s, span_str("\xef\xbc"), 0) != SPAN_NONE;
}

/* Several values by name, on one side or on both; where one side has no names, in its order. */
static enum equality meet_list(struct math_work *w, struct span gold, struct span answer,
                               const struct stated *said, const struct extraction *x,
                               struct math_result *out)
{
    if (!may_be_several(gold)) return EQ_NO;
    struct named_list wanted = named_values(w->arena, gold);
    struct span places[] = {said->plain, x->place, boxes_line(w->arena, x->response),
                            last_line(x->response), last_list(w->arena, x->response)};
    enum equality e = EQ_NO;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && e == EQ_NO; i++) {
        struct named_list given = named_values(w->arena, places[i]);
        if (given.n == 0) continue;
        trace_add(w->options->trace, "named", places[i], "several values, each by its name");
        e = wanted.n > 0 ? meet_named(w, &wanted, &given)
                         : meet(w, gold, named_tuple(w->arena, &given));
        if (e == EQ_YES) out->extracted = places[i];
    }
    if (e == EQ_NO && wanted.n > 0) e = meet(w, named_tuple(w->arena, &wanted), answer);
    return e;
}

/* T for true, F for false. */
static bool is_initial(struct arena *a, struct span words, struct span answer)
{
    struct span s = words_unwrap(answer);
    return (span_is(s, "T") && words_same(a, words, span_str("true"))) ||
           (span_is(s, "F") && words_same(a, words, span_str("false")));
}

/* A reference in words, and a statement, or the sentence around it, that says them or the same
 * property. */
static bool words_agree(struct arena *a, struct span gold, struct span answer, struct span place,
                        struct span around)
{
    struct span words = words_unwrap(plain_words(a, gold));
    if (!is_words(a, words)) return false;
    return said_in(a, words, place) || said_in(a, words, around) || is_initial(a, words, answer) ||
           words_with_noun(a, words, answer) ||
           words_same_property(a, words, plain_words(a, answer));
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
    }
    if (meant.changed) gold = meant.text;
    enum equality e = meet_all(&w, gold, answer, &said, out);
    bool words = e != EQ_YES && words_agree(a, gold, answer, said.plain, found->place);
    if (words) e = work_yes(&w, MATH_EQUAL_WORDS);
    enum math_cause cause = w.cause;
    if (e == EQ_NO && meet_parts(&w, gold, found, out) == EQ_YES) e = EQ_YES;
    if (e == EQ_NO) e = meet_which(&w, gold, last_line(found->response), out);
    if (e == EQ_NO) e = meet_list(&w, gold, answer, &said, found, out);
    if (e == EQ_NO) w.cause = cause;
    struct span value = e == EQ_NO ? gold_value(a, gold) : span_of(NULL, 0);
    if (value.n > 0 && !span_eq(value, gold)) e = meet_all(&w, value, answer, &said, out);
    if (e == EQ_NO && w.deferred)
        e = EQ_UNKNOWN; /* one of the other ways to read it may still agree */
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
    static const char *const words[] = {"yes", "no", "true", "false"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words_same(a, s, span_str(words[i]))) return true;
    }
    return false;
}

/* The first thing that s calls true or false: "The claim is false, because ..." is it what g says? */
static bool is_predicate(struct arena *a, struct span s, struct span g)
{
    static const struct {
        const char *words, *says;
    } forms[] = {{" is true", "true"},        {" is false", "false"},     {" is not true", "false"},
                 {" is not false", "true"},   {" isn't true", "false"},   {" isn't false", "true"},
                 {" is never true", "false"}, {" is always true", "true"}};
    const char *says = NULL;
    size_t first = SPAN_NONE;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t at = span_find(s, span_str(forms[i].words), 0);
        if (at == SPAN_NONE || at >= first) continue;
        first = at;
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

/* A response without marks that is the reference word for word, or that begins with the yes or no
 * that the reference is. */
static bool is_whole_answer(struct arena *a, const struct extraction *found, struct span gold)
{
    bool unmarked = found->source == MATH_FROM_EXPRESSION || found->source == MATH_FROM_LATEX ||
                    (found->source == MATH_FROM_NOWHERE && found->cause == MATH_NO_ANSWER_FOUND);
    struct span g = words_unwrap(gold);
    if (!unmarked || found->whole.n == 0 || !prose_has_words(g)) return false;
    if (words_same(a, found->whole, g)) return true;
    size_t end = 0;
    while (end < found->whole.n && strchr(",. ;:!\n", found->whole.p[end]) == NULL) {
        end++;
    }
    struct span first = span_slice(found->whole, 0, end);
    if (!is_truth_word(a, g) || is_taken_back(a, found->whole, g)) return false;
    return is_truth_word(a, first) ? words_same(a, first, g) : is_predicate(a, found->whole, g);
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
