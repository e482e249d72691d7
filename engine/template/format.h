/* engine/template/format.h - Python's two ways to format: "..." % values and "...".format(values).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_FORMAT_H
#define ENGINE_TEMPLATE_FORMAT_H

#include "engine/template/call.h"

/* values: a tuple, a dict for %(name)s, or one value. */
bool format_percent(struct render *r, struct span format, struct value values, struct value *out);

/* "...".format(args). */
bool format_braces(struct render *r, struct span format, const struct arguments *args,
                   struct value *out);

#endif
