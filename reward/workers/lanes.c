/* reward/workers/lanes.c - see lanes.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/lanes.h"

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
    r->waiting++;
}

static bool may_run(const struct lane *lane, const struct shares *s)
{
    bool newcomer = lane->running == 0 && !lane->head->slow;
    return newcomer || (s->busy < s->shared && lane->running < s->most);
}

struct task *ring_take(struct ring *r, const struct shares *s)
{
    struct lane *before = NULL, *lane = r->head;
    while (lane != NULL && !may_run(lane, s)) {
        before = lane;
        lane = lane->next;
    }
    if (lane == NULL) return NULL;
    struct task *t = lane->head;
    remove_lane(r, before, lane);
    lane->head = t->next;
    if (lane->head == NULL) {
        lane->tail = NULL;
    } else {
        add_lane(r, lane);
    }
    t->next = NULL;
    r->waiting--;
    return t;
}

size_t ring_count_ready(const struct ring *r, const struct shares *s)
{
    size_t n = 0;
    for (const struct lane *lane = r->head; lane != NULL; lane = lane->next) {
        if (may_run(lane, s)) n += (size_t)(s->most - lane->running);
    }
    return n < r->waiting ? n : r->waiting;
}

struct task *ring_take_cancelled(struct ring *r, bool all)
{
    struct task *taken = NULL;
    struct lane *before = NULL, *next;
    for (struct lane *lane = r->head; lane != NULL; lane = next) {
        next = lane->next;
        if (!all && !atomic_load(lane->head->cancelled)) {
            before = lane;
            continue;
        }
        remove_lane(r, before, lane);
        lane->tail->next = taken;
        taken = lane->head;
        lane->head = lane->tail = NULL;
    }
    return taken;
}
