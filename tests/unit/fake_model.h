/* tests/unit/fake_model.h - a model whose every token proves which blocks it was computed from.
 *
 * Its "keys and values" are the token ids themselves, written into the blocks that the step
 * names. The logits of a row come from a hash of all tokens from position 0 to the row's, read
 * back through the run's block table. So a wrong table, a missing copy, a block shared while
 * written to, or a stale prefix changes what is sampled. What other weights wrote is never read.
 *
 * Also here: everything from scheduler to step around that model, with what came out per sample.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_FAKE_MODEL_H
#define TESTS_UNIT_FAKE_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/kernels/kernels.h"
#include "engine/batch/step.h"
#include "engine/forward/weights.h"

enum { FAKE_VOCAB = 97, FAKE_EMBD = 4, FAKE_ROWS = 4096, FAKE_END = 5 };

struct fake_model {
    int (*blocks)[KV_BLOCK]; /* [n_blocks] tokens, times which weights wrote them */
    int weights;             /* of the step */
    bool aside;              /* one is put aside, of: */
    int aside_weights;
    uint64_t rows[FAKE_ROWS];
    int n_rows;
    int poison; /* rows whose tokens include this id get NaN logits; -1: none */
    bool poisoned[FAKE_ROWS];
    int periodic; /* > 0: the best token is the one `periodic` places back, mostly */
    int back[FAKE_ROWS];
};

static inline uint64_t fake_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static inline int fake_at(const struct fake_model *m, const struct forward_run *r, int pos)
{
    int entry = m->blocks[r->blocks[pos / KV_BLOCK]][pos % KV_BLOCK];
    assert_int_equal(entry / FAKE_VOCAB, m->weights);
    return entry % FAKE_VOCAB;
}

/* Nobody else may see a block that a run writes to. */
static inline void fake_check_alone(const struct forward_run *runs, int n_runs, int who)
{
    const struct forward_run *r = &runs[who];
    for (int b = r->pos / KV_BLOCK; b <= (r->pos + r->n - 1) / KV_BLOCK; b++) {
        for (int i = 0; i < n_runs; i++) {
            int n = (runs[i].pos + runs[i].n + KV_BLOCK - 1) / KV_BLOCK;
            for (int j = 0; i != who && j < n; j++) {
                assert_int_not_equal(runs[i].blocks[j], r->blocks[b]);
            }
        }
    }
}

static inline void fake_row(struct fake_model *m, const struct forward_run *r, int pos)
{
    uint64_t h = 1 + (uint64_t)m->weights;
    int row = m->n_rows++;
    assert_true(row < FAKE_ROWS);
    m->poisoned[row] = false;
    for (int p = 0; p <= pos; p++) {
        int token = fake_at(m, r, p);
        h = fake_mix(h * 31 + (uint64_t)token + 0x9E3779B97F4A7C15u);
        if (token == m->poison) m->poisoned[row] = true;
    }
    m->rows[row] = h;
    bool looks_back = m->periodic > 0 && pos + 1 >= m->periodic;
    m->back[row] = looks_back ? fake_at(m, r, pos + 1 - m->periodic) : 0;
}

/* The last of its layers: all that the runs' rows are made of lies in the blocks by then. */
static inline void fake_resume(void *self, const struct forward_run *runs, int n_runs)
{
    struct fake_model *m = self;
    m->n_rows = 0;
    if (m->aside) m->weights = m->aside_weights;
    m->aside = false;
    for (int i = 0; i < n_runs; i++) {
        for (int j = 0; j < runs[i].n; j++) {
            assert_int_equal(fake_at(m, &runs[i], runs[i].pos + j), runs[i].tokens[j]);
            fake_row(m, &runs[i], runs[i].pos + j);
        }
    }
}

/* Weights are told apart by their number of layers. */
static inline bool fake_forward(void *self, const struct weights *w, const struct forward_run *runs,
                                int n_runs, bool (*leave)(void *arg), void *arg)
{
    struct fake_model *m = self;
    m->weights = w->n_layers;
    for (int i = 0; i < n_runs; i++) {
        const struct forward_run *r = &runs[i];
        fake_check_alone(runs, n_runs, i);
        for (int j = 0; j < r->n; j++) {
            int pos = r->pos + j;
            m->blocks[r->blocks[pos / KV_BLOCK]][pos % KV_BLOCK] =
                r->tokens[j] + m->weights * FAKE_VOCAB;
        }
    }
    if (leave != NULL && leave(arg)) {
        assert_false(m->aside);
        m->aside = true;
        m->aside_weights = m->weights;
        return false;
    }
    bool aside = m->aside; /* this one is beside another */
    m->aside = false;
    fake_resume(m, runs, n_runs);
    m->aside = aside;
    return true;
}

static inline void fake_logits(void *self, const int *rows, int n, float *logits)
{
    const struct fake_model *m = self;
    for (int i = 0; i < n; i++) {
        float *out = logits + (size_t)i * FAKE_VOCAB;
        for (int v = 0; v < FAKE_VOCAB; v++) {
            uint64_t h = fake_mix(m->rows[rows[i]] + (uint64_t)v * 0x9E3779B97F4A7C15u);
            out[v] = (float)(h >> 40) * 0x1p-21f - 4;
            if (m->poisoned[rows[i]]) out[v] = NAN;
        }
        if (m->periodic > 0 && m->rows[rows[i]] % 8 != 0) out[m->back[rows[i]]] += 100;
    }
}

/* A model's own guess: what it will draw, but now and then something else. The rows it goes on
 * from, and the tokens that came after them, must be those of the step. */
static inline void fake_guess(void *self, const struct forward_run *runs, const int *first_row,
                              int n_runs, float *logits, int n_logits, int *guesses)
{
    struct fake_model *m = self;
    assert_true(n_logits >= 1);
    for (int i = 0; i < n_runs; i++) {
        const struct forward_run *r = &runs[i];
        uint64_t h = 1 + (uint64_t)m->weights;
        int end = r->pos + r->n, spare = m->n_rows, next = r->tokens[r->n - 1];
        for (int p = 0; p < end; p++) {
            h = fake_mix(h * 31 + (uint64_t)fake_at(m, r, p) + 0x9E3779B97F4A7C15u);
            if (p < r->pos) continue;
            assert_true(m->rows[first_row[i] + p - r->pos] == h);
            if (p + 1 < end) assert_int_equal(r->tokens[p - r->pos], fake_at(m, r, p + 1));
        }
        assert_true(spare < FAKE_ROWS);
        m->rows[spare] = fake_mix(h * 31 + (uint64_t)next + 0x9E3779B97F4A7C15u);
        m->poisoned[spare] = false;
        int back = m->periodic > 0 ? end + 1 - m->periodic : -1;
        m->back[spare] = back < 0 ? 0 : back < end ? fake_at(m, r, back) : next;
        fake_logits(m, &spare, 1, logits);
        guesses[i] = kernels_generic.argmax(logits, FAKE_VOCAB);
        if (m->rows[spare] % 8 == 0) guesses[i] = (guesses[i] + 1) % FAKE_VOCAB;
    }
}

static inline void fake_copy(void *arg, int32_t dst, int32_t src)
{
    struct fake_model *m = arg;
    memcpy(m->blocks[dst], m->blocks[src], sizeof(m->blocks[dst]));
}

/* Token v is one letter, but some are two, and 5 ends the text. */
static inline struct span fake_text(const void *arg, int id, bool skip_special)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (void)arg;
    if (id == FAKE_END && skip_special) return span_of(NULL, 0);
    return span_of(letters + id, id % 7 == 0 ? 2 : 1);
}

/* ---- the engine around it ---- */

struct fake_options {
    int n_blocks, max_running, step_tokens, context, threads;
    bool no_cache, speculate;
    bool guesses; /* the model has a prediction layer */
};

enum { FAKE_VERSIONS = 3 };

struct fake_engine {
    struct fake_model model;
    struct weights weights[FAKE_VERSIONS];
    struct version versions[FAKE_VERSIONS]; /* the first serves */
    struct fake_options o;
    struct kv_cache *kv;
    struct scheduler *scheduler;
    struct sampler *sampler;
    struct pool *pool;
    struct step *step;
    struct deliver deliver;
};

static inline struct fake_engine *fake_engine_new(struct fake_options o)
{
    struct fake_engine *e = mem_new(1, sizeof(*e), NULL);
    assert_non_null(e);
    if (o.n_blocks == 0) o.n_blocks = 256;
    if (o.max_running == 0) o.max_running = 64;
    if (o.step_tokens == 0) o.step_tokens = 64;
    if (o.context == 0) o.context = 512;
    if (o.threads == 0) o.threads = 1;
    e->o = o;
    e->model.poison = -1;
    e->model.blocks = mem_new((size_t)o.n_blocks, sizeof(*e->model.blocks), NULL);
    struct kv_cache_options ko = {o.n_blocks,  o.max_running, o.context,
                                  !o.no_cache, fake_copy,     &e->model};
    int end = FAKE_END;
    e->sampler = sampler_new(kernels_at(0), FAKE_VOCAB, &end, 1, fake_text, NULL, o.threads, NULL);
    struct scheduler_options so = {o.max_running, o.step_tokens, !o.no_cache, o.speculate,
                                   sampler_vocabulary(e->sampler)};
    e->kv = kv_cache_new(&ko, NULL);
    e->scheduler = scheduler_new(&so, e->kv, NULL);
    for (int i = 0; i < FAKE_VERSIONS; i++) {
        e->weights[i].n_layers = i;
        e->versions[i] = (struct version){
            .number = (uint64_t)i, .content = (uint64_t)i, .weights = &e->weights[i]};
    }
    scheduler_serve(e->scheduler, &e->versions[0]);
    e->pool = pool_new(o.threads, false, NULL);
    e->deliver =
        (struct deliver){.scheduler = e->scheduler, .sampler = e->sampler, .token_text = fake_text};
    struct step_parts parts = {.runner = {&e->model, fake_forward, fake_resume, fake_logits,
                                          o.guesses ? fake_guess : NULL},
                               .scheduler = e->scheduler,
                               .kv = e->kv,
                               .sampler = e->sampler,
                               .deliver = &e->deliver,
                               .pool = e->pool,
                               .n_vocab = FAKE_VOCAB,
                               .max_rows = scheduler_max_rows(&so),
                               .max_running = o.max_running};
    e->step = step_new(&parts, NULL);
    assert_non_null(e->step);
    return e;
}

static inline void fake_engine_free(struct fake_engine *e)
{
    step_free(e->step);
    pool_free(e->pool);
    sampler_free(e->sampler);
    scheduler_free(e->scheduler);
    kv_cache_free(e->kv);
    free(e->model.blocks);
    free(e);
}

static inline struct request *fake_submit(struct fake_engine *e, const struct engine_request *r)
{
    struct error err = {0};
    struct request *q = request_new(r, FAKE_VOCAB, e->o.context, FAKE_EMBD, &err);
    if (q == NULL) fail_msg("request refused: %s", err.message);
    scheduler_add(e->scheduler, q);
    return q;
}

/* What came out of one sample. */
struct fake_output {
    struct buffer text;
    int tokens[1024];
    struct token_prob probs[1024];
    int n;
    enum engine_finish finish;
    char stop[64];
    int stop_token, n_cached;
    uint64_t version; /* the same in every event */
    bool failed;
};

struct fake_record {
    uint64_t id;
    struct fake_output *samples; /* [n] */
    int n, n_done;
    int told;                  /* of the prompt, by EVENT_PROGRESS; -1: nothing */
    struct token_prob *prompt; /* copied from EVENT_PROMPT */
    int n_prompt;
};

static inline struct fake_record fake_record_new(uint64_t id, int n)
{
    struct fake_record r = {.id = id, .n = n, .told = -1};
    r.samples = mem_new((size_t)n, sizeof(*r.samples), NULL);
    for (int i = 0; i < n; i++) {
        buffer_init(&r.samples[i].text, 1 << 20);
    }
    return r;
}

static inline void fake_record_clear(struct fake_record *r)
{
    for (int i = 0; i < r->n; i++) {
        buffer_clear(&r->samples[i].text);
    }
    free(r->samples);
    free(r->prompt);
}

static inline void fake_note(struct fake_record *r, const struct engine_event *ev)
{
    struct fake_output *o = &r->samples[ev->sample];
    switch (ev->type) {
    case EVENT_PROGRESS: /* more each time, what the cache had first, all before any token */
        assert_int_equal(o->n, 0);
        assert_true(ev->n_computed > r->told && (r->told >= 0 || ev->n_computed == ev->n_cached));
        r->told = ev->n_computed;
        break;
    case EVENT_PROMPT:
        assert_int_equal(o->n, 0);
        r->n_prompt = ev->n_prompt;
        r->prompt = mem_new((size_t)ev->n_prompt, sizeof(*r->prompt), NULL);
        memcpy(r->prompt, ev->prompt_probs, (size_t)ev->n_prompt * sizeof(*r->prompt));
        break;
    case EVENT_EMBEDDING: /* tests/http/test_embeddings.py */
        break;
    case EVENT_TOKEN:
        assert_int_equal(o->finish, FINISH_NONE);
        if (o->n == 0) o->version = ev->version;
        assert_true(o->version == ev->version);
        o->tokens[o->n] = ev->token;
        o->probs[o->n++] = ev->prob;
        buffer_add(&o->text, ev->text, ev->n_text);
        break;
    case EVENT_DONE:
        assert_int_equal(o->finish, FINISH_NONE);
        assert_int_equal(ev->n_generated, o->n);
        o->finish = ev->finish;
        assert_true(o->n == 0 || o->version == ev->version);
        o->stop_token = ev->stop_token;
        o->n_cached = ev->n_cached;
        if (ev->stop_string != NULL) snprintf(o->stop, sizeof(o->stop), "%s", ev->stop_string);
        r->n_done++;
        break;
    case EVENT_FAILED:
        for (int i = 0; i < r->n; i++) {
            r->samples[i].failed = true;
        }
        r->n_done = r->n;
        break;
    }
}

/* Take the results so far into the records (n of them); requests that ended are freed. */
static inline void fake_drain(struct fake_engine *e, struct fake_record *records, int n)
{
    struct results *r = &e->deliver.results;
    while (r->first != NULL) {
        struct engine_event *ev = r->first;
        r->first = ev->next;
        for (int i = 0; i < n; i++) {
            if (records[i].id == ev->request_id) fake_note(&records[i], ev);
        }
        engine_event_free(ev);
    }
    while (r->ended != NULL) {
        struct request *q = r->ended;
        r->ended = q->next;
        request_free(q);
    }
    *r = (struct results){0};
}

/* Step until nothing is left. */
static inline void fake_finish(struct fake_engine *e, struct fake_record *records, int n)
{
    int steps = 0;
    while (step_run(e->step)) {
        assert_int_equal(kv_cache_check(e->kv), 0);
        fake_drain(e, records, n);
        assert_true(++steps < 100000);
    }
    fake_drain(e, records, n);
    assert_int_equal(kv_cache_used(e->kv), 0);
}

#endif
