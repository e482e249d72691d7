/* engine/template/escape.h - HTML escapes of the filters escape, forceescape and xmlattr.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_ESCAPE_H
#define ENGINE_TEMPLATE_ESCAPE_H

#include "engine/template/value.h"

/* Append s with & < > ' and " escaped. */
void escape_add(struct render *r, struct text_builder *b, struct span s);

/* *v, a string, becomes markup: escaped unless it is that already. */
bool escape_text(struct render *r, struct value *v);

#endif
