/* server/http/http.c - see http.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/http/client.h"
#include "server/http/cors.h"
#include "server/http/error_reply.h"
#include "server/http/exchange.h"
#include "server/http/head.h"
#include "server/http/refused.h"
#include "server/http/router.h"
#include "server/http/state.h"
#include "server/http/tls.h"

enum {
    CONNECTION_MEMORY = 32 << 10, /* headers and write buffer of a connection: longest head */
    DISCARD_BYTES = 4 << 20,      /* of a refused request: read so much, then say so, then */
    OTHER_CONNECTIONS = 256,      /* at most, at each address but the main one */
    LINGER_BYTES = 256 << 20      /* read so much more, that the client may hear it, then close */
};

/* ---- the head ---- */

/* OPTIONS on a path that exists: what else may be asked of it. */
static bool reply_options(struct exchange *x)
{
    char allowed[64] = "GET, HEAD, POST, PUT, OPTIONS";
    struct buffer empty;
    if (strcmp(x->path, "*") != 0) {
        router_allowed(x->server->parts.routes, x->path, allowed, sizeof(allowed));
    }
    if (strcmp(x->method, "OPTIONS") != 0 || allowed[0] == '\0') return false;
    buffer_init(&empty, 0);
    /* not 204, which some proxies and old browsers take ill */
    exchange_reply(x, 200, NULL, &empty);
    exchange_add_header(x, "Allow", allowed);
    if (cors_is_preflight(x)) cors_add_preflight(x, allowed);
    return true;
}

/* Answer now and close: what follows is not read. */
static enum MHD_Result refuse_at_once(struct exchange *x)
{
    x->closes = true;
    exchange_fail(x, &x->error);
    return exchange_progress(x) ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_head(struct exchange *x, const char *version, bool whole)
{
    size_t declared = 0;
    client_set_phase(x->client, CLIENT_BODY);
    if (!whole) error_set(&x->error, ERROR_BAD_REQUEST, NULL, "the request's target has a %%00");
    if (!whole || !head_is_framed(x->connection, version, &x->error)) return refuse_at_once(x);
    if (reply_options(x) || head_check(x, &declared, &x->error)) return MHD_YES;
    if (x->error.code != ERROR_BODY_TOO_LARGE && declared <= DISCARD_BYTES) return MHD_YES;
    return refuse_at_once(x);
}

/* ---- the body ---- */

/* Read the body of a refused request away, and one that nobody wants, so that the client, still
 * sending, hears the answer and keeps its connection. One who is refused and sends on and on is told
 * in the midst of it; libmicrohttpd could only do so before or after. */
static bool discard(struct exchange *x, size_t n)
{
    bool refused = x->error.code != ERROR_NONE;
    x->discarded += n;
    if (refused && x->discarded > DISCARD_BYTES && !x->told) {
        x->told = true;
        x->status = error_status(x->error.code);
        client_tell(x->client, &x->error);
    }
    return x->discarded <= LINGER_BYTES;
}

static bool take_body(struct exchange *x, const char *p, size_t n)
{
    size_t before = x->body.room;
    x->received += n;
    client_heard(x->client);
    bool wanted = x->route != NULL && x->route->fields != NULL;
    if (x->error.code != ERROR_NONE || !wanted) return discard(x, n);
    if (x->upload != NULL) {
        client_set_phase(x->client, CLIENT_BODY); /* its time is between bytes */
        upload_take(x, p, n, &x->error);
        return true;
    }
    buffer_add(&x->body, p, n);
    x->server->buffered_bytes += x->body.room - before;
    if (x->body.failed) {
        bool full = n > x->body.limit - x->body.n;
        if (full) head_too_large(x, &x->error);
        if (!full) error_set(&x->error, ERROR_NO_MEMORY, NULL, "no memory for the body");
        x->server->buffered_bytes -= x->body.room;
        buffer_clear(&x->body); /* for others, at once */
    }
    return true;
}

/* ---- the whole request ---- */

bool server_is_loaded(const struct server *s, struct error *err)
{
    struct error why = {0};
    switch (engine_state(s->engine, &why)) {
    case ENGINE_READY:
        return true;
    case ENGINE_LOADING:
        return error_set(err, ERROR_LOADING, NULL, "the model is being loaded");
    case ENGINE_FAILED:
        break;
    }
    return error_set(err, ERROR_LOADING, NULL, "the model could not be loaded: %.200s",
                     why.message);
}

/* ---- a packed body ---- */

/* On the thread pool. What was sent goes as soon as what it stands for is there. */
static void work_unpack(struct exchange *x)
{
    struct buffer plain;
    buffer_init_within(&plain, x->body.limit, &x->server->memory);
    unpack(x->packing, buffer_span(&x->body), &plain, &x->error);
    buffer_clear(&x->body);
    x->body = plain;
}

static void unpacked(struct exchange *x)
{
    x->server->buffered_bytes += x->body.room;
    if (x->gone || x->status != 0) return; /* nobody waits for it, or it took too long */
    if (x->error.code == ERROR_NONE) {
        x->route->handle(x);
    } else {
        exchange_fail(x, &x->error);
    }
}

static void handle(struct exchange *x)
{
    if (x->packing == PACKED_NOT || x->body.n == 0) {
        x->route->handle(x);
        return;
    }
    x->server->buffered_bytes -= x->body.room;
    exchange_offload(x, WORK_HEAVY, work_unpack, unpacked);
}

/* ---- dispatching ---- */

static void dispatch(struct exchange *x)
{
    struct error *err = &x->error;
    int timeout_ms = x->server->o.request_timeout_ms;
    client_set_phase(x->client, CLIENT_BUSY);
    if (timeout_ms > 0) x->deadline_ns = clock_ns() + clock_ms_to_ns(timeout_ms);
    if (err->code != ERROR_NONE) {
        exchange_fail(x, err);
        return;
    }
    x->dispatched = true;
    if ((x->route->flags & ROUTE_MODEL) != 0 && !server_is_loaded(x->server, err)) {
        exchange_fail(x, err);
        return;
    }
    if (x->upload != NULL && !upload_is_whole(x)) return;
    handle(x);
}

static struct client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* Requests whose target we do not take: their addresses stand for them until there is an exchange. */
static char split_target, long_target;

static bool is_exchange(const void *state)
{
    return state != NULL && state != &split_target && state != &long_target;
}

/* The first that libmicrohttpd tells of a request: its target, before it is decoded. A query of very
 * many arguments would fill the memory that it has for the connection, and it would then say nothing:
 * so it is said here. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct error err = {0};
    struct client *c = client_of(connection);
    (void)cls;
    if (c != NULL) c->targeted = true;
    if (!head_target_is_short(target, &err)) {
        if (c != NULL) client_tell(c, &err);
        return &long_target;
    }
    return head_target_is_whole(target) ? NULL : &split_target;
}

/* on_target() has told the client already; no route has it, and its body is read away. */
static enum MHD_Result on_long_target(struct exchange *x)
{
    error_set(&x->error, ERROR_BAD_REQUEST, NULL, "the query has too many arguments");
    x->told = true;
    x->status = error_status(x->error.code);
    client_set_phase(x->client, CLIENT_BODY);
    return MHD_YES;
}

static enum MHD_Result begin(struct server *s, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, void **state)
{
    const void *target = *state;
    struct client *c = client_of(connection);
    if (c != NULL) c->targeted = false;
    struct exchange *x = c == NULL ? NULL : exchange_new(s, c, connection, method, head_path(url));
    *state = x;
    if (x == NULL) {
        return MHD_queue_response(connection, (unsigned)error_status(ERROR_NO_MEMORY),
                                  s->no_memory);
    }
    if (target == &long_target) return on_long_target(x);
    return on_head(x, version, target != &split_target);
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *n, void **state)
{
    mem_forget(); /* what failed for another is not this one's concern */
    ((struct server *)cls)->deeds++;
    if (!is_exchange(*state)) return begin(cls, connection, url, method, version, state);
    struct exchange *x = *state;
    if (*n > 0) {
        bool go_on = take_body(x, data, *n);
        *n = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    if (x->told) return MHD_NO;
    if (x->client->phase == CLIENT_BODY && x->status == 0) dispatch(x);
    return exchange_progress(x) ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)connection;
    (void)why;
    if (is_exchange(*state)) exchange_over(*state);
    *state = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **client,
                          enum MHD_ConnectionNotificationCode what)
{
    ((struct listener *)cls)->server->deeds++;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *client = client_new(cls, connection);
    } else if (*client != NULL) {
        client_free(*client);
        *client = NULL;
    }
}

static void on_message(void *cls, const char *format, va_list ap)
{
    char text[256];
    int n = vsnprintf(text, sizeof(text), format, ap);
    while (n > 0 && n < (int)sizeof(text) && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    log_line(LOG_DEBUG, "microhttpd", LOG_S("message", text), LOG_END);
    refused_note(cls, text);
}

/* ---- deadlines, start, stop ---- */

/* Proxies and clients give up on a connection that says nothing for long, as one does while a long
 * prompt is computed. */
static void ping(struct exchange *x, uint64_t now_ns)
{
    uint64_t after_ns = clock_ms_to_ns(x->server->o.ping_interval_ms);
    bool speaks = x->streaming && !x->ended && !x->gone && !x->over;
    if (!speaks || x->ping == NULL || after_ns == 0 || now_ns - x->said_ns < after_ns) return;
    buffer_add_str(&x->out, x->ping);
    exchange_push(x);
}

void http_sweep(struct server *s, uint64_t now_ns)
{
    struct error err = {0};
    error_set(&err, ERROR_TIMEOUT, NULL, "the request took longer than %g s",
              s->o.request_timeout_ms / 1e3);
    uploads_sweep(s, now_ns);
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        if (exchange_is_unread(x, now_ns)) client_shut(x->client);
        ping(x, now_ns);
        if (x->deadline_ns == 0 || now_ns < x->deadline_ns || x->gone || x->over) continue;
        x->deadline_ns = 0;
        if (x->status != 0 && !x->streaming) continue; /* answered; the client reads slowly */
        exchange_stop(x);
        if (x->streaming && !x->ended && x->kind != NULL && x->kind->timeout != NULL) {
            x->kind->timeout(x);
        } else if (x->streaming && !x->ended) {
            exchange_cut(x);
        }
        exchange_fail(x, &err);
    }
}

/* Made before memory can run out: what has no memory for an answer of its own gives this one. */
static struct MHD_Response *no_memory_response(void)
{
    static char text[512];
    struct buffer b;
    struct error e = {0};
    struct MHD_Response *made = NULL;
    error_set(&e, ERROR_NO_MEMORY, NULL, "out of memory for the request");
    buffer_init(&b, sizeof(text));
    error_reply(&b, &e, ERRORS_OPENAI);
    size_t n = b.n;
    if (n > 0) memcpy(text, b.p, n);
    if (!b.failed) made = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_PERSISTENT);
    buffer_clear(&b);
    if (made != NULL &&
        MHD_add_response_header(made, "Content-Type", "application/json") == MHD_YES) {
        return made;
    }
    MHD_destroy_response(made);
    return NULL;
}

bool http_start(struct listener *l, struct error *err)
{
    struct server *s = l->server;
    bool main = l->kind == LISTENER_MAIN;
    unsigned idle_s = (unsigned)(s->o.idle_timeout_ms + 999) / 1000;
    unsigned most = (unsigned)s->o.max_connections;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (l->tls) flags |= MHD_USE_TLS;
    if (s->no_memory == NULL) s->no_memory = no_memory_response();
    if (s->no_memory == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the HTTP daemon");
    }
    l->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_message, l,
        MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_CONNECTION_LIMIT,
        main || most < OTHER_CONNECTIONS ? most : OTHER_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, main ? (unsigned)s->o.max_client_connections : 0,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
        l->tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END, tls_retrieve, MHD_OPTION_END);
    return l->daemon != NULL ||
           error_set(err, ERROR_SYSTEM, NULL, "the HTTP daemon could not be started");
}

/* libmicrohttpd must not be stopped while a connection is suspended; by now none is. */
void http_stop(struct server *s)
{
    for (int i = 0; i < LISTENERS; i++) {
        struct listener *l = &s->listeners[i];
        if (l->daemon == NULL) continue;
        MHD_stop_daemon(l->daemon);
        l->daemon = NULL;
        l->fd = -1; /* the daemon has closed it */
    }
    if (s->no_memory != NULL) MHD_destroy_response(s->no_memory);
    s->no_memory = NULL;
}
