/* tests/bench/bench_adapters.c - what adapters cost: a batch of decodes without them, and with 8 of rank 16.
 *
 *   bench_adapters MODEL [threads [isa [batch [rank]]]]
 *
 * Steps without and with adapters by turns, so that whatever else the machine does falls on both. The adapters
 * are random and add to every product of every dense layer; neighbouring samples have different ones. Prints the
 * median of each and the share of the throughput that is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "engine/adapter/sites.h"
#include "engine/forward/forward.h"
#include "engine/forward/pool.h"
#include "engine/forward/weights.h"
#include "engine/kernels/kernels.h"
#include "tests/bench/median.h"

enum { CONTEXT = 512, MAX_BATCH = 64, ROUNDS = 60, ADAPTERS = 8 };

struct bench {
    const struct model *model;
    struct forward *forward;
    const struct weights *weights;
    struct adapter *adapters[ADAPTERS];
    float *logits;
    int32_t blocks[MAX_BATCH][CONTEXT / KV_BLOCK];
    int batch;
};

static const char *const modules[] = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                      "self_attn.o_proj", "mlp.gate_proj",    "mlp.up_proj",
                                      "mlp.down_proj"};

static float *random_floats(struct adapter *a, size_t n, float scale)
{
    static uint32_t state = 1;
    static float *next, *end; /* in large pages, as adapter/read.c has them */
    (void)a;
    if (next == NULL || next + n > end) {
        next = aligned_alloc(2 << 20, 64 << 20);
        end = next + (64 << 20) / sizeof(*next);
        madvise(next, 64 << 20, MADV_HUGEPAGE);
    }
    float *p = next;
    next += (n + 15) / 16 * 16;
    for (size_t i = 0; p != NULL && i < n; i++) {
        state = state * 1664525u + 1013904223u;
        p[i] = ((float)(state >> 8) / (float)(1 << 24) - 0.5f) * scale;
    }
    return p;
}

static void add_module(struct adapter *a, const struct adapter_place *p, int rank)
{
    struct adapter_parts *parts = &a->layers[p->layer];
    struct adapter_down *down = &parts->down[p->input];
    parts->touched[p->input] = true;
    struct adapter_up up = {.rank = rank, .at = down->rank};
    down->k = p->k;
    down->rank += rank;
    down->ld = (down->rank + 15) / 16 * 16;
    down->a = random_floats(a, (size_t)down->k * (size_t)down->ld, 0.05f);
    up.b = random_floats(a, (size_t)rank * (size_t)((p->n + 31) / 32 * 32), 0.05f);
    parts->up[p->site] = up;
    if (a->max_ld < down->ld) a->max_ld = down->ld;
}

static struct adapter *random_adapter(const struct model *m, int rank)
{
    int layers = model_config(m)->n_layers;
    struct arena *arena = arena_new((size_t)8 << 30);
    struct adapter *a = arena_alloc(arena, 1, sizeof(*a));
    a->arena = arena;
    a->content = 1;
    a->n_layers = layers;
    atomic_init(&a->holders, 1);
    a->layers = arena_alloc(arena, (size_t)layers, sizeof(*a->layers));
    for (int layer = 0; layer < layers; layer++) {
        for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
            char name[100];
            struct adapter_place p;
            snprintf(name, sizeof(name), "model.layers.%d.%s", layer, modules[i]);
            if (adapter_place(m, span_str(name), &p) == NULL) add_module(a, &p, rank);
        }
    }
    return a;
}

/* With $CPU_TIME and one thread: what a busy machine would have taken alone. */
static uint64_t tick(void)
{
    return getenv("CPU_TIME") != NULL ? clock_cpu_ns() : clock_ns();
}

/* Seconds for one token of each sample. */
static double decode(const struct bench *b, int pos, bool adapters)
{
    struct forward_run runs[MAX_BATCH];
    int rows[MAX_BATCH], tokens[MAX_BATCH];
    for (int i = 0; i < b->batch; i++) {
        tokens[i] = (i * 7919 + pos) % model_config(b->model)->n_vocab;
        runs[i] =
            (struct forward_run){.tokens = tokens + i, .n = 1, .pos = pos, .blocks = b->blocks[i]};
        if (adapters) runs[i].adapter = b->adapters[i % ADAPTERS];
        rows[i] = i;
    }
    uint64_t begin = tick();
    forward_step(b->forward, b->weights, runs, b->batch);
    forward_logits(b->forward, rows, b->batch, b->logits);
    return (double)(tick() - begin) * 1e-9;
}

static void measure(const struct bench *b, int rank)
{
    double without[ROUNDS], with[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        without[i] = decode(b, 128 + i, false);
        with[i] = decode(b, 128 + i, true);
    }
    double t0 = median(without, ROUNDS), t1 = median(with, ROUNDS);
    printf("batch %d: %.1f tokens/s without adapters, %.1f with %d of rank %d: %.0f %%\n", b->batch,
           b->batch / t0, b->batch / t1, ADAPTERS, rank, 100 * t0 / t1);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    static struct bench b;
    if (argc < 2) {
        return fprintf(stderr, "usage: bench_adapters MODEL [threads [isa [batch [rank]]]]\n"), 2;
    }
    struct model *m = model_open(argv[1], &err);
    struct pool *pool = pool_new(argc > 2 ? atoi(argv[2]) : 0, false, &err);
    const struct kernels *kernels =
        kernels_pick(argc > 3 && argv[3][0] != '\0' ? argv[3] : NULL, &err);
    b.batch = argc > 4 ? atoi(argv[4]) : 32;
    int rank = argc > 5 ? atoi(argv[5]) : 16;
    if (m == NULL || pool == NULL || kernels == NULL || b.batch < 1 || b.batch > MAX_BATCH) {
        return fprintf(stderr, "%s\n", err.message), 1;
    }
    b.model = m;
    struct weights *w = weights_pack(m, &(struct weights_plan){.quantise = -1}, pool, &err);
    struct kv_store *kv =
        kv_store_new(model_config(m), KV_F16, MAX_BATCH * CONTEXT / KV_BLOCK, &err);
    b.weights = w;
    b.forward = forward_new(model_config(m), kernels, kv, pool, MAX_BATCH, &err);
    if (w == NULL || kv == NULL || b.forward == NULL || !forward_reserve(b.forward, w, &err)) {
        return fprintf(stderr, "%s\n", err.message), 1;
    }
    for (int i = 0; i < ADAPTERS; i++) {
        b.adapters[i] = random_adapter(m, rank);
        if (!forward_reserve_adapter(b.forward, b.adapters[i], &err)) return 1;
    }
    b.logits = malloc(sizeof(float) * MAX_BATCH * (size_t)model_config(m)->n_vocab);
    for (int i = 0; i < MAX_BATCH * CONTEXT / KV_BLOCK; i++) {
        b.blocks[i / (CONTEXT / KV_BLOCK)][i % (CONTEXT / KV_BLOCK)] = i;
    }
    printf("%s, %s, %d threads\n", argv[1], kernels->name, pool_threads(pool));
    measure(&b, rank);
    for (int i = 0; i < ADAPTERS; i++) {
        adapter_release(b.adapters[i]);
    }
    free(b.logits);
    forward_free(b.forward);
    kv_store_free(kv);
    weights_free(w);
    pool_free(pool);
    model_close(m);
    return 0;
}
