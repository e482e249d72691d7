/* server/weights/weights.h - new weights for a server at work, by every name that trainers call it.
 *
 *   paths.c    what a body may name: files beneath --path-root
 *   push.c     a push: the engine stages it, the reply waits
 *   load.c     folders and files named by path: POST /v1/weights, SGLang's, prime-rl's and AReaL's routes
 *   lora.c     adapters, loaded and unloaded
 *   chain.c    slime's chain of changes: a checkpoint of ours is brought up to a version, and pushed by its path
 *   skyrl.c    SkyRL's, by vLLM's routes of a weight transfer
 *   stream.c   PUT /v1/weights: a safetensors stream (stream.h: what all of them have)
 *   lora_stream.c  one of an adapter
 *   told.c     what serves: /weight_info, /weight_checker, /get_weight_version and their like
 *   refused.c  what comes through NCCL, GPU memory or pickles, and what works instead
 *
 * Loop thread, but for what push.h says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_WEIGHTS_WEIGHTS_H
#define SERVER_WEIGHTS_WEIGHTS_H

#include <limits.h>
#include <stdbool.h>

#include "base/fields.h"

struct exchange;

/* SkyRL's chain, from /init_weight_transfer_engine on; the server's. */
struct weights_chain {
    bool begun;
    char folder[PATH_MAX], base[PATH_MAX]; /* as the client gave them; base "": that of the start */
};

/* POST /v1/weights */
void weights_load_handle(struct exchange *x);
/* PUT /v1/weights */
void weights_stream_handle(struct exchange *x);
/* DELETE /v1/weights: an unfinished upload */
void weights_forget_handle(struct exchange *x);
/* POST /update_weights_from_disk */
void weights_sglang_handle(struct exchange *x);
/* POST /update_weights: prime-rl's {weight_dir} */
void weights_prime_handle(struct exchange *x);
/* POST /areal_update_weights */
void weights_areal_handle(struct exchange *x);

/* POST /pull_weights: slime's */
void chain_pull_handle(struct exchange *x);
/* POST /init_weight_transfer_engine, /shutdown_weight_transfer_engine: a chain of SkyRL's, or refused */
void skyrl_init_handle(struct exchange *x);
/* See skyrl_init_handle(). */
void skyrl_shutdown_handle(struct exchange *x);
/* POST /fetch_weights */
void skyrl_fetch_handle(struct exchange *x);
/* POST /update_weights with update_info. The body is taken. */
void skyrl_update(struct exchange *x, cJSON *body);
/* POST /start_weight_update, /finish_weight_update: around it */
void skyrl_start_handle(struct exchange *x);
/* See skyrl_start_handle(). */
void skyrl_finish_handle(struct exchange *x);
/* POST /collective_rpc: the two of those that SkyRL calls so */
void skyrl_rpc_handle(struct exchange *x);

/* GET /v1/weights */
void weights_list_handle(struct exchange *x);
/* GET /weight_info, /get_weight_version, /weight_version */
void weights_version_handle(struct exchange *x);
/* POST /update_weight_version */
void weights_rename_handle(struct exchange *x);
/* POST /weight_checker, /weights_checker */
void weights_checker_handle(struct exchange *x);
/* POST /begin_weight_update, /end_weight_update: nothing to do, a push is whole by itself */
void weights_bracket_handle(struct exchange *x);

/* POST /v1/load_lora_adapter */
void lora_load_handle(struct exchange *x);
/* POST /load_lora_adapter, /skyrl/v1/load_lora_adapter: a known name is replaced */
void lora_replace_handle(struct exchange *x);
/* POST /v1/unload_lora_adapter, /unload_lora_adapter */
void lora_unload_handle(struct exchange *x);

/* What cannot be here: 501. */
void weights_refuse_handle(struct exchange *x);

/* The tables of fields that read their bodies. */
extern const struct field *const weights_load_fields[];
extern const struct field *const weights_sglang_fields[];
extern const struct field *const weights_prime_fields[];
extern const struct field *const weights_areal_fields[];
extern const struct field *const weights_rename_fields[];
extern const struct field *const weights_checker_fields[];
extern const struct field *const lora_load_fields[];
extern const struct field *const lora_unload_fields[];
extern const struct field *const chain_pull_fields[];
extern const struct field *const skyrl_init_fields[];
extern const struct field *const skyrl_fetch_fields[];
extern const struct field *const skyrl_finish_fields[];
extern const struct field *const skyrl_rpc_fields[];
/* One of the tables of POST /update_weights. */
extern const struct field skyrl_update_rows[];

#endif
