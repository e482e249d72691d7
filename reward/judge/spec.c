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

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "reward/judge/registry.h"
#include "reward/row/limits.h"

static const double MAX_WEIGHT = 1e9;

static bool wrong_type(const cJSON *v, const char *name, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_INVALID_TYPE, name, "%s must be %s, not %s", name, wanted,
                     json_type_name(v));
}

/* "a", "b", "c" for messages; cut where the room ends. */
static void list_choices(const char *const *choices, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; choices[i] != NULL && n < room; i++) {
        int wrote = snprintf(out + n, room - n, "%s%s", i == 0 ? "" : ", ", choices[i]);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
}

static bool read_choice(const struct reward_option *o, struct span text, int *out,
                        struct error *err)
{
    for (int i = 0; o->choices[i] != NULL; i++) {
        if (span_is(text, o->choices[i])) {
            *out = i;
            return true;
        }
    }
    char all[160];
    list_choices(o->choices, all, sizeof(all));
    return error_set(err, ERROR_INVALID_VALUE, o->name, "%s is \"%.*s\"; it must be one of %s",
                     o->name, (int)(text.n < 40 ? text.n : 40), text.n == 0 ? "" : text.p, all);
}

static bool read_number(const struct reward_option *o, const cJSON *v, double *out,
                        struct error *err)
{
    const char *wanted = o->type == OPTION_INT ? "an integer" : "a number";
    if (!cJSON_IsNumber(v)) return wrong_type(v, o->name, wanted, err);
    double d = v->valuedouble;
    if (!isfinite(d) || (o->type == OPTION_INT && d != floor(d))) {
        return wrong_type(v, o->name, wanted, err);
    }
    if (d < o->min || d > o->max) {
        return error_set(err, ERROR_INVALID_VALUE, o->name, "%s is %.15g; it must be from %g to %g",
                         o->name, d, o->min, o->max);
    }
    *out = d;
    return true;
}

/* One option from its JSON value. */
static bool read_option(const struct reward_option *o, const cJSON *v, struct arena *a,
                        struct option_value *out, struct error *err)
{
    double number = 0;
    out->set = true;
    switch (o->type) {
    case OPTION_BOOL:
        if (!cJSON_IsBool(v)) return wrong_type(v, o->name, "true or false", err);
        out->on = cJSON_IsTrue(v);
        return true;
    case OPTION_INT:
        if (!read_number(o, v, &number, err)) return false;
        out->i = (int64_t)number;
        return true;
    case OPTION_REAL:
        if (!read_number(o, v, &number, err)) return false;
        out->real = number;
        return true;
    case OPTION_TEXT:
        if (!cJSON_IsString(v)) return wrong_type(v, o->name, "a string", err);
        out->text = json_text(v, a);
        return true;
    case OPTION_CHOICE:
        if (!cJSON_IsString(v)) return wrong_type(v, o->name, "a string", err);
        return read_choice(o, json_text(v, a), &out->choice, err);
    case OPTION_JSON:
        out->json = v;
        return true;
    }
    return error_set(err, ERROR_INTERNAL, o->name, "option of unknown type");
}

/* The table's own default. Its text is ours, so it is read without a JSON parser. */
static bool read_fallback(const struct reward_option *o, struct option_value *out,
                          struct error *err)
{
    struct span text = span_str(o->fallback);
    if (o->fallback == NULL || o->type == OPTION_JSON) return true;
    out->set = true;
    switch (o->type) {
    case OPTION_BOOL:
        out->on = span_is(text, "true");
        return true;
    case OPTION_INT:
        out->i = strtoll(o->fallback, NULL, 10);
        return true;
    case OPTION_REAL:
        out->real = strtod(o->fallback, NULL);
        return true;
    default: /* text and choices: a quoted string without escapes */
        text = span_slice(text, 1, text.n - 1);
        if (o->type == OPTION_CHOICE) return read_choice(o, text, &out->choice, err);
        out->text = text;
        return true;
    }
}

static int option_index(const struct reward *r, const char *name)
{
    for (int i = 0; i < r->n_options; i++) {
        if (strcmp(r->options[i].name, name) == 0) return i;
    }
    return -1;
}

static bool is_frame_key(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "weight") == 0 || strcmp(key, "as") == 0;
}

/* Options given, then defaults for the rest. */
static bool read_options(const cJSON *entry, const struct reward *r, struct arena *a,
                         struct option_value *values, struct error *err)
{
    const cJSON *field;
    cJSON_ArrayForEach(field, entry)
    {
        if (is_frame_key(field->string)) continue;
        int i = option_index(r, field->string);
        if (i < 0) {
            return error_set(err, ERROR_UNKNOWN_FIELD, field->string,
                             "reward %s has no option \"%.100s\"", r->name, field->string);
        }
        if (cJSON_IsNull(field)) continue; /* null: the default */
        if (!read_option(&r->options[i], field, a, &values[i], err)) return false;
        values[i].given = true;
    }
    for (int i = 0; i < r->n_options; i++) {
        if (!values[i].given && !read_fallback(&r->options[i], &values[i], err)) return false;
    }
    return true;
}

/* Options of one spec, defaults only when entry is NULL, and what prepare() makes of them. */
static bool bind_options(struct spec *s, const cJSON *entry, struct arena *a, struct error *err)
{
    struct option_value *values = arena_alloc(a, (size_t)s->reward->n_options + 1, sizeof(*values));
    if (values == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for rewards");
    if (!read_options(entry, s->reward, a, values, err)) return false;
    s->options = values;
    return s->reward->prepare == NULL || s->reward->prepare(values, &s->prepared, err);
}

static bool read_entry(const cJSON *entry, struct arena *a, struct spec *s, struct error *err)
{
    if (!cJSON_IsObject(entry)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a reward must be an object, not %s",
                         json_type_name(entry));
    }
    const char *name = NULL, *label = NULL;
    if (!json_get_string(entry, "name", &name, err)) return false;
    if (name == NULL) return error_set(err, ERROR_MISSING_FIELD, "name", "name is missing");
    s->reward = reward_find(span_str(name));
    if (s->reward == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "name", "there is no reward \"%.64s\"", name);
    }
    s->json = entry;
    s->weight = 1;
    if (!json_get_double(entry, "weight", -MAX_WEIGHT, MAX_WEIGHT, &s->weight, err)) return false;
    if (!json_get_string(entry, "as", &label, err)) return false;
    s->label = span_str(label == NULL ? s->reward->name : label);
    if (s->label.n == 0 || s->label.n > REWARD_MAX_LABEL) {
        return error_set(err, ERROR_INVALID_VALUE, "as", "as has %zu bytes; it must have 1 to %d",
                         s->label.n, REWARD_MAX_LABEL);
    }
    return bind_options(s, entry, a, err);
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
    l->specs[l->n++] = (struct spec){.reward = accuracy, .hidden = true};
    return bind_options(&l->specs[l->teller], NULL, a, err);
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
        if (s->prepared != NULL) s->reward->release(s->prepared);
    }
    *list = (struct spec_list){.teller = -1};
}
