/* engine/batch/events.c - see events.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/events.h"

#include <stdlib.h>

#include "base/mem.h"

static struct engine_event *allocate(size_t extra)
{
    return mem_new(1, sizeof(struct engine_event) + extra, NULL);
}

struct engine_event *event_new(enum engine_event_type type, uint64_t request_id, int sample,
                               int n_top, size_t n_text)
{
    size_t top = (size_t)n_top * sizeof(struct token_prob);
    struct engine_event *ev = allocate(top + n_text + 1);
    if (ev == NULL) return NULL;
    ev->type = type;
    ev->request_id = request_id;
    ev->sample = sample;
    ev->stop_token = -1;
    ev->top = (struct token_prob *)(ev + 1);
    ev->text = (char *)(ev + 1) + top;
    return ev;
}

struct engine_event *event_new_done(uint64_t request_id, int sample, size_t longest_stop)
{
    return event_new(EVENT_DONE, request_id, sample, 0, longest_stop);
}

struct engine_event *event_new_prompt(uint64_t request_id, int n_prompt, int n_top)
{
    size_t each = (1 + (size_t)n_top) * sizeof(struct token_prob);
    struct engine_event *ev = allocate((size_t)n_prompt * each);
    if (ev == NULL) return NULL;
    ev->type = EVENT_PROMPT;
    ev->request_id = request_id;
    ev->n_prompt = n_prompt;
    ev->n_top = n_top;
    ev->stop_token = -1;
    ev->prompt_probs = (struct token_prob *)(ev + 1);
    ev->prompt_top = ev->prompt_probs + n_prompt;
    return ev;
}

void engine_event_free(struct engine_event *ev)
{
    free(ev);
}

void event_set_text(struct engine_event *ev, struct span text)
{
    if (text.n > 0) memcpy((char *)(uintptr_t)ev->text, text.p, text.n);
    ev->n_text = text.n;
}

void event_set_top(struct engine_event *ev, const struct token_prob *top, int n)
{
    if (n > 0) memcpy((struct token_prob *)(uintptr_t)ev->top, top, (size_t)n * sizeof(*top));
    ev->n_top = n;
}

void event_set_stop(struct engine_event *ev, struct span stop)
{
    char *room = (char *)(uintptr_t)ev->text; /* zeroed, and a byte longer */
    memcpy(room, stop.p, stop.n);
    ev->stop_string = room;
}

void results_add(struct results *r, struct engine_event *ev)
{
    *(r->first == NULL ? &r->first : &r->last->next) = ev;
    r->last = ev;
    ev->next = NULL;
}
