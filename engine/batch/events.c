/* engine/batch/events.c - see events.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/events.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* An event as its maker sees it: what readers get as const is written through these. */
struct event_room {
    struct engine_event event; /* first: a pointer to it is one to the room */
    struct token_prob *top;    /* of an EVENT_PROMPT: the prompt's own, then the alternatives */
    int *support;
    char *text;
};

static struct event_room *allocate(enum engine_event_type type, uint64_t request_id, size_t n_top,
                                   size_t n_support, size_t n_text)
{
    size_t top = n_top * sizeof(struct token_prob), support = n_support * sizeof(int);
    struct event_room *room = mem_new(1, sizeof(*room) + top + support + n_text, NULL);
    if (room == NULL) return NULL;
    room->top = (struct token_prob *)(room + 1);
    room->support = (int *)(room->top + n_top);
    room->text = (char *)(room->support + n_support);
    room->event.n_support = -1;
    room->event.type = type;
    room->event.request_id = request_id;
    room->event.stop_token = -1;
    return room;
}

static struct event_room *room_of(struct engine_event *ev)
{
    return (struct event_room *)ev;
}

struct engine_event *event_new(enum engine_event_type type, uint64_t request_id, int sample,
                               struct event_sizes sizes)
{
    size_t n_support = sizes.n_support > 0 ? (size_t)sizes.n_support : 0;
    struct event_room *room =
        allocate(type, request_id, (size_t)sizes.n_top, n_support, sizes.n_text + 1);
    if (room == NULL) return NULL;
    room->event.sample = sample;
    room->event.top = room->top;
    room->event.support = room->support;
    room->event.text = room->text;
    return &room->event;
}

struct engine_event *event_new_done(uint64_t request_id, int sample, size_t longest_stop)
{
    return event_new(EVENT_DONE, request_id, sample, (struct event_sizes){.n_text = longest_stop});
}

struct engine_event *event_new_prompt(uint64_t request_id, int n_prompt, int n_top)
{
    struct event_room *room =
        allocate(EVENT_PROMPT, request_id, (size_t)n_prompt * (1 + (size_t)n_top), 0, 0);
    if (room == NULL) return NULL;
    room->event.n_prompt = n_prompt;
    room->event.n_top = n_top;
    room->event.refused_at = -1;
    room->event.prompt_probs = room->top;
    room->event.prompt_top = room->top + n_prompt;
    return &room->event;
}

struct event_prompt_room event_prompt_room(struct engine_event *ev, int position)
{
    struct token_prob *all = room_of(ev)->top;
    size_t before = (size_t)position * (size_t)ev->n_top;
    return (struct event_prompt_room){all + position, all + ev->n_prompt + before};
}

void engine_event_free(struct engine_event *ev)
{
    if (ev == NULL) return;
    version_label_free(ev->label);
    free(ev);
}

void event_set_version(struct engine_event *ev, const struct version *v)
{
    assert(ev->label == NULL);
    ev->version = v->number;
    ev->label = version_label_share(v->label);
}

void event_set_text(struct engine_event *ev, struct span text)
{
    if (text.n > 0) memcpy(room_of(ev)->text, text.p, text.n);
    ev->n_text = text.n;
}

void event_set_top(struct engine_event *ev, const struct token_prob *top, int n)
{
    if (n > 0) memcpy(room_of(ev)->top, top, (size_t)n * sizeof(*top));
    ev->n_top = n;
}

void event_set_support(struct engine_event *ev, const int *ids, int n)
{
    if (n > 0) memcpy(room_of(ev)->support, ids, (size_t)n * sizeof(*ids));
    ev->n_support = n;
}

void event_set_stop(struct engine_event *ev, struct span stop)
{
    assert(ev->type == EVENT_DONE && ev->n_text == 0);
    memcpy(room_of(ev)->text, stop.p, stop.n); /* zeroed, and a byte longer */
    ev->stop_string = room_of(ev)->text;
}

void results_add(struct results *r, struct engine_event *ev)
{
    *(r->first == NULL ? &r->first : &r->last->next) = ev;
    r->last = ev;
    ev->next = NULL;
}
