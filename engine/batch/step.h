/* engine/batch/step.h - one step: the plan, the forward pass, the logits that are needed, the tokens.
 *
 * Logits are computed only for rows from which something is drawn or scored, at most STEP_LOGITS
 * rows at a time, and their rows are worked on in parallel.
 *
 * The model is behind a few functions (struct runner), so that the scheduling can be tested with
 * a model whose every token proves which blocks it was computed from.
 *
 * A model with a prediction layer guesses, after each step, a further token for every sample that
 * decodes; the next step may compute it as a draft (speculate.h says why that changes no output).
 *
 * A step may be put aside between two layers, for a request that comes meanwhile and for which its plan would
 * have been a shorter one (scheduler_waits_for()). Then steps of clients that have no part in it are run,
 * for as long as it would itself take at most, and it goes on. So a flood's steps may be long, and who
 * comes beside it does not wait for their ends. A step is put aside once.
 *
 * Engine thread only. Allocates nothing after step_new() but events and the growth of outputs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_STEP_H
#define ENGINE_BATCH_STEP_H

#include "engine/batch/deliver.h"
#include "engine/forward/forward.h"
#include "engine/forward/pool.h"
#include "engine/sample/sampler.h"
#include "engine/batch/scheduler.h"

enum { STEP_LOGITS = 64 };

/* What a step needs of a model: forward.h's functions, with their contract. */
struct runner {
    void *self;
    bool (*forward)(void *self, const struct weights *w, const struct forward_run *runs, int n_runs,
                    bool (*leave)(void *arg), void *arg);
    void (*resume)(void *self, const struct forward_run *runs, int n_runs);
    void (*logits)(void *self, const int *rows, int n, float *logits);
    /* NULL: no prediction layer, or not wanted */
    void (*guess)(void *self, const struct forward_run *runs, const int *first_row, int n_runs,
                  float *logits, int n_logits, int *guesses);
    /* The hidden state of a row, [n_embd]; NULL: no embeddings are asked for */
    void (*hidden)(void *self, int row, float *out);
};

struct step;

/* All are borrowed. max_rows and max_running as the scheduler's. NULL and ERROR_NO_MEMORY on
 * failure. Free with step_free(), which accepts NULL. */
struct step_parts {
    struct runner runner;
    struct scheduler *scheduler;
    struct kv_cache *kv;
    struct sampler *sampler;
    struct deliver *deliver;
    struct pool *pool;
    int n_vocab, max_rows, max_running;
    int n_embd;        /* with runner.hidden */
    double reach_rows; /* pace.h; 0: nothing is known of the model's shape */
};
/* A step of these parts, which must outlive it. NULL and ERROR_NO_MEMORY on failure. */
struct step *step_new(const struct step_parts *parts, struct error *err);
/* Accepts NULL. */
void step_free(struct step *s);

/* Ask comes(arg) between two layers from now on, whether a request has come for which scheduler_waits_for(). Until
 * then no step is put aside. */
void step_listen(struct step *s, bool (*comes)(void *arg), void *arg);

/* Plan and run one step, or as much of it as is run before it is put aside; what comes about goes to
 * parts.deliver. False when there was nothing to do. */
bool step_run(struct step *s);

/* Is a step put aside? Until it is not, requests may be added, but none may end but in a step, and no other
 * weights serve. */
bool step_is_aside(const struct step *s);

/* The next step does not follow the last one at once: what lies between them is not its time. */
void step_rest(struct step *s);

/* Add the step's counts: steps, put_aside, prompt_tokens, generated_tokens, accepted_tokens, busy_seconds. */
void step_stats(const struct step *s, struct engine_stats *out);

#endif
