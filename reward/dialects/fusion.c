/* reward/dialects/fusion.c - SandboxFusion's POST /run_code.
 *
 * Contract: SandboxFusion sandbox/server/sandbox_api.py; the client is
 * verl/utils/reward_score/sandbox_fusion, which tries again after 504 and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <stddef.h>

#include "base/base64.h"
#include "base/emit.h"
#include "base/json.h"

struct fusion_body {
    struct span code, language, input;
    double compile_s, run_s, memory_mb;
    struct text_list args, fetch;
    const cJSON *files;
};

/* Times and memory have the service's own defaults. */
#define AT(field) .offset = offsetof(struct fusion_body, field)
#define SECONDS(field) FIELD_DOUBLE, AT(field), .min = 0.01, .max = ORDER_MAX_SECONDS
/* clang-format off */
static const struct field rows[] = {
    {"code",            FIELD_TEXT, AT(code), .required = true, .doc = "the program"},
    {"language",        FIELD_TEXT, AT(language), .required = true, .doc = "the name of its language"},
    {"compile_timeout", SECONDS(compile_s), .fallback = "10", .doc = "for compiling, in seconds"},
    {"run_timeout",     SECONDS(run_s), .fallback = "10", .doc = "for running, in seconds"},
    {"memory_limit_MB", FIELD_DOUBLE, AT(memory_mb), .min = -1, .max = ORDER_MAX_MB, .fallback = "-1",
     .doc = "memory in MiB; below 1: the server's own limit"},
    {"stdin",           FIELD_TEXT, AT(input), .doc = "what the program reads"},
    {"args",            FIELD_TEXTS, AT(args), .max = SANDBOX_MAX_ARGS / 2, .doc = "its arguments"},
    {"files",           FIELD_OBJECT, AT(files), .doc = "files beside it: base64 by their names"},
    {"fetch_files",     FIELD_TEXTS, AT(fetch), .max = SANDBOX_MAX_FETCH,
     .doc = "names of files to send back once it has ended"},
    {0},
};
/* clang-format on */
const struct field *const sandbox_fusion_fields[] = {rows, NULL};

static bool fusion_file(struct execution *x, struct execute_order *o, const cJSON *f,
                        struct error *err)
{
    struct buffer bytes;
    struct span name = json_key(f, x->arena);
    buffer_init(&bytes, (size_t)64 << 20);
    bool ok = cJSON_IsString(f) && base64_decode(span_str(f->valuestring), &bytes);
    if (!ok) error_set(err, ERROR_INVALID_VALUE, NULL, "a file must be base64 text");
    ok = ok && order_check_name(name, err) && order_add_file(x, o, name, &bytes, err);
    buffer_clear(&bytes);
    return ok || error_in(err, "files.%.60s", f->string);
}

static bool fusion_files(struct execution *x, struct execute_order *o, const cJSON *files,
                         struct error *err)
{
    const cJSON *f;
    cJSON_ArrayForEach(f, files)
    {
        if (!cJSON_IsNull(f) && !fusion_file(x, o, f, err)) return false;
    }
    return true;
}

static bool fusion_fetch(const struct text_list *fetch, struct execute_order *o, struct error *err)
{
    for (size_t i = 0; i < fetch->n; i++) {
        if (!order_check_name(fetch->texts[i], err)) return error_in(err, "fetch_files[%zu]", i);
    }
    return order_strings(fetch, o->fetch, err);
}

static bool fusion_read(struct execution *x, struct error *err)
{
    struct fusion_body b = {0};
    struct execute_order *o = order_new(x, err);
    if (o == NULL || !order_read_body(x, rows, &b, err)) return false;
    if (!order_find_language(b.language, &o->language, err)) return error_in(err, "language");
    if (!order_strings(&b.args, o->args, err)) return error_in(err, "args");
    if (!fusion_files(x, o, b.files, err) || !fusion_fetch(&b.fetch, o, err)) return false;
    o->source = b.code;
    o->input = b.input;
    o->compile_ms = b.compile_s * 1000;
    o->run_ms = b.run_s * 1000;
    if (b.memory_mb >= 1) o->memory_mb = b.memory_mb;
    return order_make_runs(x, 1, err) && order_add_run(x, o, err);
}

/* status is Finished whatever the exit status; a signal is a negative one, as Python has it. */
static void fusion_stage(const char *key, const struct execute_stage *stage, struct buffer *out)
{
    bool late = stage->end == SANDBOX_TIME;
    if (!stage->ran) {
        emit_null(out, key);
        return;
    }
    emit_object(out, key);
    emit_str(out, "status", late ? "TimeLimitExceeded" : "Finished");
    emit_fixed(out, "execution_time", stage->wall_ms / 1000, 6);
    if (late) {
        emit_null(out, "return_code");
    } else {
        emit_int(out, "return_code", stage->signaled ? -stage->code : stage->code);
    }
    emit_text(out, "stdout", stage->out);
    emit_text(out, "stderr", stage->err);
    emit_close(out, '}');
}

static void fusion_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const struct execute_outcome *o = &r->outcome;
    struct span fault = execution_fault(r);
    bool good = (!o->compile.ran || stage_is_good(&o->compile)) && stage_is_good(&o->run);
    emit_object(out, NULL);
    emit_str(out, "status", fault.p != NULL ? "SandboxError" : good ? "Success" : "Failed");
    emit_text(out, "message", fault);
    fusion_stage("compile_result", &o->compile, out);
    fusion_stage("run_result", &o->run, out);
    emit_null(out, "executor_pod_name");
    emit_object(out, "files");
    for (size_t i = 0; i < o->n_files; i++) {
        emit_name(out, o->files[i].name);
        emit_base64(out, NULL, o->files[i].content);
    }
    emit_close(out, '}');
    emit_close(out, '}');
}

const struct execution_row execution_fusion = {
    .read = fusion_read, .reply = fusion_reply, .busy = ERROR_TIMEOUT};
