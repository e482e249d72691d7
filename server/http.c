/* server/http.c - see http.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/auth.h"
#include "server/client.h"
#include "server/request.h"
#include "server/router.h"
#include "server/state.h"

enum {
    CONNECTION_MEMORY = 32 << 10, /* headers and write buffer of a connection: longest head */
    DISCARD_BYTES = 4 << 20       /* of a refused request: read past this no more, but close */
};

/* ---- the head ---- */

static size_t body_limit(const struct server *s, const struct route *route)
{
    if (route == NULL) return DISCARD_BYTES;
    return (route->flags & ROUTE_VERIFY) != 0 ? s->o.max_verify_bytes : s->o.max_body_bytes;
}

static bool check_route(struct request *r, struct error *err)
{
    int path_known;
    r->route = router_find(r->method, r->path, &path_known);
    r->body.limit = body_limit(r->server, r->route);
    if (r->route != NULL) return true;
    if (!path_known) return error_set(err, ERROR_NOT_FOUND, NULL, "no route %.100s", r->path);
    char allowed[64];
    router_allowed(r->path, allowed, sizeof(allowed));
    return error_set(err, ERROR_METHOD, NULL, "%.7s is not allowed on %.100s; %s are", r->method,
                     r->path, allowed);
}

static bool media_is(const char *sent, const char *type)
{
    size_t n = strlen(type);
    return strncasecmp(sent, type, n) == 0 && strchr("; \t", sent[n]) != NULL;
}

static bool check_media_type(struct request *r, struct error *err)
{
    const char *sent = request_header(r, "Content-Type");
    if (sent == NULL || media_is(sent, "application/json")) return true;
    if ((r->route->flags & ROUTE_NDJSON) != 0) {
        r->ndjson = media_is(sent, "application/x-ndjson") || media_is(sent, "application/jsonl");
        if (r->ndjson) return true;
    }
    return error_set(err, ERROR_MEDIA_TYPE, NULL, "the body must be application/json, not %.80s", sent);
}

/* Content-Length, or 0 when there is none. */
static size_t declared_length(const struct request *r)
{
    const char *length = request_header(r, "Content-Length");
    if (length == NULL) return 0;
    errno = 0;
    unsigned long long n = strtoull(length, NULL, 10); /* libmicrohttpd has checked its form */
    return errno != 0 || n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

static bool check_length(const struct request *r, struct error *err)
{
    bool has_body = request_header(r, "Content-Length") != NULL ||
                    request_header(r, "Transfer-Encoding") != NULL;
    if (has_body) return true;
    return error_set(err, ERROR_LENGTH_REQUIRED, NULL, "a body with Content-Length is needed");
}

static bool too_large(const struct request *r, struct error *err)
{
    return error_set(err, ERROR_BODY_TOO_LARGE, NULL, "the body is larger than %zu bytes",
                     r->body.limit);
}

static bool check_drain(const struct request *r, struct error *err)
{
    if (r->server->phase == SERVING || (r->route->flags & ROUTE_ALWAYS) != 0) return true;
    return error_set(err, ERROR_DRAINING, NULL, "the server is shutting down");
}

static bool check_key(const struct request *r, struct error *err)
{
    const struct server_options *o = &r->server->o;
    if ((r->route->flags & ROUTE_OPEN) != 0) return true;
    return auth_check(request_header(r, "Authorization"), o->api_keys, o->n_api_keys, err);
}

/* Everything that can be told before the body. */
static bool check_head(struct request *r, size_t *declared, struct error *err)
{
    *declared = declared_length(r);
    if (!check_route(r, err) || !check_key(r, err) || !check_drain(r, err)) return false;
    if (strcmp(r->route->method, "POST") != 0) return true;
    if (!check_length(r, err) || !check_media_type(r, err)) return false;
    if (*declared > r->body.limit) return too_large(r, err);
    if (r->server->buffered_bytes > r->server->o.max_buffered_bytes) {
        return error_set(err, ERROR_QUEUE_FULL, NULL, "too many request bodies are being received");
    }
    return true;
}

/* OPTIONS on a path that exists: what else may be asked of it. */
static bool reply_options(struct request *r)
{
    char allowed[64];
    struct buffer empty;
    router_allowed(r->path, allowed, sizeof(allowed));
    if (strcmp(r->method, "OPTIONS") != 0 || allowed[0] == '\0') return false;
    buffer_init(&empty, 0);
    request_reply(r, 204, NULL, &empty);
    if (r->response != NULL) MHD_add_response_header(r->response, "Allow", allowed);
    return true;
}

static enum MHD_Result on_head(struct request *r)
{
    size_t declared = 0;
    client_set_phase(r->client, CLIENT_BODY);
    if (reply_options(r) || check_head(r, &declared, &r->refused)) return MHD_YES;
    if (r->refused.code != ERROR_BODY_TOO_LARGE && declared <= DISCARD_BYTES) return MHD_YES;
    request_fail(r, &r->refused);
    return request_progress(r) ? MHD_YES : MHD_NO;
}

/* ---- the body ---- */

static bool take_body(struct request *r, const char *p, size_t n)
{
    size_t before = r->body.room;
    if (r->refused.code != ERROR_NONE) { /* read it away, within reason */
        r->discarded += n;
        return r->discarded <= DISCARD_BYTES;
    }
    buffer_add(&r->body, p, n);
    r->server->buffered_bytes += r->body.room - before;
    if (r->body.failed) {
        bool full = n > r->body.limit - r->body.n;
        if (full) too_large(r, &r->refused);
        if (!full) error_set(&r->refused, ERROR_NO_MEMORY, NULL, "no memory for the body");
    }
    return true;
}

/* ---- the whole request ---- */

static bool model_is_ready(struct request *r, struct error *err)
{
    struct error why = {0};
    switch (engine_state(r->server->engine, &why)) {
    case ENGINE_READY:
        return true;
    case ENGINE_LOADING:
        return error_set(err, ERROR_LOADING, NULL, "the model is being loaded");
    case ENGINE_FAILED:
        break;
    }
    return error_set(err, ERROR_LOADING, NULL, "the model could not be loaded: %s", why.message);
}

static void dispatch(struct request *r)
{
    struct error *err = &r->refused;
    int timeout_s = r->server->o.request_timeout_s;
    client_set_phase(r->client, CLIENT_BUSY);
    if (timeout_s > 0) r->deadline_ns = clock_ns() + (uint64_t)timeout_s * 1000000000u;
    if (err->code != ERROR_NONE) {
        request_fail(r, err);
        return;
    }
    r->dispatched = true;
    if ((r->route->flags & ROUTE_MODEL) != 0 && !model_is_ready(r, err)) {
        request_fail(r, err);
        return;
    }
    r->route->handle(r);
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *n, void **state)
{
    struct request *r = *state;
    (void)version;
    if (r == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        if (info == NULL || info->socket_context == NULL) return MHD_NO;
        r = *state = request_new(cls, info->socket_context, connection, method, url);
        return r == NULL ? MHD_NO : on_head(r);
    }
    if (*n > 0) {
        bool go_on = take_body(r, data, *n);
        *n = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    if (r->client->phase == CLIENT_BODY && r->status == 0) dispatch(r);
    return request_progress(r) ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)connection;
    (void)why;
    if (*state != NULL) request_over(*state);
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
    error_set(&err, ERROR_TIMEOUT, NULL, "the request took longer than %d s",
              s->o.request_timeout_s);
    for (struct request *r = s->requests, *next; r != NULL; r = next) {
        next = r->next;
        if (r->deadline_ns == 0 || now_ns < r->deadline_ns || r->gone || r->over) continue;
        r->deadline_ns = 0;
        if (r->status != 0 && !r->streaming) continue; /* answered; the client reads slowly */
        if (r->on_gone != NULL) r->on_gone(r);
        if (r->streaming && !r->ended && r->on_timeout != NULL) {
            r->on_timeout(r);
        } else if (r->streaming && !r->ended) {
            request_cut(r);
        }
        request_fail(r, &err);
    }
}

bool http_start(struct server *s, struct error *err)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)s->o.max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->o.keep_alive_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_END);
    if (s->daemon != NULL) return true;
    return error_set(err, ERROR_SYSTEM, NULL, "the HTTP daemon could not be started");
}

/* libmicrohttpd must not be stopped while a connection is suspended; by now none is. */
void http_stop(struct server *s)
{
    if (s->daemon == NULL) return;
    MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    s->listen_fd = -1;
}
