/* reward/workers/frame.h - what server and worker processes write to each other.
 *
 * A frame is a header, its length first, and text behind it. Both sides check every number in a
 * frame before they use it: a worker may have been corrupted by what it judged.
 *
 *   request   {n, budget_ms, spec_n} + reward entry (JSON) + item (JSON)
 *             spec_n 0: no item but a program to run, and its outcome in the reply's details
 *             (reward/code/execute.h)
 *   reply     {n, status, verdict, cause_n, details_n, vote_n, last, value, error} + cause + details + vote
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_FRAME_H
#define REWARD_WORKERS_FRAME_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "reward/registry.h"

enum { FRAME_MAX_BYTES = 64 << 20 };

struct frame_request {
    uint32_t n; /* bytes of the whole frame */
    uint32_t budget_ms;
    uint32_t spec_n; /* bytes of the reward entry; the rest is the item */
};

struct frame_reply {
    uint32_t n;      /* bytes of the whole frame */
    uint32_t status; /* enum score_status, or FRAME_TIMEOUT */
    uint32_t verdict;
    uint32_t cause_n, details_n, vote_n;
    uint32_t last; /* 1: the worker ends after this one */
    double value;
    struct error error; /* SCORE_FAULT */
};

enum { FRAME_TIMEOUT = 99 };

/* Append a request; spec NULL: item is a program to run. False when it is too large. */
bool frame_write_request(struct buffer *out, int budget_ms, const cJSON *spec, const cJSON *item);

/* Take a whole request apart. False when its numbers do not fit. */
bool frame_read_request(struct span frame, int *budget_ms, struct span *spec, struct span *item);

void frame_write_reply(struct buffer *out, enum score_status status, const struct reward_out *r,
                       bool last);

/* Take a whole reply apart; the texts borrow from frame. False when its numbers do not fit. */
bool frame_read_reply(struct span frame, struct frame_reply *head, struct span *cause,
                      struct span *details, struct span *vote);

/* The length in a frame's first bytes; 0: not yet known. */
size_t frame_length(struct span bytes);

#endif
