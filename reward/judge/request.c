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
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/judge/numbering.h"
#include "reward/row/limits.h"

static bool read_unjudged(const cJSON *object, struct unjudged *out, struct error *err)
{
    const char *const name = "on_cannot_judge";
    if (json_get(object, name) == NULL) return true;
    out->counts = true;
    return json_get_double(object, name, -1e9, 1e9, &out->value, err);
}

/* "advantage": absent means grpo where there are groups. */
static bool read_advantage(struct judge_job *job, const cJSON *request, bool grouped,
                           struct error *err)
{
    const char *name = NULL;
    job->method = grouped ? ADVANTAGE_TRL_GRPO : ADVANTAGE_NONE;
    if (!json_get_string(request, "advantage", &name, err)) return false;
    if (name == NULL) return true;
    if (!advantage_method_find(span_str(name), &job->method)) {
        return error_set(err, ERROR_INVALID_VALUE, "advantage", "there is no method \"%.64s\"",
                         name);
    }
    if (job->method != ADVANTAGE_NONE && !grouped) {
        return error_set(err, ERROR_MISSING_FIELD, "group_size",
                         "an advantage needs groups: give group_size, or every item a group");
    }
    return true;
}

static bool read_specs(struct judge_job *job, const cJSON *request, struct error *err)
{
    const cJSON *list = json_get(request, "rewards");
    if (list == NULL) list = judge_default_rewards(job->judge);
    return spec_list_parse(list, job->arena, &job->specs, err) || error_in(err, "rewards");
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

static bool read_items(struct judge_job *job, const cJSON *request, struct error *err)
{
    const cJSON *list = job->single ? NULL : json_get(request, "items"), *item;
    if (!job->single && !cJSON_IsArray(list)) {
        return error_set(err, list == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "items",
                         "items must be a list, not %s", json_type_name(list));
    }
    int n = job->single ? 1 : cJSON_GetArraySize(list);
    int most =
        job->bare_paths ? REWARD_MAX_ITEMS : job->judge->max_items; /* lines come in batches */
    if (n > most) {
        return error_set(err, ERROR_INVALID_VALUE, "items", "%d items; at most %d in one request",
                         n, most);
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
    return true;
}

/* A reward list of the item's own. */
static bool own_specs(struct judge_job *job, struct job_item *it, const cJSON *list,
                      struct error *err)
{
    struct spec_list *own = arena_alloc(job->arena, 1, sizeof(*own));
    if (own == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for rewards");
    bool ok = spec_list_parse(list, job->arena, own, err);
    own->next = job->own_specs; /* also when wrong: what it prepared must be released */
    job->own_specs = own;
    it->scored.specs = own;
    return ok || error_in(err, "rewards");
}

static bool bind_item(struct judge_job *job, struct job_item *it, struct error *err)
{
    struct scored *s = &it->scored;
    if (!item_read(it->json, true, &it->item, err)) return false;
    if (!read_unjudged(it->json, &s->unjudged, err)) return false;
    const cJSON *own = it->item.fields[ITEM_REWARDS];
    if (own != NULL && !job->single && !own_specs(job, it, own, err)) return false;
    s->parts = arena_alloc(job->arena, (size_t)s->specs->n, sizeof(*s->parts));
    return s->parts != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for rewards");
}

static bool check_request_keys(const struct judge_job *job, const cJSON *request, struct error *err)
{
    static const char *const keys[] = {"items",     "rewards",         "group_size",
                                       "advantage", "on_cannot_judge", NULL};
    return job->single || json_check_keys(request, keys, err);
}

bool request_bind(struct judge_job *job, const cJSON *request, struct error *err)
{
    if (!cJSON_IsObject(request)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "the body must be an object, not %s",
                         json_type_name(request));
    }
    job->single = cJSON_GetObjectItemCaseSensitive(request, "completion") != NULL;
    job->bare_paths |= job->single;
    if (!check_request_keys(job, request, err) || !read_specs(job, request, err) ||
        !read_unjudged(request, &job->unjudged, err) || !read_items(job, request, err)) {
        return false;
    }
    if (!groups_number(job, request, err)) return false;
    if (!read_advantage(job, request, job->n_groups > 0, err)) return false;
    for (size_t i = 0; i < job->n; i++) {
        struct error e = {0};
        if (!bind_item(job, &job->items[i], &e)) scored_fail(&job->items[i].scored, &e);
    }
    return true;
}
