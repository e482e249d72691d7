/* tests/unit/test_scheduler.c - the promise: what a request gets depends on the request alone.
 *
 * Requests of all kinds run once alone, then together under every kind of pressure; tokens,
 * log-probabilities (as bits) and texts must be equal.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>

#include "engine/batch/pace.h"
#include "engine/batch/shares.h"
#include "tests/unit/fake_model.h"

enum { N_REQUESTS = 32, MAX_PROMPT = 200 };

struct mix {
    int ids[N_REQUESTS][MAX_PROMPT];
    struct engine_request requests[N_REQUESTS];
};

static const char *const stops[] = {"ab", "Qr", "zz9"};
static const struct logit_bias bias[] = {{9, 2.5f}, {11, -100}, {60, 1}};
static const int stop_ids[] = {17, 40};

/* What some outputs must be one of: long enough to be guessed from themselves. */
static const char *const choices[] = {"abcabcabcabcabcabcabcabcabcabcabcabcabc",
                                      "abcabcabcabcabcxyzxyzxyzxyzxyzxyzxyz", "Qr", "Qrst",
                                      "MNOPMNOPMNOPMNOPMNOPMNOPMNOPMNOPMNOPMNOPMNOP"};
static struct form *one_of_choices;

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
    r->progress = i % 2 == 1;
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
    if (i % 6 == 5) {
        c->form = one_of_choices;
        c->min_tokens = 0;
        c->ignore_eos = false;
    }
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

/* For steps that are put aside now and then, whoever comes. */
static bool now_and_then(void *steps)
{
    return ++*(int *)steps % 3 != 0;
}

/* All requests, `stagger` steps apart, of so many clients, steps being put aside or not. */
static void run_together(const struct mix *m, struct fake_options o, int periodic, int stagger,
                         int clients, bool asides, struct fake_record *out,
                         struct engine_stats *stats)
{
    struct fake_engine *e = engine_for(o, periodic);
    int steps = 0;
    if (asides) step_listen(e->step, now_and_then, &steps);
    for (int i = 0; i < N_REQUESTS; i++) {
        out[i] = fake_record_new(m->requests[i].id, m->requests[i].n);
    }
    for (int i = 0; i < N_REQUESTS; i++) {
        struct engine_request r = m->requests[i];
        r.client = clients == 0 ? 0 : (uint64_t)(i % clients);
        fake_submit(e, &r);
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
    int clients;
    bool asides;
} pressures[] = {
    {"all at once", {0}, 0, .caches = true},
    {"no cache", {.no_cache = true}, 0, .caches = false},
    {"tiny chunks", {.step_tokens = 16}, 0, .caches = true},
    {"large chunks", {.step_tokens = 2000}, 0, .caches = true},
    {"arriving one by one", {0}, 3, .caches = true},
    {"few slots", {.max_running = 3}, 1, .caches = true},
    {"one slot", {.max_running = 1}, 0, .caches = true},
    {"few blocks", {.n_blocks = 34}, 0, .preempts = true, .caches = true},
    {"few blocks, no cache", {.n_blocks = 34, .no_cache = true}, 1, .preempts = true},
    /* Shares go by how long steps took, so who meets whom is the machine's affair. */
    {"clients with shares", {0}, 1, .clients = 5},
    {"clients with shares, few blocks", {.n_blocks = 34}, 0, .clients = 2},
    {"steps put aside", {0}, 1, .clients = 5, .asides = true},
    {"steps put aside, few blocks", {.n_blocks = 34}, 1, .clients = 9, .asides = true},
    {"steps put aside, few slots, the model guesses",
     {.speculate = true, .guesses = true, .max_running = 4},
     1,
     .clients = 32,
     .asides = true},
    {"four threads", {.threads = 4}, 1, .caches = true},
    {"guessing", {.speculate = true, .max_running = 3}, 1, .caches = true, .drafts = true},
    {"the model guesses",
     {.speculate = true, .guesses = true, .max_running = 3},
     1,
     .caches = true,
     .drafts = true},
    {"the model guesses, few blocks, four threads",
     {.speculate = true, .guesses = true, .n_blocks = 33, .max_running = 4, .threads = 4},
     0,
     .caches = true,
     .drafts = true},
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
        run_together(m, pressures[p].o, periodic, pressures[p].stagger, pressures[p].clients,
                     pressures[p].asides, together, &stats);
        for (int i = 0; i < N_REQUESTS; i++) {
            assert_same(&alone[i], &together[i], pressures[p].name);
            int told = m->requests[i].progress ? (int)m->requests[i].n_ids : -1;
            assert_int_equal(together[i].told, told);
            fake_record_clear(&together[i]);
        }
        if ((pressures[p].preempts && stats.preemptions == 0) ||
            (pressures[p].caches && stats.cached_tokens == 0) ||
            (pressures[p].drafts && periodic > 0 && stats.accepted_tokens == 0) ||
            (pressures[p].o.guesses && stats.accepted_tokens == 0)) {
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

/* ---- what is computed, and when ---- */

static struct engine_request simple_request(uint64_t id, const int *ids, int n_ids, int max_tokens)
{
    struct engine_request r = {.id = id, .ids = ids, .n_ids = (size_t)n_ids, .n = 1};
    engine_sampling_init(&r.sampling);
    r.sampling.seed = id;
    r.sampling.max_tokens = max_tokens;
    r.sampling.ignore_eos = true;
    return r;
}

static void fill_ids(int *ids, int n, int seed)
{
    for (int i = 0; i < n; i++) {
        ids[i] = (int)(fake_mix((uint64_t)(seed * 1000 + i)) % FAKE_VOCAB);
    }
}

static struct engine_stats stats_of(const struct fake_engine *e)
{
    struct engine_stats s = {0};
    scheduler_stats(e->scheduler, &s);
    step_stats(e->step, &s);
    return s;
}

/* Samples of a prompt of one or two tokens, with few blocks: what is put back is computed again in runs that are as
 * long as one token and its guesses, and none of them may be taken for such. */
static void test_short_prompts_are_put_back(void **state)
{
    (void)state;
    static const int ids[] = {5, 6};
    struct fake_options few = {.speculate = true, .n_blocks = 34};
    for (int n_ids = 1; n_ids <= 2; n_ids++) {
        for (int n = 2; n <= 8; n += 3) {
            struct engine_request r = simple_request(1, ids, n_ids, 300);
            struct fake_record alone = fake_record_new(1, n), all[3];
            struct fake_engine *e = engine_for((struct fake_options){.no_cache = true}, 7);
            r.n = n;
            fake_submit(e, &r);
            fake_finish(e, &alone, 1);
            fake_engine_free(e);
            e = engine_for(few, 7);
            for (int i = 0; i < 3; i++) {
                all[i] = fake_record_new((uint64_t)i + 1, n);
                r.id = (uint64_t)i + 1;
                fake_submit(e, &r);
                step_run(e->step);
                fake_drain(e, all, i + 1);
            }
            fake_finish(e, all, 3);
            struct engine_stats stats = stats_of(e);
            assert_true(stats.accepted_tokens > 0 && (n < 8 || stats.preemptions > 0));
            for (int i = 0; i < 3; i++) {
                assert_same(&alone, &all[i], "short prompts");
                fake_record_clear(&all[i]);
            }
            fake_record_clear(&alone);
            fake_engine_free(e);
        }
    }
}

/* Outputs of a form are of it, and are guessed as others are. */
static void test_forms_are_kept_and_guessed(void **state)
{
    static struct mix m;
    (void)state;
    for (int i = 0; i < N_REQUESTS; i++) {
        make_request(&m, i);
    }
    struct fake_engine *e = engine_for((struct fake_options){.speculate = true}, 3);
    struct engine_request r = m.requests[5];
    r.sampling.form = one_of_choices;
    r.sampling.max_tokens = 100;
    r.sampling.stop = NULL;
    r.sampling.n_stop = 0;
    r.n = 4;
    struct fake_record out = fake_record_new(r.id, r.n);
    fake_submit(e, &r);
    fake_finish(e, &out, 1);
    for (int i = 0; i < r.n; i++) {
        bool listed = false;
        for (size_t k = 0; k < sizeof(choices) / sizeof(choices[0]); k++) {
            listed |= span_is(buffer_span(&out.samples[i].text), choices[k]);
        }
        assert_true(listed);
        assert_int_equal(out.samples[i].finish, FINISH_STOP);
    }
    struct engine_stats stats = {0};
    scheduler_stats(e->scheduler, &stats);
    step_stats(e->step, &stats);
    assert_true(stats.accepted_tokens > 20);
    fake_record_clear(&out);
    fake_engine_free(e);
}

/* A group's prompt is computed once, even without the cache and when it ends inside a block. */
static void test_group_shares_its_prompt(void **state)
{
    (void)state;
    int ids[75];
    struct fake_engine *e = fake_engine_new((struct fake_options){.no_cache = true});
    struct fake_record record = fake_record_new(1, 8);
    fill_ids(ids, 75, 1);
    struct engine_request r = simple_request(1, ids, 75, 20);
    r.n = 8;
    fake_submit(e, &r);
    fake_finish(e, &record, 1);
    assert_int_equal(stats_of(e).prompt_tokens, 75);
    assert_int_equal(stats_of(e).generated_tokens, 8 * 20);
    assert_memory_not_equal(record.samples[0].tokens, record.samples[1].tokens, 20 * sizeof(int));
    fake_record_clear(&record);
    fake_engine_free(e);
}

/* Eight requests with one prompt that come together compute it once, but for the last block. */
static void test_equal_prompts_wait_for_each_other(void **state)
{
    (void)state;
    int ids[100];
    struct fake_engine *e = fake_engine_new((struct fake_options){.step_tokens = 32});
    struct fake_record records[8];
    fill_ids(ids, 100, 2);
    for (int i = 0; i < 8; i++) {
        struct engine_request r = simple_request(10 + (uint64_t)i, ids, 100, 5);
        records[i] = fake_record_new(r.id, 1);
        fake_submit(e, &r);
    }
    fake_finish(e, records, 8);
    assert_int_equal(stats_of(e).prompt_tokens, 100 + 7 * 4);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(records[i].samples[0].n_cached, i == 0 ? 0 : 96);
        fake_record_clear(&records[i]);
    }
    fake_engine_free(e);
}

/* The most prompt tokens of one of the next steps, until two have none (versions take turns). */
static int longest_prompt_step(struct fake_engine *e)
{
    int most = 0, without = 0;
    for (uint64_t before = stats_of(e).prompt_tokens, now; without < 2; before = now) {
        assert_true(step_run(e->step));
        now = stats_of(e).prompt_tokens;
        without = now == before ? without + 1 : 0;
        if ((int)(now - before) > most) most = (int)(now - before);
    }
    return most;
}

/* A prompt is computed at once while nobody decodes, in pieces while somebody waits for his next token. */
static void test_pieces_beside_decodes(void **state)
{
    (void)state;
    enum { MANY = 40 };
    static const struct {
        int decoding, most, version; /* version: of the weights, the long prompt's */
    } cases[] = {{0, 450, 0}, {1, 64, 0}, {1, 64, 1}, {MANY, 2 * MANY, 0}, {MANY, 2 * MANY, 1}};
    int ids[450];
    fill_ids(ids, 450, 3);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake_engine *e = fake_engine_new((struct fake_options){.step_tokens = 512});
        struct fake_record records[2] = {fake_record_new(0, MANY), fake_record_new(1, 1)};
        struct engine_request decoding = simple_request(0, ids + 1, 10, 60);
        struct engine_request large = simple_request(1, ids, 450, 3);
        decoding.n = cases[i].decoding;
        if (decoding.n > 0) fake_submit(e, &decoding);
        if (decoding.n > 0) longest_prompt_step(e);
        scheduler_serve(e->scheduler, &e->versions[cases[i].version]);
        fake_submit(e, &large);
        assert_int_equal(longest_prompt_step(e), cases[i].most);
        fake_finish(e, decoding.n > 0 ? records : records + 1, decoding.n > 0 ? 2 : 1);
        fake_record_clear(&records[0]);
        fake_record_clear(&records[1]);
        fake_engine_free(e);
    }
}

/* While a long prompt is computed, what decodes gets a token every step, and a short prompt gets in. */
static void test_long_prompt_stalls_nobody(void **state)
{
    (void)state;
    int ids[450];
    struct fake_engine *e = fake_engine_new((struct fake_options){.step_tokens = 40});
    struct fake_record records[3];
    fill_ids(ids, 450, 3);
    struct engine_request decoding = simple_request(0, ids + 1, 10, 60);
    struct engine_request large = simple_request(1, ids, 450, 3);
    struct engine_request small = simple_request(2, ids + 7, 30, 3);
    for (int i = 0; i < 3; i++) {
        records[i] = fake_record_new((uint64_t)i, 1);
    }
    fake_submit(e, &decoding);
    assert_true(step_run(e->step));
    fake_submit(e, &large);
    fake_submit(e, &small);
    for (int steps = 1; steps <= 6; steps++) {
        assert_true(step_run(e->step));
        fake_drain(e, records, 3);
        assert_int_equal(records[0].samples[0].n, 1 + steps);
    }
    assert_int_equal(records[2].n_done, 1);
    assert_int_equal(records[1].samples[0].n, 0);
    fake_finish(e, records, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(records[i].n_done, 1);
        fake_record_clear(&records[i]);
    }
    fake_engine_free(e);
}

enum { FLOOD = 32 };

/* The plan of a step that costs ten rows more than its rows: how many of it are the flood's. */
static int plan_priced(struct fake_engine *e, int planned[FLOOD + 1])
{
    const struct pace_prices prices = {.step_s = 1, .row_s = 0.1};
    struct sequence *const *runs;
    scheduler_price(e->scheduler, &prices);
    int n = scheduler_plan(e->scheduler, &runs);
    for (int i = 0; i < n; i++) {
        assert_int_equal(runs[i]->n_run, 1);
        planned[runs[i]->request->id]++;
    }
    return n - 1;
}

/* Beside a flood one sample's step costs half more than alone, and the flood's samples take turns. Alone again, or
 * of one client, all take part. */
static void test_nobody_makes_another_s_steps_long(void **state)
{
    (void)state;
    int ids[40], planned[FLOOD + 1] = {0};
    struct fake_engine *e = fake_engine_new((struct fake_options){.max_running = FLOOD + 1});
    struct fake_record records[FLOOD + 1];
    struct request *requests[FLOOD + 1];
    for (int i = 0; i <= FLOOD; i++) {
        fill_ids(ids, 10, 10 + i);
        struct engine_request r = simple_request((uint64_t)i, ids, 10, 200);
        records[i] = fake_record_new((uint64_t)i, 1);
        requests[i] = fake_submit(e, &r);
    }
    for (int read = 0; read <= FLOOD;) {
        assert_true(step_run(e->step));
        fake_drain(e, records, FLOOD + 1);
        read = 0;
        for (int i = 0; i <= FLOOD; i++) {
            read += records[i].samples[0].n > 0;
        }
    }
    for (int i = 0; i <= FLOOD; i++) { /* from now on: until here, steps cost what they took */
        requests[i]->client = i == 0 ? 1 : 2;
    }
    for (int i = 0; i < FLOOD; i++) {
        assert_int_equal(plan_priced(e, planned), 5); /* (10 + 1) * 1.5 - 10 - 1 */
    }
    for (int i = 0; i <= FLOOD; i++) {
        assert_int_equal(planned[i], i == 0 ? FLOOD : 5);
    }
    fake_finish(e, records, FLOOD + 1);
    for (int i = 0; i <= FLOOD; i++) {
        assert_int_equal(records[i].n_done, 1);
        fake_record_clear(&records[i]);
    }
    fake_engine_free(e);
}

/* FLOOD samples of client 2 that all decode. */
static struct fake_engine *engine_with_flood(struct fake_record *records)
{
    struct fake_engine *e = fake_engine_new((struct fake_options){.max_running = FLOOD + 1});
    int ids[2], read = 0;
    for (int i = 0; i < FLOOD; i++) {
        fill_ids(ids, 2, 10 + i);
        struct engine_request r = simple_request((uint64_t)i, ids, 2, 100);
        r.client = 2;
        records[i] = fake_record_new((uint64_t)i, 1);
        fake_submit(e, &r);
    }
    while (read < FLOOD) {
        assert_true(step_run(e->step));
        fake_drain(e, records, FLOOD);
        read = 0;
        for (int i = 0; i < FLOOD; i++) {
            read += records[i].samples[0].n > 0;
        }
    }
    return e;
}

static struct request *newcomer(const struct fake_engine *e, uint64_t client, int priority,
                                int n_ids)
{
    int ids[64];
    fill_ids(ids, 64, 9);
    struct engine_request r = simple_request(FLOOD, ids, n_ids, 20);
    r.client = client;
    r.priority = priority;
    struct request *q = request_new(&r, FAKE_VOCAB, e->o.context, FAKE_EMBD, NULL);
    assert_non_null(q);
    return q;
}

/* For whom a step of a flood's FLOOD rows is put aside: whoever beside it would cut it. Plans beside it are of the
 * newcomer alone and take nothing from it, and it goes on as it was. */
static void test_for_whom_a_step_is_put_aside(void **state)
{
    static const struct {
        double row_s; /* of a step of one second; 0: nobody knows */
        int client, priority, n_ids;
        bool waits_for;
    } cases[] = {
        {0.1, 1, 0, 4, true},    /* (10 + 4) * 1.5 - 10 rows would be all */
        {0.1, 1, -1, 4, true},   /* and of a higher priority */
        {0.1, 1, 1, 4, false},   /* of a lower one */
        {0.1, 2, 0, 4, false},   /* of the flood's client */
        {0.1, 1, 0, 64, false},  /* itself the larger one */
        {0.1, 1, 0, 30, false},  /* about as large */
        {0.001, 1, 0, 4, false}, /* rows are nearly free */
        {0, 1, 0, 4, false},
    };
    struct fake_record records[FLOOD + 1];
    struct fake_engine *e = engine_with_flood(records);
    struct sequence *const *runs;
    (void)state;
    assert_int_equal(scheduler_plan(e->scheduler, &runs), FLOOD);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct pace_prices prices = {.step_s = 1, .row_s = cases[i].row_s};
        struct request *r =
            newcomer(e, (uint64_t)cases[i].client, cases[i].priority, cases[i].n_ids);
        scheduler_price(e->scheduler, &prices);
        assert_true(scheduler_waits_for(e->scheduler, r) == cases[i].waits_for);
        request_free(r);
    }
    scheduler_put_aside(e->scheduler);
    assert_int_equal(scheduler_plan_beside(e->scheduler, &runs), 0);
    scheduler_add(e->scheduler, newcomer(e, 1, 0, 4));
    assert_int_equal(scheduler_plan_beside(e->scheduler, &runs), 1);
    assert_int_equal(runs[0]->request->id, FLOOD);
    assert_int_equal(runs[0]->n_run, 4);
    assert_int_equal(scheduler_go_on(e->scheduler, &runs), FLOOD);
    for (int i = 0; i < FLOOD; i++) {
        assert_int_equal(runs[i]->request->id, i);
        assert_int_equal(runs[i]->n_run, 1);
    }
    records[FLOOD] = fake_record_new(FLOOD, 1);
    fake_finish(e, records, FLOOD + 1);
    for (int i = 0; i <= FLOOD; i++) {
        assert_int_equal(records[i].samples[0].n, i == FLOOD ? 20 : 100);
        fake_record_clear(&records[i]);
    }
    fake_engine_free(e);
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

/* While a flood's step is put aside, the newcomer has tokens and the flood has none. */
static void test_nobody_waits_for_a_step_s_end(void **state)
{
    struct fake_record records[FLOOD + 1];
    struct fake_engine *e = engine_with_flood(records);
    int before[FLOOD];
    (void)state;
    for (int i = 0; i < FLOOD; i++) {
        before[i] = records[i].samples[0].n;
    }
    step_listen(e->step, always, NULL);
    assert_true(step_run(e->step));
    assert_true(step_is_aside(e->step));
    scheduler_add(e->scheduler, newcomer(e, 1, 0, 4));
    records[FLOOD] = fake_record_new(FLOOD, 1);
    assert_true(step_run(e->step));
    assert_true(step_is_aside(e->step));
    assert_int_equal(stats_of(e).put_aside, 1);
    fake_drain(e, records, FLOOD + 1);
    assert_int_equal(records[FLOOD].samples[0].n, 1);
    assert_int_equal(records[0].samples[0].n, before[0]);
    while (step_is_aside(e->step)) {
        assert_true(step_run(e->step));
    }
    fake_drain(e, records, FLOOD + 1);
    for (int i = 0; i < FLOOD; i++) {
        assert_int_equal(records[i].samples[0].n, before[i] + 1);
    }
    fake_finish(e, records, FLOOD + 1);
    for (int i = 0; i <= FLOOD; i++) {
        assert_int_equal(records[i].n_done, 1);
        fake_record_clear(&records[i]);
    }
    fake_engine_free(e);
}

static void test_shares(void **state)
{
    static const struct {
        int n, decodes[3], prompts[3];
        double idle;
        int may_decode[3], may_read[3];
    } cases[] = {
        {1, {500}, {0}, 10, {500}, {INT_MAX}},
        {2, {1, 5}, {0}, 10, {1, 5}, {INT_MAX, INT_MAX}},
        {2, {1, 500}, {0}, 10, {1, 5}, {INT_MAX, 0}},
        {2,
         {100, 100},
         {0},
         10,
         {100, 100},
         {INT_MAX, INT_MAX}}, /* nobody has fewer than the fewest */
        {2, {100, 101}, {0}, 10, {100, 100}, {INT_MAX, 0}},
        {2, {1, 0}, {0, 512}, 10, {1, 0}, {INT_MAX, 5}},
        {2, {1, 500}, {0, 512}, 10, {1, 3}, {INT_MAX, 2}}, /* half each */
        {2, {1, 500}, {0, 1}, 10, {1, 4}, {INT_MAX, 1}},
        {3, {1, 200, 300}, {0}, 10, {1, 5, 5}, {INT_MAX, 0, 0}}, /* (10 + 1) * 2 - 10 - 1 */
        {3, {1, 500}, {0}, 10, {1, 5}, {INT_MAX, 0, INT_MAX}},   /* the third wants nothing */
        {2, {1, 500}, {0}, -1, {1, 500}, {INT_MAX, INT_MAX}}, /* nobody knows what a step costs */
    };
    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct shares s = {0};
        for (int i = 0; i < cases[c].n; i++) {
            struct share *one = shares_find(&s, (uint64_t)i);
            one->decodes = cases[c].decodes[i];
            one->prompts = cases[c].prompts[i];
        }
        shares_divide(&s, cases[c].idle);
        for (int i = 0; i < cases[c].n; i++) {
            assert_int_equal(shares_find(&s, (uint64_t)i)->may_decode, cases[c].may_decode[i]);
            assert_int_equal(shares_find(&s, (uint64_t)i)->may_read, cases[c].may_read[i]);
        }
    }
}

static void test_priority(void **state)
{
    (void)state;
    int ids[3][20], first = -1;
    struct fake_engine *e = fake_engine_new((struct fake_options){.max_running = 1});
    struct fake_record records[3];
    for (int i = 0; i < 3; i++) {
        fill_ids(ids[i], 20, 10 + i);
        struct engine_request r = simple_request((uint64_t)i, ids[i], 20, 2);
        r.priority = i == 2 ? -5 : 0;
        records[i] = fake_record_new((uint64_t)i, 1);
        fake_submit(e, &r);
    }
    while (first < 0) {
        assert_true(step_run(e->step));
        fake_drain(e, records, 3);
        for (int i = 0; i < 3; i++) {
            if (records[i].n_done > 0) first = i;
        }
    }
    assert_int_equal(first, 2);
    fake_finish(e, records, 3);
    for (int i = 0; i < 3; i++) {
        fake_record_clear(&records[i]);
    }
    fake_engine_free(e);
}

/* Logits that are no numbers end their request and nobody else's. */
static void test_nan_fails_one_request(void **state)
{
    (void)state;
    int good[30], bad[30];
    struct fake_engine *e = fake_engine_new((struct fake_options){0});
    struct fake_record records[2] = {fake_record_new(1, 2), fake_record_new(2, 2)};
    fill_ids(good, 30, 4);
    fill_ids(bad, 30, 5);
    e->model.poison = 96;
    for (int i = 0; i < 30; i++) {
        if (good[i] == 96) good[i] = 0;
    }
    bad[20] = 96;
    struct engine_request g = simple_request(1, good, 30, 10), b = simple_request(2, bad, 30, 10);
    const struct logit_bias never = {96, -1e5f};
    g.sampling.bias = &never; /* or it would poison itself */
    g.sampling.n_bias = 1;
    g.n = b.n = 2;
    fake_submit(e, &g);
    fake_submit(e, &b);
    fake_finish(e, records, 2);
    assert_true(records[1].samples[0].failed);
    assert_false(records[0].samples[0].failed);
    assert_int_equal(records[0].samples[1].n, 10);
    fake_record_clear(&records[0]);
    fake_record_clear(&records[1]);
    fake_engine_free(e);
}

/* Ended at any step, a group leaves no block in use, and the others do not notice. */
static void test_ending_at_every_step(void **state)
{
    (void)state;
    int ids[2][90];
    fill_ids(ids[0], 90, 6);
    fill_ids(ids[1], 90, 7);
    struct engine_request keep = simple_request(1, ids[0], 90, 12);
    struct engine_request drop = simple_request(2, ids[1], 90, 12);
    keep.sampling.logprobs = 0;
    drop.n = 3;
    struct fake_record alone = fake_record_new(1, 1);
    struct fake_engine *e = fake_engine_new((struct fake_options){.step_tokens = 32});
    fake_submit(e, &keep);
    fake_finish(e, &alone, 1);
    fake_engine_free(e);
    for (int stage = 0; stage < 20; stage++) {
        e = fake_engine_new((struct fake_options){.step_tokens = 32, .n_blocks = 33});
        struct fake_record records[2] = {fake_record_new(1, 1), fake_record_new(2, 3)};
        fake_submit(e, &keep);
        struct request *q = fake_submit(e, &drop);
        for (int i = 0; i < stage; i++) {
            step_run(e->step);
            if (q->n_live == 0) break;
        }
        if (q->n_live > 0) deliver_end(&e->deliver, q, FINISH_ABORT);
        fake_drain(e, records, 2);
        assert_int_equal(records[1].n_done, 3);
        fake_finish(e, records, 2);
        assert_same(&alone, &records[0], "beside a request that is dropped");
        fake_record_clear(&records[0]);
        fake_record_clear(&records[1]);
        fake_engine_free(e);
    }
    fake_record_clear(&alone);
}

int main(void)
{
    const struct form_source source = {.type = FORM_CHOICE, .choices = choices, .n_choices = 5};
    one_of_choices = form_new(&source, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_under_pressure),
        cmocka_unit_test(test_same_when_text_repeats),
        cmocka_unit_test(test_short_prompts_are_put_back),
        cmocka_unit_test(test_forms_are_kept_and_guessed),
        cmocka_unit_test(test_group_shares_its_prompt),
        cmocka_unit_test(test_equal_prompts_wait_for_each_other),
        cmocka_unit_test(test_pieces_beside_decodes),
        cmocka_unit_test(test_long_prompt_stalls_nobody),
        cmocka_unit_test(test_nobody_makes_another_s_steps_long),
        cmocka_unit_test(test_for_whom_a_step_is_put_aside),
        cmocka_unit_test(test_nobody_waits_for_a_step_s_end),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_nan_fails_one_request),
        cmocka_unit_test(test_ending_at_every_step),
    };
    int failed = one_of_choices == NULL || cmocka_run_group_tests(tests, NULL, NULL);
    form_free(one_of_choices);
    return failed;
}
