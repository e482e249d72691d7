/* reward/dialects/order.c - see execution_order.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/code/execute.h"
#include "reward/code/languages.h"

enum {
    OUTPUT_BYTES = 4 << 20, /* of stdout and of stderr */
    SLACK_MS = 10000        /* beside the program's own time: sandboxes, files, a busy machine */
};

/* ---- orders ------------------------------------------------------------------------- */

bool order_check_strings(const cJSON *list, const char *field, int most, struct error *err)
{
    const cJSON *v;
    int i = 0;
    if (list == NULL || cJSON_IsNull(list)) return true;
    if (!cJSON_IsArray(list)) {
        return error_set(err, ERROR_INVALID_TYPE, field, "%s must be a list of strings, not %s",
                         field, json_type_name(list));
    }
    cJSON_ArrayForEach(v, list)
    {
        if (!cJSON_IsString(v) || i >= most) {
            return error_set(err, ERROR_INVALID_TYPE, field,
                             "%s must be a list of at most %d strings", field, most);
        }
        i++;
    }
    return true;
}

bool order_take_text(const cJSON *object, const char *field, const char **out, struct error *err)
{
    if (!json_get_string(object, field, out, err)) return false;
    return *out != NULL || error_set(err, ERROR_MISSING_FIELD, field, "%s is missing", field);
}

bool order_check_language(const char *name, struct error *err)
{
    return language_find(span_str(name)) != NULL ||
           error_set(err, ERROR_INVALID_VALUE, "language", "language \"%.60s\" is not known", name);
}

cJSON *order_new(const struct order_wish *w, const char *source)
{
    cJSON *order = cJSON_CreateObject();
    bool ok = cJSON_AddStringToObject(order, "language", w->language) != NULL &&
              cJSON_AddStringToObject(order, "source", source) != NULL &&
              cJSON_AddNumberToObject(order, "compile_ms", w->compile_s * 1000) != NULL &&
              cJSON_AddNumberToObject(order, "run_ms", w->run_s * 1000) != NULL &&
              cJSON_AddNumberToObject(order, "memory_mb", w->memory_mb) != NULL &&
              cJSON_AddNumberToObject(order, "output_bytes", OUTPUT_BYTES) != NULL &&
              cJSON_AddArrayToObject(order, "files") != NULL;
    if (ok && w->cell) ok = cJSON_AddTrueToObject(order, "cell") != NULL;
    if (ok && w->args != NULL) {
        ok = cJSON_AddItemToObject(order, "args", cJSON_Duplicate(w->args, true)) != 0;
    }
    if (ok) return order;
    cJSON_Delete(order);
    return NULL;
}

bool order_add_file(cJSON *order, const char *name, const char *base64, struct error *err)
{
    cJSON *files = cJSON_GetObjectItemCaseSensitive(order, "files"), *file = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(files, file) || cJSON_AddStringToObject(file, "name", name) == NULL ||
        cJSON_AddStringToObject(file, "base64", base64) == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
    }
    return true;
}

bool order_check_name(const char *name, struct error *err)
{
    return sandbox_is_file_name(name) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "\"%.80s\" is no relative path without \"..\"",
                     name);
}

bool order_make_runs(struct execution *x, size_t n, struct error *err)
{
    x->runs = mem_new(n, sizeof(*x->runs), err);
    return x->runs != NULL;
}

bool order_add_run(struct execution *x, const struct order_wish *w, cJSON *order, struct error *err)
{
    return execution_add(x, order, (int)((w->compile_s + w->run_s) * 1000) + SLACK_MS, err);
}

/* ---- reading outcomes ----------------------------------------------------------------------------------- */

const char *outcome_text(const cJSON *object, const char *name)
{
    const cJSON *v = json_get(object, name);
    return cJSON_IsString(v) ? v->valuestring : "";
}

double outcome_number(const cJSON *object, const char *name)
{
    const cJSON *v = json_get(object, name);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

bool stage_ended(const cJSON *stage, enum sandbox_end end)
{
    return strcmp(outcome_text(stage, "end"), execute_ends[end]) == 0;
}

bool stage_was_signaled(const cJSON *stage)
{
    return cJSON_IsTrue(json_get(stage, "signaled"));
}

bool stage_is_good(const cJSON *stage)
{
    return stage_ended(stage, SANDBOX_EXITED) &&
           outcome_number(stage, "code") == 0; /* a whole number */
}

void outcome_print_member(const char *key, const cJSON *v, struct buffer *out)
{
    buffer_addf(out, ",\"%s\":", key);
    if (v == NULL) {
        buffer_add_str(out, "null");
    } else {
        json_print(v, out);
    }
}
