/* base/json.h - cJSON with bounds, exact strings and errors that name the field.
 *
 * cJSON parses; this adds what a server needs around it: a ceiling on depth before parsing, and
 * typed readers that leave *out at its default when the field is absent or null and name the
 * field when it is wrong.
 *
 * U+0000 would end cJSON's C strings early. json_parse() therefore stores it as the bytes C0 80
 * (modified UTF-8, which no valid UTF-8 text contains), and json_text() gives the true bytes back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

enum { JSON_MAX_DEPTH = 64 };

/* The document in text, which must be valid UTF-8, whole, and at most JSON_MAX_DEPTH deep. NULL and
 * ERROR_INVALID_JSON (with the byte offset) otherwise. Free with cJSON_Delete(). */
cJSON *json_parse(struct span text, struct error *err);

/* Field readers. object[name] absent or null: true, *out untouched (set your default first).
 * Wrong type or out of [min, max]: false, err->param = name. Integers must be whole. */
bool json_get_int(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t *out,
                  struct error *err);
/* As json_get_int(), of any number. */
bool json_get_double(const cJSON *object, const char *name, double min, double max, double *out,
                     struct error *err);
/* As json_get_int(), of true or false. */
bool json_get_bool(const cJSON *object, const char *name, bool *out, struct error *err);
/* *out borrows from object. */
bool json_get_string(const cJSON *object, const char *name, const char **out, struct error *err);

/* The bytes of a string value, U+0000 restored. Borrows from value, or from a when a NUL had
 * to be put back; {NULL, 0} when value is no string or a is full. */
struct span json_text(const cJSON *value, struct arena *a);

/* A string value of these bytes for a reply: invalid UTF-8 becomes U+FFFD, NUL prints as \u0000
 * (json_print() turns C0 80 into the escape). NULL when out of memory. */
cJSON *json_string(struct span text);

/* value as compact JSON text in out (appended). False when it did not fit. */
bool json_print(const cJSON *value, struct buffer *out);

/* text as a JSON string with its quotes, by the same rules as json_string, without a tree. */
void json_print_text(struct span text, struct buffer *out);

/* The shortest decimal that reads back as value; null when it is not finite. */
void json_print_number(double value, struct buffer *out);

/* object[name], or NULL when absent or null. */
const cJSON *json_get(const cJSON *object, const char *name);

/* Every key of object is in names (NULL-terminated), else ERROR_UNKNOWN_FIELD with its name.
 * A key that stands twice is ERROR_INVALID_VALUE. */
bool json_check_keys(const cJSON *object, const char *const *names, struct error *err);

/* "a string", "an integer"... for messages: what a value is. */
const char *json_type_name(const cJSON *value);

#endif
