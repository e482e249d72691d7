/* server/routes/vllm_control.c - what trainers call around a training step, by vLLM's names
 * (vllm/entrypoints/serve): pausing, sleeping, aborting, the prefix cache, what this server is.
 * TRL's older names are the same with a slash behind.
 *
 * Sleeping is pausing with an empty cache: weights stay where they are, for there is no other
 * memory to take them to. All answer with a JSON body: TRL's client parses every reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <string.h>

#include "base/emit.h"
#include "server/http/exchange.h"
#include "server/http/replies.h"
#include "server/http/state.h"
#include "server/routes/control.h"

static const struct control_mode modes[] = {
    {"abort", PAUSE_ABORT}, {"wait", PAUSE_WAIT}, {"keep", PAUSE_KEEP}, {NULL, 0}};

static void on_paused(struct exchange *x)
{
    reply_str(x, "status", "paused");
}

static void on_paused_to_forget(struct exchange *x)
{
    engine_reset_prefix_cache(x->server->engine);
    on_paused(x);
}

/* As asked: 0 to 2, of which all are the same here; -1: it is something else. */
static int sleep_level(const struct exchange *x)
{
    const char *word = exchange_argument(x, "level");
    if (word == NULL) return 1;
    return word[0] >= '0' && word[0] <= '2' && word[1] == '\0' ? word[0] - '0' : -1;
}

static void on_asleep(struct exchange *x)
{
    struct buffer out;
    engine_reset_prefix_cache(x->server->engine);
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "status", "sleeping");
    emit_int(&out, "level", sleep_level(x));
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

static bool read_mode(const struct exchange *x, enum pause_mode *mode, struct error *err)
{
    const char *word = exchange_argument(x, "mode");
    bool waits = false; /* vLLM's older way */
    if (!exchange_flag(x, "wait_for_inflight_requests", &waits, err)) return false;
    return control_find_mode(modes, span_str(waits ? "wait" : word), mode, err);
}

void vllm_pause_handle(struct exchange *x)
{
    struct error err = {0};
    enum pause_mode mode;
    bool forgets = true;
    if (read_mode(x, &mode, &err) && exchange_flag(x, "clear_cache", &forgets, &err)) {
        control_pause(x, mode, forgets ? on_paused_to_forget : on_paused);
    } else {
        exchange_fail(x, &err);
    }
}

void vllm_sleep_handle(struct exchange *x)
{
    struct error err = {0};
    enum pause_mode mode;
    if (sleep_level(x) < 0) error_set(&err, ERROR_INVALID_VALUE, "level", "level is 0, 1 or 2");
    if (err.code == ERROR_NONE && read_mode(x, &mode, &err)) {
        control_pause(x, mode, on_asleep);
    } else {
        exchange_fail(x, &err);
    }
}

void vllm_resume_handle(struct exchange *x)
{
    generations_resume(x->server->generations);
    reply_str(x, "status", "resumed");
}

void vllm_wake_handle(struct exchange *x)
{
    generations_resume(x->server->generations);
    reply_str(x, "status", "awake");
}

void vllm_is_paused_handle(struct exchange *x)
{
    reply_bool(x, "is_paused", generations_are_paused(x->server->generations));
}

void vllm_is_sleeping_handle(struct exchange *x)
{
    reply_bool(x, "is_sleeping", generations_are_paused(x->server->generations));
}

static const struct field abort_rows[] = {{"request_ids", FIELD_TEXTS, .max = CONTROL_MOST_NAMES,
                                           .doc = "their names; none: all of them"},
                                          {0}};
const struct field *const vllm_abort_fields[] = {abort_rows, NULL};

void vllm_abort_handle(struct exchange *x)
{
    struct text_list names = {0};
    struct error err = {0};
    cJSON *body;
    if (!exchange_read_if_any(x, FIELD_TABLE(abort_rows, &names), &body, &err)) {
        exchange_fail(x, &err);
    } else {
        struct buffer out;
        buffer_init(&out, EXCHANGE_REPLY_BYTES);
        emit_object(&out, NULL);
        emit_str(&out, "status", "aborted");
        emit_int(&out, "aborted", control_abort(x->server, names));
        emit_close(&out, '}');
        exchange_reply_json(x, &out);
    }
    cJSON_Delete(body);
}

/* ---- what is here ---- */

void vllm_reset_cache_handle(struct exchange *x)
{
    engine_reset_prefix_cache(x->server->engine);
    reply_bool(x, "success", true);
}

/* One process holds the whole model. */
void vllm_world_size_handle(struct exchange *x)
{
    reply_int(x, "world_size", 1);
}

/* Where files lie and whom the server asks concerns those who run it. */
static bool may_see_settings(const struct exchange *x)
{
    return x->key == NULL || (x->key->scopes & SCOPE_ADMIN) != 0;
}

/* What computes here, and in how much memory. */
static void emit_engine(const struct engine_info *info, struct buffer *out)
{
    emit_object(out, "engine");
    emit_str(out, "architecture", info->architecture);
    emit_str(out, "kernels", info->isa);
    emit_int(out, "threads", info->threads);
    emit_int(out, "parameters", info->parameters);
    emit_int(out, "weight_bytes", info->tensor_bytes);
    emit_int(out, "kv_cache_bytes",
             (int64_t)info->kv_blocks * info->kv_block_tokens * info->kv_bytes_per_token);
    emit_int(out, "max_sequences", info->max_sequences);
    emit_double(out, "load_seconds", info->load_seconds);
    emit_close(out, '}');
}

/* Of vLLM's configuration what TRL reads, and our own settings. */
void vllm_server_info_handle(struct exchange *x)
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
    emit_str(&out, "logprobs_mode", "raw_logprobs"); /* unless a request asks for processed ones */
    emit_close(&out, '}');
    emit_object(&out, "lora_config");
    emit_int(&out, "max_lora_rank", ENGINE_MAX_LORA_RANK);
    emit_int(&out, "max_loras", x->server->o.max_adapters);
    emit_int(&out, "max_cpu_loras", x->server->o.max_adapters);
    emit_close(&out, '}');
    emit_null(&out, "weight_transfer_config"); /* none: TRL then says that weights cannot be sent */
    emit_object(&out, "parallel_config");
    emit_int(&out, "data_parallel_size", 1);
    emit_int(&out, "tensor_parallel_size", 1);
    emit_close(&out, '}');
    emit_close(&out, '}');
    sglang_emit_server(x->server, &out);
    emit_engine(info, &out);
    if (may_see_settings(x)) emit_json(&out, "settings", x->server->parts.settings);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}
