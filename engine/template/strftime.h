/* engine/template/strftime.h - a date as strftime formats it, in English.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_STRFTIME_H
#define ENGINE_TEMPLATE_STRFTIME_H

#include "engine/template/text.h"
#include "engine/template/value.h"

/* Append the time now (seconds since 1970, read as UTC) by format, as Python's
 * datetime.strftime prints a time without a zone: %z and %Z are empty, %f is 000000. glibc's flags
 * (%-d) work; a conversion that there is not is copied. */
bool strftime_add(struct render *r, struct text_builder *b, struct span format, int64_t now);

#endif
