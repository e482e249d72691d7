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

/* The rules of one field, as format() has them: [[fill]align][sign][#][0][width][,][.digits][type] */
struct field {
    uint32_t fill;
    char align; /* < > ^ = or 0 */
    char sign;  /* + - or blank */
    bool alternate, grouped, underscored;
    int64_t width, precision; /* precision -1: none */
    char type;                /* 0: by the value's type */
};
/* Append v by the rules of f; a ValueError where its type has no such rule. */
bool format_field(struct render *r, struct text_builder *b, struct value v, const struct field *f);

#endif
