/* reward/judge/lines_file.c - judge_lines(): a file of items on all processors.
 *
 * Each thread takes the next batch of lines from the file, judges it, and writes its results when
 * its turn has come; at most one batch a thread is in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/processors.h"
#include "reward/row/limits.h"
#include "reward/judge/lines.h"

enum { MAX_THREADS = 256 };

struct pass {
    struct judge *judge;
    FILE *in, *out;
    void (*progress)(void *arg, uint64_t lines);
    void *progress_arg;
    const volatile sig_atomic_t *stop;

    pthread_mutex_t reading; /* guards the batcher and what is read */
    struct batcher batcher;
    char *line; /* getline's */
    size_t line_room;
    uint64_t next_batch;
    bool at_end;
    uint64_t lines;      /* read so far */
    struct error broken; /* what ended the reading early; told behind what stood before it */

    pthread_mutex_t writing; /* guards what follows; may be taken while holding nothing */
    pthread_cond_t turn;
    uint64_t written; /* batches */
    struct judge_summary *summary;
    bool failed;
    struct error *err;
};

static void fail(struct pass *p, const struct error *e)
{
    pthread_mutex_lock(&p->writing);
    if (!p->failed && p->err != NULL) *p->err = *e;
    p->failed = true;
    pthread_cond_broadcast(&p->turn);
    pthread_mutex_unlock(&p->writing);
}

static bool has_failed(struct pass *p)
{
    pthread_mutex_lock(&p->writing);
    bool failed = p->failed;
    pthread_mutex_unlock(&p->writing);
    return failed;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

static bool is_stopped(const struct pass *p)
{
    return p->stop != NULL && *p->stop != 0;
}

/* No line is read any more, because of the last one. What stands before it is still to be judged. */
static struct batch *break_off(struct pass *p, const struct error *why, struct batch *ready)
{
    p->at_end = true;
    p->broken = *why;
    snprintf(p->broken.message, sizeof(p->broken.message), "line %llu: %s",
             (unsigned long long)p->lines, why->message);
    return ready != NULL ? ready : batcher_take(&p->batcher, true);
}

/* Lines until a batch is full; NULL at the end of the file. With `reading` held. */
static struct batch *read_batch(struct pass *p)
{
    struct batch *ready = NULL;
    struct error e = {0};
    while (ready == NULL && !p->at_end) {
        errno = 0;
        ssize_t n = is_stopped(p) ? -1 : getline(&p->line, &p->line_room, p->in);
        p->lines++;
        bool cut = n > 0 && is_stopped(p) && p->line[n - 1] != '\n'; /* the rest is not read */
        if (cut) n = -1;
        if (n < 0) {
            p->at_end = true;
            if (ferror(p->in) && !is_stopped(p)) {
                error_set(&e, ERROR_SYSTEM, NULL, "cannot read: %s", strerror(errno));
                ready = break_off(p, &e, NULL);
            } else {
                ready = batcher_take(&p->batcher, !is_stopped(p));
            }
        } else if (n > REWARD_MAX_LINE) {
            error_set(&e, ERROR_TOO_LARGE, NULL, "a line has more than %d bytes", REWARD_MAX_LINE);
            ready = break_off(p, &e, NULL);
        } else if (!batcher_add(&p->batcher, span_of(p->line, (size_t)n), &ready, &e)) {
            ready = break_off(p, &e, ready);
        }
    }
    return ready;
}

/* The next batch and its number. */
static struct batch *next_batch(struct pass *p, uint64_t *number)
{
    pthread_mutex_lock(&p->reading);
    struct batch *b = read_batch(p);
    if (b != NULL) *number = p->next_batch++;
    pthread_mutex_unlock(&p->reading);
    return b;
}

/* ---- judging ----------------------------------------------------------------------------------------------- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
};

static void on_done(void *arg, struct judge_job *job)
{
    struct waiter *w = arg;
    (void)job;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
}

static void judge_and_wait(struct judge_job *job)
{
    struct waiter w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    judge_job_start(job, on_done, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.done) {
        pthread_cond_wait(&w.over, &w.lock);
    }
    pthread_mutex_unlock(&w.lock);
}

static void count_cause(struct judge_summary *sum, const char *cause)
{
    for (int i = 0; cause != NULL && i < SUMMARY_CAUSES; i++) {
        if (sum->causes[i].cause == NULL) sum->causes[i].cause = cause;
        if (strcmp(sum->causes[i].cause, cause) != 0) continue;
        sum->causes[i].n++;
        return;
    }
}

static void add_value(struct judge_summary *sum, struct span label, double value)
{
    for (int i = 0; label.n <= REWARD_MAX_LABEL && i < SUMMARY_PARTS; i++) {
        if (sum->parts[i].n == 0) memcpy(sum->parts[i].label, label.p, label.n);
        if (!span_is(label, sum->parts[i].label)) continue;
        sum->parts[i].n++;
        sum->parts[i].sum += value;
        return;
    }
}

static void summarize(struct judge_summary *sum, const struct judge_job *job)
{
    for (size_t i = 0; i < job->n; i++) {
        const struct job_item *it = &job->items[i];
        sum->items++;
        sum->errors += it->scored.error != NULL;
        sum->rewarded += it->scored.has_reward;
        sum->reward_sum += it->scored.reward;
        for (int k = 0; it->scored.error == NULL && k < it->scored.specs->n; k++) {
            sum->correct += it->scored.parts[k].verdict == VERDICT_CORRECT;
            sum->incorrect += it->scored.parts[k].verdict == VERDICT_INCORRECT;
            sum->cannot_judge += it->scored.parts[k].verdict == VERDICT_CANNOT;
            count_cause(sum, it->scored.parts[k].cause);
            if (it->scored.parts[k].state == PART_VALUE) {
                add_value(sum, it->scored.specs->specs[k].label, it->scored.parts[k].value);
            }
        }
    }
}

/* Write in turn. */
static void deliver(struct pass *p, uint64_t number, const struct judge_job *job,
                    const struct buffer *text)
{
    struct error e = {0};
    pthread_mutex_lock(&p->writing);
    while (p->written != number && !p->failed) {
        pthread_cond_wait(&p->turn, &p->writing);
    }
    if (!p->failed) {
        summarize(p->summary, job);
        if (text->n > 0 && fwrite(text->p, 1, text->n, p->out) != text->n) {
            error_set(&e, ERROR_SYSTEM, NULL, "cannot write: %s", strerror(errno));
        }
        p->written++;
        if (p->progress != NULL) p->progress(p->progress_arg, p->summary->items);
    }
    pthread_cond_broadcast(&p->turn);
    pthread_mutex_unlock(&p->writing);
    if (e.code != ERROR_NONE) fail(p, &e);
}

static void judge_batch(struct pass *p, struct batch *b, uint64_t number)
{
    struct error e = {0};
    struct buffer text;
    struct judge_job *job = batch_job(b, p->judge, &e);
    if (job == NULL) {
        fail(p, &e);
        return;
    }
    buffer_init(&text, REWARD_JOB_BYTES);
    judge_and_wait(job);
    if (batch_print(job, &text)) {
        deliver(p, number, job, &text);
    } else {
        error_set(&e, ERROR_NO_MEMORY, NULL, "out of memory for results");
        fail(p, &e);
    }
    buffer_clear(&text);
    judge_job_free(job);
}

static void *work(void *arg)
{
    struct pass *p = arg;
    struct batch *b;
    uint64_t number = 0;
    while (!has_failed(p) && (b = next_batch(p, &number)) != NULL) {
        judge_batch(p, b, number);
    }
    return NULL;
}

static int count_threads(int asked)
{
    int n = asked > 0 ? asked : processors_usable();
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

bool judge_lines(struct judge *judge, const struct judge_file *file, struct judge_summary *summary,
                 struct error *err)
{
    struct pass p = {.judge = judge,
                     .in = file->in,
                     .out = file->out,
                     .progress = file->progress,
                     .progress_arg = file->arg,
                     .stop = file->stop,
                     .reading = PTHREAD_MUTEX_INITIALIZER,
                     .writing = PTHREAD_MUTEX_INITIALIZER,
                     .turn = PTHREAD_COND_INITIALIZER,
                     .summary = summary,
                     .err = err};
    pthread_t ids[MAX_THREADS];
    int n = count_threads(file->threads), started = 0;
    *summary = (struct judge_summary){0};
    batcher_init(&p.batcher, judge);
    while (started < n - 1 && pthread_create(&ids[started], NULL, work, &p) == 0) {
        started++;
    }
    work(&p); /* this thread is one of them */
    for (int i = 0; i < started; i++) {
        pthread_join(ids[i], NULL);
    }
    batcher_clear(&p.batcher);
    free(p.line);
    if (!p.failed && fflush(file->out) != 0) {
        p.failed = true;
        error_set(err, ERROR_SYSTEM, NULL, "cannot write: %s", strerror(errno));
    }
    if (!p.failed && p.broken.code != ERROR_NONE) fail(&p, &p.broken);
    return !p.failed;
}
