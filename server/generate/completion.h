/* server/generate/completion.h - what answers an HTTP request for text: the generations that it holds,
 * and how its dialect writes them.
 *
 * A route reads what was asked (prepare, on any thread) and hands it over; it is called back
 * through its dialect whenever there is something to say. What all dialects share is here:
 * starting every prompt or none, giving up when the client leaves, ending when the last
 * generation has ended, counting.
 *
 *   completion --+-- generation 0 (prompt 0) --+-- choice 0 .. samples-1
 *                +-- generation 1 (prompt 1) --+-- choice samples ..
 *
 * A choice collects text and token records. A stream writes them out and they are dropped;
 * otherwise they stay until the end. So a dialect prints the same structures either way.
 *
 * Words: a *route* is a path and its handler; a *dialect* is how the answers of some routes are
 * written; a *reply of choices* (choices_reply.h) is the shape that several dialects share; an
 * *output form* (output_form.h) is what generated text must look like.
 *
 * Invariants
 * (1) Generations are started all or none, and `open` counts those that have not ended.
 * (2) A completion answers once: when its last generation has ended, or with the first error;
 *     its other generations are then given up.
 *
 * Everything lives in the exchange's arena or is freed with the completion, which dies with its
 * exchange. Loop thread only, but for completion_prompt_text/_ids, which prepare functions call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_COMPLETION_H
#define SERVER_GENERATE_COMPLETION_H

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "server/generate/choice.h"
#include "server/generate/choices_reply.h"
#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/generate/sampling_params.h"

struct best_of;
struct completion;
struct server;

enum { COMPLETION_MAX_CHOICES = 1 << 16, COMPLETION_MAX_TABLES = 8 };

/* How a stream is carried. */
struct stream_shape {
    void (*begin)(struct exchange *x);
    void (*done)(struct exchange *x);
    void (*fail)(struct exchange *x, const struct error *err);
};

/* How a dialect answers. The functions write JSON; completion.c sends it. */
struct dialect {
    /* May it be answered with what there is? False and an error when it was aborted before there
     * was anything to answer with. NULL: always. */
    bool (*check)(const struct completion *c, struct error *err);
    /* Whole: the reply. */
    void (*whole)(struct completion *c, struct buffer *out);
    /* Streaming: what is pending of a choice, with its end when it is done (choice->n_written is
     * 0 the first time; the dialect counts); and the last event before [DONE], which may be NULL. */
    void (*chunk)(struct completion *c, struct choice *choice);
    void (*end)(struct completion *c);
    void (*nothing)(struct completion *c); /* prepare found nothing to generate; NULL: that cannot be */
    void (*clear)(struct completion *c);   /* free what the route's own fields own; NULL: nothing */
    const struct stream_shape *stream; /* NULL: server-sent events that end with [DONE] */
    bool takes_defaults;               /* of sampling, as they were set or the model recommends */
    bool cumulative;                   /* every chunk says everything again: nothing is dropped */
    bool tells_progress;               /* chunk() says of c->told how far its prompt is */
    const struct choices_reply *reply; /* choices_reply.c's; else NULL */
    const char *tool_schema; /* a tool is flat, and this its schema's name; NULL: as OpenAI's chat has tools */
};

struct completion {
    struct exchange *exchange;
    const struct engine *engine;
    const struct dialect *dialect;
    void *own;          /* the route's own fields, behind this */
    uint64_t client;    /* whose request it is, for turns */
    cJSON *document;    /* the body; what was read from it is borrowed */
    struct error error; /* why prepare failed */
    bool (*prepare)(struct completion *c);

    struct sampling_params params;
    const char *adapter_name; /* of params.adapter, as the request has it; NULL: there is none */
    /* it was read by: they know the client's names */
    struct field_table tables[COMPLETION_MAX_TABLES];
    size_t n_tables;
    bool sampled_apart; /* every generation has its own sampling, params.engine is nobody's */
    bool reasoning;     /* split the text */
    enum reasoning_start reasoning_start; /* what the prompt has begun of the thoughts */
    const char *think_close;              /* what ends them, where it is not as ever */
    struct tool_calls_wanted calls;       /* of tools, in the text; format NULL: none (tools.h) */
    bool call_is_named;                   /* by tool_choice */
    bool echo;                            /* the prompt's text is kept */
    enum engine_pooling pooling;          /* prompts become embeddings; POOLING_NONE: they don't */
    bool want_tokens;                     /* token records are kept */
    const struct generation *told; /* the chunk that is being written says how far its prompt is; NULL: it does not */

    const char *prompt_field;    /* where the client wrote the prompts; static */
    bool prompts_are_listed;     /* there, one by one */
    struct generation **prompts; /* [n_prompts]; owned */
    size_t n_prompts, room_prompts;
    size_t n_choices;
    size_t open;     /* generations that have not ended */
    bool is_started; /* they all are */
    int samples;     /* of each prompt: best_of or n */
    int64_t created;
    char id[EXCHANGE_ID_BYTES + 16];
    size_t n_prefix; /* bytes of id before the request's own */
    bool aborted;    /* end as soon as it is started */
    struct best_of *best_of;     /* the route's: one of the samples is the reply; NULL: all are */
    bool choosing;               /* all have ended and are judged for that; the loop thread's */
    const struct choice *chosen; /* that one, once it is known */
};

/* A completion for x, in its arena, and behind it own_bytes for the route's own fields, zeroed. NULL
 * when there is no memory: x has then been answered. The exchange frees it. */
struct completion *completion_new(struct exchange *x, const struct dialect *dialect,
                                  const char *id_prefix, size_t own_bytes);

/* For prepare functions: c speaks this dialect, with fields of its own, zeroed. False: no memory. */
bool completion_become(struct completion *c, const struct dialect *dialect, const char *id_prefix,
                       size_t own_bytes);

/* The calls of a completion's generations. */
extern const struct generation_calls completion_calls;

/* Run prepare(c) (false: c->error) and then submit. WORK_HEAVY where a template is rendered, which
 * may take long. */
void completion_run(struct completion *c, enum exchange_weight weight,
                    bool (*prepare)(struct completion *c));

/* Run prepare(c) and answer with what would be generated from, as vLLM's /render routes do. */
void completion_render(struct completion *c, enum exchange_weight weight,
                       bool (*prepare)(struct completion *c));

/* Run prepare(c), as WORK_HEAVY, and answer with how many tokens that is, {"input_tokens": n}, as
 * llama-server does. */
void completion_count(struct completion *c, bool (*prepare)(struct completion *c));

/* ---- for prepare functions ---- */

/* Parse the body into c->document, unless that is done. */
bool completion_parse(struct completion *c, struct error *err);

/* Read object, the document or what a field of it holds, by the route's tables[n], and remember them
 * for the names of what is found wrong later. */
bool completion_read(struct completion *c, const cJSON *object, const struct field_table *tables,
                     size_t n, struct error *err);

/* err names a setting as we do: name it as the client does, "sampling_params.max_new_tokens".
 * Returns false. */
bool completion_rename(const struct completion *c, struct error *err);

/* Read the document by the sampling table and the route's own n; then, when the route has put its
 * own fields in order, check what they say together, the model's name included. */
bool completion_fields(struct completion *c, const struct field_table *own, size_t n,
                       struct error *err);
/* After completion_fields(): what the fields say together. False names the field. */
bool completion_check(struct completion *c, struct error *err);

/* One more prompt. In errors param is where in the prompt the fault lies, or empty. */
bool completion_prompt_text(struct completion *c, struct span text, bool add_special,
                            struct error *err);
/* The same from token ids, an array; with `echo` their text is made too. */
bool completion_prompt_ids(struct completion *c, const cJSON *ids, struct error *err);
/* One prompt of pieces, strings and ids by turns; add_special: before a string that begins it. */
bool completion_prompt_pieces(struct completion *c, const cJSON *pieces, bool add_special,
                              struct error *err);
/* The field that holds the prompts: a string, strings, ids or lists of ids. */
bool completion_prompts(struct completion *c, const cJSON *prompt, const char *field,
                        bool add_special, struct error *err);

/* The same where a list is wanted: one prompt of ids is not taken for one. */
bool completion_prompt_list(struct completion *c, const cJSON *list, const char *field,
                            bool add_special, struct error *err);
/* For a route's own fields_read(). */
struct field_context completion_field_context(struct completion *c);

/* ---- for dialects ---- */

/* Answer with what there is: every generation has ended, and best_of has chosen. */
void completion_answer(struct completion *c);

/* Choice number i of the answer, from 0 to n_choices - 1. */
static inline struct choice *completion_choice(const struct completion *c, size_t i)
{
    size_t samples = (size_t)c->samples;
    assert(i < c->n_choices);
    return &c->prompts[i / samples]->choices[i % samples];
}

struct completion_usage {
    int64_t prompt, completion, cached, thought;
};
/* Tokens so far, of all prompts and choices. */
struct completion_usage completion_usage(const struct completion *c);
/* Are there log-probabilities to show of this choice? Not in a stream's chunk without tokens. */
static inline bool completion_has_logprobs(const struct completion *c, const struct choice *choice)
{
    return c->params.logprobs != TOP_ABSENT && (choice->n_records > 0 || !c->params.stream);
}

/* "usage": {...} */
void completion_emit_usage(const struct completion *c, struct buffer *out);

/* "usage" of a stream's chunk: what so far, null, or nothing, as stream_options say. */
void completion_emit_chunk_usage(const struct completion *c, struct buffer *out);
/* "weight_version": of the weights that computed all that it says; or, of a single choice that several did,
 * "weight_versions"; or nothing (spans.h). */
void completion_emit_versions(const struct completion *c, struct buffer *out);
/* "system_fingerprint": of the weights that computed the last token of that choice; before its
 * first, of those that serve. */
void completion_emit_fingerprint(const struct completion *c, const struct choice *choice,
                                 struct buffer *out);

/* "stop_reason": the stop string, the stop token that the client named, or null; and at the end
 * SGLang's "matched_stop": the same, or the model's own end token. */
void completion_emit_stop_reason(const struct completion *c, const struct choice *choice,
                                 struct buffer *out);

/* The choices to answer with, [n_prompts * n] in the arena: all in order, or of each prompt the n
 * best of its samples, best first, when best_of asks for more. False when there is no memory. */
bool completion_pick(const struct completion *c, const struct choice ***out);

/* The served model's name, or the adapter's that the request named. */
const char *completion_model(const struct completion *c);

/* ---- for the routes that trainers control us by ---- */

/* What x generates, or NULL: another kind of request, or one that is over. */
struct completion *completion_of(struct exchange *x);

/* End it with what it has, finish_reason "abort". */
void completion_abort(struct completion *c);

/* Is this the request's id, as its answers give it or as its client sent it? */
bool completion_has_id(const struct completion *c, struct span id);

/* ---- for model routes ---- */

/* What a request's model (which may be empty) and lora_path name: the base, an adapter, or
 * "base:adapter". The adapter, in *out, is held; NULL: none. False and ERROR_MODEL_NOT_FOUND, or
 * what adapters_find() says. May read files. */
bool completion_find_model(struct server *s, struct span name, struct span lora,
                           struct adapter **out, struct error *err);

/* The same for a request's model alone, where only its name is of interest. Reads nothing. */
bool completion_check_model(struct server *s, struct span name, struct error *err);

#endif
