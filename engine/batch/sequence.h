/* engine/batch/sequence.h - a request inside the engine, and its samples.
 *
 * request_new() runs on the thread that submits and copies everything, memory for the request's
 * last events included, so that what was accepted can always be answered. Handed over
 * (mailbox.h), a request is the engine thread's until request_free(); only the mailbox's own
 * fields are the mailbox's.
 *
 * A sample's tokens are its prompt and its output, one after the other. Of these the first
 * kv_cache_tokens() are computed; the rest is pending. A sample that decodes has one pending
 * token, a new or preempted one has many; nothing else tells them apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_SEQUENCE_H
#define ENGINE_BATCH_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "engine/batch/messages.h"
#include "engine/batch/space.h"
#include "engine/batch/speculate.h"
#include "engine/batch/version.h"
#include "engine/sample/stop.h"

enum sequence_state { SEQUENCE_WAITING, SEQUENCE_RUNNING, SEQUENCE_DONE };

/* One sample. */
struct sequence {
    struct request *request;
    int sample;
    enum sequence_state state;
    struct sequence *prev, *next; /* in the scheduler's list of its state */
    int kv;                       /* slot of the KV cache while running, else -1 */

    int *output; /* [n_output], room for OUTPUT_SLACK more */
    int n_output, room;
    struct stop_text text;
    int n_thought; /* tokens of thoughts in the output, */
    int n_closing; /* and how many of those that close them at the budget's end */
    struct form_cursor form; /* after the output */
    struct speculation speculation;
    int n_cached; /* prompt tokens that came from the cache when it first ran, -1: has not run */

    int n_run;      /* tokens of this sample in the present step, drafts included; 0: none */
    bool aside;     /* that step was put aside */
    int n_drafts;   /* the last of them, in output[n_output...] */
    int n_accepted; /* drafts that turned out right so far */
    struct speculation guessing; /* what it has learnt about the model's own guesses */
    int guess;                   /* the model's own for the token after the pending one, -1: none */
    bool guessed;                /* the present drafts are that guess, not speculate.h's */
    bool forced;                 /* they are what the form leaves (form_forced()): nothing to learn */

    struct engine_event *done; /* its last event, allocated beforehand */
};

struct request {
    struct arena *arena; /* holds this struct and all that is not named as owned below */
    uint64_t id, arrival;
    struct space space;      /* from the scheduler on, as version; before it holds the salt alone */
    struct version *version; /* whose weights compute it */
    struct adapter *adapter; /* held; NULL: none */
    int priority;
    uint64_t client; /* whose it is */
    const int *prompt;
    int n_prompt;
    int told; /* of the prompt's tokens, by EVENT_PROGRESS; INT_MAX: nobody asks */
    int limit; /* tokens of a sample, prompt included, at most */
    struct engine_sampling sampling;
    struct stop_set *stop; /* owned */
    int n, n_live;         /* samples; those not done */
    struct sequence *samples;
    struct sequence *leader;     /* the sample that computes the prompt for all, NULL: none */
    struct engine_event *failed; /* owned until sent, as samples[i].done */
    /* NULL unless prompt_logprobs; until sent the cache is not used */
    struct engine_event *prompt_report;
    enum engine_pooling pooling;
    double *pool;                   /* [n_embedding] sum of the hidden states so far, or the one that counts */
    struct engine_event *embedding; /* NULL unless pooling; owned until sent */
    struct form_cursor scored; /* where the form stands behind the prompt's tokens scored so far */
    int n_silent;              /* tokens at the prompt's beginning that have no text */

    struct request *next; /* in whatever list it is */
    struct {
        struct request *same_bucket, *next_cancelled;
        bool cancelled;
    } mailbox;
};

enum { OUTPUT_SLACK = SPECULATE_MAX + 1 }; /* places for a step's tokens */

/* Say that a prompt of n tokens, or at least so many, does not fit a context of so many. False. */
bool request_too_long(int context, size_t n, bool at_least, struct error *err);

/* Is what r asks for possible? Its errors are request_new()'s. */
bool request_check(const struct engine_request *r, int n_vocab, int context, struct error *err);

/* A copy of r for a model of n_vocab tokens, samples of at most context tokens, hidden states of
 * n_embd numbers. NULL and
 * ERROR_INVALID_VALUE naming the field, ERROR_TOO_LONG or ERROR_NO_MEMORY. */
struct request *request_new(const struct engine_request *r, int n_vocab, int context, int n_embd,
                            struct error *err);
/* With its samples and events that were not sent. Accepts NULL. */
void request_free(struct request *r);

/* Its prompt still has to be computed without the cache, for prompt_logprobs. */
static inline bool request_scores_prompt(const struct request *r)
{
    return r->prompt_report != NULL;
}

/* Something is wanted of all positions of its prompt: what the cache has is computed again. */
static inline bool request_wants_prompt(const struct request *r)
{
    bool all = r->pooling == POOLING_MEAN || r->pooling == POOLING_CLS;
    return request_scores_prompt(r) || all;
}

static inline int sequence_length(const struct sequence *s)
{
    return s->request->n_prompt + s->n_output;
}

/* Does a budget bound its thoughts, and are they not over? */
static inline bool sequence_counts_thoughts(const struct sequence *s)
{
    bool before = s->text.state == STOP_LOOKS || s->text.state == STOP_SLEEPS;
    return s->request->sampling.n_close > 0 && before;
}

/* The id that must come next, since the thoughts have had their tokens; NULL: any may. */
const int *sequence_must(const struct sequence *s);

/* Tokens from position pos on, as many as lie together in memory; how many in *n. */
const int *sequence_tokens(const struct sequence *s, int pos, int *n);

/* Copy the tokens of positions [pos, pos + n) to out. */
void sequence_copy(const struct sequence *s, int pos, int n, int *out);

/* Append a token. The place exists already; false and ERROR_NO_MEMORY when there is none for the next. */
bool sequence_append(struct sequence *s, int token, struct error *err);

#endif
