/* reward/judge/stream.c - NDJSON judged as it is fed: lines into batches, batches into jobs, results
 * out in the order of the lines.
 *
 *   feed --> batcher --> job, started at once --> queue, in order --> write()
 *
 * Jobs end in any order. Whoever ends one (the feeding thread, or the judge's own) becomes the
 * writer if there is none, and writes as long as the queue's head has ended; so write() is never
 * called twice at a time, and nobody waits.
 *
 * Invariants
 *   (1) lock guards queue, backlog, writing and done.
 *   (2) A job leaves the queue only by the writer, when it has ended; there is one writer at most.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "reward/row/limits.h"
#include "reward/judge/lines.h"

struct sheet { /* a job and its place in the queue */
    struct sheet *next;
    struct judge_stream *stream;
    struct judge_job *job;
    size_t lines;
    bool over; /* the job has ended */
};

struct judge_stream {
    struct judge *judge;
    uint64_t client;
    void (*write)(void *arg, struct span lines);
    void *arg;              /* of write() and done() */
    struct batcher batcher; /* the feeding thread's */
    struct buffer partial;  /* of a line: bytes since the last LF */
    atomic_bool cancelled;
    atomic_bool lost; /* results, for want of memory: said in their place, at the end */

    pthread_mutex_t lock;
    struct sheet *head, *tail;
    size_t backlog; /* lines in the queue */
    bool writing;
    void (*done)(void *arg); /* set at the end */
};

/* ---- results ------------------------------------------------------------------------------------------- */

static void write_sheet(struct judge_stream *s, struct sheet *sheet)
{
    struct buffer out;
    buffer_init(&out, REWARD_JOB_BYTES);
    if (!atomic_load(&s->cancelled)) {
        if (batch_print(sheet->job, &out)) {
            s->write(s->arg, buffer_span(&out));
        } else {
            atomic_store(&s->lost, true);
            atomic_store(&s->cancelled, true); /* better no more results than a gap */
        }
    }
    buffer_clear(&out);
    judge_job_free(sheet->job);
    free(sheet);
}

static void write_loss(struct judge_stream *s)
{
    static const char line[] = "{\"error\":{\"message\":\"out of memory for the results\","
                               "\"type\":\"server_error\",\"param\":null,"
                               "\"code\":\"out_of_memory\"}}\n";
    s->write(s->arg, span_str(line));
}

/* The head of the queue if it has ended; the writer's next. */
static struct sheet *pop_over(struct judge_stream *s)
{
    struct sheet *sheet = s->head;
    assert(s->writing); /* (2) */
    if (sheet == NULL || !sheet->over) return NULL;
    assert(s->backlog >= sheet->lines);
    s->head = sheet->next;
    if (s->head == NULL) s->tail = NULL;
    s->backlog -= sheet->lines;
    return sheet;
}

/* With the lock held: become the writer and write what can be written, unless somebody is at it;
 * then tell the end, once. Gives the lock back. Nothing of s is touched after that: done() may
 * free it, and so may the done() that another writer calls, for whoever leaves early leaves the
 * rest to that one. */
static void advance(struct judge_stream *s)
{
    if (s->writing) {
        pthread_mutex_unlock(&s->lock);
        return;
    }
    s->writing = true;
    for (struct sheet *sheet; (sheet = pop_over(s)) != NULL;) {
        pthread_mutex_unlock(&s->lock);
        write_sheet(s, sheet);
        pthread_mutex_lock(&s->lock);
    }
    s->writing = false;
    void (*tell)(void *arg) = s->head == NULL ? s->done : NULL;
    void *arg = s->arg;
    pthread_mutex_unlock(&s->lock);
    if (tell == NULL) return;
    if (atomic_load(&s->lost)) write_loss(s);
    tell(arg);
}

static void on_done(void *arg, struct judge_job *job)
{
    struct sheet *sheet = arg;
    struct judge_stream *s = sheet->stream;
    (void)job;
    pthread_mutex_lock(&s->lock);
    assert(!sheet->over && s->head != NULL); /* (1) (2): it is still in the queue */
    sheet->over = true;
    advance(s);
}

/* ---- lines ----------------------------------------------------------------------------------------------- */

/* Judge a batch. False: memory is out. */
static bool start(struct judge_stream *s, struct batch *batch, struct error *err)
{
    size_t lines = batch_lines(batch);
    struct sheet *sheet = mem_new(1, sizeof(*sheet), err);
    struct judge_job *job = NULL;
    if (sheet != NULL) {
        job = batch_job(batch, s->judge, err);
    } else {
        batch_free(batch);
    }
    if (job == NULL) {
        free(sheet);
        return false;
    }
    judge_job_set_client(job, s->client); /* all batches of a stream take turns as one */
    *sheet = (struct sheet){.stream = s, .job = job, .lines = lines};
    pthread_mutex_lock(&s->lock);
    if (s->tail == NULL) {
        s->head = sheet;
    } else {
        s->tail->next = sheet;
    }
    s->tail = sheet;
    s->backlog += lines;
    pthread_mutex_unlock(&s->lock);
    judge_job_start(job, on_done, sheet);
    return true;
}

static bool add_line(struct judge_stream *s, struct span line, struct error *err)
{
    struct batch *ready;
    if (line.n > REWARD_MAX_LINE) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "a line has more than %d bytes",
                         REWARD_MAX_LINE);
    }
    bool ok = batcher_add(&s->batcher, line, &ready, err);
    if (ready != NULL) ok = start(s, ready, ok ? err : NULL) && ok;
    return ok;
}

/* The line that ends at this LF began in an earlier piece. */
static bool end_partial(struct judge_stream *s, struct span head, struct error *err)
{
    buffer_add_span(&s->partial, head);
    if (s->partial.no_memory) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a line");
    }
    if (s->partial.failed) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "a line has more than %d bytes",
                         REWARD_MAX_LINE);
    }
    bool ok = add_line(s, buffer_span(&s->partial), err);
    s->partial.n = 0;
    return ok;
}

bool judge_stream_feed(struct judge_stream *s, struct span bytes, struct error *err)
{
    bool ok = true;
    while (ok && bytes.n > 0 && !atomic_load(&s->cancelled)) {
        const char *lf = memchr(bytes.p, '\n', bytes.n);
        if (lf == NULL) {
            buffer_add_span(&s->partial, bytes);
            if (s->partial.failed) return end_partial(s, span_of(NULL, 0), err);
            break;
        }
        struct span line = span_of(bytes.p, (size_t)(lf - bytes.p));
        ok = s->partial.n > 0 ? end_partial(s, line, err) : add_line(s, line, err);
        bytes = span_slice(bytes, line.n + 1, bytes.n);
    }
    struct batch *rest = ok ? batcher_take(&s->batcher, false) : NULL;
    return ok && (rest == NULL || start(s, rest, err));
}

void judge_stream_end(struct judge_stream *s, void (*done)(void *arg))
{
    if (!atomic_load(&s->cancelled)) {
        struct error e = {0};
        if (s->partial.n > 0) end_partial(s, span_of(NULL, 0), &e);
        struct batch *rest = batcher_take(&s->batcher, true);
        if (rest != NULL) start(s, rest, &e);
        if (e.code == ERROR_NO_MEMORY) atomic_store(&s->lost, true);
    }
    pthread_mutex_lock(&s->lock);
    s->done = done;
    advance(s);
}

/* ---- opening and closing --------------------------------------------------------------------------------------- */

struct judge_stream *judge_stream_new(struct judge *judge,
                                      void (*write)(void *arg, struct span lines), void *arg,
                                      struct error *err)
{
    struct judge_stream *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    s->judge = judge;
    s->write = write;
    s->arg = arg;
    batcher_init(&s->batcher, judge);
    buffer_init(&s->partial, REWARD_MAX_LINE);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void judge_stream_set_client(struct judge_stream *s, uint64_t client)
{
    s->client = client;
}

size_t judge_stream_backlog(struct judge_stream *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->backlog;
    pthread_mutex_unlock(&s->lock);
    return n;
}

void judge_stream_cancel(struct judge_stream *s)
{
    atomic_store(&s->cancelled, true);
    pthread_mutex_lock(&s->lock);
    for (struct sheet *sheet = s->head; sheet != NULL; sheet = sheet->next) {
        judge_job_cancel(sheet->job);
    }
    pthread_mutex_unlock(&s->lock);
}

void judge_stream_free(struct judge_stream *s)
{
    if (s == NULL) return;
    batcher_clear(&s->batcher);
    buffer_clear(&s->partial);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
