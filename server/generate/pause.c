/* server/generate/pause.c - see pause.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/pause.h"

#include <assert.h>

#include "server/http/exchange.h"
#include "server/http/state.h"

/* Who asked to be told when nothing is at work. */
struct pause_wait {
    struct idle_wait wait; /* first: on_idle gets it back */
    struct exchange *exchange;
    void (*done)(struct exchange *x);
};

static void stop(struct exchange *x)
{
    struct pause_wait *w = x->state;
    idle_wait_stop(&w->wait);
}

static void on_idle(struct idle_wait *wait)
{
    struct pause_wait *w = (struct pause_wait *)wait;
    w->done(w->exchange);
}

void pause_begin(struct exchange *x, enum pause_mode mode, void (*done)(struct exchange *x))
{
    static const struct exchange_kind waiting = {.stop = stop, .free = stop};
    struct generations *all = x->server->generations;
    assert(x->state == NULL && x->status == 0); /* its state is ours until done(x) */
    if (mode == PAUSE_KEEP) { /* those that stand still need not come to an end first */
        generations_pause(all, mode);
        done(x);
        return;
    }
    struct pause_wait *w = exchange_state(x, sizeof(*w), &waiting);
    if (w == NULL) return;
    w->wait.idle = on_idle;
    w->exchange = x;
    w->done = done;
    generations_pause(all, mode);
    generations_wait_idle(all, &w->wait);
}
