/* server/generate/pause.c - see pause.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/pause.h"

#include <stddef.h>

#include "server/generate/completion.h"
#include "server/http/exchange.h"
#include "server/state.h"

/* Who asked to be told when nothing is at work. In its exchange's arena. */
struct pause_waiter {
    struct exchange *exchange;
    void (*done)(struct exchange *x);
    struct pause_waiter *next, **link; /* link NULL: not in the list */
};

void pause_init(struct pause *p)
{
    *p = (struct pause){.last_held = &p->held};
}

/* ---- generations ---- */

bool pause_hold(struct completion *c)
{
    struct pause *p = &c->exchange->server->pause;
    if (!p->on) return false;
    c->held = p->last_held;
    c->next_held = NULL;
    *p->last_held = c;
    p->last_held = &c->next_held;
    return true;
}

bool pause_release(struct completion *c)
{
    struct pause *p = &c->exchange->server->pause;
    if (c->held == NULL) return false;
    *c->held = c->next_held;
    if (c->next_held == NULL) {
        p->last_held = c->held;
    } else {
        c->next_held->held = c->held;
    }
    c->held = NULL;
    return true;
}

static void abort_all(struct server *s)
{
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        struct completion *c = completion_of(x);
        if (c != NULL) completion_abort(c);
    }
}

void pause_begin(struct server *s, enum pause_mode mode)
{
    s->pause.on = true;
    engine_pause(s->engine, mode == PAUSE_KEEP);
    if (mode == PAUSE_ABORT) abort_all(s);
}

void pause_end(struct server *s)
{
    if (!s->pause.on) return;
    s->pause.on = false;
    engine_pause(s->engine, false);
    while (s->pause.held != NULL) {
        struct completion *c = s->pause.held;
        pause_release(c);
        completion_start(c);
    }
}

/* ---- those who wait ---- */

static void unlink_waiter(struct exchange *x)
{
    struct pause_waiter *w = x->state;
    if (w->link == NULL) return;
    *w->link = w->next;
    if (w->next != NULL) w->next->link = w->link;
    w->link = NULL;
}

static const struct exchange_kind waiting = {.stop = unlink_waiter, .free = unlink_waiter};

void pause_when_idle(struct exchange *x, void (*done)(struct exchange *x))
{
    struct pause *p = &x->server->pause;
    struct pause_waiter *w = exchange_state(x, sizeof(*w), &waiting);
    if (w == NULL) return;
    *w = (struct pause_waiter){x, done, p->waiters, &p->waiters};
    if (w->next != NULL) w->next->link = &w->next;
    p->waiters = w;
    pause_progress(x->server);
}

void pause_progress(struct server *s)
{
    if (live_count(s->live) > 0) return;
    while (s->pause.waiters != NULL) {
        struct pause_waiter *w = s->pause.waiters;
        unlink_waiter(w->exchange);
        w->done(w->exchange);
    }
}
