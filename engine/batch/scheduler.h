/* engine/batch/scheduler.h - which tokens of which samples the next step computes.
 *
 * Continuous batching (Orca, OSDI 2022) with chunked prefill (Sarathi, arXiv 2308.16369): every
 * running sample with one pending token takes part in every step, so decoding never waits for a
 * prompt; up to step_tokens prompt tokens come along, beside samples that decode only so many that
 * these do not wait long. Where several clients have work, those with many rows take part with some
 * of them, so that the others' steps stay short (shares.h). Samples are served in order of (priority,
 * arrival, index). When blocks run out, the running sample last in that order loses its blocks
 * and waits again, in its place; what it had is computed again later, bit for bit.
 *
 * The samples of one request compute their prompt once: the first is the leader, the others wait
 * and are forked from it. Requests whose prompt begins like one that is being computed wait for
 * that one and find its blocks in the cache.
 *
 * A step that is being computed is no reason to wait for its end: whoever comes then, and would have its rows cut
 * if it came before, lets it be put aside (scheduler_waits_for()). Plans of clients that have no part in it are
 * then made beside it, until it goes on.
 *
 * A plan is of one version of the weights. While several are in use they take turns, so that none
 * waits for the end of another's samples; new requests live on the version that serves.
 *
 * Engine thread only; allocates nothing after scheduler_new().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_SCHEDULER_H
#define ENGINE_BATCH_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/batch/kv_cache.h"
#include "engine/batch/sequence.h"

struct form_vocabulary; /* engine/sample/form/vocabulary.h */
struct pace_prices;     /* engine/batch/pace.h */
struct scheduler;

struct scheduler_options {
    int max_running; /* samples; the KV cache has as many slots */
    int step_tokens; /* prompt tokens a step, at least KV_BLOCK */
    bool prefix_cache;
    bool speculate;
    const struct form_vocabulary *vocabulary; /* for guesses; NULL: no sample has a form */
};

/* kv is borrowed. NULL and ERROR_NO_MEMORY on failure. Free with scheduler_free(), which accepts
 * NULL; the samples are not its own. */
struct scheduler *scheduler_new(const struct scheduler_options *o, struct kv_cache *kv,
                                struct error *err);
/* Accepts NULL. */
void scheduler_free(struct scheduler *s);

/* Most rows a plan can have. */
int scheduler_max_rows(const struct scheduler_options *o);

/* Requests added from now on live on v, which is borrowed while it serves or has users. Needed
 * before the first scheduler_add(). */
void scheduler_serve(struct scheduler *s, struct version *v);

/* Every sample that lives on another version than v, the one that serves, lives on v from now on. What
 * it has computed is forgotten and computed again; its tokens stay. */
void scheduler_switch(struct scheduler *s, struct version *v);

/* All samples of r wait from now on, on the version that serves. */
void scheduler_add(struct scheduler *s, struct request *r);

/* What steps cost, for the plans from now on; nothing is known at first. */
void scheduler_price(struct scheduler *s, const struct pace_prices *prices);

/* Decide about the next step. *runs is the list of samples with n_run > 0, in order and all of one
 * version; their blocks are reserved. Returns how many; 0 only when nothing is running or waiting. */
int scheduler_plan(struct scheduler *s, struct sequence *const **runs);

/* The plan made last is being computed. Would r, which has not been added, have been given a shorter one: as
 * the only request of its client's, beside one that has more than its share of the rows? */
bool scheduler_waits_for(const struct scheduler *s, const struct request *r);

/* The plan made last is put aside: until it goes on no other is made but beside it, and none of its samples is
 * removed, nor the version switched. */
void scheduler_put_aside(struct scheduler *s);

/* As scheduler_plan(), of clients that have no part in the plan that was put aside. Takes nothing from it.
 * 0: they have nothing to compute, or no room. */
int scheduler_plan_beside(struct scheduler *s, struct sequence *const **runs);

/* The plan that was put aside, as it was. */
int scheduler_go_on(struct scheduler *s, struct sequence *const **runs);

/* The step has computed the first n tokens of a planned run. */
void scheduler_commit(struct scheduler *s, struct sequence *q, int n);

/* Let `to`, a waiting sample of the same request, run with everything that `from` has computed.
 * False when every slot is taken: then it waits for its turn. */
bool scheduler_fork(struct scheduler *s, const struct sequence *from, struct sequence *to);

/* A sample ends, whatever its state; its blocks go back. */
void scheduler_remove(struct scheduler *s, struct sequence *q);

/* A request of which a sample has begun, on another version than the one that serves; NULL: none. */
struct request *scheduler_begun(const struct scheduler *s);

/* A request of another version than the one that serves, whose adapter holds for its own weights alone;
 * NULL: none. *begun: a sample of it has begun. To be ended before scheduler_switch(). */
struct request *scheduler_misfit(const struct scheduler *s, bool *begun);

/* The first in order of those that wait or run, NULL: none. For ending all of them. */
struct sequence *scheduler_any(const struct scheduler *s);

/* Add the scheduler's counts: running, waiting, kv_*, cached_tokens, preemptions, drafted_tokens,
 * recomputed_tokens. */
void scheduler_stats(const struct scheduler *s, struct engine_stats *out);

#endif
