/* server/routes/verify_stream.c - POST /verify with NDJSON: an item a line in, a verdict a line
 * out.
 *
 * The body is fed to the judge on the thread pool, slice by slice; verdicts come back from the
 * pool or from the judge's own thread into `lines`, and the loop moves them into the stream.
 * Feeding pauses while many lines are at the judge or unread by the client, so memory stays
 * bounded whatever either's pace.
 *
 * The exchange is held until the judge's stream has ended. Only the feeding job feeds and ends the
 * stream, one at a time. When the client leaves, the loop cancels what is at the judge, and the job what it
 * was about to feed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/verify.h"

#include <assert.h>
#include <stdatomic.h>
#include <uv.h>

#include "server/http/error_reply.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

enum {
    SLICE_BYTES = 64 << 10,
    MAX_BACKLOG = 8192,   /* lines at the judge */
    MAX_UNREAD = 8 << 20, /* bytes that the client has not taken */
    MAX_LINES_BYTES = 1 << 30
};

struct verify_stream {
    struct message news; /* first: delivered() gets it back */
    struct exchange *exchange;
    struct judge_stream *stream;
    size_t fed;           /* bytes of the body */
    bool feeding;         /* a job is in the pool */
    atomic_bool finished; /* the judge was told the end, or never anything */
    atomic_bool gone;
    struct error error; /* the stream broke: said on its last line */

    bool locked;         /* there is a lock: */
    uv_mutex_t lock;     /* of what follows */
    struct buffer lines; /* not yet moved into the exchange's stream */
    bool posted, ended;  /* news are under way; no line will follow */
};

/* ---- any thread ---- */

/* Under the lock: does the loop need to be told? */
static bool must_post(struct verify_stream *v)
{
    bool first = !v->posted;
    v->posted = true;
    return first;
}

static void on_lines(void *arg, struct span lines)
{
    struct verify_stream *v = arg;
    uv_mutex_lock(&v->lock);
    buffer_add_span(&v->lines, lines);
    bool post = must_post(v);
    uv_mutex_unlock(&v->lock);
    if (post) server_post(v->exchange->server, &v->news);
}

static void on_ended(void *arg)
{
    struct verify_stream *v = arg;
    uv_mutex_lock(&v->lock);
    v->ended = true;
    bool post = must_post(v);
    uv_mutex_unlock(&v->lock);
    if (post) server_post(v->exchange->server, &v->news);
}

/* ---- feeding, on the pool ---- */

static bool feed_slice(struct verify_stream *v)
{
    struct span body = buffer_span(&v->exchange->body);
    assert(v->fed <= body.n);
    struct span slice = span_slice(body, v->fed, v->fed + SLICE_BYTES);
    if (slice.n == 0) return false;
    v->fed += slice.n;
    return judge_stream_feed(v->stream, slice, &v->error);
}

static void work_feed(struct exchange *x)
{
    struct verify_stream *v = x->state;
    assert(v->feeding && !v->finished); /* one at a time, and none after the end */
    bool more = true;
    while (more && !atomic_load(&v->gone)) {
        if (judge_stream_backlog(v->stream) > MAX_BACKLOG) return;
        more = feed_slice(v);
    }
    if (atomic_load(&v->gone)) judge_stream_cancel(v->stream);
    atomic_store(&v->finished, true);
    judge_stream_end(v->stream, on_ended);
}

/* ---- the loop ---- */

static void after_feed(struct exchange *x);

static void feed_on(struct verify_stream *v)
{
    struct exchange *x = v->exchange;
    if (v->feeding || atomic_load(&v->finished)) return;
    bool unread = !x->gone && x->out.n - x->taken > MAX_UNREAD;
    if (unread || (!x->gone && judge_stream_backlog(v->stream) > MAX_BACKLOG)) return;
    v->feeding = true;
    exchange_offload(x, WORK_HEAVY, work_feed, after_feed);
}

static void after_feed(struct exchange *x)
{
    struct verify_stream *v = x->state;
    v->feeding = false;
    feed_on(v);
}

static void stop(struct exchange *x)
{
    struct verify_stream *v = x->state;
    atomic_store(&v->gone, true);
    if (v->stream != NULL) judge_stream_cancel(v->stream);
    feed_on(v);
}

static void taken(struct exchange *x)
{
    feed_on(x->state);
}

/* The last of it. A line too long breaks the stream; what was judged before stands. */
static void end_stream(struct verify_stream *v)
{
    struct exchange *x = v->exchange;
    assert(v->finished); /* the judge ends only what it was told the end of */
    if (!exchange_release(x)) return;
    if (v->error.code != ERROR_NONE) {
        error_reply(&x->out, &v->error, exchange_errors(x));
        buffer_add_char(&x->out, '\n');
    }
    exchange_end(x);
}

static size_t count_lines(struct span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += s.p[i] == '\n';
    }
    return n;
}

static void delivered(struct message *m)
{
    struct verify_stream *v = (struct verify_stream *)m;
    struct exchange *x = v->exchange;
    uv_mutex_lock(&v->lock);
    assert(v->posted); /* news come once for every post */
    v->posted = false;
    bool ended = v->ended, lost = v->lines.failed;
    if (!x->gone) buffer_add_span(&x->out, buffer_span(&v->lines));
    x->facts.items += count_lines(buffer_span(&v->lines));
    buffer_drop(&v->lines, v->lines.n);
    uv_mutex_unlock(&v->lock);
    if (lost && !x->over) exchange_cut(x); /* better no more results than a gap */
    if (!x->over) exchange_push(x);
    if (ended) {
        end_stream(v);
    } else {
        feed_on(v);
    }
}

static void free_state(struct exchange *x)
{
    struct verify_stream *v = x->state;
    judge_stream_free(v->stream);
    buffer_clear(&v->lines);
    if (v->locked) uv_mutex_destroy(&v->lock);
}

static const struct exchange_kind kind = {.stop = stop, .taken = taken, .free = free_state};

static bool open_stream(struct verify_stream *v, struct exchange *x, struct error *err)
{
    v->exchange = x;
    v->news.deliver = delivered;
    buffer_init(&v->lines, MAX_LINES_BYTES);
    v->stream = judge_stream_new(x->server->judge, on_lines, v, err);
    return v->stream != NULL;
}

/* A stream's lines wait as long as it takes; that the first of them would wait too long is told now. */
static bool may_begin(struct exchange *x, uint64_t client)
{
    int wait_s = judge_busy_s(x->server->judge, client);
    if (wait_s == 0) return true;
    verify_refuse(x, wait_s);
    exchange_fail(x, &x->error);
    return false;
}

void verify_stream_handle(struct exchange *x)
{
    uint64_t client = exchange_client(x);
    if (!may_begin(x, client)) return;
    struct verify_stream *v = exchange_state(x, sizeof(*v), &kind);
    if (v == NULL) return;
    v->locked = uv_mutex_init(&v->lock) == 0;
    if (!v->locked) error_set(&x->error, ERROR_NO_MEMORY, NULL, "no memory for the request");
    if (!v->locked || !open_stream(v, x, &x->error)) {
        atomic_store(&v->finished, true); /* nothing is to be fed */
        exchange_fail(x, &x->error);
        return;
    }
    judge_stream_set_client(v->stream, client);
    exchange_hold(x);
    exchange_stream(x, "application/x-ndjson");
    feed_on(v);
}
