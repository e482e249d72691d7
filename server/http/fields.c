/* server/http/fields.c - see fields.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/fields.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

static bool wrong_type(const cJSON *v, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_INVALID_TYPE, v->string, "%.60s must be %s, not %s",
                     v->string == NULL ? "the value" : v->string, wanted, json_type_name(v));
}

static bool read_int(const struct field *f, const cJSON *object, int *out, struct error *err)
{
    int64_t value = *out;
    if (!json_get_int(object, f->name, (int64_t)f->min, (int64_t)f->max, &value, err)) return false;
    *out = (int)value;
    return true;
}

static bool read_float(const struct field *f, const cJSON *object, float *out, struct error *err)
{
    double value = (double)*out;
    if (!json_get_double(object, f->name, f->min, f->max, &value, err)) return false;
    *out = (float)value;
    return true;
}

static bool read_text(const struct field_context *context, const cJSON *v, struct span *out,
                      struct error *err)
{
    if (!cJSON_IsString(v)) return wrong_type(v, "a string", err);
    *out = json_text(v, context->arena);
    if (out->p != NULL) return true;
    return error_set(err, ERROR_NO_MEMORY, v->string, "no memory for %s", v->string);
}

/* [], {} and "" ask for nothing, whatever the field is about. */
static bool is_empty(const cJSON *v)
{
    bool nested = cJSON_IsArray(v) || cJSON_IsObject(v);
    return nested ? v->child == NULL : cJSON_IsString(v) && v->valuestring[0] == '\0';
}

static bool read_refused(const struct field *f, const cJSON *v, struct error *err)
{
    if (is_empty(v)) return true;
    cJSON *neutral = f->neutral == NULL ? NULL : cJSON_Parse(f->neutral);
    bool same = neutral != NULL && cJSON_Compare(v, neutral, true);
    cJSON_Delete(neutral);
    if (same) return true;
    return error_set(err, ERROR_UNSUPPORTED, f->name, "%s is not supported by this server",
                     f->name);
}

static bool read_field(const struct field *f, const cJSON *object, const cJSON *v, char *target,
                       const struct field_context *context, struct error *err)
{
    void *out = target + f->offset;
    switch (f->kind) {
    case FIELD_INT:
        return read_int(f, object, out, err);
    case FIELD_INT64:
        return json_get_int(object, f->name, (int64_t)f->min, (int64_t)f->max, out, err);
    case FIELD_FLOAT:
        return read_float(f, object, out, err);
    case FIELD_BOOL:
        return json_get_bool(object, f->name, out, err);
    case FIELD_TEXT:
        return read_text(context, v, out, err);
    case FIELD_OBJECT:
        if (!cJSON_IsObject(v)) return wrong_type(v, "an object", err);
        *(const cJSON **)out = v;
        return true;
    case FIELD_ARRAY:
        if (!cJSON_IsArray(v)) return wrong_type(v, "an array", err);
        *(const cJSON **)out = v;
        return true;
    case FIELD_VALUE:
        *(const cJSON **)out = v;
        return true;
    case FIELD_READ:
        if (f->read(context, v, out, err)) return true;
        if (err->param[0] == '\0' || err->param[0] == '[') error_in(err, "%s", f->name);
        return false;
    case FIELD_IGNORED:
        return true;
    case FIELD_REFUSED:
        return read_refused(f, v, err);
    }
    return error_set(err, ERROR_INTERNAL, f->name, "a field of no known kind");
}

/* The row of a name and its table, or NULL. */
static const struct field *find(const struct field_table *tables, size_t n, const char *name,
                                const struct field_table **table)
{
    for (*table = tables; *table < tables + n; (*table)++) {
        for (size_t i = 0; i < (*table)->n; i++) {
            if (strcmp((*table)->rows[i].name, name) == 0) return &(*table)->rows[i];
        }
    }
    return NULL;
}

bool fields_read(const cJSON *object, const struct field_table *tables, size_t n,
                 const struct field_context *context, struct error *err)
{
    if (!cJSON_IsObject(object)) {
        return error_set(err, ERROR_INVALID_TYPE, object->string,
                         "the body must be an object, not %s", json_type_name(object));
    }
    const cJSON *v;
    cJSON_ArrayForEach(v, object)
    {
        const struct field_table *table = NULL;
        if (cJSON_IsNull(v)) continue;
        const struct field *f = find(tables, n, v->string, &table);
        if (f == NULL) {
            return error_set(err, ERROR_UNKNOWN_FIELD, v->string, "unknown field \"%.100s\"",
                             v->string);
        }
        if (!read_field(f, object, v, table->target, context, err)) return false;
    }
    return true;
}

bool field_read_ids(const struct field_context *context, const cJSON *value, void *out,
                    struct error *err)
{
    struct id_list *list = out;
    if (!cJSON_IsArray(value)) return wrong_type(value, "an array of token ids", err);
    size_t n = (size_t)cJSON_GetArraySize(value), i = 0;
    list->ids = arena_alloc(context->arena, n == 0 ? 1 : n, sizeof(*list->ids));
    if (list->ids == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %zu ids", n);
    list->n = (int)n;
    const cJSON *v;
    cJSON_ArrayForEach(v, value)
    {
        double d = v->valuedouble;
        if (!cJSON_IsNumber(v) || d != floor(d)) {
            error_set(err, ERROR_INVALID_TYPE, NULL, "a token id must be an integer, not %s",
                      json_type_name(v));
            return error_in(err, "[%zu]", i);
        }
        if (d < 0 || d >= context->n_vocab) {
            error_set(err, ERROR_INVALID_VALUE, NULL,
                      "token id %.0f is not in the vocabulary of %d", d, context->n_vocab);
            return error_in(err, "[%zu]", i);
        }
        list->ids[i++] = (int)d;
    }
    return true;
}
