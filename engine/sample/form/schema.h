/* engine/sample/form/schema.h - a JSON Schema as a grammar of the documents that satisfy it.
 *
 * Drafts 4 to 2020-12. Documents are written as contracts of forms say: properties in the schema's
 * order and then others, one spelling of a string, white space between tokens bounded. Among these
 * documents exactly the valid ones are derived, but for what cannot be said in a grammar at all:
 * two additional properties may have one name.
 *
 * Kept: the keywords of schema.c's table. A keyword that asserts something and is not kept is
 * refused by name and JSON pointer, never passed over. Unknown words are annotations, as the
 * standard says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_SCHEMA_H
#define ENGINE_SAMPLE_FORM_SCHEMA_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "engine/sample/form/earley.h"

enum schema_space { SCHEMA_SPACE_USUAL, SCHEMA_SPACE_COMPACT, SCHEMA_SPACE_ANY };

struct schema_options {
    enum schema_space space;
    bool strict; /* an unknown format is refused, not an annotation */
};

/* Add the schema's documents to g and give the symbol that derives them. ERROR_UNSUPPORTED or
 * ERROR_INVALID_VALUE naming the keyword and the JSON pointer of its schema; ERROR_TOO_LARGE;
 * ERROR_NO_MEMORY. schema is borrowed for the call. */
bool schema_rule(struct grammar *g, const cJSON *schema, const struct schema_options *o,
                 int *symbol, struct error *err);

/* A reader of the schema's documents, which begin without white space. NULL and *err as
 * schema_rule(). */
struct earley *schema_compile(const cJSON *schema, const struct schema_options *o,
                              struct error *err);

#endif
