/* reward/math/meet.c - one reference against what a response answers, in all the ways that it may be read.
 *
 *     as it stands      the answer against the reference
 *     inside            what its words state
 *     core              without a condition that one side leaves out
 *     again             a value that is said again, "8 = 2^3"; two different ones are two guesses
 *     parts, which,     the rest of the response, where the answer alone does not agree: labelled parts, a value
 *     named             and what it is besides, several values each by its name
 *
 * Each way is tried after the ones before it have not agreed, and agrees or adds nothing: a way more can pay what
 * was not paid, never take back. But for two guesses, which pay nothing however they are read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/meet.h"

#include <stdio.h>

#include "base/ascii.h"
#include "reward/math/answer.h"
#include "reward/math/choices.h"
#include "reward/math/field/fingerprint.h"
#include "reward/math/find/again.h"
#include "reward/math/find/based.h"
#include "reward/math/find/boxes.h"
#include "reward/math/find/named.h"
#include "reward/math/find/parts.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/qualify.h"
#include "reward/math/find/range.h"
#include "reward/math/find/spelled.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/words.h"

enum {
    MOST_TWICE = 600, /* bytes of a sentence that is read twice */
    MOST_LABEL = 40,
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

enum equality meet_texts(struct math_work *w, struct span gold, struct span answer)
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
    enum equality e = meet_texts(w, g.n > 0 ? g : gold, a.n > 0 ? a : answer);
    trace_add(w->options->trace, "compare", g.n > 0 ? g : a, math_cause_text(w->cause));
    return e;
}

/* s says that something follows: in "2x = 6 \Rightarrow x = 3" the 6 is not said to be 3. */
static bool has_implication(struct span s)
{
    static const char *const signs[] = {"\\implies",     "\\Rightarrow",     "\\Longrightarrow",
                                        "\\iff",         "\\Leftrightarrow", "=>",
                                        "\xe2\x87\x92", "\xe2\x9f\xb9"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (span_find(s, span_str(signs[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* EQ_NO where the answer is two guesses, "8 = 7" or "7 \approx 100": the members at the end of a chain
 * are values and not the same one. about: how far a rounding may be off, as a part of the value. */
static enum equality one_value(struct math_work *w, struct span answer, double about)
{
    struct span before, last;
    bool rounds;
    if (!again_pair(answer, &before, &last, &rounds) || has_implication(before)) return EQ_YES;
    const struct math_options *given = w->options;
    struct math_options loose = *given;
    if (rounds && loose.rel_tol < about) loose.rel_tol = about;
    enum equality e = meet_texts(w, before, last);
    if (e != EQ_YES) e = meet_texts(w, last, before);
    w->options = &loose;
    if (e != EQ_YES && rounds) e = meet_texts(w, before, last);
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

/* The reference is the exact form that the answer rounds at its end, "x = 1/3 \approx 1.3": a fraction or a root,
 * which a decimal behind it does not replace. */
static bool is_exact_form(struct math_work *w, struct span gold, struct span answer)
{
    struct span before, last;
    bool rounds;
    if (!again_pair(answer, &before, &last, &rounds) || !rounds) return false;
    bool exact = span_has(before, '/') || span_find(before, span_str("\\frac"), 0) != SPAN_NONE ||
                 span_find(before, span_str("\\sqrt"), 0) != SPAN_NONE;
    return exact && meet_texts(w, gold, before) == EQ_YES;
}

/* What the words of an answer state, where they state something else than the answer read whole:
 * "f(x) = x for all real x", "the area is 5". */
static enum equality meet_inside(struct math_work *w, struct span gold, struct span answer,
                                 const struct stated *said, struct math_result *out)
{
    if (said->text.n == 0 || said->denied || span_eq(said->text, answer)) return EQ_NO;
    enum equality e = meet_texts(w, gold, said->text);
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
        enum equality e = meet_texts(w, gold, last);
        if (e == EQ_YES) e = one_value(w, answer, about_of(last));
        trace_add(w->options->trace, "chain", last, math_cause_text(w->cause));
        if (e == EQ_YES) return out->extracted = last, e;
    }
    if (!again_echo(answer, &value, &echo) || meet_texts(w, value, echo) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "again", echo, "in brackets, the value once more");
    return meet_texts(w, gold, value) == EQ_YES ? EQ_YES : meet_texts(w, gold, echo);
}

/* "160 minutes, which is 2 hours and 40 minutes", where that is so: each of them. */
static enum equality meet_which(struct math_work *w, struct span gold, struct span said,
                                struct math_result *out)
{
    static const char *const joints[] = {", which is ", ", that is, ", ", i.e., ", ", i.e. "};
    struct span joint = span_str(joints[0]);
    size_t at = said.n > MOST_TWICE ? SPAN_NONE : span_find_last(said, joint);
    for (size_t k = 1; k < sizeof(joints) / sizeof(joints[0]) && at == SPAN_NONE; k++) {
        joint = span_str(joints[k]);
        at = said.n > MOST_TWICE ? SPAN_NONE : span_find_last(said, joint);
    }
    if (at == SPAN_NONE) return EQ_NO;
    unsigned kinds = MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR;
    struct span first = stated_last(w->arena, span_slice(said, 0, at)).text;
    struct span again = stated_in(w->arena, span_slice(said, at + joint.n, said.n), kinds).text;
    if (first.n == 0 || again.n == 0 || meet_texts(w, first, again) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "again", first, "and what it is besides");
    enum equality e = meet_texts(w, gold, first);
    if (e == EQ_YES) out->extracted = first;
    if (e != EQ_YES && meet_texts(w, gold, again) == EQ_YES) {
        out->extracted = again;
        e = EQ_YES;
    }
    return e;
}

/* "384,400 km, about 239,000 miles", where that is so: the rounded one too, where the first is a decimal in another unit. An
 * exact form stands for itself. */
static enum equality meet_about(struct math_work *w, struct span gold, struct span said,
                                struct math_result *out)
{
    static const char *const joints[] = {", about ", ", approximately ", ", around ",
                                         ", close to "};
    struct span joint = span_of(NULL, 0);
    size_t at = SPAN_NONE;
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]) && said.n <= MOST_TWICE; k++) {
        size_t here = span_find_last(said, span_str(joints[k]));
        if (here == SPAN_NONE) continue;
        at = here;
        joint = span_str(joints[k]);
    }
    if (at == SPAN_NONE) return EQ_NO;
    struct span first = stated_last(w->arena, span_slice(said, 0, at)).text;
    struct span about = stated_last(w->arena, span_slice(said, at + joint.n, said.n)).text;
    bool plain = first.n > 0 && ascii_is_digit(first.p[0]) && !span_has(first, '\\') &&
                 !span_has(first, '/') && !span_has(first, '^');
    if (!plain || about.n == 0) return EQ_NO;
    const struct math_options *given = w->options;
    struct math_options loose = *given;
    if (loose.rel_tol < ROUNDED) loose.rel_tol = ROUNDED;
    w->options = &loose;
    enum equality e = meet_texts(w, first, about);
    w->options = given;
    if (e != EQ_YES || meet_texts(w, gold, about) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "again", about, "the same, roughly");
    out->extracted = about;
    return EQ_YES;
}

/* How many a list has, by what joins them outside brackets. */
static int count_listed(struct span s)
{
    int depth = 0, joints = 0;
    for (size_t i = 0; i < s.n; i++) {
        depth += (s.p[i] == '(' || s.p[i] == '[' || s.p[i] == '{');
        depth -= (s.p[i] == ')' || s.p[i] == ']' || s.p[i] == '}');
        struct span rest = span_slice(s, i, s.n);
        bool and = words_opens(rest, " and ") && i > 0 && s.p[i - 1] != ',';
        joints += depth == 0 && (s.p[i] == ',' || and);
    }
    return joints + 1;
}

/* The number that a clause comes to, in digits or in words; no bytes where it is not n. */
static struct span number_said(struct math_work *w, struct span clause, int n)
{
    char digits[16];
    int64_t spelled;
    int k = snprintf(digits, sizeof(digits), "%d", n);
    struct span number = words_unwrap(stated_last(w->arena, clause).text);
    if (number.n == 0) number = spelled_only(w->arena, clause);
    bool same = span_eq(number, span_of(digits, (size_t)k)) ||
                (numerals_whole(number, &spelled) && spelled == n);
    return same ? number : span_of(NULL, 0);
}

/* "4 solutions, namely (1,2), (2,1), (3,0), (0,3)", "There are three such primes: 2, 3 and 5.", where there are so many:
 * their number too. */
static enum equality meet_namely(struct math_work *w, struct span gold, struct span said,
                                 struct math_result *out)
{
    struct span joint = span_str(", namely ");
    size_t at = said.n > MOST_TWICE ? SPAN_NONE : span_find_last(said, joint);
    if (at == SPAN_NONE && said.n <= MOST_TWICE) {
        joint = span_str(": ");
        at = span_find_last(said, joint);
        bool counts = span_find(span_slice(said, 0, at), span_str("here are "), 0) != SPAN_NONE;
        if (!counts) at = SPAN_NONE;
    }
    if (at == SPAN_NONE) return EQ_NO;
    int n = count_listed(span_slice(said, at + joint.n, said.n));
    struct span number = n < 2 ? span_of(NULL, 0) : number_said(w, span_slice(said, 0, at), n);
    if (number.n == 0 || meet_texts(w, gold, number) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "again", number, "as many as are named");
    out->extracted = number;
    return EQ_YES;
}

/* "The quotient is 7 with a remainder of 3", where the reference is such a pair: "7 R 3". */
static enum equality meet_remainder(struct math_work *w, struct span gold, struct span said,
                                    struct math_result *out)
{
    struct span word = span_str("remainder");
    bool pair = span_find(gold, span_str("R"), 0) != SPAN_NONE ||
                span_find(gold, span_str(" r"), 0) != SPAN_NONE;
    size_t at = !pair || said.n > MOST_TWICE ? SPAN_NONE : span_find_last(said, word);
    if (at == SPAN_NONE) return EQ_NO;
    struct span whole = words_unwrap(stated_last(w->arena, span_slice(said, 0, at)).text);
    struct span rest =
        words_unwrap(stated_last(w->arena, span_slice(said, at + word.n, said.n)).text);
    struct named_list parts = {2, {{gold, whole}, {gold, rest}}};
    if (whole.n == 0 || rest.n == 0) return EQ_NO;
    enum equality e = meet_texts(w, gold, named_tuple(w->arena, &parts));
    if (e == EQ_YES) out->extracted = said;
    return e;
}

/* "The team won 18 out of 24 games": of things that are counted, their number and no share. */
static enum equality meet_out_of(struct math_work *w, struct span gold, struct span answer,
                                 struct span said, struct math_result *out)
{
    struct span joint = span_str(" out of ");
    size_t at = said.n > MOST_TWICE ? SPAN_NONE : span_find_last(said, joint);
    if (at == SPAN_NONE || gold.n > MOST_LABEL || gold.n + 1 > answer.n) return EQ_NO;
    size_t i = at + joint.n, digits = i;
    bool share = span_find(said, span_str("robability"), 0) != SPAN_NONE ||
                 span_find(said, span_str("chance"), 0) != SPAN_NONE ||
                 span_find(said, span_str("raction"), 0) != SPAN_NONE || span_has(said, '%');
    while (i < said.n && ascii_is_digit(said.p[i])) {
        i++;
    }
    bool noun = i > digits && i + 1 < said.n && said.p[i] == ' ' && ascii_is_letter(said.p[i + 1]);
    bool read = answer.p[0] == '(' && span_starts(span_slice(answer, 1, answer.n), gold) &&
                span_starts(span_slice(answer, gold.n + 1, answer.n), span_str(")/("));
    if (share || !noun || !read || !ascii_is_digit(gold.p[0])) return EQ_NO;
    trace_add(w->options->trace, "again", gold, "how many they are");
    out->extracted = gold;
    return meet_texts(w, gold, gold);
}

/* "... on the interval from 0 to infinity", "simplifies from 12:8 to 3:2". */
static enum equality meet_range(struct math_work *w, struct span gold, struct span said,
                                struct math_result *out)
{
    struct span value = range_said(w->arena, said);
    if (value.n == 0 || meet_texts(w, gold, value) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "range", value, "what its from and to say");
    out->extracted = value;
    return EQ_YES;
}

/* The next thing that s calls true or false from *at on, 't' or 'f'; 0: none. */
static char next_truth(struct span s, size_t *at)
{
    static const struct {
        const char *words;
        char truth;
    } forms[] = {{" is true", 't'},      {" is false", 'f'},   {" is not true", 'f'},
                 {" is not false", 't'}, {" isn't true", 'f'}, {" are both ", '?'}};
    for (size_t i = *at; i < s.n; i++) {
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
            if (!words_opens(span_slice(s, i, s.n), forms[k].words)) continue;
            *at = i + strlen(forms[k].words);
            return forms[k].truth;
        }
    }
    return 0;
}

/* "Statement 1 is true and statement 2 is false", where the reference is "True, False". */
static enum equality meet_truths(struct math_work *w, struct span gold, struct span said,
                                 struct math_result *out)
{
    size_t at = 0, n = 0;
    bool may = gold.n <= MOST_LABEL && said.n <= MOST_TWICE && span_has(gold, ',') &&
               !words_begin(said, "if ") && span_find(said, span_str(" if "), 0) == SPAN_NONE;
    for (size_t i = 0; may && i < gold.n;) {
        struct span rest = span_slice(gold, i, gold.n);
        char wanted = words_begin(rest, "true") ? 't' : words_begin(rest, "false") ? 'f' : 0;
        i += wanted == 't' ? 4 : 5;
        may = wanted != 0 && next_truth(said, &at) == wanted;
        n++;
        while (i < gold.n && (gold.p[i] == ',' || gold.p[i] == ' ')) {
            i++;
        }
    }
    if (!may || n < 2 || next_truth(said, &at) != 0) return EQ_NO;
    trace_add(w->options->trace, "truths", said, "what it calls true and false, in its order");
    out->extracted = said;
    return work_yes(w, MATH_EQUAL_WORDS);
}

/* "75 cents", where the reference has two places and no unit: 0.75. */
static enum equality meet_cents(struct math_work *w, struct span gold, struct span answer)
{
    gold = words_unwrap(gold);
    size_t point = gold.n > 3 ? gold.n - 3 : SPAN_NONE;
    bool cents = span_ends(answer, span_str(" cents"));
    char text[MOST_LABEL + 2] = "\\$";
    if (!cents || point == SPAN_NONE || gold.n >= MOST_LABEL || gold.p[point] != '.') return EQ_NO;
    for (size_t i = 0; i < gold.n; i++) {
        if (i != point && !ascii_is_digit(gold.p[i])) return EQ_NO;
    }
    memcpy(text + 2, gold.p, gold.n);
    const char *copy = arena_str(w->arena, span_of(text, gold.n + 2));
    return copy == NULL ? EQ_NO : meet_texts(w, span_of(copy, gold.n + 2), answer);
}

/* "45 in binary is 101101": the value with the base that the sentence gives it, where the reference has one. */
static enum equality meet_based(struct math_work *w, struct span gold, struct span answer,
                                struct span said, struct math_result *out)
{
    if (!span_has(gold, '_')) return EQ_NO;
    struct span value = based_value(w->arena, answer, said);
    if (value.n == 0 || meet_texts(w, gold, value) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "base", value, "in the base that its sentence names");
    out->extracted = value;
    return EQ_YES;
}

/* The answer against the reference, as it stands and then without what its words add. */
enum equality meet_all(struct math_work *w, struct span gold, struct span answer,
                       const struct stated *said, struct math_result *out)
{
    enum equality e = meet_texts(w, gold, answer);
    enum math_cause cause = w->cause;
    trace_add(w->options->trace, "compare", answer, math_cause_text(cause));
    if (w->options->mode == MATH_TEXT) return e;
    if (e == EQ_YES) {
        e = one_value(w, answer, ROUGHLY);
        if (e == EQ_NO && is_exact_form(w, gold, answer)) e = EQ_YES;
        w->cause = e == EQ_YES ? cause : MATH_NOT_EQUAL;
        return e;
    }
    if (meet_inside(w, gold, answer, said, out) == EQ_YES) return EQ_YES;
    if (meet_core(w, gold, answer) == EQ_YES) return EQ_YES;
    if (meet_again(w, gold, answer, out) == EQ_YES) return EQ_YES;
    w->cause = cause;
    return e;
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
    enum equality e = meet_texts(w, gold, parts);
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

/* "Odd: 3", a line by itself. */
static bool is_labelled(struct span line)
{
    size_t colon = span_find(line, span_str(": "), 0);
    if (colon == SPAN_NONE || colon == 0 || colon > MOST_LABEL || line.n > 2 * MOST_LABEL) {
        return false;
    }
    for (size_t i = 0; i < colon; i++) {
        if (!ascii_is_letter(line.p[i]) && line.p[i] != ' ') return false;
    }
    return true;
}

/* The list of two lines or more that s ends with, without its bullets. {NULL, 0}: it ends with none. */
static struct span last_list(struct arena *a, struct span s)
{
    struct span line, rest = span_trim(s);
    size_t to = rest.n, lines = 0;
    char *out = NULL;
    while (is_bullet(line = last_line(span_slice(rest, 0, to))) || is_labelled(line)) {
        lines++;
        to = (size_t)(line.p - rest.p);
    }
    if (lines >= 2) out = arena_alloc(a, rest.n - to + 1, 1);
    size_t n = 0;
    for (size_t i = to; out != NULL && i < rest.n; i++) {
        bool begins = i == to || rest.p[i - 1] == '\n';
        if (begins && is_bullet(span_slice(rest, i, rest.n))) {
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
        all = v == NULL ? EQ_NO : meet_texts(w, gold->all[i].value, v->value);
    }
    return all;
}

static bool may_be_several(struct span s)
{
    return span_has(s, ',') || span_has(s, ';') || span_has(s, '\n') ||
           span_find(s, span_str(" and "), 0) != SPAN_NONE ||
           span_find(s, span_str("\xef\xbc"), 0) != SPAN_NONE;
}

/* A bare list, "7, -1", as the tuple that it is beside values with names. */
static struct span in_order(struct arena *a, struct span gold)
{
    struct span s = words_unwrap(gold);
    bool bare = s.n > 0 && s.n < MOST_TWICE && strchr("([{\\", s.p[0]) == NULL && span_has(s, ',');
    char *out = bare ? arena_alloc(a, s.n + 3, 1) : NULL;
    if (out == NULL) return gold;
    out[0] = '(';
    memcpy(out + 1, s.p, s.n);
    out[s.n + 1] = ')';
    return span_of(out, s.n + 2);
}

/* "- a = 5", "- b = 8" at the end of a response, against "a = 5, b = 8". */
static enum equality meet_equations(struct math_work *w, struct span gold,
                                    const struct extraction *x, struct math_result *out)
{
    struct span list = span_has(gold, '=') ? last_list(w->arena, x->response) : span_of(NULL, 0);
    char *joined = list.n > 0 && list.n <= MOST_TWICE ? arena_alloc(w->arena, list.n, 1) : NULL;
    bool equation = false;
    for (size_t i = 0; joined != NULL && i < list.n; i++) {
        joined[i] = list.p[i] == '\n' ? ',' : list.p[i];
        equation |= list.p[i] == '=';
        bool ends = list.p[i] == '\n' || i + 1 == list.n;
        if (ends && !equation) return EQ_NO;
        if (ends) equation = false;
    }
    if (joined == NULL) return EQ_NO;
    struct span all = span_of(joined, list.n);
    if (prose_has_words(all) || meet_texts(w, gold, all) != EQ_YES) return EQ_NO;
    trace_add(w->options->trace, "list", list, "equations, one a line");
    out->extracted = list;
    return EQ_YES;
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
                         : meet_texts(w, in_order(w->arena, gold), named_tuple(w->arena, &given));
        if (e == EQ_YES) out->extracted = places[i];
    }
    if (e == EQ_NO && wanted.n > 0) e = meet_texts(w, named_tuple(w->arena, &wanted), answer);
    return e;
}

enum equality meet_around(struct math_work *w, struct span gold, struct span answer,
                          const struct stated *said, const struct extraction *x,
                          struct math_result *out)
{
    bool unmarked = x->source == MATH_FROM_EXPRESSION || x->source == MATH_FROM_LATEX;
    enum equality e = meet_parts(w, gold, x, out) == EQ_YES ? EQ_YES : EQ_NO;
    if (e == EQ_NO) e = meet_which(w, gold, last_line(x->response), out);
    if (e == EQ_NO) e = meet_about(w, gold, last_line(x->response), out);
    if (e == EQ_NO) e = meet_namely(w, gold, last_line(x->response), out);
    if (e == EQ_NO) {
        e = meet_remainder(w, gold, last_line(x->response), out) == EQ_YES ? EQ_YES : EQ_NO;
    }
    if (e == EQ_NO) e = meet_out_of(w, gold, answer, last_line(x->response), out);
    if (e == EQ_NO && unmarked) e = meet_range(w, gold, last_line(x->response), out);
    if (e == EQ_NO && unmarked) e = meet_truths(w, gold, last_line(x->response), out);
    if (e == EQ_NO) e = meet_cents(w, gold, answer);
    if (e == EQ_NO) e = meet_based(w, gold, answer, last_line(x->response), out);
    if (e == EQ_NO) e = meet_list(w, gold, answer, said, x, out);
    if (e == EQ_NO && unmarked) e = meet_equations(w, gold, x, out);
    return e;
}
