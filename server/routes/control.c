/* server/routes/control.c - small routes that trainers call between steps: vLLM's, TRL's, SGLang's.
 *
 * All answer with a JSON body: TRL's client parses every reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "server/emit.h"
#include "server/exchange.h"
#include "server/state.h"

void reset_prefix_cache_handle(struct exchange *x)
{
    struct buffer out;
    engine_reset_prefix_cache(x->server->engine);
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_bool(&out, "success", true);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* One process holds the whole model. */
void world_size_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_int(&out, "world_size", 1);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
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
