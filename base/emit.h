/* base/emit.h - JSON text written straight into a buffer, without a tree.
 *
 * A streamed token is one small object; building and printing a cJSON tree for each would cost more
 * than sending it. These functions only append. A comma is put wherever the last byte shows that a
 * value has just ended, so there is no state but the buffer itself:
 *
 *   emit_open(b, '{');
 *   emit_int(b, "index", 0);
 *   emit_text(b, "text", delta);
 *   emit_close(b, '}');
 *
 * `key` is NULL for an element of an array or the outermost value. Keys are written as they are:
 * ours, never a client's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_EMIT_H
#define BASE_EMIT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

void emit_key(struct buffer *b, const char *key); /* a comma if one is due, then "key": */

/* As emit_key for a key that is a client's. */
void emit_name(struct buffer *b, struct span key);

void emit_object(struct buffer *b, const char *key); /* opens { */
void emit_array(struct buffer *b, const char *key);  /* opens [ */
void emit_open(struct buffer *b, char bracket);      /* { or [, without a key */
void emit_close(struct buffer *b, char bracket);     /* } or ] */

void emit_text(struct buffer *b, const char *key, struct span text); /* invalid UTF-8: U+FFFD */
void emit_str(struct buffer *b, const char *key, const char *text);  /* NULL: null */
void emit_int(struct buffer *b, const char *key, int64_t value);
void emit_bool(struct buffer *b, const char *key, bool value);
void emit_null(struct buffer *b, const char *key);
void emit_json(struct buffer *b, const char *key, struct span json); /* a value, written already */
void emit_value(struct buffer *b, const char *key, const cJSON *value); /* NULL: null */

/* Shortest decimal that reads back as the same float. JSON has no infinities: what is not finite is
 * written as -9999, vLLM's word for a probability that is missing. */
void emit_float(struct buffer *b, const char *key, float value);
void emit_double(struct buffer *b, const char *key, double value); /* not finite: null */
/* The number where it is known, else null. */
void emit_known(struct buffer *b, const char *key, bool known, double value);


/* Plain, with that many decimal places: for times. Not finite: null. */
void emit_fixed(struct buffer *b, const char *key, double value, int places);

/* Bytes as a string of base64. */
void emit_base64(struct buffer *b, const char *key, struct span bytes);

#endif
