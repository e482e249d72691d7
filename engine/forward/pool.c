/* engine/forward/pool.c - see pool.h.
 *
 * A job's tasks are dealt out in shares, one a thread: neighbouring tasks, the same ones whenever
 * the number of tasks is the same, so that a thread finds in its caches what it had there. What
 * is left of a share is one 64-bit word:
 *
 *   63        32 31         0
 *   [   end    ][   begin   ]
 *
 * (1) Its owner claims tasks from the front; who has finished his own share takes them from the
 *     back of another's. Both by compare-and-swap of the whole word: it succeeds only while the
 *     task is there to be had, whichever job the word was first read in.
 * (2) fn, arg and n of a job are written before its shares, and again only after all of its tasks
 *     are done. So who holds a claimed task may read them.
 * (3) The caller returns when `done` has counted n; a worker that wakes late finds no task and
 *     harms nobody.
 *
 * A worker watches the number of jobs for a while (the next product of a forward pass comes
 * within microseconds), then sleeps on it as a futex. So does the caller when a worker takes long
 * to finish its last task: on a busy machine the two may share a core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/pool.h"

#include <assert.h>
#include <immintrin.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/processors.h"
#include "base/paranoid.h"

enum {
    SPINS = 4000, /* pauses before anybody sleeps: some 50 to 200 microseconds */
    MAX_THREADS = 256
};

struct worker {
    _Alignas(64) _Atomic uint64_t share;
    struct pool *pool;
    pthread_t thread;
    int index;
    bool started;
};

struct pool {
    _Alignas(64) _Atomic uint32_t jobs; /* begun so far; the workers' futex word */
    _Atomic int sleeping;
    _Atomic bool stop;
    _Alignas(64) _Atomic uint32_t done; /* tasks of the job; the caller's futex word */
    _Atomic bool caller_sleeps;
    void (*fn)(void *arg, int task, int thread);
    void *arg;
    int n;
    int n_threads;
    struct worker *workers; /* [n_threads]; the first is the caller */
};

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake_all(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* ---- shares ---- */

static int share_begin(const struct pool *p, int n_tasks, int thread)
{
    return (int)((int64_t)n_tasks * thread / p->n_threads);
}

bool pool_share_ends(const struct pool *p, int n_tasks, int task)
{
    /* the first share that can begin there */
    int64_t thread = (((int64_t)task + 1) * p->n_threads + n_tasks - 1) / n_tasks;
    return share_begin(p, n_tasks, (int)thread) == task + 1;
}

/* Claim a task of w's share, from its front or its back; -1: none is left. */
static int claim(struct worker *w, bool front)
{
    uint64_t share = atomic_load_explicit(&w->share, memory_order_acquire), less;
    uint32_t begin, end;
    do {
        begin = (uint32_t)share;
        end = (uint32_t)(share >> 32);
        assert(begin <= end); /* (1) */
        if (begin == end) return -1;
        less = front ? share + 1 : share - ((uint64_t)1 << 32);
    } while (!atomic_compare_exchange_weak_explicit(&w->share, &share, less, memory_order_acquire,
                                                    memory_order_acquire));
    return (int)(front ? begin : end - 1);
}

/* Run tasks of the current job until there are none left: its own share, then the others'. */
static void work(struct pool *p, int thread)
{
    uint32_t ran = 0;
    for (int i = 0; i < p->n_threads; i++) {
        struct worker *w = &p->workers[(thread + i) % p->n_threads];
        for (int task; (task = claim(w, i == 0)) >= 0; ran++) {
            p->fn(p->arg, task, thread);
        }
    }
    if (ran == 0) return; /* and no right to look at the job */
    uint32_t n = (uint32_t)p->n;
    if (atomic_fetch_add(&p->done, ran) + ran == n && atomic_load(&p->caller_sleeps)) {
        futex_wake_all(&p->done);
    }
}

/* ---- workers ---- */

/* Wait until there was another job than the `seen` first; spin, then sleep. Returns how many there were. */
static uint32_t wait_for_job(struct pool *p, uint32_t seen)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t jobs = atomic_load_explicit(&p->jobs, memory_order_acquire);
        if (jobs != seen) return jobs;
        _mm_pause();
    }
    atomic_fetch_add(&p->sleeping, 1); /* sequentially consistent, as the publisher's side */
    if (atomic_load(&p->jobs) == seen) futex_wait(&p->jobs, seen);
    atomic_fetch_sub(&p->sleeping, 1);
    return atomic_load(&p->jobs);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    for (uint32_t seen = 0; !atomic_load(&w->pool->stop);) {
        seen = wait_for_job(w->pool, seen);
        work(w->pool, w->index);
    }
    return NULL;
}

static void wake_workers(struct pool *p)
{
    atomic_fetch_add(&p->jobs, 1);
    if (atomic_load(&p->sleeping) > 0) futex_wake_all(&p->jobs);
}

/* Wait until all n tasks are done; a worker that shares our core gets it once we sleep. */
static void wait_for_others(struct pool *p, uint32_t n)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&p->done, memory_order_acquire) == n) return;
        _mm_pause();
    }
    atomic_store(&p->caller_sleeps, true); /* sequentially consistent, as the worker's side */
    uint32_t seen;
    while ((seen = atomic_load(&p->done)) != n) {
        futex_wait(&p->done, seen);
    }
    atomic_store(&p->caller_sleeps, false);
}

/* (3): no share has a task that a late worker could find. */
static bool nothing_left(struct pool *p)
{
    for (int i = 0; i < p->n_threads; i++) {
        uint64_t share = atomic_load(&p->workers[i].share);
        if ((uint32_t)share != share >> 32) return false;
    }
    return true;
}

void pool_run(struct pool *p, void (*fn)(void *arg, int task, int thread), void *arg, int n_tasks)
{
    if (n_tasks <= 1 || p->n_threads == 1) {
        for (int i = 0; i < n_tasks; i++) {
            fn(arg, i, 0);
        }
        return;
    }
    assert(atomic_load_explicit(&p->done, memory_order_relaxed) == (uint32_t)p->n); /* (2) */
    p->fn = fn;
    p->arg = arg;
    p->n = n_tasks;
    atomic_store_explicit(&p->done, 0, memory_order_relaxed);
    for (int i = 0; i < p->n_threads; i++) {
        uint64_t begin = (uint64_t)share_begin(p, n_tasks, i);
        uint64_t end = (uint64_t)share_begin(p, n_tasks, i + 1);
        atomic_store_explicit(&p->workers[i].share, end << 32 | begin, memory_order_release);
    }
    wake_workers(p);
    work(p, 0);
    wait_for_others(p, (uint32_t)n_tasks);
    assert(!PARANOID || nothing_left(p)); /* (3) */
}

/* ---- making and freeing ---- */

/* Bind thread to the i-th processor this process may use. Failure only costs speed. */
static void bind_to_core(pthread_t thread, int i)
{
    cpu_set_t usable, one;
    if (sched_getaffinity(0, sizeof(usable), &usable) != 0) return;
    i %= CPU_COUNT(&usable);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &usable) || i-- != 0) continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(thread, sizeof(one), &one);
        return;
    }
}

struct pool *pool_new(int n_threads, bool pin, struct error *err)
{
    if (n_threads == 0) n_threads = processors_usable();
    if (n_threads < 1 || n_threads > MAX_THREADS) {
        error_set(err, ERROR_INVALID_VALUE, "threads", "threads is %d; from 1 to %d", n_threads,
                  MAX_THREADS);
        return NULL;
    }
    struct pool *p = mem_new_aligned(1, sizeof(*p), err);
    if (p == NULL) return NULL;
    p->n_threads = n_threads;
    p->workers = mem_new_aligned((size_t)n_threads, sizeof(*p->workers), err);
    if (p->workers == NULL) {
        pool_free(p);
        return NULL;
    }
    for (int i = 1; i < n_threads; i++) {
        struct worker *w = &p->workers[i];
        w->pool = p;
        w->index = i;
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            error_set(err, ERROR_SYSTEM, NULL, "cannot start worker thread %d of %d", i, n_threads);
            pool_free(p);
            return NULL;
        }
        w->started = true;
    }
    /* Workers first: the caller's own mask is what usable processors are read from. */
    for (int i = n_threads - 1; pin && i >= 0; i--) {
        bind_to_core(i == 0 ? pthread_self() : p->workers[i].thread, i);
    }
    return p;
}

void pool_free(struct pool *p)
{
    if (p == NULL) return;
    atomic_store(&p->stop, true);
    wake_workers(p);
    for (int i = 1; p->workers != NULL && i < p->n_threads; i++) {
        if (p->workers[i].started) pthread_join(p->workers[i].thread, NULL);
    }
    free(p->workers);
    free(p);
}

int pool_threads(const struct pool *p)
{
    return p->n_threads;
}
