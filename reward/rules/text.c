/* reward/rules/text.c - see text.h. Forward scans only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/text.h"

#include "base/reasoning_marks.h"

static const char ANSWER[] = "<answer>", ANSWER_END[] = "</answer>";

struct span text_join(struct span head, struct span tail, struct arena *a)
{
    if (head.n == 0) return tail;
    if (tail.n == 0) return head;
    char *both = head.n > SIZE_MAX - tail.n ? NULL : arena_alloc(a, head.n + tail.n, 1);
    if (both == NULL) return span_of(NULL, 0);
    memcpy(both, head.p, head.n);
    memcpy(both + head.n, tail.p, tail.n);
    return span_of(both, head.n + tail.n);
}

struct span text_after_think(struct span text)
{
    bool open;
    struct span rest = reasoning_after(text, &open);
    return open ? span_slice(text, text.n, text.n) : rest;
}

/* The bytes of a box's opening at text[at], its brace included; 0 when none starts there. */
static size_t box_opening(struct span text, size_t at)
{
    struct span rest = span_slice(text, at, text.n);
    if (span_starts(rest, span_str("\\boxed{"))) return strlen("\\boxed{");
    if (span_starts(rest, span_str("\\fbox{"))) return strlen("\\fbox{");
    return 0;
}

/* One pass that counts braces and remembers where the boxes still open began; the box that closes
 * last is the last one, an outer one before those inside it. Of boxes nested deeper than the memory
 * only the outer ones are seen. */
struct span text_last_box(struct span text)
{
    enum { MAX_OPEN = 64 };
    struct {
        size_t body, depth;
    } open[MAX_OPEN];
    size_t n_open = 0, depth = 0;
    struct span last = span_of(NULL, 0);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\\') {
            size_t opening = box_opening(text, i);
            i += opening > 0 ? opening - 1 : 1;
            if (opening == 0) continue;
            depth++;
            if (n_open < MAX_OPEN) {
                open[n_open].body = i + 1;
                open[n_open++].depth = depth;
            }
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && depth > 0) {
            if (n_open > 0 && open[n_open - 1].depth == depth) {
                last = span_slice(text, open[--n_open].body, i);
            }
            depth--;
        }
    }
    return last;
}

struct span text_last_answer(struct span text)
{
    size_t start = span_find_last(text, span_str(ANSWER));
    if (start == SPAN_NONE) return span_of(NULL, 0);
    start += strlen(ANSWER);
    size_t end = span_find(text, span_str(ANSWER_END), start);
    return end == SPAN_NONE ? span_of(NULL, 0) : span_slice(text, start, end);
}

struct span text_assistant_part(struct span text)
{
    static const char *const heads[] = {"Assistant:", "<|im_start|>assistant"};
    for (int i = 0; i < 2; i++) {
        size_t at = span_find(text, span_str(heads[i]), 0);
        if (at != SPAN_NONE) return span_slice(text, at + strlen(heads[i]), text.n);
    }
    return span_of(NULL, 0);
}

struct span text_matched_answer(struct span text)
{
    struct span last = span_of(NULL, 0);
    size_t at = 0;
    while ((at = span_find(text, span_str(ANSWER), at)) != SPAN_NONE) {
        size_t body = at + strlen(ANSWER), end = span_find(text, span_str(ANSWER_END), body);
        if (end == SPAN_NONE) break;
        last = span_slice(text, body, end);
        at = end + strlen(ANSWER_END);
    }
    return last;
}

struct span text_answer(struct span text)
{
    struct span rest = text_after_think(text), block = text_last_answer(rest);
    return span_trim(block.p != NULL ? block : rest);
}

enum score_status text_too_large(struct reward_out *out)
{
    out->verdict = VERDICT_CANNOT;
    out->cause = "too_large";
    return SCORE_CANNOT;
}

enum score_status text_no_memory(struct reward_out *out)
{
    out->verdict = VERDICT_CANNOT;
    out->cause = "no_memory";
    return SCORE_CANNOT;
}
