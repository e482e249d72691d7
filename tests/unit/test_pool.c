/* tests/unit/test_pool.c - every task runs exactly once, whatever the threads do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/pool.h"

enum { TASKS = 500 };

struct counts {
    _Atomic int ran[TASKS];
    _Atomic int bad_thread;
    int n_threads;
};

static void count(void *arg, int task, int thread)
{
    struct counts *c = arg;
    atomic_fetch_add(&c->ran[task], 1);
    if (thread < 0 || thread >= c->n_threads) atomic_store(&c->bad_thread, 1);
}

static void run_jobs(int n_threads, bool pin)
{
    struct error err = {0};
    struct pool *p = pool_new(n_threads, pin, &err);
    assert_non_null(p);
    assert_int_equal(pool_threads(p), n_threads);
    for (int job = 0; job < 400; job++) {
        struct counts c = {.n_threads = n_threads};
        int n = job % 7 == 0 ? TASKS : job % 11;
        if (job % 50 == 0) { /* let the workers fall asleep */
            struct timespec t = {.tv_nsec = 3000000};
            nanosleep(&t, NULL);
        }
        pool_run(p, count, &c, n);
        for (int i = 0; i < TASKS; i++) {
            if (atomic_load(&c.ran[i]) != (i < n)) fail_msg("job %d task %d", job, i);
        }
        assert_int_equal(atomic_load(&c.bad_thread), 0);
    }
    pool_free(p);
}

static void test_every_task_runs_once(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 8};
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        run_jobs(threads[i], i % 2 == 1);
    }
}

static void test_refuses_silly_counts(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(pool_new(-1, false, &err));
    assert_int_equal(err.code, ERROR_INVALID_VALUE);
    assert_null(pool_new(100000, false, &err));
    pool_free(NULL);
}

static void test_idle_pool_uses_no_cpu(void **state)
{
    (void)state;
    struct pool *p = pool_new(3, false, NULL);
    struct counts c = {.n_threads = 3};
    pool_run(p, count, &c, TASKS);
    struct timespec t = {.tv_nsec = 50000000}, before, after;
    nanosleep(&t, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    nanosleep(&t, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    int64_t used = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
    assert_true(used < 5000000);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_runs_once),
        cmocka_unit_test(test_refuses_silly_counts),
        cmocka_unit_test(test_idle_pool_uses_no_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
