/* reward/workers/dispatch_impl.h - what dispatch.c, slots.c and assign.c share.
 *
 *   dispatch.c   the door and the loop: tasks that come, wait, are late or cancelled, and how long things take
 *   slots.c      a slot's worker and its task, from IDLE to a reply, a death or a deadline; the zygote behind them
 *   assign.c     which waiting task gets which worker, and when another worker is begun
 *
 * A slot's states, and what moves it:
 *   EMPTY    --want_worker-->   STARTING   --zygote's answer-->   IDLE   --assign-->   BUSY
 *   BUSY     --reply-->         IDLE       --socket closed, or its last reply--> EMPTY
 *   BUSY     --deadline, cancelled, socket closed--> STARTING (killed and replaced by the zygote)
 *   BUSY     --its trial is over--> STARTING (the same, and the task goes back to its lane)
 *   any      --the zygote is lost--> EMPTY (its workers die with it; the task goes back, once)
 *
 * Invariants
 *   (1) lock guards lanes, waiting and the statistics; slots belong to the thread alone.
 *   (2) done() is called without the lock, from the thread (or from dispatch_close() after it).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_DISPATCH_IMPL_H
#define REWARD_WORKERS_DISPATCH_IMPL_H

#include <poll.h>
#include <pthread.h>

#include "base/buffer.h"
#include "reward/workers/dispatch.h"
#include "reward/workers/rate.h"
#include "reward/workers/room.h"
#include "reward/workers/zygote.h"

enum { BRISK_MS = 20 }; /* a worker that takes longer no longer counts as a processor's worth */

struct slot {
    enum { SLOT_EMPTY, SLOT_STARTING, SLOT_IDLE, SLOT_BUSY } state;
    enum worker_pool pool;
    int fd;
    struct task *task; /* BUSY */
    bool trial;        /* BUSY, and the worker is one that is kept for newcomers */
    size_t sent;       /* bytes of its frame */
    uint32_t served;   /* tasks that the worker has answered */
    uint64_t begun_ns, deadline_ns;
    struct buffer in; /* its reply so far */
};

struct dispatch {
    struct dispatch_options options;
    pthread_t thread, owner; /* owner: whose the slots are now; set by itself */
    bool has_thread;
    int zygote, wake; /* descriptors; -1: none */
    pid_t zygote_pid;
    uint64_t zygote_ns, renew_ns; /* since when it lives; when the next is executed */
    int tries;                    /* zygotes lost or not executed, running */
    int n_slots, processors;
    struct room room;
    uint64_t rest_until_ns; /* no worker is started before: the last could not be forked */
    uint64_t look_ns;       /* when those that wait are looked at again */
    struct slot slots[ZYGOTE_MAX_SLOTS];
    struct pollfd polls[ZYGOTE_MAX_SLOTS + 2];

    pthread_mutex_t lock;
    struct ring rings[POOLS];
    struct rate rates[POOLS]; /* how fast the rings move */
    bool closing;
    atomic_bool cancels; /* what waits may have been cancelled: to be looked at */
    struct dispatch_stats stats;
};

/* ---- dispatch.c ---- */

/* Takes the lock of (1). */
void dispatch_lock(struct dispatch *d);
/* Gives it back. */
void dispatch_unlock(struct dispatch *d);

/* t has ended so: done() is called, without the lock. t may be gone then. */
void dispatch_end(struct task *t, enum task_end end, struct span reply);

/* The pool's ring has changed. With the lock held. */
void dispatch_heed_ring(struct dispatch *d, enum worker_pool pool);

/* The slot's task has ended, not cancelled: how fast the pool is. */
void dispatch_note_end(struct dispatch *d, const struct slot *s);

/* The task has its turn: how long did it wait, and how long had it been expected to? */
void dispatch_note_wait(struct dispatch *d, const struct task *t);

/* What a client may take of a pool where nobody has anything. */
struct shares dispatch_limits(const struct dispatch *d, enum worker_pool pool);

/* t is at a worker no longer: what it had is others'. */
void dispatch_leave(struct dispatch *d, struct task *t);

/* It waits again. */
void dispatch_put_back(struct dispatch *d, struct task *t);

/* End, so, what waits and is cancelled; everything when all. */
void dispatch_sweep(struct dispatch *d, bool all, enum task_end end);

/* Tasks that wait for a worker of that pool. */
size_t dispatch_waiting(struct dispatch *d, enum worker_pool pool);

/* ---- slots.c ---- */

/* May another zygote be executed in place of one that is lost? */
bool slots_can_renew(const struct dispatch *d);

/* The zygote has gone, or does nothing any more. Its workers end with it, so that none may be given a task, though
 * their sockets may stay open for as long as the machine has other things to do. */
void slots_lose_zygote(struct dispatch *d);

/* Execute another one, where one was lost and it is time. */
void slots_renew_zygote(struct dispatch *d);

/* The first slot of that pool in that state; NULL: none. */
struct slot *slots_find(struct dispatch *d, enum worker_pool pool, int state);

/* How many of a pool are in that state. */
int slots_count(const struct dispatch *d, enum worker_pool pool, int state);

/* It has no worker and is EMPTY; its task, if any, is the caller's. */
void slot_close(struct slot *s);

/* The worker is of no more use: kill it; begin another in its place when `again`. */
void slot_replace(struct dispatch *d, struct slot *s, bool again);

/* The slot's task has ended without a reply, and its worker with it. */
void slot_fail(struct dispatch *d, struct slot *s, enum task_end end);

/* Its trial is over: the task waits for a worker that long ones may have. */
void slot_return(struct dispatch *d, struct slot *s);

/* More of its task's frame. */
void slot_write(struct dispatch *d, struct slot *s);

/* The idle worker gets that task; trial: for TRIAL_MS only. */
void slot_begin(struct dispatch *d, struct slot *s, struct task *t, bool trial);

/* Bytes, or the end, from a worker. */
void slot_read(struct dispatch *d, struct slot *s);

/* ---- assign.c ---- */

/* Give idle workers of that pool their tasks, and begin others for what is left. */
void assign_tasks(struct dispatch *d, enum worker_pool pool);

/* Take the workers that the zygote has forked. */
void assign_workers(struct dispatch *d);

#endif
