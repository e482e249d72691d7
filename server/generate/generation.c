/* server/generate/generation.c - see generation.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/generation.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/generate/admission.h"
#include "server/generate/live.h"

struct generations {
    struct engine *engine;
    void (*wake)(void *arg);
    void *wake_arg;
    struct live *live;                    /* running ones, by the engine's name */
    struct admission admission;           /* the line of those that are held */
    struct generation *held, **last_held; /* in order of arrival */
    struct generation *running;           /* in no order */
    struct generation *current;           /* its owner is being called; NULL: it was freed then */
    size_t n_held, n_running;             /* generations */
    size_t samples_held, samples_running; /* their samples */
    bool paused, turning;
    bool any_aborted;   /* of those held */
    uint64_t n_pauses;  /* so far */
    uint64_t accepted;  /* paused: turns with lesser numbers joined before */
    uint64_t may_begin; /* turns with lesser numbers may; while not paused, all */
    struct idle_wait *waits;
    struct quota *memory; /* borrowed; NULL: not bounded */
    struct generation_counts counts;
};

/* ---- lists ---- */

static void unlink_from(struct generations *all, struct generation *g)
{
    bool held = g->state == GENERATION_HELD;
    assert(held || g->state == GENERATION_RUNNING); /* (1) */
    *g->link = g->next;
    if (g->next != NULL) g->next->link = g->link;
    if (held && g->next == NULL) all->last_held = g->link;
    g->next = NULL;
    g->link = NULL;
    *(held ? &all->n_held : &all->n_running) -= 1;
    *(held ? &all->samples_held : &all->samples_running) -= (size_t)g->n;
}

static void link_held(struct generations *all, struct generation *g)
{
    assert(g->link == NULL); /* (1) */
    g->state = GENERATION_HELD;
    g->next = NULL;
    g->link = all->last_held;
    *all->last_held = g;
    all->last_held = &g->next;
    all->n_held++;
    all->samples_held += (size_t)g->n;
}

static void link_running(struct generations *all, struct generation *g)
{
    assert(g->link == NULL && g->id != 0); /* (1) (4) */
    g->state = GENERATION_RUNNING;
    g->next = all->running;
    g->link = &all->running;
    if (g->next != NULL) g->next->link = &g->next;
    all->running = g;
    all->n_running++;
    all->samples_running += (size_t)g->n;
}

/* Ended: out of its list and of the engine's sight. */
static void leave(struct generation *g)
{
    if (g->id != 0) live_remove(g->all->live, g->id); /* what the engine still says is dropped */
    admission_leave(&g->all->admission, g);
    unlink_from(g->all, g);
    g->id = 0;
    g->state = GENERATION_ENDED;
}

/* ---- one generation ---- */

struct generation *generation_new(const struct generation_calls *calls, void *owner,
                                  struct error *err)
{
    struct generation *g = mem_new(1, sizeof(*g), err);
    if (g == NULL) return NULL;
    g->arena = arena_new(GENERATION_ARENA_BYTES);
    if (g->arena == NULL) {
        free(g);
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a generation");
        return NULL;
    }
    g->calls = calls;
    g->owner = owner;
    g->n = 1;
    g->born_ns = clock_ns();
    engine_sampling_init(&g->sampling);
    return g;
}

static bool make_choices(struct generation *g, struct error *err)
{
    if (g->choices != NULL) return true; /* from a start that failed */
    g->choices = arena_alloc(g->arena, (size_t)g->n, sizeof(*g->choices));
    if (g->choices == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %d samples", g->n);
    }
    for (int i = 0; i < g->n; i++) {
        choice_init(&g->choices[i], g, g->first_index + i);
    }
    g->open = g->n;
    return true;
}

static struct engine_request order_of(const struct generation *g)
{
    return (struct engine_request){.ids = g->ids.ids,
                                   .n_ids = g->ids.n,
                                   .n = g->n,
                                   .priority = g->priority,
                                   .client = g->client,
                                   .cache_salt = g->cache_salt,
                                   .pooling = g->pooling,
                                   .adapter = g->adapter,
                                   .progress = g->progress,
                                   .sampling = g->sampling};
}

static bool submit(struct generations *all, struct generation *g, struct error *err)
{
    struct engine_request r = order_of(g);
    r.id = live_add(all->live, g);
    if (r.id == 0) {
        bool full = live_count(all->live) == LIVE_MAX;
        return error_set(err, full ? ERROR_QUEUE_FULL : ERROR_NO_MEMORY, NULL,
                         full ? "too many prompts are in work" : "no memory for a request");
    }
    if (!engine_submit(all->engine, &r, err)) {
        live_remove(all->live, r.id);
        return false;
    }
    g->id = r.id;
    g->started_ns = clock_ns();
    admission_hand(&all->admission, g);
    return true;
}

/* Samples that the engine takes, waiting ones included. */
static size_t room_for(const struct generations *all)
{
    const struct engine_info *info = engine_info(all->engine);
    return (size_t)info->max_sequences + (size_t)info->max_queue;
}

static bool has_room(const struct generations *all, const struct generation *g, struct error *err)
{
    size_t now = all->samples_held + all->samples_running;
    assert(now <= room_for(all)); /* (5) */
    if (now + (size_t)g->n <= room_for(all)) return true;
    return error_set(
        err, ERROR_QUEUE_FULL, NULL,
        "%zu samples are running or waiting, and %d more do not fit: the queue is full", now, g->n);
}

static double waited_s(const struct generation *g)
{
    return (double)(clock_ns() - g->joined_ns) / 1e9;
}

bool generations_admit(struct generations *all, uint64_t client, int priority, struct error *err)
{
    const struct generation *oldest = all->held;
    if (all->paused) return true; /* nobody knows how long that takes */
    bool tells = oldest != NULL && oldest->n_pauses == all->n_pauses;
    admission_note_oldest(&all->admission, tells ? oldest->expected_s : -1,
                          tells ? waited_s(oldest) : 0);
    bool ok = admission_check(&all->admission, all->running, client, priority, err);
    all->counts.refused += !ok;
    return ok;
}

/* What is to be expected of it, so that it can be compared with what comes. */
static void expect(struct generations *all, struct generation *g)
{
    struct admission *a = &all->admission;
    g->joined_ns = clock_ns();
    g->n_pauses = all->n_pauses;
    g->expected_s = -1;
    if (all->paused) return;
    g->expected_s =
        admission_wait_s(a, all->running, g->client, g->priority) + admission_prompt_s(a, g);
}

size_t generation_report_bytes(const struct generations *all, const struct generation *g)
{
    int top = g->sampling.prompt_logprobs, n_vocab = engine_info(all->engine)->n_vocab;
    if (top < 0) return 0;
    return g->ids.n * (1 + (size_t)(top < n_vocab ? top : n_vocab)) * sizeof(*g->tops);
}

/* It is held from the start on: who has no room for it hears so before anything is computed. */
static bool hold_report(struct generations *all, struct generation *g, struct error *err)
{
    size_t bytes = generation_report_bytes(all, g);
    if (all->memory != NULL && bytes > QUOTA_SMALL && bytes > quota_left(all->memory)) {
        return error_set(err, ERROR_QUEUE_FULL, NULL,
                         "the memory for requests is taken (request-memory), and the prompt's "
                         "log-probabilities need %zu bytes of it; try again",
                         bytes);
    }
    if (!quota_grow(all->memory, 0, bytes)) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for log-probabilities");
    }
    g->report_bytes = bytes;
    return true;
}

bool generation_start(struct generations *all, struct generation *g, struct error *err)
{
    assert(g->state == GENERATION_NEW && g->n >= 1 && g->n <= GENERATION_MAX_SAMPLES);
    const struct engine_request r = order_of(g);
    if (!engine_check(all->engine, &r, err)) return false;
    if (!has_room(all, g, err) || !make_choices(g, err) || !hold_report(all, g, err)) return false;
    expect(all, g);
    if (!admission_join(&all->admission, g, err)) {
        quota_give(all->memory, g->report_bytes);
        g->report_bytes = 0;
        return false;
    }
    g->all = all;
    link_held(all, g);
    all->wake(all->wake_arg); /* the turn hands it over */
    return true;
}

void generation_abort(struct generation *g)
{
    bool at_work = g->state == GENERATION_HELD || g->state == GENERATION_RUNNING;
    if (!at_work || g->aborted) return;
    g->aborted = true;
    if (g->id != 0) {
        engine_cancel(g->all->engine, g->id);
    } else {
        g->all->any_aborted = true;
        g->all->wake(g->all->wake_arg); /* the turn ends it */
    }
}

void generation_free(struct generation *g)
{
    if (g == NULL) return;
    if (g->id != 0) engine_cancel(g->all->engine, g->id);
    if (g->link != NULL) leave(g);
    if (g->all != NULL && g->all->current == g) g->all->current = NULL;
    for (int i = 0; g->choices != NULL && i < g->n; i++) {
        choice_clear(&g->choices[i]);
    }
    tokens_clear(&g->ids);
    form_free(g->own_form);
    engine_adapter_release(g->adapter);
    free(g->probs);
    free(g->tops);
    quota_give(generations_memory(g->all), g->report_bytes);
    free(g->embedding);
    arena_free(g->arena);
    free(g);
}

/* ---- what the engine says ---- */

/* Call the owner back. False when g was freed there. */
static bool call(struct generation *g, void (*fn)(struct generation *g, struct choice *c),
                 struct choice *c)
{
    struct generations *all = g->all;
    assert(all->turning); /* (3) */
    if (fn == NULL) return true;
    all->current = g;
    fn(g, c);
    bool lives = all->current == g;
    all->current = NULL;
    return lives;
}

/* The last call: g may be gone after it. */
static void end(struct generation *g)
{
    assert(g->state == GENERATION_ENDED && g->link == NULL && g->id == 0); /* (1) (4) */
    assert(g->error.code != ERROR_NONE || g->open == 0);                   /* (2) */
    assert(g->all->turning);                                               /* (3) */
    g->calls->end(g);
}

static void fail(struct generation *g, const struct error *err)
{
    assert(err->code != ERROR_NONE);
    if (g->id != 0) engine_cancel(g->all->engine, g->id);
    leave(g);
    g->error = *err;
    end(g);
}

/* Only this generation suffers. */
static void fail_memory(struct generation *g)
{
    struct error err = {0};
    error_set(&err, ERROR_NO_MEMORY, NULL, "no memory for the answer");
    fail(g, &err);
}

/* The first that comes of it: how long did it take, and how long had been expected? */
static void note_begin(struct generation *g)
{
    struct generation_counts *counts = &g->all->counts;
    if (g->began) return;
    g->began = true;
    admission_note_prompt(&g->all->admission, g);
    if (g->expected_s < 0 || g->n_pauses != g->all->n_pauses) return;
    double waited = waited_s(g);
    admission_note_wait(&g->all->admission, clock_ns(), g->expected_s, waited);
    histogram_add(&counts->wait, waited);
    histogram_add(&counts->expected, g->expected_s);
    histogram_add(&counts->wait_error, fabs(waited - g->expected_s));
}

static void count_token(struct generation *g, struct choice *c)
{
    struct generation_counts *counts = &g->all->counts;
    uint64_t now = clock_ns();
    note_begin(g);
    if (g->first_ns == 0) {
        g->first_ns = now;
        histogram_add(&counts->first_token, (double)(now - g->born_ns) / 1e9);
        counts->prompt_ns += now - g->started_ns;
    }
    if (c->n_tokens == 0) {
        c->first_token_ns = now;
    } else {
        histogram_add(&counts->inter_token, (double)(now - c->last_token_ns) / 1e9);
        counts->predicted_ns += now - c->last_token_ns;
        counts->followed++;
    }
    c->last_token_ns = now;
    c->n_tokens++;
    admission_note_token(&g->all->admission);
}

/* Is the next event the end of this one's sample? They come together, since one step made both. */
static bool ends_with(const struct engine_event *ev)
{
    const struct engine_event *next = ev->next;
    return next != NULL && next->type == EVENT_DONE && next->request_id == ev->request_id &&
           next->sample == ev->sample;
}

static void on_token(struct generation *g, struct choice *c, const struct engine_event *ev)
{
    assert(!c->done); /* (2) */
    if (ev->n_cached > g->n_cached) g->n_cached = ev->n_cached;
    count_token(g, c);
    if (!choice_add_token(c, ev, g->keeps_tokens)) {
        fail_memory(g);
    } else if (!ends_with(ev)) {
        call(g, g->calls->token, c);
    }
}

/* False when that was the last of g, which may be gone then. */
static bool on_done(struct generation *g, struct choice *c, const struct engine_event *ev)
{
    assert(!c->done && g->open > 0); /* (2) (4) */
    if (ev->n_cached > g->n_cached) g->n_cached = ev->n_cached;
    struct generation_counts *counts = &g->all->counts;
    size_t length = g->ids.n + (size_t)c->n_tokens;
    counts->finished[ev->finish]++;
    if (length > counts->longest) counts->longest = length;
    if (g->id != 0) {
        admission_note_sample(&g->all->admission, ev->finish == FINISH_STOP);
    }
    if (!choice_finish(c, ev)) {
        fail_memory(g);
        return false;
    }
    bool last = --g->open == 0;
    if (last) leave(g);
    if (!call(g, g->calls->sample, c)) return false;
    if (last) end(g);
    return !last;
}

/* What the cache had took no time. */
static void on_progress(struct generation *g, const struct engine_event *ev)
{
    assert(ev->n_computed >= g->n_computed && (size_t)ev->n_computed <= g->ids.n);
    if (ev->n_cached > g->n_cached) g->n_cached = ev->n_cached;
    g->n_computed = ev->n_computed;
    g->computed_ns = ev->n_computed > g->n_cached ? clock_ns() : g->started_ns;
    struct generations *all = g->all;
    assert(all->turning); /* (3) */
    if (g->calls->progress == NULL) return;
    all->current = g;
    g->calls->progress(g);
    all->current = NULL; /* g may be gone */
}

static void on_prompt(struct generation *g, const struct engine_event *ev)
{
    size_t n = (size_t)ev->n_prompt, n_tops = n * (size_t)ev->n_top;
    struct error err = {0};
    assert(g->probs == NULL && g->tops == NULL);
    note_begin(g);
    g->probs = mem_new(n, sizeof(*g->probs), &err);
    g->tops = mem_new(n_tops + 1, sizeof(*g->tops), &err);
    if (g->probs == NULL || g->tops == NULL) {
        fail(g, &err);
        return;
    }
    memcpy(g->probs, ev->prompt_probs, n * sizeof(*g->probs));
    if (n_tops > 0) memcpy(g->tops, ev->prompt_top, n_tops * sizeof(*g->tops));
    g->n_top = ev->n_top;
    g->refused_at = ev->refused_at;
}

static void on_embedding(struct generation *g, const struct engine_event *ev)
{
    size_t n = (size_t)ev->n_embedding;
    struct error err = {0};
    assert(g->embedding == NULL);
    note_begin(g);
    g->embedding = mem_new(n, sizeof(*g->embedding), &err);
    if (g->embedding == NULL) {
        fail(g, &err);
        return;
    }
    memcpy(g->embedding, ev->embedding, n * sizeof(*g->embedding));
}

static void on_event(struct generations *all, const struct engine_event *ev)
{
    struct generation *g = live_get(all->live, ev->request_id);
    if (g == NULL || ev->sample < 0 || ev->sample >= g->n) return;     /* it has gone */
    assert(g->state == GENERATION_RUNNING && g->id == ev->request_id); /* (4) */
    struct choice *c = &g->choices[ev->sample];
    switch (ev->type) {
    case EVENT_PROGRESS:
        on_progress(g, ev);
        break;
    case EVENT_PROMPT:
        on_prompt(g, ev);
        break;
    case EVENT_EMBEDDING:
        on_embedding(g, ev);
        break;
    case EVENT_TOKEN:
        on_token(g, c, ev);
        break;
    case EVENT_DONE:
        on_done(g, c, ev);
        break;
    case EVENT_FAILED:
        fail(g, &ev->error);
        break;
    }
}

static void take_events(struct generations *all)
{
    struct engine_event *ev = engine_take_events(all->engine);
    mem_forget();
    while (ev != NULL) {
        struct engine_event *next = ev->next;
        on_event(all, ev);
        engine_event_free(ev);
        ev = next;
    }
}

/* ---- those that wait ---- */

/* It never began: its samples are done without a token, on the weights that serve. */
static void end_held(struct generation *g)
{
    struct version_label *serving = engine_version(g->all->engine);
    const struct engine_event done = {
        .type = EVENT_DONE, .finish = FINISH_ABORT, .stop_token = -1, .label = serving};
    for (int i = 0; on_done(g, &g->choices[i], &done); i++) {
    }
    version_label_free(serving);
}

/* It will not be refused any more, and its owner hears so, once. */
static void assure(struct generation *g)
{
    assert(g->all->turning); /* (3) */
    if (!g->can_refuse) return;
    g->can_refuse = false;
    if (g->calls->sure != NULL) g->calls->sure(g);
}

/* The first of those that were aborted while they waited. */
static struct generation *find_aborted(const struct generations *all)
{
    struct generation *g = all->any_aborted ? all->held : NULL;
    while (g != NULL && !g->aborted) {
        g = g->next;
    }
    return g;
}

static void end_aborted(struct generations *all)
{
    for (struct generation *g; (g = find_aborted(all)) != NULL;) {
        assure(g);
        end_held(g);
    }
    all->any_aborted = false;
}

/* May it be told to come again? A pause says nothing of how long it would have waited. */
static bool is_refusable(const struct generation *g)
{
    return g->can_refuse && g->n_pauses == g->all->n_pauses;
}

/* It has waited too long. */
static void refuse(struct generation *g)
{
    struct generations *all = g->all;
    struct admission *a = &all->admission;
    struct error err = {0};
    if (g->expected_s >= 0) admission_note_wait(a, clock_ns(), g->expected_s, waited_s(g));
    admission_say_late(a, admission_wait_s(a, all->running, g->client, g->priority), &err);
    all->counts.refused++;
    all->counts.late++;
    fail(g, &err);
}

/* The first, in order of arrival, that has waited longer than is promised. */
static struct generation *find_late(const struct generations *all)
{
    for (struct generation *g = all->held; g != NULL; g = g->next) {
        if (!admission_is_late(&all->admission, g, waited_s(g))) return NULL;
        if (is_refusable(g)) return g;
    }
    return NULL;
}

/* Forecasts err, and machines slow down: whom they have kept waiting is told now, not served late. While a
 * pause lasts nobody is. */
static void refuse_late(struct generations *all)
{
    for (struct generation *g = all->held; all->paused && g != NULL; g = g->next) {
        assure(g);
    }
    for (struct generation *g; !all->paused && (g = find_late(all)) != NULL;) {
        refuse(g);
    }
}

/* Its turn has come. False when the engine has no room after all: it keeps its place, and the engine
 * wakes us when something has gone. */
static bool begin_held(struct generations *all, struct generation *g)
{
    struct error err = {0};
    if (submit(all, g, &err)) {
        unlink_from(all, g);
        link_running(all, g);
        return true;
    }
    if (err.code == ERROR_QUEUE_FULL) return false;
    fail(g, &err);
    return true;
}

/* Of those that wait, these may begin: their turns have lesser numbers. */
static uint64_t may_begin(const struct generations *all)
{
    return all->paused ? all->may_begin : UINT64_MAX;
}

/* Give the engine what it can begin. */
static void hand_over(struct generations *all)
{
    struct generation *g;
    while ((g = admission_next(&all->admission, may_begin(all))) != NULL) {
        if (is_refusable(g) && admission_is_late(&all->admission, g, waited_s(g))) {
            refuse(g);
            continue;
        }
        assure(g);
        if (!begin_held(all, g)) return;
    }
}

/* Nothing is at work, nor will be before a pause ends. */
static bool is_idle(const struct generations *all)
{
    bool waits = all->paused && admission_waits(&all->admission, may_begin(all));
    return all->n_running == 0 && !waits;
}

static void tell_idle(struct generations *all)
{
    while (all->waits != NULL && is_idle(all)) {
        struct idle_wait *w = all->waits;
        idle_wait_stop(w);
        w->idle(w);
    }
}

void generations_turn(struct generations *all)
{
    assert(!all->turning); /* (3) */
    all->turning = true;
    take_events(all);
    end_aborted(all);
    refuse_late(all);
    hand_over(all);
    all->turning = false;
    tell_idle(all);
}

/* ---- all of them ---- */

struct generations *generations_new(struct engine *engine, void (*wake)(void *arg), void *arg)
{
    struct generations *all = mem_new(1, sizeof(*all), NULL);
    if (all == NULL) return NULL;
    all->live = live_new();
    if (all->live == NULL) {
        free(all);
        return NULL;
    }
    all->engine = engine;
    admission_init(&all->admission, engine);
    all->wake = wake;
    all->wake_arg = arg;
    all->last_held = &all->held;
    return all;
}

void generations_free(struct generations *all)
{
    if (all == NULL) return;
    assert(generations_count(all) == 0 && all->waits == NULL);
    live_free(all->live);
    admission_clear(&all->admission);
    free(all);
}

void generations_limit_wait(struct generations *all, int max_wait_ms)
{
    all->admission.max_wait_ms = max_wait_ms;
}

void generations_bound_memory(struct generations *all, struct quota *q)
{
    assert(generations_count(all) == 0);
    all->memory = q;
}

struct quota *generations_memory(const struct generations *all)
{
    return all == NULL ? NULL : all->memory;
}

static void abort_list(struct generation *first)
{
    for (struct generation *g = first; g != NULL; g = g->next) {
        generation_abort(g);
    }
}

void generations_abort(struct generations *all)
{
    abort_list(all->running);
    abort_list(all->held);
}

void generations_pause(struct generations *all, enum pause_mode mode)
{
    if (!all->paused) all->accepted = all->admission.line.arrivals;
    all->paused = true;
    all->n_pauses++;
    all->may_begin = mode == PAUSE_WAIT ? all->accepted : 0;
    engine_pause(all->engine, mode == PAUSE_KEEP);
    if (mode == PAUSE_ABORT) generations_abort(all);
}

void generations_resume(struct generations *all)
{
    if (!all->paused) return;
    all->paused = false;
    engine_pause(all->engine, false);
    all->wake(all->wake_arg); /* the turn starts what was held */
}

void generations_drain(struct generations *all)
{
    generations_limit_wait(all, 0);
    generations_resume(all);
}

bool generations_are_paused(const struct generations *all)
{
    return all->paused;
}

size_t generations_count(const struct generations *all)
{
    return all->n_held + all->n_running;
}

size_t generations_samples_held(const struct generations *all)
{
    return all->samples_held;
}

size_t generations_at_work(const struct generations *all)
{
    return all->n_running;
}

struct generation_counts *generations_counts(struct generations *all)
{
    return &all->counts;
}

void generations_wait_idle(struct generations *all, struct idle_wait *w)
{
    w->next = all->waits;
    w->link = &all->waits;
    if (w->next != NULL) w->next->link = &w->next;
    all->waits = w;
    all->wake(all->wake_arg);
}

void idle_wait_stop(struct idle_wait *w)
{
    if (w->link == NULL) return;
    *w->link = w->next;
    if (w->next != NULL) w->next->link = w->link;
    w->link = NULL;
}
