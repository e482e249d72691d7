/* engine/batch/messages.h - what passes between a caller and the engine: requests go in, events and
 * counts come out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_MESSAGES_H
#define ENGINE_BATCH_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/batch/pace.h"
#include "engine/batch/version.h"
#include "engine/sample/sampling.h"

struct adapter; /* engine/adapter/adapter.h */

/* What is made of the hidden states of a prompt's positions, after the final norm. */
enum engine_pooling {
    POOLING_NONE, /* nothing */
    POOLING_MEAN, /* their mean */
    POOLING_LAST, /* the last position's */
    POOLING_CLS   /* the first one's */
};

struct engine_request {
    uint64_t id; /* the caller's; names the request in events and cancellation; unique while live */
    const int *ids; /* the prompt, at least one token */
    size_t n_ids;
    int n;               /* samples, sharing the prompt's cache; 1 or more */
    int priority;        /* lower goes first; equal ones in order of arrival */
    uint64_t client;     /* whose it is: where several have work, none makes the steps of another long */
    uint64_t cache_salt; /* prefixes are shared only between equal salts; 0 usually */
    enum engine_pooling pooling; /* not POOLING_NONE: EVENT_EMBEDDING comes; n is 1, max_tokens 0 */
    struct adapter *adapter; /* that computes it beside the weights; held by the request; NULL: none */
    bool progress; /* EVENT_PROGRESS comes as the prompt is computed */
    struct engine_sampling sampling;
};

enum engine_finish { FINISH_NONE, FINISH_STOP, FINISH_LENGTH, FINISH_ABORT };

enum engine_event_type {
    EVENT_PROGRESS, /* a step computed more of the prompt of a request that asked for progress: before its
                     * first token, first of all what the cache had, at last the whole prompt */
    EVENT_PROMPT, /* once per request that asked for prompt_logprobs, before its tokens */
    EVENT_EMBEDDING, /* once per request that asked for pooling, before its end */
    EVENT_TOKEN,  /* one sampled token */
    EVENT_DONE,   /* one sample ended; the last event of that sample */
    EVENT_FAILED, /* the whole request failed; its last event */
};

struct engine_event {
    struct engine_event *next;
    uint64_t request_id;
    int sample; /* 0 to n-1 */
    enum engine_event_type type;
    uint64_t version; /* number of the weights that computed it; not of EVENT_FAILED */
    struct version_label *label; /* and what they are called; owned; NULL: nothing was computed */

    /* EVENT_TOKEN. A token that ends its sample comes like any other, with all text that was held
     * back; an end or stop token itself has none unless include_stop. All texts together are the
     * output, byte for byte: what is not UTF-8 stands as it is. */
    int token;        /* EVENT_TOKEN */
    const char *text; /* text now certain to belong to the output: whole characters only, never */
    size_t n_text; /*   what might still turn out to be a stop string; often several tokens late */
    struct token_prob prob;       /* of the token, when logprobs were asked for */
    float drawn;                  /* its log-probability in the distribution it was drawn from, with `both` */
    const int *support; /* [n_support] ids that could be drawn, with `support`: see sampler.h */
    int n_support;      /* -1: they are not told */
    const struct token_prob *top; /* the most probable, best first */
    int n_top;

    /* EVENT_PROMPT: for prompt position i > 0, its own probability and its alternatives */
    const struct token_prob *prompt_probs; /* [n_prompt]; entry 0 is meaningless */
    /* [n_prompt, n_top]; id -1 where fewer have a probability */
    const struct token_prob *prompt_top;
    int n_prompt;
    int refused_at; /* the first position whose token the form refuses (it and those behind it have
                     * rank 0); -1: none, or no form was asked for */

    /* EVENT_EMBEDDING: not normalised */
    const float *embedding; /* [n_embedding] */
    int n_embedding;

    /* EVENT_DONE */
    enum engine_finish finish;
    const char *stop_string; /* the stop string that ended it, or NULL */
    int stop_token;          /* the stop or end token that ended it, or -1 */
    int n_generated;         /* tokens of this sample */
    int16_t *routes; /* with `routes`, of a model with experts: [n_routes, layers, used], owned; NULL: none, or no memory */
    int routes_size; /* numbers of a token: layers times used */
    int n_routes;    /* tokens of prompt and output that were computed: the last one was not */
    int n_cached; /* prompt tokens found in the cache when the prompt was first computed; EVENT_PROGRESS too */

    /* EVENT_PROGRESS */
    int n_computed; /* prompt tokens so far, those of the cache included; more each time */

    struct error error; /* EVENT_FAILED */
};

/* Accepts NULL. */
void engine_event_free(struct engine_event *ev);

struct engine_stats {
    int running, waiting;          /* samples now */
    int kv_blocks_used, kv_blocks; /* used: by live sequences; the rest is free or cached */
    uint64_t steps, prompt_tokens, cached_tokens; /* of prompts: computed, found in the cache */
    uint64_t put_aside;                           /* steps, for who came meanwhile */
    uint64_t generated_tokens, preemptions;
    uint64_t recomputed_tokens; /* of samples that went on with other weights */
    uint64_t drafts, drafted_tokens, accepted_tokens; /* speculative decoding */
    double busy_seconds;                      /* in forward passes and sampling */
    struct pace_prices prices;                /* what a step takes of late */
    uint64_t taken; /* samples submitted and seen by the engine: in running, waiting, or ended */
};

#endif
