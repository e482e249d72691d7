/* server/weights/weights.h - new weights for a server at work, by every name that trainers call it.
 *
 *   paths.c    what a body may name: files beneath --path-root
 *   push.c     a push: the engine stages it, the reply waits
 *   load.c     folders and files named by path: POST /v1/weights, SGLang's, prime-rl's and AReaL's routes
 *   lora.c     adapters, loaded and unloaded
 *   stream.c   PUT /v1/weights: a safetensors stream
 *   told.c     what serves: /weight_info, /weight_checker, /get_weight_version and their like
 *   refused.c  what comes through NCCL, GPU memory or pickles, and what works instead
 *
 * Loop thread, but for what push.h says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_WEIGHTS_WEIGHTS_H
#define SERVER_WEIGHTS_WEIGHTS_H

struct exchange;
struct field;

/* POST /v1/weights */
void weights_load_handle(struct exchange *x);
/* PUT /v1/weights */
void weights_stream_handle(struct exchange *x);
/* POST /update_weights_from_disk */
void weights_sglang_handle(struct exchange *x);
/* POST /update_weights: prime-rl's {weight_dir} */
void weights_prime_handle(struct exchange *x);
/* POST /areal_update_weights */
void weights_areal_handle(struct exchange *x);

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
extern const struct field *const weights_load_fields[], *const weights_sglang_fields[],
    *const weights_prime_fields[], *const weights_areal_fields[], *const weights_rename_fields[],
    *const weights_checker_fields[], *const lora_load_fields[], *const lora_unload_fields[];

#endif
