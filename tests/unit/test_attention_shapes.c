/* tests/unit/test_attention_shapes.c - attention for every shape of heads: right, and the same
 * bits however it is dealt.
 *
 * Group sizes, head sizes and contexts are chosen so that groups are cut, contexts are split,
 * tiles hold several queries and not, and tasks are few or many for the threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/forward/attention.h"

enum {
    POSITIONS = 600,
    BLOCKS = POSITIONS / KV_BLOCK + 1,
    LAST = 40 /* queries that are computed */
};

static const struct {
    const char *name;
    struct model_config config;
} cases[] = {
    {"one key head each", {.n_layers = 1, .n_heads = 3, .n_kv_heads = 3, .head_dim = 16}},
    {"groups of 4", {.n_layers = 1, .n_heads = 8, .n_kv_heads = 2, .head_dim = 24}},
    {"groups of 13", {.n_layers = 1, .n_heads = 26, .n_kv_heads = 2, .head_dim = 16}},
    {"one group of 40", {.n_layers = 1, .n_heads = 40, .n_kv_heads = 1, .head_dim = 32}},
    {"latent, 5 heads", {.n_layers = 1, .n_heads = 5, .mla = {.kv_rank = 24, .rope_dim = 8}}},
    {"latent, 30 heads", {.n_layers = 1, .n_heads = 30, .mla = {.kv_rank = 40, .rope_dim = 10}}},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* Keys and values of every position, and queries of the last ones. */
struct data {
    struct model_config config;
    int kv_heads, k_dim, v_dim;
    float *k, *v; /* [POSITIONS, kv_heads, dim]; v NULL: a latent */
    float *q;     /* [LAST, n_heads, k_dim] */
};

static float *draw(size_t n, uint32_t seed)
{
    float *x = mem_new(n, sizeof(float), NULL);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (float)(1 << 23) - 1;
    }
    return x;
}

static struct data draw_data(const struct model_config *c)
{
    bool latent = c->mla.kv_rank > 0;
    struct data d = {.config = *c,
                     .kv_heads = latent ? 1 : c->n_kv_heads,
                     .k_dim = latent ? c->mla.kv_rank + c->mla.rope_dim : c->head_dim,
                     .v_dim = latent ? c->mla.kv_rank : c->head_dim};
    d.k = draw((size_t)(POSITIONS * d.kv_heads * d.k_dim), 1);
    d.v = latent ? NULL : draw((size_t)(POSITIONS * d.kv_heads * d.v_dim), 2);
    d.q = draw((size_t)(LAST * c->n_heads * d.k_dim), 3);
    return d;
}

static void free_data(struct data *d)
{
    free(d->k);
    free(d->v);
    free(d->q);
}

static void fill_store(const struct data *d, struct kv_store *store, const struct kernels *kernels,
                       const int32_t *blocks)
{
    for (int i = 0; i < POSITIONS * d->kv_heads; i++) {
        size_t stride;
        int pos = i / d->kv_heads;
        uint8_t *base = kv_store_at(store, 0, i % d->kv_heads, &stride);
        kernels->kv_put(base + (size_t)blocks[pos / KV_BLOCK] * stride, kv_store_shape(store),
                        pos % KV_BLOCK, d->k + i * d->k_dim,
                        d->v == NULL ? NULL : d->v + i * d->v_dim);
    }
}

/* Attention of the last positions, `chunk` of them a step: out [LAST, n_heads, v_dim]. */
static void compute(const struct data *d, const struct kernels *kernels, int threads, int chunk,
                    float *out)
{
    int32_t blocks[BLOCKS];
    int tokens[LAST] = {0}, n_heads = d->config.n_heads;
    struct compute c;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = (i * 5 + 3) % BLOCKS;
    }
    struct pool *pool = pool_new(threads, false, NULL);
    struct kv_store *store = kv_store_new(&d->config, KV_F32, BLOCKS, NULL);
    assert_true(compute_init(&c, kernels, pool, 64, NULL));
    struct attention *a = attention_new(&c, store, n_heads, 0.3f, LAST, NULL);
    assert_non_null(a);
    fill_store(d, store, kernels, blocks);
    for (int row = 0; row < LAST; row += chunk) {
        int n = LAST - row < chunk ? LAST - row : chunk;
        struct forward_run run = {
            .tokens = tokens, .n = n, .pos = POSITIONS - LAST + row, .blocks = blocks};
        attention_begin(a, &run, 1);
        attention_layer(a, 0, d->q + row * n_heads * d->k_dim, n_heads * d->k_dim,
                        out + row * n_heads * d->v_dim, n_heads * d->v_dim);
    }
    attention_free(a);
    compute_clear(&c);
    kv_store_free(store);
    pool_free(pool);
}

/* One head of one query in double precision. */
static void check_head(const struct data *d, int row, int head, const float *got, const char *name)
{
    double p[POSITIONS], sum = 0;
    int n = POSITIONS - LAST + row + 1, kv_head = head / (d->config.n_heads / d->kv_heads);
    const float *q = d->q + (row * d->config.n_heads + head) * d->k_dim;
    for (int j = 0; j < n; j++) {
        double score = 0;
        for (int i = 0; i < d->k_dim; i++) {
            score += (double)q[i] * (double)d->k[(j * d->kv_heads + kv_head) * d->k_dim + i];
        }
        p[j] = exp(score * (double)0.3f);
        sum += p[j];
    }
    for (int i = 0; i < d->v_dim; i++) {
        double want = 0;
        for (int j = 0; j < n; j++) {
            const float *v =
                d->v == NULL ? d->k + j * d->k_dim : d->v + (j * d->kv_heads + kv_head) * d->v_dim;
            want += p[j] / sum * (double)v[i];
        }
        if (fabs(want - (double)got[i]) > 1e-5) {
            fail_msg("%s: row %d head %d: %g, not %g", name, row, head, (double)got[i], want);
        }
    }
}

static void attention_is_right(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct data d = draw_data(&cases[i].config);
        int width = d.config.n_heads * d.v_dim;
        float *out = mem_new((size_t)(LAST * width), sizeof(float), NULL);
        compute(&d, kernels_pick(NULL, NULL), 2, LAST, out);
        for (int row = 0; row < LAST; row += 13) {
            for (int h = 0; h < d.config.n_heads; h++) {
                check_head(&d, row, h, out + row * width + h * d.v_dim, cases[i].name);
            }
        }
        free(out);
        free_data(&d);
    }
}

static void the_bits_do_not_depend_on_the_dealing(void **state)
{
    static const struct {
        int threads, chunk;
    } ways[] = {{1, LAST}, {2, 1}, {3, 7}, {8, 1}, {8, LAST}};
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct data d = draw_data(&cases[i].config);
        size_t n = (size_t)(LAST * d.config.n_heads * d.v_dim);
        float *want = mem_new(n, sizeof(float), NULL), *got = mem_new(n, sizeof(float), NULL);
        compute(&d, kernels_pick(NULL, NULL), 1, 1, want);
        for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++) {
            compute(&d, kernels_pick(NULL, NULL), ways[j].threads, ways[j].chunk, got);
            if (memcmp(want, got, n * sizeof(float)) != 0) {
                fail_msg("%s: %d threads, %d rows a step", cases[i].name, ways[j].threads,
                         ways[j].chunk);
            }
        }
        free(want);
        free(got);
        free_data(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(attention_is_right),
                                       cmocka_unit_test(the_bits_do_not_depend_on_the_dealing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
