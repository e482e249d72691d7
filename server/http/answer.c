/* server/http/answer.c - how an exchange is answered: a reply, an error, or a stream (exchange.h).
 *
 * A small reply is given to libmicrohttpd whole. A large one and a stream lie in x->out, from where
 * libmicrohttpd takes them as the client reads: so it is known how far it has read, and the bytes
 * count as memory of the server's. A stream that has nothing to send suspends its connection until
 * something is pushed.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/http/cors.h"
#include "server/http/error_reply.h"
#include "server/http/router.h"
#include "server/http/state.h"

enum {
    STREAM_BLOCK_BYTES = 4096,
    REPLY_BLOCK_BYTES = 32 << 10,
    SMALL_REPLY_BYTES = 64 << 10 /* a larger one is given to libmicrohttpd as it is read */
};

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

void exchange_add_header(struct exchange *x, const char *name, const char *value)
{
    bool own = x->response != NULL && x->response != x->server->no_memory;
    if (own) add_header(x->response, name, value);
}

/* What an error's code says beside its body. wait: in seconds, where the error does not know
 * itself; a queue moves within a second, loading and a restart take longer. */
static const struct {
    enum error_code code;
    const char *wait, *header, *value; /* NULL: none */
} said_of[] = {
    {ERROR_QUEUE_FULL, "1", NULL, NULL},
    {ERROR_NO_MEMORY, "1", NULL, NULL},
    {ERROR_ABORTED, "1", NULL, NULL},
    {ERROR_LOADING, "2", NULL, NULL},
    {ERROR_PAUSED, "2", NULL, NULL},
    {ERROR_DRAINING, "5", NULL, NULL},
    {ERROR_NO_KEY, NULL, "WWW-Authenticate", "Bearer"},
    {ERROR_SCOPE, NULL, "WWW-Authenticate", "Bearer error=\"insufficient_scope\""},
    {ERROR_MEDIA_TYPE, NULL, "Accept-Encoding", UNPACK_TAKEN},
};

static void add_ignored(const struct exchange *x, struct MHD_Response *response)
{
    char names[EXCHANGE_IGNORED_BYTES];
    exchange_print_ignored(x, names);
    add_header(response, "x-ignored-fields", names);
}

static void set_response(struct exchange *x, int status, const char *media_type,
                         struct MHD_Response *response)
{
    assert(x->status == 0 && x->response == NULL); /* exchange.h (1) */
    x->status = status;
    x->response = response;
    if (response == NULL) {
        x->status = error_status(ERROR_NO_MEMORY);
        x->response = x->server->no_memory;
    } else {
        if (media_type != NULL) add_header(response, "Content-Type", media_type);
        add_header(response, "x-request-id", x->id);
        if (x->unknown.n > 0) add_ignored(x, response);
        if (x->cors != NULL) cors_add(x, response);
        if (x->closes || x->server->phase != SERVING) add_header(response, "Connection", "close");
    }
    exchange_resume(x);
}

static void reply_small(struct exchange *x, int status, const char *media_type, struct buffer *body)
{
    size_t n = body->n;
    bool too_large = body->failed && !body->no_memory;
    char *p = buffer_take(body);
    if (p == NULL) {
        struct error err = {0};
        error_set(&err, too_large ? ERROR_TOO_LARGE : ERROR_NO_MEMORY, NULL,
                  too_large ? "the reply is too large for this server"
                            : "out of memory for the reply");
        exchange_fail(x, &err);
        return;
    }
    x->sent = n;
    struct MHD_Response *response = MHD_create_response_from_buffer(n, p, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) free(p);
    set_response(x, status, media_type, response);
}

static ssize_t on_read(void *cls, uint64_t pos, char *to, size_t room)
{
    struct exchange *x = cls;
    (void)pos;
    x->server->deeds++;
    if (x->gone || x->out.failed) return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t left = x->out.n - x->taken;
    if (left == 0) {
        if (x->ended) return MHD_CONTENT_READER_END_OF_STREAM;
        exchange_suspend(x);
        return 0;
    }
    size_t n = left < room ? left : room;
    memcpy(to, x->out.p + x->taken, n);
    x->taken += n;
    x->sent += n;
    if (x->taken == x->out.n) {
        x->taken = 0;
        x->out.n = 0;
        if (x->streaming && x->kind != NULL && x->kind->taken != NULL) x->kind->taken(x);
    }
    return (ssize_t)n;
}

/* A reply that may lie long with a client who does not read: kept where a stream's bytes are, so
 * that it is known how far it was read, and within the quota. NULL without memory. */
static struct MHD_Response *large_response(struct exchange *x, struct buffer *body)
{
    assert(!x->streaming && x->out.n == 0); /* exchange.h (1) */
    if (body->quota == NULL) {
        if (!quota_grow(&x->server->memory, 0, body->room)) return NULL;
        body->quota = &x->server->memory;
    }
    buffer_clear(&x->out);
    x->out = *body;
    buffer_init(body, 0);
    x->ended = true;
    return MHD_create_response_from_callback(x->out.n, REPLY_BLOCK_BYTES, on_read, x, NULL);
}

void exchange_reply(struct exchange *x, int status, const char *media_type, struct buffer *body)
{
    if (x->status == 0 && !body->failed && body->n > SMALL_REPLY_BYTES) {
        set_response(x, status, media_type, large_response(x, body));
    } else if (x->status == 0) {
        reply_small(x, status, media_type, body);
    }
    buffer_clear(body);
}

void exchange_reply_fixed(struct exchange *x, int status, const struct exchange_header *headers,
                          struct span body)
{
    if (x->status != 0) return;
    void *bytes = (void *)(uintptr_t)body.p; /* libmicrohttpd only reads them */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.n, bytes, MHD_RESPMEM_PERSISTENT);
    for (; response != NULL && headers->name != NULL; headers++) {
        add_header(response, headers->name, headers->value);
    }
    x->sent = body.n;
    set_response(x, status, NULL, response);
}

void exchange_reply_json(struct exchange *x, struct buffer *body)
{
    exchange_reply(x, 200, "application/json", body);
}

enum error_shape exchange_errors(const struct exchange *x)
{
    return x->route == NULL ? ERRORS_OPENAI : x->route->errors;
}

/* What is wrong with a request is not told by what memory that ran out has made of it. */
static const struct error *true_error(const struct exchange *x, const struct error *err)
{
    static const struct error no_memory = {.code = ERROR_NO_MEMORY,
                                           .message = "out of memory for the request"};
    return x->ran_out || mem_ran_out() ? &no_memory : err;
}

static void add_error_headers(const struct exchange *x, const struct error *err,
                              struct MHD_Response *response)
{
    char seconds[16], allowed[64];
    const char *wait = NULL;
    for (size_t i = 0; i < sizeof(said_of) / sizeof(said_of[0]); i++) {
        if (said_of[i].code != err->code) continue;
        wait = said_of[i].wait;
        if (said_of[i].header != NULL) add_header(response, said_of[i].header, said_of[i].value);
    }
    snprintf(seconds, sizeof(seconds), "%d", err->retry_s);
    if (err->retry_s > 0) wait = seconds;
    if (wait != NULL) add_header(response, "Retry-After", wait);
    if (err->code == ERROR_METHOD) {
        router_allowed(x->server->parts.routes, x->path, allowed, sizeof(allowed));
        add_header(response, "Allow", allowed);
    }
}

void exchange_fail(struct exchange *x, const struct error *err)
{
    err = true_error(x, err);
    char text[8192]; /* an error's texts are bounded; escaped they take at most six times as much */
    struct buffer b;
    if (x->status != 0) return;
    buffer_init(&b, sizeof(text));
    error_reply(&b, err, exchange_errors(x));
    buffer_add_char(&b, '\n');
    size_t n = b.n < sizeof(text) ? b.n : sizeof(text);
    if (n > 0) memcpy(text, b.p, n);
    bool ok = !b.failed;
    buffer_clear(&b);
    x->sent = n;
    struct MHD_Response *response =
        ok ? MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_COPY) : NULL;
    if (response != NULL) add_error_headers(x, err, response);
    set_response(x, error_status(err->code), "application/json", response);
}

void exchange_finish(struct exchange *x)
{
    if (x->error.code != ERROR_NONE) {
        exchange_fail(x, &x->error);
    } else {
        exchange_reply_json(x, &x->reply);
    }
}

/* ---- streaming ---- */

void exchange_stream(struct exchange *x, const char *media_type)
{
    if (x->status != 0) return;
    assert(!x->streaming && !x->ended); /* exchange.h (1) */
    x->streaming = true;
    x->said_ns = clock_ns();
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, on_read, x, NULL);
    if (response != NULL) {
        add_header(response, "Cache-Control", "no-cache");
        add_header(response, "X-Accel-Buffering", "no"); /* proxies shall not hold tokens back */
    }
    set_response(x, 200, media_type, response);
}

void exchange_push(struct exchange *x)
{
    x->said_ns = clock_ns();
    if (x->out.n > x->taken || x->out.failed) exchange_resume(x);
}

void exchange_end(struct exchange *x)
{
    x->ended = true;
    exchange_resume(x);
}

void exchange_cut(struct exchange *x)
{
    x->out.failed = true;
    exchange_resume(x);
}

bool exchange_progress(struct exchange *x)
{
    if (x->gone) return false;
    if (x->response == NULL) {
        exchange_suspend(x);
        return true;
    }
    return MHD_queue_response(x->connection, (unsigned)x->status, x->response) == MHD_YES;
}
