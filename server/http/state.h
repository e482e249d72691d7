/* server/http/state.h - what the loop thread owns. Private to server/.
 *
 *   loop.c     the libuv handles, libmicrohttpd inside them, timers
 *   drain.c    signals and the end
 *   client.c   connections: deadlines, and noticing that a suspended one has left
 *   http.c     requests: bodies in, replies out
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_STATE_H
#define SERVER_HTTP_STATE_H

#include <microhttpd.h>
#include <uv.h>

#include "base/quota.h"
#include "engine/engine.h"
#include "reward/reward.h"
#include "server/http/inbox.h"
#include "server/http/keys.h"
#include "server/http/listen.h"
#include "server/http/metrics.h"
#include "server/http/pool.h"
#include "server/http/server.h"
#include "server/http/upload.h"
#include "server/http/uploaded.h"

struct client;
struct exchange;
struct rollout;

enum { DRAIN_SIGNALS = 4 }; /* that end the server */

struct server {
    struct server_options o;
    struct keys keys;
    struct server_parts parts; /* what it serves; from server_run() on */
    struct listener listeners[LISTENERS];
    int port; /* the main one's */

    uv_loop_t loop;
    bool loop_open;
    uv_poll_t top; /* watched once, at the start (loop.c) */
    uv_prepare_t http_kick;
    uint64_t deeds;   /* of libmicrohttpd: how often it has called us */
    bool kicked;      /* a connection was resumed: run libmicrohttpd before sleeping */
    uv_timer_t sweep; /* once in SWEEP_MS: deadlines */
    uv_async_t woken; /* engine events or posted messages wait */
    uv_signal_t signals[DRAIN_SIGNALS];
    struct inbox inbox;
    struct pool pool; /* work off the loop thread */

    struct MHD_Response *no_memory; /* answers what there is no memory to answer otherwise */
    struct client *clients;         /* list of open connections */
    struct exchange *exchanges;     /* list of requests not yet completed */
    size_t n_exchanges;
    struct upload uploads[UPLOADS_MOST]; /* bodies in files */
    struct uploaded_list uploaded;       /* those that were answered */
    size_t buffered_bytes;               /* of bodies held */
    struct quota memory; /* of bodies, their trees, what is read of them, and replies unread */

    struct engine *engine;
    struct judge *judge;
    struct generations *generations;
    struct adapters *adapters;
    struct rollout *rollouts; /* list of those at work */
    bool ready;               /* the model has been loaded, and the log said so */
    struct error failure;     /* why there is no model: the server ends with it */
    struct metrics metrics;
    uint64_t started_ns;
    int64_t started_unix_s;

    enum { SERVING, DRAINING, CUTTING, STOPPED } phase; /* see drain.c */
    uint64_t drain_deadline_ns;
    size_t cut_off; /* requests that did not get their whole answer */
    uint64_t drain_began_ns;
};

enum { SWEEP_MS = 250 };

/* loop.c: call after resuming a connection. */
static inline void server_kick(struct server *s)
{
    s->kicked = true;
}

/* loop.c: post a message to the loop thread, from any thread. */
void server_post(struct server *s, struct message *m);

/* loop.c: is there a file of keys or a certificate, which SIGHUP has read again? */
bool server_can_reload(const struct server *s);
/* loop.c: read them. What is wrong leaves all as it was, with a line of the log. */
void server_reload(struct server *s);

/* http.c: the daemon of l, which listens already. False and ERROR_SYSTEM when it cannot be started. */
bool http_start(struct listener *l, struct error *err);
/* http.c: the end of all, when every request has completed or was cut off. */
void http_stop(struct server *s);
/* http.c: the model is loaded. False: *err says whether it will be. */
bool server_is_loaded(const struct server *s, struct error *err);

/* drain.c: the handles of the signals that end us; 0, or libuv's error. */
int drain_open_signals(struct server *s);
/* drain.c: begin to drain at the first of them. */
void drain_watch_signals(struct server *s);
/* drain.c: refuse new work; once, later calls do nothing. */
void drain_begin(struct server *s, const char *why);
/* drain.c: look whether all is done, or the time is over. */
void drain_sweep(struct server *s, uint64_t now_ns);

#endif
