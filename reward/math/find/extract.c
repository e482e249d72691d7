/* reward/math/find/extract.c - where in a response the final answer is.
 *
 * Reasoning goes first: only what follows </think> counts. Then, the first place that has
 * something:
 *
 *   [...]            with answer_in_brackets
 *   <answer>         the last one
 *   \boxed \fbox     the last one; several that the text joins by commas or "and" make one list
 *   ####             the rest of its line
 *   "answer is"      the mathematics that follows in that sentence
 *   everything       when the whole response reads as one formula
 *   formula, number  whichever stands last
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/extract.h"

#include "reward/math/find/boxes.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/marks.h"
#include "reward/math/find/phrase.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MAX_SHORT = 60, MAX_TAIL = 400 };

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

static bool whole_reads(struct arena *a, struct span s)
{
    struct span t = words_unwrap(s);
    return t.n > 0 && t.n <= 2000 && !prose_has_words(t) && formula_reads(a, t);
}

/* 204 of "m + n = 204": a sum of letters has a value where nothing asks for an equation. */
static struct span without_sum_of_letters(struct span s)
{
    const char *sign = s.n == 0 ? NULL : memchr(s.p, '=', s.n);
    int letters = 0;
    for (const char *c = s.p; sign != NULL && c < sign; c++) {
        bool letter = *c >= 'a' && *c <= 'z';
        if (!letter && *c != ' ' && *c != '+') return s;
        if (letter && c + 1 < sign && c[1] >= 'a' && c[1] <= 'z') return s;
        letters += letter;
    }
    if (letters < 2) return s;
    return span_trim(span_slice(s, (size_t)(sign - s.p) + 1, s.n));
}

static bool unmarked(struct arena *a, struct span s, const struct math_options *o,
                     struct extraction *out)
{
    struct span found = marks_hashed(s, o->first_answer);
    if (found.n > 0) return find(out, found, MATH_FROM_HASHES);
    if (boxes_cut_off(s)) {
        out->cause = MATH_NO_ANSWER_FOUND;
        return false;
    }
    if ((found = phrase_answer(a, s, o)).n > 0) return find(out, found, MATH_FROM_PHRASE);
    if (whole_reads(a, s)) return find(out, s, MATH_FROM_EXPRESSION);
    if ((found = prose_moment(a, s)).n > 0) return find(out, found, MATH_FROM_EXPRESSION);
    if (prose_denies(s)) return false;
    enum math_source source;
    found = without_sum_of_letters(prose_last(a, prose_without_aside(s), o->extract, &source));
    if (found.n > 0) return find(out, found, source);
    if ((o->extract & MATH_EXTRACT_EXPR) && (found = prose_spelled(s)).n > 0) {
        return find(out, found, MATH_FROM_EXPRESSION);
    }
    struct formula f;
    struct span t = span_trim(s);
    if (t.n > 0 && formula_at(t, 0, NULL, &f) && f.to == t.n) {
        return find(out, f.inside, MATH_FROM_LATEX);
    }
    if (t.n > 0 && t.n <= MAX_SHORT && memchr(t.p, '\n', t.n) == NULL) {
        size_t said = span_find_last(t, span_str(" is "));
        out->words = true;
        if (said != SPAN_NONE) t = span_slice(t, said + 4, t.n); /* "The capital is Paris." */
        return find(out, t, MATH_FROM_EXPRESSION);
    }
    out->cause = MATH_NO_ANSWER_FOUND;
    return false;
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
    struct span found =
        phrase_stated(a, phrase_sentence(span_slice(rest, at + mark.n, rest.n)), o->extract);
    return found.n > 0 && find(out, found, MATH_FROM_PHRASE);
}

static bool in_boxes(struct arena *a, struct span s, const struct math_options *o,
                     struct extraction *out)
{
    if (final_words(a, s, o, out)) return true;
    struct span box = boxes_answer(a, s, o->first_answer, &out->boxes);
    if (box.p == NULL) return false;
    find(out, box, MATH_FROM_BOXED);
    return true;
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
        if (in_boxes(a, tag, o, out)) return out->source != MATH_FROM_NOWHERE;
        struct span said = phrase_answer(a, tag, o); /* <answer>The answer is 5</answer> */
        return find(out, said.n > 0 ? said : tag, MATH_FROM_TAG);
    }
    if (o->answer_tag) return false;
    if (open) {
        out->cause = MATH_ONLY_IN_REASONING;
        return false;
    }
    if (in_boxes(a, s, o, out)) return out->source != MATH_FROM_NOWHERE;
    if (o->require_boxed) return false;
    return unmarked(a, s, o, out);
}

void extract_answer(struct arena *a, struct span response, const struct math_options *o,
                    struct extraction *out)
{
    struct span s = marks_cut(response), rest;
    bool open;
    *out = (struct extraction){.cause = MATH_NO_ANSWER_FOUND};
    if (!marks_after_reasoning(s, o, &rest, &open)) return;
    bool found = search(a, rest, open, o, out);
    if (rest.n <= MAX_TAIL) out->whole = words_unwrap(rest);
    if ((found && !out->words) || out->cause == MATH_EMPTY_ANSWER) return;
    if (rest.n == s.n) return;
    struct extraction inside = {0};
    struct span thought = span_slice(s, 0, s.n - rest.n);
    bool boxed = in_boxes(a, thought, o, &inside) && inside.source != MATH_FROM_NOWHERE;
    if (boxed && o->boxed_anywhere) {
        *out = inside;
    } else if (boxed) {
        *out = (struct extraction){.cause = MATH_ONLY_IN_REASONING};
    }
}

struct span extract_gold(struct arena *a, struct span gold, const struct math_options *o)
{
    struct span whole_gold = words_unwrap(gold);
    bool marked = gold.n > 64 || memchr(gold.p == NULL ? "" : gold.p, '#', gold.n) != NULL ||
                  memchr(gold.p == NULL ? "" : gold.p, '<', gold.n) != NULL ||
                  span_find(gold, span_str("box"), 0) != SPAN_NONE;
    if (!marked) return whole_gold;
    struct extraction found = {0};
    struct span s = marks_cut(gold), tag = marks_tagged(s, false), hash = marks_hashed(s, false);
    struct math_options plain = *o;
    plain.first_answer = false;
    if (tag.p != NULL) s = tag;
    if (in_boxes(a, s, &plain, &found) && found.source != MATH_FROM_NOWHERE) return found.text;
    if (hash.n > 0 && span_find(s, span_str("####"), 0) != SPAN_NONE) return hash;
    struct span whole = words_unwrap(s);
    if (whole.n <= 400 && (whole.n == 0 || formula_reads(a, whole))) return whole;
    struct formula f;
    if (whole.n > 60 && formula_last(a, s, &f)) return words_unwrap(f.inside);
    return whole;
}
