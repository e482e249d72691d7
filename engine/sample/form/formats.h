/* engine/sample/form/formats.h - JSON Schema's formats of strings, as expressions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_FORMATS_H
#define ENGINE_SAMPLE_FORM_FORMATS_H

#include "engine/sample/form/chars.h"

enum formats_known { FORMATS_STRING, FORMATS_NUMBER, FORMATS_UNKNOWN };

/* What a format is of: of strings (*out: their texts), of numbers (int32, int64), or nothing
 * that is kept here. */
enum formats_known formats_rx(struct rx_pool *p, const char *name, enum chars_coding coding,
                              rx *out);

#endif
