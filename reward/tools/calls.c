/* reward/tools/calls.c - see calls.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/tools/calls.h"

#include "base/json.h"

void calls_clear(struct calls *c)
{
    cJSON_Delete(c->owned);
    c->owned = NULL;
    c->n = 0;
}

/* text as JSON that lives as long as the calls. NULL: it is none, or memory is out; err says. */
static const cJSON *parsed(struct calls *c, struct span text, struct error *err)
{
    if (c->owned == NULL) c->owned = cJSON_CreateArray();
    cJSON *v = c->owned == NULL ? NULL : json_parse(text, err);
    if (c->owned == NULL) error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the calls");
    if (v == NULL || cJSON_AddItemToArray(c->owned, v)) return v;
    cJSON_Delete(v);
    return NULL;
}

/* An object, or the JSON text of one. */
static const cJSON *object_of(struct calls *c, const cJSON *v, const char *name, struct error *err)
{
    struct error why = {0};
    if (cJSON_IsString(v)) v = parsed(c, span_str(v->valuestring), &why);
    if (why.code == ERROR_NO_MEMORY) {
        *err = why;
        return NULL;
    }
    if (cJSON_IsObject(v)) return v;
    error_set(err, ERROR_INVALID_TYPE, name, "%s must be an object or the JSON text of one", name);
    return NULL;
}

/* {"name", "arguments"}, perhaps within "function". */
static bool read_named(const cJSON *v, struct calls *c, struct call *out, struct error *err)
{
    const cJSON *function = json_get(v, "function"), *name, *arguments;
    const char *key = "arguments";
    if (cJSON_IsObject(function)) v = function;
    name = json_get(v, "name");
    if (!cJSON_IsString(name)) {
        return error_set(err, ERROR_INVALID_TYPE, "name", "name must be a string, not %s",
                         json_type_name(name));
    }
    arguments = json_get(v, key);
    if (arguments == NULL) arguments = json_get(v, key = "parameters");
    if (arguments == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "arguments", "arguments is missing");
    }
    out->name = name->valuestring;
    out->arguments = object_of(c, arguments, key, err);
    return out->arguments != NULL;
}

/* {NAME: {ARGUMENT: [values]}} */
static bool read_possible(const cJSON *v, struct calls *c, struct call *out, struct error *err)
{
    const cJSON *only = v->child, *one;
    if (only == NULL || only->next != NULL || !cJSON_IsObject(only)) {
        return read_named(v, c, out, err);
    }
    *out = (struct call){only->string, only};
    cJSON_ArrayForEach(one, only)
    {
        if (cJSON_IsArray(one)) continue;
        return error_set(err, ERROR_INVALID_TYPE, one->string,
                         "the possible values of %.100s must be a list", one->string);
    }
    return true;
}

static bool read_call(const cJSON *v, bool possible, struct calls *c, struct error *err)
{
    if (!cJSON_IsObject(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a call must be an object, not %s",
                         json_type_name(v));
    }
    if (c->n == CALLS_MOST) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "more than %d calls", CALLS_MOST);
    }
    struct call *out = &c->at[c->n];
    if (!(possible ? read_possible(v, c, out, err) : read_named(v, c, out, err))) return false;
    c->n++;
    return true;
}

bool calls_read(const cJSON *v, const char *name, bool possible, struct calls *out,
                struct error *err)
{
    *out = (struct calls){0};
    return calls_add(v, name, possible, out, err);
}

bool calls_add(const cJSON *v, const char *name, bool possible, struct calls *out,
               struct error *err)
{
    const cJSON *one;
    int i = 0;
    if (cJSON_IsString(v)) v = parsed(out, span_str(v->valuestring), err);
    if (v == NULL) return error_in(err, "%s", name);
    if (!cJSON_IsArray(v)) return read_call(v, possible, out, err) || error_in(err, "%s", name);
    cJSON_ArrayForEach(one, v)
    {
        if (!read_call(one, possible, out, err)) {
            error_in(err, "[%d]", i);
            return error_in(err, "%s", name);
        }
        i++;
    }
    return true;
}

bool calls_find(struct span text, const struct tool_calls_wanted *wanted, struct calls *out)
{
    struct tool_calls found;
    struct buffer plain;
    struct error err = {0};
    *out = (struct calls){0};
    tool_calls_init(&found, wanted);
    buffer_init(&plain, SIZE_MAX);
    tool_calls_feed(&found, text, &plain);
    tool_calls_end(&found, &plain);
    bool ok = !found.failed && !plain.failed;
    bool many = found.n > CALLS_MOST;
    for (size_t i = 0; ok && !many && i < found.n; i++) {
        const struct tool_call *t = &found.items[i];
        const cJSON *arguments = parsed(out, span_of(t->arguments, t->n_arguments), &err);
        cJSON *name = out->owned == NULL ? NULL : cJSON_CreateString(t->name);
        if (name != NULL && !cJSON_AddItemToArray(out->owned, name)) {
            cJSON_Delete(name);
            name = NULL;
        }
        ok = name != NULL && err.code != ERROR_NO_MEMORY;
        if (ok && cJSON_IsObject(arguments)) {
            out->at[out->n++] = (struct call){name->valuestring, arguments};
        }
    }
    buffer_clear(&plain);
    tool_calls_clear(&found);
    return ok;
}
