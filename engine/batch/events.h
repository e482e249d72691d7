/* engine/batch/events.h - making events, and the list of what one step brought about.
 *
 * An event and everything it points to is one allocation, freed by whoever took it
 * (engine_event_free).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_EVENTS_H
#define ENGINE_BATCH_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "engine/batch/messages.h"

struct request;

/* What an event has room for. */
struct event_sizes {
    int n_top;     /* alternatives, in `top` */
    int n_support; /* ids, in `support`; below 0: none */
    size_t n_text; /* bytes, in `text` */
};

/* An event with room. NULL when out of memory. */
struct engine_event *event_new(enum engine_event_type type, uint64_t request_id, int sample,
                               struct event_sizes sizes);

/* EVENT_DONE with room to name a stop string of at most longest_stop bytes. */
struct engine_event *event_new_done(uint64_t request_id, int sample, size_t longest_stop);

/* EVENT_PROMPT for n_prompt positions with n_top alternatives each. */
struct engine_event *event_new_prompt(uint64_t request_id, int n_prompt, int n_top);

/* Where the numbers of a prompt position go in an event made by event_new_prompt(). */
struct event_prompt_room {
    struct token_prob *prob; /* of the position's own token */
    struct token_prob *top;  /* [n_top] */
};
/* Of position i of the prompt, in an event made by event_new_prompt(). */
struct event_prompt_room event_prompt_room(struct engine_event *ev, int position);

/* These weights computed it. */
void event_set_version(struct engine_event *ev, const struct version *v);
/* Fill an event made with room for it. */
void event_set_text(struct engine_event *ev, struct span text);
/* The n most probable tokens, at most as many as there is room for. */
void event_set_top(struct engine_event *ev, const struct token_prob *top, int n);
/* The ids of what the token was drawn from: as many as there is room for. */
void event_set_support(struct engine_event *ev, const int *ids, int n);
/* Name the stop string of an event made by event_new_done(). Without this there is none. */
void event_set_stop(struct engine_event *ev, struct span stop);

/* What a step brought about, in order. */
struct results {
    struct engine_event *first, *last;
    struct request *ended; /* requests without live samples, to be freed */
    int n_ended;           /* samples that ended */
};

/* Append ev, which is taken. */
void results_add(struct results *r, struct engine_event *ev);

#endif
