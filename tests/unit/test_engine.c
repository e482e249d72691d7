/* tests/unit/test_engine.c - the engine through its own door, on small real models.
 *
 * The central test is the promise in engine.h: a request alone, among many, with other chunks,
 * threads, memory, cache and guesses gives the same tokens and the same bits of
 * log-probabilities.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/engine_client.h"

#define QWEN2 "tests/golden/data/qwen2-bias-q8_0.gguf"
#define LLAMA "tests/golden/data/llama-k256-q4_k_m.gguf"

/* ThreadSanitizer makes kernels some twenty times slower; it needs to see the threads meet, not many tokens. */
#ifdef __SANITIZE_THREAD__
enum { SHRINK = 4 };
#else
enum { SHRINK = 1 };
#endif

/* ---- the promise ---- */

static void run_alone(const char *path, const struct prompts *p, int n, struct output *out)
{
    struct engine_options o = options_for(path);
    o.prefix_cache = o.speculate = false;
    o.threads = 1;
    struct client *c = client_open(o);
    for (int i = 0; i < n; i++) {
        submit(c, &p->requests[i]);
        client_finish(c, i + 1);
        out[i] = c->outputs[i];
        c->outputs[i].text = (struct buffer){0}; /* moved */
    }
    client_close(c);
}

static const struct {
    const char *name;
    int threads, step_tokens, max_sequences;
    int kv_blocks; /* 0: as many as wanted */
    bool prefix_cache, speculate, twice;
    bool preempts;
} settings[] = {
    {"together", 2, 512, 64, 0, false, false, false, false},
    {"small chunks", 2, 16, 64, 0, false, false, false, false},
    {"three threads", 3, 100, 64, 0, true, false, false, false},
    {"with a warm cache", 2, 512, 64, 0, true, false, true, false},
    {"guessing", 2, 512, 4, 0, true, true, false, false},
    {"little memory", 2, 64, 32, 24, true, false, false, true},
    {"little memory, guessing", 1, 64, 8, 20, true, true, false, false},
};

static void run_setting(const char *path, size_t s, const struct prompts *p, int n,
                        const struct output *alone)
{
    struct engine_options o = options_for(path);
    struct engine_stats stats;
    o.threads = settings[s].threads;
    o.step_tokens = settings[s].step_tokens;
    o.max_sequences = settings[s].max_sequences;
    o.prefix_cache = settings[s].prefix_cache;
    o.speculate = settings[s].speculate;
    if (settings[s].kv_blocks > 0) {
        o.context = 256;
        struct client *probe = client_open(o);
        o.kv_bytes = settings[s].kv_blocks * 16 * engine_info(probe->engine)->kv_bytes_per_token;
        client_close(probe);
    }
    struct client *c = client_open(o);
    for (int round = 0; round < (settings[s].twice ? 2 : 1); round++) {
        client_clear_outputs(c);
        for (int i = 0; i < n; i++) {
            submit(c, &p->requests[i]);
        }
        client_finish(c, n);
        for (int i = 0; i < n; i++) {
            assert_same(&alone[i], &c->outputs[i], settings[s].name, i);
        }
    }
    assert_idle(c);
    engine_stats(c->engine, &stats);
    if (settings[s].twice && stats.cached_tokens < 100) fail_msg("nothing was cached");
    if (settings[s].preempts && SHRINK == 1 && stats.preemptions == 0) {
        fail_msg("nothing was preempted");
    }
    client_close(c);
}

static void promise(const char *path, int n, int n_tokens)
{
    struct prompts *p = make_prompts(n_tokens);
    struct output *alone = mem_new((size_t)n, sizeof(*alone), NULL);
    run_alone(path, p, n, alone);
    for (size_t s = 0; s < sizeof(settings) / sizeof(settings[0]); s += SHRINK) {
        run_setting(path, s, p, n, alone);
    }
    for (int i = 0; i < n; i++) {
        buffer_clear(&alone[i].text);
    }
    free(alone);
    free(p);
}

static void test_promise_qwen2(void **state)
{
    (void)state;
    promise(QWEN2, 32 / SHRINK, 48 / SHRINK);
}

static void test_promise_llama(void **state)
{
    (void)state;
    promise(LLAMA, 12 / SHRINK, 40 / SHRINK);
}

static void test_64_streams(void **state)
{
    (void)state;
    struct prompts *p = make_prompts(40 / SHRINK);
    struct output *alone = mem_new(MAX_REQUESTS, sizeof(*alone), NULL);
    run_alone(QWEN2, p, MAX_REQUESTS, alone);
    struct client *c = client_open(options_for(QWEN2));
    for (int i = 0; i < MAX_REQUESTS; i++) {
        submit(c, &p->requests[i]);
    }
    client_finish(c, MAX_REQUESTS);
    for (int i = 0; i < MAX_REQUESTS; i++) {
        assert_same(&alone[i], &c->outputs[i], "64 streams", i);
        buffer_clear(&alone[i].text);
    }
    assert_idle(c);
    client_close(c);
    free(alone);
    free(p);
}

/* Scoring what was sampled gives the very numbers that sampling gave. */
static void test_scores_equal_samples(void **state)
{
    (void)state;
    struct prompts *p = make_prompts(50);
    struct client *c = client_open(options_for(QWEN2));
    for (int i = 0; i < 8; i++) {
        submit(c, &p->requests[i]);
    }
    client_finish(c, 8);
    for (int i = 0; i < 8; i++) {
        struct engine_request r = p->requests[i];
        const struct output *o = &c->outputs[i];
        int n = (int)r.n_ids;
        memcpy(p->ids[i] + n, o->tokens, (size_t)o->n * sizeof(int));
        r.id = (uint64_t)i + 32;
        r.n_ids += (size_t)o->n;
        r.sampling.max_tokens = 0;
        r.sampling.prompt_logprobs = 0;
        submit(c, &r);
    }
    client_finish(c, 16);
    for (int i = 0; i < 8; i++) {
        const struct output *sampled = &c->outputs[i], *scored = &c->outputs[i + 32];
        int n = (int)p->requests[i].n_ids;
        assert_int_equal(scored->n_prompt, n + sampled->n);
        assert_int_equal(scored->n, 0);
        assert_int_equal(scored->finish, FINISH_LENGTH);
        for (int j = 0; j < sampled->n; j++) {
            assert_memory_equal(&scored->prompt[n + j], &sampled->probs[j].logprob, sizeof(float));
        }
    }
    client_close(c);
    free(p);
}

/* ---- cancelling ---- */

static void test_cancel_at_every_stage(void **state)
{
    (void)state;
    struct prompts *p = make_prompts(200);
    struct engine_options o = options_for(QWEN2);
    o.max_sequences = 2;
    o.step_tokens = 16;
    struct client *c = client_open(o);
    client_step(c); /* the wake that said it is ready */
    client_in_steps(c, true);
    /* 0 decodes; 4 (119 tokens, 16 a step) is in its prompt; 5 waits */
    submit(c, &p->requests[0]);
    while (c->outputs[0].n < 3) {
        client_step(c);
    }
    submit(c, &p->requests[4]);
    submit(c, &p->requests[5]);
    int seen = c->outputs[0].n;
    while (c->outputs[0].n < seen + 2) {
        client_step(c);
    }
    engine_cancel(c->engine, 5);
    engine_cancel(c->engine, 4);
    engine_cancel(c->engine, 4);
    engine_cancel(c->engine, 999);
    while (c->n_ended < 2) {
        client_step(c);
    }
    assert_int_equal(c->outputs[4].finish, FINISH_ABORT);
    assert_int_equal(c->outputs[5].finish, FINISH_ABORT);
    assert_int_equal(c->outputs[5].n, 0);
    assert_int_equal(c->outputs[0].finish, FINISH_NONE);
    engine_cancel(c->engine, 0);
    client_finish(c, 3);
    assert_int_equal(c->outputs[0].finish, FINISH_ABORT);
    assert_idle(c);
    client_close(c);
    free(p);
}

static void test_random_cycles(void **state)
{
    (void)state;
    struct prompts *p = make_prompts(1);
    struct engine_options o = options_for(QWEN2);
    o.max_sequences = 8;
    o.step_tokens = 32;
    struct client *c = client_open(o);
    bool live[MAX_REQUESTS] = {0};
    int n_submitted = 0;
    uint64_t random = 1;
    for (int cycle = 0; cycle < 1000; cycle++) {
        random = scramble(random + (uint64_t)cycle);
        int i = (int)(random % MAX_REQUESTS);
        if (live[i]) {
            engine_cancel(c->engine, (uint64_t)i);
        } else {
            p->requests[i].sampling.max_tokens = (int)(random >> 8 & 7);
            submit(c, &p->requests[i]);
            live[i] = true;
            n_submitted++;
        }
        if (random % 3 == 0) client_step(c);
        for (int j = 0; j < MAX_REQUESTS; j++) {
            if (!live[j] || c->outputs[j].n_done == 0) continue;
            live[j] = false;
            c->outputs[j].n = c->outputs[j].n_done = 0;
            c->outputs[j].finish = FINISH_NONE;
        }
    }
    client_finish(c, n_submitted);
    assert_int_equal(c->n_ended, n_submitted);
    assert_idle(c);
    client_close(c);
    free(p);
}

/* ---- refusals ---- */

static void test_queue_full(void **state)
{
    (void)state;
    struct prompts *p = make_prompts(200);
    struct engine_options o = options_for(QWEN2);
    struct error err = {0};
    o.max_sequences = 1;
    o.max_queue = 3;
    struct client *c = client_open(o);
    struct engine_request group = p->requests[0];
    group.n = 4;
    client_step(c); /* the wake that said it is ready */
    client_in_steps(c, true);
    submit(c, &group);
    assert_false(engine_submit(c->engine, &p->requests[1], &err));
    assert_int_equal(err.code, ERROR_QUEUE_FULL);
    engine_cancel(c->engine, group.id); /* before a sample can end by itself and the next begin */
    client_in_steps(c, false);
    client_finish(c, 4); /* one end a sample */
    submit(c, &p->requests[1]);
    client_finish(c, 5);
    assert_idle(c);
    client_close(c);
    free(p);
}

static int long_prompt[1 << 16];
static const int bad_ids[] = {1, 2, 1 << 30};
static const struct logit_bias bad_bias[] = {{-1, 1}};
static const char *const empty_stop[] = {"x", ""};

static const struct {
    const char *name;
    struct engine_request r;
    enum error_code code;
    const char *param;
} refusals[] = {
    {"no prompt", {.n = 1}, ERROR_INVALID_VALUE, "prompt"},
    {"id out of range", {.ids = bad_ids, .n_ids = 3, .n = 1}, ERROR_INVALID_VALUE, "prompt[2]"},
    {"too long", {.ids = long_prompt, .n_ids = 1 << 16, .n = 1}, ERROR_TOO_LONG, "prompt"},
    {"no samples", {.ids = bad_ids, .n_ids = 2, .n = 0}, ERROR_INVALID_VALUE, "n"},
    {"bias out of range",
     {.ids = bad_ids, .n_ids = 2, .n = 1, .sampling = {.bias = bad_bias, .n_bias = 1}},
     ERROR_INVALID_VALUE,
     "logit_bias[0]"},
    {"empty stop string",
     {.ids = bad_ids, .n_ids = 2, .n = 1, .sampling = {.stop = empty_stop, .n_stop = 2}},
     ERROR_INVALID_VALUE,
     "stop"},
};

static void test_refusals(void **state)
{
    (void)state;
    struct client *c = client_open(options_for(QWEN2));
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct engine_request r = refusals[i].r;
        struct error err = {0};
        struct engine_sampling s;
        engine_sampling_init(&s);
        s.bias = r.sampling.bias;
        s.n_bias = r.sampling.n_bias;
        s.stop = r.sampling.stop;
        s.n_stop = r.sampling.n_stop;
        r.sampling = s;
        bool ok = engine_submit(c->engine, &r, &err);
        if (ok || err.code != refusals[i].code || strcmp(err.param, refusals[i].param) != 0) {
            fail_msg("%s: accepted %d, code %d, param %s: %s", refusals[i].name, ok, (int)err.code,
                     err.param, err.message);
        }
    }
    client_close(c);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct engine_options o = options_for("tests/golden/data/no_such_model.gguf");
    struct error err = {0}, again = {0};
    struct engine *e = engine_open(&o, &err);
    assert_non_null(e);
    assert_false(engine_wait(e, &err));
    assert_int_equal(engine_state(e, &again), ENGINE_FAILED);
    assert_string_equal(err.message, again.message);
    assert_non_null(strstr(err.message, "no_such_model"));
    engine_close(e);
}

static void test_strings_of_the_options_are_copied(void **state)
{
    (void)state;
    char folder[] = "/tmp/touchstone-test-XXXXXX", given[64], cache[64], lock[80];
    assert_non_null(mkdtemp(folder));
    snprintf(cache, sizeof(cache), "%s/cache", folder);
    snprintf(lock, sizeof(lock), "%s/lock", cache);
    snprintf(given, sizeof(given), "%s", cache);
    struct engine_options o = options_for(LLAMA);
    struct error err = {0};
    o.packed_cache = given;
    o.packed_cache_bytes = 1; /* nothing fits, but the folder is made */
    struct engine *e = engine_open(&o, &err);
    memset(given + strlen(folder) + 1, 'x', strlen("cache"));
    assert_true(engine_wait(e, &err));
    engine_close(e);
    unlink(lock);
    assert_int_equal(rmdir(cache), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_vocabulary_only(void **state)
{
    (void)state;
    struct engine_options o = options_for(LLAMA);
    struct error err = {0};
    o.vocabulary_only = true;
    struct client *c = client_open(o);
    struct tokens ids = {0};
    struct buffer text;
    const char *words = "Two words, \xc3\xa9t\xc3\xa9.";
    assert_true(engine_tokenize(c->engine, span_str(words), false, false, &ids, &err));
    buffer_init(&text, 1000);
    assert_true(engine_detokenize(c->engine, ids.ids, ids.n, false, &text, &err));
    assert_true(span_is(buffer_span(&text), words));
    struct prompts *p = make_prompts(1);
    assert_false(engine_submit(c->engine, &p->requests[0], &err));
    assert_int_equal(err.code, ERROR_NOT_AVAILABLE);
    free(p);
    tokens_clear(&ids);
    buffer_clear(&text);
    client_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promise_qwen2),
        cmocka_unit_test(test_promise_llama),
        cmocka_unit_test(test_64_streams),
        cmocka_unit_test(test_scores_equal_samples),
        cmocka_unit_test(test_cancel_at_every_stage),
        cmocka_unit_test(test_random_cycles),
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_strings_of_the_options_are_copied),
        cmocka_unit_test(test_vocabulary_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
