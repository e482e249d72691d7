/* tests/golden/template_cases.h - rendering a template in a test, and saying what differed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_GOLDEN_TEMPLATE_CASES_H
#define TESTS_GOLDEN_TEMPLATE_CASES_H

#include <stdio.h>

#include "base/json.h"
#include "engine/template/template.h"

enum { RENDERING_LIMIT = 64 << 20 };

/* source rendered with context into out (initialised here); false with *err set. */
static bool render_source(struct span source, const cJSON *context, int64_t now, struct buffer *out,
                          struct error *err)
{
    struct template_options options = {.now = now};
    buffer_init(out, RENDERING_LIMIT);
    struct template *t = template_new(source, err);
    bool ok = t != NULL && template_render(t, context, &options, out, err);
    template_free(t);
    return ok;
}

/* Does source render to want (NULL: to an error)? Else what came is printed under name. */
static bool renders_as(const char *name, struct span source, const cJSON *context, int64_t now,
                       const cJSON *want)
{
    struct error err = {0};
    struct buffer out;
    struct arena *arena = arena_new(RENDERING_LIMIT);
    bool ok = render_source(source, context, now, &out, &err);
    bool same = ok == (want != NULL) &&
                (want == NULL || span_eq(buffer_span(&out), json_text(want, arena)));
    if (!same) {
        printf("%s\n  want %s\n  got  %.*s%s\n", name,
               want == NULL ? "an error" : want->valuestring, (int)out.n, out.n > 0 ? out.p : "",
               err.message);
    }
    arena_free(arena);
    buffer_clear(&out);
    return same;
}

#endif
