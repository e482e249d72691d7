/* base/json_print.c - writing JSON: trees, strings, numbers. See json.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static const char NUL_STAND_IN[2] = {(char)0xC0, (char)0x80};

/* Append text as valid UTF-8: U+FFFD for each piece that is none, `nul` for each U+0000. */
static void add_clean(struct buffer *out, struct span text, struct span nul)
{
    while (text.n > 0) {
        size_t ok = utf8_valid_prefix(text);
        struct span good = span_slice(text, 0, ok);
        for (const char *z; (z = memchr(good.p, '\0', good.n)) != NULL;) {
            size_t before = (size_t)(z - good.p);
            buffer_add(out, good.p, before);
            buffer_add_span(out, nul);
            good = span_slice(good, before + 1, good.n);
        }
        buffer_add_span(out, good);
        if (ok == text.n) break;
        buffer_add_str(out, "\xEF\xBF\xBD");
        text = span_slice(text, ok, text.n);
        text = span_slice(text, utf8_bad_length(text), text.n);
    }
}

cJSON *json_string(struct span text)
{
    struct buffer clean;
    buffer_init(&clean, text.n * 3 + 1);
    add_clean(&clean, text, span_of(NUL_STAND_IN, 2));
    char *s = buffer_take(&clean);
    cJSON *value = s == NULL ? NULL : cJSON_CreateString(s);
    free(s);
    return value;
}

/* The escape of an ASCII byte inside a JSON string, or NULL when it stands for itself. */
static const char *escape_of(unsigned char c, char scratch[8])
{
    static const char named[] = "btn\0fr"; /* 8, 9, 10, -, 12, 13 */
    if (c == '"') return "\\\"";
    if (c == '\\') return "\\\\";
    if (c >= 0x20) return NULL;
    static const char hex[] = "0123456789abcdef";
    if (c >= 8 && c <= 13 && c != 11) {
        memcpy(scratch, (char[]){'\\', named[c - 8], '\0'}, 3);
    } else {
        memcpy(scratch, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], '\0'}, 7);
    }
    return scratch;
}

/* The inside of a string. */
static void add_escaped(struct span text, struct buffer *out)
{
    char scratch[8];
    size_t ok = utf8_valid_prefix(text); /* of what is left */
    while (text.n > 0) {
        size_t plain = 0;
        while (plain < ok && escape_of((unsigned char)text.p[plain], scratch) == NULL) {
            plain++;
        }
        buffer_add(out, text.p, plain);
        if (plain == text.n) break;
        const char *escaped = plain < ok ? escape_of((unsigned char)text.p[plain], scratch) : NULL;
        buffer_add_str(out, escaped != NULL ? escaped : "\xEF\xBF\xBD");
        text = span_slice(text, plain, text.n);
        text = span_slice(text, escaped != NULL ? 1 : utf8_bad_length(text), text.n);
        ok = escaped != NULL ? ok - plain - 1 : utf8_valid_prefix(text);
    }
}

void json_print_text(struct span text, struct buffer *out)
{
    buffer_add_char(out, '"');
    add_escaped(text, out);
    buffer_add_char(out, '"');
}

/* ---- numbers ---------------------------------------------------------------------------------- */

/* Whole numbers below 2^53 without printf: most rewards are 0 or 1. Returns the end. */
static char *write_whole(int64_t value, char *out)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t rest = value < 0 ? (uint64_t)-value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) *--p = '-';
    size_t n = (size_t)(digits + sizeof(digits) - p);
    memcpy(out, p, n);
    return out + n;
}

/* Fractions of at most six decimals, which weights and shares often are. NULL: it is none. */
static char *write_short(double value, char *out)
{
    double scaled = value * 1e6, whole = nearbyint(scaled);
    if (fabs(value) >= 1e6 || whole / 1e6 != value) return NULL;
    uint64_t rest = (uint64_t)fabs(whole), fraction = rest % 1000000;
    int n = 6;
    if (value < 0) *out++ = '-';
    out = write_whole((int64_t)(rest / 1000000), out);
    for (; n > 0 && fraction % 10 == 0; n--) {
        fraction /= 10;
    }
    *out = '.';
    for (int i = n; i > 0; i--) {
        out[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    return out + n + 1;
}

/* The first n of 17 decimal digits, rounded half up, as %g would write them: the value is
 * d.ddd * 10^exponent. */
static void write_digits(const char digits[17], int n, int exponent, bool negative,
                         char out[JSON_NUMBER_ROOM])
{
    char d[18] = "0";
    int carry = n < 17 && digits[n] >= '5';
    for (int i = n - 1; i >= 0; i--) {
        int v = digits[i] - '0' + carry;
        carry = v == 10;
        d[i + 1] = (char)('0' + v % 10);
    }
    const char *p = d + 1;
    if (carry) { /* 9.99 became 10.0 */
        d[0] = '1';
        p = d;
        exponent++;
    }
    while (n > 1 && p[n - 1] == '0') {
        n--;
    }
    if (negative) *out++ = '-';
    if (exponent < -5 || exponent > 16) {
        snprintf(out, 39, n > 1 ? "%c.%.*se%+03d" : "%c%.*se%+03d", p[0], n - 1, p + 1, exponent);
    } else if (exponent < 0) {
        snprintf(out, 39, "0.%.*s%.*s", -exponent - 1, "0000", n, p);
    } else if (n <= exponent + 1) {
        snprintf(out, 39, "%.*s%.*s", n, p, exponent + 1 - n, "0000000000000000");
    } else {
        snprintf(out, 39, "%.*s.%.*s", exponent + 1, p, n - exponent - 1, p + exponent + 1);
    }
}

/* Seventeen digits always do; those written by people need fifteen at most. One conversion, and
 * each shorter form is read back to be sure of it. */
static size_t write_long(double value, char out[JSON_NUMBER_ROOM])
{
    char text[JSON_NUMBER_ROOM], digits[17];
    snprintf(text, sizeof(text), "%.16e", fabs(value)); /* d.dddddddddddddddde+xx */
    digits[0] = text[0];
    memcpy(digits + 1, text + 2, 16);
    int exponent = atoi(text + 19);
    for (int n = 15; n <= 17; n++) {
        write_digits(digits, n, exponent, value < 0, out);
        if (n == 17 || strtod(out, NULL) == value) break;
    }
    return strlen(out);
}

size_t json_write_number(double value, char out[JSON_NUMBER_ROOM])
{
    if (!isfinite(value)) {
        memcpy(out, "null", 4);
        return 4;
    }
    if (value == floor(value) && fabs(value) < 0x1p53) {
        return (size_t)(write_whole((int64_t)value, out) - out);
    }
    const char *end = write_short(value, out);
    return end != NULL ? (size_t)(end - out) : write_long(value, out);
}

void json_print_number(double value, struct buffer *out)
{
    char text[JSON_NUMBER_ROOM];
    buffer_add(out, text, json_write_number(value, text));
}

/* ---- trees ------------------------------------------------------------------------------------ */

/* A string of a tree: text that may hold the stand-in of U+0000. */
static void print_string(const char *string, struct buffer *out)
{
    struct span s = span_str(string), stand_in = span_of(NUL_STAND_IN, 2);
    if (s.n == 0 || memchr(s.p, NUL_STAND_IN[0], s.n) == NULL) {
        json_print_text(s, out);
        return;
    }
    buffer_add_char(out, '"');
    for (size_t at = 0; at <= s.n;) {
        size_t nul = span_find(s, stand_in, at), end = nul == SPAN_NONE ? s.n : nul;
        add_escaped(span_slice(s, at, end), out);
        if (nul != SPAN_NONE) buffer_add_str(out, "\\u0000");
        at = end + 2;
    }
    buffer_add_char(out, '"');
}

static void print_value(const cJSON *v, struct buffer *out);

static void print_children(const cJSON *v, struct buffer *out)
{
    bool object = cJSON_IsObject(v);
    const cJSON *child;
    buffer_add_char(out, object ? '{' : '[');
    cJSON_ArrayForEach(child, v)
    {
        if (out->failed) return;
        if (child != v->child) buffer_add_char(out, ',');
        if (object) {
            print_string(child->string, out);
            buffer_add_char(out, ':');
        }
        print_value(child, out);
    }
    buffer_add_char(out, object ? '}' : ']');
}

static void print_value(const cJSON *v, struct buffer *out)
{
    char scratch[JSON_NUMBER_ROOM];
    if (cJSON_IsObject(v) || cJSON_IsArray(v)) {
        print_children(v, out);
    } else if (cJSON_IsString(v)) {
        print_string(v->valuestring, out);
    } else if (cJSON_IsNumber(v)) {
        buffer_add_span(out, json_number(v, scratch));
    } else {
        buffer_add_str(out, cJSON_IsTrue(v) ? "true" : cJSON_IsFalse(v) ? "false" : "null");
    }
}

bool json_print(const cJSON *value, struct buffer *out)
{
    print_value(value, out);
    return !out->failed;
}
