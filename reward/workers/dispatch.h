/* reward/workers/dispatch.h - work for the verifier processes: queued by client, many in flight, each
 * with a budget, none lost.
 *
 * A task is a frame of bytes for a worker and a callback for its reply. Tasks wait in lanes, one
 * a job; the dispatcher thread serves the lanes in turn, so a client with ten thousand slow items
 * stands beside, not before, a client with one. When every worker is busy another is forked, up
 * to the pool's most. Where the pool has workers to spare (more than two a processor) one lane
 * may hold half of them, and the last quarter is kept for lanes that hold none: whoever comes
 * next finds one. There a task of algebra is on trial: after a tenth of a second it goes back to
 * its lane and waits for one of the other three quarters, so that however many lanes of slow
 * tasks there are, an ordinary one among them is soon answered. Programs have no trial: the workers
 * beyond one a processor are for clients that have none at work. A worker past its deadline is
 * killed and replaced; only its task hears of it.
 *
 * A worker that has done a task is warm: the next one's pages and tables are there. Who has nothing at work gets
 * the warmest that is idle, others the coldest; and while another is being started, the last one that is idle
 * is left to whoever comes next, so that a flood whose workers die has the fresh ones itself.
 *
 * What waits in vain is told so: a lane that has not begun, and by how its pool moves now cannot in the
 * time that it has (lanes.h), is ended as TASK_LATE.
 *
 * Tasks that run programs are promised the memory these may take (room.h). Whose turn it is waits until
 * there is enough, and nobody passes it meanwhile: who wants much would else wait for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_DISPATCH_H
#define REWARD_WORKERS_DISPATCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "reward/row/row.h"
#include "reward/workers/lanes.h"
#include "reward/workers/worker.h"

struct dispatch;

struct dispatch_options {
    int max_workers[POOLS];
    struct worker_options workers;
    /* for a zygote that is executed in place of a lost one (zygote.h); p NULL: the program
     * cannot be, and a lost one is lost for good */
    struct span boot;
    /* memory of all programs together; 0: what the machine has to spare (room.h) */
    int64_t program_bytes;
    size_t max_waiting; /* tasks in all lanes */
};

/* Fork the zygote, then start the dispatcher thread. Before the process has other threads. */
struct dispatch *dispatch_open(const struct dispatch_options *o, struct error *err);

/* Ends the thread and all workers; what still waits is TASK_CANCELLED. Accepts NULL. */
void dispatch_close(struct dispatch *d);

/* Queue a task. Any thread. False and ERROR_QUEUE_FULL when too many wait; t is then untouched. */
bool dispatch_submit(struct dispatch *d, struct lane *lane, struct task *t, struct error *err);

/* Look again at what has been cancelled. Any thread. */
void dispatch_wake(struct dispatch *d);

/* How long a task submitted to that lane now is expected to wait for a worker. Any thread. */
double dispatch_expected_ms(struct dispatch *d, enum worker_pool pool, const struct lane *lane);

/* Would it most likely have waited no longer than that? Any thread. */
bool dispatch_can_promise(struct dispatch *d, enum worker_pool pool, const struct lane *lane,
                          double ms);

/* What the dispatcher has done since it was opened. */
struct dispatch_stats {
    uint64_t deaths;
    bool lost; /* there is no zygote now: nothing can be judged that needs a worker */
    int workers, busy;
    int64_t promised,
        promised_most; /* memory of programs at work, as their limits say; the bound on it */
    uint64_t waits;    /* tasks that have had their turn; */
    double wait_ms, wait_error_ms; /* what they waited, and by how much that was not as expected */
    size_t waiting;
};

/* A copy of them. Any thread. */
struct dispatch_stats dispatch_stats(struct dispatch *d);

#endif
