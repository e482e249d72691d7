/* reward/judge/job.h - a request being judged; inside reward/ only (reward.h has what others see).
 *
 * A job goes through the files in this order:
 *   request.c   the body checked, items and their reward lists bound
 *   dialects.c  (other dialects: body -> native request before, reply after)
 *   job.c       every part scored, here or at a worker; parts that need a verdict or a group last
 *   outcome.c   sums, groups, advantages
 *   reply.c     the JSON
 *
 * Invariants
 *   (1) items, parts and groups are allocated before judging starts and never move.
 *   (2) While parts are at workers, only their `remote` fields are written by another thread; the
 *       count `pending` orders those writes before outcome.c reads them.
 *   (3) A part's details and vote are bytes in texts, by offset: texts may move.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_JOB_H
#define REWARD_JUDGE_JOB_H

#include <stdatomic.h>

#include "reward/judge/advantage.h"
#include "reward/workers/dispatch.h"
#include "reward/judge/item.h"
#include "reward/reward.h"
#include "reward/judge/spec.h"

struct remote; /* job.c: a part at a worker */

struct text_ref {
    size_t at, n; /* bytes of job->texts; n 0: none */
};

/* One reward of one item. */
struct part {
    enum { PART_OPEN, PART_AWAY, PART_VALUE, PART_NONE } state; /* NONE: cannot be judged */
    enum verdict verdict;
    double value;
    const char *cause; /* a literal; NULL: none */
    struct text_ref details, vote;
    struct remote *remote; /* PART_AWAY */
};

/* "on_cannot_judge": what a part without a value counts for. */
struct unjudged {
    bool counts; /* false: the item has no reward then */
    double value;
};

struct job_item {
    const cJSON *json;
    const cJSON *id;         /* string or number; NULL: none */
    struct spec_list *specs; /* the request's, or its own */
    struct part *parts;      /* specs->n of them; NULL when in error before judging */
    struct error *error;     /* in the arena; NULL: none */
    size_t group;            /* index into groups; SIZE_MAX: none */
    struct unjudged unjudged;
    double tokens; /* where the advantage weighs by them */
    bool has_reward, keep;
    double reward, advantage;
};

struct job_group {
    struct span name; /* of a keyed group; p NULL: numbered */
    size_t size;      /* members */
    size_t scored;    /* members with a reward */
    double mean, std;
    bool keep;  /* scored rewards are not all equal */
    bool voted; /* some member's answer can vote: */
    struct text_ref winner;
    size_t votes;
    enum verdict winner_verdict;
    size_t judged, correct;        /* members whose telling part has a verdict; of them correct */
    double length_min, length_max; /* of rows with measure() */
};

struct judge_job {
    struct judge *judge;
    enum judge_dialect dialect;
    cJSON *body;    /* as it came */
    cJSON *request; /* the native form of another dialect's body; NULL: body is native */
    struct arena *arena;
    bool single;     /* the body is one item */
    bool bare_paths; /* of items: no items[i] in front */

    struct spec_list specs;      /* of the request */
    struct spec_list *own_specs; /* of items that have their own: a list by next */
    struct job_item *items;
    size_t n;
    struct job_group *groups;
    size_t n_groups;
    struct unjudged unjudged; /* of items that do not say */
    enum advantage_method method;

    struct job_group whole; /* of items without a group: their lengths */
    struct lane lanes[POOLS];
    struct remote *remotes; /* parts that went to workers; owned */

    struct buffer texts;
    bool failed;           /* memory ran out: no reply */
    bool settled;          /* the later rounds and the outcome are done */
    atomic_size_t pending; /* parts away, + 1 while the starting thread is at it */
    atomic_bool cancelled;
    void (*done)(void *arg, struct judge_job *job);
    void *done_arg;
    uint64_t begun_ns, took_ns;
};

/* ---- job.c ---- */

/* As judge_job_new(), for items that were lines: their paths have no items[i] in front. */
struct judge_job *job_new_of_lines(struct judge *judge, cJSON *request, struct error *err);

/* The later rounds and the outcome, unless done already. After the job's end, one thread. */
void job_settle(struct judge_job *job);

/* ---- request.c ---- */

/* Bind a native request to job (arena set). False: the request is wrong. */
bool request_bind(struct judge_job *job, const cJSON *request, struct error *err);

/* Give an item its own copy of an error; the path gets "items[i]" in front. */
void request_item_error(struct judge_job *job, struct job_item *it, const struct error *e);

/* ---- outcome.c ---- */

/* After the last part: sums, groups, advantages. False when memory is out. */
bool outcome_settle(struct judge_job *job, struct error *err);

/* ---- reply.c ---- */

bool reply_native(const struct judge_job *job, struct buffer *out);

/* One result object, as an NDJSON line has it. */
void reply_item(const struct judge_job *job, const struct job_item *it, struct buffer *out);

/* ---- dialects.c ---- */

/* The native request that means the same as body, new (cJSON_Delete()). NULL: the body is wrong. */
cJSON *dialect_request(enum judge_dialect d, const cJSON *body, struct error *err);

bool dialect_reply(const struct judge_job *job, struct buffer *out);

#endif
