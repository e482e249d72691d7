/* reward/workers/dispatch.c - see dispatch.h.
 *
 * One thread polls everything: a wake-up descriptor, the zygote and every worker's socket. Nothing
 * it does blocks.
 *
 *            submit (any thread)            assign                reply, death or deadline
 *   task ---------------------> lane ------------------> slot --------------------------> done()
 *
 * A slot's states, and what moves it:
 *   EMPTY    --want_worker-->   STARTING   --zygote's answer-->   IDLE   --assign-->   BUSY
 *   BUSY     --reply-->         IDLE       --socket closed, or its last reply--> EMPTY
 *   BUSY     --deadline, cancelled, socket closed--> STARTING (killed and replaced by the zygote)
 *   BUSY     --its trial is over--> STARTING (the same, and the task goes back to its lane)
 *   any      --the zygote is lost--> EMPTY (its workers die with it; the task goes back, once)
 *
 * A zygote that is lost, or that has not answered for START_MS (it was stopped), is killed and
 * another executed in its place; meanwhile tasks wait, and are given up when that has failed
 * MAX_TRIES times running.
 *
 * Invariants
 *   (1) lock guards lanes, waiting and the statistics; slots belong to the thread alone.
 *   (2) done() is called without the lock, from the thread (or from dispatch_close() after it).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/machine_memory.h"
#include "base/mem.h"
#include "base/processors.h"
#include "reward/workers/frame.h"
#include "reward/workers/rate.h"
#include "reward/workers/zygote.h"

enum {
    /* a deadline on the wall, for what does not even run: CPU budget times this, plus */
    WALL_FACTOR = 15,
    WALL_EXTRA_MS = 2000,
    TRIAL_MS = 100, /* what a task may take of a worker kept for newcomers */
    BRISK_MS = 20,  /* a worker that takes longer no longer counts as a processor's worth */
    REST_MS = 200,
    SOON_MS = 50,     /* a worker that is being started is there, most likely */
    START_MS = 15000, /* a zygote that takes longer to fork a worker does nothing at all */
    CLOSE_MS = 5000,  /* for the zygote to end when the server does */
    RENEW_MS = 100,   /* before another zygote is executed; twice as long after each failure */
    MAX_TRIES = 6,
    LOOK_MS = 200,      /* between two looks at who waits in vain */
    FIRST_MEAN_MS = 50, /* before anything is known */
    STEADY_MS = 10000,  /* a zygote that lives so long is no failure */
    READ_BYTES = 65536
};

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
    struct dispatch_stats stats;
};

static _Thread_local bool has_lock;

static void lock(struct dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    has_lock = true;
}

static void unlock(struct dispatch *d)
{
    has_lock = false;
    pthread_mutex_unlock(&d->lock);
}

static void end_task(struct task *t, enum task_end end, struct span reply)
{
    assert(!has_lock); /* (2) */
    t->done(t, end, reply);
}

static bool is_owner(const struct dispatch *d)
{
    return pthread_equal(d->owner, pthread_self());
}

/* ---- how long things take -------------------------------------------------------------------- */

/* With the lock held: the pool's ring has changed. */
static void heed_ring(struct dispatch *d, enum worker_pool pool)
{
    rate_wait(&d->rates[pool], clock_ns(), d->rings[pool].waiting > 0);
}

/* The slot's task has ended, not cancelled. */
static void note_end(struct dispatch *d, const struct slot *s)
{
    uint64_t now = clock_ns();
    lock(d);
    rate_note(&d->rates[s->pool], now, (double)(now - s->begun_ns) / 1e6,
              d->rings[s->pool].waiting > 0);
    unlock(d);
}

/* The task has its turn: how long did it wait, and how long had it been expected to? */
static void note_wait(struct dispatch *d, const struct task *t)
{
    double ms = (double)(clock_ns() - t->queued_ns) / 1e6;
    if (t->slow || t->again) return; /* it has had one before */
    lock(d);
    d->stats.waits++;
    d->stats.wait_ms += ms;
    d->stats.wait_error_ms += ms > t->expected_ms ? ms - t->expected_ms : t->expected_ms - ms;
    unlock(d);
}

/* What a client may take of a pool where nobody has anything. */
static struct shares limits_of(const struct dispatch *d, enum worker_pool pool)
{
    int most = d->options.max_workers[pool];
    struct shares s = {.shared = most, .most = most};
    if (most > 2 * d->processors) { /* there are some to spare */
        s.shared = most - most / 4;
        s.most = most / 2;
    } else if (pool == POOL_SANDBOX && most > d->processors && most > 2) {
        s.shared = s.most = d->processors < 2 ? 2 : d->processors;
    }
    return s;
}

/* With the lock held. */
static double expected_ms(const struct dispatch *d, enum worker_pool pool, const struct lane *lane)
{
    const struct ring *r = &d->rings[pool];
    struct shares limits = limits_of(d, pool);
    if (ring_has_worker(r, lane, &limits, d->options.max_workers[pool])) return 0;
    double turns = (double)ring_count_ahead(r, lane) + 1;
    return turns * rate_gap_ms(&d->rates[pool], clock_ns());
}

double dispatch_expected_ms(struct dispatch *d, enum worker_pool pool, const struct lane *lane)
{
    lock(d);
    double ms = expected_ms(d, pool, lane);
    unlock(d);
    return ms;
}

/* The slot's task is at a worker no longer. */
static void leave(struct dispatch *d, struct task *t)
{
    room_leave(&d->room, &t->promise);
    lock(d);
    ring_leave(&d->rings[t->pool], t);
    unlock(d);
}

/* It waits again. */
static void put_back(struct dispatch *d, struct task *t)
{
    lock(d);
    ring_put(&d->rings[t->pool], t);
    heed_ring(d, t->pool);
    unlock(d);
}

/* ---- tasks that wait -------------------------------------------------------------------------------------- */

static void end_all(struct task *list, enum task_end end)
{
    for (struct task *t = list, *next; t != NULL; t = next) {
        next = t->next;
        end_task(t, end, span_of(NULL, 0));
    }
}

/* End what waits and is cancelled; everything when all. */
static void sweep(struct dispatch *d, bool all, enum task_end end)
{
    for (int p = 0; p < POOLS; p++) {
        lock(d);
        struct task *list = ring_take_cancelled(&d->rings[p], all);
        heed_ring(d, (enum worker_pool)p);
        unlock(d);
        end_all(list, end);
    }
}

/* End what can no longer begin in its time. That it waited in vain still tells how slow the ring is. */
static void refuse_late(struct dispatch *d)
{
    if (clock_ns() < d->look_ns) return;
    d->look_ns = clock_ns() + LOOK_MS * UINT64_C(1000000);
    for (int p = 0; p < POOLS; p++) {
        lock(d);
        uint64_t now = clock_ns(); /* nobody has come since */
        struct task *list = ring_take_late(&d->rings[p], now, rate_gap_ms(&d->rates[p], now));
        unlock(d);
        end_all(list, TASK_LATE);
    }
}

/* ---- slots ---------------------------------------------------------------------------------------------- */

static void slot_lose(struct dispatch *d, struct slot *s);
static void slot_close(struct slot *s);

static bool can_renew(const struct dispatch *d)
{
    return d->options.boot.p != NULL && d->tries < MAX_TRIES;
}

/* It has gone, or does nothing any more. Its workers end with it, so that none may be given a task, though
 * their sockets may stay open for as long as the machine has other things to do. */
static void lose_zygote(struct dispatch *d)
{
    uint64_t now = clock_ns();
    if (d->zygote < 0) return;
    log_line(LOG_ERROR, "verifier_processes_lost", LOG_END);
    zygote_close(d->zygote, d->zygote_pid, 0);
    d->zygote = -1;
    if (now - d->zygote_ns > STEADY_MS * UINT64_C(1000000)) d->tries = 0;
    d->renew_ns = now + (RENEW_MS * UINT64_C(1000000) << d->tries);
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        if (s->state != SLOT_BUSY) {
            slot_close(s);
        } else if (can_renew(d)) {
            slot_lose(d, s);
        }
    }
}

static void renew_zygote(struct dispatch *d)
{
    struct error e = {0};
    if (d->zygote >= 0 || !can_renew(d) || clock_ns() < d->renew_ns) return;
    d->tries++;
    d->zygote = zygote_exec(d->options.boot, &d->zygote_pid, &e);
    d->zygote_ns = clock_ns();
    d->renew_ns = d->zygote_ns + (RENEW_MS * UINT64_C(1000000) << d->tries);
    if (d->zygote >= 0) {
        log_line(LOG_INFO, "verifier_processes_renewed", LOG_END);
    } else {
        log_line(LOG_ERROR, "verifier_processes_lost", LOG_S("why", e.message), LOG_END);
    }
}

static void slot_close(struct slot *s)
{
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    s->state = SLOT_EMPTY;
    s->served = 0;
    buffer_clear(&s->in);
}

/* The worker is of no more use: kill it; begin another in its place when `again`. */
static void slot_replace(struct dispatch *d, struct slot *s, bool again)
{
    assert(is_owner(d) && s->task == NULL); /* (1) */
    slot_close(s);
    if (d->zygote < 0) return;
    if (!zygote_replace(d->zygote, (int)(s - d->slots), s->pool, again)) {
        lose_zygote(d);
    } else if (again) {
        s->state = SLOT_STARTING;
        s->begun_ns = clock_ns();
    }
}

static void count_death(struct dispatch *d)
{
    lock(d);
    d->stats.deaths++;
    unlock(d);
}

/* The slot's task has ended without a reply, and its worker with it. */
static void slot_fail(struct dispatch *d, struct slot *s, enum task_end end)
{
    assert(is_owner(d)); /* (1) */
    assert(s->state == SLOT_BUSY);
    struct task *t = s->task;
    if (end != TASK_CANCELLED) note_end(d, s);
    s->task = NULL;
    leave(d, t);
    count_death(d);
    slot_replace(d, s, true);
    end_task(t, end, span_of(NULL, 0));
}

/* Its trial is over: the task waits for a worker that long ones may have. */
static void slot_return(struct dispatch *d, struct slot *s)
{
    struct task *t = s->task;
    s->task = NULL;
    leave(d, t);
    t->slow = true;
    slot_replace(d, s, true);
    put_back(d, t);
}

/* Was a task's worker lost with its zygote? That was not the task's doing. */
static bool is_innocent(const struct dispatch *d, const struct task *t)
{
    return !t->again && can_renew(d) && d->zygote < 0;
}

/* The slot's worker has hung up. */
static void slot_lose(struct dispatch *d, struct slot *s)
{
    struct task *t = s->task;
    if (d->zygote >= 0 && zygote_is_gone(d->zygote)) {
        lose_zygote(d);
        if (s->task == NULL) return;
    }
    if (!is_innocent(d, t)) {
        slot_fail(d, s, TASK_LOST);
        return;
    }
    s->task = NULL;
    leave(d, t);
    t->again = true;
    slot_close(s);
    put_back(d, t);
}

static uint64_t wall_ns(const struct task *t)
{
    int64_t ms = t->budget_ms;
    if (t->pool == POOL_ALGEBRA) ms *= WALL_FACTOR;
    return clock_ms_to_ns(ms + WALL_EXTRA_MS);
}

static void slot_write(struct dispatch *d, struct slot *s)
{
    struct span rest = span_slice(buffer_span(&s->task->frame), s->sent, SIZE_MAX);
    ssize_t n = send(s->fd, rest.p, rest.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        s->sent += (size_t)n;
    } else if (errno != EAGAIN && errno != EINTR) {
        slot_lose(d, s);
    }
}

static void slot_begin(struct dispatch *d, struct slot *s, struct task *t, bool trial)
{
    assert(is_owner(d)); /* (1) */
    assert(s->state == SLOT_IDLE && s->task == NULL);
    if (atomic_load(t->cancelled)) {
        leave(d, t);
        end_task(t, TASK_CANCELLED, span_of(NULL, 0));
        return;
    }
    note_wait(d, t);
    s->state = SLOT_BUSY;
    s->task = t;
    s->sent = 0;
    s->in.n = 0;
    s->begun_ns = clock_ns();
    s->trial = trial;
    s->deadline_ns = s->begun_ns + (trial ? TRIAL_MS * UINT64_C(1000000) : wall_ns(t));
    slot_write(d, s);
}

/* A whole frame has come for the slot's task. A worker that says it is its last takes no other. */
static void slot_finish(struct dispatch *d, struct slot *s)
{
    static const enum task_end ends[FRAME_ENDS] = {[FRAME_ANSWER] = TASK_REPLY,
                                                   [FRAME_TIMEOUT] = TASK_TIMEOUT,
                                                   [FRAME_NO_MEMORY] = TASK_NO_MEMORY};
    struct frame_reply head = {0};
    struct span answer;
    struct task *t = s->task;
    bool readable = frame_read_reply(buffer_span(&s->in), &head, &answer);
    if (!readable || head.end != FRAME_ANSWER) {
        slot_fail(d, s, readable ? ends[head.end] : TASK_LOST);
        return;
    }
    note_end(d, s);
    s->task = NULL;
    s->state = SLOT_IDLE;
    s->served++;
    leave(d, t);
    end_task(t, TASK_REPLY, answer);
    s->in.n = 0;
    if (head.last == 1) slot_replace(d, s, false);
}

/* Bytes, or the end, from a worker. */
static void slot_read(struct dispatch *d, struct slot *s)
{
    static _Thread_local char bytes[READ_BYTES];
    ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0 || s->state != SLOT_BUSY) { /* an idle worker has nothing to say but good-bye */
        if (s->state == SLOT_BUSY) {
            slot_lose(d, s);
        } else {
            slot_replace(d, s, false);
        }
        return;
    }
    buffer_add(&s->in, bytes, (size_t)n);
    size_t whole = frame_length(buffer_span(&s->in));
    if (s->in.no_memory) {
        slot_fail(d, s, TASK_NO_MEMORY);
    } else if (s->in.failed || whole > FRAME_MAX_BYTES || (whole > 0 && s->in.n > whole)) {
        slot_fail(d, s, TASK_LOST);
    } else if (whole > 0 && s->in.n == whole) {
        slot_finish(d, s);
    }
}

/* ---- workers for the waiting ---------------------------------------------------------------------------- */

static struct slot *find_slot(struct dispatch *d, enum worker_pool pool, int state)
{
    for (int i = 0; i < d->n_slots; i++) {
        if (d->slots[i].pool == pool && (int)d->slots[i].state == state) return &d->slots[i];
    }
    return NULL;
}

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

static int count_slots(const struct dispatch *d, enum worker_pool pool, int state)
{
    int n = 0;
    for (int i = 0; i < d->n_slots; i++) {
        n += d->slots[i].pool == pool && (int)d->slots[i].state == state;
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
    struct shares s = limits_of(d, pool);
    s.busy = count_slots(d, pool, SLOT_BUSY) - count_trials(d, pool);
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
    lock(d);
    bool some = d->rings[pool].waiting > 0;
    unlock(d);
    if (!some) return NULL;
    int64_t spare = pool == POOL_SANDBOX ? machine_free_memory() : 0;
    struct promise promise = {0};
    lock(d);
    const struct task *next = ring_peek(&d->rings[pool], s);
    bool fits = next != NULL && room_take(&d->room, &next->memory, spare, &promise);
    struct task *t = fits ? ring_take(&d->rings[pool], s) : NULL;
    *first = t != NULL && ring_is_first(&d->rings[pool], t);
    heed_ring(d, pool);
    unlock(d);
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
    lock(d);
    size_t n = ring_count_ready(&d->rings[pool], &s);
    unlock(d);
    return n;
}

static size_t waiting_in(struct dispatch *d, enum worker_pool pool)
{
    lock(d);
    size_t n = d->rings[pool].waiting;
    unlock(d);
    return n;
}

/* Give idle workers their tasks. False: tasks may be left that want another one. */
static bool assign_idle(struct dispatch *d, enum worker_pool pool)
{
    for (int idle; (idle = count_slots(d, pool, SLOT_IDLE)) > 0;) {
        struct shares now = shares_of(d, pool);
        bool first, trial = pool == POOL_ALGEBRA && now.busy >= now.shared;
        if (idle == 1 && one_starts(d, pool)) now.shared = 0; /* for a newcomer */
        struct task *t = next_task(d, pool, &now, &first);
        if (t == NULL) return true;
        slot_begin(d, idle_slot(d, pool, first), t, trial);
    }
    return false;
}

static void assign(struct dispatch *d, enum worker_pool pool)
{
    struct slot *s;
    size_t waiting = assign_idle(d, pool) ? 0 : count_ready(d, pool);
    while (waiting > 0 && d->zygote >= 0 && clock_ns() >= d->rest_until_ns &&
           (pool == POOL_SANDBOX || count_brisk(d, pool) < d->processors) &&
           (s = find_slot(d, pool, SLOT_EMPTY)) != NULL) {
        slot_replace(d, s, true);
        waiting--;
    }
    bool nobody = d->zygote < 0 && !can_renew(d) && count_slots(d, pool, SLOT_IDLE) == 0 &&
                  count_slots(d, pool, SLOT_BUSY) == 0;
    if (nobody) sweep(d, true, TASK_LOST);
}

static void take_workers(struct dispatch *d)
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
    if (got < 0) lose_zygote(d);
}

/* ---- the loop ---------------------------------------------------------------------------------------------- */

static void check_deadlines(struct dispatch *d)
{
    uint64_t now = clock_ns();
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        if (s->state == SLOT_STARTING && now - s->begun_ns > START_MS * UINT64_C(1000000)) {
            lose_zygote(d);
        }
        if (s->state != SLOT_BUSY) continue;
        if (atomic_load(s->task->cancelled)) {
            slot_fail(d, s, TASK_CANCELLED);
        } else if (now >= s->deadline_ns && s->trial) {
            slot_return(d, s);
        } else if (now >= s->deadline_ns) {
            slot_fail(d, s, TASK_TIMEOUT);
        }
    }
}

/* Milliseconds until there is something to do without news: a deadline, or, while tasks wait, a
 * worker that stops being brisk. -1: nothing. */
static int until_due(struct dispatch *d)
{
    uint64_t first = UINT64_MAX, now = clock_ns();
    for (int p = 0; p < POOLS; p++) {
        if (waiting_in(d, (enum worker_pool)p) > 0) first = now + clock_ms_to_ns(BRISK_MS);
    }
    for (int i = 0; i < d->n_slots; i++) {
        const struct slot *s = &d->slots[i];
        uint64_t due = s->state == SLOT_BUSY       ? s->deadline_ns
                       : s->state == SLOT_STARTING ? s->begun_ns + clock_ms_to_ns(START_MS + 1)
                                                   : UINT64_MAX;
        if (due < first) first = due;
    }
    if (d->zygote < 0 && can_renew(d) && d->renew_ns < first) first = d->renew_ns;
    if (first == UINT64_MAX) return -1;
    return clock_wait_ms(first, now);
}

static void wait_for_news(struct dispatch *d)
{
    d->polls[0] = (struct pollfd){.fd = d->wake, .events = POLLIN};
    d->polls[1] = (struct pollfd){.fd = d->zygote, .events = POLLIN};
    for (int i = 0; i < d->n_slots; i++) {
        const struct slot *s = &d->slots[i];
        bool writing = s->state == SLOT_BUSY && s->sent < s->task->frame.n;
        short events = (short)(writing ? POLLIN | POLLOUT : POLLIN);
        d->polls[i + 2] = (struct pollfd){.fd = s->fd, .events = events};
    }
    poll(d->polls, (nfds_t)d->n_slots + 2, until_due(d));
}

static void hear_news(struct dispatch *d)
{
    uint64_t count;
    if (d->polls[0].revents != 0 && read(d->wake, &count, sizeof(count)) > 0) {
        sweep(d, false, TASK_CANCELLED);
    }
    if (d->polls[1].revents != 0) take_workers(d);
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        const struct pollfd *p = &d->polls[i + 2];
        if (s->fd < 0 || p->fd != s->fd || p->revents == 0) continue;
        if ((p->revents & POLLOUT) != 0 && s->state == SLOT_BUSY) slot_write(d, s);
        if (s->fd == p->fd && (p->revents & ~POLLOUT) != 0) slot_read(d, s);
    }
}

static bool is_closing(struct dispatch *d)
{
    lock(d);
    bool closing = d->closing;
    unlock(d);
    return closing;
}

/* For dispatch_stats(): what holds from now until the next news. */
static void count_workers(struct dispatch *d)
{
    lock(d);
    d->stats.workers = d->stats.busy = 0;
    for (int p = 0; p < POOLS; p++) {
        d->stats.busy += count_slots(d, (enum worker_pool)p, SLOT_BUSY);
        d->stats.workers += count_slots(d, (enum worker_pool)p, SLOT_IDLE);
    }
    d->stats.workers += d->stats.busy;
    d->stats.lost = d->zygote < 0;
    d->stats.promised = d->room.promised;
    d->stats.promised_most = d->room.most;
    unlock(d);
}

static void *run(void *arg)
{
    struct dispatch *d = arg;
    d->owner = pthread_self();
    while (!is_closing(d)) {
        renew_zygote(d);
        for (int p = 0; p < POOLS; p++) {
            assign(d, (enum worker_pool)p);
        }
        count_workers(d);
        wait_for_news(d);
        hear_news(d);
        check_deadlines(d);
        refuse_late(d);
    }
    return NULL;
}

/* ---- opening and closing ------------------------------------------------------------------------------------ */

static bool start_thread(struct dispatch *d, struct error *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for the loop thread */
    int rc = pthread_create(&d->thread, NULL, run, d);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    d->has_thread = rc == 0;
    return rc == 0 || error_set(err, ERROR_SYSTEM, NULL, "cannot start a thread: error %d", rc);
}

static void init_slots(struct dispatch *d)
{
    for (int p = 0; p < POOLS; p++) {
        int n = d->options.max_workers[p], most = ZYGOTE_MAX_SLOTS / POOLS;
        if (n > most) n = d->options.max_workers[p] = most;
        for (int i = 0; i < n; i++) {
            struct slot *s = &d->slots[d->n_slots++];
            *s = (struct slot){.pool = (enum worker_pool)p, .fd = -1};
            buffer_init(&s->in, FRAME_MAX_BYTES);
        }
    }
}

struct dispatch *dispatch_open(const struct dispatch_options *o, struct error *err)
{
    struct dispatch *d = mem_new(1, sizeof(*d), err);
    if (d == NULL) return NULL;
    d->options = *o;
    d->processors = processors_usable();
    d->room.given = o->program_bytes;
    d->zygote = d->wake = -1;
    pthread_mutex_init(&d->lock, NULL);
    for (int p = 0; p < POOLS; p++) {
        int most = o->max_workers[p];
        bool shares = p == POOL_ALGEBRA && d->processors < most;
        rate_init(&d->rates[p], FIRST_MEAN_MS, shares ? d->processors : most, most);
    }
    init_slots(d);
    d->zygote = zygote_open(&o->workers, &d->zygote_pid, err);
    if (d->zygote < 0) goto fail;
    d->zygote_ns = clock_ns();
    d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->wake < 0) {
        error_set(err, ERROR_SYSTEM, NULL, "cannot make an eventfd: error %d", errno);
        goto fail;
    }
    if (!start_thread(d, err)) goto fail;
    return d;
fail:
    dispatch_close(d);
    return NULL;
}

void dispatch_close(struct dispatch *d)
{
    if (d == NULL) return;
    lock(d);
    d->closing = true;
    unlock(d);
    dispatch_wake(d);
    if (d->has_thread) pthread_join(d->thread, NULL);
    d->owner = pthread_self();
    if (d->zygote >= 0) zygote_close(d->zygote, d->zygote_pid, CLOSE_MS);
    d->zygote = -1;
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        if (s->state == SLOT_BUSY) end_task(s->task, TASK_CANCELLED, span_of(NULL, 0));
        slot_close(s);
    }
    sweep(d, true, TASK_CANCELLED);
    if (d->wake >= 0) close(d->wake);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

bool dispatch_submit(struct dispatch *d, struct lane *lane, struct task *t, struct error *err)
{
    lock(d);
    struct ring *r = &d->rings[t->pool];
    bool fits = r->waiting < d->options.max_waiting && !d->closing;
    if (fits) {
        t->lane = lane;
        t->queued_ns = clock_ns();
        t->expected_ms = expected_ms(d, t->pool, lane);
        ring_put(r, t);
        heed_ring(d, t->pool);
    }
    unlock(d);
    if (!fits) {
        return error_set(err, ERROR_QUEUE_FULL, NULL, "too many items wait for a verifier process");
    }
    dispatch_wake(d);
    return true;
}

void dispatch_wake(struct dispatch *d)
{
    uint64_t one = 1;
    if (d->wake < 0) return;
    ssize_t n = write(d->wake, &one, sizeof(one));
    (void)n; /* full means it is awake already */
}

struct dispatch_stats dispatch_stats(struct dispatch *d)
{
    lock(d);
    struct dispatch_stats s = d->stats;
    s.waiting = 0;
    for (int p = 0; p < POOLS; p++) {
        s.waiting += d->rings[p].waiting;
    }
    unlock(d);
    return s;
}
