/* base/json.h - JSON in and out: cJSON's tree, with what cJSON loses kept beside it.
 *
 * The grammar is RFC 8259's and nothing more; what is not JSON is refused at the byte, a key that
 * stands twice in an object too. The files: json_scan.c decides, json_tree.c builds, json.c reads
 * members, json_print.c writes.
 *
 * Numbers keep their digits. A parsed number has its text, as the client wrote it, in valuestring
 * (cJSON leaves that field NULL in numbers), so it survives cJSON_Duplicate() and json_print()
 * writes it back. A number that we made has none; it is printed as the shortest decimal.
 * valuedouble is the nearest double. Whoever needs an exact value asks json_digits().
 *
 * Strings keep their bytes. U+0000 would end cJSON's C strings early; it is stored as the bytes
 * C0 80 (modified UTF-8, which no valid UTF-8 text contains), and json_text() gives the true bytes
 * back. A \u escape of half a surrogate pair is U+FFFD.
 *
 * A parsed document is one block of memory and is for reading: free it with cJSON_Delete(root), put
 * it whole under another tree, or take a cJSON_Duplicate() to change something in it.
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
#include "base/digits.h"
#include "base/error.h"
#include "base/quota.h"
#include "base/span.h"

enum { JSON_MAX_DEPTH = 64 };

/* The document in text, which must be one JSON value in UTF-8, at most JSON_MAX_DEPTH deep, with no
 * more values than a text of its size may hold (json_scan.h). NULL and ERROR_INVALID_JSON with the
 * byte offset, ERROR_INVALID_VALUE with the path of a key given twice, ERROR_TOO_LARGE, or
 * ERROR_NO_MEMORY. Free with cJSON_Delete(). */
cJSON *json_parse(struct span text, struct error *err);

/* The same within a quota (quota.h): *bytes, what the tree has taken of it, is to be given back by
 * whoever frees the tree. 0 on failure. */
cJSON *json_parse_within(struct span text, struct quota *quota, size_t *bytes, struct error *err);

/* As json_parse for the value that text begins with; *end is the offset of the first byte after
 * it. */
cJSON *json_parse_front(struct span text, size_t *end, struct error *err);

/* The bytes of text, which root was parsed from, that value stands for: the quotes of a string, the
 * brackets of an array included. value is root or a node below it. */
struct span json_source(const cJSON *root, const cJSON *value, struct span text);

/* object[name], or NULL when absent or null. Borrowed. */
const cJSON *json_get(const cJSON *object, const char *name);

/* Field readers. object[name] absent or null: true, *out untouched (set your default first).
 * Wrong type or out of [min, max]: false, err->param = name. Integers must be whole; they are
 * exact over all of int64_t. */
bool json_get_int(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t *out,
                  struct error *err);
/* As json_get_int(), of any number. */
bool json_get_double(const cJSON *object, const char *name, double min, double max, double *out,
                     struct error *err);
/* As json_get_int(), of true or false. */
bool json_get_bool(const cJSON *object, const char *name, bool *out, struct error *err);
/* *out borrows from object. */
bool json_get_string(const cJSON *object, const char *name, const char **out, struct error *err);

/* v, called name, is not what was wanted ("an object"): that it is missing or has another type.
 * Always false. */
bool json_wrong_type(const cJSON *v, const char *name, const char *wanted, struct error *err);

/* object[name], a string, borrowed; NULL and the error where it is none. */
const char *json_need_text(const cJSON *object, const char *name, struct error *err);

/* Every key of object is in names (NULL-terminated), else ERROR_UNKNOWN_FIELD with its name. */
bool json_check_keys(const cJSON *object, const char *const *names, struct error *err);

/* "a string", "an integer"... for messages: what a value is. */
const char *json_type_name(const cJSON *value);

/* The bytes of a string value, U+0000 restored. Borrows from value, or from a when a NUL had
 * to be put back; {NULL, 0} when value is no string or a is full. */
struct span json_text(const cJSON *value, struct arena *a);

/* A string value holds U+0000, and so cannot go where C strings do. */
bool json_has_nul(const cJSON *value);

/* As json_text for the key of a member. */
struct span json_key(const cJSON *member, struct arena *a);

enum { JSON_NUMBER_ROOM = 40 }; /* bytes for the text of a double */

/* The text of a number: the client's, or the shortest decimal of one that we made (then in
 * scratch). {NULL, 0} when value is no number. */
struct span json_number(const cJSON *value, char scratch[JSON_NUMBER_ROOM]);

enum { JSON_DECIMAL_MAX = 1024 };

/* A number as a plain decimal, to compare with what people write: the client's digits, its exponent
 * worked in. In a, or borrowed from value. {NULL, 0}: no number, more than JSON_DECIMAL_MAX bytes,
 * or a is full. */
struct span json_decimal(const cJSON *value, struct arena *a);

/* The exact value of a number. False when value is no number, or not finite. *out borrows from
 * value and scratch. */
bool json_digits(const cJSON *value, char scratch[JSON_NUMBER_ROOM], struct digits *out);

/* The whole number that value is, exactly. False: no number, a fraction, or beyond int64_t. */
bool json_int64(const cJSON *value, int64_t *out);

/* The number has neither point nor exponent, as an int of Python's json module. */
bool json_is_integer(const cJSON *value);

/* -1, 0 or 1 as number a is below, equal to or above number b: exactly where both are finite, so
 * 1 is 1.0 and 2^53 + 1 is not 2^53. */
int json_compare(const cJSON *a, const cJSON *b);

/* object[key] = value, or with key NULL the next of an array. value is taken: where there is no memory,
 * none for value (NULL) or no parent (NULL), it is freed, that is remembered (mem.h), and this is
 * false. */
bool json_put(cJSON *parent, const char *key, cJSON *value);

/* As json_put(), of a value that stays its owner's and is there as long as parent is: nobody writes to it
 * or frees it by way of parent. */
bool json_put_borrowed(cJSON *parent, const char *key, const cJSON *value);

/* object[key] = value, in the place of what was there; else as json_put(). Without memory object may have
 * lost key: it is of no more use. */
bool json_replace(cJSON *object, const char *key, cJSON *value);

/* A string value of these bytes for a reply: invalid UTF-8 becomes U+FFFD, NUL prints as \u0000
 * (json_print() turns C0 80 into the escape). NULL when out of memory. */
cJSON *json_string(struct span text);

/* value as compact JSON text in out (appended); numbers with their own digits. False when it did
 * not fit or had no memory. */
bool json_print(const cJSON *value, struct buffer *out);

/* text as a JSON string with its quotes, by the same rules as json_string, without a tree. */
void json_print_text(struct span text, struct buffer *out);

/* The shortest decimal that reads back as value; null when it is not finite. */
void json_print_number(double value, struct buffer *out);

/* As json_print_number into out, without a NUL; returns the bytes written. */
size_t json_write_number(double value, char out[JSON_NUMBER_ROOM]);

#endif
