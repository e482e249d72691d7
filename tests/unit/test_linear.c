/* tests/unit/test_linear.c - products of a step's rows: the same bits however they are cut.
 *
 * Shapes with odd last panels, one to several hundred rows (one tile, several, several chunks),
 * one to eight threads; each against the generic kernels on one thread, and these against rows
 * taken one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/forward/linear.h"

enum { MAX_ROWS = 400, K = 96, MAX_N = 200 };

static uint32_t state_of_random = 99;

static uint32_t draw(uint32_t below)
{
    state_of_random = state_of_random * 1664525u + 1013904223u;
    return (state_of_random >> 8) % below;
}

static void *memory(size_t bytes)
{
    void *p = mem_new_aligned(1, bytes, NULL);
    assert_non_null(p);
    return p;
}

/* A packed matrix [n, k]: small numbers, halves that are no NaN. */
static struct matrix new_matrix(enum quant type, int n, int k)
{
    struct matrix m = {.n = n, .k = k, .count = 1};
    panels_init(&m.panels, type, n, k);
    uint8_t *data = memory(panels_bytes(&m.panels));
    for (size_t i = 0; i < panels_bytes(&m.panels); i++) {
        data[i] = (uint8_t)draw(256) & 0x3b;
    }
    m.panels.data = data;
    return m;
}

static void free_matrix(struct matrix *m)
{
    free((void *)(uintptr_t)m->panels.data);
}

struct layer {
    struct matrix a, b, gate, up, down;
    float *x;    /* [MAX_ROWS, K] */
    float *bias; /* [a.n] */
};

/* What a layer computes: x a + bias, twice x b (once written, once added), SwiGLU(x gate, x up) down. */
struct result {
    float *a, *b, *down;
};

static void compute_layer(const struct layer *l, const struct kernels *kernels, int n_threads,
                          int row, int rows, const struct result *to)
{
    struct pool *pool = pool_new(n_threads, false, NULL);
    struct compute c;
    struct input in, ff;
    struct input_forms in_wants = {0}, ff_wants = {0};
    assert_true(compute_init(&c, kernels, pool, K, NULL));
    matrix_wants(&l->a, &in_wants);
    matrix_wants(&l->down, &ff_wants);
    input_init(&in, K, rows);
    input_init(&ff, l->gate.n, rows);
    assert_true(input_reserve(&in, in_wants, NULL) && input_reserve(&ff, ff_wants, NULL));
    input_use(&in, in_wants);
    input_use(&ff, ff_wants);
    input_fill(&c, &in, rows, l->x + row * K, K, NULL, 0);
    struct product p[] = {{.w = &l->a, .out = to->a + row * MAX_N, .ld = MAX_N, .bias = l->bias},
                          {.w = &l->b, .out = to->b + row * MAX_N, .ld = MAX_N}};
    struct product again = {.w = &l->b, .out = to->b + row * MAX_N, .ld = MAX_N, .add = true};
    struct product down = {.w = &l->down, .out = to->down + row * MAX_N, .ld = MAX_N};
    c.next = &l->gate;
    linear_products(&c, &in, p, 2);
    linear_products(&c, &in, &again, 1);
    linear_swiglu(&c, (struct linear_job){.in = &in, .gate = &l->gate, .up = &l->up, .out = &ff});
    linear_products(&c, &ff, &down, 1);
    input_clear(&in);
    input_clear(&ff);
    compute_clear(&c);
    pool_free(pool);
}

static struct result new_result(void)
{
    size_t bytes = sizeof(float) * MAX_ROWS * MAX_N;
    return (struct result){memory(bytes), memory(bytes), memory(bytes)};
}

static void free_result(struct result *r)
{
    free(r->a);
    free(r->b);
    free(r->down);
}

static void same(const float *want, const float *got, int rows, const char *what)
{
    for (int i = 0; i < rows * MAX_N; i++) {
        if (memcmp(&want[i], &got[i], sizeof(float)) == 0) continue;
        fail_msg("%s: row %d column %d is %a, not %a", what, i / MAX_N, i % MAX_N, (double)got[i],
                 (double)want[i]);
    }
}

static void same_results(const struct result *want, const struct result *got, int rows,
                         const char *what)
{
    same(want->a, got->a, rows, what);
    same(want->b, got->b, rows, what);
    same(want->down, got->down, rows, what);
}

static void check(const struct layer *l, const struct result *want, const struct kernels *kernels,
                  int n_threads, int rows)
{
    struct result got = new_result();
    char what[80];
    snprintf(what, sizeof(what), "%s, %s, %d threads, %d rows", quant_types[l->a.panels.type].name,
             kernels->name, n_threads, rows);
    compute_layer(l, kernels, n_threads, 0, rows, &got);
    same_results(want, &got, rows, what);
    free_result(&got);
}

static void check_type(enum quant type)
{
    static const int rows[] = {1, 2, 5, 8, 33, 50, MAX_ROWS}, threads[] = {1, 2, 3, 8};
    struct layer l = {.a = new_matrix(type, 184, K),
                      .b = new_matrix(type, 40, K),
                      .gate = new_matrix(type, 160, K),
                      .up = new_matrix(type, 160, K),
                      .down = new_matrix(type, 72, 160),
                      .x = memory(sizeof(float) * MAX_ROWS * K),
                      .bias = memory(sizeof(float) * 184)};
    struct result want = new_result();
    for (int i = 0; i < MAX_ROWS * K; i++) {
        l.x[i] = ((float)draw(2001) - 1000.0f) * 1e-3f;
    }
    for (int i = 0; i < 184; i++) {
        l.bias[i] = (float)draw(100);
    }
    for (int row = 0; row < MAX_ROWS; row++) {
        compute_layer(&l, &kernels_generic, 1, row, 1, &want);
    }
    for (int set = 0; kernels_at(set) != NULL; set++) {
        if (!kernels_at(set)->usable()) continue;
        for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
            for (size_t t = 0; t < sizeof(threads) / sizeof(threads[0]); t++) {
                check(&l, &want, kernels_at(set), threads[t], rows[r]);
            }
        }
    }
    free_matrix(&l.a);
    free_matrix(&l.b);
    free_matrix(&l.gate);
    free_matrix(&l.up);
    free_matrix(&l.down);
    free(l.x);
    free(l.bias);
    free_result(&want);
}

static void test_any_cut_gives_the_same_bits(void **state)
{
    (void)state;
    check_type(QUANT_Q4_1);
    check_type(QUANT_Q8_0);
    check_type(QUANT_F16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_cut_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
