/* server/generate/sampling_params.h - what a client asks of a generation, and the table that reads it.
 *
 * OpenAI's fields with vLLM's extensions; /v1/completions and /v1/chat/completions share this
 * table and add their own. Other dialects have tables of their own that fill the same struct.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_SAMPLING_PARAMS_H
#define SERVER_GENERATE_SAMPLING_PARAMS_H

#include "engine/engine.h"
#include "base/fields.h"

struct stream_options {
    bool given;
    bool include_usage;    /* a last chunk with the usage */
    bool continuous_usage; /* the usage so far in every chunk */
};

struct stop_list {
    const char *const *strings; /* borrowed from the document */
    int n;
};

struct bias_list {
    struct logit_bias *rows; /* the arena's */
    int n, room;
};

enum { TOP_ABSENT = -2 }; /* -1 is a client's "all" */

struct sampling_params {
    /* lists are the request's arena's, set by sampling_params_finish() */
    struct engine_sampling engine;
    struct form_source form; /* what output_form.h makes engine.form of */
    const char *form_field;  /* the client's field that asks for it */
    bool form_is_named;      /* its faults have the client's names already */
    bool may_think;          /* a prompt without messages: the form holds behind thoughts */
    struct stop_list stop;
    struct bias_list bias;
    struct id_list stop_ids, allowed_ids;
    struct id_list prompt_logprob_ids;
    struct id_list logprob_ids; /* alternatives that are told of each token, in place of the best */
    struct text_list bad_words; /* bad_words.h */
    struct span model, lora, request_id, cache_salt;
    struct adapter *adapter; /* that model or lora names; held by whoever owns this; NULL: none */
    int64_t seed;
    bool has_seed;
    bool stream;
    struct stream_options stream_options;
    bool return_token_ids, tokens_as_ids;
    bool versions; /* each sample says which weights computed what, one or several */
    int n;
    int best_of;                   /* 0: as n */
    int logprobs, prompt_logprobs; /* alternatives a token; TOP_ABSENT: none, not even its own */
    int priority;
    int truncate_prompt; /* keep so many prompt tokens; 0: all */
    bool truncate_right; /* drop from the end, not from the start */
    bool timings;        /* in every chunk, and in the reply, the times that it took */
    bool progress;       /* a stream says how far its prompt is */
    bool verbose;        /* the reply says what llama-server's /completion would, too */
};

/* Neutral values; then read. */
void sampling_params_init(struct sampling_params *p);

struct engine_info;

/* What was set for requests that do not say, or else the model's files recommend. */
void sampling_params_defaults(struct sampling_params *p, const struct engine_info *info);

/* "sampling_defaults": {...}: those that there are. */
void sampling_params_emit_defaults(const struct engine_info *info, struct buffer *out);

/* Where the setting that we and the engine call by this name stands in p; NULL: there is none. */
const void *sampling_params_member(const struct sampling_params *p, const char *name);

/* The fields of a body that all dialects of OpenAI's kind share; targets: struct sampling_params. */
extern const struct field sampling_params_rows[];

/* The shared table, for fields_read(). */
struct field_table sampling_params_table(struct sampling_params *p);

/* After reading: what depends on several fields or on the server's limits, a random seed when
 * none was given, and the lists into p->engine. */
bool sampling_params_finish(struct sampling_params *p, int max_n, int n_vocab, struct error *err);

/* FIELD_READ readers: a 64-bit integer -> seed and has_seed of a struct sampling_params; a
 * string, or an array of strings -> struct stop_list. */
bool sampling_params_read_seed(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err);
/* As sampling_params_read_seed(); any seed below 0 asks for a random one (llama.cpp). */
bool sampling_params_read_llama_seed(const struct field_context *context, const cJSON *value,
                                     void *out, struct error *err);
/* The id that a key of digits stands for; false: it is something else. */
bool sampling_params_key_id(const char *key, int *id);
/* One bias more; false as its value is a prohibition. *err says "logit_bias: ..." without a name. */
bool sampling_params_add_bias(struct bias_list *list, int id, const cJSON *bias,
                              const struct field_context *context, struct error *err);
/* A bias for each of some tokens -> struct bias_list. */
bool sampling_params_read_bias(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err);
/* The same for stop strings. */
bool sampling_params_read_stop(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err);

#endif
