/* engine/batch/scheduler_impl.h - what scheduler.c, plan.c and admit.c share.
 *
 *   scheduler.c   the samples: two lists, which versions and blocks they have, how they come and go
 *   plan.c        a step's rows: decodes, prompts, guesses, in the shares of clients; a plan put aside
 *   admit.c       which of those that wait begin, and from where
 *
 * (1) A live sample is in exactly one list, waiting or running; both are in the order of before().
 * (2) A running sample has a slot of the KV cache, a waiting one has none.
 * (3) Of a request whose prompt has not been computed at most one sample runs: its leader.
 * (4) The oldest running sample is never preempted for another, and a sample alone always fits
 *     (request_new() refuses what does not): so every step makes progress.
 * (5) A plan's samples are all of one version of the weights, and of the waiting ones nobody
 *     overtakes a sample of another version.
 * (6) A version's users are the samples that wait or run on it.
 * (7) While a plan is put aside, its samples run and keep their blocks; plans beside it are of other
 *     clients' samples.
 *
 * Engine thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_SCHEDULER_IMPL_H
#define ENGINE_BATCH_SCHEDULER_IMPL_H

#include "engine/batch/pace.h"
#include "engine/batch/scheduler.h"
#include "engine/batch/shares.h"

enum {
    /* Rows of a step up to which another one costs little, because reading the weights dominates:
     * guesses fill a batch up to here. */
    CHEAP_ROWS = 8,
    /* Waiting samples that may be passed over in one step because somebody computes their prefix:
     * looking at each costs time. */
    MAX_SKIPS = 32
};

struct list {
    struct sequence *first, *last;
    int n;
};

struct scheduler {
    struct scheduler_options o;
    struct kv_cache *kv;
    struct list waiting, running;
    struct version *serving; /* of new requests; NULL before scheduler_serve() */
    struct sequence **runs;  /* [max_running] the plan */
    struct version *version; /* whose plan is being made */
    uint64_t turn;           /* plans so far */
    int n_planned;           /* runs */
    int budget;              /* prompt tokens left in the plan being made */
    struct shares shares;    /* of its rows */
    bool beside;             /* it is beside the one that was put aside */
    struct sequence **aside; /* [max_running] that one */
    int n_aside;             /* 0: there is none */
    struct shares parts;     /* its rows, by client */
    struct pace_prices prices;
    bool preempted; /* in the plan being made */
    uint64_t arrivals, cached_tokens, preemptions, drafts, drafted_tokens, recomputed_tokens;
};

/* ---- scheduler.c ---- */

/* q, which waits, runs from now on, in that slot. */
void scheduler_run(struct scheduler *s, struct sequence *q, int slot);

/* q, which runs, loses its blocks and waits again. */
void scheduler_preempt(struct scheduler *s, struct sequence *q);

/* Tokens of q that are not computed. */
int scheduler_pending(const struct scheduler *s, const struct sequence *q);

/* ---- plan.c ---- */

/* May r be in a plan beside the one that was put aside? */
bool plan_is_beside(const struct scheduler *s, const struct request *r);

/* A part of q's prompt, from what is left of the budget: half of it at most while others are behind it. */
void plan_prefill(struct scheduler *s, struct sequence *q, bool others);

/* ---- admit.c ---- */

/* Blocks of so many tokens. */
int admit_blocks(int n_tokens);

/* Blocks that the running samples will take for the tokens they have, and one more each. */
int admit_promised(const struct scheduler *s);

/* Those of the plan's version that wait and can begin run from now on, with a part of their prompts. */
void admit_waiting(struct scheduler *s);

#endif
