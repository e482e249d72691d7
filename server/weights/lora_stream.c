/* server/weights/lora_stream.c - PUT /v1/weights?part=adapter&name=NAME: an adapter as a
 * safetensors stream, for trainers that share no files with the server. Its config stands in the
 * file's metadata.
 *
 * It comes to be as one that is loaded from a folder does: read whole or not at all, and a known
 * name is replaced, while requests at work end on what they began with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/stream.h"

#include <string.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/log.h"
#include "server/generate/adapters.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/http/upload.h"

static const char from[] = "stream"; /* in place of a folder, where one is told */

struct lora_stream {
    const char *name, *sha256, *base_version; /* the arena's; the last two may be NULL */
    uint64_t began;
};

static const struct exchange_kind kind = {NULL};

/* An adapter has its content for a version, and whoever runs keeps what it has. */
static bool refuse_headers(const struct exchange *x, struct error *err)
{
    const char *policy = exchange_header(x, "X-Policy");
    if (policy != NULL && strcmp(policy, "finish") != 0) {
        return error_set(err, ERROR_INVALID_VALUE, "X-Policy",
                         "requests at work end on the adapter that they began with: finish");
    }
    return exchange_header(x, "X-Version") == NULL ||
           error_set(err, ERROR_INVALID_VALUE, "X-Version",
                     "an adapter has no version but its sha256: tell it by its name");
}

static bool read_ask(struct exchange *x, struct lora_stream *l, struct error *err)
{
    static const char *const arguments[] = {"part", "name", NULL};
    l->name = exchange_argument(x, "name");
    l->base_version = exchange_header(x, "X-Base-Version");
    l->began = clock_ns();
    if (l->name == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "name",
                         "name is needed: what requests call the adapter");
    }
    return exchange_arguments_are(x, arguments, err) && refuse_headers(x, err) &&
           weights_read_digest(x, &l->sha256, err) && weights_keep_text(x, &l->name, err) &&
           weights_keep_text(x, &l->base_version, err);
}

static void emit_done(struct exchange *x, struct engine_adapter_info info)
{
    const struct lora_stream *l = x->state;
    struct version_label *base = engine_version(x->server->engine);
    emit_object(&x->reply, NULL);
    emit_str(&x->reply, "version", base->name);
    emit_str(&x->reply, "sha256", info.sha256);
    emit_int(&x->reply, "tensors", info.tensors);
    emit_fixed(&x->reply, "seconds", (double)(clock_ns() - l->began) * 1e-9, 3);
    emit_str(&x->reply, "name", l->name);
    emit_close(&x->reply, '}');
    version_label_free(base);
}

/* Names of the engine's that are this route's otherwise. */
static void rename_field(struct error *err)
{
    if (strcmp(err->param, "lora_name") == 0) error_at(err, "name");
}

static void work(struct exchange *x)
{
    const struct lora_stream *l = x->state;
    struct engine_adapter_stream stream = {x->upload->fd, l->sha256, l->base_version};
    struct adapter *a = engine_adapter_receive(x->server->engine, &stream, &x->error);
    if (a == NULL) return;
    struct engine_adapter_info info = engine_adapter_info(a);
    engine_adapter_hold(a); /* info is its */
    if (adapters_put(x->server->adapters, span_str(l->name), from, a, true, &x->error)) {
        emit_done(x, info);
        log_line(LOG_INFO, "adapter", LOG_S("path", from), LOG_S("sha256", info.sha256),
                 LOG_I("rank", info.rank), LOG_I("bytes", info.bytes), LOG_END);
    }
    engine_adapter_release(a);
    rename_field(&x->error);
}

static void after(struct exchange *x)
{
    weights_keep_upload(x, &x->error);
    if (x->error.code == ERROR_NONE) upload_done(x, buffer_span(&x->reply));
    exchange_finish(x);
}

void lora_stream_handle(struct exchange *x)
{
    struct error err = {0};
    struct lora_stream *l = exchange_state(x, sizeof(*l), &kind);
    if (l == NULL) return;
    if (!read_ask(x, l, &err)) {
        weights_refuse_ask(x, &err);
        return;
    }
    exchange_offload(x, WORK_HEAVY, work, after);
}
