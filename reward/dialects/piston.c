/* reward/dialects/piston.c - Piston's POST /api/v2/execute and GET /api/v2/runtimes.
 *
 * Contract: piston docs/api-v2.md; the client is
 * open_r1/utils/competitive_programming/piston_client.py, which tries again after any status but
 * 200.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"

static bool hex_decode(struct span text, struct buffer *out)
{
    for (size_t i = 0; i + 1 < text.n; i += 2) {
        char pair[3] = {text.p[i], text.p[i + 1], '\0'};
        if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1])) return false;
        buffer_add_char(out, (char)strtol(pair, NULL, 16));
    }
    return text.n % 2 == 0;
}

/* The bytes of files[i], whose content and encoding the client chose. */
static bool piston_content(const cJSON *file, struct buffer *out, struct error *err)
{
    const char *content = NULL, *encoding = NULL;
    bool ok = false;
    if (!order_read_text(file, "content", &content, err) ||
        !json_get_string(file, "encoding", &encoding, err)) {
        return false;
    }
    struct span text = span_str(content);
    if (encoding == NULL || strcmp(encoding, "utf8") == 0) {
        struct arena *a = arena_new((size_t)64 << 20);
        text = a == NULL ? text : json_text(json_get(file, "content"), a);
        buffer_add_span(out, text);
        ok = a != NULL;
        arena_free(a);
    } else if (strcmp(encoding, "base64") == 0) {
        ok = base64_decode(text, out);
    } else if (strcmp(encoding, "hex") == 0) {
        ok = hex_decode(text, out);
    } else {
        return error_set(err, ERROR_INVALID_VALUE, "encoding",
                         "encoding must be utf8, base64 or hex, not \"%.40s\"", encoding);
    }
    return (ok && !out->failed) ||
           error_set(err, ERROR_INVALID_VALUE, "content", "content is no %s",
                     encoding == NULL ? "utf8" : encoding);
}

/* The first file is the program. */
static bool take_program(struct execution *x, struct execute_order *o, const struct buffer *bytes,
                         struct error *err)
{
    if (!utf8_is_valid(buffer_span(bytes))) {
        return error_set(err, ERROR_INVALID_VALUE, "content", "the program is no UTF-8 text");
    }
    o->source = span_of(arena_str(x->arena, buffer_span(bytes)), bytes->n);
    return o->source.p != NULL ||
           error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
}

static bool piston_file(struct execution *x, struct execute_order *o, const cJSON *file, int i,
                        struct error *err)
{
    static const char *const keys[] = {"name", "content", "encoding", NULL};
    const char *name = NULL;
    char given[32];
    struct buffer bytes;
    buffer_init(&bytes, (size_t)64 << 20);
    snprintf(given, sizeof(given), "file%d.code", i); /* Piston picks a name as well */
    bool ok = json_check_keys(file, keys, err) && json_get_string(file, "name", &name, err) &&
              piston_content(file, &bytes, err) && (name == NULL || order_check_name(name, err));
    if (ok && i == 0)
        ok = take_program(x, o, &bytes, err);
    else if (ok)
        ok = order_add_file(x, o, name == NULL ? given : name, &bytes, err);
    buffer_clear(&bytes);
    return ok || error_in(err, "files[%d]", i);
}

static bool piston_files(struct execution *x, struct execute_order *o, const cJSON *files,
                         struct error *err)
{
    const cJSON *file;
    int i = 0;
    if (!cJSON_IsArray(files) || files->child == NULL) {
        return error_set(err, files == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "files",
                         "files must be a list of at least one file");
    }
    if (cJSON_GetArraySize(files) >= SANDBOX_MAX_FILES) {
        return error_set(err, ERROR_INVALID_VALUE, "files", "at most %d files", SANDBOX_MAX_FILES);
    }
    cJSON_ArrayForEach(file, files)
    {
        if (!cJSON_IsObject(file)) {
            return error_set(err, ERROR_INVALID_TYPE, "files", "files[%d] must be an object", i);
        }
        if (!piston_file(x, o, file, i++, err)) return false;
    }
    return true;
}

/* "*", the version listed, or one that begins like it ("3.10.0", "3.x"). */
static bool piston_version(const struct language *l, const char *language, const char *version,
                           struct error *err)
{
    size_t n = strlen(l->version);
    bool fits = strcmp(version, "*") == 0 ||
                (strncmp(version, l->version, n) == 0 && strchr(".", version[n]) != NULL);
    return fits || error_set(err, ERROR_INVALID_VALUE, "version", "%.40s-%.40s runtime is unknown",
                             language, version);
}

static bool piston_times(const cJSON *b, struct execute_order *o, struct error *err)
{
    double compile_ms = 10000, run_ms = 3000, cpu = ORDER_MAX_SECONDS * 1e3, compile_cpu = cpu,
           memory = -1;
    double most = ORDER_MAX_SECONDS * 1e3, unused = -1;
    if (!json_get_double(b, "compile_timeout", 1, most, &compile_ms, err) ||
        !json_get_double(b, "run_timeout", 1, most, &run_ms, err) ||
        !json_get_double(b, "compile_cpu_time", 1, most, &compile_cpu, err) ||
        !json_get_double(b, "run_cpu_time", 1, most, &cpu, err) ||
        !json_get_double(b, "compile_memory_limit", -1, 1e15, &unused, err) ||
        !json_get_double(b, "run_memory_limit", -1, 1e15, &memory, err)) {
        return false;
    }
    o->compile_ms = fmin(compile_ms, compile_cpu);
    o->run_ms = fmin(run_ms, cpu);
    if (memory > 0) o->memory_mb = fmin(fmax(ceil(memory / (1 << 20)), 1), ORDER_MAX_MB);
    return true;
}

/* Packages that open-r1 adds to Piston: a run is then one test, judged. */
static const struct package {
    const char *name, *language;
    enum execute_judge judge;
} packages[] = {
    {"cms_ioi", "cpp", EXECUTE_IOI},
    {"cf_python3", "python", EXECUTE_CODEFORCES},
    {"cf_c++17", "cpp", EXECUTE_CODEFORCES},
    {"c++17", "cpp", EXECUTE_CODEFORCES}}; /* as scoring scripts name it, beside a grader_config */

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *v = json_get(object, name);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static bool has_file(const cJSON *files, const char *name)
{
    const cJSON *file;
    cJSON_ArrayForEach(file, files)
    {
        if (strcmp(text_of(file, "name"), name) == 0) return true;
    }
    return false;
}

static const struct package *find_package(const cJSON *body)
{
    const char *wanted = text_of(body, "language");
    const cJSON *files = json_get(body, "files");
    for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
        const struct package *p = &packages[i];
        bool plain = language_find(span_str(p->name)) != NULL;
        if (strcmp(wanted, p->name) == 0 && (!plain || has_file(files, "grader_config"))) return p;
    }
    return NULL;
}

static bool add_package(struct execute_order *o, const struct package *p, const cJSON *files,
                        struct error *err)
{
    o->main = text_of(cJSON_GetArrayItem(files, 0), "name");
    o->judge = p->judge;
    return order_check_name(o->main, err) || error_in(err, "files[0].name");
}

/* What is run, and as what. */
static bool piston_runtime(const cJSON *b, const struct package *package, struct execute_order *o,
                           struct error *err)
{
    const char *language = NULL, *version = NULL;
    if (!order_read_text(b, "language", &language, err)) return false;
    if (package != NULL) language = package->language;
    return order_read_language(language, &o->language, err) &&
           order_read_text(b, "version", &version, err) &&
           piston_version(o->language, language, version, err);
}

static bool piston_read(struct execution *x, struct error *err)
{
    static const char *const keys[] = {"language",
                                       "version",
                                       "files",
                                       "stdin",
                                       "args",
                                       "compile_timeout",
                                       "run_timeout",
                                       "compile_cpu_time",
                                       "run_cpu_time",
                                       "compile_memory_limit",
                                       "run_memory_limit",
                                       NULL};
    const cJSON *b = x->body, *files = json_get(b, "files");
    const struct package *package = find_package(b);
    const char *input = NULL;
    struct execute_order *o = order_new(x, err);
    if (o == NULL || !json_check_keys(b, keys, err) || !piston_runtime(b, package, o, err) ||
        !json_get_string(b, "stdin", &input, err) ||
        !order_read_strings(json_get(b, "args"), "args", SANDBOX_MAX_ARGS / 2, o->args, err) ||
        !piston_times(b, o, err) || !piston_files(x, o, files, err)) {
        return false;
    }
    o->input = json_text(json_get(b, "stdin"), x->arena);
    return (package == NULL || add_package(o, package, files, err)) && order_make_runs(x, 1, err) &&
           order_add_run(x, o, err);
}

/* Piston's two letters: time out, output limit, signal, runtime error; null when all is well. */
static const char *piston_status(const struct execute_stage *stage)
{
    if (stage->end == SANDBOX_TIME) return "\"TO\"";
    if (stage->end == SANDBOX_OUTPUT) return "\"OL\"";
    if (stage->signaled) return "\"SG\"";
    return stage->code > 0 ? "\"RE\"" : "null";
}

static void piston_stage(const char *key, const struct execute_stage *stage, struct buffer *out)
{
    if (!stage->ran) return;
    buffer_addf(out, ",\"%s\":{\"code\":", key);
    if (stage->signaled) {
        const char *name = sigabbrev_np(stage->code);
        buffer_addf(out, "null,\"signal\":\"SIG%s\"", name == NULL ? "" : name);
    } else {
        buffer_addf(out, "%d,\"signal\":null", stage->code);
    }
    outcome_print_text("stdout", stage->out, out);
    outcome_print_text("stderr", stage->err, out);
    struct buffer both;
    buffer_init(&both, (size_t)64 << 20);
    buffer_add_span(&both, stage->out);
    buffer_add_span(&both, stage->err);
    outcome_print_text("output", buffer_span(&both), out);
    if (both.failed) out->failed = true;
    buffer_clear(&both);
    buffer_addf(out,
                ",\"status\":%s,\"message\":null,\"cpu_time\":%.0f,\"wall_time\":%.0f,"
                "\"memory\":%zu}",
                piston_status(stage), stage->cpu_ms, stage->wall_ms, stage->peak_bytes);
}

/* After a compile error the run is missing in newer Pistons; clients read run all the same. */
static void piston_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const struct execute_outcome *o = &r->outcome;
    struct span fault = execution_fault(r);
    if (fault.p != NULL) {
        buffer_add_str(out, "{\"message\":");
        json_print_text(fault, out);
        buffer_add_char(out, '}');
        return;
    }
    buffer_addf(out, "{\"language\":\"%s\",\"version\":\"%s\"", r->language->name,
                r->language->version);
    piston_stage("compile", &o->compile, out);
    piston_stage("run", o->run.ran ? &o->run : &o->compile, out);
    buffer_add_char(out, '}');
}

void execution_runtimes_json(struct buffer *out)
{
    buffer_add_char(out, '[');
    const struct language *l;
    for (int i = 0; (l = language_at(i)) != NULL; i++) {
        if (!language_is_installed(l)) continue;
        buffer_addf(out, "%s{\"language\":\"%s\",\"version\":\"%s\",\"aliases\":[",
                    out->n > 0 && out->p[out->n - 1] == '[' ? "" : ",", l->name, l->version);
        for (const char *p = l->aliases; *p != '\0';) {
            size_t n = strcspn(p, " ");
            buffer_addf(out, "%s\"%.*s\"", p == l->aliases ? "" : ",", (int)n, p);
            p += n + (p[n] == ' ');
        }
        buffer_add_str(out, "]}");
    }
    buffer_add_char(out, ']');
}

const struct execution_row execution_piston = {
    .read = piston_read, .reply = piston_reply, .busy = ERROR_QUEUE_FULL};
