/* engine/sample/sampler.h - from a row of logits to the next token and its log-probabilities.
 *
 * The order of operations is vLLM's (vllm/v1/sample/sampler.py):
 *
 *   1. allowed ids: everything else gets probability 0; so does what the output's form excludes (vocabulary.h);
 *      an id that must come is the only one, and steps 2 to 4 have nothing to do
 *   2. before min_tokens: end and stop tokens get probability 0; so does what would complete a bad word
 *   3. logit bias
 *   4. penalties: repetition (prompt and output; l > 0 ? l / r : l * r), frequency, presence (output)
 *   5. temperature below SAMPLER_GREEDY: the best token, the first of equal ones, and we are done
 *   6. temperature; min-p: at least min_p times the best one's probability
 *   7. top-k: the k best; then top-p: the fewest best of these that hold top_p of their sum
 *   8. draw: the first id at which the running sum of what is left exceeds u times the whole
 *
 * With `support` the ids that step 8 draws among are told in rising order, a greedy token by
 * itself: what top-k, top-p, min-p, allowed ids and a form have left. Where nothing is cut off, or
 * more than SUPPORT_MAX are left, none is.
 *
 * u depends on (seed, sample, position) alone: no state, so a token can be drawn again, ahead of
 * time or in any order. Arithmetic is our own (probs.h, scalar_math.h): the same bits on every
 * machine.
 *
 * Log-probabilities describe the model's own distribution (the logits before step 1 at
 * temperature 1), or with `processed` the one drawn from (after step 7; for greedy tokens after
 * step 4; a prompt's tokens are not drawn: step 6's temperature alone); with `both` the sampled
 * token's in the latter stands beside the former.
 *
 * One sampler serves all threads of the pool, each with a work space of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_SAMPLER_H
#define ENGINE_SAMPLE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "engine/sample/form/vocabulary.h"
#include "engine/sample/sampling.h"

#define SAMPLER_GREEDY 1e-5f /* temperatures below are greedy */

struct kernels; /* engine/kernels/kernels.h */
struct sampler;

/* Work spaces for n_threads threads. end_ids: the model's end tokens, copied. text: of a token as
 * an output has it, for forms. NULL and ERROR_NO_MEMORY on failure. Free with sampler_free(), which
 * accepts NULL. */
struct sampler *sampler_new(const struct kernels *kernels, int n_vocab, const int *end_ids,
                            int n_end, form_text_fn *text, const void *text_arg, int n_threads,
                            struct error *err);
/* Accepts NULL. */
void sampler_free(struct sampler *s);

/* The vocabulary as forms see it; the sampler's. */
struct form_vocabulary *sampler_vocabulary(const struct sampler *s);

/* Does id end an output: as one of c's stop tokens, or as an end token of the model that c does not ignore? */
bool sampler_stops(const struct sampler *s, const struct engine_sampling *c, int id);

/* Will c always leave a token to draw? Until min_tokens are out no end or stop token may be
 * drawn, and perhaps allowed_ids names no other; and an output of a form must be able to end.
 * ERROR_INVALID_VALUE or ERROR_UNSUPPORTED, naming the field. */
bool sampler_check(const struct sampler *s, const struct engine_sampling *c, struct error *err);

/* One token to choose: what it depends on, and what came out. */
struct draw {
    const float *logits; /* [n_vocab] of the token before; read only */
    const struct engine_sampling *sampling;
    const int *prompt; /* [n_prompt] ids below n_vocab, as output */
    int n_prompt;
    const int *output; /* [n_output] generated so far; the position drawn is n_output */
    int n_output;
    const int *must;         /* the id that comes next, NULL: any */
    int sample;              /* index among the request's samples */
    struct form_cursor form; /* after that output; its form is sampling's, or NULL */

    int token;
    struct token_prob prob; /* when sampling->logprobs says so */
    float drawn;            /* its log-probability where it was drawn, when sampling->both says so */
    int *support;           /* caller's, room for SUPPORT_MAX; read only with sampling->support */
    int n_support;          /* of them; -1: they are not told */
    struct token_prob *top; /* caller's, room for sampling->logprobs entries; best first */
    int n_top;
};

/* False when there is nothing to choose from: a logit is NaN or infinite, or every token is excluded. */
bool sampler_draw(struct sampler *s, int thread, struct draw *d);

/* Which token sampler_score() looks for. */
struct scoring {
    const float *logits;
    int id, k;
    const int *ids;    /* [k] the alternatives that are told, NULL: the k best */
    float temperature; /* of the distribution; below SAMPLER_GREEDY: as it is */
    /* .form NULL: the model's own distribution; else what it lets through */
    struct form_cursor form;
    bool skip_special; /* for the form */
};

/* Log-probability and rank of a token (refused by the form: -infinity and rank 0), and the k best
 * (room for k in top, *n_top says how many). False when a logit is NaN or infinite. */
bool sampler_score(struct sampler *s, int thread, const struct scoring *what,
                   struct token_prob *prob, struct token_prob *top, int *n_top);

/* The number in [0, 1) that decides about a position of a sample. */
double sampler_uniform(uint64_t seed, int sample, int position);

#endif
