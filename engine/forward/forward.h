/* engine/forward/forward.h - one forward pass of some weights over a batch of runs.
 *
 * A run is some consecutive tokens of one sequence: a chunk of its prompt, or its next token (and
 * drafted ones). A step takes many runs of different sequences at once; matrix products see all
 * their rows together, attention sees each run with its own block table. Row r of a step is the
 * r-th token counting through the runs in order. Runs may have an adapter each (lora.h).
 *
 * The result of a row depends on its sequence's tokens, the weights and its adapter alone, bit for bit
 * (architecture.md, "Reproducible by construction"). Weights are an argument of each step, so
 * several versions of a model can be served side by side, a step for each.
 *
 * Engine thread only; works on the pool between two barriers. Allocates nothing after
 * forward_new().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_FORWARD_H
#define ENGINE_FORWARD_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/forward/kv_store.h"
#include "engine/model/model.h"

struct weights; /* packed tensors, engine/forward/weights.h */
struct adapter; /* engine/adapter/adapter.h */
struct pool;    /* engine/forward/pool.h */
struct kernels; /* engine/kernels/kernels.h */
struct forward;

/* Parts of a pass, as forward_time() tells them apart: inputs are norms and quantising. */
enum forward_stage {
    STAGE_EMBED,
    STAGE_INPUTS,
    STAGE_QKV,
    STAGE_CACHE,
    STAGE_ATTENTION,
    STAGE_O,
    STAGE_GATE_UP,
    STAGE_DOWN,
    STAGE_OUTPUT,
    FORWARD_STAGES
};

struct forward_run {
    const int *tokens; /* [n] */
    int n;             /* 1 or more */
    int pos;           /* position of tokens[0]; positions before it are in the blocks already */
    const int32_t *blocks; /* block table of the sequence: position p lies in blocks[p / KV_BLOCK];
                              covers pos + n positions; the blocks written to belong to this run alone */
    const struct adapter *adapter; /* reserved (forward_reserve_adapter()); NULL: none */
};

/* Work space for steps of at most max_rows rows. c, kernels, kv and pool are borrowed until
 * forward_free(). NULL and ERROR_NO_MEMORY on failure. */
struct forward *forward_new(const struct model_config *c, const struct kernels *kernels,
                            struct kv_store *kv, struct pool *pool, int max_rows,
                            struct error *err);
/* Accepts NULL. */
void forward_free(struct forward *f);

/* Memory for what the types of w, weights of f's model, want of their inputs: needed once before
 * the first step with w. False and ERROR_NO_MEMORY on failure: steps with other weights go on. */
bool forward_reserve(struct forward *f, const struct weights *w, struct error *err);

/* The same for an adapter of f's model, before the first run that has it. */
bool forward_reserve_adapter(struct forward *f, const struct adapter *a, struct error *err);

/* Run every layer of w over the rows of runs (their n add up to at most max_rows), writing keys and
 * values into their blocks. The final hidden state of every row stays in f until the next step; w
 * is borrowed until then, for the step's logits and predictions. A step leaves nothing behind that
 * another step, with whatever weights, would notice. */
void forward_step(struct forward *f, const struct weights *w, const struct forward_run *runs,
                  int n_runs);

/* The same, but leave(arg) is asked between two layers, and where it says so the step is put aside: false,
 * and its rows are kept. Other steps may be run then, but none that could be put aside, until
 * forward_resume() goes on with it. */
bool forward_start(struct forward *f, const struct weights *w, const struct forward_run *runs,
                   int n_runs, bool (*leave)(void *arg), void *arg);

/* The other layers of the step that was put aside, whose weights and runs (the same; not the same
 * memory) are still as they were: the result is that of forward_step(). */
void forward_resume(struct forward *f, const struct forward_run *runs, int n_runs);

/* Multi-token prediction (DeepSeek-V3, arXiv 2412.19437, 2.2): run the model's first prediction
 * layer (which no adapter changes) over rows of the last forward_step(), from whose hidden states
 * and the tokens that came after it guesses one token further. For models with prediction layers
 * (n_mtp > 0). Logits of the step itself are to be had before, forward_logits() then gives those of
 * these rows.
 *   runs       run i: its tokens are those that follow the rows' own; pos and blocks as in the step
 *   first_row  [n_runs] which row of the step each begins with
 * The keys and values go to the blocks of these positions, in a layer of their own. */
void forward_predict(struct forward *f, const struct forward_run *runs, const int *first_row,
                     int n_runs);

/* forward_predict(), and the best token for each run's last row.
 *   logits   [n_logits, n_vocab] room to work in
 *   guesses  [n_runs] */
void forward_guess(struct forward *f, const struct forward_run *runs, const int *first_row,
                   int n_runs, float *logits, int n_logits, int *guesses);

/* Logits of chosen rows of the last step or prediction.
 *   rows    [n] row numbers, 0-based over the step, n at most max_rows
 *   logits  [n, n_vocab] f32, row-major, caller's */
void forward_logits(struct forward *f, const int *rows, int n, float *logits);

/* The hidden state of one row of the last step, after the final norm, which logits are made of: [n_embd]. */
void forward_hidden(const struct forward *f, int row, float *out);

/* Add to ns[stage] from now on what each stage takes; NULL: no longer. For benchmarks. Latent
 * attention is all STAGE_ATTENTION, experts all STAGE_GATE_UP. */
void forward_time(struct forward *f, uint64_t ns[FORWARD_STAGES]);

#endif
