/* reward/workers/lanes.c - see lanes.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/lanes.h"

#include <assert.h>

#include "base/hash.h"

static size_t place_of(const struct lane *lane)
{
    uint64_t name = lane->client != 0 ? lane->client : (uint64_t)(uintptr_t)lane;
    return (size_t)(hash_mix(name) & (LANES_CLIENTS - 1));
}

static void add_lane(struct ring *r, struct lane *lane)
{
    lane->next = NULL;
    lane->queued = true;
    if (r->tail == NULL) {
        r->head = lane;
    } else {
        r->tail->next = lane;
    }
    r->tail = lane;
}

/* before: the lane in front of it, or NULL */
static void remove_lane(struct ring *r, struct lane *before, struct lane *lane)
{
    if (before == NULL) {
        r->head = lane->next;
    } else {
        before->next = lane->next;
    }
    if (r->tail == lane) r->tail = before;
    lane->queued = false;
}

void ring_put(struct ring *r, struct task *t)
{
    struct lane *lane = t->lane;
    t->next = NULL;
    if (lane->tail == NULL) {
        lane->head = t;
    } else {
        lane->tail->next = t;
    }
    lane->tail = t;
    if (!lane->queued) add_lane(r, lane);
    assert(lane->head != NULL && lane->queued); /* (1) */
    r->clients[place_of(lane)].waiting++;
    lane->waiting++;
    r->waiting++;
}

static bool may_run(const struct lane *lane, int running, const struct shares *s)
{
    bool newcomer = running == 0 && !lane->head->slow;
    return newcomer || (s->busy < s->shared && running < s->most);
}

/* Whose turn it is, and the lane in front of it. */
static struct lane *next_lane(const struct ring *r, const struct shares *s, struct lane **before)
{
    struct lane *best = NULL, *last = NULL;
    int least = 0;
    for (struct lane *lane = r->head; lane != NULL; last = lane, lane = lane->next) {
        int running = (int)r->clients[place_of(lane)].running;
        if (!may_run(lane, running, s) || (best != NULL && running >= least)) continue;
        best = lane;
        *before = last;
        least = running;
        if (least == 0) break; /* nobody has fewer */
    }
    return best;
}

struct task *ring_take(struct ring *r, const struct shares *s)
{
    struct lane *before = NULL, *lane = next_lane(r, s, &before);
    if (lane == NULL) return NULL;
    struct client_use *use = &r->clients[place_of(lane)];
    struct task *t = lane->head;
    remove_lane(r, before, lane);
    lane->head = t->next;
    if (lane->head == NULL) {
        lane->tail = NULL;
    } else {
        add_lane(r, lane);
    }
    t->next = NULL;
    assert(lane->waiting > 0);
    assert(use->waiting >= lane->waiting && r->waiting >= use->waiting); /* (2) */
    lane->begun = true;
    lane->waiting--;
    use->waiting--;
    use->running++;
    r->waiting--;
    r->running++;
    return t;
}

const struct task *ring_peek(const struct ring *r, const struct shares *s)
{
    struct lane *before = NULL, *lane = next_lane(r, s, &before);
    return lane == NULL ? NULL : lane->head;
}

bool ring_is_first(const struct ring *r, const struct task *t)
{
    return r->clients[place_of(t->lane)].running == 1;
}

bool ring_client_waits(const struct ring *r, const struct lane *lane)
{
    return r->clients[place_of(lane)].waiting > 0;
}

void ring_leave(struct ring *r, const struct task *t)
{
    struct client_use *use = &r->clients[place_of(t->lane)];
    assert(use->running > 0 && r->running >= use->running); /* (2) */
    use->running--;
    r->running--;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Of the lane's own client. */
static size_t count_own(const struct ring *r, const struct lane *lane)
{
    size_t own = lane->waiting, n = own;
    for (const struct lane *l = r->head; l != NULL; l = l->next) {
        if (l != lane && place_of(l) == place_of(lane)) n += least(l->waiting, own + 1);
    }
    return n;
}

size_t ring_count_ahead(const struct ring *r, const struct lane *lane)
{
    size_t own = count_own(r, lane), n = own;
    bool others = r->waiting > r->clients[place_of(lane)].waiting;
    for (size_t i = 0; others && i < LANES_CLIENTS; i++) {
        if (i != place_of(lane)) n += least(r->clients[i].waiting, own + 1);
    }
    return n;
}

bool ring_has_worker(const struct ring *r, const struct lane *lane, const struct shares *s,
                     int workers)
{
    const struct client_use *use = &r->clients[place_of(lane)];
    size_t taken = r->running;
    if (use->waiting > 0 || use->running > 0) {
        return r->waiting == 0 && (int)r->running < s->shared && (int)use->running < s->most;
    }
    for (size_t i = 0; i < LANES_CLIENTS; i++) {
        taken += r->clients[i].waiting > 0 && r->clients[i].running == 0;
    }
    return taken < (size_t)workers;
}

size_t ring_count_ready(const struct ring *r, const struct shares *s)
{
    size_t n = 0;
    for (const struct lane *lane = r->head; lane != NULL; lane = lane->next) {
        int running = (int)r->clients[place_of(lane)].running;
        if (may_run(lane, running, s)) n += (size_t)(s->most - running);
    }
    return n < r->waiting ? n : r->waiting;
}

/* So many of the lane's tasks wait no longer. */
static void forget_tasks(struct ring *r, struct lane *lane, size_t n)
{
    struct client_use *use = &r->clients[place_of(lane)];
    assert(lane->waiting >= n && use->waiting >= lane->waiting &&
           r->waiting >= use->waiting); /* (2) */
    use->waiting -= (uint32_t)n;
    r->waiting -= n;
    lane->waiting -= n;
}

/* All tasks of a lane, in front of a list. */
static struct task *take_lane(struct ring *r, struct lane *before, struct lane *lane,
                              struct task *list)
{
    remove_lane(r, before, lane);
    forget_tasks(r, lane, lane->waiting);
    lane->tail->next = list;
    list = lane->head;
    lane->head = lane->tail = NULL;
    return list;
}

/* Those of a lane's tasks that are cancelled, in front of a list; the others stay, in their order. */
static struct task *take_cancelled(struct ring *r, struct lane *lane, struct task *list)
{
    size_t n = 0;
    struct task **link = &lane->head;
    lane->tail = NULL;
    for (struct task *t = lane->head, *next; t != NULL; t = next) {
        next = t->next;
        if (task_is_cancelled(t)) {
            t->next = list;
            list = t;
            n++;
        } else {
            *link = lane->tail = t;
            link = &t->next;
        }
    }
    *link = NULL;
    forget_tasks(r, lane, n);
    return list;
}

struct task *ring_take_cancelled(struct ring *r, bool all)
{
    struct task *taken = NULL;
    struct lane *before = NULL, *next;
    for (struct lane *lane = r->head; lane != NULL; lane = next) {
        next = lane->next;
        if (all) {
            taken = take_lane(r, before, lane, taken);
            continue;
        }
        taken = take_cancelled(r, lane, taken);
        if (lane->head == NULL) {
            remove_lane(r, before, lane); /* (1) */
        } else {
            before = lane;
        }
    }
    return taken;
}

/* Tasks of other clients that have their turn while the lane's client has so many. */
static size_t count_beside(const struct ring *r, const struct lane *lane, size_t turns)
{
    size_t n = 0;
    for (size_t i = 0; turns > 0 && i < LANES_CLIENTS; i++) {
        if (i != place_of(lane)) n += least(r->clients[i].waiting, turns);
    }
    return n;
}

/* Before it are so many lanes of its client's, which take turns with it. */
static bool is_late(const struct ring *r, const struct lane *lane, size_t own, uint64_t now_ns,
                    double gap_ms)
{
    double waited_ms = (double)(now_ns - lane->head->queued_ns) / 1e6;
    if (lane->begun || lane->max_wait_ms == 0 || 2 * waited_ms <= lane->max_wait_ms) return false;
    if (waited_ms > lane->max_wait_ms) return true;
    double ahead = (double)(own + count_beside(r, lane, own));
    return waited_ms + ahead * gap_ms > lane->max_wait_ms;
}

struct task *ring_take_late(struct ring *r, uint64_t now_ns, double gap_ms)
{
    uint32_t own[LANES_CLIENTS] = {0};
    struct task *taken = NULL;
    struct lane *before = NULL, *next;
    for (struct lane *lane = r->head; lane != NULL; lane = next) {
        next = lane->next;
        uint32_t *place = &own[place_of(lane)];
        if (is_late(r, lane, *place, now_ns, gap_ms)) {
            taken = take_lane(r, before, lane, taken);
        } else {
            before = lane;
            ++*place;
        }
    }
    return taken;
}
