/* engine/sample/sampling.h - how the next token of a sample is chosen, as the caller says it.
 *
 * A plain struct that the caller fills; sampler.h says in which order its members act. What it
 * points to is borrowed until engine_submit() returns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_SAMPLING_H
#define ENGINE_SAMPLE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/sample/form/form.h"

struct logit_bias {
    int id;
    float bias;
};

enum { LOGPROBS_NONE = -1, LOGPROBS_MAX = 1024 };
enum { SUPPORT_MAX = 4096 };                     /* ids of what a token was drawn from, told at most */
enum { STOP_MAX_STRINGS = 64, STOP_MAX_BYTES = 4096 }; /* stop strings; bytes of all of them */

/* How the next token is chosen. engine_sampling_init() gives the neutral values in brackets. */
struct engine_sampling {
    float temperature;        /* [1] 0: greedy */
    int top_k;                /* [0: off] */
    float top_p;              /* [1: off] */
    float min_p;              /* [0: off] */
    float repetition_penalty; /* [1: off] over prompt and output (CTRL, arXiv 1909.05858) */
    float presence_penalty, frequency_penalty; /* [0] over the output, as OpenAI defines them */
    uint64_t seed;            /* sample i of a request draws from the stream (seed, i) */
    int max_tokens;           /* [-1: as the context allows] */
    int min_tokens;           /* [0] no end or stop token before; stop strings begin after */
    bool ignore_eos;          /* [false] */
    bool skip_special_tokens; /* [true] in text deltas */
    bool include_stop;        /* [false] the stop string stays in the text */
    /* strings, n_stop of them; matched in the output's text; at most STOP_MAX_... */
    const char *const *stop;
    int n_stop;
    /* [NULL] Stop strings sleep while the output is inside thoughts, which stand in these tags; the
     * tags live as long as the engine (engine_info's do). */
    const char *think_open, *think_close;
    bool thinks; /* [false] the prompt has opened the thoughts */
    /* [-1: as many as come] After so many tokens of thoughts these ids come next, whatever the
     * model would have said: they close them. */
    int think_budget;
    const int *close_ids; /* [n_close]; none: no budget */
    int n_close;
    const int *stop_ids;
    int n_stop_ids;
    const struct logit_bias *bias;
    int n_bias;
    const int *allowed_ids; /* only these may be sampled; NULL: all */
    int n_allowed;
    struct form *form; /* [NULL: none] with one there is no min_tokens, ignore_eos or allowed_ids */
    /* [none] Words that must not come, as ids one after the other: word i has bad_lengths[i] of them,
     * the last of which may not follow the others. */
    const int *bad_ids, *bad_lengths;
    int n_bad, n_bad_ids;
    const int *score_ids; /* [none] the alternatives that are reported are these, in this order */
    int n_score_ids;      /* then logprobs is n_score_ids */
    int logprobs;      /* [LOGPROBS_NONE] 0: of the sampled token; k: and the k most probable */
    bool processed;    /* [false: the model's own distribution] of the one sampled from */
    bool both;         /* [false] beside it the sampled token's in the one sampled from (drawn) */
    bool routes;       /* [false] at a sample's end, which experts its tokens went to (messages.h) */
    bool support;      /* [false] and the ids that could be drawn, where they are told (sampler.h) */
    const int *prompt_score_ids; /* [none] as score_ids, of each prompt token; then prompt_logprobs */
    int n_prompt_score_ids;      /* is n_prompt_score_ids */
    int prompt_logprobs; /* [LOGPROBS_NONE] 0: of each prompt token; k: and the k most probable */
};
/* The neutral values. */
void engine_sampling_init(struct engine_sampling *s);

/* One token of a distribution. */
struct token_prob {
    int id;
    float logprob;
    int rank; /* 1: the most probable */
};

#endif
