/* server/http/pool.h - the thread pool (libuv's), with a lane of its own for large jobs.
 *
 * The pool is one queue and a fixed number of threads. Jobs on large bodies take long, and as many
 * of them as there are threads would keep everybody else waiting; so only half as many as there
 * are processors are given to it at once, and the others wait here, in order.
 *
 * Invariants
 * (1) Large jobs wait only while as many as may are in the pool.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_POOL_H
#define SERVER_HTTP_POOL_H

#include <stdbool.h>
#include <uv.h>

struct pool_job;

struct pool {
    uv_loop_t *loop;
    int most, large;               /* large jobs: at once, now */
    struct pool_job *first, **end; /* those that wait */
};

/* A job; its owner's, who keeps it until done() is called. */
struct pool_job {
    void (*run)(struct pool_job *j);  /* on a thread of the pool */
    void (*done)(struct pool_job *j); /* then, on the loop thread; j is its owner's again */
    bool large;

    struct pool *pool;
    uv_work_t work;
    struct pool_job *next;
};

/* Before the first job. */
void pool_init(struct pool *p, uv_loop_t *loop);

/* run, then done. False: the pool takes nothing; neither is called. */
bool pool_submit(struct pool *p, struct pool_job *j);

#endif
