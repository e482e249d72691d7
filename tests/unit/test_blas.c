/* tests/unit/test_blas.c - the reference's products: the same bits from any thread, in any batch.
 *
 * For every build of OpenBLAS that is installed and every kind of core that it has kernels for and
 * this CPU can run, the test starts itself again under LD_LIBRARY_PATH and OPENBLAS_CORETYPE, since
 * both are read when the library is loaded. Several callers, each with threads of its own, then
 * multiply small matrices at once. What they get must be what one thread got, a row at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cblas.h>
#include <dlfcn.h>
#include <glob.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/forward/linear.h"

enum { MAX_ROWS = 200, K = 96, MAX_N = 184, HIDDEN = 80, CALLERS = 4, ROUNDS = 40 };

/* ---- In a child: one build, one kind of core ---- */

struct layer {
    struct matrix a, b, gate, up, down;
    float *x; /* [MAX_ROWS, K] */
};

static uint32_t state_of_random = 7;

static float *new_floats(int n)
{
    float *v = mem_new_aligned((size_t)n, sizeof(*v), NULL);
    assert_non_null(v);
    for (int i = 0; i < n; i++) {
        state_of_random = state_of_random * 1664525u + 1013904223u;
        v[i] = ((float)(state_of_random >> 8) / 8388608.0f - 1.0f) * 0.5f;
    }
    return v;
}

static struct matrix new_matrix(int n, int k)
{
    return (struct matrix){.n = n, .k = k, .count = 1, .dense = new_floats(n * k)};
}

/* Odd last columns, several matrices of one input, a SwiGLU: every way a step multiplies. */
static struct layer layer;

static void make_layer(void)
{
    layer = (struct layer){.a = new_matrix(MAX_N, K),
                           .b = new_matrix(40, K),
                           .gate = new_matrix(HIDDEN, K),
                           .up = new_matrix(HIDDEN, K),
                           .down = new_matrix(72, HIDDEN),
                           .x = new_floats(MAX_ROWS * K)};
}

static void free_layer(void)
{
    const struct matrix *all[] = {&layer.a, &layer.b, &layer.gate, &layer.up, &layer.down};
    for (int i = 0; i < 5; i++) {
        free((void *)(uintptr_t)all[i]->dense);
    }
    free(layer.x);
}

enum { OUT = 3 * MAX_N }; /* a row of results: x a | x b | SwiGLU(x gate, x up) down */

/* out [rows, OUT] of x's rows from `row` on. */
static void compute_layer(int n_threads, int row, int rows, float *out)
{
    struct pool *pool = pool_new(n_threads, false, NULL);
    struct compute c;
    struct input in, ff;
    struct input_forms in_wants = {0}, ff_wants = {0};
    assert_true(compute_init(&c, &kernels_generic, pool, K, NULL));
    matrix_wants(&layer.a, &in_wants);
    matrix_wants(&layer.down, &ff_wants);
    input_init(&in, K, rows);
    input_init(&ff, HIDDEN, rows);
    assert_true(input_reserve(&in, in_wants, NULL) && input_reserve(&ff, ff_wants, NULL));
    input_use(&in, in_wants);
    input_use(&ff, ff_wants);
    input_fill(&c, &in, rows, layer.x + row * K, K, NULL, 0);
    struct product p[] = {{.w = &layer.a, .out = out, .ld = OUT},
                          {.w = &layer.b, .out = out + MAX_N, .ld = OUT}};
    struct product down = {.w = &layer.down, .out = out + 2 * MAX_N, .ld = OUT};
    linear_products(&c, &in, p, 2);
    linear_swiglu(&c, (struct linear_job){.in = &in, .gate = &layer.gate, .up = &layer.up, .out = &ff});
    linear_products(&c, &ff, &down, 1);
    input_clear(&in);
    input_clear(&ff);
    compute_clear(&c);
    pool_free(pool);
}

struct caller {
    pthread_t thread;
    int index, different; /* results that are not `want`, of all rounds */
    const float *want;
};

static void *call(void *arg)
{
    static const int rows[] = {1, 3, 4, 7, 33, MAX_ROWS};
    struct caller *c = arg;
    float *got = calloc(MAX_ROWS * OUT, sizeof(*got));
    assert_non_null(got);
    for (int i = 0; i < ROUNDS; i++) {
        int n = rows[(i + c->index) % 6], first = i % (MAX_ROWS - n + 1);
        compute_layer(1 + (i + c->index) % 3, first, n, got);
        const float *want = c->want + first * OUT;
        c->different += memcmp(got, want, sizeof(float) * (size_t)n * OUT) != 0;
    }
    free(got);
    return NULL;
}

static void test_concurrent_products(void **state)
{
    (void)state;
    make_layer();
    float *want = calloc(MAX_ROWS * OUT, sizeof(*want));
    assert_non_null(want);
    for (int row = 0; row < MAX_ROWS; row++) {
        compute_layer(1, row, 1, want + row * OUT);
    }
    struct caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.index = i, .want = want};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].different, 0);
    }
    free(want);
    free_layer();
}

/* A product against sums in double: that OpenBLAS is asked for the right thing. */
static void test_values(void **state)
{
    (void)state;
    make_layer();
    float *got = calloc(5 * OUT, sizeof(*got));
    assert_non_null(got);
    compute_layer(1, 0, 5, got);
    for (int i = 0; i < 5 * MAX_N; i++) {
        const float *x = layer.x + i / MAX_N * K, *w = layer.a.dense + i % MAX_N * K;
        double sum = 0;
        for (int k = 0; k < K; k++) {
            sum += (double)x[k] * (double)w[k];
        }
        assert_float_equal(got[i / MAX_N * OUT + i % MAX_N], sum, 1e-5);
    }
    free(got);
    free_layer();
}

static int run_child(const char *folder, const char *core)
{
    Dl_info library;
    char *real = dladdr((void *)(uintptr_t)cblas_sgemm, &library) != 0
                     ? realpath(library.dli_fname, NULL)
                     : NULL;
    if (real == NULL || strncmp(real, folder, strlen(folder)) != 0) {
        fprintf(stderr, "%s was loaded, not the library of %s\n", real, folder);
        return 1;
    }
    free(real);
    if (strcmp(openblas_get_corename(), core) != 0) {
        fprintf(stderr, "OpenBLAS took the kernels of %s, not %s\n", openblas_get_corename(), core);
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_concurrent_products)};
    return cmocka_run_group_tests_name(core, tests, NULL, NULL);
}

/* ---- All of them ---- */

struct core {
    const char *name;
    bool usable;
};

static void start_again(const char *folder, const char *core)
{
    print_message("%s, %s\n", folder, core);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("LD_LIBRARY_PATH", folder, 1);
        setenv("OPENBLAS_CORETYPE", core, 1);
        execl("/proc/self/exe", "test_blas", folder, core, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_every_build_and_core(void **state)
{
    (void)state;
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const struct core cores[] = {
        {"Prescott", true}, {"Haswell", avx2}, {"Zen", avx2}, {"SkylakeX", avx512}};
    glob_t found;
    assert_int_equal(glob("/usr/lib/*/openblas-*/libopenblas.so.0", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        *strrchr(found.gl_pathv[i], '/') = '\0';
        for (size_t k = 0; k < sizeof(cores) / sizeof(cores[0]); k++) {
            if (cores[k].usable) start_again(found.gl_pathv[i], cores[k].name);
        }
    }
    globfree(&found);
}

int main(int argc, char **argv)
{
    if (argc == 3) return run_child(argv[1], argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_build_and_core)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
