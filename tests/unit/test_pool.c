/* tests/unit/test_pool.c - every task runs exactly once, whatever the threads do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/forward/pool.h"

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

/* Plain memory: what a task leaves there, the next job's tasks read in another order. A race
 * would be one of the pool's (ThreadSanitizer looks for it), and a lost write shows in the sums. */
struct relay {
    long value[TASKS];
    int step;
};

static void pass_on(void *arg, int task, int thread)
{
    (void)thread;
    struct relay *r = arg;
    r->value[r->step % 2 * (TASKS / 2) + task] =
        r->value[(r->step + 1) % 2 * (TASKS / 2) + (task * 7 + r->step) % (TASKS / 2)] + 1;
}

static void test_jobs_see_what_earlier_ones_wrote(void **state)
{
    (void)state;
    enum { JOBS = 300 };
    struct relay r = {.step = 0};
    struct pool *p = pool_new(4, false, NULL);
    for (; r.step < JOBS; r.step++) {
        pool_run(p, pass_on, &r, TASKS / 2);
    }
    for (int i = 0; i < TASKS / 2; i++) {
        assert_int_equal(r.value[(JOBS - 1) % 2 * (TASKS / 2) + i], JOBS);
    }
    pool_free(p);
}

struct stall {
    _Atomic int done;
    bool helped;
};

/* Task 0 waits until all the others are done: those of its thread's share too. */
static void stall(void *arg, int task, int thread)
{
    (void)thread;
    struct stall *s = arg;
    while (task == 0 && !s->helped) {
        s->helped = atomic_load(&s->done) == TASKS - 1;
    }
    atomic_fetch_add(&s->done, 1);
}

static void test_others_help_a_stalled_thread(void **state)
{
    (void)state;
    struct stall s = {.helped = false};
    struct pool *p = pool_new(2, false, NULL);
    pool_run(p, stall, &s, TASKS);
    assert_true(s.helped);
    pool_free(p);
}

/* pool_share_ends() is true of one task a thread, or of every task when they are fewer. */
static void test_shares(void **state)
{
    (void)state;
    struct pool *p = pool_new(3, false, NULL);
    for (int n = 1; n <= 40; n++) {
        int ends = 0;
        for (int task = 0; task < n; task++) {
            ends += pool_share_ends(p, n, task);
        }
        assert_int_equal(ends, n < 3 ? n : 3);
        assert_true(pool_share_ends(p, n, n - 1));
    }
    pool_free(p);
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

/* Of a thread of ours: whether it sleeps, and how often it has gone to sleep. */
static bool is_asleep(const char *task, long *times)
{
    char path[320], line[128], state = '?';
    snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
    FILE *f = fopen(path, "r");
    if (f == NULL) return false;
    while (fgets(line, sizeof(line), f) != NULL) {
        sscanf(line, "State: %c", &state);
        sscanf(line, "voluntary_ctxt_switches: %ld", times);
    }
    fclose(f);
    return state == 'S';
}

/* How often all threads but this one have gone to sleep; -1 when one is awake. */
static long all_asleep(void)
{
    long sum = 0, times = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *e; sum >= 0 && (e = readdir(tasks)) != NULL;) {
        if (e->d_name[0] == '.' || strtol(e->d_name, NULL, 10) == getpid()) continue;
        sum = is_asleep(e->d_name, &times) ? sum + times : -1;
    }
    closedir(tasks);
    return sum;
}

/* Once its threads have fallen asleep they stay so: twenty times in a row nobody has woken. One that
 * spun for ever would end this test by the runner's limit. */
static void test_idle_pool_uses_no_cpu(void **state)
{
    (void)state;
    struct pool *p = pool_new(3, false, NULL);
    struct counts c = {.n_threads = 3};
    struct timespec t = {.tv_nsec = 5000000};
    pool_run(p, count, &c, TASKS);
    for (int idle = 0; idle < 20;) {
        long before = all_asleep();
        nanosleep(&t, NULL);
        idle = before >= 0 && all_asleep() == before ? idle + 1 : 0;
    }
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_runs_once),
        cmocka_unit_test(test_jobs_see_what_earlier_ones_wrote),
        cmocka_unit_test(test_others_help_a_stalled_thread),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_refuses_silly_counts),
        cmocka_unit_test(test_idle_pool_uses_no_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
