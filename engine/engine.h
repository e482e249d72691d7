/* engine/engine.h - the only door to the engine: text and tokens in, tokens and text out.
 *
 * An engine owns one model and one thread. The engine thread loads the model, then runs steps:
 * it takes submissions and cancellations from one queue, decodes every running sequence by a
 * token, and puts what happened on another queue. Whoever submitted takes the events from there
 * (in the server: the loop thread, woken once a step).
 *
 * Which thread may call what is said at each function. No call here blocks on a forward pass,
 * except engine_wait() and engine_close().
 *
 * Promise: the tokens and log-probabilities of a request depend on its own ids, its
 * sampling settings and its seed alone. Batch, chunking, cache, threads and ISA change no bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "engine/batch/messages.h" /* requests, events, counts */
#include "engine/model/sampling_defaults.h"
#include "engine/sample/sampling.h" /* how the next token is chosen */
#include "engine/tokenizer/tokens.h"

struct engine;
struct settings_table;

enum engine_kind {
    ENGINE_FAST,
    ENGINE_REFERENCE
}; /* packed integer kernels | float32 on OpenBLAS */
enum engine_kv { ENGINE_KV_F16, ENGINE_KV_F32, ENGINE_KV_Q8_0 };

struct engine_options {
    const char *model_path;    /* a GGUF file or a Hugging Face folder */
    const char *template_path; /* a file with a chat template; NULL: the model's own */
    const char *merge;         /* a PEFT folder that is merged into the weights; NULL: none */
    bool vocabulary_only;      /* tokenizer and template alone; a vocabulary-only GGUF will do */
    const char *name;          /* what clients call it; NULL: from the file's metadata or name */
    enum engine_kind kind;
    enum engine_kv kv; /* ENGINE_REFERENCE always uses F32 */
    const char *isa;   /* "generic", "avx2", ...; NULL: the best of this CPU */
    /* Folder of packed weights (engine/packed_cache.h), of at most so many bytes; NULL: none. */
    const char *packed_cache;
    int64_t packed_cache_bytes;
    const char *weights; /* quantise float weights at load: "q8_0", "q4_0", ...; NULL: as is */
    int threads;         /* of the worker pool, the engine thread included; 0: one per core */
    bool pin_threads;    /* bind worker i to core i */
    int context;         /* longest sequence in tokens; 0: the model's own */
    int max_sequences;   /* running at once; default 256 */
    int max_queue; /* samples that may wait: past max_sequences + max_queue live ones engine_submit says
                          ERROR_QUEUE_FULL */
    int step_tokens; /* prompt tokens a step may add to the batch, fewer beside decodes; default 512 */
    int max_versions;            /* of the weights in memory at once; default 2 */
    int64_t kv_bytes;            /* memory for the KV cache; 0: a quarter of what is free, capped */
    bool prefix_cache;           /* find equal prefixes again */
    bool speculate;              /* draft tokens by prompt lookup */
    enum engine_pooling pooling; /* of embeddings; POOLING_NONE: as the model's files say */
    int generation_config; /* 0: the sampling that the model's files recommend is the default; 1: it isn't */
    struct sampling_defaults sampling; /* defaults in their place; NaN: none */
    /* called from the engine thread after a step that made events; may be NULL */
    void (*wake)(void *);
    void *wake_arg;
    /* Called from the engine thread while the weights are packed: bytes of them; may be NULL. */
    void (*progress)(void *arg, size_t done, size_t total);
    void *progress_arg;
};

/* The settings of the options above: their names, defaults and help (config/settings.h). */
extern const struct settings_table engine_settings;
/* Those of `sampling` and of generation_config, which the requests of others obey. */
extern const struct settings_table engine_sampling_settings;

/* Every setting at its default, the rest zero; then set what differs. */
void engine_options_init(struct engine_options *o);

/* Start the engine thread, which begins to load. Strings of o are copied. NULL with *err set only
 * when not even that is possible. Free with engine_close(). */
struct engine *engine_open(const struct engine_options *o, struct error *err);

/* Cancels everything, ends the thread, frees all. Accepts NULL. */
void engine_close(struct engine *e);

enum engine_state { ENGINE_LOADING, ENGINE_READY, ENGINE_FAILED };

/* Any thread. After ENGINE_FAILED *err (may be NULL) says why. */
enum engine_state engine_state(struct engine *e, struct error *err);

/* Block until loading has ended. False and *err when it failed. */
bool engine_wait(struct engine *e, struct error *err);

enum { ENGINE_MAX_TYPES = 32 };

/* What matrix products take whose weights are of one type: multiply-adds. */
struct engine_work {
    const char *type; /* "Q4_1", as packed */
    bool is_float;    /* multiplied as float32, else as int8 */
    int64_t layers;   /* a token through all layers; of experts the chosen ones */
    int64_t output;   /* one row of logits */
};

/* What was loaded. Any thread, from ENGINE_READY on; constant. */
struct engine_info {
    const char *name; /* model id for clients */
    const char *path; /* of the file or folder, as it was given */
    /* its last part, without ".gguf": the model's name unless another was given */
    const char *file_name;
    const char *title;        /* what the file calls itself */
    const char *architecture; /* "llama" */
    const char *quantisation; /* "Q4_1", the commonest type of its tensors */
    const char *isa;          /* kernel set in use */
    int64_t parameters, tensor_bytes, packed_bytes;
    struct engine_work work[ENGINE_MAX_TYPES]; /* every type in use */
    int n_work;
    int64_t step_bytes;   /* of weights, that a step reads whatever its rows are; */
    int64_t expert_bytes; /* and of all experts, of which a row chooses */
    double expert_share;  /* so many */
    int64_t created;      /* unix seconds of the file */
    int n_vocab, context;
    int n_layers,
        n_used; /* layers; experts that each token goes to in a layer that has them, 0: no experts */
    int n_embd; /* numbers of a hidden state, and so of an embedding, which is made of those like this */
    enum engine_pooling pooling;
    int threads;
    int max_sequences; /* decoded in one batch; */
    int seats;         /* and a few more, which whoever submits may keep for some */
    int max_queue;     /* samples that may wait beside them */
    int step_tokens;   /* prompt tokens that a step may add */
    int kv_block_tokens, kv_blocks;
    int64_t kv_bytes_per_token;
    bool has_chat_template;
    struct span chat_template;            /* its source; p NULL: none */
    struct sampling_defaults sampling;    /* for requests that do not say */
    int bos_token, eos_token;             /* ids; -1: none */
    const char *think_open, *think_close; /* reasoning tags, NULL when the model has none */
    double load_seconds;
};
/* Borrowed from e. */
const struct engine_info *engine_info(const struct engine *e);

/* What the weights are called that requests submitted now are computed with; "0" at start. Any thread, from
 * ENGINE_READY on. A share: version_label_free(). Never NULL, but with the vocabulary alone. */
struct version_label *engine_version(struct engine *e);

/* ---- new weights ---- */

/* For how long PUSH_FINISH waits for requests on older weights to end. */
enum push_wait {
    PUSH_WAITS_NOT,
    PUSH_WAITS,         /* but not in a pause, in which they do not end */
    PUSH_WAITS_IN_PAUSE /* until somebody takes that back */
};

enum push_policy {
    PUSH_FINISH, /* requests at work end on the weights that they began with */
    PUSH_SWITCH, /* they go on with the new ones, with which what they had is computed again */
    PUSH_ABORT   /* they end with what they have: FINISH_ABORT */
};

struct push_result {
    struct error error; /* ERROR_NONE: it serves */
    /* what serves now; the engine's: share it to keep it; NULL: an error */
    struct version_label *label;
    double seconds; /* from the push on */
};

/* What a safetensors file brings. */
enum push_part {
    PUSH_WHOLE, /* every tensor */
    PUSH_SOME,  /* some, the others stay */
    PUSH_DELTA  /* changes (engine/model/delta.h) */
};

/* How a trainer lays down the versions of a chain, each a folder (engine/model/delta_set.h). */
enum chain_kind {
    CHAIN_SLIME, /* weight_v000003: changes, or a whole checkpoint */
    CHAIN_SKYRL  /* delta-00000003: changes */
};

enum { ENGINE_MAX_CHAIN_VERSION = 999999999 };

/* Bring a checkpoint in a folder of ours up to a version of a trainer's chain
 * (engine/checkpoint.h). What serves stays as it is: the folder is pushed, by its path, when the
 * trainer asks for that. Roots as in struct engine_push. */
struct engine_pull {
    enum chain_kind kind;
    int folder;         /* ours, a descriptor that stays open until done() */
    int64_t version;    /* to be reached; 0: the base, whatever is there */
    const char *source; /* versions lie in it */
    int source_root;
    const char *last; /* the folder of `version` itself; NULL: in source */
    int last_root;
    const char *base; /* version 0, a folder; NULL: that of the start */
    int base_root;
};

struct engine_push {
    /* a GGUF file or a Hugging Face folder, as at start; NULL, and no fd: what serves gets a
     * new name, version, and that is all */
    const char *path;
    int fd; /* an open safetensors file, which stays the caller's until done(); -1: none */
    enum push_part part;      /* of what fd brings */
    const char *sha256;       /* of fd's bytes, in hexadecimal; NULL: it is not checked */
    const char *base_version; /* what must serve, else ERROR_BASE_VERSION; NULL: whatever does */
    const char *staging_dir;  /* for the file that a part and its base become */
    int root; /* beneath this folder, a descriptor that stays open until done(); -1: anywhere */
    const char *version; /* its name; NULL: its number */
    enum push_policy policy;
    /* that path must be at (checkpoint.h), else ERROR_BASE_VERSION; NULL: any */
    const char *checkpoint_version;
    const struct engine_pull *pull; /* no weights and no name, but this; NULL: not */
    enum push_wait wait; /* while too many versions are in memory; else ERROR_VERSIONS_BUSY */
    bool check_finite; /* a NaN or an infinity is an error that names the tensor */
    /* Called once, from a thread of the engine, when requests that are submitted from then on are computed
     * with the new weights, or when all is as it was. */
    void (*done)(void *arg, const struct push_result *result);
    void *arg;

    uint64_t number;      /* the engine's */
    struct arena *memory; /* likewise */
};

/* Change the weights for those at p->path: of the same architecture, sizes and tensors, quantised
 * as at start, else to the type that each tensor has now. They are staged beside what serves, and
 * serve between two steps; what is wrong with them is an error that names the tensor, and changes
 * nothing. Copies p. False, and done() is not called: ERROR_PUSH_IN_PROGRESS, ERROR_INVALID_VALUE
 * naming "version", ERROR_NO_MEMORY. Any thread, from ENGINE_READY on. */
bool engine_push(struct engine *e, const struct engine_push *p, struct error *err);

/* No push begins any more, and one that is staged is given up. Any thread. */
void engine_end_pushes(struct engine *e);

struct push_stats {
    uint64_t pushed, refused; /* so far */
    bool staging;             /* now */
    int resident;             /* versions in memory */
};
/* Any thread, from ENGINE_READY on. */
void engine_push_stats(struct engine *e, struct push_stats *out);

/* ---- adapters ---- */

/* Read the PEFT folder at path (beneath the folder `root`, a descriptor, or with -1 anywhere) for
 * this model, for requests' `adapter`. The caller is one holder of it. NULL and what adapter_open()
 * says, whatever is wrong with it by name. Takes as long as reading takes. Any thread, from
 * ENGINE_READY on. */
struct adapter *engine_adapter_open(struct engine *e, int root, const char *path,
                                    struct error *err);

/* A safetensors file of PEFT's tensors whose __metadata__ has the text of its config as "adapter_config". */
struct engine_adapter_stream {
    int fd;                   /* open, stays the caller's; nobody writes to it */
    const char *sha256;       /* of its bytes, in hexadecimal; NULL: it is not checked */
    const char *base_version; /* what must serve, else ERROR_BASE_VERSION; NULL: whatever does */
};
/* As engine_adapter_open(). Errors name "Content-Digest", "X-Base-Version" or "adapter_config",
 * others the tensor. */
struct adapter *engine_adapter_receive(struct engine *e, const struct engine_adapter_stream *s,
                                       struct error *err);

/* One holder more, or one less: the last one's frees it. Any thread; both accept NULL. */
struct adapter *engine_adapter_hold(struct adapter *a);
/* See engine_adapter_hold(). */
void engine_adapter_release(struct adapter *a);

/* Whether a computes with the weights that serve now: DoRA's only with those that it was read for.
 * Any thread. */
bool engine_adapter_fits(struct engine *e, const struct adapter *a);

/* What an adapter is; constant. */
struct engine_adapter_info {
    const char *sha256; /* of its content; borrowed */
    int rank;           /* the largest */
    int tensors;
    int64_t bytes; /* in memory */
};
/* Any thread. */
struct engine_adapter_info engine_adapter_info(const struct adapter *a);

enum { ENGINE_MAX_LORA_RANK = 512 };

/* ---- text, tokens, templates: any thread, from ENGINE_READY on ---- */

/* Append the ids of text. add_special: BOS and what else the model prepends or appends;
 * parse_special: names of special tokens in the text become those tokens. */
bool engine_tokenize(const struct engine *e, struct span text, bool add_special, bool parse_special,
                     struct tokens *out, struct error *err);

/* The same for a prompt, which must fit the context: past it ERROR_TOO_LONG without a param, found from
 * the text's length alone where that tells, and after as many tokens at the latest. */
bool engine_tokenize_prompt(const struct engine *e, struct span text, bool add_special,
                            struct tokens *out, struct error *err);

/* Does the model end a text with that id? */
bool engine_is_end(const struct engine *e, int id);

/* Append the text of ids. Ids out of range are ERROR_INVALID_VALUE naming "tokens[i]". */
bool engine_detokenize(const struct engine *e, const int *ids, size_t n, bool skip_special,
                       struct buffer *out, struct error *err);

/* The bytes of one token as it stands in a text (special tokens by name); borrowed from the engine. */
struct span engine_token_bytes(const struct engine *e, int id);

/* The prompt that the model's chat template (or `template`, when not NULL) makes of a conversation.
 *   messages  array of {role, content, ...}; tools array or NULL; kwargs object or NULL: further variables
 * Appends to out. ERROR_TEMPLATE when the template refuses. */
bool engine_render_chat(const struct engine *e, const char *template, const cJSON *messages,
                        const cJSON *tools, const cJSON *kwargs, bool add_generation_prompt,
                        struct buffer *out, struct error *err);

/* Does that template compare a message's content with none? */
bool engine_template_asks_for_none(const struct engine *e, const char *template);

/* Does the model's template, or `template`, hold this word anywhere? */
bool engine_template_mentions(const struct engine *e, const char *template, const char *word);

/* Render a template that no engine holds, as engine_render_chat() would.
 *   bos, eos   texts of the special tokens, or NULL: not defined
 *   now_unix   what strftime_now formats
 * Appends to out. Any thread. */
bool engine_render_template(struct span source, const cJSON *messages, const cJSON *tools,
                            const cJSON *kwargs, bool add_generation_prompt, const char *bos,
                            const char *eos, int64_t now_unix, struct buffer *out,
                            struct error *err);

/* What a model file or folder holds (architecture, sizes, tensor types, tokenizer, template), as
 * lines for people or as one JSON object. Reads no tensor data. Needs no engine. */
bool engine_describe(const char *path, bool as_json, struct buffer *out, struct error *err);

/* ---- forms of outputs ---- */

/* The form that source describes, for engine_sampling.form; equal ones are compiled once. The
 * caller is one owner of it: form_free() when the request has been submitted or given up. NULL and
 * the fault as form_new() says, or ERROR_NOT_AVAILABLE. Any thread, from ENGINE_READY on. */
struct form *engine_form(struct engine *e, const struct form_source *source, struct error *err);

/* ---- generation ---- */

/* Loop thread. Copies what it needs. ERROR_QUEUE_FULL, ERROR_LOADING, ERROR_TOO_LONG (prompt does
 * not fit the context), ERROR_INVALID_VALUE (ids out of range). */
bool engine_submit(struct engine *e, const struct engine_request *r, struct error *err);

/* Would engine_submit() take it, but for room and memory? Its other errors, if not. Any thread. */
bool engine_check(struct engine *e, const struct engine_request *r, struct error *err);

/* Loop thread. No event of this id follows once its EVENT_DONE (reason FINISH_ABORT) has come;
 * unknown ids are ignored. Takes effect within a step. */
void engine_cancel(struct engine *e, uint64_t id);

/* Loop thread. All events since the last call, oldest first; free each with engine_event_free(). */
struct engine_event *engine_take_events(struct engine *e);

/* Any thread: a consistent copy as of the last step. */
void engine_stats(struct engine *e, struct engine_stats *out);

/* What this machine can do with `threads` threads, measured now (about a second) by the
 * instructions that a kernel set is made of: multiply-adds on int8 and on float32 held in registers,
 * and reading memory far larger than the caches. Benchmarks state speeds as shares of these. Needs
 * no engine. */
struct engine_limits {
    const char *int8_loop, *float_loop; /* what was measured: "vpdpbusd of 512 bits" */
    double int8_macs, float_macs;       /* a second, all threads together */
    double read_bytes;                  /* a second */
};
/* Measure; isa names a set usable here, as engine_info() does. False and *err when there is no
 * memory or no thread for it. */
bool engine_measure_limits(int threads, const char *isa, struct engine_limits *out,
                           struct error *err);

/* Any thread: while paused no step runs. Requests may be submitted and wait; cancellations take effect. */
void engine_pause(struct engine *e, bool paused);

/* Any thread: forget every cached prefix that no live sequence uses. */
void engine_reset_prefix_cache(struct engine *e);

#endif
