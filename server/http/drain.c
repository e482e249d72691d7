/* server/http/drain.c - the end: SIGTERM, SIGINT or a model that cannot be loaded, and what happens until
 * the loop stops.
 *
 *   SERVING --signal--> DRAINING --all answered---------------------> STOPPED
 *                           \--drain_s passed, or a second signal--> CUTTING --all let go--> STOPPED
 *
 * DRAINING: new requests get 503 with Retry-After (health, readiness and metrics still answer),
 *   those begun go on to their end, and so do generations that no request waits for. The port stays open, and at least until the next sweep, so
 *   that nobody who connects meanwhile is met with silence.
 * CUTTING: connections are shut, sequences and verdicts cancelled. We still wait until no other
 *   thread works for a request: its memory is theirs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/http/client.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

static size_t n_generations(const struct server *s)
{
    return s->parts.workload->count(s->generations);
}

void drain_begin(struct server *s, const char *why)
{
    if (s->phase != SERVING) return;
    s->phase = DRAINING;
    s->parts.workload->resume(s->generations);
    s->drain_deadline_ns = clock_ns() + clock_ms_to_ns(s->o.drain_timeout_ms);
    log_line(LOG_INFO, "draining", LOG_S("why", why), LOG_I("requests", s->n_exchanges),
             LOG_I("generations", n_generations(s)), LOG_F("limit_s", s->o.drain_timeout_ms / 1e3),
             LOG_END);
}

static void begin_cut(struct server *s, const char *why)
{
    s->phase = CUTTING;
    for (const struct exchange *x = s->exchanges; x != NULL; x = x->next) {
        s->cut_off += x->dispatched && !x->gone;
    }
    log_line(LOG_WARN, "cutting", LOG_S("why", why), LOG_I("requests", s->n_exchanges), LOG_END);
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
    struct server *s = handle->data;
    if (s->phase == SERVING) {
        drain_begin(s, signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
    } else if (s->phase == DRAINING) {
        begin_cut(s, "second signal");
    }
}

void drain_watch_signals(struct server *s)
{
    uv_signal_start(&s->terminated, on_signal, SIGTERM);
    uv_signal_start(&s->interrupted, on_signal, SIGINT);
}

static void cut_all(struct server *s)
{
    s->parts.workload->abort(s->generations);
    for (struct client *c = s->clients; c != NULL; c = c->next) {
        client_shut(c);
    }
}

void drain_sweep(struct server *s, uint64_t now_ns)
{
    bool at_work = s->n_exchanges > 0 || n_generations(s) > 0;
    if (s->phase == DRAINING && at_work && now_ns >= s->drain_deadline_ns) {
        begin_cut(s, "drain limit");
    }
    if (s->phase == CUTTING) cut_all(s);
    if ((s->phase == DRAINING || s->phase == CUTTING) && !at_work) {
        s->phase = STOPPED;
        uv_stop(&s->loop);
    }
}
