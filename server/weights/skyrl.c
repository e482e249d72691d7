/* server/weights/skyrl.c - SkyRL's chain of changes on disk, by vLLM's routes of a weight transfer.
 *
 *   /init_weight_transfer_engine   names the base and a folder of the server's: the chain begins
 *   /fetch_weights                 brings that folder up to a version, while requests go on
 *   /pause, /update_weights, /resume   pushes it: what it is at must be what the trainer believes
 *
 * Between the last two it calls start and finish, by /collective_rpc or by vLLM's names: a push is
 * whole by itself, so there is nothing to do
 * (skyrl/backends/skyrl_train/weight_sync/delta_strategy.py, delta_engine.py). Whatever else vLLM
 * sends by these routes goes through NCCL or a GPU's memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/weights.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/emit.h"
#include "base/fields.h"
#include "server/http/exchange.h"
#include "server/http/replies.h"
#include "server/http/state.h"
#include "server/weights/push.h"

/* ---- bodies ---- */

struct ask {
    const cJSON *info;
    struct span folder, base, source, last, name;
    int64_t version;
};

#define AT(field) .offset = offsetof(struct ask, field)

static const struct field info_rows[] = {
    {"local_checkpoint_dir", FIELD_TEXT, AT(folder), .required = true,
     .doc = "a folder of the server's, made where it is not there"},
    {"base_model_path", FIELD_TEXT, AT(base),
     .doc =
         "what version 0 is: an absolute path; a hub's name is what the server was started from"},
    {"cloud_download_workers", .kind = FIELD_IGNORED, .doc = "nothing is downloaded"},
    {"checkpoint_load_format", .kind = FIELD_IGNORED, .doc = "the files tell"},
    {"multi_thread_safetensors_max_workers", .kind = FIELD_IGNORED, .doc = "the server's threads"},
    {0},
};
static const struct field *const info_fields[] = {info_rows, NULL};
static const struct field init_rows[] = {
    {"init_info", FIELD_OBJECT, AT(info), .required = true, .members = info_fields,
     .doc = "where a chain begins; anything else is refused"},
    {0},
};

static const struct field fetch_rows[] = {
    {"target_version", FIELD_INT64, AT(version), .max = ENGINE_MAX_CHAIN_VERSION, .required = true,
     .doc = "the version to be reached"},
    {"sync_dir", FIELD_TEXT, AT(source),
     .doc = "the folder that the trainer lays delta-00000001, delta-00000002, ... in"},
    {"uri", FIELD_TEXT, AT(last), .doc = "the folder of that version itself"},
    {0},
};

static const struct field update_rows[] = {
    {"target_version", FIELD_INT64, AT(version), .max = ENGINE_MAX_CHAIN_VERSION, .required = true,
     .doc = "what has been fetched, and serves by this name"},
    {"version", .kind = FIELD_IGNORED, .doc = "the same"},
    {"sync_dir", .kind = FIELD_IGNORED, .doc = "has been fetched"},
    {"uri", .kind = FIELD_IGNORED, .doc = "has been fetched"},
    {"update_kind", .kind = FIELD_IGNORED, .doc = "the checkpoint is reloaded"},
    {0},
};
static const struct field *const update_fields[] = {update_rows, NULL};
const struct field skyrl_update_rows[] = {
    {"update_info", FIELD_VALUE, AT(info), .required = true, .shape = "object|object[]",
     .members = update_fields, .doc = "of a chain on disk, one; anything else is refused"},
    {0},
};

static const struct field finish_rows[] = {
    {"weight_version", FIELD_TEXT, AT(name), .doc = "what serves is called so from now on"},
    {0},
};

static const struct field rpc_rows[] = {
    {"method", FIELD_TEXT, AT(name), .required = true,
     .doc = "skyrl_start_weight_update or skyrl_finish_weight_update; others are refused"},
    {"args", .kind = FIELD_IGNORED, .doc = "of these methods nothing depends on them"},
    {"kwargs", .kind = FIELD_IGNORED, .doc = "likewise"},
    {"timeout", .kind = FIELD_IGNORED, .doc = "there is nothing to wait for"},
    {0},
};

const struct field *const skyrl_init_fields[] = {init_rows, NULL};
const struct field *const skyrl_fetch_fields[] = {fetch_rows, NULL};
const struct field *const skyrl_finish_fields[] = {finish_rows, NULL};
const struct field *const skyrl_rpc_fields[] = {rpc_rows, NULL};

static struct weights_chain *chain_of(const struct exchange *x)
{
    return x->server->parts.chain;
}

static bool check_begun(const struct exchange *x, struct error *err)
{
    return chain_of(x)->begun ||
           error_set(err, ERROR_CONFLICT, NULL,
                     "no chain has begun: POST /init_weight_transfer_engine with "
                     "init_info.local_checkpoint_dir first");
}

/* Push, or answer why not: err, or that it is no chain of ours. Without a push of ours x has been
 * answered. */
static void go_on(struct exchange *x, bool ours, const struct push *p, const struct error *err)
{
    if (err->code != ERROR_NONE) {
        exchange_fail(x, err);
    } else if (!ours) {
        weights_refuse_handle(x);
    } else if (p != NULL) {
        push_begin(x);
    }
}

/* ---- the beginning ---- */

/* A hub's name is no path that could be opened: Qwen/Qwen3-0.6B. */
static bool is_path(struct span s)
{
    static const char file[] = "file:";
    return s.n > 0 && (s.p[0] == '/' || (s.n >= 5 && memcmp(s.p, file, 5) == 0));
}

static void keep(char to[PATH_MAX], struct span text)
{
    snprintf(to, PATH_MAX, "%.*s", (int)text.n, text.n == 0 ? "" : text.p);
}

static void reply_begun(struct exchange *x, const struct push *p)
{
    struct weights_chain *chain = chain_of(x);
    keep(chain->folder, p->paths.given_folder);
    keep(chain->base, p->paths.given_base);
    chain->begun = true;
    reply_success(x, "Weight transfer initialized");
}

/* Open the folder and the base, which were given so. */
static bool open_chain(struct exchange *x, struct push *p, struct span folder, struct span base,
                       struct error *err)
{
    p->pull.kind = CHAIN_SKYRL;
    p->order.pull = &p->pull;
    p->folder_field = "local_checkpoint_dir";
    p->base_field = "base_model_path";
    p->version_field = "target_version";
    p->path_field = "sync_dir";
    if (is_path(base) && !client_path_open(x->server, base, p->base_field, &p->paths.base, err)) {
        return false;
    }
    p->paths.folder = client_folder_open(x->server, folder, p->folder_field, err);
    return p->paths.folder >= 0;
}

static bool read_init(struct exchange *x, struct push *p, const cJSON *body, struct error *err)
{
    struct ask ask = {.info = NULL};
    if (!exchange_read_object(x, body, FIELD_TABLE(init_rows, &ask), err)) return false;
    struct pull_paths *paths = &p->paths;
    if (!exchange_read_object(x, ask.info, FIELD_TABLE(info_rows, &ask), err) ||
        !open_chain(x, p, ask.folder, ask.base, err)) {
        return error_in(err, "init_info");
    }
    p->folder_field = "init_info.local_checkpoint_dir";
    p->base_field = "init_info.base_model_path";
    const char *folder = arena_str(x->arena, ask.folder), *base = arena_str(x->arena, ask.base);
    if (folder == NULL || base == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    }
    paths->given_folder = span_str(folder);
    if (is_path(ask.base)) paths->given_base = span_str(base);
    return true;
}

void skyrl_init_handle(struct exchange *x)
{
    struct error err = {0};
    cJSON *body = x->body.n == 0 ? NULL : exchange_parse(x, &err);
    bool ours = json_get(json_get(body, "init_info"), "local_checkpoint_dir") != NULL;
    struct push *p = ours ? push_new(x) : NULL;
    bool ok = p != NULL && read_init(x, p, body, &err);
    cJSON_Delete(body);
    if (ok) p->reply = reply_begun;
    go_on(x, ours, p, &err);
}

/* ---- a version ---- */

static void reply_fetched(struct exchange *x, const struct push *p)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "status", "ok");
    emit_array(&out, "result"); /* of the workers, of which we are one */
    emit_object(&out, NULL);
    emit_str(&out, "status", "ok");
    emit_int(&out, "target_version", p->pull.version);
    emit_object(&out, "stats");
    emit_fixed(&out, "total_s", p->seconds, 3);
    emit_close(&out, '}');
    emit_close(&out, '}');
    emit_close(&out, ']');
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

static bool apply_fetch(struct exchange *x, struct push *p, struct ask ask, struct error *err)
{
    const struct weights_chain *chain = chain_of(x);
    if (!check_begun(x, err)) return false;
    if (ask.source.p == NULL && ask.last.p == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "sync_dir", "sync_dir or uri is needed");
    }
    p->pull.version = ask.version;
    if (!open_chain(x, p, span_str(chain->folder), span_str(chain->base), err)) return false;
    if (ask.source.p == NULL) p->path_field = "uri";
    return (ask.source.p == NULL ||
            client_path_open(x->server, ask.source, "sync_dir", &p->paths.source, err)) &&
           (ask.last.p == NULL ||
            client_path_open(x->server, ask.last, "uri", &p->paths.last, err));
}

void skyrl_fetch_handle(struct exchange *x)
{
    struct error err = {0};
    struct ask ask = {.version = 0};
    struct push *p = push_new(x);
    cJSON *body;
    if (p == NULL) return;
    bool ok = exchange_read(x, FIELD_TABLE(fetch_rows, &ask), &body, &err) &&
              apply_fetch(x, p, ask, &err);
    cJSON_Delete(body);
    if (!ok) {
        exchange_fail(x, &err);
        return;
    }
    p->reply = reply_fetched;
    push_begin(x);
}

/* ---- a push ---- */

/* vLLM takes a list of one for each rank. */
static const cJSON *only(const cJSON *info)
{
    return cJSON_IsArray(info) && cJSON_GetArraySize(info) == 1 ? info->child : info;
}

static bool read_update(struct exchange *x, struct push *p, const cJSON *body, struct error *err)
{
    struct ask ask = {.version = 0};
    char text[24];
    if (!exchange_read_object(x, body, FIELD_TABLE(skyrl_update_rows, &ask), err)) return false;
    if (!exchange_read_object(x, only(ask.info), FIELD_TABLE(update_rows, &ask), err)) {
        return error_in(err, "update_info");
    }
    int n = snprintf(text, sizeof(text), "%lld", (long long)ask.version);
    if (!check_begun(x, err) ||
        !push_set_version(x, span_of(text, (size_t)n), "update_info.target_version", err)) {
        return false;
    }
    p->order.checkpoint_version = p->order.version;
    if (!push_read_wait(x, p, err)) return false;
    p->path_field = "local_checkpoint_dir";
    return client_path_open(x->server, span_str(chain_of(x)->folder), p->path_field, &p->source,
                            err);
}

void skyrl_update(struct exchange *x, cJSON *body)
{
    struct error err = {0};
    bool ours = json_get(only(json_get(body, "update_info")), "target_version") != NULL;
    struct push *p = ours ? push_new(x) : NULL;
    bool ok = p != NULL && read_update(x, p, body, &err);
    cJSON_Delete(body);
    if (ok) {
        p->order.policy = push_policy_now(x);
        p->reply = weights_reply_all;
    }
    go_on(x, ours, p, &err);
}

/* ---- around it ---- */

void skyrl_start_handle(struct exchange *x)
{
    if (chain_of(x)->begun) {
        weights_bracket_handle(x);
    } else {
        weights_refuse_handle(x);
    }
}

void skyrl_shutdown_handle(struct exchange *x)
{
    skyrl_start_handle(x);
    chain_of(x)->begun = false;
}

void skyrl_finish_handle(struct exchange *x)
{
    struct error err = {0};
    struct ask ask = {.version = 0};
    cJSON *body;
    bool ok = exchange_read_if_any(x, FIELD_TABLE(finish_rows, &ask), &body, &err);
    bool renames = ok && ask.name.p != NULL && chain_of(x)->begun;
    struct push *p = renames ? push_new(x) : NULL;
    if (p != NULL && push_set_version(x, ask.name, "weight_version", &err)) {
        p->reply = weights_reply_all;
    }
    cJSON_Delete(body);
    if (err.code == ERROR_NONE && !renames) {
        skyrl_start_handle(x);
    } else {
        go_on(x, true, p, &err);
    }
}

static bool is_bracket(struct span method)
{
    return span_is(method, "skyrl_start_weight_update") ||
           span_is(method, "skyrl_finish_weight_update");
}

void skyrl_rpc_handle(struct exchange *x)
{
    struct error err = {0};
    struct ask ask = {.version = 0};
    struct buffer out;
    cJSON *body;
    bool ok = exchange_read(x, FIELD_TABLE(rpc_rows, &ask), &body, &err);
    if (ok && !is_bracket(ask.name)) {
        ok = error_set(&err, ERROR_NOT_AVAILABLE, "method",
                       "method %.60s would be Python in a worker of vLLM's: there is none here",
                       ask.name.n == 0 ? "" : arena_str(x->arena, ask.name));
    }
    cJSON_Delete(body);
    if (!ok) {
        exchange_fail(x, &err);
        return;
    }
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_array(&out, "results");
    emit_null(&out, NULL);
    emit_close(&out, ']');
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}
