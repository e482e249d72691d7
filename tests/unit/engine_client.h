/* tests/unit/engine_client.h - a client of the engine for tests: submits requests, collects what
 * comes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_ENGINE_CLIENT_H
#define TESTS_UNIT_ENGINE_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/engine.h"

enum { MAX_OUT = 256, MAX_REQUESTS = 64, VOCAB = 250 /* ids below are in every model used */ };

/* ---- a client: submits, collects ---- */

struct output {
    int tokens[MAX_OUT];
    struct token_prob probs[MAX_OUT];
    int n, n_done, n_cached;
    enum engine_finish finish;
    struct buffer text;
    float *prompt; /* log-probabilities */
    int n_prompt;
    bool failed;
};

struct client {
    struct engine *engine;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool news;
    bool in_steps; /* hold the engine after each step with events until the next client_step() */
    bool go;
    struct output outputs[MAX_REQUESTS]; /* by request id */
    int n_ended;                         /* requests of one sample that are done */
};

static inline void on_wake(void *arg)
{
    struct client *c = arg;
    pthread_mutex_lock(&c->lock);
    c->news = true;
    c->go = false;
    pthread_cond_broadcast(&c->woken);
    while (c->in_steps && !c->go) {
        pthread_cond_wait(&c->woken, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
}

static inline void client_in_steps(struct client *c, bool in_steps)
{
    pthread_mutex_lock(&c->lock);
    c->in_steps = in_steps;
    pthread_cond_broadcast(&c->woken);
    pthread_mutex_unlock(&c->lock);
}

static inline struct client *client_open(struct engine_options o)
{
    struct client *c = mem_new(1, sizeof(*c), NULL);
    struct error err = {0};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->woken, NULL);
    for (int i = 0; i < MAX_REQUESTS; i++) {
        buffer_init(&c->outputs[i].text, 1 << 20);
    }
    o.wake = on_wake;
    o.wake_arg = c;
    c->engine = engine_open(&o, &err);
    if (c->engine == NULL || !engine_wait(c->engine, &err)) fail_msg("%s", err.message);
    return c;
}

static inline void client_clear_outputs(struct client *c)
{
    for (int i = 0; i < MAX_REQUESTS; i++) {
        free(c->outputs[i].prompt);
        buffer_clear(&c->outputs[i].text);
        struct buffer text = c->outputs[i].text;
        c->outputs[i] = (struct output){.text = text};
    }
    c->n_ended = 0;
}

static inline void client_close(struct client *c)
{
    client_in_steps(c, false);
    engine_close(c->engine);
    client_clear_outputs(c);
    pthread_cond_destroy(&c->woken);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static inline void note_prompt(struct output *o, const struct engine_event *ev)
{
    o->n_prompt = ev->n_prompt;
    o->prompt = mem_new((size_t)ev->n_prompt, sizeof(float), NULL);
    for (int i = 1; i < ev->n_prompt; i++) {
        o->prompt[i] = ev->prompt_probs[i].logprob;
    }
}

static inline void note(struct client *c, const struct engine_event *ev)
{
    struct output *o = &c->outputs[ev->request_id % MAX_REQUESTS];
    assert_true(!o->failed);
    switch (ev->type) {
    case EVENT_PROMPT:
        note_prompt(o, ev);
        break;
    case EVENT_PROGRESS:  /* tests/unit/test_scheduler.c */
    case EVENT_EMBEDDING: /* tests/http/test_embeddings.py */
        break;
    case EVENT_TOKEN:
        assert_int_equal(o->finish, FINISH_NONE);
        assert_true(o->n < MAX_OUT);
        o->tokens[o->n] = ev->token;
        o->probs[o->n++] = ev->prob;
        buffer_add(&o->text, ev->text, ev->n_text);
        break;
    case EVENT_DONE:
        o->finish = ev->finish;
        o->n_cached = ev->n_cached;
        o->n_done++;
        c->n_ended++;
        break;
    case EVENT_FAILED:
        o->failed = true;
        c->n_ended++;
        break;
    }
}

/* Wait for one wake and note what came. */
static inline void client_step(struct client *c)
{
    pthread_mutex_lock(&c->lock);
    c->go = !c->news; /* else the engine is being held already */
    pthread_cond_broadcast(&c->woken);
    while (!c->news) {
        pthread_cond_wait(&c->woken, &c->lock);
    }
    c->news = false;
    pthread_mutex_unlock(&c->lock);
    struct engine_event *ev = engine_take_events(c->engine);
    while (ev != NULL) {
        struct engine_event *next = ev->next;
        note(c, ev);
        engine_event_free(ev);
        ev = next;
    }
}

static inline void client_finish(struct client *c, int n_requests)
{
    while (c->n_ended < n_requests) {
        client_step(c);
    }
}

/* After the last event no block may be in use. The counts come with the events. */
static inline void assert_idle(struct client *c)
{
    struct engine_stats s;
    engine_stats(c->engine, &s);
    assert_int_equal(s.running, 0);
    assert_int_equal(s.waiting, 0);
    assert_int_equal(s.kv_blocks_used, 0);
}

static inline struct engine_options options_for(const char *path)
{
    struct engine_options o;
    engine_options_init(&o);
    o.model_path = path;
    o.threads = 2;
    o.max_sequences = 64;
    return o;
}

/* ---- requests ---- */

struct prompts {
    int ids[MAX_REQUESTS][256];
    struct engine_request requests[MAX_REQUESTS];
};

static inline uint64_t scramble(uint64_t x)
{
    x = (x + 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    return (x ^ (x >> 29)) * 0x94D049BB133111EBu >> 16;
}

/* Requests of different lengths; every fourth begins with the same 48 tokens, every fifth repeats itself. */
static inline struct prompts *make_prompts(int n_tokens)
{
    struct prompts *p = mem_new(1, sizeof(*p), NULL);
    for (int i = 0; i < MAX_REQUESTS; i++) {
        int n = 3 + (i * 29) % 120;
        for (int j = 0; j < n; j++) {
            int key = i % 4 == 0 && j < 48 ? j : i * 1000 + (i % 5 == 0 ? j % 6 : j);
            p->ids[i][j] = (int)(scramble((uint64_t)key) % VOCAB);
        }
        struct engine_request *r = &p->requests[i];
        *r = (struct engine_request){
            .id = (uint64_t)i, .ids = p->ids[i], .n_ids = (size_t)n, .n = 1};
        engine_sampling_init(&r->sampling);
        r->sampling.seed = (uint64_t)i;
        r->sampling.max_tokens = n_tokens;
        r->sampling.ignore_eos = true;
        r->sampling.logprobs = 0;
        r->sampling.temperature = i % 3 == 0 ? 0.0f : 0.8f;
        if (i % 3 == 1) r->sampling.top_p = 0.9f;
        if (i % 3 == 2) r->sampling.top_k = 40;
    }
    return p;
}

static inline void submit(struct client *c, const struct engine_request *r)
{
    struct error err = {0};
    if (!engine_submit(c->engine, r, &err)) fail_msg("%s", err.message);
}

static inline void assert_same(const struct output *a, const struct output *b, const char *name,
                               int id)
{
    if (a->n != b->n || memcmp(a->tokens, b->tokens, (size_t)a->n * sizeof(int)) != 0) {
        fail_msg("%s: request %d: other tokens", name, id);
    }
    if (memcmp(a->probs, b->probs, (size_t)a->n * sizeof(a->probs[0])) != 0) {
        fail_msg("%s: request %d: other log-probabilities", name, id);
    }
    if (!span_eq(buffer_span(&a->text), buffer_span(&b->text))) {
        fail_msg("%s: request %d: other text", name, id);
    }
}

#endif
