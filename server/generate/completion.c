/* server/generate/completion.c - see completion.h. Its life: made, prepared, submitted, fed with events,
 * ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/generate/choice.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/output_form.h"
#include "server/http/sse.h"
#include "server/state.h"

/* ---- life ---- */

static void stop_runs(struct completion *c)
{
    struct server *s = c->exchange->server;
    for (size_t i = 0; i < c->n_runs; i++) {
        struct run *run = &c->runs[i];
        if (run->id == 0) continue;
        engine_cancel(s->engine, run->id);
        live_remove(s->live, run->id); /* what it still says is dropped */
        run->id = 0;
    }
}

/* For the access log. */
static void note_usage(struct completion *c)
{
    struct completion_usage usage = completion_usage(c);
    struct exchange_facts *facts = &c->exchange->facts;
    facts->prompt_tokens = usage.prompt;
    facts->completion_tokens = usage.completion;
    facts->cached_tokens = usage.cached;
}

static void stop(struct exchange *x)
{
    struct completion *c = x->state;
    if (c->open > 0) x->server->metrics.cancelled++;
    note_usage(c);
    pause_release(c);
    stop_runs(c);
}

static void on_timeout(struct exchange *x)
{
    struct error err = {0};
    error_set(&err, ERROR_TIMEOUT, NULL, "the generation took longer than %g s",
              x->server->o.request_timeout_ms / 1e3);
    sse_fail(x, &err);
}

static void free_state(struct exchange *x)
{
    struct completion *c = x->state;
    pause_release(c);
    stop_runs(c); /* no event may find what is freed here */
    for (size_t i = 0; i < c->n_choices; i++) {
        choice_clear(&c->choices[i]);
    }
    for (size_t i = 0; i < c->n_runs; i++) {
        tokens_clear(&c->runs[i].ids);
        free(c->runs[i].probs);
        free(c->runs[i].tops);
    }
    free(c->runs);
    free(c->choices);
    form_free(c->params.engine.form);
    cJSON_Delete(c->document);
}

static const struct exchange_kind completion_kind = {
    .stop = stop, .timeout = on_timeout, .free = free_state};

struct completion *completion_new(struct exchange *x, const struct completion_style *style,
                                  const char *id_prefix, size_t dialect_bytes)
{
    struct completion *c = exchange_state(x, sizeof(*c) + dialect_bytes, &completion_kind);
    if (c == NULL) return NULL;
    c->exchange = x;
    c->engine = x->server->engine;
    c->style = style;
    c->dialect = c + 1;
    c->created = clock_unix_s();
    snprintf(c->id, sizeof(c->id), "%s%s", id_prefix, x->id);
    c->n_prefix = strlen(id_prefix);
    sampling_params_init(&c->params);
    return c;
}

/* ---- submitting ---- */

static bool make_choices(struct completion *c, struct error *err)
{
    const struct engine_info *info = engine_info(c->engine);
    c->samples = c->params.best_of > c->params.n ? c->params.best_of : c->params.n;
    size_t n = c->n_runs * (size_t)c->samples;
    if (n > COMPLETION_MAX_CHOICES) {
        return error_set(err, ERROR_TOO_LARGE, "n",
                         "%zu prompts times %d samples; at most %d in all", c->n_runs, c->samples,
                         COMPLETION_MAX_CHOICES);
    }
    c->choices = mem_new(n, sizeof(*c->choices), err);
    if (c->choices == NULL) return false;
    c->n_choices = c->open = n;
    for (size_t i = 0; i < n; i++) {
        struct run *run = &c->runs[i / (size_t)c->samples];
        const char *open = c->reasoning ? info->think_open : NULL;
        if (i % (size_t)c->samples == 0) run->choices = &c->choices[i];
        choice_init(&c->choices[i], run, (int)i, c->finds_calls);
        reasoning_init(&c->choices[i].reasoning, open, info->think_close, c->reasoning_opened);
    }
    return true;
}

/* FNV-1a: prefixes are shared between equal salts only; this need not resist an attacker who
 * knows the other's salt. */
static uint64_t salt_hash(struct span salt)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < salt.n; i++) {
        h = (h ^ (unsigned char)salt.p[i]) * 0x100000001b3u;
    }
    return salt.n == 0 ? 0 : h;
}

static bool submit(struct completion *c, struct run *run, size_t index, struct error *err)
{
    struct server *s = c->exchange->server;
    struct engine_request r = {.id = live_add(s->live, run),
                               .ids = run->ids.ids,
                               .n_ids = run->ids.n,
                               .n = c->samples,
                               .priority = c->params.priority,
                               .cache_salt = salt_hash(c->params.cache_salt),
                               .sampling = *completion_sampling(c, run)};
    if (r.id == 0) return error_set(err, ERROR_QUEUE_FULL, NULL, "too many prompts are in work");
    if (!c->params.has_seed && run->sampling == NULL) r.sampling.seed += index; /* unlike luck */
    if (engine_submit(s->engine, &r, err)) {
        run->id = r.id;
        return true;
    }
    live_remove(s->live, r.id);
    if (strncmp(err->param, "prompt", 6) == 0 && strchr("[", err->param[6]) != NULL) {
        return error_at(err, "%s", run->field);
    }
    return completion_rename(c, err);
}

/* All prompts or none. */
static bool submit_all(struct completion *c, struct error *err)
{
    if (!make_choices(c, err)) return false;
    for (size_t i = 0; i < c->n_runs; i++) {
        struct run *run = &c->runs[i];
        run->completion = c;
        run->open = c->samples;
        if (submit(c, run, i, err)) continue;
        stop_runs(c);
        return false;
    }
    return true;
}

static void cancel_runs(const struct completion *c)
{
    for (size_t i = 0; i < c->n_runs; i++) {
        if (c->runs[i].id != 0) engine_cancel(c->exchange->server->engine, c->runs[i].id);
    }
}

void completion_start(struct completion *c)
{
    struct exchange *x = c->exchange;
    if (x->gone) return;
    if (c->error.code == ERROR_NONE) submit_all(c, &c->error);
    if (c->error.code != ERROR_NONE) {
        exchange_fail(x, &c->error);
        return;
    }
    if (c->params.stream) sse_begin(x);
    if (c->aborted) cancel_runs(c);
}

static void after_prepare(struct exchange *x)
{
    struct completion *c = x->state;
    bool waits = c->error.code == ERROR_NONE && !c->aborted && !x->gone && pause_hold(c);
    if (!waits) completion_start(c);
}

struct completion *completion_of(struct exchange *x)
{
    bool is_one = x->kind == &completion_kind && !x->gone && !x->over;
    struct completion *c = is_one ? x->state : NULL;
    bool is_done = c != NULL && c->n_choices > 0 && c->open == 0;
    return is_done ? NULL : c;
}

void completion_abort(struct completion *c)
{
    c->aborted = true;
    if (pause_release(c)) {
        completion_start(c);
    } else {
        cancel_runs(c);
    }
}

bool completion_has_id(const struct completion *c, struct span id)
{
    return span_is(id, c->id) || span_is(id, c->id + c->n_prefix);
}

static void work_prepare(struct exchange *x)
{
    struct completion *c = x->state;
    if (c->prepare(c)) output_form_compile(x->server->engine, &c->params, &c->error);
}

void completion_run(struct completion *c, enum exchange_weight weight,
                    bool (*prepare)(struct completion *c))
{
    c->prepare = prepare;
    exchange_offload(c->exchange, weight, work_prepare, after_prepare);
}

/* As vLLM's render routes answer: a list of what the engine would be given. */
static void reply_rendered(struct completion *c)
{
    struct buffer out;
    if (c->error.code != ERROR_NONE) {
        exchange_fail(c->exchange, &c->error);
        return;
    }
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_array(&out, NULL);
    for (size_t i = 0; i < c->n_runs; i++) {
        emit_object(&out, NULL);
        emit_text(&out, "prompt", c->runs[i].text);
        logprobs_emit_ids("prompt_token_ids", c->runs[i].ids.ids, c->runs[i].ids.n, &out);
        emit_close(&out, '}');
    }
    emit_close(&out, ']');
    exchange_reply_json(c->exchange, &out);
}

static void after_render(struct exchange *x)
{
    reply_rendered(x->state);
}

void completion_render(struct completion *c, enum exchange_weight weight,
                       bool (*prepare)(struct completion *c))
{
    c->prepare = prepare;
    exchange_offload(c->exchange, weight, work_prepare, after_render);
}

/* ---- events ---- */

static void fail(struct completion *c, const struct error *err)
{
    stop_runs(c);
    if (c->exchange->streaming) {
        sse_fail(c->exchange, err);
    } else {
        exchange_fail(c->exchange, err);
    }
}

/* Every choice is done. */
static void finish(struct completion *c)
{
    struct exchange *x = c->exchange;
    note_usage(c);
    x->facts.finish = choice_finish_name(&c->choices[c->n_choices - 1]);
    if (x->streaming) {
        if (c->style->end != NULL) c->style->end(c);
        sse_done(x);
        return;
    }
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    c->style->whole(c, &out);
    exchange_reply_json(x, &out);
}

static void write_chunk(struct completion *c, struct choice *choice)
{
    if (!c->exchange->streaming) return;
    c->style->chunk(c, choice);
    if (!c->style->cumulative) choice_drop_pending(choice);
}

static void count_token(struct completion *c, struct choice *choice)
{
    struct metrics *m = &c->exchange->server->metrics;
    uint64_t now = clock_ns();
    if (choice->last_token_ns != 0) {
        histogram_add(&m->inter_token, (double)(now - choice->last_token_ns) / 1e9);
    } else if (c->exchange->facts.first_token_ns == 0) {
        c->exchange->facts.first_token_ns = now;
        histogram_add(&m->first_token, (double)(now - c->exchange->started_ns) / 1e9);
    }
    choice->last_token_ns = now;
    choice->n_tokens++;
}

/* The choice's memory is out: only this request suffers. */
static void fail_memory(struct completion *c)
{
    struct error err = {0};
    error_set(&err, ERROR_NO_MEMORY, NULL, "no memory for the answer");
    fail(c, &err);
}

static void on_token(struct completion *c, struct choice *choice, const struct engine_event *ev)
{
    count_token(c, choice);
    if (ev->n_cached > choice->run->n_cached) choice->run->n_cached = ev->n_cached;
    if (!choice_add_token(choice, ev, c->want_tokens)) {
        fail_memory(c);
        return;
    }
    if (c->want_tokens || choice_has_news(choice)) write_chunk(c, choice);
}

static void on_done(struct completion *c, struct choice *choice, const struct engine_event *ev)
{
    struct run *run = choice->run;
    run->n_cached = ev->n_cached;
    c->exchange->server->metrics.finished[ev->finish]++;
    if (!choice_finish(choice, ev)) {
        fail_memory(c);
        return;
    }
    write_chunk(c, choice);
    if (--run->open == 0) {
        live_remove(c->exchange->server->live, run->id);
        run->id = 0;
    }
    if (--c->open == 0) finish(c);
}

static void on_prompt(struct run *run, const struct engine_event *ev)
{
    size_t n = (size_t)ev->n_prompt, n_tops = n * (size_t)ev->n_top;
    struct error err = {0};
    run->probs = mem_new(n, sizeof(*run->probs), &err);
    run->tops = mem_new(n_tops + 1, sizeof(*run->tops), &err);
    if (run->probs == NULL || run->tops == NULL) {
        fail(run->completion, &err);
        return;
    }
    memcpy(run->probs, ev->prompt_probs, n * sizeof(*run->probs));
    if (n_tops > 0) memcpy(run->tops, ev->prompt_top, n_tops * sizeof(*run->tops));
    run->n_top = ev->n_top;
}

void completion_on_event(struct server *s, const struct engine_event *ev)
{
    struct run *run = live_get(s->live, ev->request_id);
    if (run == NULL) return; /* its request has gone */
    struct completion *c = run->completion;
    if (ev->sample < 0 || ev->sample >= c->samples) return;
    struct choice *choice = &run->choices[ev->sample];
    switch (ev->type) {
    case EVENT_PROMPT:
        on_prompt(run, ev);
        break;
    case EVENT_TOKEN:
        on_token(c, choice, ev);
        break;
    case EVENT_DONE:
        on_done(c, choice, ev);
        break;
    case EVENT_FAILED:
        live_remove(s->live, run->id);
        run->id = 0;
        fail(c, &ev->error);
        break;
    }
}

/* ---- counts ---- */

struct completion_usage completion_usage(const struct completion *c)
{
    struct completion_usage u = {0};
    for (size_t i = 0; i < c->n_runs; i++) {
        u.prompt += (int64_t)c->runs[i].ids.n;
        u.cached += c->runs[i].n_cached;
    }
    for (size_t i = 0; i < c->n_choices; i++) {
        u.completion += c->choices[i].n_tokens;
        u.thought += c->choices[i].n_thought_tokens;
    }
    return u;
}

void completion_emit_usage(const struct completion *c, struct buffer *out)
{
    struct completion_usage u = completion_usage(c);
    emit_object(out, "usage");
    emit_int(out, "prompt_tokens", u.prompt);
    emit_int(out, "completion_tokens", u.completion);
    emit_int(out, "total_tokens", u.prompt + u.completion);
    emit_object(out, "prompt_tokens_details");
    emit_int(out, "cached_tokens", u.cached);
    emit_close(out, '}');
    emit_object(out, "completion_tokens_details");
    emit_int(out, "reasoning_tokens", u.thought);
    emit_close(out, '}');
    emit_close(out, '}');
}

const char *completion_model(const struct completion *c)
{
    return engine_info(c->engine)->name;
}

/* Best first; qsort() is not stable, so equal ones go by their number. */
static int compare_choices(const void *a, const void *b)
{
    const struct choice *x = *(const struct choice *const *)a,
                        *y = *(const struct choice *const *)b;
    double dx = choice_mean_logprob(x), dy = choice_mean_logprob(y);
    if (dx != dy) return dx > dy ? -1 : 1;
    return x->index - y->index;
}

bool completion_pick(const struct completion *c, const struct choice ***out)
{
    size_t samples = (size_t)c->samples, n = (size_t)c->params.n;
    const struct choice **all = arena_alloc(c->exchange->arena, c->n_choices, sizeof(*all));
    if (all == NULL) return false;
    for (size_t i = 0; i < c->n_choices; i++) {
        all[i] = &c->choices[i];
    }
    for (size_t r = 0; r < c->n_runs && samples > n; r++) {
        qsort(all + r * samples, samples, sizeof(*all), compare_choices);
        memmove(all + r * n, all + r * samples, n * sizeof(*all));
    }
    *out = all;
    return true;
}

/* A stop string, or the stop token when the client named it; null for the model's own end. */
void completion_emit_stop_reason(const struct completion *c, const struct choice *choice,
                                 struct buffer *out)
{
    if (choice->stop_string != NULL) {
        emit_str(out, "stop_reason", choice->stop_string);
        return;
    }
    for (int i = 0; i < c->params.stop_ids.n && choice->stop_token >= 0; i++) {
        if (c->params.stop_ids.ids[i] != choice->stop_token) continue;
        emit_int(out, "stop_reason", choice->stop_token);
        return;
    }
    emit_null(out, "stop_reason");
}

void completion_emit_chunk_usage(const struct completion *c, struct buffer *out)
{
    const struct stream_options *o = &c->params.stream_options;
    if (o->continuous_usage && o->include_usage) {
        completion_emit_usage(c, out);
    } else if (o->include_usage) {
        emit_null(out, "usage");
    }
}
