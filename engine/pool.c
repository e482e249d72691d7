/* engine/pool.c - see pool.h.
 *
 * The whole state of a job that claims depend on is one 64-bit word, the ticket:
 *
 *   63          32 31           0
 *   [ job number ][ tasks left  ]
 *
 * (1) A task is claimed by decrementing "tasks left" with compare-and-swap; it succeeds only while
 *     the job it was read from is still current and has tasks.
 * (2) fn, arg and n of a job are written before its ticket, and again only after all of its tasks are done. So
 *     who holds a claimed task may read them.
 * (3) The caller returns when `done` has counted n; a worker that wakes late finds no task and harms nobody.
 *
 * A worker looks at the ticket for a while (the next product of a forward pass comes within
 * microseconds), then sleeps on a futex until the next job. So does the caller when a worker takes long to finish its last
 * task: on a busy machine the two may share a core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/pool.h"

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

enum {
    SPINS = 4000, /* pauses before anybody sleeps: some 50 to 200 microseconds */
    MAX_THREADS = 256
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    int index;
    bool started;
};

struct pool {
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic uint32_t done; /* tasks of the job; the caller's futex word */
    _Atomic bool caller_sleeps;
    _Alignas(64) _Atomic int sleeping;
    _Atomic uint32_t wake; /* futex word: changes with every job */
    _Atomic bool stop;
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

/* Run tasks of the current job until there are none left. */
static void work(struct pool *p, int thread)
{
    uint64_t ticket = atomic_load_explicit(&p->ticket, memory_order_acquire);
    while ((uint32_t)ticket != 0) {
        if (!atomic_compare_exchange_weak_explicit(&p->ticket, &ticket, ticket - 1,
                                                   memory_order_acquire, memory_order_acquire)) {
            continue;
        }
        uint32_t n = (uint32_t)p->n;
        p->fn(p->arg, p->n - (int)(uint32_t)ticket, thread);
        if (atomic_fetch_add(&p->done, 1) + 1 == n && atomic_load(&p->caller_sleeps)) {
            futex_wake_all(&p->done);
        }
        ticket = atomic_load_explicit(&p->ticket, memory_order_acquire);
    }
}

static bool has_task(struct pool *p)
{
    return (uint32_t)atomic_load_explicit(&p->ticket, memory_order_acquire) != 0;
}

/* Wait for a task or the end; spin first, then sleep. */
static void wait_for_task(struct pool *p)
{
    for (int i = 0; i < SPINS; i++) {
        if (has_task(p) || atomic_load_explicit(&p->stop, memory_order_relaxed)) return;
        _mm_pause();
    }
    uint32_t seen = atomic_load(&p->wake);
    atomic_fetch_add(&p->sleeping, 1); /* sequentially consistent, as the publisher's side */
    if (!has_task(p) && !atomic_load(&p->stop)) futex_wait(&p->wake, seen);
    atomic_fetch_sub(&p->sleeping, 1);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    while (!atomic_load_explicit(&w->pool->stop, memory_order_acquire)) {
        wait_for_task(w->pool);
        work(w->pool, w->index);
    }
    return NULL;
}

static void wake_sleepers(struct pool *p)
{
    atomic_fetch_add(&p->wake, 1);
    if (atomic_load(&p->sleeping) > 0) futex_wake_all(&p->wake);
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

void pool_run(struct pool *p, void (*fn)(void *arg, int task, int thread), void *arg, int n_tasks)
{
    if (n_tasks <= 1 || p->n_threads == 1) {
        for (int i = 0; i < n_tasks; i++) {
            fn(arg, i, 0);
        }
        return;
    }
    p->fn = fn;
    p->arg = arg;
    p->n = n_tasks;
    atomic_store_explicit(&p->done, 0, memory_order_relaxed);
    uint64_t job = (atomic_load_explicit(&p->ticket, memory_order_relaxed) >> 32) + 1;
    atomic_store(&p->ticket, job << 32 | (uint32_t)n_tasks);
    wake_sleepers(p);
    work(p, 0);
    wait_for_others(p, (uint32_t)n_tasks);
}

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

static int usable_cores(void)
{
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 1;
}

struct pool *pool_new(int n_threads, bool pin, struct error *err)
{
    if (n_threads == 0) n_threads = usable_cores();
    if (n_threads < 1 || n_threads > MAX_THREADS) {
        error_set(err, ERROR_INVALID_VALUE, "threads", "threads is %d; from 1 to %d", n_threads,
                  MAX_THREADS);
        return NULL;
    }
    struct pool *p = mem_new_aligned(1, sizeof(*p), err);
    if (p == NULL) return NULL;
    p->n_threads = n_threads;
    p->workers = mem_new((size_t)n_threads, sizeof(*p->workers), err);
    if (p->workers == NULL) {
        pool_free(p);
        return NULL;
    }
    for (int i = 1; i < n_threads; i++) {
        struct worker *w = &p->workers[i];
        *w = (struct worker){.pool = p, .index = i};
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
    wake_sleepers(p);
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
