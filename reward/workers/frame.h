/* reward/workers/frame.h - the envelope of what server and worker processes write to each other.
 *
 *   request   struct frame_request + order
 *   reply     struct frame_reply + answer
 *
 * What stands in an order and an answer is the service's own (workers/service.h). Both sides check
 * the lengths before they use them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_FRAME_H
#define REWARD_WORKERS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

enum { FRAME_MAX_BYTES = 64 << 20 };

struct frame_request {
    uint32_t n;       /* bytes of the whole frame */
    uint32_t service; /* who answers it: an index of the workers' table */
    uint32_t budget_ms;
    uint32_t runs; /* programs that may run side by side */
};

/* What has become of an order. */
enum frame_end {
    FRAME_ANSWER,    /* the answer follows */
    FRAME_TIMEOUT,   /* its CPU time is spent */
    FRAME_NO_MEMORY, /* there was not enough of it */
    FRAME_ENDS
};

struct frame_reply {
    uint32_t n;    /* bytes of the whole frame */
    uint32_t end;  /* enum frame_end */
    uint32_t last; /* 1: the worker ends after this one */
};

/* Begin a request in out, which is empty: append the order, then call frame_close(). */
void frame_open_request(struct buffer *out, uint32_t service, int budget_ms);

/* Say in a request that is closed how many programs may run side by side; 1 unless said. */
void frame_allow_runs(struct buffer *request, int runs);

/* Begin a reply in the same way. */
void frame_open_reply(struct buffer *out, enum frame_end end, bool last);

/* Say in a reply that is begun that it is the worker's last. */
void frame_mark_last(struct buffer *out);

/* Write the length, now known, in front. False when the frame is too large or memory is out. */
bool frame_close(struct buffer *out);

/* Take a whole frame apart; what is behind the head borrows from it. False when its numbers make
 * no sense. */
bool frame_read_request(struct span frame, struct frame_request *head, struct span *order);

/* The same for a reply. */
bool frame_read_reply(struct span frame, struct frame_reply *head, struct span *answer);

/* The length in a frame's first bytes; 0: not yet known. */
size_t frame_length(struct span bytes);

#endif
