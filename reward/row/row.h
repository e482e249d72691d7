/* reward/row/row.h - what a reward is.
 *
 * A reward is a pure function of one item and its options. It has one file (reward/rules/NAME.c, or
 * a folder of its own), which exports one `const struct reward NAME_reward`, and one row in
 * reward/judge/registry.c. The table drives the checking of requests, GET /verify/rewards and the
 * docs.
 *
 * To add one: write the file, declare it in registry.h, add the row in registry.c, add cases to
 * tests/unit.
 *
 * A score function is re-entrant, never blocks, and takes time linear in its input with a small
 * constant. What cannot promise that answers SCORE_DEFER when !call->in_worker, and is called again
 * with the same call (in_worker set) in a verifier process that may be killed at any moment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_ROW_ROW_H
#define REWARD_ROW_ROW_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/fields.h"
#include "base/span.h"

/* ---- options: checked by name, type and range before a score function sees them -------------- */

/* A row of an option's table has no offset: value i is the table's row i. Its kind is FIELD_BOOL,
 * FIELD_INT64, FIELD_DOUBLE, FIELD_TEXT, FIELD_CHOICE, or FIELD_VALUE, which prepare() checks. */

/* An option's value; which member counts follows from the row's kind. */
struct option_value {
    union {
        bool on;
        int64_t i;
        double real;
        struct span text;  /* borrows from the request or the table */
        int choice;        /* index into choices */
        const cJSON *json; /* borrows from the request; NULL unless given */
    };
    bool set;   /* given by the request, or has a default */
    bool given; /* given by the request */
};

/* ---- a call ------------------------------------------------------------------------------------ */

/* What is known of the answer's correctness from another reward of the same item. */
enum correctness { CORRECT_UNKNOWN = -1, CORRECT_NO = 0, CORRECT_YES = 1 };

struct reward_call {
    struct span prompt;  /* text; chat messages joined by line breaks; empty when absent */
    struct span prefill; /* what the prompt had already written of the assistant's turn */
    /* the whole response, without the prefill. A message's reasoning_content stands in front of
     * its content between <think> and </think> */
    struct span completion;
    bool has_reasoning;    /* it was a message with reasoning_content: */
    struct span reasoning; /* that, and */
    struct span content;   /* its content (else the same as completion) */
    const cJSON *answer;   /* the item's "answer": text, number, list of them; NULL when absent */
    const cJSON *item;     /* the whole item */
    const struct option_value *options; /* in the order of the row's table */
    const int32_t *token_ids;           /* the completion's, from its sampler; NULL: not known */
    size_t n_token_ids;
    const void *prepared;        /* what prepare() made, or NULL */
    enum correctness correct;    /* rows with wants_correct */
    double group_min, group_max; /* rows with measure(): over the item's group */
    struct arena *arena;         /* scratch, good until the item is judged */
    bool in_worker;              /* in a verifier process: may be slow, may be killed */
    int budget_ms;               /* in a worker: CPU time of this call */
    long (*count_tokens)(void *arg, struct span text); /* NULL when nobody can */
    void *count_arg;
    int runs; /* in a worker: programs that it may run side by side, at least 1 */
};

/* DONE: value (and verdict, cause, details) are set. CANNOT: no value; cause says why. DEFER: call
 * again in a worker; only when !in_worker. FAULT: the item lacks a field or it is wrong: err says
 * which, and the item has an error. */
enum score_status { SCORE_DONE, SCORE_DEFER, SCORE_CANNOT, SCORE_FAULT };

/* Memory that the programs of a deferred call may take. */
struct run_memory {
    int64_t run_bytes;  /* each of those that run side by side; 0: it runs none */
    int64_t once_bytes; /* one that runs by itself, before or after these: a compiler */
    int runs;           /* how many would run side by side, if there were room; at least 1 */
};

enum verdict { VERDICT_NONE, VERDICT_CORRECT, VERDICT_INCORRECT, VERDICT_CANNOT };

struct reward_out {
    double value;             /* finite */
    enum verdict verdict;     /* VERDICT_NONE: this reward has none */
    const char *cause;        /* one of the row's causes; NULL: none */
    struct span vote;         /* the answer as it votes in its group's majority; in the arena or the
                               input. p NULL: no vote */
    struct buffer *details;   /* members of the details object: append with detail_*() */
    struct error *err;        /* SCORE_FAULT */
    struct run_memory memory; /* SCORE_DEFER, rows of POOL_SANDBOX */
};

/* Add `"key": value` to the details. Keys are literals that need no escaping. */
void detail_text(struct reward_out *out, const char *key, struct span value);

/* The same for a number. */
void detail_number(struct reward_out *out, const char *key, double value); /* not finite: null */

/* The same for true or false. */
void detail_bool(struct reward_out *out, const char *key, bool value);

/* The same for null. */
void detail_null(struct reward_out *out, const char *key);

/* Open an array or an object, and close it ('}' or ']'). What follows is in it; inside an array key is
 * NULL. */
void detail_array(struct reward_out *out, const char *key);

/* Likewise. */
void detail_object(struct reward_out *out, const char *key);

/* Likewise. */
void detail_close(struct reward_out *out, char bracket);

/* ---- the item's own fields ----------------------------------------------------------------------- */

/* The item's member that row describes (one of the reward's `fields`) into out, as base/fields.h says;
 * absent or null: out stays. False: it is wrong, or missing where it is required; err names it. */
bool reward_field(const struct reward_call *call, const struct field *row, void *out,
                  struct error *err);

/* The JSON of an option, else of the item's member of the same name. Borrowed. NULL: neither is
 * given, err says so. */
const cJSON *reward_option_or_field(const struct reward_call *call, int option, const char *name,
                                    struct error *err);

/* A row of the item's fields for rewards with wants_correct; the judge reads it. */
#define CORRECT_FIELD                                                                              \
    {"correct", FIELD_BOOL,                                                                        \
     .doc = "whether the answer is right; else the verdict of accuracy (or code, plan, ...)"}

/* ---- a row --------------------------------------------------------------------------------------- */

/* Which processes take a row's deferred items. Code has its own, so that a minute of tests never
 * stands in front of a millisecond of algebra. */
enum worker_pool { POOL_ALGEBRA, POOL_SANDBOX, POOLS };

struct reward {
    const char *name;
    const char *doc;             /* one sentence */
    const char *source;          /* paper and section, or repo:path */
    const struct field *options; /* NULL: none */
    const struct field *fields;  /* of the item, beside prompt, completion and answer; the score
                                    function reads them, with reward_field(). NULL: none */
    const char *const *causes;   /* every cause it can give, NULL-terminated; NULL: none */
    bool tells_correct;          /* its verdict says whether the answer is right: accuracy, code */
    bool is_rule;                /* it gives no verdict, but what has less than 1 is not right */
    bool wants_correct;          /* judged after the item's first part that tells (or its own field
                                  "correct"); such a row never defers */
    enum worker_pool pool;

    /* Check the options together and build what every item shares (a compiled pattern): called once
     * a reward list. *out may stay NULL. False and err->param = the option's name when wrong. What
     * it makes is read only; release() frees it. Both may be NULL. */
    bool (*prepare)(const struct option_value *options, void **out, struct error *err);
    void (*release)(void *prepared);

    enum score_status (*score)(const struct reward_call *call, struct reward_out *out);

    /* Rows that compare an item with its group: the item's length. They are judged after every
     * length of the group is known, and never defer. NULL: all other rows. False: err, as for
     * SCORE_FAULT. */
    bool (*measure)(const struct reward_call *call, double *length, struct error *err);

    /* Do these options want a model to be asked where the row gives no verdict? NULL: never. */
    bool (*wants_opinion)(const struct option_value *options);

    /* Do two votes mean the same? In-process, bounded, symmetric. NULL: equal but for white space. */
    bool (*same_vote)(struct span a, struct span b);

    /* Budget of one deferred item in ms: of CPU time in POOL_ALGEBRA (the wall's is some times
     * that), of the wall's in POOL_SANDBOX. NULL: the judge's own. */
    int (*budget_ms)(const struct reward_call *call);
};

#endif
