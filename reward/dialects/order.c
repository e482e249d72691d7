/* reward/dialects/order.c - see order.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum {
    OUTPUT_BYTES = 4 << 20, /* of stdout and of stderr */
    SLACK_MS = 10000        /* beside the program's own time: sandboxes, files, a busy machine */
};

/* ---- orders ------------------------------------------------------------------------------------- */

bool order_read_body(struct execution *x, const struct field *rows, void *out, struct error *err)
{
    struct field_table table = FIELD_TABLE(rows, out);
    struct field_context context = {.arena = x->arena, .unknown = x->unknown};
    return fields_read(x->body, &table, 1, &context, err);
}

/* A text that a program or a system call can take: borrowed from the body, a NUL behind it. */
static bool is_c_string(struct span text)
{
    return !span_has(text, '\0');
}

bool order_strings(const struct text_list *list, const char **out, struct error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!is_c_string(list->texts[i])) {
            error_set(err, ERROR_INVALID_VALUE, NULL, "a program cannot be given U+0000");
            return error_in(err, "[%zu]", i);
        }
        out[i] = list->texts[i].p;
    }
    out[list->n] = NULL;
    return true;
}

bool order_find_language(struct span name, const struct language **out, struct error *err)
{
    *out = language_find(name);
    return *out != NULL ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "language \"%.*s\" is not known",
                     name.n < 60 ? (int)name.n : 60, name.p);
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

bool order_add_file(struct execution *x, struct execute_order *o, struct span name,
                    const struct buffer *bytes, struct error *err)
{
    if (o->n_files == EXECUTE_MAX_FILES) {
        return error_set(err, ERROR_INVALID_VALUE, "files", "at most %d files", EXECUTE_MAX_FILES);
    }
    const char *content = arena_str(x->arena, buffer_span(bytes));
    const char *own = arena_str(x->arena, name);
    if (content == NULL || own == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
    }
    assert(sandbox_is_file_name(own));
    o->files[o->n_files++] = (struct sandbox_file){own, span_of(content, bytes->n), false};
    return true;
}

bool order_check_name(struct span name, struct error *err)
{
    return (is_c_string(name) && sandbox_is_file_name(name.p)) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "\"%.*s\" is no relative path without \"..\"",
                     name.n < 80 ? (int)name.n : 80, name.p);
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
