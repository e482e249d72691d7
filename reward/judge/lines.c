/* reward/judge/lines.c - see lines.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/lines.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/judge/numbering.h"
#include "reward/row/limits.h"

enum { GROUP_BYTES = 64 << 10, MOST_NAME = 32 /* of a setting, in quotes */ };

/* Lines as they came, one after the other. */
struct batch {
    cJSON *settings;    /* its own copy; NULL: the defaults */
    int64_t group_size; /* 0: none, or groups by key */
    bool keyed;         /* the lines name their group */
    struct buffer text;
    size_t *ends; /* of each line in text */
    size_t n, room;
};

void batcher_init(struct batcher *b, struct judge *judge)
{
    *b = (struct batcher){.judge = judge};
}

void batcher_clear(struct batcher *b)
{
    cJSON_Delete(b->settings);
    batch_free(b->filling);
    free(b->group);
    *b = (struct batcher){.judge = b->judge};
}

void batch_free(struct batch *b)
{
    if (b == NULL) return;
    cJSON_Delete(b->settings);
    buffer_clear(&b->text);
    free(b->ends);
    free(b);
}

size_t batch_lines(const struct batch *b)
{
    return b->n;
}

static struct batch *batch_new(const struct batcher *b, struct error *err)
{
    struct batch *batch = mem_new(1, sizeof(*batch), err);
    if (batch == NULL) return NULL;
    buffer_init(&batch->text, REWARD_JOB_BYTES);
    if (b->settings != NULL) batch->settings = cJSON_Duplicate(b->settings, true);
    if (b->settings == NULL || batch->settings != NULL) return batch;
    error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the settings");
    batch_free(batch);
    return NULL;
}

static bool batch_push(struct batch *b, struct span line, struct error *err)
{
    if (b->n == b->room) {
        size_t room = b->room == 0 ? LINES_BATCH : 2 * b->room;
        size_t *ends = mem_grow(b->ends, room, sizeof(*ends), err);
        if (ends == NULL) return false;
        b->ends = ends;
        b->room = room;
    }
    buffer_add_span(&b->text, line);
    if (b->text.failed) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the lines");
    }
    assert(b->n < b->room && (b->n == 0 || b->ends[b->n - 1] <= b->text.n));
    b->ends[b->n++] = b->text.n;
    return true;
}

/* ---- settings ------------------------------------------------------------------------------------------ */

static bool is_settings(const cJSON *line)
{
    if (!cJSON_IsObject(line) || cJSON_HasObjectItem(line, "completion")) return false;
    for (const struct field *f = request_settings_rows; f->name != NULL; f++) {
        if (cJSON_GetObjectItemCaseSensitive(line, f->name) != NULL) return true;
    }
    return false;
}

/* Settings are right when each is, and so is a request of no items with them, but for the advantage,
 * which needs items. */
static bool check_settings(struct judge *judge, const cJSON *settings, int64_t *group_size,
                           struct error *err)
{
    struct request_settings s;
    if (!request_read_settings(settings, &s, err)) return false;
    if (s.method != ADVANTAGE_METHODS && s.group_size > 0 &&
        !advantage_check_group(s.method, (size_t)s.group_size, err)) {
        return false;
    }
    *group_size = s.group_size;
    cJSON *trial = cJSON_Duplicate(settings, true);
    cJSON_DeleteItemFromObjectCaseSensitive(trial, "advantage");
    if (trial == NULL || cJSON_AddArrayToObject(trial, "items") == NULL) {
        cJSON_Delete(trial);
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the settings");
    }
    struct judge_job *job =
        job_new(judge, &(struct job_order){.body = trial, .form = &job_native, .lines = true}, err);
    judge_job_free(job);
    return job != NULL;
}

/* ---- groups ------------------------------------------------------------------------------------------------ */

static bool quotes(struct span line, const char *name)
{
    char quoted[MOST_NAME];
    int n = snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    assert(n > 0 && n < (int)sizeof(quoted));
    return span_find(line, span_of(quoted, (size_t)n), 0) != SPAN_NONE;
}

/* Could this line be a settings line, or name its group? Only then is it parsed here: the names of settings stand in
 * lines with rewards of their own too, and "completion" in settings, as a label. */
static bool is_plain(const struct batcher *b, struct span line)
{
    bool plain = b->group == NULL && quotes(line, "completion") && !quotes(line, "group");
    for (const struct field *f = request_settings_rows; plain && f->name != NULL; f++) {
        plain = !quotes(line, f->name);
    }
    return plain;
}

/* The line's group as text, new; NULL: none. */
static char *group_of_line(const cJSON *line)
{
    const cJSON *group = cJSON_IsObject(line) ? json_get(line, "group") : NULL;
    if (group == NULL) return NULL;
    struct arena *a = arena_new(GROUP_BYTES);
    struct span name = group_name(group, a); /* what is no name has its own error when judged */
    char *copy = mem_text(name, NULL);
    arena_free(a);
    return copy;
}

static struct batch *take(struct batcher *b)
{
    struct batch *full = b->filling;
    b->filling = NULL;
    return full;
}

static bool same_group(const char *a, const char *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool take_settings(struct batcher *b, cJSON *settings, struct batch **ready,
                          struct error *err)
{
    int64_t group_size = 0;
    if (!check_settings(b->judge, settings, &group_size, err)) {
        cJSON_Delete(settings);
        return false;
    }
    *ready = take(b); /* lines before it keep the old ones */
    cJSON_Delete(b->settings);
    b->settings = settings;
    b->group_size = group_size;
    free(b->group);
    b->group = NULL;
    return true;
}

static bool push(struct batcher *b, struct span line, struct error *err)
{
    if (b->filling == NULL && (b->filling = batch_new(b, err)) == NULL) return false;
    b->filling->group_size = b->group_size;
    b->filling->keyed = b->group != NULL;
    return batch_push(b->filling, line, err);
}

/* Is what waits a whole batch now? Never in the middle of a group. */
static bool is_full(const struct batcher *b)
{
    if (b->filling == NULL) return false;
    size_t n = b->filling->n;
    if (b->group_size > 0) return n % (size_t)b->group_size == 0 && n >= LINES_BATCH;
    return b->group == NULL && n >= LINES_BATCH;
}

bool batcher_add(struct batcher *b, struct span line, struct batch **ready, struct error *err)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8, as some editors put it before a file */
    *ready = NULL;
    if (!b->begun && span_starts(line, span_str(mark)))
        line = span_slice(line, strlen(mark), line.n);
    b->begun = true;
    line = span_trim(line);
    if (line.n == 0) return true;
    if (is_plain(b, line)) {
        if (!push(b, line, err)) return false;
    } else {
        mem_forget();
        cJSON *json = json_parse(line, NULL);
        if (is_settings(json)) return take_settings(b, json, ready, err);
        char *group = group_of_line(json);
        cJSON_Delete(json);
        if (mem_ran_out()) { /* it may have been settings, or of another group */
            free(group);
            return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a line");
        }
        bool large = b->filling != NULL && b->filling->n >= REWARD_MAX_GROUP_SIZE;
        if (large || (b->group_size == 0 && !same_group(group, b->group))) *ready = take(b);
        free(b->group);
        b->group = group;
        if (!push(b, line, err)) return false;
    }
    if (*ready == NULL && is_full(b)) *ready = take(b);
    return true;
}

/* With group_size, lines past the last whole group stay behind; the caller gets none then. */
struct batch *batcher_take(struct batcher *b, bool end)
{
    if (b->filling == NULL) return NULL;
    bool whole = b->group_size > 0 ? b->filling->n % (size_t)b->group_size == 0 : b->group == NULL;
    return end || whole ? take(b) : NULL;
}

/* ---- a batch judged ------------------------------------------------------------------------------------------ */

/* {items, ...settings}. A line that is no JSON is null there, and its error in errors. */
static cJSON *make_request(struct batch *b, struct error *errors)
{
    cJSON *request = b->settings != NULL ? b->settings : cJSON_CreateObject();
    b->settings = NULL;
    cJSON *items = cJSON_AddArrayToObject(request, "items");
    for (size_t i = 0, start = 0; items != NULL && i < b->n; start = b->ends[i++]) {
        struct span line = span_slice(buffer_span(&b->text), start, b->ends[i]);
        cJSON *item = json_parse(line, &errors[i]);
        if (item == NULL) item = cJSON_CreateNull();
        json_put(items, NULL, item);
    }
    return request;
}

/* Lines that are in no group have no advantage, whatever the settings ask of those that are. */
static void fit_advantage(const struct batch *b, cJSON *request)
{
    if (b->group_size == 0 && !b->keyed) {
        cJSON_DeleteItemFromObjectCaseSensitive(request, "advantage");
    }
}

struct judge_job *batch_job(struct batch *b, struct judge *judge, struct error *err)
{
    struct error *errors = mem_new(b->n + 1, sizeof(*errors), err);
    struct judge_job *job = NULL;
    mem_forget();
    cJSON *request = errors != NULL ? make_request(b, errors) : NULL;
    if (errors != NULL && mem_ran_out()) { /* lines may be missing */
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the lines");
        cJSON_Delete(request);
    } else if (errors != NULL) {
        fit_advantage(b, request);
        job = job_new(
            judge, &(struct job_order){.body = request, .form = &job_native, .lines = true}, err);
    }
    for (size_t i = 0; job != NULL && i < job->n; i++) {
        if (errors[i].code == ERROR_NONE) continue;
        job->items[i].scored.error = NULL; /* that it is null says less */
        scored_fail(&job->items[i].scored, &errors[i]);
    }
    free(errors);
    batch_free(b);
    return job;
}

bool batch_print(struct judge_job *job, struct buffer *out)
{
    job_settle(job);
    if (job->failed || job->texts.failed) return false;
    for (size_t i = 0; i < job->n; i++) {
        reply_item(job, &job->items[i], out);
        buffer_add_char(out, '\n');
    }
    return !out->failed;
}
