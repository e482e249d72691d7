/* base/json.c - reading members and numbers. See json.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "base/mem.h"

#include <math.h>

#include "base/ascii.h"

const cJSON *json_get(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);
    return v == NULL || cJSON_IsNull(v) ? NULL : v;
}

const char *json_type_name(const cJSON *v)
{
    if (v == NULL) return "nothing";
    if (cJSON_IsNull(v)) return "null";
    if (cJSON_IsBool(v)) return "a boolean";
    if (cJSON_IsNumber(v)) return "a number";
    if (cJSON_IsString(v)) return "a string";
    if (cJSON_IsArray(v)) return "an array";
    return "an object";
}

static bool wrong_type(const cJSON *v, const char *name, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_INVALID_TYPE, name, "%s must be %s, not %s", name, wanted,
                     json_type_name(v));
}

bool json_get_int(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t *out,
                  struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    if (!json_digits(v, scratch, &d) || !digits_is_whole(&d)) {
        return wrong_type(v, name, "an integer", err);
    }
    int64_t value;
    if (!digits_int64(&d, &value) || value < min || value > max) {
        struct span text = json_number(v, scratch);
        return error_set(err, ERROR_INVALID_VALUE, name, "%s is %.*s; it must be from %lld to %lld",
                         name, text.n < 40 ? (int)text.n : 40, text.p, (long long)min,
                         (long long)max);
    }
    *out = value;
    return true;
}

bool json_get_double(const cJSON *object, const char *name, double min, double max, double *out,
                     struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsNumber(v)) return wrong_type(v, name, "a number", err);
    double d = v->valuedouble;
    if (!(d >= min && d <= max)) {
        return error_set(err, ERROR_INVALID_VALUE, name, "%s is %g; it must be from %g to %g", name,
                         d, min, max);
    }
    *out = d;
    return true;
}

bool json_get_bool(const cJSON *object, const char *name, bool *out, struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsBool(v)) return wrong_type(v, name, "true or false", err);
    *out = cJSON_IsTrue(v);
    return true;
}

bool json_get_string(const cJSON *object, const char *name, const char **out, struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsString(v)) return wrong_type(v, name, "a string", err);
    *out = v->valuestring;
    return true;
}

static bool is_known(const char *key, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(key, *names) == 0) return true;
    }
    return false;
}

bool json_wrong_type(const cJSON *v, const char *name, const char *wanted, struct error *err)
{
    if (v == NULL) return error_set(err, ERROR_MISSING_FIELD, name, "%s is needed", wanted);
    return error_set(err, ERROR_INVALID_TYPE, name, "must be %s, not %s", wanted,
                     json_type_name(v));
}

const char *json_need_text(const cJSON *object, const char *name, struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (cJSON_IsString(v)) return v->valuestring;
    json_wrong_type(v, name, "a string", err);
    return NULL;
}

bool json_check_keys(const cJSON *object, const char *const *names, struct error *err)
{
    const cJSON *field;
    cJSON_ArrayForEach(field, object)
    {
        if (!is_known(field->string, names)) {
            return error_set(err, ERROR_UNKNOWN_FIELD, field->string, "unknown field \"%.100s\"",
                             field->string);
        }
    }
    return true;
}

struct span json_number(const cJSON *v, char scratch[JSON_NUMBER_ROOM])
{
    if (!cJSON_IsNumber(v)) return span_of(NULL, 0);
    if (v->valuestring != NULL) return span_str(v->valuestring);
    return span_of(scratch, json_write_number(v->valuedouble, scratch));
}

bool json_digits(const cJSON *v, char scratch[JSON_NUMBER_ROOM], struct digits *out)
{
    struct span text = json_number(v, scratch);
    return text.n > 0 && digits_read(text, out);
}

bool json_int64(const cJSON *v, int64_t *out)
{
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    return json_digits(v, scratch, &d) && digits_int64(&d, out);
}

bool json_is_integer(const cJSON *v)
{
    char scratch[JSON_NUMBER_ROOM];
    struct span text = json_number(v, scratch);
    if (text.n == 0) return false;
    for (size_t i = text.p[0] == '-'; i < text.n; i++) {
        if (!ascii_is_digit(text.p[i])) return false;
    }
    return true;
}

int json_compare(const cJSON *a, const cJSON *b)
{
    char room_a[JSON_NUMBER_ROOM], room_b[JSON_NUMBER_ROOM];
    struct digits x, y;
    if (json_digits(a, room_a, &x) && json_digits(b, room_b, &y)) return digits_compare(&x, &y);
    double i = a->valuedouble, j = b->valuedouble; /* one that we made and is not finite */
    return (i > j) - (i < j);
}

struct span json_decimal(const cJSON *v, struct arena *a)
{
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    struct span text = json_number(v, scratch);
    if (text.n == 0 || text.n > JSON_DECIMAL_MAX || !json_digits(v, scratch, &d)) {
        return span_of(NULL, 0);
    }
    bool plain = !span_has(text, 'e') && !span_has(text, 'E');
    if (plain && text.p != scratch) return text;
    struct buffer out;
    buffer_init(&out, JSON_DECIMAL_MAX);
    char *copy = NULL;
    size_t n = 0;
    if (digits_print(&d, JSON_DECIMAL_MAX, &out)) {
        n = out.n;
        copy = arena_str(a, buffer_span(&out));
    }
    buffer_clear(&out);
    return span_of(copy, copy == NULL ? 0 : n);
}

bool json_put(cJSON *parent, const char *key, cJSON *value)
{
    bool ok = parent != NULL && value != NULL &&
              (key == NULL ? cJSON_AddItemToArray(parent, value)
                           : cJSON_AddItemToObject(parent, key, value));
    if (ok) return true;
    cJSON_Delete(value);
    mem_note();
    return false;
}

bool json_put_borrowed(cJSON *parent, const char *key, const cJSON *value)
{
    cJSON *v = (cJSON *)(uintptr_t)value; /* cJSON knows no const; through a reference it only reads */
    bool ok = parent != NULL && v != NULL &&
              (key == NULL ? cJSON_AddItemReferenceToArray(parent, v)
                           : cJSON_AddItemReferenceToObject(parent, key, v));
    if (!ok) mem_note();
    return ok;
}

bool json_replace(cJSON *object, const char *key, cJSON *value)
{
    bool there = cJSON_GetObjectItemCaseSensitive(object, key) != NULL;
    if (!there || value == NULL) return json_put(object, key, value);
    if (!cJSON_ReplaceItemInObjectCaseSensitive(object, key, value)) {
        cJSON_Delete(value);
        value = NULL;
    }
    if (value != NULL && value->string != NULL) return true;
    mem_note(); /* cJSON replaces also without memory for the name, under none */
    return false;
}
