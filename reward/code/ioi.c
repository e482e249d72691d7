/* reward/code/ioi.c - see ioi.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/ioi.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"
#include "base/json.h"
#include "reward/code/sandboxes.h"

enum { COMPILE_S = 30, CHECK_S = 30, MAX_GRADER_FILES = 64 };

static const struct language *cpp(void)
{
    return language_find(span_str("cpp"));
}

/* ---- reading --------------------------------------------------------------------------------------- */

/* The last part of a path begins with word and a dot. */
static bool is_named(const char *path, const char *word)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    return strncmp(name, word, strlen(word)) == 0 && name[strlen(word)] == '.';
}

static bool read_file(const cJSON *pair, struct arena *a, struct sandbox_file *f, struct error *err)
{
    const cJSON *name = cJSON_GetArrayItem(pair, 0), *text = cJSON_GetArrayItem(pair, 1);
    if (!cJSON_IsArray(pair) || !cJSON_IsString(name) || !sandbox_is_file_name(name->valuestring)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL,
                         "a grader file must be a list of a relative path and a text");
    }
    struct span content = cJSON_IsString(text) ? json_text(text, a) : span_of("", 0);
    f->name = arena_str(a, span_str(name->valuestring));
    f->content = span_of(arena_str(a, content), content.n);
    return (f->name != NULL && f->content.p != NULL) ||
           error_set(err, ERROR_TOO_LARGE, NULL, "the grader files are too large");
}

static bool read_files(const cJSON *list, struct arena *a, struct ioi *out, struct error *err)
{
    const cJSON *pair;
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (n < 0 || n > MAX_GRADER_FILES) {
        return error_set(err, ERROR_INVALID_TYPE, "grader_files",
                         "grader_files must be a list of at most %d files, not %s",
                         MAX_GRADER_FILES, json_type_name(list));
    }
    out->files = arena_alloc(a, (size_t)n + 1, sizeof(*out->files));
    if (out->files == NULL) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "the grader files are too large");
    }
    cJSON_ArrayForEach(pair, list)
    {
        assert(out->n_files < (size_t)n);
        struct sandbox_file *f = &out->files[out->n_files];
        if (!read_file(pair, a, f, err)) return error_in(err, "grader_files[%zu]", out->n_files);
        out->n_files++;
    }
    ioi_find_checker(out);
    return true;
}

void ioi_find_checker(struct ioi *ioi)
{
    for (size_t i = 0; i < ioi->n_files; i++) {
        const char *name = ioi->files[i].name;
        if (is_named(name, "checker") && language_is_source(cpp(), name)) ioi->checker = name;
    }
}

/* "task_type" of the row, or of its grader_config.json. */
static bool check_type(const cJSON *row, const struct ioi *ioi, struct error *err)
{
    const cJSON *type = json_get(row, "task_type");
    cJSON *config = NULL;
    for (size_t i = 0; type == NULL && i < ioi->n_files; i++) {
        if (!is_named(ioi->files[i].name, "grader_config")) continue;
        config = json_parse(ioi->files[i].content, NULL);
        type = json_get(config, "task_type");
    }
    bool ok = !cJSON_IsString(type) || strcmp(type->valuestring, "Batch") == 0;
    if (!ok) {
        error_set(err, ERROR_UNSUPPORTED, "task_type", "only Batch tasks can be judged, not %.40s",
                  type->valuestring);
    }
    cJSON_Delete(config);
    return ok;
}

/* "graders/ID.cpp", the identifier in lower case. */
static const char *main_of(struct span id, struct arena *a, struct error *err)
{
    char path[96];
    int shown = id.n < 64 ? (int)id.n : 64;
    int n = snprintf(path, sizeof(path), "graders/%.*s.cpp", shown, id.p);
    for (char *p = path; *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    if (sandbox_is_file_name(path) && !span_has(id, '/') && !span_has(id, '\0')) {
        return arena_str(a, span_of(path, (size_t)n));
    }
    error_set(err, ERROR_INVALID_VALUE, "id", "\"%.*s\" is no name for a file", shown, id.p);
    return NULL;
}

/* A row of open-r1's ioi dataset. */
struct ioi_row {
    struct span id;
    double points, precision;
    const cJSON *files;
};

#define AT(field) .offset = offsetof(struct ioi_row, field)
static const struct field row_fields[] = {
    {"id", FIELD_TEXT, AT(id), .fallback = "\"submission\"", .doc = "the problem's, a file's name"},
    {"score", FIELD_DOUBLE, AT(points), .max = 1e6, .fallback = "1",
     .doc = "points of the subtask"},
    {"score_precision", FIELD_DOUBLE, AT(precision), .max = 9, .fallback = "2",
     .doc = "decimal places of points"},
    {"grader_files", FIELD_VALUE, AT(files), .doc = "pairs of a path and a text"},
    {"...", FIELD_OTHERS, .doc = "the dataset's other columns"},
    {0},
};

struct ioi *ioi_read(const cJSON *row, struct arena *a, struct error *err)
{
    struct ioi *out = arena_alloc(a, 1, sizeof(*out));
    struct ioi_row r = {0};
    struct field_table table = FIELD_TABLE(row_fields, &r);
    struct field_context context = {.arena = a};
    if (out == NULL) {
        error_set(err, ERROR_TOO_LARGE, NULL, "the tests are too large");
        return NULL;
    }
    if (!fields_read(row, &table, 1, &context, err) || !read_files(r.files, a, out, err) ||
        !check_type(row, out, err)) {
        return NULL;
    }
    out->points = r.points;
    out->precision = (int)r.precision;
    out->main = main_of(r.id, a, err);
    return out->main == NULL ? NULL : out;
}

/* ---- compiling ----------------------------------------------------------------------------------------- */

/* A source that belongs to the submission's program, not to the checker's or a manager's. */
static bool is_linked(const char *name)
{
    return language_is_source(cpp(), name) && !is_named(name, "checker") &&
           !is_named(name, "manager");
}

void ioi_compile_run(const struct program *p, struct sandbox_file *files, const char **argv,
                     struct sandbox_run *run)
{
    const struct ioi *ioi = p->ioi;
    const char *more[SANDBOX_MAX_FILES + 2] = {"-DEVAL"};
    size_t n = 1;
    run->files = files;
    run->n_files = 1;
    files[0] = (struct sandbox_file){ioi->main, p->source, false};
    for (size_t i = 0; i < ioi->n_files; i++) {
        const char *name = ioi->files[i].name;
        if (strcmp(name, ioi->main) == 0) {
            continue; /* what the submission replaces */
        }
        if (is_linked(name)) more[n++] = name;
        files[run->n_files++] = ioi->files[i];
    }
    assert(run->n_files <= SANDBOX_MAX_FILES && n <= SANDBOX_MAX_FILES);
    more[n] = NULL;
    language_compile_argv(p->language, ioi->main, more, argv, SANDBOX_MAX_ARGS);
    run->argv = argv;
}

bool ioi_compile_checker(const struct ioi *ioi, struct buffer *out, struct error *err)
{
    static const char *const none[] = {NULL};
    const char *argv[SANDBOX_MAX_ARGS + 1];
    const char *const fetch[] = {cpp()->product, NULL};
    struct sandbox_run run = {
        .argv = argv, .files = ioi->files, .n_files = ioi->n_files, .fetch = fetch};
    struct sandbox_result r;
    struct sandbox **list;
    language_compile_argv(cpp(), ioi->checker, none, argv, SANDBOX_MAX_ARGS);
    run.limits = compile_limits(cpp(), COMPILE_S);
    sandbox_result_init(&r);
    bool ok = sandboxes_get(1, &list, err) > 0 && sandbox_run(list[0], &run, &r, err);
    if (ok && r.was_fetched[0]) buffer_add_span(out, buffer_span(&r.fetched[0]));
    if (ok && out->n == 0) {
        ok = error_set(err, ERROR_INVALID_VALUE, "grader_files", "%s does not compile: %.120s",
                       ioi->checker, r.err.n > 0 ? r.err.p : "");
    }
    sandbox_result_clear(&r);
    return ok;
}

/* ---- scores ------------------------------------------------------------------------------------------------ */

/* CMS: the first line that a checker prints is the score. */
bool ioi_check(const struct buffer *checker, struct sandbox *box, const struct code_case *c,
               struct span output, double *score, struct error *err)
{
    static const char *const argv[] = {"./checker", "input.txt", "correct_output.txt", "output.txt",
                                       NULL};
    struct sandbox_file files[] = {{"checker", buffer_span(checker), true},
                                   {"input.txt", c->input, false},
                                   {"correct_output.txt", c->expected, false},
                                   {"output.txt", output, false}};
    struct sandbox_run run = {.argv = argv, .files = files, .n_files = 4};
    struct sandbox_result r;
    run.limits = run_limits(cpp(), CHECK_S, (size_t)2 << 30, 1 << 20);
    sandbox_result_init(&r);
    bool ok = sandbox_run(box, &run, &r, err);
    char *end = NULL;
    *score = ok && r.out.n > 0 ? strtod(r.out.p, &end) : (double)NAN;
    if (ok && (r.out.n == 0 || end == r.out.p || !(*score >= 0 && *score <= 1))) {
        ok = error_set(err, ERROR_SYSTEM, NULL, "the checker gave no score from 0 to 1");
    }
    sandbox_result_clear(&r);
    return ok;
}

double ioi_score(const struct trial *t)
{
    double least = t->n == 0 ? 0 : 1;
    for (size_t i = 0; i < t->n; i++) {
        assert(t->scores[i] >= 0 && t->scores[i] <= 1);
        least = fmin(least, t->scores[i]);
    }
    return least;
}

double ioi_points(const struct ioi *ioi, double score)
{
    double unit = pow(10, ioi->precision);
    return round(score * ioi->points * unit) / unit;
}
