/* server/generate/completion.c - see completion.h. Its life: made, prepared, started, called back, ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/completion.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/clock.h"
#include "server/generate/bad_words.h"
#include "server/generate/best_of.h"
#include "server/generate/choice.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/output_form.h"
#include "server/generate/thoughts.h"
#include "server/http/sse.h"
#include "server/http/state.h"

/* ---- life ---- */

/* Give up all generations, so that no call finds what is freed. */
static void give_up(struct completion *c)
{
    for (size_t i = 0; i < c->n_prompts; i++) {
        generation_free(c->prompts[i]);
    }
    c->n_prompts = c->n_choices = c->open = 0;
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

static const struct stream_shape *stream_of(const struct completion *c)
{
    static const struct stream_shape events = {sse_begin, sse_done, sse_fail};
    return c->dialect->stream != NULL ? c->dialect->stream : &events;
}

/* While prepare() runs on another thread, the generations and what it reads are that thread's. */
static void stop(struct exchange *x)
{
    struct completion *c = x->state;
    if (c->choosing) best_of_cancel(c->best_of);
    if (x->working || c->open == 0) return;
    generations_counts(x->server->generations)->cancelled++;
    note_usage(c);
    give_up(c);
}

static void on_timeout(struct exchange *x)
{
    struct error err = {0};
    error_set(&err, ERROR_TIMEOUT, NULL, "the generation took longer than %g s",
              x->server->o.request_timeout_ms / 1e3);
    stream_of(x->state)->fail(x, &err);
}

static void free_state(struct exchange *x)
{
    struct completion *c = x->state;
    give_up(c);
    free(c->prompts);
    form_free(c->params.engine.form);
    engine_adapter_release(c->params.adapter);
    if (c->best_of != NULL) best_of_clear(c->best_of);
    if (c->dialect != NULL && c->dialect->clear != NULL) c->dialect->clear(c);
}

static void dispose(struct exchange *x)
{
    struct completion *c = x->state;
    cJSON_Delete(c->document);
}

static const struct exchange_kind completion_kind = {
    .stop = stop, .timeout = on_timeout, .free = free_state, .dispose = dispose};

static void speak(struct completion *c, const struct dialect *dialect, const char *id_prefix,
                  void *own)
{
    c->dialect = dialect;
    c->own = own;
    if (dialect != NULL && dialect->takes_defaults) {
        sampling_params_defaults(&c->params, engine_info(c->engine));
    }
    c->n_prefix = strlen(id_prefix);
    snprintf(c->id, sizeof(c->id), "%s%s", id_prefix, c->exchange->id);
}

struct completion *completion_new(struct exchange *x, const struct dialect *dialect,
                                  const char *id_prefix, size_t own_bytes)
{
    struct completion *c = exchange_state(x, sizeof(*c) + own_bytes, &completion_kind);
    if (c == NULL) return NULL;
    c->exchange = x;
    c->engine = x->server->engine;
    c->prompt_field = "prompt";
    c->client = exchange_client(x);
    c->created = clock_unix_s();
    sampling_params_init(&c->params);
    c->params.verbose = x->server->o.verbose_replies;
    speak(c, dialect, id_prefix, c + 1);
    return c;
}

bool completion_become(struct completion *c, const struct dialect *dialect, const char *id_prefix,
                       size_t own_bytes)
{
    void *own = arena_alloc(c->exchange->arena, 1, own_bytes);
    if (own == NULL) return error_set(&c->error, ERROR_NO_MEMORY, NULL, "no memory for a request");
    speak(c, dialect, id_prefix, own);
    return true;
}

/* ---- starting ---- */

/* Prefixes are shared between equal salts only; this need not resist an attacker who
 * knows the other's salt. */
static uint64_t salt_hash(struct span salt)
{
    return salt.n == 0 ? 0 : hash_bytes(salt);
}

static bool count_choices(struct completion *c, struct error *err)
{
    c->samples = c->params.best_of > c->params.n ? c->params.best_of : c->params.n;
    c->n_choices = c->n_prompts * (size_t)c->samples;
    if (c->n_choices <= COMPLETION_MAX_CHOICES) return true;
    return error_set(err, ERROR_TOO_LARGE, "n", "%zu prompts times %d samples; at most %d in all",
                     c->n_prompts, c->samples, COMPLETION_MAX_CHOICES);
}

/* What all prompts share, into the generation of prompt i. */
static void ask(const struct completion *c, struct generation *g, size_t i)
{
    const struct engine_info *info = engine_info(c->engine);
    g->n = c->samples;
    g->first_index = (int)i * c->samples;
    g->priority = c->params.priority;
    g->client = c->client;
    g->can_refuse = i == 0; /* what a request has begun it may end */
    g->pooling = c->pooling;
    g->cache_salt = salt_hash(c->params.cache_salt);
    if (g->adapter == NULL) g->adapter = engine_adapter_hold(c->params.adapter);
    if (!c->sampled_apart) g->sampling = c->params.engine;
    if (!c->sampled_apart && !c->params.has_seed) g->sampling.seed += i; /* unlike luck */
    g->keeps_tokens = c->want_tokens;
    g->progress = c->params.progress && c->params.stream && c->dialect->tells_progress;
    g->calls_wanted = c->calls;
    g->call_is_named = c->call_is_named;
    g->think_open = c->reasoning ? info->think_open : NULL;
    g->think_close = c->think_close != NULL ? c->think_close : info->think_close;
    g->think_start = c->reasoning_start;
    g->born_ns = c->exchange->started_ns;
}

/* The engine knows one prompt and its settings; the client wrote them somewhere. */
static void name_prompt(const struct completion *c, size_t i, struct error *err)
{
    if (strncmp(err->param, "prompt", 6) != 0 || strchr("[", err->param[6]) == NULL) {
        completion_rename(c, err);
        return;
    }
    memmove(err->param, err->param + 6, strlen(err->param) - 5);
    if (c->prompts_are_listed) {
        error_in(err, "%s[%zu]", c->prompt_field, i);
    } else {
        error_in(err, "%s", c->prompt_field);
    }
}

/* All prompts or none (1). */
/* Could the log-probabilities of all its prompts ever be held together? */
static bool check_reports(const struct completion *c, struct error *err)
{
    const struct generations *all = c->exchange->server->generations;
    const struct quota *memory = generations_memory(all);
    size_t bytes = 0;
    for (size_t i = 0; i < c->n_prompts; i++) {
        bytes += generation_report_bytes(all, c->prompts[i]);
    }
    return memory == NULL || bytes <= memory->limit ||
           error_set(err, ERROR_TOO_LARGE, "prompt_logprobs",
                     "%zu bytes of log-probabilities of prompts are more than request-memory", bytes);
}

static bool start_all(struct completion *c, struct error *err)
{
    assert(!c->is_started && c->open == 0); /* (1) */
    struct generations *all = c->exchange->server->generations;
    if (!count_choices(c, err)) return false;
    if (!generations_admit(all, c->client, c->params.priority, err)) return false;
    for (size_t i = 0; i < c->n_prompts; i++) {
        ask(c, c->prompts[i], i);
    }
    if (!check_reports(c, err)) return false;
    for (size_t i = 0; i < c->n_prompts; i++) {
        if (generation_start(all, c->prompts[i], err)) continue;
        name_prompt(c, i, err);
        give_up(c);
        return false;
    }
    c->open = c->n_prompts;
    c->is_started = true;
    return true;
}

static void after_prepare(struct exchange *x)
{
    struct completion *c = x->state;
    if (x->gone || x->status != 0) return;
    bool nothing = c->error.code == ERROR_NONE && c->n_prompts == 0;
    if (nothing && c->dialect->nothing != NULL) {
        c->dialect->nothing(c);
        return;
    }
    if (c->error.code == ERROR_NONE) start_all(c, &c->error);
    if (c->error.code != ERROR_NONE) {
        exchange_fail(x, &c->error);
        return;
    }
    if (c->aborted) completion_abort(c);
}

struct completion *completion_of(struct exchange *x)
{
    bool is_one = x->kind == &completion_kind && !x->gone && !x->over;
    struct completion *c = is_one ? x->state : NULL;
    return c == NULL || (c->is_started && c->open == 0) ? NULL : c;
}

void completion_abort(struct completion *c)
{
    c->aborted = true;
    for (size_t i = 0; c->is_started && i < c->n_prompts; i++) {
        generation_abort(c->prompts[i]);
    }
}

bool completion_has_id(const struct completion *c, struct span id)
{
    return span_is(id, c->id) || span_is(id, c->id + c->n_prefix);
}

/* "tools[0].function.parameters" as the dialect's clients write it. */
static void name_tool(const struct completion *c, struct error *err)
{
    static const char function[] = ".function.";
    const char *schema = c->dialect == NULL ? NULL : c->dialect->tool_schema;
    char member[sizeof(err->param)], *at = strstr(err->param, function);
    if (schema == NULL || at == NULL || strncmp(err->param, "tools[", 6) != 0) return;
    snprintf(member, sizeof(member), "%s", at + strlen(function));
    snprintf(at, (size_t)(err->param + sizeof(err->param) - at), ".%s",
             strcmp(member, "parameters") == 0 ? schema : member);
}

static void work_prepare(struct exchange *x)
{
    struct completion *c = x->state;
    struct error *err = &c->error;
    bool ok = c->prepare(c) && thoughts_of_prompts(c, err) && thoughts_bound(c, err) &&
              bad_words_set(c, err) && output_form_compile(x->server->engine, &c->params, err);
    if (!ok) name_tool(c, err);
}

static void prepare_then(struct completion *c, enum exchange_weight weight,
                         bool (*prepare)(struct completion *c), void (*after)(struct exchange *x))
{
    c->prepare = prepare;
    if (c->exchange->server->o.adapter_dir != NULL) weight = WORK_HEAVY; /* may read one */
    exchange_offload(c->exchange, weight, work_prepare, after);
}

void completion_run(struct completion *c, enum exchange_weight weight,
                    bool (*prepare)(struct completion *c))
{
    prepare_then(c, weight, prepare, after_prepare);
}

/* ---- rendering: what the engine would be given, as a body of /inference/v1/generate ---- */

static void emit_texts(const char *key, const char *const *texts, int n, struct buffer *out)
{
    emit_array(out, key);
    for (int i = 0; i < n; i++) {
        emit_str(out, NULL, texts[i]);
    }
    emit_close(out, ']');
}

static void emit_sampling(const struct sampling_params *p, struct buffer *out)
{
    const struct engine_sampling *s = &p->engine;
    emit_object(out, "sampling_params");
    emit_int(out, "n", p->n);
    emit_float(out, "temperature", s->temperature);
    emit_float(out, "top_p", s->top_p);
    emit_int(out, "top_k", s->top_k);
    emit_float(out, "min_p", s->min_p);
    emit_float(out, "repetition_penalty", s->repetition_penalty);
    emit_float(out, "presence_penalty", s->presence_penalty);
    emit_float(out, "frequency_penalty", s->frequency_penalty);
    if (s->max_tokens >= 0) emit_int(out, "max_tokens", s->max_tokens);
    emit_int(out, "min_tokens", s->min_tokens);
    if (p->has_seed) emit_int(out, "seed", p->seed);
    emit_texts("stop", s->stop, s->n_stop, out);
    logprobs_emit_ids("stop_token_ids", s->stop_ids, (size_t)s->n_stop_ids, out);
    emit_bool(out, "ignore_eos", s->ignore_eos);
    emit_bool(out, "skip_special_tokens", s->skip_special_tokens);
    if (p->logprobs != TOP_ABSENT) emit_int(out, "logprobs", p->logprobs);
    if (p->prompt_logprobs != TOP_ABSENT) emit_int(out, "prompt_logprobs", p->prompt_logprobs);
    emit_close(out, '}');
}

/* vLLM's GenerateRequest; beside it the text, which people want to see. */
static void emit_rendered(const struct completion *c, const struct generation *g,
                          struct buffer *out)
{
    emit_object(out, NULL);
    emit_str(out, "request_id", c->id);
    logprobs_emit_ids("token_ids", g->ids.ids, g->ids.n, out);
    emit_null(out, "features");
    emit_sampling(&c->params, out);
    emit_str(out, "model", completion_model(c));
    emit_bool(out, "stream", c->params.stream);
    emit_int(out, "priority", c->params.priority);
    emit_null(out, "kv_transfer_params");
    emit_text(out, "prompt", g->text);
    emit_close(out, '}');
}

/* A chat has one prompt; completions have a list of them. */
static void after_render(struct exchange *x)
{
    const struct completion *c = x->state;
    bool one = strcmp(c->prompt_field, "messages") == 0;
    if (c->error.code != ERROR_NONE) {
        exchange_fail(x, &c->error);
        return;
    }
    if (!one) emit_array(&x->reply, NULL);
    for (size_t i = 0; i < c->n_prompts; i++) {
        emit_rendered(c, c->prompts[i], &x->reply);
    }
    if (!one) emit_close(&x->reply, ']');
    exchange_reply_json(x, &x->reply);
}

void completion_render(struct completion *c, enum exchange_weight weight,
                       bool (*prepare)(struct completion *c))
{
    prepare_then(c, weight, prepare, after_render);
}

/* ---- counting ---- */

static void after_count(struct exchange *x)
{
    const struct completion *c = x->state;
    int64_t n = 0;
    if (c->error.code != ERROR_NONE) {
        exchange_fail(x, &c->error);
        return;
    }
    for (size_t i = 0; i < c->n_prompts; i++) {
        n += (int64_t)c->prompts[i]->ids.n;
    }
    emit_object(&x->reply, NULL);
    emit_int(&x->reply, "input_tokens", n);
    emit_close(&x->reply, '}');
    exchange_reply_json(x, &x->reply);
}

void completion_count(struct completion *c, bool (*prepare)(struct completion *c))
{
    prepare_then(c, WORK_HEAVY, prepare, after_count);
}

/* ---- what the generations say ---- */

/* Nothing has been said yet, or a stream is open. */
static bool is_unanswered(const struct exchange *x)
{
    return x->streaming ? !x->ended : x->status == 0;
}

static void fail(struct completion *c, const struct error *err)
{
    assert(is_unanswered(c->exchange)); /* (2) */
    if (c->exchange->streaming) {
        stream_of(c)->fail(c->exchange, err);
    } else {
        exchange_fail(c->exchange, err);
    }
}

void completion_answer(struct completion *c)
{
    struct exchange *x = c->exchange;
    assert(c->open == 0);
    if (c->dialect->check != NULL && !c->dialect->check(c, &c->error)) {
        exchange_fail(x, &c->error);
        return;
    }
    c->dialect->whole(c, &x->reply);
    exchange_reply_json(x, &x->reply);
}

/* Every generation has ended. */
static void finish(struct completion *c)
{
    struct exchange *x = c->exchange;
    assert(is_unanswered(x) && c->open == 0); /* (2) */
    note_usage(c);
    x->facts.finish = choice_finish_name(completion_choice(c, c->n_choices - 1));
    if (x->streaming) {
        if (c->dialect->end != NULL) c->dialect->end(c);
        stream_of(c)->done(x);
        return;
    }
    if (c->best_of != NULL) {
        c->choosing = true;
        best_of_choose(c->best_of, c);
    } else {
        completion_answer(c);
    }
}

static void write_chunk(struct completion *c, struct choice *choice)
{
    if (!c->exchange->streaming) return;
    c->dialect->chunk(c, choice);
    if (!c->dialect->cumulative) choice_drop_pending(c->engine, choice);
}

static void note_first_token(struct completion *c, const struct choice *choice)
{
    struct exchange_facts *facts = &c->exchange->facts;
    if (facts->first_token_ns == 0) facts->first_token_ns = choice->first_token_ns;
}

static void on_token(struct generation *g, struct choice *choice)
{
    struct completion *c = g->owner;
    note_first_token(c, choice);
    if (c->want_tokens || choice_has_news(choice)) write_chunk(c, choice);
}

static void on_sample(struct generation *g, struct choice *choice)
{
    note_first_token(g->owner, choice);
    write_chunk(g->owner, choice);
}

/* It is told as of the prompt's first sample. */
static void on_progress(struct generation *g)
{
    struct completion *c = g->owner;
    if (!c->exchange->streaming) return;
    c->told = g;
    c->dialect->chunk(c, &g->choices[0]);
    c->told = NULL;
}

/* Until then the answer may be 429, in a stream's place too. */
static void on_sure(struct generation *g)
{
    struct completion *c = g->owner;
    if (c->params.stream) stream_of(c)->begin(c->exchange);
}

static void on_end(struct generation *g)
{
    struct completion *c = g->owner;
    assert(c->is_started && c->open > 0); /* (1) */
    if (g->error.code != ERROR_NONE) {
        struct error err = g->error;
        note_usage(c);
        give_up(c); /* g as well */
        fail(c, &err);
    } else if (--c->open == 0) {
        finish(c);
    }
}

const struct generation_calls completion_calls = {.token = on_token,
                                                  .sample = on_sample,
                                                  .end = on_end,
                                                  .progress = on_progress,
                                                  .sure = on_sure};

/* ---- counts ---- */

struct completion_usage completion_usage(const struct completion *c)
{
    struct completion_usage u = {0};
    for (size_t i = 0; i < c->n_prompts; i++) {
        u.prompt += (int64_t)c->prompts[i]->ids.n;
        u.cached += c->prompts[i]->n_cached;
    }
    for (size_t i = 0; i < c->n_choices; i++) {
        u.completion += completion_choice(c, i)->n_tokens;
        u.thought += completion_choice(c, i)->n_thought_tokens;
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

void completion_emit_versions(const struct completion *c, struct buffer *out)
{
    const struct choice *first = completion_choice(c, 0);
    const char *name = spans_single(&first->versions);
    for (size_t i = 1; i < c->n_choices && name != NULL; i++) {
        const struct version_spans *s = &completion_choice(c, i)->versions;
        if (s->n != 1 || s->list[0].label != first->versions.list[0].label) name = NULL;
    }
    if (name != NULL) {
        emit_str(out, "weight_version", name);
    } else if (c->n_choices == 1) {
        spans_emit(&first->versions, first->n_tokens, out);
    }
}

const char *completion_model(const struct completion *c)
{
    return c->adapter_name != NULL ? c->adapter_name : engine_info(c->engine)->name;
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
        all[i] = completion_choice(c, i);
    }
    for (size_t r = 0; r < c->n_prompts && samples > n; r++) {
        qsort(all + r * samples, samples, sizeof(*all), compare_choices);
        memmove(all + r * n, all + r * samples, n * sizeof(*all));
    }
    *out = all;
    return true;
}

void completion_emit_fingerprint(const struct completion *c, const struct choice *choice,
                                 struct buffer *out)
{
    const struct version_spans *s = &choice->versions;
    struct version_label *serving = s->n == 0 ? engine_version(c->exchange->server->engine) : NULL;
    spans_emit_fingerprint(s->n == 0 ? serving : s->list[s->n - 1].label, c->params.adapter, out);
    version_label_free(serving);
}

static bool is_named_stop(const struct completion *c, int token)
{
    for (int i = 0; i < c->params.stop_ids.n && token >= 0; i++) {
        if (c->params.stop_ids.ids[i] == token) return true;
    }
    return false;
}

/* The string, else the token where there is one and it counts, else null. */
static void emit_stop(const char *key, const struct choice *choice, bool token_counts,
                      struct buffer *out)
{
    if (choice->stop_string != NULL) {
        emit_str(out, key, choice->stop_string);
    } else if (choice->stop_token >= 0 && token_counts) {
        emit_int(out, key, choice->stop_token);
    } else {
        emit_null(out, key);
    }
}

/* A stop string, or the stop token when the client named it; null for the model's own end. */
void completion_emit_stop_reason(const struct completion *c, const struct choice *choice,
                                 struct buffer *out)
{
    emit_stop("stop_reason", choice, is_named_stop(c, choice->stop_token), out);
    if (choice->done) emit_stop("matched_stop", choice, true, out);
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
