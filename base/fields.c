/* base/fields.c - see fields.h. One function a kind of value, in a table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static_assert(FIELD_IGNORED < FIELD_REFUSED && FIELD_REFUSED < FIELD_OTHERS &&
                  FIELD_OTHERS + 1 == FIELD_KINDS,
              "the kinds without a value come last");

/* ---- values ----------------------------------------------------------------------------------- */

bool field_wrong_type(const cJSON *v, const char *wanted, struct error *err)
{
    const char *name = v == NULL || v->string == NULL ? "the value" : v->string;
    return error_set(err, ERROR_INVALID_TYPE, NULL, "%.60s must be %s, not %s", name, wanted,
                     json_type_name(v));
}

static bool out_of_range(const char *name, const struct field *f, const cJSON *v,
                         struct error *err)
{
    char scratch[JSON_NUMBER_ROOM];
    struct span text = json_number(v, scratch);
    return error_set(err, ERROR_INVALID_VALUE, NULL, "%s is %.*s; it must be from %.15g to %.15g",
                     name, text.n < 40 ? (int)text.n : 40, text.p, f->min, f->max);
}

/* A bound as an int64_t; the ends of the range are not exact as doubles. */
static int64_t bound(double d)
{
    return d >= 0x1p63 ? INT64_MAX : d <= -0x1p63 ? INT64_MIN : (int64_t)d;
}

static bool read_whole(const struct field *f, const cJSON *v, int64_t *out, struct error *err)
{
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    if (!json_digits(v, scratch, &d) || !digits_is_whole(&d)) {
        return field_wrong_type(v, "an integer", err);
    }
    if (!digits_int64(&d, out) || *out < bound(f->min) || *out > bound(f->max)) {
        return out_of_range(f->name, f, v, err);
    }
    return true;
}

static bool read_int(const struct field *f, const cJSON *v, const struct field_context *context,
                     void *out, struct error *err)
{
    int64_t value;
    (void)context;
    if (!read_whole(f, v, &value, err)) return false;
    *(int *)out = (int)value;
    return true;
}

static bool read_int64(const struct field *f, const cJSON *v, const struct field_context *context,
                       void *out, struct error *err)
{
    (void)context;
    return read_whole(f, v, out, err);
}

static bool read_double(const struct field *f, const cJSON *v, const struct field_context *context,
                        void *out, struct error *err)
{
    (void)context;
    if (!cJSON_IsNumber(v)) return field_wrong_type(v, "a number", err);
    double d = v->valuedouble;
    if (!(d >= f->min && d <= f->max)) return out_of_range(f->name, f, v, err);
    *(double *)out = d;
    return true;
}

static bool read_float(const struct field *f, const cJSON *v, const struct field_context *context,
                       void *out, struct error *err)
{
    double d = 0;
    if (!read_double(f, v, context, &d, err)) return false;
    *(float *)out = (float)d;
    return true;
}

static bool read_bool(const struct field *f, const cJSON *v, const struct field_context *context,
                      void *out, struct error *err)
{
    (void)f, (void)context;
    if (!cJSON_IsBool(v)) return field_wrong_type(v, "true or false", err);
    *(bool *)out = cJSON_IsTrue(v);
    return true;
}

static bool read_text(const struct field *f, const cJSON *v, const struct field_context *context,
                      void *out, struct error *err)
{
    if (!cJSON_IsString(v)) return field_wrong_type(v, "a string", err);
    struct span text = json_text(v, context->arena);
    *(struct span *)out = text;
    return text.p != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %s", f->name);
}

/* Element i of f's list is not `wanted`. */
static bool wrong_element(const struct field *f, size_t i, const cJSON *v, const char *wanted,
                          struct error *err)
{
    error_set(err, ERROR_INVALID_TYPE, NULL, "%s[%zu] must be %s, not %s", f->name, i, wanted,
              json_type_name(v));
    return error_in(err, "[%zu]", i);
}

/* v's elements, or v itself, into texts, which has room for them. */
static bool fill_texts(const struct field *f, const cJSON *v, bool single, struct arena *a,
                       struct span *texts, struct error *err)
{
    size_t i = 0;
    for (const cJSON *one = single ? v : v->child; one != NULL; one = single ? NULL : one->next) {
        if (!cJSON_IsString(one)) return wrong_element(f, i, one, "a string", err);
        texts[i] = json_text(one, a);
        if (texts[i++].p == NULL) {
            return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %s", f->name);
        }
    }
    return true;
}

static bool read_texts(const struct field *f, const cJSON *v, const struct field_context *context,
                       void *out, struct error *err)
{
    struct text_list *list = out;
    bool may_be_one = f->kind == FIELD_TEXT_OR_TEXTS, single = may_be_one && cJSON_IsString(v);
    if (!single && !cJSON_IsArray(v)) {
        return field_wrong_type(v, may_be_one ? "a string or an array of strings"
                                              : "an array of strings", err);
    }
    size_t n = single ? 1 : (size_t)cJSON_GetArraySize(v);
    if ((double)n < f->min || (double)n > f->max) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "%s has %zu strings; it must have from %.15g to %.15g", f->name, n,
                         f->min, f->max);
    }
    struct span *texts = arena_alloc(context->arena, n + 1, sizeof(*texts));
    if (texts == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %s", f->name);
    *list = (struct text_list){texts, n, single};
    return fill_texts(f, v, single, context->arena, texts, err);
}

static bool read_numbers(const struct field *f, const cJSON *v, const struct field_context *context,
                         void *out, struct error *err)
{
    struct number_list *list = out;
    if (!cJSON_IsArray(v)) return field_wrong_type(v, "an array of numbers", err);
    size_t n = (size_t)cJSON_GetArraySize(v), i = 0;
    double *values = arena_alloc(context->arena, n + 1, sizeof(*values));
    if (values == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %s", f->name);
    *list = (struct number_list){values, n};
    const cJSON *one;
    cJSON_ArrayForEach(one, v)
    {
        if (!cJSON_IsNumber(one)) return wrong_element(f, i, one, "a number", err);
        if (!(one->valuedouble >= f->min && one->valuedouble <= f->max)) {
            char name[80];
            snprintf(name, sizeof(name), "%.60s[%zu]", f->name, i);
            out_of_range(name, f, one, err);
            return error_in(err, "[%zu]", i);
        }
        values[i++] = one->valuedouble;
    }
    return true;
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

bool field_read_choice(const char *const *choices, struct span text, int *out, struct error *err)
{
    for (int i = 0; choices[i] != NULL; i++) {
        if (span_is(text, choices[i])) {
            *out = i;
            return true;
        }
    }
    char all[160];
    list_choices(choices, all, sizeof(all));
    return error_set(err, ERROR_INVALID_VALUE, NULL, "\"%.*s\" is not one of %s",
                     text.n < 40 ? (int)text.n : 40, text.n == 0 ? "" : text.p, all);
}

static bool read_choice(const struct field *f, const cJSON *v, const struct field_context *context,
                        void *out, struct error *err)
{
    (void)context;
    if (!cJSON_IsString(v)) return field_wrong_type(v, "a string", err);
    return field_read_choice(f->choices, span_str(v->valuestring), out, err);
}

static bool read_value(const struct field *f, const cJSON *v, const struct field_context *context,
                       void *out, struct error *err)
{
    (void)context;
    if (f->kind == FIELD_OBJECT && !cJSON_IsObject(v)) {
        return field_wrong_type(v, "an object", err);
    }
    if (f->kind == FIELD_ARRAY && !cJSON_IsArray(v)) return field_wrong_type(v, "an array", err);
    *(const cJSON **)out = v;
    return true;
}

static bool read_own(const struct field *f, const cJSON *v, const struct field_context *context,
                     void *out, struct error *err)
{
    return f->read(context, v, out, err);
}

static bool read_ignored(const struct field *f, const cJSON *v, const struct field_context *context,
                         void *out, struct error *err)
{
    (void)f, (void)v, (void)context, (void)out, (void)err;
    return true;
}

/* [], {} and "" ask for nothing, whatever the field is about. */
static bool is_empty(const cJSON *v)
{
    bool nested = cJSON_IsArray(v) || cJSON_IsObject(v);
    return nested ? v->child == NULL : cJSON_IsString(v) && v->valuestring[0] == '\0';
}

static bool read_refused(const struct field *f, const cJSON *v, const struct field_context *context,
                         void *out, struct error *err)
{
    (void)context, (void)out;
    if (is_empty(v)) return true;
    cJSON *neutral = f->neutral == NULL ? NULL : json_parse(span_str(f->neutral), NULL);
    bool same = neutral != NULL && cJSON_Compare(v, neutral, true);
    cJSON_Delete(neutral);
    if (same) return true;
    return error_set(err, ERROR_UNSUPPORTED, NULL, "%s is not supported by this server", f->name);
}

static bool (*const readers[FIELD_KINDS])(const struct field *f, const cJSON *v,
                                          const struct field_context *context, void *out,
                                          struct error *err) = {
    [FIELD_INT] = read_int,         [FIELD_INT64] = read_int64,  [FIELD_FLOAT] = read_float,
    [FIELD_DOUBLE] = read_double,   [FIELD_BOOL] = read_bool,    [FIELD_TEXT] = read_text,
    [FIELD_CHOICE] = read_choice,   [FIELD_TEXTS] = read_texts,  [FIELD_TEXT_OR_TEXTS] = read_texts,
    [FIELD_NUMBERS] = read_numbers, [FIELD_OBJECT] = read_value, [FIELD_ARRAY] = read_value,
    [FIELD_VALUE] = read_value,     [FIELD_READ] = read_own,     [FIELD_IGNORED] = read_ignored,
    [FIELD_REFUSED] = read_refused, [FIELD_OTHERS] = read_ignored,
};

bool field_read(const struct field *f, const cJSON *v, void *out,
                const struct field_context *context, struct error *err)
{
    assert((unsigned)f->kind < FIELD_KINDS && (f->kind == FIELD_READ) == (f->read != NULL));
    return readers[f->kind](f, v, context, out, err) || error_in(err, "%s", f->name);
}

/* ---- tables ----------------------------------------------------------------------------------- */

size_t fields_count(const struct field *rows)
{
    size_t n = 0;
    while (rows != NULL && rows[n].name != NULL) {
        n++;
    }
    return n;
}

bool fields_are_listed(const struct field *const *list, const struct field *rows)
{
    while (*list != NULL && *list != rows) {
        list++;
    }
    return *list != NULL;
}

static void *target_of(const struct field_table *t, size_t i)
{
    return (char *)t->target + i * t->stride + t->rows[i].offset;
}

/* A fallback is ours: a number, true, false or a string without escapes, read without a parser. */
static bool read_fallback(const struct field *f, void *out, struct error *err)
{
    struct span text = span_str(f->fallback);
    switch (f->kind) {
    case FIELD_INT:
        *(int *)out = (int)strtol(text.p, NULL, 10);
        return true;
    case FIELD_INT64:
        *(int64_t *)out = strtoll(text.p, NULL, 10);
        return true;
    case FIELD_FLOAT:
        *(float *)out = strtof(text.p, NULL);
        return true;
    case FIELD_DOUBLE:
        *(double *)out = strtod(text.p, NULL);
        return true;
    case FIELD_BOOL:
        *(bool *)out = span_is(text, "true");
        return true;
    case FIELD_TEXT:
        *(struct span *)out = span_slice(text, 1, text.n - 1);
        return true;
    case FIELD_CHOICE:
        return field_read_choice(f->choices, span_slice(text, 1, text.n - 1), out, err);
    default:
        return true; /* documented alone */
    }
}

bool fields_default(const struct field_table *t, struct error *err)
{
    for (size_t i = 0; t->rows[i].name != NULL; i++) {
        if (t->rows[i].fallback == NULL) continue;
        if (!read_fallback(&t->rows[i], target_of(t, i), err)) return false;
    }
    return true;
}

static bool check_required(const cJSON *object, const struct field_table *t, struct error *err)
{
    for (const struct field *f = t->rows; f->name != NULL; f++) {
        if (!f->required || json_get(object, f->name) != NULL) continue;
        return error_set(err, ERROR_MISSING_FIELD, f->name, "%s is missing", f->name);
    }
    return true;
}

/* The row of a name, else the one that stands for others: its table and number. False: neither is
 * there. */
static bool find(const struct field_table *tables, size_t n, const char *name,
                 const struct field_table **table, size_t *row)
{
    const struct field_table *others = NULL;
    size_t others_row = 0;
    for (*table = tables; *table < tables + n; (*table)++) {
        const struct field *rows = (*table)->rows;
        for (*row = 0; rows[*row].name != NULL; (*row)++) {
            if (rows[*row].kind == FIELD_OTHERS) {
                others = *table;
                others_row = *row;
            } else if (strcmp(rows[*row].name, name) == 0) {
                return true;
            }
        }
    }
    *table = others;
    *row = others_row;
    return others != NULL;
}

/* The row whose name is nearest to one that no row has; NULL: none is near. */
static const char *meant_by(const struct field_table *tables, size_t n, const char *name)
{
    const char *found = NULL;
    int nearest = 0;
    for (size_t t = 0; t < n; t++) {
        for (const struct field *f = tables[t].rows; f->name != NULL; f++) {
            int distance = unknown_distance(name, f->name);
            if (distance < 0 || (found != NULL && distance >= nearest)) continue;
            found = f->name;
            nearest = distance;
        }
    }
    return found;
}

bool fields_unknown(const struct field_table *tables, size_t n, const char *name,
                    const struct field_context *context, struct error *err)
{
    /* Once there is no room for it nobody reads it, and a body may have very many of them. */
    bool told = context->unknown == NULL || context->unknown->n < UNKNOWN_MOST;
    const char *meant = told ? meant_by(tables, n, name) : NULL;
    if (context->unknown != NULL) {
        unknown_note(context->unknown, name, meant);
        return true;
    }
    if (meant == NULL) {
        return error_set(err, ERROR_UNKNOWN_FIELD, name, "unknown field \"%.100s\"", name);
    }
    return error_set(err, ERROR_UNKNOWN_FIELD, name, "unknown field \"%.100s\"; did you mean %s?",
                     name, meant);
}

static bool read_known(const struct field_table *table, size_t row, const cJSON *v,
                       const struct field_context *context, struct error *err)
{
    const struct field *f = &table->rows[row];
    size_t before = context->unknown == NULL ? 0 : context->unknown->n;
    if (!field_read(f, v, target_of(table, row), context, err)) return false;
    if (context->unknown != NULL) unknown_within(context->unknown, before, "%s", f->name);
    return true;
}

bool fields_read(const cJSON *object, const struct field_table *tables, size_t n,
                 const struct field_context *context, struct error *err)
{
    if (!cJSON_IsObject(object)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "%.60s must be an object, not %s",
                         object == NULL || object->string == NULL ? "the body" : object->string,
                         json_type_name(object));
    }
    for (size_t t = 0; t < n; t++) {
        if (!fields_default(&tables[t], err)) return false;
    }
    const cJSON *v;
    cJSON_ArrayForEach(v, object)
    {
        const struct field_table *table;
        size_t row;
        if (cJSON_IsNull(v)) continue;
        bool known = find(tables, n, v->string, &table, &row);
        if (known ? !read_known(table, row, v, context, err)
                  : !fields_unknown(tables, n, v->string, context, err)) {
            return false;
        }
    }
    for (size_t t = 0; t < n; t++) {
        if (!check_required(object, &tables[t], err)) return false;
    }
    return true;
}

/* The row of t that keeps its value at `at`, NULL: none; given: only one that the object has. */
static const struct field *row_at(const struct field_table *t, const void *at, bool given)
{
    for (size_t i = 0; t->rows[i].name != NULL; i++) {
        const struct field *f = &t->rows[i];
        if (f->kind >= FIELD_IGNORED) continue; /* no value */
        if (target_of(t, i) != at || (given && json_get(t->object, f->name) == NULL)) continue;
        return f;
    }
    return NULL;
}

bool fields_name(const struct field_table *tables, size_t n, const void *at, char *out, size_t room)
{
    for (int given = 1; given >= 0; given--) {
        for (const struct field_table *t = tables; t < tables + n; t++) {
            const struct field *f = row_at(t, at, given);
            if (f == NULL) continue;
            const char *prefix = t->prefix == NULL ? "" : t->prefix;
            snprintf(out, room, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", f->name);
            return true;
        }
    }
    return false;
}

/* ---- shared readers --------------------------------------------------------------------------- */

bool field_read_id(const struct field_context *context, const cJSON *v, int *out, struct error *err)
{
    static const struct field any = {.name = "a token id", .min = -0x1p63, .max = 0x1p63};
    char scratch[JSON_NUMBER_ROOM];
    struct span text = json_number(v, scratch);
    int64_t id;
    struct error why = {0};
    if (!read_whole(&any, v, &id, &why)) {
        if (why.code != ERROR_INVALID_VALUE) {
            return error_set(err, ERROR_INVALID_TYPE, NULL, "a token id must be an integer, not %s",
                             json_type_name(v));
        }
        id = -1; /* beyond 64 bits */
    }
    if (id < 0 || id >= context->n_vocab) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "token id %.*s is out of vocabulary, which has %d ids",
                         text.n < 40 ? (int)text.n : 40, text.p, context->n_vocab);
    }
    *out = (int)id;
    return true;
}

bool field_read_ids(const struct field_context *context, const cJSON *value, void *out,
                    struct error *err)
{
    struct id_list *list = out;
    if (!cJSON_IsArray(value)) return field_wrong_type(value, "an array of token ids", err);
    size_t n = (size_t)cJSON_GetArraySize(value), i = 0;
    list->ids = arena_alloc(context->arena, n == 0 ? 1 : n, sizeof(*list->ids));
    if (list->ids == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %zu ids", n);
    list->n = (int)n;
    const cJSON *v;
    cJSON_ArrayForEach(v, value)
    {
        if (!field_read_id(context, v, &list->ids[i], err)) return error_in(err, "[%zu]", i);
        i++;
    }
    return true;
}
