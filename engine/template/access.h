/* engine/template/access.h - x.name, x[index] and x[from:to:step] by Jinja's rules.
 *
 * x.name is an attribute first and an item second, x[name] the other way round; what is neither is
 * undefined, not an error. Asking undefined itself for something is one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_ACCESS_H
#define ENGINE_TEMPLATE_ACCESS_H

#include "engine/template/value.h"

/* x.name. */
bool get_attribute(struct render *r, struct value v, struct span name, struct value *out);
/* x[index]. */
bool get_item(struct render *r, struct value v, struct value index, struct value *out);

/* bounds: from, to, step; VALUE_NONE where left out. */
bool get_slice(struct render *r, struct value v, const struct value bounds[3], struct value *out);

/* The attribute filter's path, "a.b.0": an item for every part. */
bool get_path(struct render *r, struct value v, struct value path, struct value *out);

/* Only what is an attribute by itself, not an item: VALUE_ABSENT when there is none. */
bool own_attribute(struct render *r, struct value v, struct span name, struct value *out);

#endif
