/* reward/reward.h - the judge: completions in, rewards out. The only header of reward/ that
 * server/ includes.
 *
 * A judge owns the verifier processes. A job is one request: a batch of items, each judged by a
 * weighted list of rewards, then compared inside its group. Most verdicts are reached in the
 * thread that starts the job, in microseconds; what needs real algebra or runs code goes to the
 * worker processes, many items in flight, and the job completes by a callback when the last of
 * them is in. No thread ever waits for a slow item, and no item waits behind another client's.
 *
 * A stream is a request of many lines (NDJSON): an item a line in, a result a line out, in order.
 *
 * Threads: judge_open() before the process has any thread of its own; everything else from any
 * thread, jobs side by side. One job or stream belongs to one thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_REWARD_H
#define REWARD_REWARD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

struct judge;
struct settings_table;
struct judge_job;
struct judge_stream;

struct judge_options {
    int workers;                 /* most verifier processes; 0: eight a processor, at most 64 */
    int item_budget_ms;          /* CPU time of one deferred item */
    int64_t worker_memory_bytes; /* address space of one verifier process */
    size_t queue_items;          /* deferred items waiting, of all clients */
    bool code_unsafe;            /* run code even where the sandbox has too few walls */
    int max_items;               /* of one request; lines of a stream are not counted */
    const char *default_rewards; /* JSON list for requests that name none; NULL: accuracy, format */
};

/* The settings of the options above: their names, defaults and help (config/settings.h). */
extern const struct settings_table judge_settings;

/* Every setting at its default, the rest as docs say; then set what differs. */
void judge_options_init(struct judge_options *o);

/* Start the verifier processes. Call once, before any thread exists: they are forked from here.
 * NULL and an error when they cannot be started or default_rewards is wrong. Free with
 * judge_close(). */
struct judge *judge_open(const struct judge_options *o, struct error *err);

/* Every job and stream must be freed first. Ends the verifier processes. Accepts NULL. */
void judge_close(struct judge *judge);

/* How many tokens the served model makes of a text, negative when it cannot say. Called from any
 * thread that starts jobs. Without one, rewards counted in tokens need the item's own count. Set
 * before the first job. */
void judge_set_tokenizer(struct judge *judge, long (*count_tokens)(void *arg, struct span text),
                         void *arg);

/* What the judge has done since it was opened, for /metrics. */
struct judge_stats {
    uint64_t jobs;          /* requests */
    uint64_t items;         /* judged, errors included */
    uint64_t item_errors;   /* of them: malformed or lacking a field */
    uint64_t cannot_judge;  /* parts without a verdict */
    uint64_t deferred;      /* parts that went to a worker */
    uint64_t timeouts;      /* of them: out of budget */
    uint64_t worker_deaths; /* workers lost for any reason, timeouts included */
    int workers;            /* now alive */
    int workers_busy;       /* now judging */
    size_t waiting;         /* deferred parts not yet with a worker */
};
void judge_stats_get(struct judge *judge, struct judge_stats *out);

/* ---- one request ---------------------------------------------------------------------------- */

/* Whose request and reply form. One handler serves them all. */
enum judge_dialect {
    JUDGE_NATIVE,   /* POST /verify: {items, rewards, ...} or one item */
    JUDGE_OPENRLHF, /* POST /get_reward: {query, prompts, labels} -> {rewards, scores, ...} */
    JUDGE_SLIME,    /* {prompt, response, label} -> a bare number */
    JUDGE_NEMO_GYM, /* {response, expected_answer, ...} -> the same object and its reward */
    JUDGE_DIALECTS
};

/* The dialect of a body sent to /verify: NeMo-Gym's has a "response" object, all else is native. */
enum judge_dialect judge_dialect_of(const cJSON *body);

/* Take body (freed with the job, and on failure) and check it. NULL and an error naming the field
 * when the request itself is wrong ("rewards[0].name"); a wrong item is no failure here, it costs
 * that item its verdict only. Free with judge_job_free(). */
struct judge_job *judge_job_new(struct judge *judge, enum judge_dialect dialect, cJSON *body,
                                struct error *err);

/* Judge. done(arg, job) is called exactly once: before judge_job_start() returns when no item was
 * deferred, else from the judge's own thread (where it must only pass the news on). */
void judge_job_start(struct judge_job *job, void (*done)(void *arg, struct judge_job *job),
                     void *arg);

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
size_t judge_job_count(const struct judge_job *job);
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

/* More bytes of the body, cut anywhere. Judges the lines they complete, in this thread. False and
 * an error when the stream is over: a line past the limit, or out of memory. */
bool judge_stream_feed(struct judge_stream *s, struct span bytes, struct error *err);

/* No more will come: judge what is left. done(arg) is called once, after the last write(). */
void judge_stream_end(struct judge_stream *s, void (*done)(void *arg));

/* Lines taken whose results have not been written: feed no more while it is large. */
size_t judge_stream_backlog(struct judge_stream *s);

/* The client has left: write() is called no more. judge_stream_end() is still due, and its done()
 * still comes. */
void judge_stream_cancel(struct judge_stream *s);

/* After done(). Accepts NULL. */
void judge_stream_free(struct judge_stream *s);

/* What `touchstone verify` prints at its end. */
struct judge_summary {
    uint64_t items, errors;                    /* lines; lines with an error of their own */
    uint64_t rewarded;                         /* lines with a reward */
    double reward_sum;                         /* over those */
    uint64_t correct, incorrect, cannot_judge; /* parts by verdict */
};

/* Judge a whole file on `threads` threads (0: all processors): items from in, results to out in
 * order. progress(arg, lines so far) is called now and then and may be NULL. False when reading or
 * writing failed. */
bool judge_lines(struct judge *judge, FILE *in, FILE *out, int threads,
                 void (*progress)(void *arg, uint64_t lines), void *arg,
                 struct judge_summary *summary, struct error *err);

/* The version of the rules: the same version gives the same verdicts. In every reply. */
#define REWARD_RULES "1"

/* ---- programs run for their own sake ------------------------------------------------------------- */

/* Other sandboxes' requests: a program, or several, in; what they printed out. */
struct execution;

enum execution_dialect {
    EXECUTION_SANDBOX_FUSION, /* POST /run_code */
    EXECUTION_PISTON,         /* POST /api/v2/execute */
    EXECUTION_ROUTER,         /* POST /execute_batch, open-r1's E2B and Morph routers */
    EXECUTION_DIALECTS
};

/* Check a body (freed). NULL and an error naming the field when it is wrong. Free with execution_free(). */
struct execution *execution_new(struct judge *judge, enum execution_dialect dialect, cJSON *body,
                                struct error *err);

/* Run. done(arg) is called exactly once, from this thread or the judge's own (where it must only
 * pass the news on). */
void execution_start(struct execution *x, void (*done)(void *arg), void *arg);

/* The client has left; done() still comes. Any thread, from execution_new() to execution_free(). */
void execution_cancel(struct execution *x);

/* After done(): append the reply's JSON. False and err when there is none: too much is waiting already. */
bool execution_reply(const struct execution *x, struct buffer *out, struct error *err);

/* Accepts NULL. Not between execution_start() and done(). */
void execution_free(struct execution *x);

/* GET /api/v2/runtimes: the languages that are installed, as Piston lists them. */
void execution_runtimes_json(struct buffer *out);

/* ---- what needs no judge ------------------------------------------------------------------------ */

/* GET /verify/rewards: every reward with its options, defaults, ranges and source. */
bool reward_list_json(struct buffer *out);

/* POST /verify/advantages and /verify/pass_at_k: body in, reply appended to out. */
bool reward_advantages_json(const cJSON *body, struct buffer *out, struct error *err);
bool reward_pass_at_k_json(const cJSON *body, struct buffer *out, struct error *err);

#endif
