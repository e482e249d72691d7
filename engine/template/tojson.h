/* engine/template/tojson.h - the tojson filter: Python's json.dumps as transformers calls it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_TOJSON_H
#define ENGINE_TEMPLATE_TOJSON_H

#include "engine/template/value.h"

/* args: ensure_ascii (false), indent (none: one line; a number of blanks or a string), separators
 * (a pair) and sort_keys (false). */
bool tojson(struct render *r, struct value v, const struct value *args, struct value *out);

#endif
