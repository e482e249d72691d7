/* engine/tokenizer/split.c - see split.h.
 *
 * A step sees its text as items, gaps and matches in turn (several matches may
 * follow each other). What becomes of them is Hugging Face's SplitDelimiterBehavior
 * (tokenizers, normalizer.rs, `split`):
 *
 *   ISOLATED               each item is a word
 *   REMOVED                each gap is a word, matches vanish
 *   MERGED_WITH_PREVIOUS   a match joins the gap before it
 *   MERGED_WITH_NEXT       a match joins the gap after it
 *   CONTIGUOUS             matches that touch are one word
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/split.h"

#include "base/utf8.h"

struct splitting {
    const struct split_step *steps;
    struct regex_match *const *matches;
    int n;
    split_sink *sink;
    void *arg;
    struct error *err;
};

static bool run_step(const struct splitting *g, int step, struct span text);

/* One step's walk over its text. [held_from, held_to) is an item not yet passed on, if any. */
struct walk {
    const struct splitting *g;
    int step;
    struct span text;
    size_t held_from, held_to;
    bool held, held_match;
};

static bool pass_on(const struct walk *w, size_t from, size_t to)
{
    return from == to || run_step(w->g, w->step + 1, span_slice(w->text, from, to));
}

static bool release(struct walk *w)
{
    bool held = w->held;
    w->held = false;
    return !held || pass_on(w, w->held_from, w->held_to);
}

static bool joins(enum split_behavior behavior, bool held_match, bool match)
{
    switch (behavior) {
    case SPLIT_MERGED_WITH_PREVIOUS:
        return !held_match && match;
    case SPLIT_MERGED_WITH_NEXT:
        return held_match && !match;
    default: /* CONTIGUOUS */
        return held_match == match;
    }
}

static bool item(struct walk *w, size_t from, size_t to, bool match)
{
    const struct split_step *step = &w->g->steps[w->step];
    if (from == to) return true;
    if (step->behavior == SPLIT_ISOLATED) return pass_on(w, from, to);
    if (step->invert) match = !match;
    if (step->behavior == SPLIT_REMOVED) return match || pass_on(w, from, to);
    if (w->held && joins(step->behavior, w->held_match, match)) {
        w->held_to = to;
        w->held_match = match;
        return true;
    }
    if (!release(w)) return false;
    w->held = true;
    w->held_match = match;
    w->held_from = from;
    w->held_to = to;
    return true;
}

static bool run_step(const struct splitting *g, int step, struct span text)
{
    if (step == g->n) return g->sink(g->arg, text);
    struct walk w = {.g = g, .step = step, .text = text};
    size_t done = 0, begin, end;
    enum regex_found found;
    while ((found = regex_next(g->steps[step].regex, g->matches[step], text, done, &begin, &end,
                               g->err)) == REGEX_FOUND) {
        if (!item(&w, done, begin, false) || !item(&w, begin, end, true)) return false;
        done = end;
    }
    return found != REGEX_FAILED && item(&w, done, text.n, false) && release(&w);
}

/* The run of bytes at the front of s that start no character. */
static size_t invalid_prefix(struct span s)
{
    uint32_t c;
    size_t n = 0;
    while (n < s.n && utf8_decode(span_slice(s, n, s.n), &c) == 0) {
        n++;
    }
    return n;
}

bool split_text(const struct split_step *steps, struct regex_match *const *matches, int n,
                struct span text, split_sink *sink, void *arg, struct error *err)
{
    if (n == 0) return text.n == 0 || sink(arg, text);
    struct splitting g = {steps, matches, n, sink, arg, err};
    while (text.n > 0) {
        size_t good = utf8_valid_prefix(text);
        if (good > 0 && !run_step(&g, 0, span_slice(text, 0, good))) return false;
        text = span_slice(text, good, text.n);
        size_t bad = invalid_prefix(text);
        if (bad > 0 && !sink(arg, span_slice(text, 0, bad))) return false;
        text = span_slice(text, bad, text.n);
    }
    return true;
}
