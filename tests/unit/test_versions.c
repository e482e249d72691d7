/* tests/unit/test_versions.c - several versions of the weights in one life of a batch.
 *
 * A step computes with the weights that it is given and with nothing that another step's left
 * behind: types, and with them the forms of the inputs, differ from version to version here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/fake_model.h"

#include "engine/model/model.h"
#include "engine/model/roles.h"

enum { N_VERSIONS = 3, N_BLOCKS = 8, N_TOKENS = 3 * KV_BLOCK, CHUNK = 5 };

/* Of float types, so that the versions differ. */
static const char *const models[] = {"tests/golden/data/qwen3-yarn-f16.gguf",
                                     "tests/golden/data/deepseek3-mtp"};

static struct model *open_model(const char *path)
{
    struct error err = {0};
    struct model *m = model_open(path, &err);
    if (m == NULL) fail_msg("%s: %s", path, err.message);
    return m;
}

/* As the file has it, quantised, and the reference's. */
static void pack_versions(const struct model *m, struct pool *pool, struct weights *w[N_VERSIONS])
{
    int q8;
    assert_true(weights_type_of("q8_0", &q8, NULL));
    for (int i = 0; i < N_VERSIONS; i++) {
        struct weights_plan plan = {.dense = i == 2, .quantise = i == 1 ? q8 : -1};
        w[i] = weights_pack(m, &plan, pool, NULL);
        assert_non_null(w[i]);
    }
}

/* One version's tokens: its own blocks, and the logits of each token. */
struct life {
    int32_t blocks[N_BLOCKS];
    int tokens[N_TOKENS], n;
    float *logits; /* [N_TOKENS, n_vocab] */
};

static struct life new_life(const struct model_config *c, int which)
{
    struct life l = {.logits = mem_new(N_TOKENS, (size_t)c->n_vocab * sizeof(float), NULL)};
    assert_non_null(l.logits);
    for (int i = 0; i < N_BLOCKS; i++) {
        l.blocks[i] = which * N_BLOCKS + (i * 3 + 1) % N_BLOCKS;
    }
    for (int i = 0; i < N_TOKENS; i++) {
        l.tokens[i] = (i * 31 + 7) % c->n_vocab;
    }
    return l;
}

static void step_life(struct forward *f, const struct weights *w, struct life *l, int n_vocab)
{
    int n = l->n + CHUNK < N_TOKENS ? CHUNK : N_TOKENS - l->n, rows[CHUNK];
    struct forward_run run = {.tokens = l->tokens + l->n, .n = n, .pos = l->n, .blocks = l->blocks};
    for (int i = 0; i < n; i++) {
        rows[i] = i;
    }
    forward_step(f, w, &run, 1);
    forward_logits(f, rows, n, l->logits + (size_t)l->n * (size_t)n_vocab);
    l->n += n;
}

static struct forward *new_forward(const struct model_config *c, struct kv_store *kv,
                                   struct pool *pool)
{
    struct forward *f = forward_new(c, kernels_pick(NULL, NULL), kv, pool, CHUNK, NULL);
    assert_non_null(f);
    return f;
}

static void check_model(const char *path)
{
    struct pool *pool = pool_new(2, false, NULL);
    struct model *m = open_model(path);
    const struct model_config *c = model_config(m);
    struct kv_store *kv = kv_store_new(c, KV_F32, N_VERSIONS * N_BLOCKS, NULL);
    struct forward *f = new_forward(c, kv, pool);
    struct weights *w[N_VERSIONS];
    struct life alone[N_VERSIONS], together[N_VERSIONS];
    size_t bytes = (size_t)N_TOKENS * (size_t)c->n_vocab * sizeof(float);
    pack_versions(m, pool, w);
    for (int v = 0; v < N_VERSIONS; v++) {
        struct forward *own = new_forward(c, kv, pool);
        assert_true(forward_reserve(own, w[v], NULL));
        alone[v] = new_life(c, v);
        while (alone[v].n < N_TOKENS) {
            step_life(own, w[v], &alone[v], c->n_vocab);
        }
        forward_free(own);
        assert_true(forward_reserve(f, w[v], NULL));
        together[v] = new_life(c, v);
    }
    for (int turn = 0; together[0].n < N_TOKENS; turn++) {
        for (int v = 0; v < N_VERSIONS; v++) {
            int which = (v + turn) % N_VERSIONS; /* in another order each time */
            step_life(f, w[which], &together[which], c->n_vocab);
        }
    }
    for (int v = 0; v < N_VERSIONS; v++) {
        assert_memory_equal(alone[v].logits, together[v].logits, bytes);
        assert_memory_not_equal(alone[v].logits, alone[(v + 1) % N_VERSIONS].logits, bytes);
        free(alone[v].logits);
        free(together[v].logits);
        weights_free(w[v]);
    }
    forward_free(f);
    kv_store_free(kv);
    model_close(m);
    pool_free(pool);
}

/* To the bit, in dense models and in those with experts and latent attention. */
static void test_steps_of_other_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        check_model(models[i]);
    }
}

/* ---- what a request lives on ---- */

enum { PER_VERSION = 4, N_PROMPT = 40 };

static struct engine_request request(uint64_t id, const int *prompt)
{
    struct engine_request r = {.id = id, .ids = prompt, .n_ids = N_PROMPT, .n = 2};
    engine_sampling_init(&r.sampling);
    r.sampling.max_tokens = 30;
    r.sampling.seed = id % PER_VERSION;
    r.sampling.logprobs = 0;
    return r;
}

/* Requests with one prompt on every version, or on `only` one (-1: on all of them together). */
static void run(struct fake_record *records, int only)
{
    struct fake_engine *e =
        fake_engine_new((struct fake_options){.n_blocks = 40, .speculate = true});
    int prompt[N_PROMPT];
    for (int i = 0; i < N_PROMPT; i++) {
        prompt[i] = i * 5 % (FAKE_VOCAB - 10) + 10;
    }
    for (int i = 0; i < PER_VERSION * FAKE_VERSIONS; i++) {
        int v = i / PER_VERSION;
        if (only >= 0 && v != only) continue;
        struct engine_request r = request((uint64_t)i, prompt);
        scheduler_serve(e->scheduler, &e->versions[v]);
        fake_submit(e, &r);
        if (i % 2 == 1) step_run(e->step);
    }
    fake_finish(e, records, PER_VERSION * FAKE_VERSIONS);
    for (int v = 0; v < FAKE_VERSIONS; v++) {
        assert_int_equal(e->versions[v].users, 0);
    }
    struct engine_stats stats = {0};
    scheduler_stats(e->scheduler, &stats);
    assert_true(stats.cached_tokens > 0 && (stats.preemptions > 0 || only >= 0));
    fake_engine_free(e);
}

/* Few blocks, so that samples of all versions are preempted: what each says is what it says alone,
 * though prompts are equal and the prefix cache is on. */
static void test_versions_side_by_side(void **state)
{
    (void)state;
    struct fake_record alone[PER_VERSION * FAKE_VERSIONS], all[PER_VERSION * FAKE_VERSIONS];
    for (int i = 0; i < PER_VERSION * FAKE_VERSIONS; i++) {
        alone[i] = fake_record_new((uint64_t)i, 2);
        all[i] = fake_record_new((uint64_t)i, 2);
    }
    for (int v = 0; v < FAKE_VERSIONS; v++) {
        run(alone, v);
    }
    run(all, -1);
    for (int i = 0; i < PER_VERSION * FAKE_VERSIONS; i++) {
        for (int k = 0; k < 2; k++) {
            const struct fake_output *a = &alone[i].samples[k], *b = &all[i].samples[k];
            assert_true(a->n > 0 && a->finish != FINISH_NONE);
            assert_int_equal(a->n, b->n);
            assert_memory_equal(a->tokens, b->tokens, (size_t)a->n * sizeof(int));
            assert_int_equal(a->version, i / PER_VERSION);
            assert_int_equal(b->version, i / PER_VERSION);
        }
        fake_record_clear(&alone[i]);
        fake_record_clear(&all[i]);
    }
}

/* ---- going on with other weights ---- */

enum { SWITCH_TOKENS = 30 };

/* The token after these: of the same model in the same state, asked by itself. */
static int next_token(struct fake_engine *e, const int *tokens, int n, uint64_t id)
{
    struct fake_record r = fake_record_new(id, 1);
    struct engine_request q = {.id = id, .ids = tokens, .n_ids = (size_t)n, .n = 1};
    engine_sampling_init(&q.sampling);
    q.sampling.max_tokens = 1;
    q.sampling.temperature = 0;
    fake_submit(e, &q);
    fake_finish(e, &r, 1);
    int token = r.samples[0].tokens[0];
    fake_record_clear(&r);
    return token;
}

/* Its events are of two versions. */
static void note_both(struct fake_engine *e, int tokens[2][SWITCH_TOKENS],
                      uint64_t of[2][SWITCH_TOKENS], int n[2])
{
    for (struct engine_event *ev = e->deliver.results.first; ev != NULL; ev = ev->next) {
        if (ev->type != EVENT_TOKEN) continue;
        int s = ev->sample;
        assert_true(n[s] < SWITCH_TOKENS);
        tokens[s][n[s]] = ev->token;
        of[s][n[s]++] = ev->version;
    }
    fake_drain(e, NULL, 0);
}

/* Guesses come true where the text repeats itself: a switch then meets tokens just accepted. */
static void go_on_with_other_weights(int periodic)
{
    struct fake_engine *e =
        fake_engine_new((struct fake_options){.n_blocks = 40, .speculate = true});
    e->model.periodic = periodic;
    int all[N_PROMPT + SWITCH_TOKENS], tokens[2][SWITCH_TOKENS], n[2] = {0, 0};
    uint64_t of[2][SWITCH_TOKENS];
    for (int i = 0; i < N_PROMPT; i++) {
        all[i] = i * 5 % (FAKE_VOCAB - 10) + 10;
    }
    struct engine_request r = request(1, all);
    r.sampling.temperature = 0;
    r.sampling.ignore_eos = true;
    r.sampling.max_tokens = SWITCH_TOKENS;
    fake_submit(e, &r);
    for (int i = 0; step_run(e->step); i++) {
        if (n[0] > 0 && n[0] < SWITCH_TOKENS / 2 && i % 3 == 0) { /* twice over, and more */
            scheduler_serve(e->scheduler, &e->versions[i / 3 % FAKE_VERSIONS]);
            scheduler_switch(e->scheduler, &e->versions[i / 3 % FAKE_VERSIONS]);
        }
        note_both(e, tokens, of, n);
    }
    struct engine_stats stats = {0};
    scheduler_stats(e->scheduler, &stats);
    assert_true(stats.recomputed_tokens > 0 && n[0] == SWITCH_TOKENS && n[1] == SWITCH_TOKENS);
    step_stats(e->step, &stats);
    assert_true(periodic == 0 || stats.accepted_tokens > 0);
    bool changed = false;
    /* each token is what its version says after all before it */
    for (int i = 0; i < SWITCH_TOKENS; i++) {
        scheduler_serve(e->scheduler, &e->versions[of[0][i]]);
        assert_int_equal(tokens[0][i], next_token(e, all, N_PROMPT + i, 100 + (uint64_t)i));
        all[N_PROMPT + i] = tokens[0][i];
        changed = changed || of[0][i] != of[0][0];
    }
    assert_true(changed);
    for (int v = 0; v < FAKE_VERSIONS; v++) {
        assert_int_equal(e->versions[v].users, 0);
    }
    fake_engine_free(e);
}

static void test_samples_go_on_with_other_weights(void **state)
{
    (void)state;
    for (int periodic = 0; periodic < 9; periodic++) {
        go_on_with_other_weights(periodic);
    }
}

/* ---- where tensors go ---- */

/* The only ones that no step multiplies with: kv_b is split when a model is opened, and the
 * prediction layer shares the model's own embedding and output. */
static bool is_unused(size_t at)
{
    return at == offsetof(struct layer_tensors, kv_b) ||
           at == offsetof(struct layer_tensors, mtp_embd) ||
           at == offsetof(struct layer_tensors, mtp_head);
}

static void test_every_role_has_a_placement(void **state)
{
    (void)state;
    for (const struct role *r = layer_roles; r->gguf != NULL; r++) {
        const struct placement *p = weights_placement(r->at);
        if (is_unused(r->at)) {
            assert_null(p);
            continue;
        }
        if (p == NULL) fail_msg("%s has no placement", r->gguf);
        bool matrix = r->shape[1] != DIM_NONE;
        if (matrix == (p->input == INPUT_NONE)) fail_msg("%s: input %d", r->gguf, (int)p->input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps_of_other_weights),
                                       cmocka_unit_test(test_versions_side_by_side),
                                       cmocka_unit_test(test_samples_go_on_with_other_weights),
                                       cmocka_unit_test(test_every_role_has_a_placement)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
