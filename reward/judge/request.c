/* reward/judge/request.c - the body of POST /verify taken apart.
 *
 * What is wrong with the request as a whole refuses it; what is wrong with an item is the item's
 * own error. A body with "completion" at its top is a batch of one whose reward list is the
 * request's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/job.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/fields.h"
#include "base/json.h"
#include "base/mem.h"
#include "reward/judge/numbering.h"
#include "reward/judge/opinion.h"
#include "reward/row/limits.h"

/* ---- rows ---- */

#define AT(field) .offset = offsetof(struct request_settings, field)
#define REWARDS \
    { \
        "rewards", FIELD_VALUE, AT(rewards), \
            .shape = "object[]", .doc = "how each item is judged; none: the server's list" \
    }
#define UNJUDGED \
    { \
        "on_cannot_judge", FIELD_DOUBLE, AT(unjudged), \
            .min = -ITEM_MOST_UNJUDGED, .max = ITEM_MOST_UNJUDGED, \
            .doc = "what a reward counts where it has no value; none: the item has no reward then" \
    }

const struct field request_settings_rows[] = {
    REWARDS,
    {"group_size", FIELD_INT64, AT(group_size), .min = 1, .max = REWARD_MAX_GROUP_SIZE,
     .doc = "so many items in a row are one group"},
    {"advantage", FIELD_READ, AT(method), .read = advantage_method_read, .shape = "string",
     .doc = "whose estimator; grpo where there are groups"},
    UNJUDGED,
    {0},
};

/* Of a body that is one item: its other fields are the item's. */
static const struct field single_rows[] = {
    REWARDS, UNJUDGED, {"...", FIELD_OTHERS, .doc = "the item's"}, {0}};

const struct field request_items_rows[] = {
    {"items", FIELD_ARRAY, .required = true, .doc = "completions with what judges them"}, {0}};

static const struct request_settings nothing_said = {.method = ADVANTAGE_METHODS,
                                                     .unjudged = (double)NAN};

bool request_read_settings(const cJSON *line, struct request_settings *out, struct error *err)
{
    struct field_table table = FIELD_TABLE(request_settings_rows, out);
    struct field_context context = {0};
    *out = nothing_said;
    return fields_read(line, &table, 1, &context, err);
}

/* A native request's fields; *items stays NULL where the body is one item. */
static bool read_fields(const struct judge_job *job, const cJSON *request,
                        struct request_settings *out, const cJSON **items, struct error *err)
{
    struct field_table tables[] = {FIELD_TABLE(request_settings_rows, out),
                                   FIELD_TABLE(request_items_rows, items)};
    struct field_context context = {0};
    *out = nothing_said;
    if (job->single) tables[0].rows = single_rows;
    return fields_read(request, tables, job->single ? 1 : 2, &context, err);
}

/* ---- binding ---- */

/* An advantage needs groups; where nothing is said of it, groups mean grpo. */
static bool choose_method(struct judge_job *job, enum advantage_method said, struct error *err)
{
    bool grouped = job->n_groups > 0;
    job->method = said;
    if (said == ADVANTAGE_METHODS) job->method = grouped ? ADVANTAGE_TRL_GRPO : ADVANTAGE_NONE;
    return job->method == ADVANTAGE_NONE || grouped ||
           error_set(err, ERROR_MISSING_FIELD, "group_size",
                     "an advantage needs groups: give group_size, or every item a group");
}

/* May the method be asked of groups of these sizes? An item outside every group is one of its own. Of a file
 * of lines, which may end in a short group, nothing is asked. */
static bool check_sizes(const struct judge_job *job, struct error *err)
{
    bool ok = true;
    size_t *sizes = mem_new(job->n_groups + 1, sizeof(*sizes), err);
    if (sizes == NULL) return false;
    for (size_t i = 0; i < job->n; i++) {
        if (job->items[i].group != SIZE_MAX) sizes[job->items[i].group]++;
    }
    for (size_t i = 0; ok && !job->bare_paths && i < job->n; i++) {
        const struct job_item *it = &job->items[i];
        bool alone = it->group == SIZE_MAX;
        if (alone && it->scored.error != NULL) continue; /* it is in none for want of its name */
        ok = advantage_check_group(job->method, alone ? 1 : sizes[it->group], err);
        bool numbered = !alone && job->groups[it->group].name.p == NULL;
        if (!ok && !numbered) error_at(err, "items[%zu].group", i);
    }
    free(sizes);
    return ok;
}

static bool bind_specs(struct judge_job *job, const cJSON *list, struct error *err)
{
    if (list == NULL) list = judge_default_rewards(job->judge);
    bool ok = spec_list_parse(list, job->arena, &job->specs, err) &&
              opinions_check(job->judge->opinions, &job->specs, err);
    return ok || error_in(err, "rewards");
}

static void add_item(struct judge_job *job, const cJSON *json)
{
    struct job_item *it = &job->items[job->n];
    *it = (struct job_item){.json = json, .group = SIZE_MAX};
    it->scored = (struct scored){.run = &job->run,
                                 .item = &it->item,
                                 .specs = &job->specs,
                                 .arena = job->arena,
                                 .texts = &job->texts,
                                 .unjudged = job->unjudged,
                                 .place = job->bare_paths ? SIZE_MAX : job->n};
    it->id = cJSON_IsObject(json) ? json_get(json, "id") : NULL;
    job->n++;
}

/* list: NULL for a body that is one item, which is request. */
static bool add_items(struct judge_job *job, const cJSON *list, const cJSON *request,
                      struct error *err)
{
    const cJSON *item;
    int n = job->single ? 1 : cJSON_GetArraySize(list);
    /* lines come in batches */
    int most = job->bare_paths ? REWARD_MAX_ITEMS : job->judge->max_items;
    if (n > most) {
        return error_set(err, ERROR_INVALID_VALUE, job->form->list,
                         "%d items; at most %d in one request", n, most);
    }
    assert(job->items == NULL && job->begun_ns == 0); /* job.h (1) */
    job->items = mem_new((size_t)n + 1, sizeof(*job->items), err);
    if (job->items == NULL) return false;
    if (job->single) {
        add_item(job, request);
        return true;
    }
    cJSON_ArrayForEach(item, list)
    {
        add_item(job, item);
    }
    assert(job->n == (size_t)n);
    return true;
}

/* A reward list of the item's own. */
static bool own_specs(struct judge_job *job, struct job_item *it, const cJSON *list,
                      struct error *err)
{
    struct spec_list *own = arena_alloc(job->arena, 1, sizeof(*own));
    if (own == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for rewards");
    bool ok = spec_list_parse(list, job->arena, own, err) &&
              opinions_check(job->judge->opinions, own, err);
    own->next = job->own_specs; /* also when wrong: what it prepared must be released */
    job->own_specs = own;
    it->scored.specs = own;
    return ok || error_in(err, "rewards");
}

static bool bind_item(struct judge_job *job, struct job_item *it, struct error *err)
{
    struct scored *s = &it->scored;
    if (!item_read(it->json, true, &it->item, err)) return false;
    if (!item_unjudged(&it->item, &s->unjudged, err)) return false;
    const cJSON *own = it->item.fields[ITEM_REWARDS];
    if (own != NULL && !job->single && !own_specs(job, it, own, err)) return false;
    s->parts = arena_alloc(job->arena, (size_t)s->specs->n, sizeof(*s->parts));
    return s->parts != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for rewards");
}

bool request_bind(struct judge_job *job, const cJSON *request, struct error *err)
{
    struct request_settings settings;
    const cJSON *items = NULL;
    job->single = cJSON_GetObjectItemCaseSensitive(request, "completion") != NULL;
    job->bare_paths |= job->single;
    if (!read_fields(job, request, &settings, &items, err) ||
        !bind_specs(job, settings.rewards, err)) {
        return false;
    }
    job->unjudged = unjudged_of(settings.unjudged);
    if (!add_items(job, items, request, err)) return false;
    if (!groups_number(job, (size_t)settings.group_size, err)) return false;
    if (!choose_method(job, settings.method, err)) return false;
    for (size_t i = 0; i < job->n; i++) {
        struct error e = {0};
        if (!bind_item(job, &job->items[i], &e)) scored_fail(&job->items[i].scored, &e);
    }
    return job->n_groups == 0 || check_sizes(job, err);
}
