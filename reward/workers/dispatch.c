/* reward/workers/dispatch.c - see dispatch.h, and dispatch_impl.h for what holds: the door and the loop.
 *
 * One thread polls everything: a wake-up descriptor, the zygote and every worker's socket. Nothing
 * it does blocks.
 *
 *            submit (any thread)            assign                reply, death or deadline
 *   task ---------------------> lane ------------------> slot --------------------------> done()
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/dispatch_impl.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/processors.h"
#include "reward/workers/frame.h"

enum {
    START_MS = 15000,  /* a zygote that takes longer to fork a worker does nothing at all */
    CLOSE_MS = 5000,   /* for the zygote to end when the server does */
    LOOK_MS = 200,     /* between two looks at who waits in vain */
    FIRST_MEAN_MS = 50 /* before anything is known */
};

static _Thread_local bool has_lock;

void dispatch_lock(struct dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    has_lock = true;
}

void dispatch_unlock(struct dispatch *d)
{
    has_lock = false;
    pthread_mutex_unlock(&d->lock);
}

void dispatch_end(struct task *t, enum task_end end, struct span reply)
{
    assert(!has_lock); /* dispatch_impl.h (2) */
    t->done(t, end, reply);
}

/* ---- how long things take -------------------------------------------------------------------- */

/* With the lock held. */
static struct rate_crowd crowd_of(const struct dispatch *d, enum worker_pool pool)
{
    return (struct rate_crowd){d->rings[pool].waiting, d->rings[pool].running};
}

void dispatch_heed_ring(struct dispatch *d, enum worker_pool pool)
{
    rate_wait(&d->rates[pool], clock_ns(), crowd_of(d, pool));
}

/* Does the ring move by the end of t? Not where others wait and it had its worker at once, beside them: who has
 * nothing else at work takes one that the others may not have. With the lock held. */
static bool moves_ring(const struct dispatch *d, const struct task *t)
{
    const struct ring *r = &d->rings[t->pool];
    return r->waiting == 0 || t->expected_ms > 0 || ring_client_waits(r, t->lane);
}

void dispatch_note_end(struct dispatch *d, const struct slot *s)
{
    uint64_t now = clock_ns();
    dispatch_lock(d);
    if (moves_ring(d, s->task)) {
        rate_note(&d->rates[s->pool], now, (double)(now - s->begun_ns) / 1e6,
                  crowd_of(d, s->pool));
    }
    dispatch_unlock(d);
}

void dispatch_note_wait(struct dispatch *d, const struct task *t)
{
    uint64_t now = clock_ns();
    double ms = (double)(now - t->queued_ns) / 1e6;
    if (t->slow || t->again) return; /* it has had one before */
    dispatch_lock(d);
    d->stats.waits++;
    d->stats.wait_ms += ms;
    d->stats.wait_error_ms += ms > t->expected_ms ? ms - t->expected_ms : t->expected_ms - ms;
    margin_judge(&d->rates[t->pool].margin, now, t->expected_ms, ms);
    dispatch_unlock(d);
}

struct shares dispatch_limits(const struct dispatch *d, enum worker_pool pool)
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
    struct shares limits = dispatch_limits(d, pool);
    if (ring_has_worker(r, lane, &limits, d->options.max_workers[pool])) return 0;
    double turns = (double)ring_count_ahead(r, lane) + 1;
    return turns * rate_gap_ms(&d->rates[pool], clock_ns());
}

double dispatch_expected_ms(struct dispatch *d, enum worker_pool pool, const struct lane *lane)
{
    dispatch_lock(d);
    double ms = expected_ms(d, pool, lane);
    dispatch_unlock(d);
    return ms;
}

bool dispatch_can_promise(struct dispatch *d, enum worker_pool pool, const struct lane *lane,
                          double ms)
{
    dispatch_lock(d);
    bool can = rate_most_ms(&d->rates[pool], expected_ms(d, pool, lane)) <= ms;
    dispatch_unlock(d);
    return can;
}

void dispatch_leave(struct dispatch *d, struct task *t)
{
    room_leave(&d->room, &t->promise);
    dispatch_lock(d);
    ring_leave(&d->rings[t->pool], t);
    dispatch_unlock(d);
}

void dispatch_put_back(struct dispatch *d, struct task *t)
{
    dispatch_lock(d);
    ring_put(&d->rings[t->pool], t);
    dispatch_heed_ring(d, t->pool);
    dispatch_unlock(d);
}

/* ---- tasks that wait -------------------------------------------------------------------------------------- */

static void end_all(struct task *list, enum task_end end)
{
    for (struct task *t = list, *next; t != NULL; t = next) {
        next = t->next;
        dispatch_end(t, end, span_of(NULL, 0));
    }
}

void dispatch_sweep(struct dispatch *d, bool all, enum task_end end)
{
    for (int p = 0; p < POOLS; p++) {
        dispatch_lock(d);
        struct task *list = ring_take_cancelled(&d->rings[p], all);
        dispatch_heed_ring(d, (enum worker_pool)p);
        dispatch_unlock(d);
        end_all(list, end);
    }
}

/* Those that could not begin in time had been promised it. With the lock held. */
static void judge_late(struct dispatch *d, uint64_t now_ns, const struct task *list)
{
    for (const struct task *t = list; t != NULL; t = t->next) {
        double most = t->lane->max_wait_ms;
        if (t->expected_ms <= most) {
            margin_judge(&d->rates[t->pool].margin, now_ns, t->expected_ms, most);
        }
    }
}

/* End what can no longer begin in its time. That it waited in vain still tells how slow the ring is. */
static void refuse_late(struct dispatch *d)
{
    if (clock_ns() < d->look_ns) return;
    d->look_ns = clock_ns() + LOOK_MS * UINT64_C(1000000);
    for (int p = 0; p < POOLS; p++) {
        dispatch_lock(d);
        uint64_t now = clock_ns(); /* nobody has come since */
        struct task *list = ring_take_late(&d->rings[p], now, rate_gap_ms(&d->rates[p], now));
        judge_late(d, now, list);
        dispatch_unlock(d);
        end_all(list, TASK_LATE);
    }
}

size_t dispatch_waiting(struct dispatch *d, enum worker_pool pool)
{
    dispatch_lock(d);
    size_t n = d->rings[pool].waiting;
    dispatch_unlock(d);
    return n;
}

/* ---- the loop ---------------------------------------------------------------------------------------------- */

static void check_deadlines(struct dispatch *d)
{
    uint64_t now = clock_ns();
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        if (s->state == SLOT_STARTING && now - s->begun_ns > START_MS * UINT64_C(1000000)) {
            slots_lose_zygote(d);
        }
        if (s->state != SLOT_BUSY) continue;
        if (task_is_cancelled(s->task)) {
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
        if (dispatch_waiting(d, (enum worker_pool)p) > 0) first = now + clock_ms_to_ns(BRISK_MS);
    }
    for (int i = 0; i < d->n_slots; i++) {
        const struct slot *s = &d->slots[i];
        uint64_t due = s->state == SLOT_BUSY       ? s->deadline_ns
                       : s->state == SLOT_STARTING ? s->begun_ns + clock_ms_to_ns(START_MS + 1)
                                                   : UINT64_MAX;
        if (due < first) first = due;
    }
    if (d->zygote < 0 && slots_can_renew(d) && d->renew_ns < first) first = d->renew_ns;
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
    bool woken = d->polls[0].revents != 0 && read(d->wake, &count, sizeof(count)) > 0;
    if (woken && atomic_exchange(&d->cancels, false)) dispatch_sweep(d, false, TASK_CANCELLED);
    if (d->polls[1].revents != 0) assign_workers(d);
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
    dispatch_lock(d);
    bool closing = d->closing;
    dispatch_unlock(d);
    return closing;
}

/* For dispatch_stats(): what holds from now until the next news. */
static void count_workers(struct dispatch *d)
{
    dispatch_lock(d);
    d->stats.workers = d->stats.busy = 0;
    for (int p = 0; p < POOLS; p++) {
        d->stats.busy += slots_count(d, (enum worker_pool)p, SLOT_BUSY);
        d->stats.workers += slots_count(d, (enum worker_pool)p, SLOT_IDLE);
    }
    d->stats.workers += d->stats.busy;
    d->stats.lost = d->zygote < 0;
    d->stats.promised = d->room.promised;
    d->stats.promised_most = d->room.most;
    dispatch_unlock(d);
}

static void *run(void *arg)
{
    struct dispatch *d = arg;
    d->owner = pthread_self();
    while (!is_closing(d)) {
        slots_renew_zygote(d);
        for (int p = 0; p < POOLS; p++) {
            assign_tasks(d, (enum worker_pool)p);
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
        rate_init(&d->rates[p], FIRST_MEAN_MS, shares ? d->processors : most);
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

/* There is news for the dispatcher thread. */
static void wake(struct dispatch *d)
{
    uint64_t one = 1;
    if (d->wake < 0) return;
    ssize_t n = write(d->wake, &one, sizeof(one));
    (void)n; /* full means it is awake already */
}

void dispatch_close(struct dispatch *d)
{
    if (d == NULL) return;
    dispatch_lock(d);
    d->closing = true;
    dispatch_unlock(d);
    wake(d);
    if (d->has_thread) pthread_join(d->thread, NULL);
    d->owner = pthread_self();
    if (d->zygote >= 0) zygote_close(d->zygote, d->zygote_pid, CLOSE_MS);
    d->zygote = -1;
    for (int i = 0; i < d->n_slots; i++) {
        struct slot *s = &d->slots[i];
        if (s->state == SLOT_BUSY) dispatch_end(s->task, TASK_CANCELLED, span_of(NULL, 0));
        slot_close(s);
    }
    dispatch_sweep(d, true, TASK_CANCELLED);
    if (d->wake >= 0) close(d->wake);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

bool dispatch_submit(struct dispatch *d, struct lane *lane, struct task *t, struct error *err)
{
    dispatch_lock(d);
    struct ring *r = &d->rings[t->pool];
    bool fits = r->waiting < d->options.max_waiting && !d->closing;
    if (fits) {
        t->lane = lane;
        t->queued_ns = clock_ns();
        t->expected_ms = expected_ms(d, t->pool, lane);
        ring_put(r, t);
        dispatch_heed_ring(d, t->pool);
        if (task_is_cancelled(t)) atomic_store(&d->cancels, true); /* after others of its kind */
    }
    dispatch_unlock(d);
    if (!fits) {
        return error_set(err, ERROR_QUEUE_FULL, NULL, "too many items wait for a verifier process");
    }
    wake(d);
    return true;
}

void dispatch_wake(struct dispatch *d)
{
    atomic_store(&d->cancels, true);
    wake(d);
}

struct dispatch_stats dispatch_stats(struct dispatch *d)
{
    dispatch_lock(d);
    struct dispatch_stats s = d->stats;
    s.waiting = 0;
    for (int p = 0; p < POOLS; p++) {
        s.waiting += d->rings[p].waiting;
    }
    dispatch_unlock(d);
    return s;
}
