/* tests/unit/test_scheduler.c - the promise: what a request gets depends on the request alone.
 *
 * Requests of all kinds run once alone, then together under every kind of pressure; tokens,
 * log-probabilities (as bits) and texts must be equal.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/fake_model.h"

#include "base/clock.h"

enum { N_REQUESTS = 32, MAX_PROMPT = 200 };

struct mix {
    int ids[N_REQUESTS][MAX_PROMPT];
    struct engine_request requests[N_REQUESTS];
};

static const char *const stops[] = {"ab", "Qr", "zz9"};
static const struct logit_bias bias[] = {{9, 2.5f}, {11, -100}, {60, 1}};
static const int stop_ids[] = {17, 40};

/* Request i: some share a long prefix, some are groups, some want prompt log-probabilities. */
static void make_request(struct mix *m, int i)
{
    struct engine_request *r = &m->requests[i];
    int n = 1 + (i * 37) % (MAX_PROMPT - 1);
    for (int j = 0; j < n; j++) {
        bool shared = i % 3 == 0 && j < 100;
        uint64_t h = fake_mix((uint64_t)(shared ? 7 : i + 100) * 1000 + (uint64_t)j);
        m->ids[i][j] = (int)(h % FAKE_VOCAB);
    }
    *r = (struct engine_request){.id = 1000 + (uint64_t)i, .ids = m->ids[i], .n_ids = (size_t)n};
    r->n = i % 5 == 0 ? 4 : 1;
    r->priority = i % 7 == 0 ? -1 : 0;
    struct engine_sampling *c = &r->sampling;
    engine_sampling_init(c);
    c->seed = (uint64_t)i * 77;
    c->max_tokens = 5 + (i * 13) % 60;
    c->logprobs = i % 4 == 0 ? 5 : 0;
    c->ignore_eos = i % 2 == 0;
    if (i % 6 == 1) c->temperature = 0;
    if (i % 6 == 2) c->top_p = 0.8f;
    if (i % 6 == 3) c->top_k = 10;
    if (i % 6 == 4) c->repetition_penalty = 1.3f, c->frequency_penalty = 0.5f;
    if (i % 8 == 5) c->stop = stops, c->n_stop = 3, c->min_tokens = 10;
    if (i % 8 == 6) c->bias = bias, c->n_bias = 3, c->processed = true, c->min_p = 0.05f;
    if (i % 8 == 7) c->stop_ids = stop_ids, c->n_stop_ids = 2;
    if (i % 9 == 4) c->prompt_logprobs = 2;
}

static void assert_same(const struct fake_record *a, const struct fake_record *b, const char *name)
{
    for (int i = 0; i < a->n; i++) {
        const struct fake_output *p = &a->samples[i], *q = &b->samples[i];
        if (p->n != q->n || memcmp(p->tokens, q->tokens, sizeof(p->tokens)) != 0 ||
            memcmp(p->probs, q->probs, sizeof(p->probs)) != 0 || p->finish != q->finish ||
            p->stop_token != q->stop_token || strcmp(p->stop, q->stop) != 0 ||
            !span_eq(buffer_span(&p->text), buffer_span(&q->text))) {
            fail_msg("%s: request %d sample %d differs: %d and %d tokens, finish %d and %d", name,
                     (int)a->id, i, p->n, q->n, p->finish, q->finish);
        }
    }
    assert_int_equal(a->n_prompt, b->n_prompt);
    if (a->n_prompt == 0) return;
    assert_memory_equal(a->prompt, b->prompt, (size_t)a->n_prompt * sizeof(*a->prompt));
}

static struct fake_engine *engine_for(struct fake_options o, int periodic)
{
    struct fake_engine *e = fake_engine_new(o);
    e->model.periodic = periodic;
    return e;
}

static void run_alone(const struct mix *m, int i, int periodic, struct fake_record *out)
{
    struct fake_engine *e = engine_for((struct fake_options){.no_cache = true}, periodic);
    *out = fake_record_new(m->requests[i].id, m->requests[i].n);
    fake_submit(e, &m->requests[i]);
    fake_finish(e, out, 1);
    assert_int_equal(out->n_done, out->n);
    fake_engine_free(e);
}

/* All requests, `stagger` steps apart. */
static void run_together(const struct mix *m, struct fake_options o, int periodic, int stagger,
                         struct fake_record *out, struct engine_stats *stats)
{
    struct fake_engine *e = engine_for(o, periodic);
    for (int i = 0; i < N_REQUESTS; i++) {
        out[i] = fake_record_new(m->requests[i].id, m->requests[i].n);
    }
    for (int i = 0; i < N_REQUESTS; i++) {
        fake_submit(e, &m->requests[i]);
        for (int j = 0; j < stagger; j++) {
            step_run(e->step);
            fake_drain(e, out, N_REQUESTS);
        }
    }
    fake_finish(e, out, N_REQUESTS);
    scheduler_stats(e->scheduler, stats);
    step_stats(e->step, stats);
    fake_engine_free(e);
}

static const struct {
    const char *name;
    struct fake_options o;
    int stagger;
    bool preempts, caches, drafts;
} pressures[] = {
    {"all at once", {0}, 0, .caches = true},
    {"no cache", {.no_cache = true}, 0},
    {"tiny chunks", {.step_tokens = 16}, 0, .caches = true},
    {"large chunks", {.step_tokens = 2000}, 0, .caches = true},
    {"arriving one by one", {0}, 3, .caches = true},
    {"few slots", {.max_running = 3}, 1, .caches = true},
    {"one slot", {.max_running = 1}, 0, .caches = true},
    {"few blocks", {.n_blocks = 34}, 0, .preempts = true, .caches = true},
    {"few blocks, no cache", {.n_blocks = 34, .no_cache = true}, 1, .preempts = true},
    {"four threads", {.threads = 4}, 1, .caches = true},
    {"guessing", {.speculate = true, .max_running = 3}, 1, .caches = true, .drafts = true},
    {"guessing, few blocks",
     {.speculate = true, .n_blocks = 33, .max_running = 4},
     0,
     .caches = true,
     .drafts = true},
};

static void same_under_pressure(int periodic)
{
    struct mix *m = mem_new(1, sizeof(*m), NULL);
    struct fake_record alone[N_REQUESTS], together[N_REQUESTS];
    for (int i = 0; i < N_REQUESTS; i++) {
        make_request(m, i);
        run_alone(m, i, periodic, &alone[i]);
    }
    for (size_t p = 0; p < sizeof(pressures) / sizeof(pressures[0]); p++) {
        struct engine_stats stats = {0};
        run_together(m, pressures[p].o, periodic, pressures[p].stagger, together, &stats);
        for (int i = 0; i < N_REQUESTS; i++) {
            assert_same(&alone[i], &together[i], pressures[p].name);
            fake_record_clear(&together[i]);
        }
        if ((pressures[p].preempts && stats.preemptions == 0) ||
            (pressures[p].caches && stats.cached_tokens == 0) ||
            (pressures[p].drafts && periodic > 0 && stats.accepted_tokens == 0)) {
            fail_msg("%s: %d preemptions, %d cached, %d drafted, %d accepted", pressures[p].name,
                     (int)stats.preemptions, (int)stats.cached_tokens, (int)stats.drafted_tokens,
                     (int)stats.accepted_tokens);
        }
    }
    for (int i = 0; i < N_REQUESTS; i++) {
        fake_record_clear(&alone[i]);
    }
    free(m);
}

static void test_same_under_pressure(void **state)
{
    (void)state;
    same_under_pressure(0);
}

static void test_same_when_text_repeats(void **state)
{
    (void)state;
    same_under_pressure(7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_under_pressure),
        cmocka_unit_test(test_same_when_text_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
