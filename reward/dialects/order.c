/* reward/dialects/order.c - see order.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

enum {
    OUTPUT_BYTES = 4 << 20, /* of stdout and of stderr */
    SLACK_MS = 10000        /* beside the program's own time: sandboxes, files, a busy machine */
};

/* ---- orders ------------------------------------------------------------------------------------- */

bool order_read_strings(const cJSON *list, const char *field, int most, const char **out,
                        struct error *err)
{
    const cJSON *v;
    int i = 0;
    if (out != NULL) out[0] = NULL;
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
        if (out != NULL) {
            out[i] = v->valuestring;
            out[i + 1] = NULL;
        }
        i++;
    }
    return true;
}

bool order_read_text(const cJSON *object, const char *field, const char **out, struct error *err)
{
    if (!json_get_string(object, field, out, err)) return false;
    return *out != NULL || error_set(err, ERROR_MISSING_FIELD, field, "%s is missing", field);
}

bool order_read_language(const char *name, const struct language **out, struct error *err)
{
    *out = language_find(span_str(name));
    return *out != NULL ||
           error_set(err, ERROR_INVALID_VALUE, "language", "language \"%.60s\" is not known", name);
}

struct execute_order *order_new(struct execution *x, struct error *err)
{
    struct execute_order *o = arena_alloc(x->arena, 1, sizeof(*o));
    if (o == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the program");
        return NULL;
    }
    o->memory_mb = ORDER_DEFAULT_MB;
    o->output_bytes = OUTPUT_BYTES;
    return o;
}

bool order_add_file(struct execution *x, struct execute_order *o, const char *name,
                    const struct buffer *bytes, struct error *err)
{
    if (o->n_files == EXECUTE_MAX_FILES) {
        return error_set(err, ERROR_INVALID_VALUE, "files", "at most %d files", EXECUTE_MAX_FILES);
    }
    const char *content = arena_str(x->arena, buffer_span(bytes));
    const char *own = arena_str(x->arena, span_str(name));
    if (content == NULL || own == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
    }
    o->files[o->n_files++] = (struct sandbox_file){own, span_of(content, bytes->n), false};
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

bool order_add_run(struct execution *x, const struct execute_order *o, struct error *err)
{
    return execution_add(x, o, (int)(o->compile_ms + o->run_ms) + SLACK_MS, err);
}

/* ---- outcomes ----------------------------------------------------------------------------------- */

bool stage_is_good(const struct execute_stage *stage)
{
    return stage->ran && stage->end == SANDBOX_EXITED && stage->code == 0;
}

void outcome_print_text(const char *key, struct span text, struct buffer *out)
{
    buffer_addf(out, ",\"%s\":", key);
    json_print_text(text, out);
}
