/* engine/template/routines.h - the tables of filters, tests, methods and functions, each found by name,
 * and what their rows share.
 *
 *   filters.c, filters_sequence.c   {{ x | name }}
 *   is_tests.c                      {% if x is name %}
 *   methods.c, methods_text.c       {{ x.name() }}
 *   functions.c, strftime.c         {{ name() }}
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_ROUTINES_H
#define ENGINE_TEMPLATE_ROUTINES_H

#include "engine/template/call.h"
#include "engine/template/text.h"

/* The filter of this name, NULL when there is none. */
const struct routine *filter_find(struct span name);

/* The part of that table that works on sequences. */
const struct routine *sequence_filter_find(struct span name);

/* The test of this name, NULL when there is none. A test gives a boolean. */
const struct routine *is_test_find(struct span name);

/* The method of v with this name, or NULL. One without a function is one the sandbox forbids. */
const struct routine *method_find(struct value v, struct span name);

/* Those of str. */
const struct routine *text_method_find(struct span name);

/* The function of this name that every template finds defined, NULL when there is none. */
const struct routine *function_find(struct span name);

/* The tojson filter, Python's json.dumps as transformers calls it.
 *   args  ensure_ascii (false), indent (none: one line; a number of blanks or a string), separators
 *         (a pair) and sort_keys (false)
 * False with the rendering's error. */
bool tojson(struct render *r, struct value v, const struct value *args, struct value *out);

/* Append the time now (seconds since 1970, read as UTC) by format, as Python's
 * datetime.strftime prints a time without a zone: %z and %Z are empty, %f is 000000. glibc's flags
 * (%-d) work; a conversion that there is not is copied. False with the rendering's error. */
bool strftime_add(struct render *r, struct text_builder *b, struct span format, int64_t now);

#endif
