/* base/json_reference.h - where a JSON Schema points: its references, and the pointers of its parts.
 *
 * Whoever reads schemas (forms of outputs, the reward `schema`) means the same by them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_JSON_REFERENCE_H
#define BASE_JSON_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/* What a $ref's text points to within root: a JSON pointer ("#/$defs/x", ~0 ~1 and %XX read), an
 * $id, id, $anchor or $dynamicAnchor that stands in root once, or a pointer below an $id. NULL:
 * nothing. Borrowed from root. */
const cJSON *json_reference(const cJSON *root, const char *ref);

/* The JSON pointer of part, which is root or below it, in out (room bytes, cut when it is long).
 * False: it isn't there. */
bool json_pointer_of(const cJSON *root, const cJSON *part, char *out, size_t room);

/* Do keywords beside $ref count in a schema with this root? Not in drafts 3 to 7. */
bool json_siblings_count(const cJSON *root);

/* Does root say that it is of draft 3 (or older)? */
bool json_is_draft_3(const cJSON *root);

#endif
