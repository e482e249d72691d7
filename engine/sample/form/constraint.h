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
#include "engine/sample/form/json_walk.h"

enum output_form {
    OUTPUT_FREE,
    OUTPUT_CHOICE, /* one of some strings */
    OUTPUT_JSON    /* a JSON object */
};
enum { CHOICE_MAX_STRINGS = 4096, CHOICE_MAX_BYTES = 1 << 20 }; /* strings; bytes of all of them */

struct constraint {
    enum output_form form;
    const char *const *choices; /* sorted; borrowed, as after */
    const char *after;          /* the closing tag, NULL: none */
    bool free;                  /* before the closing tag, of which `matched` bytes have come */
    bool tagged;                /* just after it */
    size_t matched;
    int first, last; /* the choices that begin as the output does: [first, last) */
    size_t n;        /* bytes of them */
    struct json_walk json;
};

/* The walk before any output. form is not OUTPUT_FREE; choices [n_choices] sorted; after: NULL or the tag. */
void constraint_begin(struct constraint *k, enum output_form form, const char *const *choices,
                      int n_choices, const char *after);

/* Go on by bytes. False when no text of the form does; the walk is then of no more use. */
bool constraint_feed(struct constraint *k, struct span bytes);

/* May the output end here? */
bool constraint_may_end(const struct constraint *k);

#endif
