/* reward/judge/sample.h - the judge's door for completions as they end: spans in, structs out.
 *
 * What the samples of a prompt share is prepared once: the list of rewards (judge_rewards) and the
 * item (judge_item: its answer, its tests, its prompt). A caller with hundreds of samples in the
 * air makes one judge_round, starts each sample when its completion is there, and hears of each by
 * done(); no thread waits. Cheap samples are judged before judge_sample_start() returns; the others
 * by the worker processes, where the rounds take turns.
 *
 *      judge_rewards --+
 *      judge_item -----+--> judge_sample_start() ... done() --> judge_sample_finish() --> reply
 *      completion -----+                                          \
 *                                     all of a group's --> judge_group_finish() --> replies, group
 *
 * Nothing here reads or writes JSON text but what the workers are sent of an item, printed once.
 *
 * Threads: rewards and items are read only and may be shared by all threads. A sample and its arena
 * belong to one thread at a time, between judge_sample_start() and done() to nobody else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_SAMPLE_H
#define REWARD_JUDGE_SAMPLE_H

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "reward/judge/advantage.h"
#include "reward/judge/judge.h"
#include "reward/row/row.h"

/* ---- what samples share --------------------------------------------------------------------------- */

/* A checked list of rewards with their options. */
struct judge_rewards;

/* list: as "rewards" of /verify (NULL: the judge's own); it is copied. NULL and an error whose path
 * begins at the list ("[0].name") when it is wrong or memory is out. Free with
 * judge_rewards_free(), after every sample that uses it. */
struct judge_rewards *judge_rewards_new(struct judge *judge, const cJSON *list, struct error *err);

/* Accepts NULL. */
void judge_rewards_free(struct judge_rewards *r);

/* An item without its completion. */
struct judge_item;

/* fields: an object as an item of /verify ("answer", "prompt", "tests", ...) without "completion" and
 * "group", with "rewards" of its own if it shall not be judged by those of its samples; borrowed until
 * the item is freed. NULL: an item of no fields. NULL and an error naming the field when one is unknown
 * or of a wrong type, or memory is out. Free with judge_item_free(), after every sample that uses it. */
struct judge_item *judge_item_new(struct judge *judge, const cJSON *fields, struct error *err);

/* May that be an item's "answer": a text, a number, or a list of them? False names it. */
bool judge_answer_check(const cJSON *answer, struct error *err);

/* Its fields as they were given. Borrowed. */
const cJSON *judge_item_fields(const struct judge_item *item);

/* Accepts NULL. */
void judge_item_free(struct judge_item *item);

/* ---- a caller's samples ------------------------------------------------------------------------------ */

/* The samples of one caller: they take turns with other callers' as one, and are cancelled
 * together. */
struct judge_round;

/* client: whose it is, as judge_job_set_client() has it. NULL: out of memory. Free with
 * judge_round_free(). */
struct judge_round *judge_round_new(struct judge *judge, uint64_t client, struct error *err);

/* The caller has lost interest: what waits is given up, its parts without a value and with the cause
 * "cancelled". done() still comes for every sample that was started. Any thread. */
void judge_round_cancel(struct judge_round *round);

/* The same of those samples whose `given_up` the caller has set, and of no other. Any thread. */
void judge_round_give_up(struct judge_round *round);

/* Not while a sample of it is under way. Accepts NULL. */
void judge_round_free(struct judge_round *round);

/* One reward of a sample. */
struct judge_part {
    struct span label;  /* "as", or the reward's name */
    const char *reward; /* its name, a literal */
    bool has_value;
    double value;
    enum verdict verdict;
    bool wrong; /* it says that the sample is not right: by its verdict, or as a rule not kept */
    const char *cause;   /* a literal; NULL: none */
    struct span details; /* members of a JSON object, as in /verify's details; without braces */
};

/* What became of a sample. Texts are in its arena; labels are the rewards'. */
struct judge_reply {
    bool has_reward; /* false: an error, or a part could not be judged */
    double reward;   /* weighted sum */
    const struct judge_part *parts;
    int n_parts;
    enum verdict verdict;   /* of the part that says right or wrong; VERDICT_NONE: there is none */
    const char *cause;      /* likewise; NULL: none */
    struct span extracted;  /* the answer as it votes; p NULL: none */
    const char *mask_cause; /* why the sample is to be left out of a loss: "cannot_judge",
                               "sandbox_error" or "no_memory"; NULL: it is not */
    bool keep;              /* its group's rewards differ; after judge_group_finish() */
    double advantage;       /* after judge_group_finish() */
    struct error error;     /* the item lacks a field, or one is wrong; code ERROR_NONE: no */
};

struct sample_state; /* sample.c */

/* A completion to judge, in the caller's memory from judge_sample_start() until its reply is no
 * longer needed. The caller zeroes it and fills the first half. */
struct judge_sample {
    const struct judge_rewards *rewards; /* of items that have none of their own */
    struct judge_item *item;  /* its JSON is printed by the first sample that needs it */
    struct span completion;   /* the whole response, thoughts included; borrowed */
    const int32_t *token_ids; /* of it; borrowed; NULL: not known */
    size_t n_token_ids;
    struct arena *arena; /* the caller's; everything of the sample is in it */
    /* The caller's, which it may set at any time before done(), from any thread: see
     * judge_round_give_up(). NULL: it is given up with its round alone. */
    const atomic_bool *given_up;

    /* Once for every sample that was started: before judge_sample_start() returns, or from the
     * judge's own thread, where it must only pass the news on. */
    void (*done)(struct judge_sample *s);
    void *arg; /* the caller's own */

    struct judge_reply reply;   /* judge_sample_finish() */
    struct sample_state *state; /* the judge's */
};

/* Judge. False, and no done(), when the arena is full. */
bool judge_sample_start(struct judge_round *round, struct judge_sample *s, struct error *err);

/* After done(): fill s->reply. Rewards that compare a sample with its group have no value yet: a
 * sample of such rewards has its reward, or its mask cause for want of it, from judge_group_finish()
 * on. False when the arena is full or memory is out: the reply then has no reward and the mask cause
 * "no_memory". */
bool judge_sample_finish(struct judge_sample *s);

/* Free what a started sample holds outside its arena; after done(), and after the last use of its
 * reply or group. Accepts one that was not started. */
void judge_sample_clear(struct judge_sample *s);

/* ---- a group ------------------------------------------------------------------------------------------- */

struct judge_group {
    size_t size;   /* samples */
    size_t scored; /* samples with a reward: what mean and deviation are over */
    double mean, std;
    bool keep;            /* the rewards are not all equal */
    struct span majority; /* the answer most samples gave; p NULL: none gave one */
    size_t votes;
    enum verdict majority_verdict;
    size_t judged, correct; /* samples with a verdict; of them correct (pass_at_k()) */
};

/* The samples of one prompt, each finished: what compares them with each other, then their keep and
 * advantage (ADVANTAGE_NONE: 0), and what they say together. Their replies are filled anew,
 * as often as it is called: a caller who leaves out those that turn out to be masked asks again for the
 * others. False when memory is out. */
bool judge_group_finish(struct judge_sample *const *samples, size_t n, enum advantage_method method,
                        struct judge_group *out, struct error *err);

/* The advantages of finished samples of n_groups groups into their replies; groups [n] below n_groups.
 * For parameters other than a method's defaults, and methods that look beyond a group. False when
 * memory is out. */
bool judge_advise(struct judge_sample *const *samples, const size_t *groups, size_t n,
                  size_t n_groups, const struct advantage_params *p, struct error *err);

/* Do two finished samples give the same answer, as votes go? */
bool judge_same_vote(const struct judge_sample *a, const struct judge_sample *b);

/* ---- as JSON --------------------------------------------------------------------------------------------- */

/* Members "rewards", "details" and "error", as /verify has them. */
void judge_reply_emit(const struct judge_reply *reply, struct buffer *out);

/* Members "size", "scored", "mean", "std", "keep", "majority", "pass_at", likewise. */
void judge_group_emit(const struct judge_group *g, struct buffer *out);

#endif
