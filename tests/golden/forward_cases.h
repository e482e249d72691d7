/* tests/golden/forward_cases.h - the forward pass against reference outputs of other people's code.
 *
 * A model is run in every arithmetic we have: the reference engine, and the fast one with each
 * type of cache; the differences of log-probabilities must stay within the row of the golden
 * README's table that names this arithmetic, and the greedy tokens agree as it demands. Then
 * every set of kernels that this CPU can run, and any chunking, must give the same bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_GOLDEN_FORWARD_CASES_H
#define TESTS_GOLDEN_FORWARD_CASES_H

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/adapter/read.h"
#include "engine/forward/dora.h"
#include "engine/forward/forward.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/pool.h"
#include "engine/forward/weights.h"

enum { MAX_ROWS = 512, BLOCKS = 64 };

/* How far log-probabilities may be off; 0 means not demanded. free_margin: where the golden
 * margin is at least this, the best token must be the golden one. */
struct tolerance {
    const char *name;
    double max, mean, p99, median, p90, free_margin, top;
};

static const struct tolerance exact = {"float32", .max = 5e-4, .free_margin = 1e-3, .top = 5e-4};
static const struct tolerance half = {"F16 cache", .max = 0.06, .p99 = 0.03, .free_margin = 1e-9,
                                      .top = 0.06};
static const struct tolerance half_routed = {"F16 cache, routed", .median = 0.005, .p90 = 0.02};
static const struct tolerance eight = {"8 bits", .mean = 0.15, .p99 = 0.8, .free_margin = 1.0};
static const struct tolerance eight_k = {"8 bits, K quants", .mean = 0.2, .p99 = 1.0,
                                         .free_margin = 1.0};

/* Which rows apply: with float32 throughout, with an F16 cache, and with the weights' own arithmetic. */
struct golden {
    const char *model, *json;
    const struct tolerance *reference, *f32, *f16;
    const char *weights; /* quantised at load to this type; NULL: as they are */
    const char *adapter; /* a PEFT folder; NULL: none */
};

/* ---- A model loaded in one arithmetic ---- */

struct setup {
    struct model *model;
    const struct model_config *config;
    struct weights *weights;
    struct pool *pool;
    struct kv_store *kv;
    struct forward *forward;
    struct adapter *adapter; /* NULL: none */
    float *logits; /* [MAX_ROWS, n_vocab] */
};

/* How a model is run. */
struct how {
    const char *model, *weights;
    bool reference;
    enum kv_type kv;
    const struct kernels *kernels;
    const char *adapter;
};

static void open_setup(struct setup *s, const struct how *how)
{
    struct error err = {0};
    const char *path = how->model;
    int type;
    assert_true(weights_type_of(how->weights, &type, &err));
    s->model = model_open(path, &err);
    if (s->model == NULL) fail_msg("%s", err.message);
    s->config = model_config(s->model);
    s->pool = pool_new(2, false, &err);
    struct weights_plan plan = {.dense = how->reference, .quantise = type};
    s->weights = weights_pack(s->model, &plan, s->pool, &err);
    if (s->weights == NULL) fail_msg("%s: %s", path, err.message);
    model_drop_tensors(s->model);
    s->kv = kv_store_new(s->config, how->kv, BLOCKS, &err);
    s->forward = forward_new(s->config, how->kernels, s->kv, s->pool, MAX_ROWS, &err);
    if (s->kv == NULL || s->forward == NULL || !forward_reserve(s->forward, s->weights, &err)) {
        fail_msg("%s: %s", path, err.message);
    }
    s->logits = malloc(sizeof(float) * MAX_ROWS * (size_t)s->config->n_vocab);
    s->adapter = NULL;
    if (how->adapter == NULL) return;
    s->adapter = adapter_open(s->model, how->adapter, &err);
    if (s->adapter == NULL || !dora_bind(s->adapter, s->weights, 0, &err) ||
        !forward_reserve_adapter(s->forward, s->adapter, &err)) {
        fail_msg("%s: %s", how->adapter, err.message);
    }
}

static void close_setup(struct setup *s)
{
    adapter_release(s->adapter);
    forward_free(s->forward);
    kv_store_free(s->kv);
    weights_free(s->weights);
    pool_free(s->pool);
    model_close(s->model);
    free(s->logits);
}

/* Logits of n tokens from position 0, fed in chunks; blocks in an unusual order. */
static void run(struct setup *s, const int *ids, int n, int chunk)
{
    int32_t blocks[BLOCKS];
    int rows[MAX_ROWS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = (i * 7 + 3) % BLOCKS;
    }
    for (int i = 0; i < MAX_ROWS; i++) {
        rows[i] = i;
    }
    for (int pos = 0; pos < n; pos += chunk) {
        int count = n - pos < chunk ? n - pos : chunk;
        struct forward_run step = {.tokens = ids + pos,
                                   .n = count,
                                   .pos = pos,
                                   .blocks = blocks,
                                   .adapter = s->adapter};
        forward_step(s->forward, s->weights, &step, 1);
        forward_logits(s->forward, rows, count,
                       s->logits + (size_t)pos * (size_t)s->config->n_vocab);
    }
}

/* ---- Differences ---- */

struct report {
    double diff[8192];
    int n;
    double worst_top;
    int steps, missed;
    double missed_margin; /* the largest golden margin of a missed token */
};

static double log_sum_exp(const float *x, int n)
{
    double max = (double)x[0], sum = 0;
    for (int i = 1; i < n; i++) {
        max = fmax(max, (double)x[i]);
    }
    for (int i = 0; i < n; i++) {
        sum += exp((double)x[i] - max);
    }
    return max + log(sum);
}

static double number(const cJSON *array, int i)
{
    return cJSON_GetArrayItem(array, i)->valuedouble;
}

static void note(struct report *r, double ours, double golden)
{
    if (r->n < (int)(sizeof(r->diff) / sizeof(r->diff[0]))) r->diff[r->n++] = fabs(ours - golden);
}

static const cJSON *field(const cJSON *prompt, const char *name)
{
    return cJSON_GetObjectItem(prompt, name);
}

static void compare_top(const cJSON *top, const float *logits, int n_vocab, struct report *r)
{
    double norm = log_sum_exp(logits, n_vocab);
    for (int i = 0; i < cJSON_GetArraySize(top); i++) {
        const cJSON *row = cJSON_GetArrayItem(top, i);
        double ours = (double)logits[(int)number(row, 0)] - norm;
        r->worst_top = fmax(r->worst_top, fabs(ours - number(row, 2)));
    }
}

static void compare_greedy(const cJSON *prompt, const struct setup *s, int first, struct report *r)
{
    int n_vocab = s->config->n_vocab;
    const cJSON *ids = field(prompt, "greedy_ids");
    for (int i = 0; i < cJSON_GetArraySize(ids); i++) {
        const float *logits = s->logits + (size_t)(first + i) * (size_t)n_vocab;
        int golden = (int)number(ids, i);
        note(r, (double)logits[golden] - log_sum_exp(logits, n_vocab),
             number(field(prompt, "greedy_logprobs"), i));
        r->steps++;
        if (kernels_generic.argmax(logits, n_vocab) == golden) continue;
        r->missed++;
        r->missed_margin = fmax(r->missed_margin, number(field(prompt, "greedy_margins"), i));
    }
}

/* The prompt and all golden tokens but the last are fed at once. */
static void compare_prompt(const cJSON *prompt, struct setup *s, struct report *r)
{
    int ids[MAX_ROWS], n = 0, n_vocab = s->config->n_vocab;
    const cJSON *prompt_ids = field(prompt, "ids"), *greedy = field(prompt, "greedy_ids");
    int n_prompt = cJSON_GetArraySize(prompt_ids), n_greedy = cJSON_GetArraySize(greedy);
    assert_true(n_prompt + n_greedy <= MAX_ROWS);
    for (int i = 0; i < n_prompt; i++) {
        ids[n++] = (int)number(prompt_ids, i);
    }
    for (int i = 0; i + 1 < n_greedy; i++) {
        ids[n++] = (int)number(greedy, i);
    }
    run(s, ids, n, 50);
    for (int i = 1; i < n_prompt; i++) {
        const float *logits = s->logits + (size_t)(i - 1) * (size_t)n_vocab;
        note(r, (double)logits[ids[i]] - log_sum_exp(logits, n_vocab),
             number(field(prompt, "prompt_logprobs"), i));
    }
    const float *last = s->logits + (size_t)(n_prompt - 1) * (size_t)n_vocab;
    const cJSON *top = field(prompt, "last_top20");
    compare_top(top != NULL ? top : field(prompt, "first_top10"), last, n_vocab, r);
    compare_greedy(prompt, s, n_prompt - 1, r);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(const char *model, const char *how, struct report *r, const struct tolerance *t)
{
    double sum = 0;
    for (int i = 0; i < r->n; i++) {
        sum += r->diff[i];
    }
    assert_true(r->n > 0);
    qsort(r->diff, (size_t)r->n, sizeof(double), by_value);
    double mean = sum / r->n, max = r->diff[r->n - 1], p99 = r->diff[(r->n - 1) * 99 / 100];
    double median = r->diff[r->n / 2], p90 = r->diff[(r->n - 1) * 9 / 10];
    if (getenv("VERBOSE") != NULL) {
        print_message("%-50s %-14s median %.2g p90 %.2g mean %.2g p99 %.2g max %.2g top %.2g "
                      "missed %d/%d (%.2g)\n",
                      model, how, median, p90, mean, p99, max, r->worst_top, r->missed, r->steps,
                      r->missed_margin);
    }
    bool good = (t->max == 0 || max <= t->max) && (t->mean == 0 || mean <= t->mean) &&
                (t->p99 == 0 || p99 <= t->p99) && (t->median == 0 || median <= t->median) &&
                (t->p90 == 0 || p90 <= t->p90) && (t->top == 0 || r->worst_top <= t->top) &&
                (t->free_margin == 0 || r->missed_margin < t->free_margin) &&
                (t->free_margin < 1 || r->missed * 10 <= r->steps);
    if (!good) {
        fail_msg("%s, %s (%s): mean %g p99 %g max %g median %g p90 %g top %g missed %d of %d, "
                 "margin %g",
                 model, how, t->name, mean, p99, max, median, p90, r->worst_top, r->missed,
                 r->steps, r->missed_margin);
    }
}

static cJSON *read_json(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) fail_msg("no %s", path);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text = malloc((size_t)n + 1);
    text[fread(text, 1, (size_t)n, f)] = '\0';
    fclose(f);
    cJSON *json = cJSON_Parse(text);
    free(text);
    assert_non_null(json);
    return json;
}

static void compare(const struct how *how, const char *json_path, const char *title,
                    const struct tolerance *t)
{
    static struct report r;
    struct setup s;
    cJSON *json = read_json(json_path);
    memset(&r, 0, sizeof(r));
    open_setup(&s, how);
    const cJSON *prompt;
    cJSON_ArrayForEach(prompt, cJSON_GetObjectItem(json, "prompts"))
    {
        compare_prompt(prompt, &s, &r);
    }
    check(how->model, title, &r, t);
    close_setup(&s);
    cJSON_Delete(json);
}

/* The same ids as run() feeds, but in every step beside tokens of another sequence, without an adapter. */
static void run_in_a_batch(struct setup *s, const int *ids, int n, int chunk)
{
    int32_t own[BLOCKS / 2], others[BLOCKS / 2];
    int rows[MAX_ROWS];
    for (int i = 0; i < BLOCKS / 2; i++) {
        own[i] = BLOCKS - 1 - i;
        others[i] = i;
    }
    for (int pos = 0; pos < n; pos += chunk) {
        int count = n - pos < chunk ? n - pos : chunk;
        struct forward_run step[] = {
            {.tokens = ids + n - pos - count, .n = count, .pos = pos, .blocks = others},
            {.tokens = ids + pos,
             .n = count,
             .pos = pos,
             .blocks = own,
             .adapter = s->adapter}};
        for (int i = 0; i < count; i++) {
            rows[i] = count + i;
        }
        forward_step(s->forward, s->weights, step, 2);
        forward_logits(s->forward, rows, count,
                       s->logits + (size_t)pos * (size_t)s->config->n_vocab);
    }
}

/* Has it been asked so often? */
static bool count_down(void *left)
{
    return --*(int *)left <= 0;
}

/* The same, but each step is put aside for one of the other sequence, a layer later each time. */
static void run_put_aside(struct setup *s, const int *ids, int n, int chunk)
{
    int32_t own[BLOCKS / 2], others[BLOCKS / 2];
    int rows[MAX_ROWS], steps = 0;
    for (int i = 0; i < BLOCKS / 2; i++) {
        own[i] = BLOCKS - 1 - i;
        others[i] = i;
    }
    for (int pos = 0; pos < n; pos += chunk) {
        int count = n - pos < chunk ? n - pos : chunk;
        int left = 1 + steps++ % (s->config->n_layers > 1 ? s->config->n_layers - 1 : 1);
        struct forward_run step = {
            .tokens = ids + pos, .n = count, .pos = pos, .blocks = own, .adapter = s->adapter};
        struct forward_run other = {
            .tokens = ids + n - pos - count, .n = count, .pos = pos, .blocks = others};
        float *logits = s->logits + (size_t)pos * (size_t)s->config->n_vocab;
        for (int i = 0; i < count; i++) {
            rows[i] = i;
        }
        bool whole = forward_start(s->forward, s->weights, &step, 1, count_down, &left);
        assert_true(whole == (s->config->n_layers == 1));
        if (!whole) {
            forward_step(s->forward, s->weights, &other, 1);
            forward_logits(s->forward, rows, count, logits);
            forward_resume(s->forward, &step, 1);
        }
        forward_logits(s->forward, rows, count, logits);
    }
}

static void same_logits(const struct setup *s, const struct how *how, const float *want, int rows,
                        const char *title)
{
    size_t n_vocab = (size_t)s->config->n_vocab;
    for (size_t k = 0; k < (size_t)rows * n_vocab; k++) {
        if (memcmp(&want[k], &s->logits[k], sizeof(float)) == 0) continue;
        fail_msg("%s, %s, %s: row %zu logit %zu is %a, not %a", how->model, how->kernels->name,
                 title, k / n_vocab, k % n_vocab, (double)s->logits[k], (double)want[k]);
    }
}

/* Whether every set of kernels of this machine, any chunking, a batch, and steps put aside give the same bits. */
static void same_bits(const char *model, const char *weights, enum kv_type kv, const char *adapter)
{
    enum { N = 100 };
    int ids[N];
    float *want = NULL;
    for (int i = 0; kernels_at(i) != NULL; i++) {
        struct setup s;
        struct how how = {model, weights, false, kv, kernels_at(i), adapter};
        if (!kernels_at(i)->usable()) continue;
        open_setup(&s, &how);
        for (int j = 0; j < N; j++) {
            ids[j] = (j * 131 + 7) % s.config->n_vocab;
        }
        run(&s, ids, N, i == 0 ? N : 1 + i * 5);
        if (want == NULL) {
            size_t bytes = sizeof(float) * N * (size_t)s.config->n_vocab;
            want = malloc(bytes);
            memcpy(want, s.logits, bytes);
        }
        same_logits(&s, &how, want, N, "in chunks");
        run_in_a_batch(&s, ids, N, 9 + i * 7);
        same_logits(&s, &how, want, N, "in a batch");
        run_put_aside(&s, ids, N, 7 + i * 3);
        same_logits(&s, &how, want, N, "put aside");
        close_setup(&s);
    }
    free(want);
}

static void check_golden(const struct golden *g, const char *dir)
{
    char model[512], json[512];
    const char *adapter = g->adapter;
    const struct kernels *best = kernels_pick(NULL, NULL);
    snprintf(model, sizeof(model), "%s%s", dir, g->model);
    snprintf(json, sizeof(json), "%s%s", dir, g->json);
    compare(&(struct how){model, g->weights, true, KV_F32, best, adapter}, json, "reference", g->reference);
    compare(&(struct how){model, g->weights, false, KV_F32, best, adapter}, json, "fast, KV f32", g->f32);
    compare(&(struct how){model, g->weights, false, KV_F16, best, adapter}, json, "fast, KV f16", g->f16);
    same_bits(model, g->weights, KV_F16, adapter);
    same_bits(model, g->weights, KV_F32, adapter);
    same_bits(model, g->weights, KV_Q8_0, adapter);
}

/* ---- multi-token prediction ---- */

/* As run(), with the prediction of every row that has a token after it. */
static void run_predictions(struct setup *s, const int *ids, int n, int chunk)
{
    int32_t blocks[BLOCKS];
    int rows[MAX_ROWS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = (i * 7 + 3) % BLOCKS;
    }
    for (int pos = 0; pos + 1 < n; pos += chunk) {
        int count = n - 1 - pos < chunk ? n - 1 - pos : chunk, first = 0;
        struct forward_run run = {.tokens = ids + pos, .n = count, .pos = pos, .blocks = blocks};
        forward_step(s->forward, s->weights, &run, 1);
        run.tokens = ids + pos + 1;
        forward_predict(s->forward, &run, &first, 1);
        for (int i = 0; i < count; i++) {
            rows[i] = i;
        }
        forward_logits(s->forward, rows, count,
                       s->logits + (size_t)pos * (size_t)s->config->n_vocab);
    }
}

static void compare_drafts(const cJSON *mtp, const cJSON *prompt, struct setup *s, struct report *r)
{
    int ids[MAX_ROWS], n = 0, n_vocab = s->config->n_vocab;
    int n_prompt = cJSON_GetArraySize(field(prompt, "ids"));
    for (; n < n_prompt; n++) {
        ids[n] = (int)number(field(prompt, "ids"), n);
    }
    for (int i = 0; i < cJSON_GetArraySize(field(prompt, "greedy_ids")); i++) {
        ids[n++] = (int)number(field(prompt, "greedy_ids"), i);
    }
    run_predictions(s, ids, n, 23);
    const cJSON *probs = field(mtp, "token_logprobs"), *drafts = field(mtp, "draft_ids");
    for (int i = 0; i + 2 < n; i++) {
        const float *logits = s->logits + (size_t)i * (size_t)n_vocab;
        note(r, (double)logits[ids[i + 2]] - log_sum_exp(logits, n_vocab), number(probs, i + 2));
    }
    for (int j = 0; j < cJSON_GetArraySize(drafts); j++) {
        const float *logits = s->logits + (size_t)(n_prompt - 1 + j) * (size_t)n_vocab;
        double margin = number(field(mtp, "draft_margins"), j);
        r->steps++;
        if (kernels_generic.argmax(logits, n_vocab) == (int)number(drafts, j)) continue;
        r->missed++;
        r->missed_margin = fmax(r->missed_margin, margin);
    }
}

static void compare_predictions(const char *model, const char *json_path, bool reference)
{
    static struct report r;
    struct setup s;
    cJSON *json = read_json(json_path);
    memset(&r, 0, sizeof(r));
    open_setup(&s, &(struct how){model, NULL, reference, KV_F32, kernels_pick(NULL, NULL), NULL});
    for (int i = 0; i < cJSON_GetArraySize(field(json, "mtp")); i++) {
        compare_drafts(cJSON_GetArrayItem(field(json, "mtp"), i),
                       cJSON_GetArrayItem(field(json, "prompts"), i), &s, &r);
    }
    check(model, reference ? "MTP, reference" : "MTP, fast", &r, &exact);
    close_setup(&s);
    cJSON_Delete(json);
}

/* What the prediction layer says after every token of the golden texts. */
static inline void check_predictions(const char *model, const char *json)
{
    compare_predictions(model, json, true);
    compare_predictions(model, json, false);
}

#endif
