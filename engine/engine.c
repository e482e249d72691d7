/* engine/engine.c - the engine thread, and the calls that reach it.
 *
 *   submit, cancel --> mailbox --> take news --> step --> publish --> wake --> take events
 *   (loop thread)                  [        engine thread        ]            (loop thread)
 *
 * Between two steps the thread takes what came in, so a cancellation takes effect within one.
 * With nothing to do it sleeps in the mailbox. While a step is put aside (step.h) it takes requests alone: all
 * other news may touch what that step computes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/engine_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/adapter/adapter.h"

enum { OPTIONS_BYTES = 1 << 16 }; /* of all strings */

/* ---- the thread ---- */

static void set_state(struct engine *e, enum engine_state state, const struct error *why)
{
    pthread_mutex_lock(&e->lock);
    e->state = state;
    if (why != NULL) e->error = *why;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void wake(const struct engine *e)
{
    if (e->options.wake != NULL) e->options.wake(e->options.wake_arg);
}

static void read_stats(const struct loaded *l, struct engine_stats *out)
{
    *out = (struct engine_stats){0};
    scheduler_stats(l->scheduler, out);
    step_stats(l->step, out);
}

static void publish(struct engine *e)
{
    struct results *results = &e->loaded.deliver.results;
    struct engine_stats stats;
    read_stats(&e->loaded, &stats);
    stats.taken = e->taken;
    bool any = mailbox_publish(e->mailbox, results, &stats);
    while (results->ended != NULL) {
        struct request *r = results->ended;
        results->ended = r->next;
        request_free(r);
    }
    if (any) wake(e);
}

/* Every request that has begun, on weights that do not serve any more, ends with what it has. */
static void abort_begun(struct loaded *l)
{
    struct request *r;
    while ((r = scheduler_begun(l->scheduler)) != NULL) {
        deliver_end(&l->deliver, r, FINISH_ABORT);
    }
}

static void set_conflict(struct error *err)
{
    error_set(err, ERROR_CONFLICT, "model",
              "this DoRA adapter was loaded for weights that no longer serve: load it again");
}

/* Requests cannot go on whose adapters hold for the weights that they began with. */
static void end_misfits(struct loaded *l)
{
    struct request *r;
    struct error conflict = {0};
    bool begun;
    set_conflict(&conflict);
    while ((r = scheduler_misfit(l->scheduler, &begun)) != NULL) {
        if (begun) {
            deliver_end(&l->deliver, r, FINISH_ABORT);
        } else {
            deliver_failure(&l->deliver, r, &conflict);
        }
    }
}

/* None stays on weights that do not serve, but by PUSH_FINISH. */
static void leave_older(struct engine *e, int policy, struct version *serving)
{
    if (policy == PUSH_FINISH) return;
    if (policy == PUSH_ABORT) abort_begun(&e->loaded);
    end_misfits(&e->loaded);
    scheduler_switch(e->loaded.scheduler, serving);
}

static bool apply(struct engine *e, const struct install *what, struct error *err)
{
    if (what->label != NULL) {
        versions_rename(&e->versions, what->label);
        return true;
    }
    if (what->resident == NULL) {
        leave_older(e, what->policy, &e->versions.live->version);
        versions_retire(&e->versions);
        return true;
    }
    if (!forward_reserve(e->loaded.forward, what->resident->weights, err)) return false;
    struct version *v = &what->resident->version;
    versions_serve(&e->versions, what->resident);
    scheduler_serve(e->loaded.scheduler, v);
    leave_older(e, what->policy, v);
    return true;
}

static void install(struct engine *e, struct install *what)
{
    apply(e, what, &what->error);
    pthread_mutex_lock(&e->lock);
    what->done = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

/* What the adapter of a request that has just come needs. False and *err: it can't be computed. */
static bool take_adapter(struct loaded *l, const struct request *r, struct error *err)
{
    const struct adapter *a = r->adapter;
    if (a == NULL) return true;
    if (!adapter_fits(a, r->version->content)) {
        set_conflict(err);
        return false;
    }
    return forward_reserve_adapter(l->forward, a, err);
}

static void take_request(struct engine *e, struct request *r)
{
    struct loaded *l = &e->loaded;
    struct error err = {0};
    e->taken += (uint64_t)r->n;
    scheduler_add(l->scheduler, r);
    if (!take_adapter(l, r, &err)) deliver_failure(&l->deliver, r, &err);
}

static void take_requests(struct engine *e, struct request *list)
{
    for (struct request *r = list, *next; r != NULL; r = next) {
        next = r->next;
        take_request(e, r);
    }
}

static void take_news(struct engine *e, const struct mailbox_news *news)
{
    struct loaded *l = &e->loaded;
    take_requests(e, news->submitted);
    for (struct request *r = news->cancelled; r != NULL; r = r->mailbox.next_cancelled) {
        deliver_end(&l->deliver, r, FINISH_ABORT);
    }
    if (news->reset_cache) kv_cache_reset(l->kv);
    if (news->install != NULL) install(e, news->install);
}

static void end_all(struct engine *e)
{
    struct loaded *l = &e->loaded;
    for (struct sequence *q; (q = scheduler_any(l->scheduler)) != NULL;) {
        deliver_end(&l->deliver, q->request, FINISH_ABORT);
    }
    publish(e);
}

static bool waits_for(const void *scheduler, const struct request *r)
{
    return scheduler_waits_for(scheduler, r);
}

static bool somebody_comes(void *arg)
{
    const struct engine *e = arg;
    return mailbox_any(e->mailbox, waits_for, e->loaded.scheduler);
}

/* Until the step that is put aside, if any, has been run. */
static void end_step(struct engine *e)
{
    while (step_is_aside(e->loaded.step)) {
        take_requests(e, mailbox_take_submitted(e->mailbox));
        step_run(e->loaded.step);
        publish(e);
    }
}

static void serve(struct engine *e)
{
    struct mailbox_news news;
    bool idle = true;
    publish(e); /* the first counts */
    step_listen(e->loaded.step, somebody_comes, e);
    for (;;) {
        mailbox_take_news(e->mailbox, idle, &news);
        take_news(e, &news);
        if (news.quit) break;
        if (news.paused) step_rest(e->loaded.step);
        idle = news.paused || !step_run(e->loaded.step);
        publish(e);
        end_step(e);
        versions_retire(&e->versions);
    }
    end_all(e);
}

static void *run_thread(void *arg)
{
    struct engine *e = arg;
    struct error err = {0};
    if (!engine_load(&e->loaded, &e->options, &err)) {
        set_state(e, ENGINE_FAILED, &err);
        wake(e);
    } else {
        if (e->loaded.first != NULL) versions_serve(&e->versions, e->loaded.first);
        e->loaded.first = NULL;
        set_state(e, ENGINE_READY, NULL);
        wake(e);
        if (!e->options.vocabulary_only) serve(e);
    }
    return NULL;
}

/* ---- opening and closing ---- */

static void copy_string(struct engine *e, const char **s)
{
    if (*s != NULL) *s = arena_str(e->strings, span_str(*s));
}

static bool copy_options(struct engine *e, const struct engine_options *o, struct error *err)
{
    struct engine_options *c = &e->options;
    *c = *o;
    e->strings = arena_new(OPTIONS_BYTES);
    if (e->strings == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    copy_string(e, &c->model_path);
    copy_string(e, &c->template_path);
    copy_string(e, &c->merge);
    copy_string(e, &c->name);
    copy_string(e, &c->isa);
    copy_string(e, &c->packed_cache);
    copy_string(e, &c->weights);
    return !arena_failed(e->strings) ||
           error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the engine's options");
}

struct engine *engine_open(const struct engine_options *o, struct error *err)
{
    struct engine *e = mem_new(1, sizeof(*e), err);
    if (e == NULL) return NULL;
    e->base = (struct base){.fd = -1, .root = -1};
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    if (!copy_options(e, o, err)) goto fail;
    e->mailbox = mailbox_new(o->max_sequences + o->max_queue, err);
    if (e->mailbox == NULL) goto fail;
    versions_init(&e->versions, o->max_versions);
    if (pthread_create(&e->thread, NULL, run_thread, e) != 0) {
        error_set(err, ERROR_SYSTEM, NULL, "the engine thread could not be started");
        goto fail;
    }
    e->started = true;
    return e;
fail:
    engine_close(e);
    return NULL;
}

void engine_close(struct engine *e)
{
    if (e == NULL) return;
    keeper_stop(e);
    if (e->started) {
        mailbox_quit(e->mailbox);
        pthread_join(e->thread, NULL);
    }
    engine_unload(&e->loaded);
    versions_clear(&e->versions);
    base_clear(&e->base);
    mailbox_free(e->mailbox);
    arena_free(e->strings);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

enum engine_state engine_state(struct engine *e, struct error *err)
{
    pthread_mutex_lock(&e->lock);
    enum engine_state state = e->state;
    if (state == ENGINE_FAILED && err != NULL) *err = e->error;
    pthread_mutex_unlock(&e->lock);
    return state;
}

bool engine_wait(struct engine *e, struct error *err)
{
    pthread_mutex_lock(&e->lock);
    while (e->state == ENGINE_LOADING) {
        pthread_cond_wait(&e->changed, &e->lock);
    }
    bool ready = e->state == ENGINE_READY;
    if (!ready && err != NULL) *err = e->error;
    pthread_mutex_unlock(&e->lock);
    return ready;
}

const struct engine_info *engine_info(const struct engine *e)
{
    return &e->loaded.info;
}

struct version_label *engine_version(struct engine *e)
{
    return e->options.vocabulary_only ? NULL : versions_serving(&e->versions);
}

/* ---- requests ---- */

static bool check_ready(struct engine *e, struct error *err)
{
    switch (engine_state(e, err)) {
    case ENGINE_LOADING:
        return error_set(err, ERROR_LOADING, NULL, "the model is loading");
    case ENGINE_FAILED:
        return false; /* *err says why */
    case ENGINE_READY:
        break;
    }
    if (!e->options.vocabulary_only) return true;
    return error_set(err, ERROR_NOT_AVAILABLE, NULL, "only the vocabulary was loaded");
}

struct form *engine_form(struct engine *e, const struct form_source *source, struct error *err)
{
    return check_ready(e, err) ? form_store_get(e->loaded.forms, source, err) : NULL;
}

bool engine_check(struct engine *e, const struct engine_request *r, struct error *err)
{
    return check_ready(e, err) &&
           request_check(r, e->loaded.n_vocab, e->loaded.info.context, err) &&
           stop_set_check(r->sampling.stop, r->sampling.n_stop, err) &&
           sampler_check(e->loaded.sampler, &r->sampling, err);
}

bool engine_submit(struct engine *e, const struct engine_request *r, struct error *err)
{
    if (!check_ready(e, err)) return false;
    struct request *q =
        request_new(r, e->loaded.n_vocab, e->loaded.info.context, e->loaded.info.n_embd, err);
    if (q == NULL) return false;
    if (sampler_check(e->loaded.sampler, &q->sampling, err) && mailbox_submit(e->mailbox, q, err)) {
        return true;
    }
    request_free(q);
    return false;
}

void engine_cancel(struct engine *e, uint64_t id)
{
    mailbox_cancel(e->mailbox, id);
}

struct engine_event *engine_take_events(struct engine *e)
{
    return mailbox_take_events(e->mailbox);
}

void engine_stats(struct engine *e, struct engine_stats *out)
{
    mailbox_stats(e->mailbox, out);
}

void engine_pause(struct engine *e, bool paused)
{
    mailbox_pause(e->mailbox, paused);
    versions_pause(&e->versions, paused);
}

void engine_reset_prefix_cache(struct engine *e)
{
    mailbox_reset_cache(e->mailbox);
}
