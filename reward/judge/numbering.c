/* reward/judge/numbering.c - see numbering.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/numbering.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "reward/row/limits.h"

enum { MAX_GROUP_NAME = 1024 };

static bool number_in_a_row(struct judge_job *job, size_t size, struct error *err)
{
    if (job->n % size != 0 && !job->bare_paths) { /* a file of lines may end in a short group */
        return error_set(err, ERROR_INVALID_VALUE, "group_size",
                         "%zu items do not divide into groups of %zu", job->n, size);
    }
    job->n_groups = (job->n + size - 1) / size;
    for (size_t i = 0; i < job->n; i++) {
        job->items[i].group = i / size;
    }
    return true;
}

/* An open-addressing table from key to group number, twice as large as there are items. */
struct key_table {
    size_t room;
    struct {
        struct span key; /* p NULL: free */
        size_t number;
    } * slots;
};

static size_t *table_find(struct key_table *t, struct span key)
{
    uint64_t h = hash_bytes(key);
    assert((t->room & (t->room - 1)) == 0);
    size_t at = (size_t)(h ^ h >> 32) & (t->room - 1);
    while (t->slots[at].key.p != NULL && !span_eq(t->slots[at].key, key)) {
        at = (at + 1) & (t->room - 1);
    }
    if (t->slots[at].key.p == NULL) {
        t->slots[at].key = key;
        t->slots[at].number = SIZE_MAX;
    }
    return &t->slots[at].number;
}

struct span group_name(const cJSON *key, struct arena *a)
{
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    struct buffer out;
    if (cJSON_IsString(key)) return json_text(key, a);
    if (!json_digits(key, scratch, &d)) return span_of(NULL, 0);
    buffer_init(&out, MAX_GROUP_NAME);
    bool ok = digits_print(&d, MAX_GROUP_NAME, &out); /* 1 and 1.0 are one group */
    char *name = ok ? arena_str(a, buffer_span(&out)) : NULL;
    size_t n = out.n;
    buffer_clear(&out);
    return span_of(name, name == NULL ? 0 : n);
}

/* "group" of an item as text. {NULL, 0}: none, or an error of the item. */
static struct span group_key(struct judge_job *job, struct job_item *it)
{
    const cJSON *key = cJSON_IsObject(it->json) ? json_get(it->json, "group") : NULL;
    if (key == NULL) return span_of(NULL, 0);
    struct span s = group_name(key, job->arena);
    if (s.p != NULL && s.n <= MAX_GROUP_NAME) return s;
    struct error e = {0};
    bool known = cJSON_IsString(key) || cJSON_IsNumber(key);
    error_set(&e, known ? ERROR_INVALID_VALUE : ERROR_INVALID_TYPE, "group",
              "group must be a string of at most %d bytes or a number", MAX_GROUP_NAME);
    scored_fail(&it->scored, &e);
    return span_of(NULL, 0);
}

static bool number_by_key(struct judge_job *job, struct error *err)
{
    struct key_table t = {.room = 16};
    while (t.room < 2 * job->n) {
        t.room *= 2;
    }
    assert(t.room >= 2 * job->n); /* a search ends at a free slot */
    t.slots = mem_new(t.room, sizeof(*t.slots), err);
    if (t.slots == NULL) return false;
    for (size_t i = 0; i < job->n; i++) {
        struct span key = group_key(job, &job->items[i]);
        if (key.p == NULL) continue;
        size_t *number = table_find(&t, key);
        if (*number == SIZE_MAX) *number = job->n_groups++;
        job->items[i].group = *number;
    }
    job->groups = mem_new(job->n_groups, sizeof(*job->groups), err);
    for (size_t s = 0; job->groups != NULL && s < t.room; s++) {
        if (t.slots[s].key.p != NULL) job->groups[t.slots[s].number].name = t.slots[s].key;
    }
    free(t.slots);
    return job->groups != NULL || job->n_groups == 0;
}

static bool any_key(const struct judge_job *job)
{
    for (size_t i = 0; i < job->n; i++) {
        const cJSON *item = job->items[i].json;
        if (cJSON_IsObject(item) && json_get(item, "group") != NULL) return true;
    }
    return false;
}

bool groups_number(struct judge_job *job, size_t size, struct error *err)
{
    bool keyed = any_key(job);
    if (keyed && size > 0) {
        return error_set(err, ERROR_INVALID_VALUE, "group_size",
                         "give either group_size or a group in the items, not both");
    }
    if (keyed) return number_by_key(job, err);
    if (size == 0) return true;
    if (!number_in_a_row(job, size, err)) return false;
    job->groups = mem_new(job->n_groups, sizeof(*job->groups), err);
    return job->groups != NULL;
}
