/* reward/workers/lanes.h - tasks that wait for a worker, in lanes that take turns.
 *
 * A lane holds the tasks of one owner, in order. The lanes that have tasks form a ring, a pool of
 * workers each: a lane gives one task and goes to the ring's end, so an owner of ten thousand
 * tasks stands beside, not before, an owner of one.
 *
 * Invariant: a lane is in its pool's ring exactly when it has tasks. The dispatcher's lock guards
 * all of it but `running`, which is the dispatcher thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_LANES_H
#define REWARD_WORKERS_LANES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/span.h"
#include "reward/row/row.h"

enum task_end {
    TASK_REPLY,     /* reply holds the worker's frame */
    TASK_TIMEOUT,   /* out of budget */
    TASK_NO_MEMORY, /* the worker had not enough of it */
    TASK_LOST,      /* the worker died of it, or there are none */
    TASK_CANCELLED, /* *cancelled was set */
};

struct task {
    struct task *next;
    struct lane *lane; /* it was submitted to */
    enum worker_pool pool;
    int budget_ms;                /* see struct reward */
    bool slow;                    /* it has failed a trial; the dispatcher thread's */
    bool again;                   /* its worker was lost, not by its doing; likewise */
    const atomic_bool *cancelled; /* looked at before it starts and after dispatch_wake() */
    struct buffer frame;          /* a request; the task's own */

    /* In the dispatcher thread, once; answer (TASK_REPLY) is good during the call. The task is the
     * receiver's. */
    void (*done)(struct task *t, enum task_end end, struct span answer);
};

/* A queue of one owner's tasks; zeroed by the owner, who keeps it until all its tasks are done. */
struct lane {
    struct task *head, *tail;
    struct lane *next;
    bool queued; /* in the dispatcher's ring */
    int running; /* tasks of it at workers; the dispatcher thread's */
};

struct ring {
    struct lane *head, *tail;
    size_t waiting; /* tasks in its lanes */
};

/* What a lane may take of a pool's workers. */
struct shares {
    int busy;   /* workers at a task that is not on trial */
    int shared; /* of these, so many; the others take newcomers, on trial */
    int most;   /* for one lane */
};

/* Add t behind the others of t->lane. */
void ring_put(struct ring *r, struct task *t);

/* The next task of the first lane that may have one more worker, whose lane goes to the ring's
 * end; NULL: no lane may. */
struct task *ring_take(struct ring *r, const struct shares *s);

/* How many tasks may run as soon as there are workers for them, about. */
size_t ring_count_ready(const struct ring *r, const struct shares *s);

/* Take out, as a list, the tasks of every lane whose owner has given up (of every lane when all).
 * They still count as waiting. */
struct task *ring_take_cancelled(struct ring *r, bool all);

#endif
