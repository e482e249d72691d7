/* server/http/drain.c - the end: a signal, or a model that cannot be loaded, and what happens until the
 * loop stops.
 *
 *   SERVING --signal--> DRAINING --all answered------------------------> STOPPED
 *                           \--drain-timeout, or a second signal--> CUTTING --all let go--> STOPPED
 *
 * DRAINING: new requests get 503 with Retry-After (health, readiness and metrics still answer),
 *   those begun go on to their end, and so do generations that no request waits for. The port stays
 *   open, and at least until the next sweep, so that nobody who connects meanwhile is met with
 *   silence. A body of which nothing comes is not waited for (client_sweep()).
 * CUTTING: connections are shut, sequences and verdicts cancelled. We still wait until no other
 *   thread works for a request: its memory is theirs.
 * SIGHUP ends a server that has nothing to read again (server_can_reload()); one that has reads it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
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
    s->drain_began_ns = clock_ns();
    s->drain_deadline_ns = s->drain_began_ns + clock_ms_to_ns(s->o.drain_timeout_ms);
    log_line(LOG_INFO, "draining", LOG_S("why", why), LOG_I("requests", s->n_exchanges),
             LOG_I("generations", n_generations(s)), LOG_F("limit_s", s->o.drain_timeout_ms / 1e3),
             LOG_END);
}

static void begin_cut(struct server *s, const char *why)
{
    assert(s->phase == DRAINING);
    s->phase = CUTTING;
    for (const struct exchange *x = s->exchanges; x != NULL; x = x->next) {
        s->cut_off += x->dispatched && !x->gone;
    }
    log_line(LOG_WARN, "cutting", LOG_S("why", why), LOG_I("requests", s->n_exchanges), LOG_END);
}

static const struct {
    int number;
    const char *name;
} signals[DRAIN_SIGNALS] = {
    {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGQUIT, "SIGQUIT"}, {SIGHUP, "SIGHUP"}};

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *s = handle->data;
    const char *name = "";
    for (int i = 0; i < DRAIN_SIGNALS; i++) {
        if (signals[i].number == number) name = signals[i].name;
    }
    if (number == SIGHUP && server_can_reload(s)) {
        server_reload(s);
        return;
    }
    if (s->phase == SERVING) {
        drain_begin(s, name);
    } else if (s->phase == DRAINING) {
        begin_cut(s, "second signal");
    }
}

int drain_open_signals(struct server *s)
{
    int failed = 0;
    for (int i = 0; i < DRAIN_SIGNALS && failed == 0; i++) {
        failed = uv_signal_init(&s->loop, &s->signals[i]);
        s->signals[i].data = s;
    }
    return failed;
}

/* Whoever started us with nohup wants us to outlive the terminal. */
static bool is_ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void drain_watch_signals(struct server *s)
{
    for (int i = 0; i < DRAIN_SIGNALS; i++) {
        bool reloads = signals[i].number == SIGHUP && server_can_reload(s);
        if (reloads || !is_ignored(signals[i].number)) {
            uv_signal_start(&s->signals[i], on_signal, signals[i].number);
        }
    }
    signal(SIGUSR1, SIG_IGN); /* they mean nothing here, and must not end us */
    signal(SIGUSR2, SIG_IGN);
}

static void cut_all(struct server *s)
{
    s->parts.workload->abort(s->generations);
    for (struct client *c = s->clients; c != NULL; c = c->next) {
        client_shut(c);
    }
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        if (x->over) exchange_stop(x); /* its client left before: nobody else tells it */
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
