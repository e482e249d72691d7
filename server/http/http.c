/* server/http/http.c - see http.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/http/auth.h"
#include "server/http/client.h"
#include "server/http/error_reply.h"
#include "server/http/exchange.h"
#include "server/http/router.h"
#include "server/http/state.h"

enum {
    CONNECTION_MEMORY = 32 << 10, /* headers and write buffer of a connection: longest head */
    DISCARD_BYTES = 4 << 20,      /* of a refused request: read past this no more, but close */
    MAX_BUFFERED_BYTES = 1 << 30  /* of all bodies being read together; past it 429 */
};

/* ---- the head ---- */

static size_t body_limit(const struct server *s, const struct route *route)
{
    if (route == NULL) return DISCARD_BYTES;
    return (size_t)((route->flags & ROUTE_VERIFY) != 0 ? s->o.max_verify_bytes
                                                       : s->o.max_body_bytes);
}

static bool check_route(struct exchange *x, struct error *err)
{
    bool path_known;
    const struct route_table *routes = x->server->parts.routes;
    x->route = router_find(routes, x->method, x->path, &path_known);
    x->body.limit = body_limit(x->server, x->route);
    if (x->route != NULL) return true;
    if (!path_known) return error_set(err, ERROR_NOT_FOUND, NULL, "no route %.100s", x->path);
    char allowed[64];
    router_allowed(routes, x->path, allowed, sizeof(allowed));
    return error_set(err, ERROR_METHOD, NULL, "%.7s is not allowed on %.100s; %s are", x->method,
                     x->path, allowed);
}

static bool media_is(const char *sent, const char *type)
{
    size_t n = strlen(type);
    return strncasecmp(sent, type, n) == 0 && strchr("; \t", sent[n]) != NULL;
}

static bool check_media_type(struct exchange *x, struct error *err)
{
    const char *sent = exchange_header(x, "Content-Type");
    if (sent == NULL || media_is(sent, "application/json")) return true;
    if ((x->route->flags & ROUTE_NDJSON) != 0) {
        x->ndjson = media_is(sent, "application/x-ndjson") || media_is(sent, "application/jsonl");
        if (x->ndjson) return true;
    }
    return error_set(err, ERROR_MEDIA_TYPE, NULL, "the body must be application/json, not %.80s",
                     sent);
}

/* Content-Length, or 0 when there is none. */
static size_t declared_length(const struct exchange *x)
{
    const char *length = exchange_header(x, "Content-Length");
    if (length == NULL) return 0;
    errno = 0;
    unsigned long long n = strtoull(length, NULL, 10); /* libmicrohttpd has checked its form */
    return errno != 0 || n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

static bool check_length(const struct exchange *x, struct error *err)
{
    bool has_body = exchange_header(x, "Content-Length") != NULL ||
                    exchange_header(x, "Transfer-Encoding") != NULL;
    if (has_body) return true;
    return error_set(err, ERROR_LENGTH_REQUIRED, NULL, "a body with Content-Length is needed");
}

static bool too_large(const struct exchange *x, struct error *err)
{
    return error_set(err, ERROR_BODY_TOO_LARGE, NULL, "the body is larger than %zu bytes",
                     x->body.limit);
}

static bool check_drain(const struct exchange *x, struct error *err)
{
    if (x->server->phase == SERVING || (x->route->flags & ROUTE_ALWAYS) != 0) return true;
    return error_set(err, ERROR_DRAINING, NULL, "the server is shutting down");
}

static bool check_key(const struct exchange *x, struct error *err)
{
    const struct server_options *o = &x->server->o;
    if ((x->route->flags & ROUTE_OPEN) != 0) return true;
    return auth_check(exchange_header(x, "Authorization"), o->api_keys.items, o->api_keys.n, err);
}

static bool check_control(const struct exchange *x, struct error *err)
{
    if ((x->route->flags & ROUTE_CONTROL) == 0 || x->server->o.allow_control) return true;
    return error_set(err, ERROR_FORBIDDEN, NULL, "the setting allow-control forbids this route");
}

/* Everything that can be told before the body. */
static bool check_head(struct exchange *x, size_t *declared, struct error *err)
{
    *declared = declared_length(x);
    if (!check_route(x, err) || !check_key(x, err) || !check_control(x, err) ||
        !check_drain(x, err)) {
        return false;
    }
    if (strcmp(x->route->method, "POST") != 0) return true;
    if (!check_length(x, err) || !check_media_type(x, err)) return false;
    if (*declared > x->body.limit) return too_large(x, err);
    if (x->server->buffered_bytes > MAX_BUFFERED_BYTES) {
        return error_set(err, ERROR_QUEUE_FULL, NULL, "too many request bodies are being received");
    }
    return true;
}

/* OPTIONS on a path that exists: what else may be asked of it. */
static bool reply_options(struct exchange *x)
{
    char allowed[64];
    struct buffer empty;
    router_allowed(x->server->parts.routes, x->path, allowed, sizeof(allowed));
    if (strcmp(x->method, "OPTIONS") != 0 || allowed[0] == '\0') return false;
    buffer_init(&empty, 0);
    exchange_reply(x, 204, NULL, &empty);
    if (x->response != NULL) MHD_add_response_header(x->response, "Allow", allowed);
    return true;
}

static enum MHD_Result on_head(struct exchange *x)
{
    size_t declared = 0;
    client_set_phase(x->client, CLIENT_BODY);
    if (reply_options(x) || check_head(x, &declared, &x->error)) return MHD_YES;
    if (x->error.code != ERROR_BODY_TOO_LARGE && declared <= DISCARD_BYTES) return MHD_YES;
    exchange_fail(x, &x->error);
    return exchange_progress(x) ? MHD_YES : MHD_NO;
}

/* ---- the body ---- */

static bool take_body(struct exchange *x, const char *p, size_t n)
{
    size_t before = x->body.room;
    if (x->error.code != ERROR_NONE) { /* read it away, within reason */
        x->discarded += n;
        return x->discarded <= DISCARD_BYTES;
    }
    buffer_add(&x->body, p, n);
    x->server->buffered_bytes += x->body.room - before;
    if (x->body.failed) {
        bool full = n > x->body.limit - x->body.n;
        if (full) too_large(x, &x->error);
        if (!full) error_set(&x->error, ERROR_NO_MEMORY, NULL, "no memory for the body");
    }
    return true;
}

/* ---- the whole request ---- */

static bool model_is_ready(struct exchange *x, struct error *err)
{
    struct error why = {0};
    switch (engine_state(x->server->engine, &why)) {
    case ENGINE_READY:
        return true;
    case ENGINE_LOADING:
        return error_set(err, ERROR_LOADING, NULL, "the model is being loaded");
    case ENGINE_FAILED:
        break;
    }
    return error_set(err, ERROR_LOADING, NULL, "the model could not be loaded: %s", why.message);
}

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
    if ((x->route->flags & ROUTE_MODEL) != 0 && !model_is_ready(x, err)) {
        exchange_fail(x, err);
        return;
    }
    x->route->handle(x);
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *n, void **state)
{
    struct exchange *x = *state;
    (void)version;
    if (x == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        const struct server *s = cls;
        bool known = info != NULL && info->socket_context != NULL;
        if (known) x = *state = exchange_new(cls, info->socket_context, connection, method, url);
        if (x != NULL) return on_head(x);
        return MHD_queue_response(connection, (unsigned)error_status(ERROR_NO_MEMORY), s->no_memory);
    }
    if (*n > 0) {
        bool go_on = take_body(x, data, *n);
        *n = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    if (x->client->phase == CLIENT_BODY && x->status == 0) dispatch(x);
    return exchange_progress(x) ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)connection;
    (void)why;
    if (*state != NULL) exchange_over(*state);
    *state = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **client,
                          enum MHD_ConnectionNotificationCode what)
{
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
    (void)cls;
    int n = vsnprintf(text, sizeof(text), format, ap);
    while (n > 0 && n < (int)sizeof(text) && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    log_line(LOG_DEBUG, "microhttpd", LOG_S("message", text), LOG_END);
}

/* ---- deadlines, start, stop ---- */

void http_sweep(struct server *s, uint64_t now_ns)
{
    struct error err = {0};
    error_set(&err, ERROR_TIMEOUT, NULL, "the request took longer than %g s",
              s->o.request_timeout_ms / 1e3);
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
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
    if (made != NULL && MHD_add_response_header(made, "Content-Type", "application/json") == MHD_YES) {
        return made;
    }
    MHD_destroy_response(made);
    return NULL;
}

bool http_start(struct server *s, struct error *err)
{
    unsigned idle_s = (unsigned)(s->o.idle_timeout_ms + 999) / 1000;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)s->o.max_connections, MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
    s->no_memory = no_memory_response();
    if (s->daemon != NULL && s->no_memory != NULL) return true;
    return error_set(err, ERROR_SYSTEM, NULL, "the HTTP daemon could not be started");
}

/* libmicrohttpd must not be stopped while a connection is suspended; by now none is. */
void http_stop(struct server *s)
{
    if (s->daemon != NULL) MHD_stop_daemon(s->daemon);
    if (s->no_memory != NULL) MHD_destroy_response(s->no_memory);
    s->no_memory = NULL;
    if (s->daemon == NULL) return;
    s->daemon = NULL;
    s->listen_fd = -1;
}
