/* reward/judge/verify.h - requests in JSON: a batch of items in, a reply out; and the same for lines.
 *
 * A job is one request: items, each judged by a weighted list of rewards, then compared inside
 * its group. A stream is a request of many lines (NDJSON): an item a line in, a result a line out,
 * in order. One job or stream belongs to one thread at a time; side by side they are free.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_VERIFY_H
#define REWARD_JUDGE_VERIFY_H

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "reward/judge/judge.h"
#include "reward/row/limits.h"

struct judge_job;
struct judge_stream;

/* ---- one request ---------------------------------------------------------------------------- */

/* judge_job_new() is dialects/dialect.h's: a wrong item is no failure there, it costs that item
 * its verdict only. */

/* Whose job it is: a hash of a key or an address. All jobs of one client take turns as one. Before
 * judge_job_start(); 0, or not called: nobody's but its own. */
void judge_job_set_client(struct judge_job *job, uint64_t client);

/* Judge. done(arg, job) is called exactly once: before judge_job_start() returns when no item was
 * deferred, else from the judge's own thread (where it must only pass the news on). */
void judge_job_start(struct judge_job *job, void (*done)(void *arg, struct judge_job *job),
                     void *arg);

/* After done(): the seconds after which the client shall come again, since its turn at the workers
 * was expected later than the judge's max_wait_ms, then or while it waited; nothing of the job is judged
 * then. 0: it was taken. */
int judge_job_refused_s(const struct judge_job *job);

/* The client has left: nothing more of this job is begun, and its items at the workers are given
 * up. done() still comes. Any thread, from judge_job_new() to judge_job_free(). */
void judge_job_cancel(struct judge_job *job);

/* After done(): append the reply's JSON to out: some 100 ns a part, so not on a loop thread when
 * the job is large. False when it did not fit or memory is out. */
bool judge_job_reply(struct judge_job *job, struct buffer *out);

/* One item's outcome after done(), for callers that want no JSON. */
struct judge_result {
    bool has_reward;    /* false: an error, or a part could not be judged */
    double reward;      /* weighted sum */
    bool has_advantage; /* the request asked for one */
    double advantage;
    bool keep;                 /* its group's rewards differ */
    const struct error *error; /* the item's own error, or NULL; borrows from the job */
};

/* How many items the job has. */
size_t judge_job_count(const struct judge_job *job);

/* The i-th item's. */
struct judge_result judge_job_result(struct judge_job *job, size_t i);

/* Accepts NULL. Not between judge_job_start() and done(). */
void judge_job_free(struct judge_job *job);

/* ---- NDJSON ----------------------------------------------------------------------------------- */

/* Results leave by write(arg, lines), whole lines in order, one call at a time, from the feeding
 * thread or the judge's own. A line that is an object without "completion" and with any of
 * rewards, group_size, advantage, on_cannot_judge is a settings line: it holds for the lines
 * after it and has no result. Lines of one group (group_size in a row, or equal "group" keys in a
 * row) wait for their group's end. Every other line gets exactly one result line, malformed ones
 * an error. */
struct judge_stream *judge_stream_new(struct judge *judge,
                                      void (*write)(void *arg, struct span lines), void *arg,
                                      struct error *err);

/* Whose lines they are, so that all of them take turns as one; 0: nobody's. Before the first. */
void judge_stream_set_client(struct judge_stream *s, uint64_t client);

/* More bytes of the body, cut anywhere. Judges the lines they complete, in this thread. False and
 * an error when the stream is over: a line past the limit, or out of memory. */
bool judge_stream_feed(struct judge_stream *s, struct span bytes, struct error *err);

/* No more will come: judge what is left. done(arg) is called once, after the last write(). */
void judge_stream_end(struct judge_stream *s, void (*done)(void *arg));

/* Lines taken whose results have not been written: feed no more while it is large. */
size_t judge_stream_backlog(struct judge_stream *s);

/* The client has left: write() is called no more. judge_stream_end() is still due, if it was not called, and
 * its done() still comes. Any thread; what is fed at the same time may need another. */
void judge_stream_cancel(struct judge_stream *s);

/* After done(). Accepts NULL. */
void judge_stream_free(struct judge_stream *s);

/* What `touchstone verify` prints at its end. */
enum { SUMMARY_CAUSES = 24, SUMMARY_PARTS = 16 };
struct judge_summary {
    uint64_t items, errors;                    /* lines; lines with an error of their own */
    uint64_t rewarded;                         /* lines with a reward */
    double reward_sum;                         /* over those */
    uint64_t correct, incorrect, cannot_judge; /* parts by verdict */
    struct {
        const char *cause;    /* a literal; NULL: no more */
        uint64_t n;           /* parts that gave it */
    } causes[SUMMARY_CAUSES]; /* in order of first sight; what does not fit is not counted */
    struct {
        char label[REWARD_MAX_LABEL + 1]; /* "": no more */
        uint64_t n;                       /* values */
        double sum;
    } parts[SUMMARY_PARTS];
};

/* A file of items to judge. */
struct judge_file {
    FILE *in, *out;                              /* items; results, in order */
    int threads;                                 /* 0: all processors */
    void (*progress)(void *arg, uint64_t lines); /* told now and then; NULL: nobody */
    void *arg;
    const volatile sig_atomic_t *stop; /* not 0: no more lines are read; NULL: never */
};

/* Judge a whole file. False when reading or writing failed, a settings line is wrong or too long, or memory
 * is out; err then names the line, and the results of those before it have been written. */
bool judge_lines(struct judge *judge, const struct judge_file *file, struct judge_summary *summary,
                 struct error *err);

#endif
