/* reward/math/find/extract.c - where in a response the final answer is.
 *
 * Reasoning goes first: only what follows </think> counts. Then, the first place that has
 * something:
 *
 *   [...]            with answer_in_brackets
 *   <answer>         the last one
 *   {"answer": ...}  where the response is one JSON object
 *   \boxed \fbox     the last one; several that the text joins by commas or "and" make one list
 *   ####             the rest of its line
 *   "answer is"      the mathematics that follows in that sentence
 *   everything       when the whole response reads as one formula
 *   an outcome       "no real solutions", "does not exist" in the last sentence (outcome.h)
 *   bold             the last, where no line with mathematics follows
 *   formula, number  whichever stands last
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/extract.h"

#include "base/ascii.h"
#include "base/turn_marks.h"
#include "reward/math/find/amounts.h"
#include "reward/math/find/aside.h"
#include "reward/math/find/closing.h"
#include "reward/math/find/denied.h"
#include "reward/math/find/boxes.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/marks.h"
#include "reward/math/find/outcome.h"
#include "reward/math/find/phrase.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/rejected.h"
#include "reward/math/find/spelled.h"
#include "reward/math/find/spoken.h"
#include "reward/math/find/taken_back.h"
#include "reward/math/read/foreign.h"
#include "reward/math/read/words.h"
#include "reward/row/json_answer.h"

enum { MAX_SHORT = 160, MAX_TAIL = 400, MAX_INSIDE = 2000 };

static bool find(struct extraction *out, struct span text, enum math_source source)
{
    out->text = words_unwrap(text);
    out->source = source;
    if (out->text.n == 0) {
        out->source = MATH_FROM_NOWHERE;
        out->cause = MATH_EMPTY_ANSWER;
    }
    return out->source != MATH_FROM_NOWHERE;
}

/* s has a word of Chinese characters, two or more in a row. */
static bool is_chinese(struct span s)
{
    for (size_t i = 0; i + 3 < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], next = (unsigned char)s.p[i + 3];
        if (c >= 0xe4 && c <= 0xe9 && next >= 0xe4 && next <= 0xe9) return true;
    }
    return false;
}

static bool whole_reads(struct arena *a, struct span s)
{
    struct span t = words_unwrap(s);
    return t.n > 0 && t.n <= 2000 && !prose_has_words(t) && !is_chinese(t) && formula_reads(a, t);
}

/* What a statement says, as the answer. */
static bool take(struct extraction *out, const struct stated *st, enum math_source source)
{
    out->place = st->plain;
    out->spoken = st->changed;
    out->language = st->language;
    return find(out, st->text, source);
}

/* "(exactly $25\sqrt{3}$ m)" at s.p[to], behind a value in bold that is its rounding: the value with it. */
static struct span with_exact(struct span s, size_t from, size_t to, struct span bold)
{
    static const char head[] = " (exactly ";
    struct span rest = span_slice(s, to + 2, s.n);
    size_t close = span_starts(rest, span_str(head)) ? words_close(rest, 1) : SPAN_NONE;
    return close == SPAN_NONE ? bold : span_slice(s, from - 2, to + 2 + close);
}

/* Another number in bold stands before s.p[at] in the same line: "**19** by adding **4** to **15**", which the sentence
 * has to tell apart. */
static bool has_bold_before(struct span s, size_t at)
{
    size_t from = at;
    while (from > 0 && s.p[from - 1] != '\n') {
        from--;
    }
    struct span line = span_slice(s, from, at), mark = span_str("**");
    size_t open = span_find(line, mark, 0);
    size_t close = open == SPAN_NONE ? open : span_find(line, mark, open + 2);
    if (close == SPAN_NONE) return false;
    bool number = false;
    for (size_t i = open; i < close; i++) {
        number |= ascii_is_digit(line.p[i]);
    }
    return number && (ascii_is_digit(line.p[open + 2]) || line.p[open + 2] == '$');
}

/* The last thing in bold, where no line with mathematics follows it: "So it is **8 hours**, from 9
 * to 17." */
static bool in_bold(struct arena *a, struct span s, const struct math_options *o,
                    struct extraction *out)
{
    struct span bold = plain_last_bold(s);
    if (bold.p == NULL || bold.n == 0 || bold.n > MAX_TAIL) return false;
    size_t from = (size_t)(bold.p - s.p), to = from + bold.n;
    const char *line = memchr(s.p + to, '\n', s.n - to);
    for (const char *c = line; c != NULL && c < s.p + s.n; c++) {
        if (ascii_is_digit(*c) || *c == '$' || *c == '\\') return false;
    }
    struct stated st = stated_in(a, bold, o->extract);
    struct spoken v = spoken_value(a, s, from - 2, to + 2);
    if (v.denied || has_bold_before(s, from - 2)) return false;
    struct span moment = prose_moment(a, words_unwrap(bold));
    if (moment.n > 0 && !v.changed) st = (struct stated){.text = moment, .plain = st.plain};
    out->place = st.plain;
    if (st.text.n == 0 || st.denied) return false;
    struct span exact = with_exact(s, from, to, bold);
    if (exact.n > bold.n) st.text = plain_text(a, exact);
    if (v.changed) st = (struct stated){.text = v.text, .plain = st.plain, .changed = true};
    trace_add(o->trace, "bold", bold, "in bold, and no line with mathematics follows");
    return take(out, &st, MATH_FROM_EXPRESSION);
}

/* A short response that is words alone: "The capital is Paris." */
static bool in_words(struct span s, const struct math_options *o, struct extraction *out)
{
    struct span t = span_trim(s);
    trace_add(o->trace, "words", t.n > MAX_SHORT ? span_of(NULL, 0) : t, "no mathematics at all");
    if (t.n == 0 || t.n > MAX_SHORT || span_has(t, '\n')) return false;
    static const char *const copulas[] = {" is ",         " est ",        " ist ",
                                          " \xc3\xa9 ",   " es ",         " \xc3\xa8 ",
                                          "\xe6\x98\xaf", "\xe4\xb8\xba", " called "};
    out->words = true;
    out->place = t;
    for (size_t i = 0; i < sizeof(copulas) / sizeof(copulas[0]); i++) {
        size_t said = span_find_last(t, span_str(copulas[i]));
        if (said == SPAN_NONE || said + strlen(copulas[i]) == t.n) continue;
        if (span_ends(span_slice(t, 0, said), span_str("\xe4\xb8\x8d"))) continue; /* is not */
        if (foreign_denies_before(t, said + strlen(copulas[i]))) return false; /* "no es B" */
        if (words_begin(t, "neither ") || words_begin(t, "none ")) continue;
        if (prose_disowns(t)) continue;
        struct span what = span_slice(t, said + strlen(copulas[i]), t.n);
        return find(out, closing_without_sequel(what), MATH_FROM_EXPRESSION);
    }
    return find(out, t, MATH_FROM_EXPRESSION);
}

/* "It takes an hour and a half.", "greater than zero": an amount or an interval of several words in the last sentence,
 * which may have no digits. */
static bool in_several_words(struct arena *a, struct span s, const struct math_options *o,
                             struct extraction *out)
{
    s = span_trim(s);
    struct span last = span_slice(s, prose_last_sentence(s), s.n);
    struct span plain = last.n > MAX_TAIL ? last : plain_text(a, last);
    struct span digits = amounts_in_digits(a, plain);
    if (!(o->extract & MATH_EXTRACT_EXPR)) return false;
    bool interval = digits.p == plain.p && prose_last_number_end(plain) == 0;
    if (digits.p == plain.p && !interval) return false;
    struct stated st = stated_last(a, aside_removed(digits));
    if (st.text.n == 0 || st.denied || (interval && !st.changed)) return false;
    trace_add(o->trace, "amount", digits, "an amount of several words, in digits");
    return take(out, &st, MATH_FROM_EXPRESSION);
}

/* "5 choose 2", "three in ten": a response that is two numbers and the word that makes them one. */
static bool in_two_numbers(struct arena *a, struct span s, struct extraction *out)
{
    struct span t = words_unwrap(s);
    if (t.n == 0 || t.n > MAX_SHORT || span_has(t, '\n')) return false;
    t = amounts_in_digits(a, t);
    size_t digits = 0;
    while (digits < t.n && ascii_is_digit(t.p[digits])) {
        digits++;
    }
    struct spoken v = {.text = {NULL, 0}};
    if (digits > 0 && digits < t.n && t.p[digits] == ' ') v = spoken_value(a, t, 0, digits);
    bool all = v.changed && !v.denied && v.to == t.n;
    out->spoken = all;
    return all && find(out, v.text, MATH_FROM_EXPRESSION);
}

/* The answer of running text: what its last sentences say. */
static bool in_prose(struct arena *a, struct span s, const struct math_options *o,
                     struct extraction *out)
{
    struct stated st;
    enum math_source source;
    struct formula f;
    struct span found;
    if (prose_refuses(s)) {
        trace_add(o->trace, "refusal", span_trim(s), "it gives no answer, and says so");
        out->cause = MATH_NO_ANSWER_FOUND;
        return false;
    }
    if ((o->extract & MATH_EXTRACT_EXPR) && in_two_numbers(a, s, out)) return true;
    if ((found = prose_moment(a, s)).n > 0) {
        trace_add(o->trace, "moment", found, "a time or a date at the end");
        return find(out, found, MATH_FROM_EXPRESSION);
    }
    if ((found = outcome_said(s)).n > 0) {
        trace_add(o->trace, "outcome", found, "what the last sentence says in words");
        out->place = span_trim(s);
        return find(out, found, MATH_FROM_EXPRESSION);
    }
    if (in_bold(a, s, o, out)) return true;
    struct span bold = out->place;
    if (in_several_words(a, s, o, out)) return true;
    if ((found = spelled_last(s)).n > 0) {
        trace_add(o->trace, "spelled", found, "a number in words that the last sentence ends with");
        return find(out, found, MATH_FROM_EXPRESSION);
    }
    if ((found = aside_before_reason(s)).n > 0 && in_words(found, o, out)) return true;
    if (prose_last(a, aside_removed(s), o->extract, &st, &source)) {
        if (bold.n > 0) st.plain = bold;
        trace_add(o->trace, "last", st.plain, "the last sentence with mathematics: its last");
        return take(out, &st, source);
    }
    if (st.denied) {
        trace_add(o->trace, "last", st.plain, "it only says what the answer is not");
        return false;
    }
    if ((o->extract & MATH_EXTRACT_EXPR) && (found = spelled_only(a, s)).n > 0) {
        if (bold.n == 0) { /* "One Hundred" may be a name's */
            out->place = span_slice(s, prose_last_sentence(s), s.n);
        }
        return find(out, found, MATH_FROM_EXPRESSION);
    }
    struct span t = span_trim(s);
    if (t.n > 0 && formula_at(t, 0, NULL, &f) && f.to == t.n) {
        return find(out, f.inside, MATH_FROM_LATEX);
    }
    if (bold.n > 0) return find(out, bold, MATH_FROM_EXPRESSION);
    if (in_words(s, o, out)) return true;
    out->cause = MATH_NO_ANSWER_FOUND;
    return false;
}

/* The marked answer that ends at s.p[to] is none: st is, where there is one and no option asks for a mark. */
static void replace(struct span s, size_t to, const struct stated *st, const struct math_options *o,
                    struct extraction *out)
{
    out->taken_back = true;
    out->source = MATH_FROM_NOWHERE;
    out->cause = MATH_NO_ANSWER_FOUND;
    out->boxes = 0;
    out->response = span_slice(s, to, s.n);
    trace_add(o->trace, "taken back", out->response,
              "what is marked is denied behind or before it");
    if (o->require_boxed || o->answer_tag || st == NULL) return;
    trace_add(o->trace, "phrase", st->said, "the answer in its place");
    take(out, st, MATH_FROM_PHRASE);
}

/* The marked answer that ends at s.p[to] is denied: what is announced behind it counts. */
static void after_denied(struct arena *a, struct span s, size_t to, const struct math_options *o,
                         struct extraction *out)
{
    struct span rest = span_slice(s, to, s.n);
    struct stated st = {.text = {NULL, 0}};
    bool found = phrase_answer(a, rest, o, &st) || phrase_corrected(a, rest, o, &st);
    replace(s, to, found ? &st : NULL, o, out);
}

/* Its writer thinks better of the marked answer that ends at s.p[to], and gives another: "\boxed{42}. Correction: 43". */
static bool second_thoughts(struct arena *a, struct span s, size_t to, const struct math_options *o,
                            struct extraction *out)
{
    struct stated st = {.text = {NULL, 0}};
    bool other = !o->first_answer && phrase_corrected(a, span_slice(s, to, s.n), o, &st);
    if (other) replace(s, to, &st, o, out);
    return other;
}

static bool unmarked(struct arena *a, struct span s, const struct math_options *o,
                     struct extraction *out)
{
    struct stated st = {.text = {NULL, 0}};
    struct span found = marks_hashed(s, o->first_answer);
    if (found.n > 0) {
        trace_add(o->trace, "hashes", found, "the rest of the line after ####");
        size_t end = (size_t)(found.p - s.p) + found.n;
        if (second_thoughts(a, s, end, o, out)) return out->source != MATH_FROM_NOWHERE;
        return find(out, found, MATH_FROM_HASHES);
    }
    if (boxes_cut_off(s)) {
        trace_add(o->trace, "box", span_of(NULL, 0), "cut off inside a box: no answer");
        out->cause = MATH_NO_ANSWER_FOUND;
        return false;
    }
    if (phrase_answer(a, s, o, &st)) {
        trace_add(o->trace, "phrase", st.said, "the statement that is announced as the answer");
        return take(out, &st, MATH_FROM_PHRASE);
    }
    if (st.denied) {
        trace_add(o->trace, "phrase", span_of(NULL, 0), "an answer that is only supposed");
        out->cause = MATH_NO_ANSWER_FOUND;
        return false;
    }
    trace_add(o->trace, "phrase", span_of(NULL, 0), "nothing is announced as the answer");
    if (whole_reads(a, s)) {
        trace_add(o->trace, "whole", span_trim(s), "all of it reads as one formula");
        return find(out, s, MATH_FROM_EXPRESSION);
    }
    if (prose_is_unfinished(s)) {
        trace_add(o->trace, "cut off", span_of(NULL, 0), "it ends in the middle of a formula");
        out->cause = MATH_NO_ANSWER_FOUND;
        return false;
    }
    return in_prose(a, closing_removed(rejected_removed(a, s)), o, out);
}

/* "The final answer is ..." after the last box, with something in it that reads as mathematics. */
static bool final_words(struct arena *a, struct span s, const struct math_options *o,
                        struct extraction *out)
{
    struct span mark = span_str("inal answer is");
    if (o->first_answer || o->require_boxed || span_find(s, mark, 0) == SPAN_NONE) return false;
    size_t box = boxes_last_end(s);
    if (box == 0) return false;
    struct span rest = span_slice(s, box, s.n);
    size_t at = span_find_last(rest, mark);
    if (at == SPAN_NONE) return false;
    struct stated st =
        stated_in(a, phrase_sentence(span_slice(rest, at + mark.n, rest.n), false), o->extract);
    if (st.text.n > 0) trace_add(o->trace, "phrase", rest, "a final answer after the last box");
    return st.text.n > 0 && take(out, &st, MATH_FROM_PHRASE);
}

/* The name of what a box holds by name, the a of "a = 2"; no bytes where it holds anything else. */
static struct span boxed_name(struct span box)
{
    size_t sign = span_find(box, span_str("="), 0);
    struct span name = sign == SPAN_NONE ? span_of(NULL, 0) : span_trim(span_slice(box, 0, sign));
    return name.n == 1 && ascii_is_letter(name.p[0]) ? name : span_of(NULL, 0);
}

/* "So the requested value of $a+b$ is **9**." after the last box, which holds a value by another name, a = 2. */
static bool requested_words(struct arena *a, struct span s, const struct math_options *o,
                            struct extraction *out)
{
    struct span mark = span_str("requested value of "), is = span_str(" is ");
    size_t box = o->first_answer || o->require_boxed ? 0 : boxes_last_end(s);
    if (box == 0) return false;
    struct span rest = span_slice(s, box, s.n);
    size_t at = span_find_last(rest, mark);
    size_t said = at == SPAN_NONE ? at : span_find(rest, is, at + mark.n);
    if (said == SPAN_NONE || said - at > MAX_SHORT) return false;
    int boxes;
    struct span held = boxed_name(boxes_answer(a, s, false, &boxes));
    struct span name = words_unwrap(span_slice(rest, at + mark.n, said));
    if (held.n == 0 || boxes > 1 || span_eq(held, name)) return false;
    struct span clause = phrase_sentence(span_slice(rest, said + is.n, rest.n), false);
    struct stated st = stated_in(a, clause, o->extract);
    if (st.text.n == 0 || st.denied) return false;
    trace_add(o->trace, "phrase", clause, "what was asked for, after a box with another value");
    return take(out, &st, MATH_FROM_PHRASE);
}

bool extract_boxed(struct arena *a, struct span s, const struct math_options *o,
                   struct extraction *out)
{
    if (final_words(a, s, o, out) || requested_words(a, s, o, out)) return true;
    struct span box = boxes_answer(a, s, o->first_answer, &out->boxes);
    if (out->boxes == BOXES_DENIED) {
        after_denied(a, s, boxes_last_end(s), o, out);
        return true;
    }
    trace_add(o->trace, "box", box,
              box.p == NULL     ? "no closed box"
              : out->boxes > 1  ? "boxes that the text joins"
              : o->first_answer ? "the first box"
                                : "the last box");
    if (box.p == NULL) return false;
    bool whole = box.p >= s.p && box.p < s.p + s.n; /* not joined from several */
    size_t behind = whole ? (size_t)(box.p - s.p) + box.n : s.n;
    while (behind < s.n && memchr(" }$*.", s.p[behind], 5) != NULL) {
        behind++;
    }
    if (!o->first_answer && denied_in_bracket(s, behind) > 0) { /* \boxed{12} (but this fails) */
        trace_add(o->trace, "box", box, "taken back behind it");
        out->cause = MATH_NO_ANSWER_FOUND;
        out->source = MATH_FROM_NOWHERE;
        return true;
    }
    if (second_thoughts(a, s, whole ? behind : boxes_last_end(s), o, out)) return true;
    find(out, box, MATH_FROM_BOXED);
    return true;
}

/* What an announced place holds: its box, its statement, or all of it. */
static bool in_place(struct arena *a, struct span place, const struct math_options *o,
                     struct extraction *out)
{
    if (extract_boxed(a, place, o, out)) return out->source != MATH_FROM_NOWHERE;
    if (!o->first_answer) place = phrase_after_slip(place);
    place = rejected_removed(a, place);
    struct stated st = {.text = place};
    phrase_answer(a, place, o, &st); /* <answer>The answer is 5</answer> */
    return take(out, &st, MATH_FROM_TAG);
}

/* The member that is the answer of a response that is one JSON object, alone or in a fence; p NULL:
 * it is none. */
static struct span in_object(struct arena *a, struct span s)
{
    static const char *const members[] = {"answer", "final_answer", "Answer"};
    struct span t = span_trim(s), none = {NULL, 0};
    if (span_starts(t, span_str("```")) && span_ends(t, span_str("```")) && t.n > 6) {
        const char *line = memchr(t.p, '\n', t.n - 3);
        if (line == NULL) return none;
        t = span_trim(span_slice(t, (size_t)(line - t.p), t.n - 3));
    }
    if (!span_starts(t, span_str("{")) || !span_ends(t, span_str("}"))) return none;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct span found = json_answer(t, members[i], a);
        if (found.p != NULL) return found;
    }
    return none;
}

/* What the tag holds is denied, or its writer thinks better of it. */
static bool tag_taken_back(struct arena *a, struct span s, struct span tag,
                           const struct math_options *o, struct extraction *out)
{
    if (tag.n == 0 || o->first_answer) return false;
    size_t from = (size_t)(tag.p - s.p), to = from + tag.n + strlen("</answer>");
    if (to >= s.n) to = s.n; /* it is never closed, or nothing follows */
    if (taken_back(s, from - strlen("<answer>"), to)) {
        after_denied(a, s, to, o, out);
        return true;
    }
    return second_thoughts(a, s, to, o, out);
}

static bool search(struct arena *a, struct span s, bool open, const struct math_options *o,
                   struct extraction *out)
{
    out->cause = MATH_NO_ANSWER_FOUND;
    if (o->location == MATH_EXACT) return find(out, s, MATH_FROM_EXPRESSION);
    if (o->answer_in_brackets) {
        struct span b = marks_bracketed(s, o->first_answer);
        return b.p != NULL && find(out, b, MATH_FROM_BRACKETS);
    }
    struct span tag = marks_tagged(s, o->first_answer);
    if (tag.p != NULL && !o->require_boxed) {
        if (tag_taken_back(a, s, tag, o, out)) return out->source != MATH_FROM_NOWHERE;
        trace_add(o->trace, "tag", tag, "inside the <answer> tag");
        return in_place(a, tag, o, out);
    }
    if (o->answer_tag) return false;
    if (open) {
        trace_add(o->trace, "reasoning", span_of(NULL, 0), "it never ends: only a tag would count");
        out->cause = MATH_ONLY_IN_REASONING;
        return false;
    }
    struct span member = o->require_boxed ? span_of(NULL, 0) : in_object(a, s);
    if (member.p != NULL) {
        trace_add(o->trace, "object", member, "the answer of a JSON object");
        return in_place(a, member, o, out);
    }
    if (extract_boxed(a, s, o, out)) return out->source != MATH_FROM_NOWHERE;
    if (o->require_boxed) return false;
    return unmarked(a, s, o, out);
}

void extract_answer(struct arena *a, struct span response, const struct math_options *o,
                    struct extraction *out)
{
    struct span s = turn_text(response), rest;
    bool open;
    *out = (struct extraction){.cause = MATH_NO_ANSWER_FOUND};
    if (!marks_after_reasoning(s, o, &rest, &open)) return;
    if (rest.n < s.n) {
        trace_add(o->trace, "reasoning", span_slice(s, 0, s.n - rest.n), "not looked at");
    }
    bool found = search(a, rest, open, o, out);
    if (found) trace_add(o->trace, "answer", out->text, math_source_name(out->source));
    if (!out->taken_back) out->response = rest;
    if (out->response.n <= MAX_TAIL) out->whole = words_unwrap(out->response);
    if (out->taken_back) return;
    if ((found && !out->words) || out->cause == MATH_EMPTY_ANSWER) return;
    if (rest.n == s.n) return;
    struct extraction inside = {0};
    struct span thought = span_slice(s, 0, s.n - rest.n);
    bool boxed = extract_boxed(a, thought, o, &inside) && inside.source != MATH_FROM_NOWHERE;
    if (boxed && o->boxed_anywhere) {
        *out = inside;
    } else if (boxed) {
        *out = (struct extraction){.cause = MATH_ONLY_IN_REASONING};
    }
}

static bool has_foreign(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80) return true;
    }
    return false;
}

bool extract_may_have_words(struct span s)
{
    bool command = false;
    int letters = 0;
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80) return true;
        bool letter = ascii_is_letter(s.p[i]);
        if (!letter) command = s.p[i] == '\\';
        letters = letter && !command ? letters + 1 : 0;
        if (letters > 1) return true;
    }
    return span_find(s, span_str("\\text"), 0) != SPAN_NONE;
}

struct stated extract_inside(struct arena *a, struct span inside, const struct math_options *o)
{
    struct stated st = {.text = inside};
    if (inside.n > MAX_INSIDE || !extract_may_have_words(inside)) return st;
    struct span words = plain_words(a, words_unwrap(inside));
    struct stated said = {.text = {NULL, 0}};
    if (words.n == 0 || !(prose_has_words(words) || has_foreign(words))) return st;
    bool phrase = phrase_answer(a, words, o, &said);
    if (!phrase) said = stated_in(a, words, o->extract);
    return said;
}
