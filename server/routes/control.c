/* server/routes/control.c - small routes that trainers call between steps: what this server is,
 * and what it cannot do. vLLM's, TRL's, SGLang's, llama-server's.
 *
 * All answer with a JSON body: TRL's client parses every reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/emit.h"
#include "server/http/exchange.h"
#include "server/routes/replies.h"
#include "server/state.h"
#include "base/version.h"

void reset_prefix_cache_handle(struct exchange *x)
{
    engine_reset_prefix_cache(x->server->engine);
    reply_bool(x, "success", true);
}

/* One process holds the whole model. */
void world_size_handle(struct exchange *x)
{
    reply_int(x, "world_size", 1);
}

void sglang_model_info_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "model_path", info->name);
    emit_str(&out, "tokenizer_path", info->name);
    emit_bool(&out, "is_generation", true);
    emit_str(&out, "model_type", info->architecture);
    emit_int(&out, "max_model_len", info->context);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* vLLM's (vllm/entrypoints/serve/dev/server_info), of its configuration what TRL reads. */
void server_info_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_object(&out, "vllm_config");
    emit_object(&out, "model_config");
    emit_str(&out, "model", info->name);
    emit_str(&out, "dtype", info->quantisation);
    emit_int(&out, "max_model_len", info->context);
    emit_close(&out, '}');
    emit_null(&out, "weight_transfer_config"); /* none: TRL then says that weights cannot be sent */
    emit_close(&out, '}');
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

void sglang_server_info_handle(struct exchange *x)
{
    const struct server *s = x->server;
    const struct engine_info *info = engine_info(s->engine);
    struct engine_stats stats;
    struct buffer out;
    engine_stats(s->engine, &stats);
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "model_path", info->name);
    emit_str(&out, "tokenizer_path", info->name);
    emit_str(&out, "served_model_name", info->name);
    emit_str(&out, "host", s->o.host);
    emit_int(&out, "port", s->port);
    emit_int(&out, "tp_size", 1);
    emit_int(&out, "dp_size", 1);
    emit_int(&out, "context_length", info->context);
    emit_int(&out, "max_total_num_tokens", (int64_t)info->kv_blocks * info->kv_block_tokens);
    emit_str(&out, "version", TOUCHSTONE_VERSION);
    emit_array(&out, "internal_states");
    emit_object(&out, NULL);
    emit_int(&out, "running", stats.running);
    emit_int(&out, "waiting", stats.waiting);
    emit_bool(&out, "paused", s->pause.on);
    emit_close(&out, '}');
    emit_close(&out, ']');
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* The version that every answer of /generate has in its meta_info. */
void sglang_weight_version_handle(struct exchange *x)
{
    reply_str(x, "weight_version", engine_weights(x->server->engine).name);
}

/* llama-server's: a place in the batch each. Sequences have no fixed places here, so the first ones are shown as busy. */
void llama_slots_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct engine_stats stats;
    struct buffer out;
    engine_stats(x->server->engine, &stats);
    const char *strict = exchange_argument(x, "fail_on_no_slot");
    if (strict != NULL && stats.running >= info->max_sequences) {
        struct error err = {0};
        error_set(&err, ERROR_QUEUE_FULL, NULL, "all %d slots are busy", info->max_sequences);
        exchange_fail(x, &err);
        return;
    }
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_array(&out, NULL);
    for (int i = 0; i < info->max_sequences; i++) {
        emit_object(&out, NULL);
        emit_int(&out, "id", i);
        emit_int(&out, "n_ctx", info->context);
        emit_bool(&out, "speculative", false);
        emit_bool(&out, "is_processing", i < stats.running);
        emit_close(&out, '}');
    }
    emit_close(&out, ']');
    exchange_reply_json(x, &out);
}

/* Weights come to those routes through NCCL, as pickled handles of GPU memory, or as a path to a new checkpoint. */
void no_weights_handle(struct exchange *x)
{
    struct error err = {0};
    error_set(
        &err, ERROR_NOT_AVAILABLE, NULL,
        "this server cannot change its weights while it runs: start it anew with the new model "
        "(--model PATH); generation, scoring and /verify are not affected");
    exchange_fail(x, &err);
}
