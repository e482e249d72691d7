/* reward/workers/assign.c - which task gets which worker; see dispatch_impl.h for what holds.
 *
 * A pool has its ring of tasks that wait (lanes.h), which says whose turn it is. Idle workers take them: a
 * client that has nothing else at work gets the one that has answered most. Where tasks are left that could
 * run, another worker is begun, unless those that have only just begun keep all processors busy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/dispatch_impl.h"

#include <assert.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/machine_memory.h"
#include "reward/workers/frame.h"

enum {
    REST_MS = 200, /* after one that could not be forked */
    SOON_MS = 50   /* a worker that is being started is there, most likely */
};

/* Workers that are starting or have only just begun: the processors have their hands full with
 * these. One at a long item leaves its processor to others by being nice, so it is not counted. */
static int count_brisk(const struct dispatch *d, enum worker_pool pool)
{
    uint64_t now = clock_ns();
    int n = 0;
    for (int i = 0; i < d->n_slots; i++) {
        const struct slot *s = &d->slots[i];
        if (s->pool != pool) continue;
        n += s->state == SLOT_STARTING ||
             (s->state == SLOT_BUSY && now - s->begun_ns < clock_ms_to_ns(BRISK_MS));
    }
    return n;
}

static int count_trials(const struct dispatch *d, enum worker_pool pool)
{
    int n = 0;
    for (int i = 0; i < d->n_slots; i++) {
        const struct slot *s = &d->slots[i];
        n += s->pool == pool && s->state == SLOT_BUSY && s->trial;
    }
    return n;
}

static struct shares shares_of(const struct dispatch *d, enum worker_pool pool)
{
    struct shares s = dispatch_limits(d, pool);
    s.busy = slots_count(d, pool, SLOT_BUSY) - count_trials(d, pool);
    return s;
}

/* The idle worker that has answered most tasks, or fewest. */
static struct slot *idle_slot(struct dispatch *d, enum worker_pool pool, bool warm)
{
    struct slot *best = NULL;
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        if (s->pool != pool || s->state != SLOT_IDLE) continue;
        if (best == NULL || (warm ? s->served > best->served : s->served < best->served)) best = s;
    }
    return best;
}

/* Will another worker be there in a moment? */
static bool one_starts(const struct dispatch *d, enum worker_pool pool)
{
    uint64_t now = clock_ns();
    int i = 0;
    while (i < d->n_slots && (d->slots[i].pool != pool || d->slots[i].state != SLOT_STARTING ||
                              now - d->slots[i].begun_ns >= SOON_MS * UINT64_C(1000000))) {
        i++;
    }
    return i < d->n_slots;
}

/* Whose turn it is, if there is room for what it will run; whether its client has nothing else at work. */
static struct task *next_task(struct dispatch *d, enum worker_pool pool, const struct shares *s,
                              bool *first)
{
    dispatch_lock(d);
    bool some = d->rings[pool].waiting > 0;
    dispatch_unlock(d);
    if (!some) return NULL;
    int64_t spare = pool == POOL_SANDBOX ? machine_free_memory() : 0;
    struct promise promise = {0};
    dispatch_lock(d);
    const struct task *next = ring_peek(&d->rings[pool], s);
    bool fits = next != NULL && room_take(&d->room, &next->memory, spare, &promise);
    struct task *t = fits ? ring_take(&d->rings[pool], s) : NULL;
    *first = t != NULL && ring_is_first(&d->rings[pool], t);
    dispatch_heed_ring(d, pool);
    dispatch_unlock(d);
    if (t == NULL) return NULL;
    assert(t == next && t->promise.bytes == 0);
    t->promise = promise;
    frame_allow_runs(&t->frame, promise.runs);
    return t;
}

/* Waiting tasks that may run as soon as there are workers for them, about. */
static size_t count_ready(struct dispatch *d, enum worker_pool pool)
{
    struct shares s = shares_of(d, pool);
    dispatch_lock(d);
    size_t n = ring_count_ready(&d->rings[pool], &s);
    dispatch_unlock(d);
    return n;
}

/* Give idle workers their tasks. False: tasks may be left that want another one. */
static bool assign_idle(struct dispatch *d, enum worker_pool pool)
{
    for (int idle; (idle = slots_count(d, pool, SLOT_IDLE)) > 0;) {
        struct shares now = shares_of(d, pool);
        bool first, trial = pool == POOL_ALGEBRA && now.busy >= now.shared;
        if (idle == 1 && one_starts(d, pool)) now.shared = 0; /* for a newcomer */
        struct task *t = next_task(d, pool, &now, &first);
        if (t == NULL) return true;
        slot_begin(d, idle_slot(d, pool, first), t, trial);
    }
    return false;
}

void assign_tasks(struct dispatch *d, enum worker_pool pool)
{
    struct slot *s;
    size_t waiting = assign_idle(d, pool) ? 0 : count_ready(d, pool);
    while (waiting > 0 && d->zygote >= 0 && clock_ns() >= d->rest_until_ns &&
           (pool == POOL_SANDBOX || count_brisk(d, pool) < d->processors) &&
           (s = slots_find(d, pool, SLOT_EMPTY)) != NULL) {
        slot_replace(d, s, true);
        waiting--;
    }
    bool nobody = d->zygote < 0 && !slots_can_renew(d) && slots_count(d, pool, SLOT_IDLE) == 0 &&
                  slots_count(d, pool, SLOT_BUSY) == 0;
    if (nobody) dispatch_sweep(d, true, TASK_LOST);
}

void assign_workers(struct dispatch *d)
{
    int number, fd, got = 0;
    while (d->zygote >= 0 && (got = zygote_receive(d->zygote, &number, &fd)) > 0) {
        struct slot *s = &d->slots[number];
        if (number >= d->n_slots || s->state != SLOT_STARTING) {
            if (fd >= 0) close(fd);
            continue;
        }
        s->fd = fd;
        s->state = fd < 0 ? SLOT_EMPTY : SLOT_IDLE;
        if (fd >= 0) continue;
        d->rest_until_ns = clock_ns() + clock_ms_to_ns(REST_MS);
        log_line(LOG_ERROR, "verifier_process_not_started", LOG_END);
    }
    if (got < 0) slots_lose_zygote(d);
}
