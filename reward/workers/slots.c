/* reward/workers/slots.c - slots: a worker each, or none, and the task that it is at; see dispatch_impl.h
 * for a slot's states and what holds. The dispatcher's thread alone touches them.
 *
 * A zygote that is lost, or that has not answered in time (it was stopped), is killed and another executed in its
 * place; meanwhile tasks wait, and are given up when that has failed MAX_TRIES times running.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/dispatch_impl.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "reward/workers/frame.h"

enum {
    /* a deadline on the wall, for what does not even run: CPU budget times this, plus */
    WALL_FACTOR = 15,
    WALL_EXTRA_MS = 2000,
    TRIAL_MS = 100, /* what a task may take of a worker kept for newcomers */
    RENEW_MS = 100, /* before another zygote is executed; twice as long after each failure */
    MAX_TRIES = 6,
    STEADY_MS = 10000, /* a zygote that lives so long is no failure */
    READ_BYTES = 65536
};

static bool is_owner(const struct dispatch *d)
{
    return pthread_equal(d->owner, pthread_self());
}

static void slot_lose(struct dispatch *d, struct slot *s);

bool slots_can_renew(const struct dispatch *d)
{
    return d->options.boot.p != NULL && d->tries < MAX_TRIES;
}

void slots_lose_zygote(struct dispatch *d)
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
        } else if (slots_can_renew(d)) {
            slot_lose(d, s);
        }
    }
}

void slots_renew_zygote(struct dispatch *d)
{
    struct error e = {0};
    if (d->zygote >= 0 || !slots_can_renew(d) || clock_ns() < d->renew_ns) return;
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

void slot_close(struct slot *s)
{
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    s->state = SLOT_EMPTY;
    s->served = 0;
    buffer_clear(&s->in);
}

void slot_replace(struct dispatch *d, struct slot *s, bool again)
{
    assert(is_owner(d) && s->task == NULL); /* dispatch_impl.h (1) */
    slot_close(s);
    if (d->zygote < 0) return;
    if (!zygote_replace(d->zygote, (int)(s - d->slots), s->pool, again)) {
        slots_lose_zygote(d);
    } else if (again) {
        s->state = SLOT_STARTING;
        s->begun_ns = clock_ns();
    }
}

static void count_death(struct dispatch *d)
{
    dispatch_lock(d);
    d->stats.deaths++;
    dispatch_unlock(d);
}

void slot_fail(struct dispatch *d, struct slot *s, enum task_end end)
{
    assert(is_owner(d)); /* dispatch_impl.h (1) */
    assert(s->state == SLOT_BUSY);
    struct task *t = s->task;
    if (end != TASK_CANCELLED) dispatch_note_end(d, s);
    s->task = NULL;
    dispatch_leave(d, t);
    count_death(d);
    slot_replace(d, s, true);
    dispatch_end(t, end, span_of(NULL, 0));
}

void slot_return(struct dispatch *d, struct slot *s)
{
    struct task *t = s->task;
    s->task = NULL;
    dispatch_leave(d, t);
    t->slow = true;
    slot_replace(d, s, true);
    dispatch_put_back(d, t);
}

/* Was a task's worker lost with its zygote? That was not the task's doing. */
static bool is_innocent(const struct dispatch *d, const struct task *t)
{
    return !t->again && slots_can_renew(d) && d->zygote < 0;
}

/* The slot's worker has hung up. */
static void slot_lose(struct dispatch *d, struct slot *s)
{
    struct task *t = s->task;
    if (d->zygote >= 0 && zygote_is_gone(d->zygote)) {
        slots_lose_zygote(d);
        if (s->task == NULL) return;
    }
    if (!is_innocent(d, t)) {
        slot_fail(d, s, TASK_LOST);
        return;
    }
    s->task = NULL;
    dispatch_leave(d, t);
    t->again = true;
    slot_close(s);
    dispatch_put_back(d, t);
}

static uint64_t wall_ns(const struct task *t)
{
    int64_t ms = t->budget_ms;
    if (t->pool == POOL_ALGEBRA) ms *= WALL_FACTOR;
    return clock_ms_to_ns(ms + WALL_EXTRA_MS);
}

void slot_write(struct dispatch *d, struct slot *s)
{
    struct span rest = span_slice(buffer_span(&s->task->frame), s->sent, SIZE_MAX);
    ssize_t n = send(s->fd, rest.p, rest.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        s->sent += (size_t)n;
    } else if (errno != EAGAIN && errno != EINTR) {
        slot_lose(d, s);
    }
}

void slot_begin(struct dispatch *d, struct slot *s, struct task *t, bool trial)
{
    assert(is_owner(d)); /* dispatch_impl.h (1) */
    assert(s->state == SLOT_IDLE && s->task == NULL);
    if (task_is_cancelled(t)) {
        dispatch_leave(d, t);
        dispatch_end(t, TASK_CANCELLED, span_of(NULL, 0));
        return;
    }
    dispatch_note_wait(d, t);
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
    dispatch_note_end(d, s);
    s->task = NULL;
    s->state = SLOT_IDLE;
    s->served++;
    dispatch_leave(d, t);
    dispatch_end(t, TASK_REPLY, answer);
    s->in.n = 0;
    if (head.last == 1) slot_replace(d, s, false);
}

void slot_read(struct dispatch *d, struct slot *s)
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

struct slot *slots_find(struct dispatch *d, enum worker_pool pool, int state)
{
    for (int i = 0; i < d->n_slots; i++) {
        if (d->slots[i].pool == pool && (int)d->slots[i].state == state) return &d->slots[i];
    }
    return NULL;
}

int slots_count(const struct dispatch *d, enum worker_pool pool, int state)
{
    int n = 0;
    for (int i = 0; i < d->n_slots; i++) {
        n += d->slots[i].pool == pool && (int)d->slots[i].state == state;
    }
    return n;
}
