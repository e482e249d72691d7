/* engine/template/render.c - see render.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/render.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/template/limits.h"

bool render_fail(struct render *r, const char *fmt, ...)
{
    char words[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    if (r->err == NULL || r->err->code != ERROR_NONE) {
        return false; /* the first fault is the cause */
    }
    return error_set(r->err, ERROR_TEMPLATE, "chat_template", "line %d: %s", r->line, words);
}

bool render_fail_undefined(struct render *r, struct value v)
{
    int n = text_excerpt(v.text);
    const char *p = v.text.p == NULL ? "" : v.text.p;
    if (v.sub == SUB_HINT) return render_fail(r, "%.*s", (int)v.text.n, p);
    if (v.sub == SUB_ATTRIBUTE_OF) {
        return render_fail(r, "'%s object' has no attribute '%.*s'",
                           value_type((struct value){.kind = v.owner}), n, p);
    }
    return render_fail(r, "'%.*s' is undefined", n, p);
}

void *render_alloc(struct render *r, size_t n, size_t size)
{
    void *p = arena_alloc(r->arena, n == 0 ? 1 : n, size);
    if (p == NULL) {
        render_fail(r, "the template needs more memory than %d MiB", TEMPLATE_RENDER_BYTES >> 20);
    }
    return p;
}

bool render_charge(struct render *r, size_t steps)
{
    if (r->steps > 0 && steps < (size_t)r->steps) {
        r->steps -= (int64_t)steps;
        return true;
    }
    r->steps = 0;
    return render_fail(r, "the template takes more than %d steps of work", TEMPLATE_MAX_STEPS);
}

bool render_charge_copy(struct render *r, size_t bytes)
{
    return render_charge(r, bytes / TEMPLATE_COPIED_PER_STEP);
}

bool render_charge_scan(struct render *r, size_t bytes)
{
    return render_charge(r, bytes / TEMPLATE_SCANNED_PER_STEP);
}

bool render_enter(struct render *r)
{
    if (r->depth >= TEMPLATE_MAX_DEPTH) return render_fail(r, "maximum recursion depth exceeded");
    r->depth++;
    return true;
}

void render_leave(struct render *r)
{
    assert(r->depth > 0);
    r->depth--;
}
