/* server/weights/chain.c - POST /pull_weights: slime's chain of changes on disk.
 *
 * The trainer lays each version in a folder of its own, has the server bring its copy of the
 * checkpoint up to it, and then pushes that copy by /update_weights_from_disk as any other folder
 * (slime's sglang patch, sglang-pull_weights.patch).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/weights.h"

#include <stddef.h>

#include "base/emit.h"
#include "base/fields.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/weights/push.h"

struct ask {
    struct span folder, source;
    int64_t version;
};

#define AT(field) .offset = offsetof(struct ask, field)

static const struct field rows[] = {
    {"local_checkpoint_dir", FIELD_TEXT, AT(folder), .required = true,
     .doc = "a folder of the server's, made where it is not there"},
    {"source_dir", FIELD_TEXT, AT(source), .required = true,
     .doc = "the folder that the trainer lays weight_v000001, weight_v000002, ... in"},
    {"target_version", FIELD_INT64, AT(version), .max = ENGINE_MAX_CHAIN_VERSION, .required = true,
     .doc = "the version to be reached; 0: the files that the server was started from, anew"},
    {0},
};

const struct field *const chain_pull_fields[] = {rows, NULL};

static void reply(struct exchange *x, const struct push *p)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_bool(&out, "success", true);
    emit_str(&out, "message", "Success.");
    emit_int(&out, "target_version", p->pull.version);
    emit_fixed(&out, "seconds", p->seconds, 3);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

static bool read_ask(struct exchange *x, struct push *p, struct error *err)
{
    struct ask ask = {.version = 0};
    cJSON *body;
    bool ok = exchange_read(x, FIELD_TABLE(rows, &ask), &body, err);
    p->pull = (struct engine_pull){.kind = CHAIN_SLIME, .version = ask.version};
    /* at version 0 nothing has been laid there yet */
    ok = ok && (ask.version == 0 ||
                client_path_open(x->server, ask.source, "source_dir", &p->paths.source, err));
    if (ok) {
        p->paths.folder = client_folder_open(x->server, ask.folder, "local_checkpoint_dir", err);
    }
    cJSON_Delete(body);
    return ok && p->paths.folder >= 0;
}

void chain_pull_handle(struct exchange *x)
{
    struct error err = {0};
    struct push *p = push_new(x);
    if (p == NULL) return;
    if (!read_ask(x, p, &err)) {
        exchange_fail(x, &err);
        return;
    }
    p->order.pull = &p->pull;
    p->path_field = "source_dir";
    p->version_field = "target_version";
    p->folder_field = "local_checkpoint_dir";
    p->base_field = ""; /* the server's own */
    p->reply = reply;
    push_begin(x);
}
