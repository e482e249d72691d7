/* reward/judge/spec.c - see spec.h.
 *
 * A list of rewards is read against the registry's rows: an entry's own keys (name, weight, as),
 * then every option by its row's type and range, then the defaults of what was not given, and last
 * the row's prepare(), which builds what all items share. Nothing here knows a reward by name but
 * accuracy: where a part wants to know whether the answer is right and no other part says so, a
 * hidden accuracy part is added at the end to tell it (choose_teller). So the order of a list never
 * matters but for who tells first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/spec.h"

#include <assert.h>

#include "base/json.h"
#include "reward/judge/registry.h"
#include "reward/row/limits.h"

#define MAX_WEIGHT 1e9

/* What every entry has beside the options of its reward. */
struct frame {
    struct span name, label;
    double weight;
};

static const struct field frame_rows[] = {
    {"name", FIELD_TEXT, .offset = offsetof(struct frame, name), .required = true,
     .doc = "which reward"},
    {"weight", FIELD_DOUBLE, .offset = offsetof(struct frame, weight), .min = -MAX_WEIGHT,
     .max = MAX_WEIGHT, .fallback = "1", .doc = "what its value counts in the item's reward"},
    {"as", FIELD_TEXT, .offset = offsetof(struct frame, label), .doc = "its name in the reply"},
    {0},
};

/* Which options were given, and which have a value. */
static void note_given(const cJSON *entry, const struct field *rows, struct option_value *values)
{
    for (size_t i = 0; i < fields_count(rows); i++) {
        values[i].given = json_get(entry, rows[i].name) != NULL;
        values[i].set = values[i].given || rows[i].fallback != NULL;
    }
}

/* The frame and options of one spec, defaults only when entry is NULL, and what prepare() makes of
 * them. */
static bool read_options(struct spec *s, const cJSON *entry, struct frame *f, struct arena *a,
                         struct error *err)
{
    static const struct field none[] = {{0}};
    const struct field *rows = s->reward->options == NULL ? none : s->reward->options;
    struct option_value *values = arena_alloc(a, fields_count(rows) + 1, sizeof(*values));
    struct field_context context = {.arena = a};
    struct field_table tables[] = {
        FIELD_TABLE(frame_rows, f),
        {.rows = rows, .target = values, .stride = sizeof(*values)},
    };
    if (values == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for rewards");
    bool ok = entry == NULL ? fields_default(&tables[1], err)
                            : fields_read(entry, tables, 2, &context, err);
    if (!ok) return false;
    note_given(entry, rows, values);
    s->options = values;
    return s->reward->prepare == NULL || s->reward->prepare(values, &s->prepared, err);
}

static bool read_entry(const cJSON *entry, struct arena *a, struct spec *s, struct error *err)
{
    struct frame f = {0};
    if (!cJSON_IsObject(entry)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a reward must be an object, not %s",
                         json_type_name(entry));
    }
    const char *name = NULL; /* it says which options there are */
    if (!json_get_string(entry, "name", &name, err)) return false;
    if (name == NULL) return error_set(err, ERROR_MISSING_FIELD, "name", "name is missing");
    s->reward = reward_find(span_str(name));
    if (s->reward == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "name", "there is no reward \"%.64s\"", name);
    }
    s->json = entry;
    if (!read_options(s, entry, &f, a, err)) return false;
    s->weight = f.weight;
    s->label = f.label.p == NULL ? span_str(s->reward->name) : f.label;
    if (s->label.n == 0 || s->label.n > REWARD_MAX_LABEL) {
        return error_set(err, ERROR_INVALID_VALUE, "as", "as has %zu bytes; it must have 1 to %d",
                         s->label.n, REWARD_MAX_LABEL);
    }
    return true;
}

static bool check_label(const struct spec_list *l, int i, struct error *err)
{
    for (int j = 0; j < i; j++) {
        if (span_eq(l->specs[i].label, l->specs[j].label)) {
            return error_set(err, ERROR_INVALID_VALUE, "as",
                             "two rewards are called \"%.*s\"; tell them apart with \"as\"",
                             (int)l->specs[i].label.n, l->specs[i].label.p);
        }
    }
    return true;
}

/* Who tells the wants_correct parts: the first part that can, else a hidden accuracy part. */
static bool choose_teller(struct spec_list *l, struct arena *a, struct error *err)
{
    bool wanted = false;
    l->teller = -1;
    for (int i = 0; i < l->n; i++) {
        wanted |= l->specs[i].reward->wants_correct;
        if (l->teller < 0 && l->specs[i].reward->tells_correct) l->teller = i;
    }
    const struct reward *accuracy = reward_find(span_str("accuracy"));
    if (!wanted || l->teller >= 0 || accuracy == NULL) return true;
    l->teller = l->n;
    assert(l->n <= REWARD_MAX_SPECS); /* there is room for one more */
    l->specs[l->n++] = (struct spec){.reward = accuracy, .hidden = true};
    return read_options(&l->specs[l->teller], NULL, NULL, a, err);
}

bool spec_list_parse(const cJSON *list, struct arena *a, struct spec_list *out, struct error *err)
{
    *out = (struct spec_list){.teller = -1};
    if (!cJSON_IsArray(list)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "rewards must be a list, not %s",
                         json_type_name(list));
    }
    int n = cJSON_GetArraySize(list);
    if (n < 1 || n > REWARD_MAX_SPECS) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "%d rewards; there must be 1 to %d", n,
                         REWARD_MAX_SPECS);
    }
    out->specs = arena_alloc(a, (size_t)n + 1, sizeof(*out->specs)); /* + the hidden one */
    if (out->specs == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for %d rewards", n);
    }
    const cJSON *entry;
    cJSON_ArrayForEach(entry, list)
    {
        int i = out->n++;
        if (!read_entry(entry, a, &out->specs[i], err) || !check_label(out, i, err)) {
            return error_in(err, "[%d]", i);
        }
    }
    return choose_teller(out, a, err);
}

void spec_list_clear(struct spec_list *list)
{
    for (int i = 0; i < list->n; i++) {
        struct spec *s = &list->specs[i];
        assert(s->prepared == NULL || s->reward->release != NULL);
        if (s->prepared != NULL) s->reward->release(s->prepared);
    }
    *list = (struct spec_list){.teller = -1};
}
