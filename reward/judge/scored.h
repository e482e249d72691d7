/* reward/judge/scored.h - one completion scored by one list of rewards; inside reward/ only.
 *
 * The door for samples (sample.h) and the job of many items (job.h) both stand on this.
 *
 *   scored_first()    the parts that need nothing but the item, in this thread; those that defer
 *                     go to the workers
 *   ...               the last that was away calls run->home(), or nothing was; where a model is
 *                     to be asked about a part, it is asked first (opinion.h)
 *   scored_second()   what came back is taken in; then the parts that want the verdict
 *   scored_grouped()  the parts that want their group's lengths, when all of them are known
 *   scored_sum()      the weighted sum
 *
 * Invariants
 *   (1) parts are allocated before scoring starts and never move.
 *   (2) While parts are away, only their `remote` is written by another thread; the count `away`
 *       orders those writes before scored_second() reads them. So it is with `opinion`, which a
 *       thread that asks a model writes before it calls home().
 *   (3) A part's details and vote are bytes in texts, by offset: texts may move.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_SCORED_H
#define REWARD_JUDGE_SCORED_H

#include <math.h>
#include <stdatomic.h>

#include "reward/judge/item.h"
#include "reward/judge/judge_impl.h"
#include "reward/judge/spec.h"
#include "reward/workers/dispatch.h"

struct remote; /* scored.c: a part at a worker */
struct scored;

struct text_ref {
    size_t at, n; /* bytes of scored->texts; n 0: none */
};

/* One reward of one item. */
struct part {
    enum { PART_OPEN, PART_AWAY, PART_VALUE, PART_NONE } state; /* NONE: cannot be judged */
    enum verdict verdict;
    double value;
    const char *cause; /* a literal; NULL: none */
    struct text_ref details, vote;
    struct remote *remote;      /* PART_AWAY */
    enum judge_opinion opinion; /* a model's, where the rules have none */
};

/* Whose turn it is, and who hears: one caller's samples, of one request. Zeroed but for judge and
 * home; kept until every scored of it is home. */
struct run {
    struct judge *judge;
    struct lane lanes[POOLS]; /* their client is the caller's to set */
    bool may_be_refused;      /* false: it waits, however long */
    atomic_int
        refused_s; /* judge_refuse_s() of its first part, or judge_late_s(); 0: it was not refused */
    bool admitted[POOLS]; /* once, for all that follows */
    atomic_bool cancelled;

    /* The last part of s is home: in the dispatcher's thread, or in one that asks a model; either must
     * only pass the news on. */
    void (*home)(struct run *run, struct scored *s);
};

/* One completion and its parts. The owner fills run to unjudged. */
struct scored {
    struct run *run;
    const struct item *item;
    const struct spoken *spoken; /* NULL: the completion is the item's own */
    struct item_text *item_text; /* shared by the item's samples; NULL: printed when needed */
    const int32_t *token_ids;    /* of the completion; NULL: the item's own, if any */
    size_t n_token_ids;
    const struct spec_list *specs;
    struct part *parts;  /* specs->n of them, zeroed; NULL when in error before judging */
    struct arena *arena; /* for errors */
    struct buffer *texts;
    struct unjudged unjudged;
    const atomic_bool *given_up; /* set: it alone, of its run; NULL: it is not given up alone */
    size_t place; /* in a batch: errors have "items[place]" in front; SIZE_MAX: nothing */

    struct error *error; /* in the arena; NULL: none */
    struct remote *remotes;
    atomic_size_t away; /* parts at workers, + 1 while scored_first() is at it */
    double tokens;      /* where an advantage weighs by them */
    bool has_reward, keep;
    double reward, advantage;
};

/* A thread's tools: scratch memory and a details buffer, reused from item to item. */
struct desk {
    struct arena *arena;
    struct buffer details;
};

/* False: out of memory; desk_clear() is due in any case. */
bool desk_init(struct desk *d);

/* Free the tools. */
void desk_clear(struct desk *d);

/* Give s its own copy of an error, unless it has one: the first is the reason. */
void scored_fail(struct scored *s, const struct error *e);

/* Name the caller, so that all it asks for takes turns as one; 0: nobody. Before the first round. */
void run_set_client(struct run *run, uint64_t client);

/* The completion as a reward sees it, in the desk's arena. False: err. */
bool scored_call(struct scored *s, struct desk *d, struct reward_call *call, struct error *err);

/* Is the i-th part one that a model is to be asked about: without a verdict though all is home, and
 * its reward wants that? */
bool scored_is_asked(const struct scored *s, int i);

/* Does nobody want it any more? */
static inline bool scored_is_cancelled(const struct scored *s)
{
    return atomic_load(&s->run->cancelled) || (s->given_up != NULL && atomic_load(s->given_up));
}

/* The first round. True: every part is home. False: run->home() will be called, or was. */
bool scored_first(struct scored *s, struct desk *d);

/* Everything is home: take in what came back, and score the parts that want the verdict. */
void scored_second(struct scored *s, struct desk *d);

/* Are there rows that compare with the group? */
bool scored_has_grouped(const struct scored *s);

/* What rows with measure() compare by, over a group. */
struct lengths {
    double least, most;
    bool unknown; /* memory ran out for one of them: there is nothing to compare with */
};

/* Nothing has been measured yet. */
static inline struct lengths lengths_none(void)
{
    return (struct lengths){.least = (double)INFINITY};
}

/* The lengths that the parts of s compare by into its group's. */
void scored_measure(struct scored *s, struct desk *d, struct lengths *l);

/* The parts that compare with the group, when all of it is measured. */
void scored_grouped(struct scored *s, struct desk *d, const struct lengths *l);

/* Tokens of the completion into s->tokens. False: s has an error. */
bool scored_tokens(struct scored *s, struct desk *d);

/* The weighted sum of the parts asked for. A part without a value leaves s without a reward,
 * unless its owner says what such a part counts for. */
void scored_sum(struct scored *s);

/* The part whose verdict says right or wrong, and its spec; NULL: none does, or s is in error. */
const struct part *scored_telling(const struct scored *s, const struct spec **spec);

/* Parts that have no value though they were asked for; 0 in error. */
size_t scored_count_unjudged(const struct scored *s);

/* Whether it, or a part of it, could not be judged for want of memory. */
bool scored_lacks_memory(const struct scored *s);

/* Free what scoring made outside the arena. Not while parts are away. */
void scored_clear(struct scored *s);

#endif
