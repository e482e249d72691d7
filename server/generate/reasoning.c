/* server/generate/reasoning.c - see reasoning.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/reasoning.h"

enum { HELD_LIMIT = 1 << 20 }; /* a model may write white space for long; past this it is let go */

void reasoning_init(struct reasoning *r, const char *open, const char *close,
                    enum reasoning_start start)
{
    *r = (struct reasoning){.open = span_str(open), .close = span_str(close)};
    bool tags = r->open.n > 0 && r->close.n > 0;
    r->state = !tags                       ? REASONING_AFTER
               : start == REASONING_OPENED ? REASONING_LEAD
               : start == REASONING_BEGUN  ? REASONING_INSIDE
                                           : REASONING_START;
    buffer_init(&r->held, HELD_LIMIT);
}

void reasoning_clear(struct reasoning *r)
{
    buffer_clear(&r->held);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t count_blanks(struct span s)
{
    size_t n = 0;
    while (n < s.n && is_blank(s.p[n])) {
        n++;
    }
    return n;
}

static size_t count_newlines(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == '\n') {
        n++;
    }
    return n;
}

static size_t count_trailing_newlines(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[s.n - n - 1] == '\n') {
        n++;
    }
    return n;
}

/* Bytes at the end of s that are a proper prefix of tag. */
static size_t partial_tag(struct span s, struct span tag)
{
    for (size_t n = s.n < tag.n - 1 ? s.n : tag.n - 1; n > 0; n--) {
        if (span_starts(tag, span_slice(s, s.n - n, s.n))) return n;
    }
    return 0;
}

/* Each step consumes what it can of s and says how much; 0 and the same state: wait for more. */

static size_t step_start(struct reasoning *r, struct span s)
{
    size_t blank = count_blanks(s);
    struct span rest = span_slice(s, blank, s.n);
    if (span_starts(rest, r->open)) {
        r->state = REASONING_LEAD;
        return blank + r->open.n;
    }
    if (!span_starts(r->open, rest)) r->state = REASONING_AFTER;
    return 0;
}

static size_t step_inside(struct reasoning *r, struct span s, struct buffer *thought)
{
    size_t at = span_find(s, r->close, 0);
    bool closed = at != SPAN_NONE;
    struct span body = span_slice(s, 0, closed ? at : s.n - partial_tag(s, r->close));
    body.n -= count_trailing_newlines(body);
    buffer_add_span(thought, body);
    if (!closed) return body.n;
    r->state = REASONING_TRAIL;
    return at + r->close.n;
}

static size_t step(struct reasoning *r, struct span s, struct buffer *thought,
                   struct buffer *answer)
{
    size_t n = 0;
    switch (r->state) {
    case REASONING_START:
        return step_start(r, s);
    case REASONING_LEAD:
    case REASONING_TRAIL:
        n = count_newlines(s);
        if (n < s.n) r->state = r->state == REASONING_LEAD ? REASONING_INSIDE : REASONING_AFTER;
        return n;
    case REASONING_INSIDE:
        return step_inside(r, s, thought);
    case REASONING_AFTER:
        buffer_add_span(answer, s);
        return s.n;
    }
    return n;
}

void reasoning_feed(struct reasoning *r, struct span delta, struct buffer *thought,
                    struct buffer *answer)
{
    buffer_add_span(&r->held, delta);
    if (r->held.no_memory) { /* which side is not known: the answer cannot be whole */
        answer->failed = answer->no_memory = true;
        return;
    }
    if (r->held.failed) { /* nothing is lost: what was held leaves, then the delta */
        r->held.failed = false;
        reasoning_end(r, thought, answer);
        buffer_add_span(r->state == REASONING_INSIDE ? thought : answer, delta);
        return;
    }
    struct span s = buffer_span(&r->held);
    for (;;) {
        int before = (int)r->state;
        size_t n = step(r, s, thought, answer);
        s = span_slice(s, n, s.n);
        if (s.n == 0 || (n == 0 && (int)r->state == before)) break;
    }
    buffer_drop(&r->held, r->held.n - s.n);
}

void reasoning_end(struct reasoning *r, struct buffer *thought, struct buffer *answer)
{
    bool inside = r->state == REASONING_INSIDE || r->state == REASONING_LEAD;
    buffer_add_span(inside ? thought : answer, buffer_span(&r->held));
    buffer_drop(&r->held, r->held.n);
}

enum reasoning_start reasoning_start(struct span turn, const char *open, const char *close)
{
    struct span tag = span_str(open), end = span_str(close);
    if (tag.n == 0 || end.n == 0) return REASONING_CLOSED;
    size_t opened = span_find_last(turn, tag), closed = span_find_last(turn, end);
    if (opened == SPAN_NONE || (closed != SPAN_NONE && closed > opened)) return REASONING_CLOSED;
    struct span after = span_slice(turn, opened + tag.n, turn.n);
    return count_blanks(after) == after.n ? REASONING_OPENED : REASONING_BEGUN;
}
