/* server/request.c - see request.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/client.h"
#include "server/emit.h"
#include "server/router.h"
#include "server/state.h"

enum {
    WORK_INLINE_BYTES = 64 << 10, /* a larger body is worked on by the thread pool */
    STREAM_BLOCK_BYTES = 4096
};

/* ---- birth ---- */

/* What we echo into headers and logs must be short and plain. */
static bool is_sane_id(const char *id)
{
    size_t n = id == NULL ? 0 : strlen(id);
    if (n == 0 || n >= REQUEST_ID_BYTES) return false;
    return strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == n;
}

static void choose_id(struct request *r)
{
    const char *sent = request_header(r, "x-request-id");
    unsigned char random[12] = {0};
    if (is_sane_id(sent)) {
        snprintf(r->id, sizeof(r->id), "%s", sent);
        return;
    }
    ssize_t ignored = getrandom(random, sizeof(random), 0);
    (void)ignored;
    for (size_t i = 0; i < sizeof(random); i++) {
        snprintf(r->id + 2 * i, 3, "%02x", random[i]);
    }
}

struct request *request_new(struct server *s, struct client *c, struct MHD_Connection *connection,
                            const char *method, const char *path)
{
    struct request *r = mem_new(1, sizeof(*r), NULL);
    if (r == NULL) return NULL;
    r->arena = arena_new(REQUEST_ARENA_BYTES);
    if (r->arena == NULL) {
        free(r);
        return NULL;
    }
    r->server = s;
    r->client = c;
    r->connection = connection;
    r->started_ns = clock_ns();
    snprintf(r->method, sizeof(r->method), "%s", method);
    snprintf(r->path, sizeof(r->path), "%s", path);
    buffer_init(&r->body, 0);
    buffer_init(&r->out, REQUEST_STREAM_BYTES);
    choose_id(r);
    c->request = r;
    r->next = s->requests;
    r->link = &s->requests;
    if (r->next != NULL) r->next->link = &r->next;
    s->requests = r;
    s->n_requests++;
    return r;
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *request_argument(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ---- end ---- */

static void log_access(const struct request *r)
{
    const struct request_facts *f = &r->facts;
    double ms = (double)(clock_ns() - r->started_ns) / 1e6;
    double first_ms =
        f->first_token_ns == 0 ? -1.0 : (double)(f->first_token_ns - r->started_ns) / 1e6;
    log_line(LOG_INFO, "request", LOG_S("id", r->id), LOG_S("client", r->client->address),
             LOG_S("method", r->method), LOG_S("path", r->path), LOG_I("status", r->status),
             LOG_F("ms", ms), LOG_I("bytes_in", r->body.n), LOG_I("bytes_out", r->sent),
             LOG_I("prompt_tokens", f->prompt_tokens),
             LOG_I("completion_tokens", f->completion_tokens),
             LOG_I("cached_tokens", f->cached_tokens), LOG_F("first_token_ms", first_ms),
             LOG_I("items", f->items), LOG_S("finish", f->finish),
             LOG_S("left", r->gone ? "yes" : "no"), LOG_END);
}

static void request_free(struct request *r)
{
    if (r->free_state != NULL) r->free_state(r);
    *r->link = r->next;
    if (r->next != NULL) r->next->link = r->link;
    r->server->n_requests--;
    r->server->buffered_bytes -= r->body.room;
    if (r->response != NULL) MHD_destroy_response(r->response);
    buffer_clear(&r->body);
    buffer_clear(&r->out);
    arena_free(r->arena);
    free(r);
}

void request_over(struct request *r)
{
    struct server *s = r->server;
    bool whole = r->status != 0 && (!r->streaming || (r->ended && r->out.n == r->taken));
    if (r->dispatched && !whole && !r->gone) { /* libmicrohttpd noticed first */
        r->gone = true;
        if (r->on_gone != NULL) r->on_gone(r);
    }
    metrics_request(&s->metrics, r->route, r->status, (double)(clock_ns() - r->started_ns) / 1e9);
    if (s->o.access_log) log_access(r);
    r->client->request = NULL;
    r->client->requests++;
    client_set_phase(r->client, CLIENT_HEAD);
    r->client = NULL;
    r->connection = NULL;
    r->over = true;
    if (r->busy == 0) request_free(r);
}

/* ---- waiting ---- */

static void resume(struct request *r)
{
    if (!r->suspended || r->over) return;
    r->suspended = false;
    client_unwatch(r->client);
    MHD_resume_connection(r->connection);
    server_kick(r->server);
}

static void suspend(struct request *r)
{
    r->suspended = true;
    MHD_suspend_connection(r->connection);
    client_watch(r->client);
}

void request_client_left(struct request *r)
{
    if (r->gone) return;
    r->gone = true;
    if (r->on_gone != NULL) r->on_gone(r);
    resume(r); /* request_progress() or on_read() then closes it */
}

void request_hold(struct request *r)
{
    r->busy++;
}

bool request_release(struct request *r)
{
    r->busy--;
    if (!r->over) return !r->gone;
    if (r->busy == 0) request_free(r);
    return false;
}

static void on_work(uv_work_t *job)
{
    struct request *r = job->data;
    r->work(r);
}

static void on_work_done(uv_work_t *job, int status)
{
    struct request *r = job->data;
    (void)status; /* never cancelled */
    if (request_release(r)) r->after(r);
}

void request_work(struct request *r, bool heavy, void (*work)(struct request *r),
                  void (*after)(struct request *r))
{
    r->work = work;
    r->after = after;
    r->job.data = r;
    if (heavy || r->body.n > WORK_INLINE_BYTES) {
        request_hold(r);
        if (uv_queue_work(&r->server->loop, &r->job, on_work, on_work_done) == 0) return;
        r->busy--;
    }
    work(r);
    after(r);
}

/* ---- answering ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

/* How long a client shall wait: a queue moves within a second, loading and a restart take longer. */
static const char *retry_after(enum error_code code)
{
    switch (code) {
    case ERROR_QUEUE_FULL:
        return "1";
    case ERROR_LOADING:
        return "2";
    case ERROR_DRAINING:
        return "5";
    default:
        return NULL;
    }
}

static void set_response(struct request *r, int status, const char *media_type,
                         struct MHD_Response *response)
{
    r->status = status;
    r->response = response; /* NULL: no memory, the connection is closed */
    if (response == NULL) {
        r->gone = true;
    } else {
        if (media_type != NULL) add_header(response, "Content-Type", media_type);
        add_header(response, "x-request-id", r->id);
        if (r->server->phase != SERVING) add_header(response, "Connection", "close");
    }
    resume(r);
}

void request_reply(struct request *r, int status, const char *media_type, struct buffer *body)
{
    size_t n = body->n;
    bool failed = body->failed;
    char *p = r->status != 0 || failed ? NULL : buffer_take(body);
    buffer_clear(body);
    if (r->status != 0) return;
    if (p == NULL) {
        struct error err = {0};
        error_set(&err, failed ? ERROR_TOO_LARGE : ERROR_NO_MEMORY, NULL,
                  "the reply is too large for this server");
        request_fail(r, &err);
        return;
    }
    r->sent = n;
    struct MHD_Response *response = MHD_create_response_from_buffer(n, p, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) free(p);
    set_response(r, status, media_type, response);
}

void request_reply_json(struct request *r, struct buffer *body)
{
    request_reply(r, 200, "application/json", body);
}

void request_fail(struct request *r, const struct error *err)
{
    char text[2048]; /* an error's texts are bounded; escaped they take at most six times as much */
    struct buffer b;
    if (r->status != 0) return;
    buffer_init(&b, sizeof(text) * 2);
    emit_error(&b, err);
    buffer_add_char(&b, '\n');
    if (b.failed) buffer_clear(&b);
    size_t n = b.n < sizeof(text) ? b.n : sizeof(text);
    if (n > 0) memcpy(text, b.p, n);
    buffer_clear(&b);
    r->sent = n;
    struct MHD_Response *response = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_COPY);
    const char *after = retry_after(err->code);
    if (response != NULL && after != NULL) add_header(response, "Retry-After", after);
    if (response != NULL && err->code == ERROR_NO_KEY) {
        add_header(response, "WWW-Authenticate", "Bearer");
    }
    if (response != NULL && err->code == ERROR_METHOD) {
        char allowed[64];
        router_allowed(r->path, allowed, sizeof(allowed));
        add_header(response, "Allow", allowed);
    }
    set_response(r, error_status(err->code), "application/json", response);
}

/* ---- streaming ---- */

static ssize_t on_read(void *cls, uint64_t pos, char *to, size_t room)
{
    struct request *r = cls;
    (void)pos;
    if (r->gone || r->out.failed) return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t left = r->out.n - r->taken;
    if (left == 0) {
        if (r->ended) return MHD_CONTENT_READER_END_OF_STREAM;
        suspend(r);
        return 0;
    }
    size_t n = left < room ? left : room;
    memcpy(to, r->out.p + r->taken, n);
    r->taken += n;
    r->sent += n;
    if (r->taken == r->out.n) {
        r->taken = 0;
        r->out.n = 0;
    }
    return (ssize_t)n;
}

void request_stream(struct request *r, const char *media_type)
{
    if (r->status != 0) return;
    r->streaming = true;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, on_read, r, NULL);
    if (response != NULL) {
        add_header(response, "Cache-Control", "no-cache");
        add_header(response, "X-Accel-Buffering", "no"); /* proxies shall not hold tokens back */
    }
    set_response(r, 200, media_type, response);
}

void request_push(struct request *r)
{
    if (r->out.n > r->taken || r->out.failed) resume(r);
}

void request_end(struct request *r)
{
    r->ended = true;
    resume(r);
}

void request_cut(struct request *r)
{
    r->out.failed = true;
    resume(r);
}

bool request_progress(struct request *r)
{
    if (r->gone) return false;
    if (r->response == NULL) {
        suspend(r);
        return true;
    }
    return MHD_queue_response(r->connection, (unsigned)r->status, r->response) == MHD_YES;
}
