/* reward/workers/lanes.h - tasks that wait for a worker, in lanes that take turns.
 *
 * A lane holds the tasks of one request, in order. The lanes that have tasks form a ring, a pool of
 * workers each. Turns go by client: of the lanes that may have a worker the one is next whose client
 * has fewest at work, and of those the one that has waited longest; it gives one task and goes to
 * the ring's end. So neither a request of ten thousand tasks nor a client of a thousand requests
 * stands before anybody else.
 *
 * A lane may be promised that it begins in time. What its turn was expected to be when it came is an
 * estimate, so the promise is looked at again while it waits: a lane that has waited for half of the
 * time, and by what is known then cannot begin within the rest, is refused as a whole, and so is one that
 * has waited for all of it. One that has begun is not.
 *
 * Clients are counted in a table of fixed size, by a hash of what names them; two that fall
 * together there share a turn.
 *
 * Invariants
 *   (1) A lane is in its pool's ring exactly when it has tasks.
 *   (2) The waiting tasks of a client's lanes together are the client's, those of all clients the
 *       ring's; so are those that run.
 * The dispatcher's lock guards all of it.
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
#include "reward/workers/room.h"

enum task_end {
    TASK_REPLY,     /* reply holds the worker's frame */
    TASK_TIMEOUT,   /* out of budget */
    TASK_NO_MEMORY, /* the worker had not enough of it */
    TASK_LOST,      /* the worker died of it, or there are none */
    TASK_CANCELLED, /* *cancelled, or *given_up, was set */
    TASK_LATE,      /* its lane had not begun, and could not have in time */
};

struct task {
    struct task *next;
    struct lane *lane; /* it was submitted to */
    enum worker_pool pool;
    int budget_ms;            /* see struct reward */
    struct run_memory memory; /* what its programs may take */
    struct promise promise;   /* of it, while it is at a worker; the dispatcher thread's */
    bool slow;                /* it has failed a trial; likewise */
    uint64_t queued_ns;       /* when it was submitted */
    double expected_ms;       /* the wait that was expected then */
    bool again;               /* its worker was lost, not by its doing; likewise */
    /* Looked at before it starts and after dispatch_wake(): of all that its owner has, and of this one
     * (NULL: it is not given up alone). */
    const atomic_bool *cancelled, *given_up;
    struct buffer frame; /* a request; the task's own */

    /* In the dispatcher thread, once; answer (TASK_REPLY) is good during the call. The task is the
     * receiver's. */
    void (*done)(struct task *t, enum task_end end, struct span answer);
};

/* Does nobody want it any more? */
static inline bool task_is_cancelled(const struct task *t)
{
    return atomic_load(t->cancelled) || (t->given_up != NULL && atomic_load(t->given_up));
}

/* A queue of one owner's tasks; zeroed by the owner, who keeps it until all its tasks are done. */
struct lane {
    struct task *head, *tail;
    struct lane *next;
    size_t waiting;  /* its tasks */
    bool queued;     /* in the dispatcher's ring */
    bool begun;      /* a task of it has had its turn */
    uint64_t client; /* whose it is; 0: nobody's but its own */
    int max_wait_ms; /* within which it shall begin, or not at all; 0: it waits as long as it takes */
};

enum { LANES_CLIENTS = 1024 }; /* a power of two */

/* What one client has, or several that share a place. */
struct client_use {
    uint32_t waiting, running; /* tasks */
};

struct ring {
    struct lane *head, *tail;
    size_t waiting, running; /* tasks: in its lanes, at workers */
    struct client_use clients[LANES_CLIENTS];
};

/* What a client may take of a pool's workers. */
struct shares {
    int busy; /* workers at a task that is not on trial */
    int shared; /* of these, so many; the others take newcomers, on trial. 0: newcomers alone have one now */
    int most; /* for one client */
};

/* Add t behind the others of t->lane. */
void ring_put(struct ring *r, struct task *t);

/* The next task of the lane whose turn it is; it counts as running from now on. NULL: no lane may
 * have a worker. */
struct task *ring_take(struct ring *r, const struct shares *s);

/* The task that ring_take() would give; it stays. */
const struct task *ring_peek(const struct ring *r, const struct shares *s);

/* Is it the only one of its client's that runs? */
bool ring_is_first(const struct ring *r, const struct task *t);

/* Does another task of that lane's client wait? */
bool ring_client_waits(const struct ring *r, const struct lane *lane);

/* A task that ring_take() gave no longer runs. */
void ring_leave(struct ring *r, const struct task *t);

/* Tasks that will have had their turn before one that is put into that lane now: those of the lane, of
 * the client's other lanes, which take turns with it, as many and one more at most, and of every
 * other client as many as all of these and one more at most. */
size_t ring_count_ahead(const struct ring *r, const struct lane *lane);

/* Would a task that is put into that lane now have one of so many workers at once? As the first one of its
 * client's, before which are others like it at most; else where nobody waits. */
bool ring_has_worker(const struct ring *r, const struct lane *lane, const struct shares *s,
                     int workers);

/* How many tasks may run as soon as there are workers for them, about. */
size_t ring_count_ready(const struct ring *r, const struct shares *s);

/* Take out, as a list, the tasks that are cancelled (every one when all). */
struct task *ring_take_cancelled(struct ring *r, bool all);

/* The same of all tasks of every lane that has not begun and cannot in its time, where the ring gives a task
 * every gap_ms. */
struct task *ring_take_late(struct ring *r, uint64_t now_ns, double gap_ms);

#endif
