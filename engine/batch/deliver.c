/* engine/batch/deliver.c - see deliver.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/deliver.h"

#include <assert.h>
#include <string.h>

/* How a token ends its sample. */
struct ending {
    enum engine_finish finish;
    int stop_token;  /* -1: none */
    int stop_string; /* -1: none */
};

/* The last sample of r has ended. */
static void end_request(struct deliver *to, struct request *r)
{
    r->next = to->results.ended;
    to->results.ended = r;
}

static void end_sample(struct deliver *to, struct sequence *q, struct ending why)
{
    struct request *r = q->request;
    struct engine_event *ev = q->done;
    assert(ev != NULL && r->n_live > 0);
    q->done = NULL;
    ev->finish = why.finish;
    event_set_version(ev, r->version);
    ev->stop_token = why.stop_token;
    bool computed = q->state == SEQUENCE_RUNNING && to->routes != NULL;
    if (computed && r->sampling.routes) to->routes(to->routes_arg, q, ev);
    if (why.stop_string >= 0) event_set_stop(ev, stop_set_string(r->stop, why.stop_string));
    ev->n_generated = q->n_output;
    ev->n_cached = q->n_cached > 0 ? q->n_cached : 0;
    scheduler_remove(to->scheduler, q);
    results_add(&to->results, ev);
    to->results.n_ended++;
    if (--r->n_live == 0) end_request(to, r);
}

void deliver_end(struct deliver *to, struct request *r, enum engine_finish finish)
{
    for (int i = 0; i < r->n; i++) {
        struct sequence *q = &r->samples[i];
        if (q->state != SEQUENCE_DONE) end_sample(to, q, (struct ending){finish, -1, -1});
    }
}

void deliver_failure(struct deliver *to, struct request *r, const struct error *why)
{
    for (int i = 0; i < r->n; i++) {
        if (r->samples[i].state == SEQUENCE_DONE) continue;
        scheduler_remove(to->scheduler, &r->samples[i]);
        to->results.n_ended++;
    }
    r->n_live = 0;
    struct engine_event *ev = r->failed;
    assert(ev != NULL);
    r->failed = NULL;
    ev->error = *why;
    results_add(&to->results, ev);
    end_request(to, r);
}

static void fail_memory(struct deliver *to, struct request *r)
{
    struct error why = {0};
    error_set(&why, ERROR_NO_MEMORY, NULL, "out of memory for the output");
    deliver_failure(to, r, &why);
}

void deliver_form_failure(struct deliver *to, struct request *r)
{
    struct error why = {0};
    error_set(&why, ERROR_TOO_LARGE, NULL,
              "the output can't go on: where it stands in its form takes more than the %zu MiB "
              "that are kept for a form",
              EARLEY_MAX_BYTES >> 20);
    deliver_failure(to, r, &why);
}

void deliver_progress(struct deliver *to, const struct sequence *q, int n_computed)
{
    struct request *r = q->request;
    if (n_computed > r->n_prompt) n_computed = r->n_prompt;
    if (n_computed <= r->told) return;
    struct engine_event *ev = event_new(EVENT_PROGRESS, r->id, q->sample, (struct event_sizes){0});
    if (ev == NULL) return; /* the next one tells more */
    r->told = n_computed;
    ev->n_computed = n_computed;
    ev->n_cached = q->n_cached;
    event_set_version(ev, r->version);
    results_add(&to->results, ev);
}

void deliver_prompt(struct deliver *to, struct request *r)
{
    struct engine_event *ev = r->prompt_report;
    if (ev == NULL) return;
    r->prompt_report = NULL;
    event_set_version(ev, r->version);
    results_add(&to->results, ev);
}

void deliver_embedding(struct deliver *to, struct request *r)
{
    struct engine_event *ev = r->embedding;
    if (ev == NULL) return;
    float *out = event_embedding_room(ev);
    double n = r->pooling == POOLING_MEAN ? r->n_prompt : 1;
    r->embedding = NULL;
    for (int i = 0; i < ev->n_embedding; i++) {
        out[i] = (float)(r->pool[i] / n);
    }
    event_set_version(ev, r->version);
    results_add(&to->results, ev);
}

/* Take the token's bytes into the sample's text and see whether it ends here. */
static struct ending read_token(struct deliver *to, struct sequence *q, int id)
{
    const struct request *r = q->request;
    const struct engine_sampling *c = &r->sampling;
    bool stops = sampler_stops(to->sampler, c, id);
    struct span bytes = {0};
    if (!stops || c->include_stop) {
        bytes = to->token_text(to->token_text_arg, id, c->skip_special_tokens);
    }
    int found = stop_text_feed(&q->text, bytes, !stops && q->n_output > c->min_tokens);
    if (stops) return (struct ending){FINISH_STOP, id, -1};
    if (found >= 0) return (struct ending){FINISH_STOP, -1, found};
    bool full = sequence_length(q) >= r->limit;
    return (struct ending){full ? FINISH_LENGTH : FINISH_NONE, -1, -1};
}

/* The event of a token just appended, with what text is ready. NULL when out of memory. */
static struct engine_event *token_event(struct sequence *q, const struct draw *d, bool last)
{
    int n_top = d->sampling->logprobs > 0 ? d->n_top : 0;
    size_t n_text = stop_text_ready(&q->text, last);
    int n_support = d->sampling->support ? d->n_support : -1;
    struct event_sizes sizes = {.n_top = n_top, .n_support = n_support, .n_text = n_text};
    struct engine_event *ev = event_new(EVENT_TOKEN, q->request->id, q->sample, sizes);
    if (ev == NULL || q->text.held.failed) {
        engine_event_free(ev);
        return NULL;
    }
    ev->token = d->token;
    event_set_version(ev, q->request->version);
    if (d->sampling->logprobs >= 0) ev->prob = d->prob;
    if (d->sampling->both) ev->drawn = d->drawn;
    event_set_top(ev, d->top, n_top);
    event_set_support(ev, d->support, n_support);
    event_set_text(ev, span_of(q->text.held.p, n_text));
    buffer_drop(&q->text.held, n_text);
    return ev;
}

/* Where the text stood before and behind the token tells whether it is one of the thoughts'. */
static struct ending read_counted(struct deliver *to, struct sequence *q, const struct draw *d)
{
    bool thinking = q->text.state == STOP_SLEEPS;
    struct ending end = read_token(to, q, d->token);
    q->n_thought += thinking || q->text.state == STOP_SLEEPS;
    q->n_closing += d->must != NULL;
    assert(d->must == NULL || *d->must == d->token);
    return end;
}

void deliver_token(struct deliver *to, struct sequence *q, const struct draw *d)
{
    bool room = sequence_append(q, d->token, NULL);
    q->form = d->form;
    struct ending end = read_counted(to, q, d);
    struct engine_event *ev = token_event(q, d, end.finish != FINISH_NONE);
    if (!room || ev == NULL) {
        engine_event_free(ev);
        fail_memory(to, q->request);
        return;
    }
    results_add(&to->results, ev);
    if (end.finish != FINISH_NONE) end_sample(to, q, end);
}
