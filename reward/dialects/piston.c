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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/emit.h"
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

enum { ENCODING_UTF8, ENCODING_BASE64, ENCODING_HEX };
static const char *const encodings[] = {
    [ENCODING_UTF8] = "utf8", [ENCODING_BASE64] = "base64", [ENCODING_HEX] = "hex", NULL};

struct piston_file {
    struct span name, content;
    int encoding;
};

struct piston_body {
    struct span language, version, input;
    const cJSON *list; /* "files" */
    struct piston_file *files;
    size_t n_files;
    struct text_list args;
    double compile_ms, run_ms, compile_cpu_ms, run_cpu_ms, compile_bytes, run_bytes;
};

#define AT(field) .offset = offsetof(struct piston_file, field)
static const struct field file_rows[] = {
    {"name", FIELD_TEXT, AT(name), .doc = "its path; none: one is made up, as Piston does"},
    {"content", FIELD_TEXT, AT(content), .required = true, .doc = "what it holds"},
    {"encoding", FIELD_CHOICE, AT(encoding), .choices = encodings, .fallback = "\"utf8\"",
     .doc = "how content stands for its bytes"},
    {0},
};
static const struct field *const file_members[] = {file_rows, NULL};

#undef AT
#define AT(field) .offset = offsetof(struct piston_body, field)
#define MILLISECONDS(field) FIELD_DOUBLE, AT(field), .min = 1, .max = ORDER_MAX_SECONDS * 1e3
#define BYTES(field) FIELD_DOUBLE, AT(field), .min = -1, .max = 1e15, .fallback = "-1"
/* clang-format off */
static const struct field rows[] = {
    {"language", FIELD_TEXT, AT(language), .required = true, .doc = "the language's or the package's name"},
    {"version",  FIELD_TEXT, AT(version), .required = true, .doc = "of the language: \"*\", or how it begins"},
    {"files",    FIELD_ARRAY, AT(list), .required = true, .members = file_members, .doc = "the first is the program, the others lie beside it"},
    {"stdin",    FIELD_TEXT, AT(input), .doc = "what the program reads"},
    {"args",     FIELD_TEXTS, AT(args), .max = SANDBOX_MAX_ARGS / 2, .doc = "its arguments"},
    {"compile_timeout",  MILLISECONDS(compile_ms), .fallback = "10000", .doc = "for compiling, in ms"},
    {"run_timeout",      MILLISECONDS(run_ms), .fallback = "3000", .doc = "for running, in ms"},
    {"compile_cpu_time", MILLISECONDS(compile_cpu_ms), .fallback = "300000", .doc = "as compile_timeout: the lesser counts"},
    {"run_cpu_time",     MILLISECONDS(run_cpu_ms), .fallback = "300000", .doc = "as run_timeout: the lesser counts"},
    {"compile_memory_limit", BYTES(compile_bytes), .doc = "without effect: compilers have the server's own limit"},
    {"run_memory_limit", BYTES(run_bytes), .doc = "memory of the program in bytes; not above 0: the server's own limit"},
    {0},
};
/* clang-format on */
const struct field *const piston_fields[] = {rows, NULL};

/* The bytes that a file's content stands for. */
static bool piston_content(const struct piston_file *f, struct buffer *out, struct error *err)
{
    bool ok = true;
    if (f->encoding == ENCODING_BASE64) {
        ok = base64_decode(f->content, out);
    } else if (f->encoding == ENCODING_HEX) {
        ok = hex_decode(f->content, out);
    } else {
        buffer_add_span(out, f->content);
    }
    return (ok && !out->failed) || error_set(err, ERROR_INVALID_VALUE, "content",
                                             "content is no %s", encodings[f->encoding]);
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

static bool add_file(struct execution *x, struct execute_order *o, const struct piston_file *f,
                     size_t i, struct error *err)
{
    char given[32];
    struct buffer bytes;
    buffer_init(&bytes, (size_t)64 << 20);
    snprintf(given, sizeof(given), "file%zu.code", i);
    struct span name = f->name.p == NULL ? span_str(given) : f->name;
    bool ok = piston_content(f, &bytes, err) &&
              (order_check_name(name, err) || error_in(err, "name"));
    if (ok && i == 0) {
        ok = take_program(x, o, &bytes, err);
    } else if (ok) {
        ok = order_add_file(x, o, name, &bytes, err);
    }
    buffer_clear(&bytes);
    return ok || error_in(err, "files[%zu]", i);
}

/* b->list into b->files. */
static bool read_files(struct execution *x, struct piston_body *b, struct error *err)
{
    struct field_context context = {.arena = x->arena, .unknown = x->unknown};
    const cJSON *file;
    int n = cJSON_GetArraySize(b->list);
    if (n < 1 || n >= SANDBOX_MAX_FILES) {
        return error_set(err, ERROR_INVALID_VALUE, "files", "%d files; there must be 1 to %d", n,
                         SANDBOX_MAX_FILES - 1);
    }
    b->files = arena_alloc(x->arena, (size_t)n, sizeof(*b->files));
    if (b->files == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the files");
    cJSON_ArrayForEach(file, b->list)
    {
        struct field_table table = FIELD_TABLE(file_rows, &b->files[b->n_files]);
        size_t before = x->unknown == NULL ? 0 : x->unknown->n;
        bool ok = cJSON_IsObject(file) ? fields_read(file, &table, 1, &context, err)
                                       : field_wrong_type(file, "an object", err);
        if (!ok) return error_in(err, "files[%zu]", b->n_files);
        if (x->unknown != NULL) unknown_within(x->unknown, before, "files[%zu]", b->n_files);
        b->n_files++;
    }
    return true;
}

static bool add_files(struct execution *x, struct execute_order *o, const struct piston_body *b,
                      struct error *err)
{
    for (size_t i = 0; i < b->n_files; i++) {
        if (!add_file(x, o, &b->files[i], i, err)) return false;
    }
    return true;
}

/* "*", the version listed, or one that begins like it ("3.10.0", "3.x"). */
static bool piston_version(const struct language *l, struct span language, struct span version,
                           struct error *err)
{
    size_t n = strlen(l->version);
    bool fits = span_is(version, "*") || (span_starts(version, span_str(l->version)) &&
                                          (version.n == n || version.p[n] == '.'));
    return fits || error_set(err, ERROR_INVALID_VALUE, "version",
                             "%.*s-%.*s runtime is unknown", language.n < 40 ? (int)language.n : 40,
                             language.p, version.n < 40 ? (int)version.n : 40, version.p);
}

static void set_limits(const struct piston_body *b, struct execute_order *o)
{
    o->compile_ms = fmin(b->compile_ms, b->compile_cpu_ms);
    o->run_ms = fmin(b->run_ms, b->run_cpu_ms);
    if (b->run_bytes > 0) {
        o->memory_mb = fmin(fmax(ceil(b->run_bytes / (1 << 20)), 1), ORDER_MAX_MB);
    }
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

static bool has_file(const struct piston_body *b, const char *name)
{
    for (size_t i = 0; i < b->n_files; i++) {
        if (span_is(b->files[i].name, name)) return true;
    }
    return false;
}

static const struct package *find_package(const struct piston_body *b)
{
    for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
        const struct package *p = &packages[i];
        bool plain = language_find(span_str(p->name)) != NULL;
        if (span_is(b->language, p->name) && (!plain || has_file(b, "grader_config"))) return p;
    }
    return NULL;
}

/* What is run, and as what. */
static bool set_runtime(const struct piston_body *b, struct execute_order *o, struct error *err)
{
    const struct package *package = find_package(b);
    struct span language = package == NULL ? b->language : span_str(package->language);
    if (!order_find_language(language, &o->language, err)) return error_in(err, "language");
    if (!piston_version(o->language, language, b->version, err)) return false;
    if (package == NULL) return true;
    if (b->files[0].name.p == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "files[0].name", "%s needs the program's name",
                         package->name);
    }
    o->main = b->files[0].name.p;
    o->judge = package->judge;
    return true;
}

static bool piston_read(struct execution *x, struct error *err)
{
    struct piston_body b = {0};
    struct execute_order *o = order_new(x, err);
    if (o == NULL || !order_read_body(x, rows, &b, err) || !read_files(x, &b, err)) return false;
    if (!order_strings(&b.args, o->args, err)) return error_in(err, "args");
    if (!add_files(x, o, &b, err) || !set_runtime(&b, o, err)) return false;
    set_limits(&b, o);
    o->input = b.input;
    return order_make_runs(x, 1, err) && order_add_run(x, o, err);
}

/* Piston's two letters: time out, output limit, signal, runtime error; NULL when all is well. */
static const char *piston_status(const struct execute_stage *stage)
{
    if (stage->end == SANDBOX_TIME) return "TO";
    if (stage->end == SANDBOX_OUTPUT) return "OL";
    if (stage->signaled) return "SG";
    return stage->code > 0 ? "RE" : NULL;
}

/* code and signal: one is null. */
static void print_end(const struct execute_stage *stage, struct buffer *out)
{
    char name[32];
    if (!stage->signaled) {
        emit_int(out, "code", stage->code);
        emit_null(out, "signal");
        return;
    }
    const char *abbreviation = sigabbrev_np(stage->code);
    snprintf(name, sizeof(name), "SIG%s", abbreviation == NULL ? "" : abbreviation);
    emit_null(out, "code");
    emit_str(out, "signal", name);
}

/* "output": the two streams, one behind the other. */
static void print_output(const struct execute_stage *stage, struct buffer *out)
{
    struct buffer both;
    buffer_init(&both, (size_t)64 << 20);
    buffer_add_span(&both, stage->out);
    buffer_add_span(&both, stage->err);
    emit_text(out, "output", buffer_span(&both));
    if (both.failed) out->failed = true;
    buffer_clear(&both);
}

static void piston_stage(const char *key, const struct execute_stage *stage, struct buffer *out)
{
    if (!stage->ran) return;
    emit_object(out, key);
    print_end(stage, out);
    emit_text(out, "stdout", stage->out);
    emit_text(out, "stderr", stage->err);
    print_output(stage, out);
    emit_str(out, "status", piston_status(stage));
    emit_null(out, "message");
    emit_fixed(out, "cpu_time", stage->cpu_ms, 0);
    emit_fixed(out, "wall_time", stage->wall_ms, 0);
    emit_int(out, "memory", (int64_t)stage->peak_bytes);
    emit_close(out, '}');
}

/* After a compile error the run is missing in newer Pistons; clients read run all the same. */
static void piston_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const struct execute_outcome *o = &r->outcome;
    struct span fault = execution_fault(r);
    emit_object(out, NULL);
    if (fault.p != NULL) {
        emit_text(out, "message", fault);
    } else {
        emit_str(out, "language", r->language->name);
        emit_str(out, "version", r->language->version);
        piston_stage("compile", &o->compile, out);
        piston_stage("run", o->run.ran ? &o->run : &o->compile, out);
    }
    emit_close(out, '}');
}

void execution_runtimes_json(struct buffer *out)
{
    emit_array(out, NULL);
    const struct language *l;
    for (int i = 0; (l = language_at(i)) != NULL; i++) {
        if (!language_is_installed(l)) continue;
        emit_object(out, NULL);
        emit_str(out, "language", l->name);
        emit_str(out, "version", l->version);
        emit_array(out, "aliases");
        for (const char *p = l->aliases; *p != '\0';) {
            size_t n = strcspn(p, " ");
            emit_text(out, NULL, span_of(p, n));
            p += n + (p[n] == ' ');
        }
        emit_close(out, ']');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

const struct execution_row execution_piston = {
    .read = piston_read, .reply = piston_reply, .busy = ERROR_QUEUE_FULL};
