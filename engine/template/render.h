/* engine/template/render.h - the state of one rendering, and how its parts fail.
 *
 * Everything a rendering allocates is in its arena and dies with it. Every function that can fail
 * returns false after one of the render_fail functions has worded the error, and its callers only
 * pass that on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_RENDER_H
#define ENGINE_TEMPLATE_RENDER_H

#include "base/arena.h"
#include "base/error.h"
#include "engine/template/template.h"
#include "engine/template/text.h"
#include "engine/template/value.h"

struct render {
    struct arena *arena;
    const struct template *template;
    const struct template_options *options;
    struct error *err;
    int64_t steps; /* left */
    int depth;     /* evaluations nested now */
    int line;      /* of the node evaluated last */
    /* by name id: what the context and the language give, then top-level sets */
    struct value *globals;
    struct text_builder *out;   /* where output goes now: the page, or a capture */
    struct text_builder joined; /* the last result of +, extended in place when added to again */
};

/* Word an error with the current line; always false. */
bool render_fail(struct render *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The error of using an undefined value. */
bool render_fail_undefined(struct render *r, struct value v);

/* n zeroed elements in the arena; NULL with the error set. */
void *render_alloc(struct render *r, size_t n, size_t size);

/* Count steps; false and an error when they are used up, then and ever after: who cannot fail may
 * leave it to the next who charges. */
bool render_charge(struct render *r, size_t steps);
/* The same for bytes copied or compared, at memory's speed. */
bool render_charge_copy(struct render *r, size_t bytes);
/* The same for bytes looked at one character at a time, or searched. */
bool render_charge_scan(struct render *r, size_t bytes);

/* Around everything that recurses. A failed enter needs no leave. */
bool render_enter(struct render *r);
/* After a render_enter() that succeeded. */
void render_leave(struct render *r);

#endif
