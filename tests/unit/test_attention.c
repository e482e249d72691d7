/* tests/unit/test_attention.c - attention over long contexts: the same bits however it is cut.
 *
 * Keys and values of one sequence, queries of a thousand positions. A row's result must not
 * depend on how many threads there are, on the queries that share its step (a long prompt is cut
 * by tiles, a few tokens by splits of the keys), or on the instruction set. One row is checked
 * against sums in double.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/forward/attention.h"
#include "engine/forward/kv_store.h"

enum { CONTEXT = 1040, BLOCKS = CONTEXT / KV_BLOCK, DIM = 32, LAYER = 1 };

/* Of a cached sequence: what was stored, and the store. */
struct sequence_case {
    struct model_config config;
    struct kv_store *kv;
    int32_t blocks[BLOCKS];
    float *k, *v; /* [CONTEXT, n_kv_heads, DIM] */
    float *q;     /* [CONTEXT, n_heads, DIM] */
};

static uint32_t state_of_random;

static float *draw_floats(int n, float scale)
{
    float *x = mem_new_aligned((size_t)n, sizeof(float), NULL);
    assert_non_null(x);
    for (int i = 0; i < n; i++) {
        state_of_random = state_of_random * 1664525u + 1013904223u;
        x[i] = ((float)(state_of_random >> 8) / 8388608.0f - 1.0f) * scale;
    }
    return x;
}

static void open_case(struct sequence_case *c, enum kv_type type, int n_heads, int n_kv_heads)
{
    memset(c, 0, sizeof(*c));
    state_of_random = 7;
    c->config.n_layers = LAYER + 1;
    c->config.n_heads = n_heads;
    c->config.n_kv_heads = n_kv_heads;
    c->config.head_dim = DIM;
    c->kv = kv_store_new(&c->config, type, BLOCKS, NULL);
    assert_non_null(c->kv);
    c->k = draw_floats(CONTEXT * n_kv_heads * DIM, 2);
    c->v = draw_floats(CONTEXT * n_kv_heads * DIM, 10);
    c->q = draw_floats(CONTEXT * n_heads * DIM, 1);
    for (int i = 0; i < BLOCKS; i++) {
        c->blocks[i] = i * 7 % BLOCKS;
    }
    for (int i = 0; i < CONTEXT * n_kv_heads; i++) {
        int pos = i / n_kv_heads;
        size_t stride;
        uint8_t *at = kv_store_at(c->kv, LAYER, i % n_kv_heads, &stride);
        kernels_generic.kv_put(at + (size_t)c->blocks[pos / KV_BLOCK] * stride,
                               kv_store_shape(c->kv), pos % KV_BLOCK, c->k + i * DIM,
                               c->v + i * DIM);
    }
}

static void close_case(struct sequence_case *c)
{
    kv_store_free(c->kv);
    free(c->k);
    free(c->v);
    free(c->q);
}

/* Attention of positions [pos, pos + n), in one step with `others` tokens at the sequence's beginning: out [n, n_heads * DIM]. */
static void attend(const struct sequence_case *c, const struct kernels *kernels, int n_threads,
                   int pos, int n, int others, float *out)
{
    int width = c->config.n_heads * DIM, rows = n + others, token = 0;
    float *q = mem_new_aligned((size_t)(rows * width), sizeof(float), NULL);
    float *all = mem_new_aligned((size_t)(rows * width), sizeof(float), NULL);
    struct pool *pool = pool_new(n_threads, false, NULL);
    struct compute compute;
    assert_true(compute_init(&compute, kernels, pool, width, NULL));
    struct attention *a = attention_new(&compute, c->kv, c->config.n_heads, 0.25f, rows, NULL);
    assert_non_null(a);
    memcpy(q, c->q, (size_t)(others * width) * sizeof(float));
    memcpy(q + others * width, c->q + pos * width, (size_t)(n * width) * sizeof(float));
    struct forward_run runs[2] = {{.tokens = &token, .n = others, .pos = 0, .blocks = c->blocks},
                                  {.tokens = &token, .n = n, .pos = pos, .blocks = c->blocks}};
    attention_begin(a, others > 0 ? runs : runs + 1, others > 0 ? 2 : 1);
    attention_layer(a, LAYER, q, width, all, width);
    memcpy(out, all + others * width, (size_t)(n * width) * sizeof(float));
    attention_free(a);
    compute_clear(&compute);
    pool_free(pool);
    free(q);
    free(all);
}

static void same(const float *want, const float *got, int n, const char *what, const char *set)
{
    for (int i = 0; i < n; i++) {
        if (memcmp(&want[i], &got[i], sizeof(float)) == 0) continue;
        fail_msg("%s, %s: element %d is %a, not %a", what, set, i, (double)got[i], (double)want[i]);
    }
}

/* Rows [pos, pos + n) one by one on a single thread and generic kernels, then in every other way. */
static void check(const struct sequence_case *c, const char *name, int pos, int n)
{
    static const int threads[] = {1, 2, 3, 8};
    int width = c->config.n_heads * DIM;
    float *want = mem_new_aligned((size_t)(n * width), sizeof(float), NULL);
    float *got = mem_new_aligned((size_t)(n * width), sizeof(float), NULL);
    char what[96];
    for (int i = 0; i < n; i++) {
        attend(c, &kernels_generic, 1, pos + i, 1, 0, want + i * width);
    }
    for (int set = 0; kernels_at(set) != NULL; set++) {
        const struct kernels *kernels = kernels_at(set);
        for (size_t t = 0; kernels->usable() && t < sizeof(threads) / sizeof(threads[0]); t++) {
            for (int others = 0; others <= 40; others += 40) {
                snprintf(what, sizeof(what), "%s, %d from %d, %d threads, %d others", name, n, pos,
                         threads[t], others);
                attend(c, kernels, threads[t], pos, n, others, got);
                same(want, got, n * width, what, kernels->name);
            }
        }
    }
    free(want);
    free(got);
}

static void test_long_contexts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum kv_type type;
        int n_heads, n_kv_heads;
    } cases[] = {
        {"f16, groups of 3", KV_F16, 6, 2},
        {"f32, no groups", KV_F32, 2, 2},
        {"q8_0, a group of 16", KV_Q8_0, 16, 1},
    };
    static const int spans[][2] = {{255, 3}, {256, 1}, {700, 20}, {1023, 2}, {1039, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sequence_case c;
        open_case(&c, cases[i].type, cases[i].n_heads, cases[i].n_kv_heads);
        for (size_t s = 0; s < sizeof(spans) / sizeof(spans[0]); s++) {
            check(&c, cases[i].name, spans[s][0], spans[s][1]);
        }
        close_case(&c);
    }
}

/* One token of each of n sequences, in one step: out [n, n_heads * DIM]. */
static void attend_each(const struct sequence_case *c, const struct kernels *kernels, int n_threads,
                        const struct forward_run *runs, int n, float *out)
{
    int width = c->config.n_heads * DIM;
    float *q = mem_new_aligned((size_t)(n * width), sizeof(float), NULL);
    struct pool *pool = pool_new(n_threads, false, NULL);
    struct compute compute;
    assert_true(compute_init(&compute, kernels, pool, width, NULL));
    struct attention *a = attention_new(&compute, c->kv, c->config.n_heads, 0.25f, n, NULL);
    assert_non_null(a);
    for (int i = 0; i < n; i++) {
        memcpy(q + i * width, c->q + runs[i].pos * width, (size_t)width * sizeof(float));
    }
    attention_begin(a, runs, n);
    attention_layer(a, LAYER, q, width, out, width);
    attention_free(a);
    compute_clear(&compute);
    pool_free(pool);
    free(q);
}

/* Samples of one prompt: tables that are the same up to some block, for each another one, and lengths
 * from less than a split to all. */
static void check_group(const struct sequence_case *c, const char *name)
{
    enum { SAMPLES = 17 };
    static int32_t tables[SAMPLES][BLOCKS];
    static const int threads[] = {1, 3, 8};
    struct forward_run runs[SAMPLES];
    int width = c->config.n_heads * DIM, token = 0;
    float *want = mem_new_aligned((size_t)(SAMPLES * width), sizeof(float), NULL);
    float *got = mem_new_aligned((size_t)(SAMPLES * width), sizeof(float), NULL);
    for (int i = 0; i < SAMPLES; i++) {
        int same = i * 29 % (BLOCKS + 1);
        for (int b = 0; b < BLOCKS; b++) {
            tables[i][b] = b < same ? c->blocks[b] : c->blocks[(b + i) % BLOCKS];
        }
        runs[i] = (struct forward_run){
            .tokens = &token, .n = 1, .pos = CONTEXT - 1 - i * i * 4 % 900, .blocks = tables[i]};
        attend_each(c, &kernels_generic, 1, &runs[i], 1, want + i * width);
    }
    for (int set = 0; kernels_at(set) != NULL; set++) {
        for (size_t t = 0; kernels_at(set)->usable() && t < 3; t++) {
            for (int n = 2; n <= SAMPLES; n += 5) {
                attend_each(c, kernels_at(set), threads[t], runs, n, got);
                same(want, got, n * width, name, kernels_at(set)->name);
            }
        }
    }
    free(want);
    free(got);
}

static void test_samples_of_one_prompt(void **state)
{
    (void)state;
    static const int heads[][2] = {{6, 2}, {2, 2}, {10, 2}, {8, 1}, {14, 2}, {16, 1}};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct sequence_case c;
        char name[48];
        snprintf(name, sizeof(name), "%d heads of %d", heads[i][0], heads[i][1]);
        open_case(&c, i % 2 == 0 ? KV_F16 : KV_Q8_0, heads[i][0], heads[i][1]);
        check_group(&c, name);
        close_case(&c);
    }
}

/* Position 1,000 of a head against softmax in double. */
static void test_is_attention(void **state)
{
    (void)state;
    enum { POS = 1000, HEADS = 4, HEAD = 3 };
    struct sequence_case c;
    float out[HEADS * DIM];
    double sum = 0, want[DIM] = {0};
    open_case(&c, KV_F32, HEADS, 2);
    attend(&c, kernels_pick(NULL, NULL), 2, POS, 1, 0, out);
    for (int j = 0; j <= POS; j++) {
        const float *k = c.k + (j * 2 + HEAD / 2) * DIM, *v = c.v + (j * 2 + HEAD / 2) * DIM;
        double score = 0;
        for (int d = 0; d < DIM; d++) {
            score += 0.25 * (double)c.q[(POS * HEADS + HEAD) * DIM + d] * (double)k[d];
        }
        sum += exp(score);
        for (int d = 0; d < DIM; d++) {
            want[d] += exp(score) * (double)v[d];
        }
    }
    for (int d = 0; d < DIM; d++) {
        double ours = (double)out[HEAD * DIM + d];
        if (fabs(ours - want[d] / sum) > 1e-4) fail_msg("%d: %g, not %g", d, ours, want[d] / sum);
    }
    close_case(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_contexts),
        cmocka_unit_test(test_samples_of_one_prompt),
        cmocka_unit_test(test_is_attention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
