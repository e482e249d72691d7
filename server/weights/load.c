/* server/weights/load.c - weights that lie in files: a GGUF file or a Hugging Face folder, named by
 * path.
 *
 * Every dialect has its own names for the same few things; its row says where they go. What others'
 * fields say about loading (formats, threads, caches, CUDA graphs) has no counterpart here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/weights.h"

#include <stddef.h>

#include "base/emit.h"
#include "base/fields.h"
#include "server/http/exchange.h"
#include "server/http/replies.h"
#include "server/http/state.h"
#include "server/http/upload.h"
#include "server/weights/push.h"

struct load {
    struct span path, version;
    int policy;
    bool check_finite, abort_all;
};

#define AT(field) .offset = offsetof(struct load, field)

static const char *const policies[] = {"finish", "switch", "abort", NULL};
static const struct field own_rows[] = {
    {"path", FIELD_TEXT, AT(path), .required = true,
     .doc = "a GGUF file or a Hugging Face folder of the served model's shape"},
    {"version", FIELD_TEXT, AT(version),
     .doc = "what these weights are called; none: the push's number"},
    {"policy", FIELD_CHOICE, AT(policy), .choices = policies,
     .doc = "requests at work finish on their weights, switch to these, or abort"},
    {"check_finite", FIELD_BOOL, AT(check_finite),
     .doc = "refuse a NaN or an infinity, by its tensor's name"},
    {0},
};

static const struct field sglang_rows[] = {
    {"model_path", FIELD_TEXT, AT(path), .required = true, .doc = "the folder"},
    {"weight_version", FIELD_TEXT, AT(version), .doc = "what these weights are called"},
    {"abort_all_requests", FIELD_BOOL, AT(abort_all),
     .doc = "requests at work end with what they have"},
    {"load_format", .kind = FIELD_IGNORED, .doc = "the files tell"},
    {"is_async", .kind = FIELD_IGNORED, .doc = "requests go on in any case"},
    {"torch_empty_cache", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"keep_pause", .kind = FIELD_IGNORED, .doc = "a pause goes on until it is ended"},
    {"recapture_cuda_graph", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"token_step", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"flush_cache", .kind = FIELD_IGNORED,
     .doc = "no prefix is shared between versions in any case"},
    {"manifest", FIELD_REFUSED, .neutral = "null", .doc = "parts of a checkpoint; refused"},
    {0},
};

static const struct field prime_rows[] = {
    {"weight_dir", FIELD_TEXT, AT(path), .doc = "the folder"},
    {"weight_version", FIELD_TEXT, AT(version), .doc = "what these weights are called"},
    {0},
};

static const struct field areal_rows[] = {
    {"model_path", FIELD_TEXT, AT(path), .required = true, .doc = "the folder"},
    {"weight_version", FIELD_TEXT, AT(version), .doc = "what these weights are called"},
    {"load_format", .kind = FIELD_IGNORED, .doc = "the files tell"},
    {"flush_cache", .kind = FIELD_IGNORED,
     .doc = "no prefix is shared between versions in any case"},
    {0},
};

const struct field *const weights_load_fields[] = {own_rows, NULL};
const struct field *const weights_sglang_fields[] = {sglang_rows, NULL};
const struct field *const weights_prime_fields[] = {prime_rows, skyrl_update_rows, NULL};
const struct field *const weights_areal_fields[] = {areal_rows, NULL};

/* ---- answering ---- */

static void emit_facts(const struct push *p, struct buffer *out)
{
    emit_str(out, "version", p->label->name);
    bool part = p->label->pushed_sha256[0] != '\0';
    emit_str(out, "sha256", part ? p->label->pushed_sha256 : p->label->sha256);
    emit_int(out, "tensors", (int64_t)(part ? p->label->pushed_tensors : p->label->tensors));
    emit_fixed(out, "seconds", p->seconds, 3);
}

void weights_reply(struct exchange *x, const struct push *p)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_facts(p, &out);
    emit_close(&out, '}');
    if (x->upload != NULL) upload_done(x, buffer_span(&out));
    exchange_reply_json(x, &out);
}

void weights_reply_all(struct exchange *x, const struct push *p)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    reply_emit_success(&out, "Succeeded to update model weights.");
    emit_int(&out, "num_paused_requests", p->order.policy == PUSH_SWITCH ? (int64_t)p->at_work : 0);
    emit_str(&out, "weight_version", p->label->name);
    emit_facts(p, &out);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* ---- asking ---- */

/* Of every table the first row is the path, the second the version. */
static bool read_load(struct exchange *x, const cJSON *body, const struct field *rows,
                      struct load *load, struct push *p, struct error *err)
{
    const char *path = rows[0].name, *version = rows[1].name;
    bool ok = exchange_read_object(x, body, FIELD_TABLE(rows, load), err);
    if (ok && load->path.p == NULL) {
        ok = error_set(err, ERROR_MISSING_FIELD, path, "%s is needed", path);
    }
    p->path_field = path;
    return ok && push_read_wait(x, p, err) &&
           push_set_version(x, load->version, version, err) &&
           client_path_open(x->server, load->path, path, &p->source, err);
}

/* Read the body, which is taken, by its rows into *load and the push, which is returned; NULL: x has
 * been answered. */
static struct push *begin_with(struct exchange *x, cJSON *body, const struct field *rows,
                               struct load *load)
{
    struct error err = {0};
    struct push *p = push_new(x);
    bool ok = p != NULL && read_load(x, body, rows, load, p, &err);
    cJSON_Delete(body);
    if (p == NULL) return NULL;
    if (!ok) {
        exchange_fail(x, &err);
        return NULL;
    }
    p->reply = weights_reply_all;
    return p;
}

static struct push *begin(struct exchange *x, const struct field *rows, struct load *load)
{
    cJSON *body = exchange_parse(x, &x->error);
    if (body != NULL) return begin_with(x, body, rows, load);
    exchange_fail(x, &x->error);
    return NULL;
}

void weights_load_handle(struct exchange *x)
{
    struct load load = {.policy = PUSH_FINISH};
    struct push *p = begin(x, own_rows, &load);
    if (p == NULL) return;
    p->order.policy = (enum push_policy)load.policy;
    p->order.check_finite = load.check_finite;
    p->reply = weights_reply;
    push_begin(x);
}

void weights_sglang_handle(struct exchange *x)
{
    struct load load = {0};
    struct push *p = begin(x, sglang_rows, &load);
    if (p == NULL) return;
    p->order.policy = load.abort_all ? PUSH_ABORT : push_policy_now(x);
    push_begin(x);
}

/* vLLM's route of the same name has its weights sent by NCCL, or SkyRL's checkpoint reloaded. */
void weights_prime_handle(struct exchange *x)
{
    struct load load = {0};
    cJSON *body = x->body.n == 0 ? NULL : exchange_parse(x, &x->error);
    if (x->error.code != ERROR_NONE) {
        exchange_fail(x, &x->error);
        return;
    }
    if (json_get(body, "weight_dir") == NULL) {
        skyrl_update(x, body);
        return;
    }
    struct push *p = begin_with(x, body, prime_rows, &load);
    if (p == NULL) return;
    p->order.policy = push_policy_now(x);
    push_begin(x);
}

void weights_areal_handle(struct exchange *x)
{
    struct load load = {0};
    struct push *p = begin(x, areal_rows, &load);
    if (p == NULL) return;
    p->order.policy = PUSH_SWITCH;
    push_begin(x);
}
