/* reward/dialects/fusion.c - SandboxFusion's POST /run_code.
 *
 * Contract: SandboxFusion sandbox/server/sandbox_api.py; the client is
 * verl/utils/reward_score/sandbox_fusion, which tries again after 504 and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include "base/base64.h"
#include "base/json.h"

static bool fusion_file(struct execution *x, struct execute_order *o, const cJSON *f,
                        struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, (size_t)64 << 20);
    bool ok = cJSON_IsString(f) && base64_decode(span_str(f->valuestring), &bytes);
    if (!ok) error_set(err, ERROR_INVALID_VALUE, NULL, "a file must be base64 text");
    ok = ok && order_check_name(f->string, err) && order_add_file(x, o, f->string, &bytes, err);
    buffer_clear(&bytes);
    return ok || error_in(err, "files.%.60s", f->string);
}

static bool fusion_files(struct execution *x, struct execute_order *o, const cJSON *files,
                         struct error *err)
{
    const cJSON *f;
    if (files == NULL || cJSON_IsNull(files)) return true;
    if (!cJSON_IsObject(files)) {
        return error_set(err, ERROR_INVALID_TYPE, "files", "files must be an object, not %s",
                         json_type_name(files));
    }
    cJSON_ArrayForEach(f, files)
    {
        if (!cJSON_IsNull(f) && !fusion_file(x, o, f, err)) return false;
    }
    return true;
}

static bool fusion_fetch(const cJSON *fetch, struct execute_order *o, struct error *err)
{
    if (!order_read_strings(fetch, "fetch_files", SANDBOX_MAX_FETCH, o->fetch, err)) return false;
    for (int i = 0; o->fetch[i] != NULL; i++) {
        if (!order_check_name(o->fetch[i], err)) return error_in(err, "fetch_files");
    }
    return true;
}

/* Times and memory, the service's own defaults filled in. */
static bool fusion_limits(const cJSON *b, struct execute_order *o, struct error *err)
{
    double mb = -1, compile_s = 10, run_s = 10;
    if (!json_get_double(b, "compile_timeout", 0.01, ORDER_MAX_SECONDS, &compile_s, err) ||
        !json_get_double(b, "run_timeout", 0.01, ORDER_MAX_SECONDS, &run_s, err) ||
        !json_get_double(b, "memory_limit_MB", -1, ORDER_MAX_MB, &mb, err)) {
        return false;
    }
    o->compile_ms = compile_s * 1000;
    o->run_ms = run_s * 1000;
    if (mb >= 1) o->memory_mb = mb;
    return true;
}

static bool fusion_read(struct execution *x, struct error *err)
{
    static const char *const keys[] = {"code",  "language", "compile_timeout", "run_timeout",
                                       "stdin", "files",    "memory_limit_MB", "fetch_files",
                                       "args",  NULL};
    const cJSON *b = x->body;
    const char *code = NULL, *input = NULL, *language = NULL;
    struct execute_order *o = order_new(x, err);
    if (o == NULL || !json_check_keys(b, keys, err) || !order_read_text(b, "code", &code, err) ||
        !order_read_text(b, "language", &language, err) ||
        !order_read_language(language, &o->language, err) ||
        !json_get_string(b, "stdin", &input, err) || !fusion_limits(b, o, err) ||
        !order_read_strings(json_get(b, "args"), "args", SANDBOX_MAX_ARGS / 2, o->args, err) ||
        !fusion_files(x, o, json_get(b, "files"), err) ||
        !fusion_fetch(json_get(b, "fetch_files"), o, err)) {
        return false;
    }
    o->source = json_text(json_get(b, "code"), x->arena);
    o->input = json_text(json_get(b, "stdin"), x->arena);
    return order_make_runs(x, 1, err) && order_add_run(x, o, err);
}

/* status is Finished whatever the exit status; a signal is a negative one, as Python has it. */
static void fusion_stage(const char *key, const struct execute_stage *stage, struct buffer *out)
{
    buffer_addf(out, ",\"%s\":", key);
    if (!stage->ran) {
        buffer_add_str(out, "null");
        return;
    }
    bool late = stage->end == SANDBOX_TIME;
    buffer_addf(out, "{\"status\":\"%s\",\"execution_time\":%.6f,\"return_code\":",
                late ? "TimeLimitExceeded" : "Finished", stage->wall_ms / 1000);
    if (late)
        buffer_add_str(out, "null");
    else
        buffer_addf(out, "%d", stage->signaled ? -stage->code : stage->code);
    outcome_print_text("stdout", stage->out, out);
    outcome_print_text("stderr", stage->err, out);
    buffer_add_char(out, '}');
}

static void fusion_print_files(const struct execute_outcome *o, struct buffer *out)
{
    buffer_add_str(out, ",\"files\":{");
    for (size_t i = 0; i < o->n_files; i++) {
        if (i > 0) buffer_add_char(out, ',');
        json_print_text(o->files[i].name, out);
        buffer_add_str(out, ":\"");
        base64_encode(o->files[i].content, out);
        buffer_add_char(out, '"');
    }
    buffer_add_char(out, '}');
}

static void fusion_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const struct execute_outcome *o = &r->outcome;
    struct span fault = execution_fault(r);
    bool good = (!o->compile.ran || stage_is_good(&o->compile)) && stage_is_good(&o->run);
    buffer_addf(out, "{\"status\":\"%s\",\"message\":",
                fault.p != NULL ? "SandboxError"
                : good          ? "Success"
                                : "Failed");
    json_print_text(fault, out);
    fusion_stage("compile_result", &o->compile, out);
    fusion_stage("run_result", &o->run, out);
    buffer_add_str(out, ",\"executor_pod_name\":null");
    fusion_print_files(o, out);
    buffer_add_char(out, '}');
}

const struct execution_row execution_fusion = {
    .read = fusion_read, .reply = fusion_reply, .busy = ERROR_TIMEOUT};
