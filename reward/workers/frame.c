/* reward/workers/frame.c - see frame.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/frame.h"

#include <math.h>

#include "base/json.h"

size_t frame_length(struct span bytes)
{
    uint32_t n;
    if (bytes.n < sizeof(n)) return 0;
    memcpy(&n, bytes.p, sizeof(n));
    return n;
}

/* Put the frame's length, now known, in front of it. */
static void close_frame(struct buffer *out, size_t start)
{
    uint32_t n = (uint32_t)(out->n - start);
    if (!out->failed) memcpy(out->p + start, &n, sizeof(n));
}

bool frame_write_request(struct buffer *out, int budget_ms, const cJSON *spec, const cJSON *item)
{
    struct frame_request head = {.budget_ms = (uint32_t)budget_ms};
    size_t start = out->n;
    buffer_add(out, &head, sizeof(head));
    if (spec != NULL) json_print(spec, out);
    if (out->failed) return false;
    head.spec_n = (uint32_t)(out->n - start - sizeof(head));
    memcpy(out->p + start, &head, sizeof(head));
    json_print(item, out);
    close_frame(out, start);
    return !out->failed;
}

bool frame_read_request(struct span frame, int *budget_ms, struct span *spec, struct span *item)
{
    struct frame_request head;
    if (frame.n < sizeof(head)) return false;
    memcpy(&head, frame.p, sizeof(head));
    if (head.n != frame.n || head.spec_n > frame.n - sizeof(head) || head.budget_ms > INT32_MAX) {
        return false;
    }
    *budget_ms = (int)head.budget_ms;
    *spec = span_slice(frame, sizeof(head), sizeof(head) + head.spec_n);
    *item = span_slice(frame, sizeof(head) + head.spec_n, frame.n);
    return true;
}

void frame_write_reply(struct buffer *out, enum score_status status, const struct reward_out *r,
                       bool last)
{
    struct span cause = span_str(r->cause);
    struct frame_reply head = {.status = (uint32_t)status,
                               .verdict = (uint32_t)r->verdict,
                               .cause_n = (uint32_t)cause.n,
                               .details_n = (uint32_t)r->details->n,
                               .vote_n = (uint32_t)r->vote.n,
                               .last = last,
                               .value = r->value,
                               .error = *r->err};
    size_t start = out->n;
    buffer_add(out, &head, sizeof(head));
    buffer_add_span(out, cause);
    buffer_add_span(out, buffer_span(r->details));
    buffer_add_span(out, r->vote);
    close_frame(out, start);
}

static bool is_string(const char *p, size_t room)
{
    return memchr(p, '\0', room) != NULL;
}

bool frame_read_reply(struct span frame, struct frame_reply *head, struct span *cause,
                      struct span *details, struct span *vote)
{
    if (frame.n < sizeof(*head)) return false;
    memcpy(head, frame.p, sizeof(*head));
    uint64_t texts = (uint64_t)head->cause_n + head->details_n + head->vote_n;
    if (head->n != frame.n || texts != frame.n - sizeof(*head)) return false;
    if (head->status > SCORE_FAULT && head->status != FRAME_TIMEOUT) return false;
    if (head->verdict > VERDICT_CANNOT || head->last > 1 || !isfinite(head->value)) return false;
    if (!is_string(head->error.param, sizeof(head->error.param)) ||
        !is_string(head->error.message, sizeof(head->error.message)) ||
        (unsigned)head->error.code >= ERROR_CODES) {
        return false;
    }
    struct span rest = span_slice(frame, sizeof(*head), frame.n);
    *cause = span_slice(rest, 0, head->cause_n);
    *details = span_slice(rest, head->cause_n, head->cause_n + head->details_n);
    *vote = span_slice(rest, head->cause_n + head->details_n, rest.n);
    return true;
}
