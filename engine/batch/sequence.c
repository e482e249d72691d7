/* engine/batch/sequence.c - checking and copying requests; the tokens of a sample.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/sequence.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/adapter/adapter.h"
#include "engine/batch/events.h"

enum { FIRST_ROOM = 64, MAX_SAMPLES = 1 << 16 };
#define ARENA_REQUEST_BYTES ((size_t)1 << 30)

/* ---- checking ---- */

static bool check_ids(const char *field, const int *ids, size_t n, int n_vocab, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] >= 0 && ids[i] < n_vocab) continue;
        char path[64];
        snprintf(path, sizeof(path), "%s[%zu]", field, i);
        return error_set(err, ERROR_INVALID_VALUE, path, "token id %d; the vocabulary has %d ids",
                         ids[i], n_vocab);
    }
    return true;
}

static bool check_range(const char *field, double value, double min, double max, struct error *err)
{
    if (value >= min && value <= max) return true;
    return error_set(err, ERROR_INVALID_VALUE, field, "%s is %g; it must be from %g to %g", field,
                     value, min, max);
}

static bool check_numbers(const struct engine_sampling *c, struct error *err)
{
    const struct {
        const char *field;
        double value, min, max;
    } rows[] = {
        {"temperature", (double)c->temperature, 0, 1000},
        {"top_p", (double)c->top_p, 0, 1},
        {"min_p", (double)c->min_p, 0, 1},
        {"repetition_penalty", (double)c->repetition_penalty, 1e-3, 1e3},
        {"presence_penalty", (double)c->presence_penalty, -100, 100},
        {"frequency_penalty", (double)c->frequency_penalty, -100, 100},
        {"logprobs", c->logprobs, LOGPROBS_NONE, LOGPROBS_MAX},
        {"prompt_logprobs", c->prompt_logprobs, LOGPROBS_NONE, LOGPROBS_MAX},
        {"max_tokens", c->max_tokens, -1, INT_MAX},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!check_range(rows[i].field, rows[i].value, rows[i].min, rows[i].max, err)) return false;
    }
    return true;
}

static bool check_bias(const struct engine_sampling *c, int n_vocab, struct error *err)
{
    for (int i = 0; i < c->n_bias; i++) {
        if (!check_ids("logit_bias", &c->bias[i].id, 1, n_vocab, err)) return false;
        if (!check_range("logit_bias", (double)c->bias[i].bias, -1e6, 1e6, err)) return false;
    }
    return true;
}

bool request_too_long(int context, size_t n, bool at_least, struct error *err)
{
    error_set(err, ERROR_TOO_LONG, NULL,
              "This model's maximum context length is %d tokens. However, your prompt has %s%zu "
              "tokens, which exceeds the available context size (context_length_exceeded)",
              context, at_least ? "at least " : "", n);
    if (err != NULL) {
        err->came = n;
        err->fits = (size_t)context;
    }
    return false;
}

static bool check_length(const struct engine_request *r, int context, struct error *err)
{
    size_t most = (size_t)context - (r->sampling.max_tokens != 0); /* one for the first token */
    if (r->n_ids == 0) return error_set(err, ERROR_INVALID_VALUE, "prompt", "the prompt is empty");
    if (r->n_ids <= most) return true;
    request_too_long(context, r->n_ids, false, err);
    return error_at(err, "prompt");
}

bool request_check(const struct engine_request *r, int n_vocab, int context, struct error *err)
{
    const struct engine_sampling *c = &r->sampling;
    if (c->allowed_ids != NULL && c->n_allowed <= 0) {
        return error_set(err, ERROR_INVALID_VALUE, "allowed_token_ids", "no token is allowed");
    }
    return check_range("n", r->n, 1, MAX_SAMPLES, err) && check_length(r, context, err) &&
           check_ids("prompt", r->ids, r->n_ids, n_vocab, err) && check_numbers(c, err) &&
           check_ids("stop_token_ids", c->stop_ids, (size_t)c->n_stop_ids, n_vocab, err) &&
           check_ids("logprob_token_ids", c->score_ids, (size_t)c->n_score_ids, n_vocab, err) &&
           check_ids("prompt_logprob_token_ids", c->prompt_score_ids,
                     (size_t)c->n_prompt_score_ids, n_vocab, err) &&
           check_ids("bad_words", c->bad_ids, (size_t)c->n_bad_ids, n_vocab, err) &&
           check_ids("thinking_token_budget", c->close_ids, (size_t)c->n_close, n_vocab, err) &&
           check_ids("allowed_token_ids", c->allowed_ids,
                     c->allowed_ids == NULL ? 0 : (size_t)c->n_allowed, n_vocab, err) &&
           check_bias(c, n_vocab, err);
}

/* ---- copying ---- */

/* A copy of n elements in the request's arena; an empty list becomes NULL. False when out of memory. */
static bool copy_list(struct arena *a, const void *from, int n, size_t size, void *to)
{
    void *copy = NULL;
    if (n > 0) {
        copy = arena_alloc(a, (size_t)n, size);
        if (copy == NULL) return false;
        memcpy(copy, from, (size_t)n * size);
    }
    memcpy(to, &copy, sizeof(copy));
    return true;
}

static bool copy_lists(struct request *q, const struct engine_request *r)
{
    struct engine_sampling *c = &q->sampling;
    c->stop = NULL; /* q->stop has them */
    c->n_stop = 0;
    return copy_list(q->arena, r->ids, q->n_prompt, sizeof(int), &q->prompt) &&
           copy_list(q->arena, c->stop_ids, c->n_stop_ids, sizeof(int), &c->stop_ids) &&
           copy_list(q->arena, c->score_ids, c->n_score_ids, sizeof(int), &c->score_ids) &&
           copy_list(q->arena, c->prompt_score_ids, c->n_prompt_score_ids, sizeof(int),
                     &c->prompt_score_ids) &&
           copy_list(q->arena, c->bad_ids, c->n_bad_ids, sizeof(int), &c->bad_ids) &&
           copy_list(q->arena, c->bad_lengths, c->n_bad, sizeof(int), &c->bad_lengths) &&
           copy_list(q->arena, c->close_ids, c->n_close, sizeof(int), &c->close_ids) &&
           copy_list(q->arena, c->bias, c->n_bias, sizeof(*c->bias), &c->bias) &&
           copy_list(q->arena, c->allowed_ids, c->allowed_ids == NULL ? 0 : c->n_allowed,
                     sizeof(int), &c->allowed_ids);
}

static bool sample_init(struct sequence *s, struct request *q, int sample, struct error *err)
{
    *s = (struct sequence){.request = q, .sample = sample, .kv = -1, .n_cached = -1, .guess = -1};
    s->room = FIRST_ROOM;
    form_cursor_begin(&s->form, q->sampling.form);
    s->output = mem_new((size_t)s->room, sizeof(int), err);
    s->done = event_new_done(q->id, sample, stop_set_longest(q->stop));
    if (s->done == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    if (s->output == NULL || !stop_text_init(&s->text, q->stop, q->sampling.include_stop, err)) {
        return false;
    }
    stop_text_sleep(&s->text, span_str(q->sampling.think_open), span_str(q->sampling.think_close),
                    q->sampling.thinks);
    return true;
}

static bool make_samples(struct request *q, struct error *err)
{
    q->samples = arena_alloc(q->arena, (size_t)q->n, sizeof(*q->samples));
    if (q->samples == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    for (int i = 0; i < q->n; i++) {
        if (!sample_init(&q->samples[i], q, i, err)) return false;
    }
    return true;
}

static bool make_pool(struct request *q, int n_embd, struct error *err)
{
    if (q->pooling == POOLING_NONE) return true;
    assert(q->n == 1 && q->limit == q->n_prompt);
    q->embedding = event_new_embedding(q->id, n_embd);
    q->pool = arena_alloc(q->arena, (size_t)n_embd, sizeof(*q->pool));
    if (q->embedding != NULL && q->pool != NULL) return true;
    return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for an embedding");
}

static bool make_events(struct request *q, int n_vocab, struct error *err)
{
    int k = q->sampling.prompt_logprobs;
    q->failed = event_new(EVENT_FAILED, q->id, 0, (struct event_sizes){0});
    if (k >= 0) q->prompt_report = event_new_prompt(q->id, q->n_prompt, k < n_vocab ? k : n_vocab);
    if (q->failed != NULL && (k < 0 || q->prompt_report != NULL)) return true;
    return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for %d prompt log-probabilities",
                     q->n_prompt);
}

static int limit_of(const struct request *q, int context)
{
    int max = q->sampling.max_tokens;
    return max < 0 || max > context - q->n_prompt ? context : q->n_prompt + max;
}

struct request *request_new(const struct engine_request *r, int n_vocab, int context, int n_embd,
                            struct error *err)
{
    if (!request_check(r, n_vocab, context, err)) return NULL;
    struct arena *a = arena_new(ARENA_REQUEST_BYTES);
    struct request *q = a == NULL ? NULL : arena_alloc(a, 1, sizeof(*q));
    if (q == NULL) {
        arena_free(a);
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
        return NULL;
    }
    *q = (struct request){.arena = a,
                          .id = r->id,
                          .space = {.salt = r->cache_salt},
                          .adapter = adapter_hold(r->adapter),
                          .priority = r->priority,
                          .client = r->client,
                          .pooling = r->pooling,
                          .n_prompt = (int)r->n_ids,
                          .told = r->progress ? -1 : INT_MAX,
                          .sampling = r->sampling,
                          .n = r->n,
                          .n_live = r->n};
    if (q->adapter != NULL) q->space.adapter = q->adapter->content;
    q->limit = limit_of(q, context);
    if (q->sampling.form != NULL) form_share(q->sampling.form);
    if (q->sampling.logprobs > n_vocab) q->sampling.logprobs = n_vocab;
    q->stop = stop_set_new(r->sampling.stop, r->sampling.n_stop, err);
    if (q->stop == NULL) goto fail;
    if (!copy_lists(q, r)) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
        goto fail;
    }
    if (!make_samples(q, err) || !make_events(q, n_vocab, err)) goto fail;
    if (!make_pool(q, n_embd, err)) goto fail;
    return q;
fail:
    request_free(q);
    return NULL;
}

void request_free(struct request *r)
{
    if (r == NULL) return;
    for (int i = 0; r->samples != NULL && i < r->n; i++) {
        struct sequence *s = &r->samples[i];
        free(s->output);
        engine_event_free(s->done);
        stop_text_clear(&s->text);
    }
    engine_event_free(r->failed);
    engine_event_free(r->prompt_report);
    engine_event_free(r->embedding);
    stop_set_free(r->stop);
    form_free(r->sampling.form);
    adapter_release(r->adapter);
    arena_free(r->arena);
}

/* ---- tokens ---- */

const int *sequence_must(const struct sequence *s)
{
    const struct engine_sampling *c = &s->request->sampling;
    bool inside = s->text.state == STOP_SLEEPS && s->n_thought >= c->think_budget;
    return inside && s->n_closing < c->n_close ? &c->close_ids[s->n_closing] : NULL;
}

const int *sequence_tokens(const struct sequence *s, int pos, int *n)
{
    int n_prompt = s->request->n_prompt;
    assert(pos >= 0 && pos <= sequence_length(s));
    *n = (pos < n_prompt ? n_prompt : sequence_length(s)) - pos;
    return pos < n_prompt ? s->request->prompt + pos : s->output + (pos - n_prompt);
}

void sequence_copy(const struct sequence *s, int pos, int n, int *out)
{
    while (n > 0) {
        int here;
        const int *from = sequence_tokens(s, pos, &here);
        if (here > n) here = n;
        memcpy(out, from, (size_t)here * sizeof(int));
        out += here;
        pos += here;
        n -= here;
    }
}

bool sequence_append(struct sequence *s, int token, struct error *err)
{
    assert(s->n_output < s->room);
    s->output[s->n_output++] = token;
    if (s->n_output + OUTPUT_SLACK <= s->room) return true;
    int *grown = mem_grow(s->output, (size_t)s->room * 2, sizeof(int), err);
    if (grown == NULL) return false;
    s->output = grown;
    s->room *= 2;
    return true;
}
