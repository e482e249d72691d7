/* server/routes/sglang_control.c - what trainers call around a training step, by SGLang's names
 * (srt/managers/io_struct.py), which AReaL also uses.
 *
 * retract and in_place are the same here: weights do not change while a sequence stands still, so
 * what was computed for it stays true.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/clock.h"
#include "base/emit.h"
#include "base/version.h"
#include "server/http/exchange.h"
#include "server/http/replies.h"
#include "server/http/state.h"
#include "server/routes/control.h"

static const struct control_mode modes[] = {
    {"abort", PAUSE_ABORT}, {"retract", PAUSE_KEEP}, {"in_place", PAUSE_KEEP}, {NULL, 0}};

struct sglang_control {
    struct span mode;
    struct text_list rid;
    bool abort_all;
};

#define AT(field) .offset = offsetof(struct sglang_control, field)
static const struct field pause_rows[] = {
    {"mode", FIELD_TEXT, AT(mode),
     .doc = "what becomes of outputs under way: abort, in_place or retract"},
    {0},
};
const struct field *const sglang_pause_fields[] = {pause_rows, NULL};
static const struct field abort_rows[] = {
    {"rid", FIELD_TEXT_OR_TEXTS, AT(rid), .max = CONTROL_MOST_NAMES,
     .doc = "the name of one, or of some"},
    {"abort_all", FIELD_BOOL, AT(abort_all), .doc = "all of them"},
    {"abort_message", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"finished_reason", .kind = FIELD_IGNORED, .doc = "without effect"},
    {0},
};
const struct field *const sglang_abort_fields[] = {abort_rows, NULL};
static const struct field continue_rows[] = {
    {"torch_empty_cache", .kind = FIELD_IGNORED, .doc = "without effect"},
    {0},
};
const struct field *const sglang_continue_fields[] = {continue_rows, NULL};

static void on_generation_paused(struct exchange *x)
{
    reply_success(x, "generation is paused");
}

void sglang_pause_handle(struct exchange *x)
{
    struct sglang_control own = {0};
    struct error err = {0};
    enum pause_mode mode = PAUSE_ABORT;
    cJSON *body;
    if (exchange_read_if_any(x, FIELD_TABLE(pause_rows, &own), &body, &err)) {
        control_find_mode(modes, own.mode, &mode, &err);
    }
    cJSON_Delete(body);
    if (err.code != ERROR_NONE) {
        exchange_fail(x, &err);
        return;
    }
    control_pause(x, mode, on_generation_paused);
}

void sglang_continue_handle(struct exchange *x)
{
    struct error err = {0};
    cJSON *body;
    bool ok = exchange_read_if_any(x, FIELD_TABLE(continue_rows, x), &body, &err);
    cJSON_Delete(body);
    if (!ok) {
        exchange_fail(x, &err);
        return;
    }
    generations_resume(x->server->generations);
    reply_success(x, "generation goes on");
}

void sglang_abort_handle(struct exchange *x)
{
    struct sglang_control own = {0};
    struct error err = {0};
    cJSON *body;
    bool ok = exchange_read_if_any(x, FIELD_TABLE(abort_rows, &own), &body, &err);
    if (ok && !own.abort_all && own.rid.texts == NULL) {
        ok = error_set(&err, ERROR_MISSING_FIELD, "rid", "either rid or abort_all is needed");
    }
    if (ok) {
        control_abort(x->server, own.abort_all ? (struct text_list){0} : own.rid);
        reply_success(x, "aborted");
    } else {
        exchange_fail(x, &err);
    }
    cJSON_Delete(body);
}

/* ---- what is here ---- */

void sglang_model_info_handle(struct exchange *x)
{
    struct version_label *version = engine_version(x->server->engine);
    const struct engine_info *info = engine_info(x->server->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "model_path", info->path);
    emit_str(&out, "tokenizer_path", info->path);
    emit_bool(&out, "is_generation", true);
    emit_str(&out, "model_type", info->architecture);
    emit_str(&out, "weight_version", version->name);
    version_label_free(version);
    emit_int(&out, "max_model_len", info->context);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* What SGLang says of itself: trainers look at these to see what they have before them. */
void sglang_emit_server(const struct server *s, struct buffer *out)
{
    const struct engine_info *info = engine_info(s->engine);
    struct version_label *version = engine_version(s->engine);
    struct engine_stats stats;
    engine_stats(s->engine, &stats);
    emit_str(out, "model_path", info->path);
    emit_str(out, "tokenizer_path", info->path);
    emit_str(out, "served_model_name", info->name);
    emit_str(out, "host", s->o.host);
    emit_int(out, "port", s->port);
    emit_int(out, "tp_size", 1);
    emit_int(out, "dp_size", 1);
    emit_int(out, "pp_size", 1);
    emit_int(out, "num_gpus", 0);
    emit_str(out, "disaggregation_mode", "null"); /* the word, not the value */
    emit_bool(out, "encoder_only", false);
    emit_bool(out, "enable_memory_saver", false);
    emit_bool(out, "enable_return_routed_experts", info->n_used > 0);
    emit_str(out, "dtype", info->quantisation);
    emit_int(out, "context_length", info->context);
    emit_int(out, "max_total_num_tokens", (int64_t)info->kv_blocks * info->kv_block_tokens);
    emit_str(out, "weight_version", version->name);
    emit_str(out, "version", TOUCHSTONE_VERSION);
    emit_array(out, "internal_states");
    emit_object(out, NULL);
    emit_int(out, "running", stats.running);
    emit_int(out, "waiting", stats.waiting);
    emit_bool(out, "paused", generations_are_paused(s->generations));
    emit_close(out, '}');
    emit_close(out, ']');
    version_label_free(version);
}

void sglang_server_info_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    sglang_emit_server(x->server, &out);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* Requests and tokens of the one process, as an entry of /v1/loads has them. */
static void emit_load(const struct server *s, const struct engine_stats *stats, struct buffer *out)
{
    const struct engine_info *info = engine_info(s->engine);
    int64_t used = (int64_t)stats->kv_blocks_used * info->kv_block_tokens;
    int64_t room = (int64_t)info->kv_blocks * info->kv_block_tokens;
    emit_object(out, NULL);
    emit_int(out, "dp_rank", 0);
    emit_int(out, "num_running_reqs", stats->running);
    emit_int(out, "num_waiting_reqs", stats->waiting);
    emit_int(out, "num_total_reqs", stats->running + stats->waiting);
    emit_int(out, "num_used_tokens", used);
    emit_int(out, "max_total_num_tokens", room);
    emit_double(out, "token_usage", room > 0 ? (double)used / (double)room : 0);
    emit_int(out, "max_running_requests", info->max_sequences);
    emit_close(out, '}');
}

/* SGLang's newer route; of its parts ("include") the core. */
void sglang_loads_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct engine_stats stats;
    struct buffer out;
    engine_stats(x->server->engine, &stats);
    int64_t used = (int64_t)stats.kv_blocks_used * info->kv_block_tokens;
    int64_t room = (int64_t)info->kv_blocks * info->kv_block_tokens;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_int(&out, "timestamp", clock_unix_s());
    emit_str(&out, "version", TOUCHSTONE_VERSION);
    emit_int(&out, "dp_rank_count", 1);
    emit_array(&out, "loads");
    emit_load(x->server, &stats, &out);
    emit_close(&out, ']');
    emit_object(&out, "aggregate");
    emit_int(&out, "total_running_reqs", stats.running);
    emit_int(&out, "total_waiting_reqs", stats.waiting);
    emit_int(&out, "total_reqs", stats.running + stats.waiting);
    emit_int(&out, "total_used_tokens", used);
    emit_double(&out, "avg_token_usage", room > 0 ? (double)used / (double)room : 0);
    emit_close(&out, '}');
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* One process, so one entry. num_tokens: room that live sequences have taken in the KV cache. */
void sglang_load_handle(struct exchange *x)
{
    struct engine_stats stats;
    struct buffer out;
    engine_stats(x->server->engine, &stats);
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_array(&out, NULL);
    emit_object(&out, NULL);
    emit_int(&out, "dp_rank", 0);
    emit_int(&out, "num_reqs", stats.running + stats.waiting);
    emit_int(&out, "num_waiting_reqs", stats.waiting);
    emit_int(&out, "num_tokens",
             (int64_t)stats.kv_blocks_used * engine_info(x->server->engine)->kv_block_tokens);
    emit_close(&out, '}');
    emit_close(&out, ']');
    exchange_reply_json(x, &out);
}
