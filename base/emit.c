/* base/emit.c - see emit.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/emit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/json.h"

static const double MISSING = -9999.0;

/* A value has just ended when the last byte neither opens a bracket nor announces a value. White
 * space ends a line of an event stream or of NDJSON: there a new document begins. */
static void separate(struct buffer *b)
{
    if (b->n == 0) return;
    switch (b->p[b->n - 1]) {
    case '{':
    case '[':
    case ':':
    case ' ':
    case '\n':
        return;
    default:
        buffer_add_char(b, ',');
    }
}

void emit_key(struct buffer *b, const char *key)
{
    separate(b);
    if (key == NULL) return;
    buffer_add_char(b, '"');
    buffer_add_str(b, key);
    buffer_add(b, "\":", 2);
}

void emit_name(struct buffer *b, struct span key)
{
    separate(b);
    json_print_text(key, b);
    buffer_add_char(b, ':');
}

void emit_object(struct buffer *b, const char *key)
{
    emit_key(b, key);
    buffer_add_char(b, '{');
}

void emit_array(struct buffer *b, const char *key)
{
    emit_key(b, key);
    buffer_add_char(b, '[');
}

void emit_open(struct buffer *b, char bracket)
{
    emit_key(b, NULL);
    buffer_add_char(b, bracket);
}

void emit_close(struct buffer *b, char bracket)
{
    buffer_add_char(b, bracket);
}

void emit_text(struct buffer *b, const char *key, struct span text)
{
    emit_key(b, key);
    json_print_text(text, b);
}

void emit_str(struct buffer *b, const char *key, const char *text)
{
    if (text == NULL) {
        emit_null(b, key);
    } else {
        emit_text(b, key, span_str(text));
    }
}

void emit_int(struct buffer *b, const char *key, int64_t value)
{
    char digits[24];
    emit_key(b, key);
    buffer_add(b, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)value));
}

void emit_bool(struct buffer *b, const char *key, bool value)
{
    emit_key(b, key);
    buffer_add_str(b, value ? "true" : "false");
}

void emit_null(struct buffer *b, const char *key)
{
    emit_key(b, key);
    buffer_add(b, "null", 4);
}

void emit_json(struct buffer *b, const char *key, struct span json)
{
    emit_key(b, key);
    buffer_add_span(b, json);
}

void emit_value(struct buffer *b, const char *key, const cJSON *value)
{
    emit_key(b, key);
    if (value == NULL) {
        buffer_add(b, "null", 4);
    } else {
        json_print(value, b);
    }
}

void emit_float(struct buffer *b, const char *key, float value)
{
    char digits[32];
    emit_key(b, key);
    double d = isfinite(value) ? (double)value : MISSING;
    int n = 0;
    for (int precision = 6; precision <= 9; precision++) {
        n = snprintf(digits, sizeof(digits), "%.*g", precision, d);
        if (strtof(digits, NULL) == (float)d) break;
    }
    buffer_add(b, digits, (size_t)n);
}

void emit_double(struct buffer *b, const char *key, double value)
{
    emit_key(b, key);
    json_print_number(value, b);
}

void emit_known(struct buffer *b, const char *key, bool known, double value)
{
    if (known) {
        emit_double(b, key, value);
    } else {
        emit_null(b, key);
    }
}

void emit_fixed(struct buffer *b, const char *key, double value, int places)
{
    if (!isfinite(value)) {
        emit_null(b, key);
        return;
    }
    emit_key(b, key);
    buffer_addf(b, "%.*f", places, value);
}

void emit_base64(struct buffer *b, const char *key, struct span bytes)
{
    emit_key(b, key);
    buffer_add_char(b, '"');
    base64_encode(bytes, b);
    buffer_add_char(b, '"');
}
