/* tests/bench/bench_forward.c - the forward pass alone: a prompt of 512, then decoding in batches.
 *
 *   bench_forward MODEL.gguf [threads [isa [batch]]]
 *
 * Prints tokens a second, and for each figure the share of its time that every stage of the pass
 * takes. A line says what a barrier costs: a layer has seven. Limits of the machine are
 * bench_kernels' and `touchstone bench`'s business. batch picks one batch of decodes, and no
 * prompt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/forward/forward.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/pool.h"
#include "engine/forward/weights.h"
#include "tests/bench/median.h"

enum { PROMPT = 512, CONTEXT = 512, MAX_BATCH = 64, REPEATS = 5, DECODES = 64 };

struct bench {
    const struct model_config *config;
    struct forward *forward;
    const struct weights *weights;
    float *logits;
    int32_t blocks[MAX_BATCH][CONTEXT / KV_BLOCK];
    int tokens[CONTEXT];
    uint64_t ns[FORWARD_STAGES]; /* of the case at work */
};

/* With $CPU_TIME and one thread: what a busy machine would have taken alone. */
static double seconds(void)
{
    return (double)(getenv("CPU_TIME") != NULL ? clock_cpu_ns() : clock_ns()) * 1e-9;
}

/* Seconds to run a prompt of n tokens and get the last row's logits. */
static double prompt(struct bench *b, int n, int chunk)
{
    double begin = seconds();
    for (int pos = 0; pos < n; pos += chunk) {
        int count = n - pos < chunk ? n - pos : chunk;
        struct forward_run run = {
            .tokens = b->tokens + pos, .n = count, .pos = pos, .blocks = b->blocks[0]};
        forward_step(b->forward, b->weights, &run, 1);
        int last = count - 1;
        if (pos + count == n) forward_logits(b->forward, &last, 1, b->logits);
    }
    return seconds() - begin;
}

/* Seconds for one token of each of n sequences at position pos. */
static double decode(struct bench *b, int n, int pos)
{
    struct forward_run runs[MAX_BATCH];
    int rows[MAX_BATCH];
    for (int i = 0; i < n; i++) {
        runs[i] = (struct forward_run){
            .tokens = b->tokens + i, .n = 1, .pos = pos, .blocks = b->blocks[i]};
        rows[i] = i;
    }
    double begin = seconds();
    forward_step(b->forward, b->weights, runs, n);
    forward_logits(b->forward, rows, n, b->logits);
    return seconds() - begin;
}

static const char *const stage_names[FORWARD_STAGES] = {
    [STAGE_EMBED] = "embed",     [STAGE_INPUTS] = "inputs",       [STAGE_QKV] = "qkv",
    [STAGE_CACHE] = "cache",     [STAGE_ATTENTION] = "attention", [STAGE_O] = "o",
    [STAGE_GATE_UP] = "gate+up", [STAGE_DOWN] = "down",           [STAGE_OUTPUT] = "output"};

static void print_head(void)
{
    printf("%-12s %10s %10s ", "", "tokens/s", "ms");
    for (int i = 0; i < FORWARD_STAGES; i++) {
        printf(" %9s", stage_names[i]);
    }
    printf("  (%% of the time)\n");
}

/* A row of the table, and the clocks start again. */
static void report(struct bench *b, const char *what, int n, double *times, int count)
{
    double t = median(times, count), all = 0;
    for (int i = 0; i < FORWARD_STAGES; i++) {
        all += (double)b->ns[i];
    }
    printf("%-7s %4d %10.1f %10.3f ", what, n, n / t, t * 1e3);
    for (int i = 0; i < FORWARD_STAGES; i++) {
        printf(" %9.1f", 100 * (double)b->ns[i] / all);
    }
    printf("\n");
    fflush(stdout);
    memset(b->ns, 0, sizeof(b->ns));
}

static void empty_task(void *arg, int task, int thread)
{
    (void)arg;
    (void)task;
    (void)thread;
}

static void report_barrier(struct pool *pool)
{
    enum { BARRIERS = 10000 };
    uint64_t begin = clock_ns();
    for (int i = 0; i < BARRIERS; i++) {
        pool_run(pool, empty_task, NULL, pool_threads(pool));
    }
    printf("a barrier of %d threads: %.2f us\n", pool_threads(pool),
           (double)(clock_ns() - begin) * 1e-3 / BARRIERS);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    static struct bench b;
    if (argc < 2) {
        return fprintf(stderr, "usage: bench_forward MODEL.gguf [threads [isa [batch]]]\n"), 2;
    }
    struct model *m = model_open(argv[1], &err);
    struct pool *pool = pool_new(argc > 2 ? atoi(argv[2]) : 0, false, &err);
    const struct kernels *kernels = kernels_pick(argc > 3 ? argv[3] : NULL, &err);
    int only = argc > 4 ? atoi(argv[4]) : 0;
    if (m == NULL || pool == NULL || kernels == NULL) {
        return fprintf(stderr, "%s\n", err.message), 1;
    }
    double begin = seconds();
    struct weights *w = weights_pack(m, &(struct weights_plan){.quantise = -1}, pool, &err);
    if (w == NULL) return fprintf(stderr, "%s\n", err.message), 1;
    printf("%s, %s, %d threads; packed %.1f MB in %.2f s\n", argv[1], kernels->name,
           pool_threads(pool), (double)w->bytes * 1e-6, seconds() - begin);
    b.config = model_config(m);
    struct kv_store *kv = kv_store_new(b.config, KV_F16, MAX_BATCH * CONTEXT / KV_BLOCK, &err);
    b.weights = w;
    b.forward = forward_new(b.config, kernels, kv, pool, PROMPT, &err);
    if (kv == NULL || b.forward == NULL || !forward_reserve(b.forward, w, &err)) {
        return fprintf(stderr, "%s\n", err.message), 1;
    }
    b.logits = malloc(sizeof(float) * MAX_BATCH * (size_t)b.config->n_vocab);
    for (int i = 0; i < MAX_BATCH * CONTEXT / KV_BLOCK; i++) {
        b.blocks[i / (CONTEXT / KV_BLOCK)][i % (CONTEXT / KV_BLOCK)] = i;
    }
    for (int i = 0; i < CONTEXT; i++) {
        b.tokens[i] = (i * 7919 + 13) % b.config->n_vocab;
    }
    double times[DECODES];
    for (int i = 0; i < DECODES; i++) {
        decode(&b, only != 0 ? only : MAX_BATCH, 128 + i); /* touch the cache's memory */
    }
    report_barrier(pool);
    print_head();
    forward_time(b.forward, b.ns);
    for (int i = 0; i < REPEATS && only == 0; i++) {
        times[i] = prompt(&b, PROMPT, PROMPT);
    }
    if (only == 0) report(&b, "prompt", PROMPT, times, REPEATS);
    static const int batches[] = {1, 2, 4, 8, 16, 32, 64};
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        int n = batches[i];
        if (only != 0 && n != only) continue;
        for (int j = 0; j < DECODES; j++) {
            times[j] = decode(&b, n, 128 + j);
        }
        report(&b, "decode", n, times, DECODES);
    }
    free(b.logits);
    forward_free(b.forward);
    kv_store_free(kv);
    weights_free(w);
    pool_free(pool);
    model_close(m);
    return 0;
}
