/* server/weights/told.c - what serves, as the dialects ask for it, and giving it another name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/weights.h"

#include <string.h>

#include "base/emit.h"
#include "base/fields.h"
#include "server/generate/spans.h"
#include "server/http/exchange.h"
#include "server/http/replies.h"
#include "server/http/state.h"
#include "server/weights/push.h"

/* ---- what serves ---- */

void weights_version_handle(struct exchange *x)
{
    struct version_label *l = engine_version(x->server->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "weight_version", l->name);
    emit_str(&out, "sha256", l->sha256);
    emit_close(&out, '}');
    version_label_free(l);
    exchange_reply_json(x, &out);
}

void weights_list_handle(struct exchange *x)
{
    struct engine *e = x->server->engine;
    struct version_label *l = engine_version(e);
    struct push_stats stats;
    struct buffer out;
    engine_push_stats(e, &stats);
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "version", l->name);
    emit_str(&out, "sha256", l->sha256);
    spans_emit_fingerprint(l, NULL, &out);
    emit_int(&out, "tensors", (int64_t)l->tensors);
    emit_int(&out, "number", (int64_t)l->number);
    emit_int(&out, "created", l->created);
    emit_bool(&out, "staging", stats.staging);
    emit_int(&out, "resident", stats.resident);
    emit_int(&out, "pushed", (int64_t)stats.pushed);
    emit_int(&out, "refused", (int64_t)stats.refused);
    emit_close(&out, '}');
    version_label_free(l);
    exchange_reply_json(x, &out);
}

/* ---- comparing ---- */

struct checker {
    struct span action;
    const cJSON *baseline;
};

#define AT(field) .offset = offsetof(struct checker, field)
static const struct field checker_rows[] = {
    {"action", FIELD_TEXT, AT(action),
     .doc = "checksum (the default), or compare with the baseline"},
    {"baseline", FIELD_OBJECT, AT(baseline), .doc = "checksums as an earlier answer gave them"},
    {0},
};
#undef AT

const struct field *const weights_checker_fields[] = {checker_rows, NULL};

static void emit_checksums(const struct version_label *l, struct buffer *out)
{
    emit_object(out, "checksums");
    emit_str(out, "weights", l->sha256);
    emit_close(out, '}');
    emit_str(out, "per_engine_checksum", l->sha256);
}

static void emit_comparison(const struct version_label *l, const cJSON *baseline,
                            struct buffer *out)
{
    const cJSON *was = json_get(baseline, "weights");
    bool same = cJSON_IsString(was) && strcmp(was->valuestring, l->sha256) == 0;
    emit_bool(out, "match", same);
    emit_array(out, "mismatches");
    if (!same) emit_str(out, NULL, "weights");
    emit_close(out, ']');
}

static bool read_checker(struct exchange *x, struct checker *own, cJSON **body, struct error *err)
{
    own->action = span_str("checksum");
    if (!exchange_read_if_any(x, FIELD_TABLE(checker_rows, own), body, err)) return false;
    if (span_is(own->action, "checksum")) return true;
    if (!span_is(own->action, "compare")) {
        return error_set(err, ERROR_INVALID_VALUE, "action", "action is checksum or compare");
    }
    return own->baseline != NULL ||
           error_set(err, ERROR_MISSING_FIELD, "baseline", "baseline is needed to compare with");
}

void weights_checker_handle(struct exchange *x)
{
    struct checker own = {0};
    struct error err = {0};
    cJSON *body;
    if (!read_checker(x, &own, &body, &err)) {
        cJSON_Delete(body);
        exchange_fail(x, &err);
        return;
    }
    struct version_label *l = engine_version(x->server->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_bool(&out, "success", true);
    emit_str(&out, "message", "ok");
    emit_str(&out, "weight_version", l->name);
    if (own.baseline != NULL) {
        emit_comparison(l, own.baseline, &out);
    } else {
        emit_checksums(l, &out);
    }
    emit_close(&out, '}');
    version_label_free(l);
    cJSON_Delete(body);
    exchange_reply_json(x, &out);
}

/* ---- another name ---- */

static void reply_renamed(struct exchange *x, const struct push *p)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_bool(&out, "success", true);
    emit_str(&out, "status", "ok");
    emit_str(&out, "new_version", p->label->name);
    emit_str(&out, "weight_version", p->label->name);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

static const struct field rename_rows[] = {
    {"new_version", FIELD_TEXT, .required = true,
     .doc = "what the weights that serve are called from now on"},
    {"abort_all_requests", .kind = FIELD_IGNORED, .doc = "nothing changes for them"},
    {0},
};

const struct field *const weights_rename_fields[] = {rename_rows, NULL};

void weights_rename_handle(struct exchange *x)
{
    struct error err = {0};
    struct span name = {NULL, 0};
    struct push *p = push_new(x);
    cJSON *body;
    if (p == NULL) return;
    bool ok = exchange_read(x, FIELD_TABLE(rename_rows, &name), &body, &err) &&
              push_set_version(x, name, "new_version", &err);
    cJSON_Delete(body);
    if (!ok) {
        exchange_fail(x, &err);
        return;
    }
    p->reply = reply_renamed;
    push_begin(x);
}

void weights_bracket_handle(struct exchange *x)
{
    reply_success(x, "nothing to do: a push is whole by itself");
}
