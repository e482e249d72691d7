/* engine/sample/form/constraint.h - outputs of a form that the request names: which bytes may come next.
 *
 * OUTPUT_CHOICE: the output is one of some strings. OUTPUT_JSON: it is one JSON object (RFC
 *                8259), any.
 * A walk reads the output byte by byte from its beginning and says whether it can still become
 * such a text. It keeps nothing else, so the sampler walks anew for every token: that costs less
 * than the row of logits, and a token can be drawn ahead of time or again.
 *
 * A model that thinks first is free until its closing tag, and new lines after the tag.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_CONSTRAINT_H
#define ENGINE_SAMPLE_FORM_CONSTRAINT_H

#include <stdbool.h>

#include "base/span.h"
#include "engine/engine.h"
#include "engine/sample/form/json_walk.h"

struct constraint {
    const struct engine_sampling *c; /* its choices sorted; borrowed */
    bool free;   /* before the closing tag, of which `matched` bytes have come */
    bool tagged; /* just after it */
    size_t matched;
    int first, last; /* the choices that begin as the output does: [first, last) */
    size_t n;        /* bytes of them */
    struct json_walk json;
};

/* The walk before any output. c->form is not OUTPUT_FREE. */
void constraint_begin(struct constraint *k, const struct engine_sampling *c);

/* Go on by bytes. False when no text of the form does; the walk is then of no more use. */
bool constraint_feed(struct constraint *k, struct span bytes);

/* May the output end here? */
bool constraint_may_end(const struct constraint *k);

#endif
