/* reward/workers/frame.c - see frame.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/frame.h"

#include <assert.h>
#include <stddef.h>

size_t frame_length(struct span bytes)
{
    uint32_t n;
    if (bytes.n < sizeof(n)) return 0;
    memcpy(&n, bytes.p, sizeof(n));
    return n;
}

void frame_open_request(struct buffer *out, uint32_t service, int budget_ms)
{
    struct frame_request head = {.service = service, .budget_ms = (uint32_t)budget_ms, .runs = 1};
    assert(out->n == 0 && budget_ms >= 0);
    buffer_add(out, &head, sizeof(head));
}

void frame_allow_runs(struct buffer *request, int runs)
{
    uint32_t n = (uint32_t)runs;
    assert(request->n >= sizeof(struct frame_request) && runs >= 1);
    memcpy(request->p + offsetof(struct frame_request, runs), &n, sizeof(n));
}

void frame_open_reply(struct buffer *out, enum frame_end end, bool last)
{
    struct frame_reply head = {.end = (uint32_t)end, .last = last};
    assert(out->n == 0);
    buffer_add(out, &head, sizeof(head));
}

void frame_mark_last(struct buffer *out)
{
    uint32_t last = 1;
    assert(out->n >= sizeof(struct frame_reply));
    memcpy(out->p + offsetof(struct frame_reply, last), &last, sizeof(last));
}

bool frame_close(struct buffer *out)
{
    uint32_t n = (uint32_t)out->n;
    if (out->failed || out->n > FRAME_MAX_BYTES) return false;
    memcpy(out->p, &n, sizeof(n));
    return true;
}

bool frame_read_request(struct span frame, struct frame_request *head, struct span *order)
{
    if (frame.n < sizeof(*head)) return false;
    memcpy(head, frame.p, sizeof(*head));
    *order = span_slice(frame, sizeof(*head), frame.n);
    return head->n == frame.n && head->budget_ms <= INT32_MAX && head->runs >= 1 &&
           head->runs <= INT32_MAX;
}

bool frame_read_reply(struct span frame, struct frame_reply *head, struct span *answer)
{
    if (frame.n < sizeof(*head)) return false;
    memcpy(head, frame.p, sizeof(*head));
    *answer = span_slice(frame, sizeof(*head), frame.n);
    return head->n == frame.n && head->end < FRAME_ENDS && head->last <= 1;
}
