/* reward/judge/job.h - a request in JSON being judged; inside reward/ only (verify.h has what others
 * see).
 *
 * A job goes through the files in this order:
 *   request.c   the body checked, items and their reward lists bound
 *   job.c       every item's first round, here or at the workers
 *   rounds.c    when all are home: verdicts, groups, sums, advantages
 *   reply.c     the JSON
 * What is said of one item is scored.h's; what is said of a group, groups.h's. A dialect turns its
 * body into a native request before, and prints the reply (struct job_form).
 *
 * Invariants
 *   (1) items and groups are allocated before judging starts and never move.
 *   (2) `pending` counts the items that are not home, and one more while the starting thread is
 *       at it: who takes the last ends the job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_JOB_H
#define REWARD_JUDGE_JOB_H

#include "reward/judge/advantage.h"
#include "reward/judge/groups.h"
#include "reward/judge/scored.h"
#include "reward/judge/verify.h"

struct job_item {
    struct scored scored; /* first: a run's home() is given its address */
    struct item item;
    const cJSON *json;
    const cJSON *id; /* string or number; NULL: none */
    size_t group;    /* index into groups; SIZE_MAX: none */
};

struct job_group {
    struct span name; /* of a keyed group; p NULL: numbered */
    struct group_outcome outcome;
    struct lengths lengths;
};

/* How a reply is printed. */
struct job_form {
    void (*reply)(const struct judge_job *job, struct buffer *out);
    const char *list; /* the client's name of the items */
    bool knows_null;  /* else what lacked memory is no reply, for it would be read as 0 */
};

/* {"results": [...], "groups": [...]}, or the one result of a body that is an item. */
extern const struct job_form job_native;

struct judge_job {
    struct run run; /* first: its home() is given its address */
    struct judge *judge;
    const struct job_form *form;
    cJSON *body;    /* as it came; owned */
    cJSON *request; /* the native form of another dialect's body; owned; NULL: body is native */
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
    struct buffer texts;
    bool failed;           /* memory ran out: no reply */
    bool settled;          /* the later rounds and the outcome are done */
    atomic_size_t pending; /* (2) */
    void (*done)(void *arg, struct judge_job *job);
    void *done_arg;
    uint64_t begun_ns, took_ns;
};

/* What a job is made of. */
struct job_order {
    cJSON *body;    /* taken, also on failure */
    cJSON *request; /* likewise; NULL: the body is native */
    const struct job_form *form;
    bool lines; /* the items were lines: their paths have no items[i] in front */
};

/* A job bound and ready to start. NULL and an error when the request is wrong or memory is out. */
struct judge_job *job_new(struct judge *judge, const struct job_order *o, struct error *err);

/* The bytes of a text, good until another is added. */
struct span job_text(const struct judge_job *job, struct text_ref ref);

/* ---- rounds.c ---- */

/* The later rounds and the outcome, unless done already. After the job's end, one thread. */
void job_settle(struct judge_job *job);

/* ---- request.c ---- */

/* What holds for all items of a request, or for the lines below a settings line. */
struct request_settings {
    const cJSON *rewards;         /* NULL: the judge's */
    int64_t group_size;           /* 0: none */
    enum advantage_method method; /* ADVANTAGE_METHODS: not said */
    double unjudged;              /* NaN: not said */
};

extern const struct field request_settings_rows[];
/* "items", beside them. */
extern const struct field request_items_rows[];

/* A settings line's fields. False: err names the one that is wrong. */
bool request_read_settings(const cJSON *line, struct request_settings *out, struct error *err);

/* Bind a native request to job (arena set). False: the request is wrong. */
bool request_bind(struct judge_job *job, const cJSON *request, struct error *err);

/* ---- reply.c ---- */

/* "correct", "incorrect", "cannot_judge"; NULL for none. */
const char *reply_verdict(enum verdict v);

/* "error": {code, message, param}, or null. */
void reply_error(const struct error *e, struct buffer *out);

/* Members that tell of a group. */
void reply_group(const struct group_outcome *g, struct buffer *out);

/* One result object, as an NDJSON line has it. */
void reply_item(const struct judge_job *job, const struct job_item *it, struct buffer *out);

#endif
