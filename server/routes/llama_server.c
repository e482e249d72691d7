/* server/routes/llama_server.c - llama-server's other names: POST /apply-template, GET /props, /slots.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/json.h"
#include "base/version.h"
#include "server/generate/conversation.h"
#include "server/generate/generation.h"
#include "server/generate/prefill.h"
#include "server/generate/sampling_params.h"
#include "base/emit.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/routes/llama.h"

/* ---- /apply-template ---- */

const struct field *const llama_template_fields[] = {conversation_rows, NULL};

static void work_template(struct exchange *x)
{
    struct conversation conversation = {.add_generation_prompt = true};
    struct buffer text;
    cJSON *body;
    buffer_init(&text, (size_t)x->server->o.max_body_bytes * 2);
    if (exchange_read(x, conversation_table(&conversation), &body, &x->error) &&
        prefill_apply(&conversation, &x->server->o, body, &x->error) &&
        conversation_render(&conversation, x->server->engine, x->arena, &text, &x->error)) {
        emit_object(&x->reply, NULL);
        emit_text(&x->reply, "prompt", buffer_span(&text));
        emit_close(&x->reply, '}');
    }
    buffer_clear(&text);
    cJSON_Delete(body);
}

void llama_template_handle(struct exchange *x)
{
    exchange_offload(x, WORK_HEAVY, work_template, exchange_finish);
}

/* ---- /props ---- */

static void emit_default_settings(const struct engine_info *info, struct buffer *out)
{
    struct sampling_params p;
    sampling_params_init(&p);
    llama_sampling_init(&p.engine);
    sampling_params_defaults(&p, info);
    emit_object(out, "default_generation_settings");
    emit_int(out, "n_ctx", info->context);
    emit_object(out, "params");
    llama_emit_sampling(info, &p, out);
    emit_close(out, '}');
    emit_close(out, '}');
}

static void emit_special(const struct engine *e, const char *key, int id, struct buffer *out)
{
    emit_text(out, key, id < 0 ? span_of("", 0) : engine_token_bytes(e, id));
}

void llama_props_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_default_settings(info, &out);
    sampling_params_emit_defaults(info, &out);
    emit_int(&out, "total_slots", info->max_sequences);
    emit_str(&out, "model_alias", info->name);
    emit_str(&out, "model_path", info->path);
    emit_object(&out, "modalities");
    emit_bool(&out, "vision", false);
    emit_bool(&out, "audio", false);
    emit_close(&out, '}');
    emit_str(&out, "build_info", "touchstone " TOUCHSTONE_VERSION);
    if (info->chat_template.p != NULL) emit_text(&out, "chat_template", info->chat_template);
    emit_special(x->server->engine, "bos_token", info->bos_token, &out);
    emit_special(x->server->engine, "eos_token", info->eos_token, &out);
    emit_bool(&out, "is_sleeping", generations_are_paused(x->server->generations));
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* ---- /slots ---- */

/* A place in the batch each. Sequences have no fixed places here, so the first ones are shown as
 * busy. */
void llama_slots_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct engine_stats stats;
    struct buffer out;
    engine_stats(x->server->engine, &stats);
    bool strict = false;
    struct error err = {0};
    bool fine = exchange_flag(x, "fail_on_no_slot", &strict, &err);
    if (fine && strict && stats.running >= info->max_sequences) {
        fine =
            error_set(&err, ERROR_QUEUE_FULL, NULL, "all %d slots are busy", info->max_sequences);
    }
    if (!fine) {
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
