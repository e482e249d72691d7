/* base/json.c - see json.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static const char NUL_STAND_IN[2] = {(char)0xC0, (char)0x80};

/* One pass over the raw text: the depth it reaches, and how many \u0000 escapes it holds. */
struct scan {
    int depth;
    size_t nuls;
};

static bool is_nul_escape(struct span t, size_t at)
{
    return t.n - at >= 6 && memcmp(t.p + at, "\\u0000", 6) == 0;
}

static struct scan scan_text(struct span t)
{
    struct scan s = {0};
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (in_string) {
            if (c == '\\') {
                s.nuls += is_nul_escape(t, i);
                i++; /* whatever is escaped cannot end the string */
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > s.depth) s.depth = depth;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return s;
}

/* A copy of t in which every \u0000 escape is the two bytes of its stand-in. */
static char *replace_nuls(struct span t, size_t *n)
{
    char *copy = mem_bytes(t.n), *out = copy;
    if (copy == NULL) return NULL;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\\' && is_nul_escape(t, i)) {
            *out++ = NUL_STAND_IN[0];
            *out++ = NUL_STAND_IN[1];
            i += 5;
        } else {
            *out++ = t.p[i];
            if (t.p[i] == '\\' && i + 1 < t.n) *out++ = t.p[++i];
        }
    }
    *n = (size_t)(out - copy);
    return copy;
}

static cJSON *parse_whole(struct span t, size_t *at)
{
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(t.p == NULL ? "" : t.p, t.n, &end, false);
    *at = end == NULL ? 0 : (size_t)(end - t.p);
    if (value == NULL) return NULL;
    if (span_trim(span_slice(t, *at, t.n)).n > 0) {
        cJSON_Delete(value);
        return NULL;
    }
    return value;
}

cJSON *json_parse(struct span text, struct error *err)
{
    size_t valid = utf8_valid_prefix(text);
    if (valid != text.n) {
        error_set(err, ERROR_INVALID_JSON, NULL, "not valid UTF-8 at byte %zu", valid);
        return NULL;
    }
    struct scan s = scan_text(text);
    if (s.depth > JSON_MAX_DEPTH) {
        error_set(err, ERROR_INVALID_JSON, NULL, "nested deeper than %d levels", JSON_MAX_DEPTH);
        return NULL;
    }
    char *copy = NULL;
    struct span t = text;
    if (s.nuls > 0) {
        copy = replace_nuls(text, &t.n);
        t.p = copy;
        if (copy == NULL) {
            error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a document of %zu bytes",
                      text.n);
            return NULL;
        }
    }
    size_t at;
    cJSON *value = parse_whole(t, &at);
    free(copy);
    if (value == NULL) {
        error_set(err, ERROR_INVALID_JSON, NULL, "not valid JSON near byte %zu", at);
    }
    return value;
}

const cJSON *json_get(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);
    return v == NULL || cJSON_IsNull(v) ? NULL : v;
}

const char *json_type_name(const cJSON *v)
{
    if (v == NULL) return "nothing";
    if (cJSON_IsNull(v)) return "null";
    if (cJSON_IsBool(v)) return "a boolean";
    if (cJSON_IsNumber(v)) return "a number";
    if (cJSON_IsString(v)) return "a string";
    if (cJSON_IsArray(v)) return "an array";
    return "an object";
}

static bool wrong_type(const cJSON *v, const char *name, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_INVALID_TYPE, name, "%s must be %s, not %s", name, wanted,
                     json_type_name(v));
}

bool json_get_int(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t *out,
                  struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsNumber(v)) return wrong_type(v, name, "an integer", err);
    double d = v->valuedouble;
    if (!isfinite(d) || d != floor(d)) return wrong_type(v, name, "an integer", err);
    if (d < (double)min || d > (double)max) {
        return error_set(err, ERROR_INVALID_VALUE, name,
                         "%s is %.17g; it must be from %lld to %lld", name, d, (long long)min,
                         (long long)max);
    }
    *out = d >= 0x1p63 ? INT64_MAX : (int64_t)d; /* 2^63 itself passes the test above by rounding */
    return true;
}

bool json_get_double(const cJSON *object, const char *name, double min, double max, double *out,
                     struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsNumber(v)) return wrong_type(v, name, "a number", err);
    double d = v->valuedouble;
    if (!(d >= min && d <= max)) {
        return error_set(err, ERROR_INVALID_VALUE, name, "%s is %g; it must be from %g to %g", name,
                         d, min, max);
    }
    *out = d;
    return true;
}

bool json_get_bool(const cJSON *object, const char *name, bool *out, struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsBool(v)) return wrong_type(v, name, "true or false", err);
    *out = cJSON_IsTrue(v);
    return true;
}

bool json_get_string(const cJSON *object, const char *name, const char **out, struct error *err)
{
    const cJSON *v = json_get(object, name);
    if (v == NULL) return true;
    if (!cJSON_IsString(v)) return wrong_type(v, name, "a string", err);
    *out = v->valuestring;
    return true;
}

static bool is_known(const char *key, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(key, *names) == 0) return true;
    }
    return false;
}

bool json_check_keys(const cJSON *object, const char *const *names, struct error *err)
{
    const cJSON *field;
    cJSON_ArrayForEach(field, object)
    {
        if (!is_known(field->string, names)) {
            return error_set(err, ERROR_UNKNOWN_FIELD, field->string, "unknown field \"%.100s\"",
                             field->string);
        }
        if (cJSON_GetObjectItemCaseSensitive(object, field->string) != field) {
            return error_set(err, ERROR_INVALID_VALUE, field->string, "\"%.100s\" is given twice",
                             field->string);
        }
    }
    return true;
}

struct span json_text(const cJSON *value, struct arena *a)
{
    if (!cJSON_IsString(value)) return span_of(NULL, 0);
    struct span s = span_str(value->valuestring);
    struct span stand_in = span_of(NUL_STAND_IN, 2);
    if (memchr(s.p, NUL_STAND_IN[0], s.n) == NULL) return s;
    char *copy = arena_alloc(a, s.n, 1);
    if (copy == NULL) return span_of(NULL, 0);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool nul = span_starts(span_slice(s, i, s.n), stand_in);
        copy[n++] = nul ? '\0' : s.p[i];
        i += nul;
    }
    return span_of(copy, n);
}

/* Append text as valid UTF-8: U+FFFD for each byte that is none, `nul` for each U+0000. */
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
        text = span_slice(text, ok + 1, text.n);
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

bool json_print(const cJSON *value, struct buffer *out)
{
    char *text = cJSON_PrintUnformatted(value);
    if (text == NULL) {
        out->failed = true;
        return false;
    }
    struct span rest = span_str(text), stand_in = span_of(NUL_STAND_IN, 2);
    for (size_t at; (at = span_find(rest, stand_in, 0)) != SPAN_NONE;) {
        buffer_add(out, rest.p, at);
        buffer_add_str(out, "\\u0000");
        rest = span_slice(rest, at + 2, rest.n);
    }
    buffer_add_span(out, rest);
    cJSON_free(text);
    return !out->failed;
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

void json_print_text(struct span text, struct buffer *out)
{
    char scratch[8];
    size_t ok = utf8_valid_prefix(text); /* of what is left */
    buffer_add_char(out, '"');
    while (text.n > 0) {
        size_t plain = 0;
        while (plain < ok && escape_of((unsigned char)text.p[plain], scratch) == NULL) {
            plain++;
        }
        buffer_add(out, text.p, plain);
        if (plain == text.n) break;
        const char *escaped = plain < ok ? escape_of((unsigned char)text.p[plain], scratch) : NULL;
        buffer_add_str(out, escaped != NULL ? escaped : "\xEF\xBF\xBD");
        text = span_slice(text, plain + 1, text.n);
        ok = escaped != NULL ? ok - plain - 1 : utf8_valid_prefix(text);
    }
    buffer_add_char(out, '"');
}

/* Whole numbers below 2^53 without printf: most rewards are 0 or 1. */
static void print_whole(int64_t value, struct buffer *out)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t rest = value < 0 ? (uint64_t)-value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) *--p = '-';
    buffer_add(out, p, (size_t)(digits + sizeof(digits) - p));
}

/* Fractions of at most six decimals, which weights and shares often are. False: it is none. */
static bool print_short(double value, struct buffer *out)
{
    double scaled = value * 1e6, whole = nearbyint(scaled);
    if (fabs(value) >= 1e6 || whole / 1e6 != value) return false;
    uint64_t rest = (uint64_t)fabs(whole), fraction = rest % 1000000;
    char digits[8] = ".";
    int n = 6;
    if (value < 0) buffer_add_char(out, '-');
    print_whole((int64_t)(rest / 1000000), out);
    for (; n > 0 && fraction % 10 == 0; n--) {
        fraction /= 10;
    }
    for (int i = n; i > 0; i--) {
        digits[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    buffer_add(out, digits, (size_t)n + 1);
    return true;
}

/* The first n of 17 decimal digits, rounded half up, as %g would write them: value = d.ddd * 10^exponent. */
static void write_digits(const char digits[17], int n, int exponent, bool negative, char out[40])
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
static void print_long(double value, struct buffer *out)
{
    char text[40], digits[17];
    snprintf(text, sizeof(text), "%.16e", fabs(value)); /* d.dddddddddddddddde+xx */
    digits[0] = text[0];
    memcpy(digits + 1, text + 2, 16);
    int exponent = atoi(text + 19);
    for (int n = 15; n <= 17; n++) {
        write_digits(digits, n, exponent, value < 0, text);
        if (n == 17 || strtod(text, NULL) == value) break;
    }
    buffer_add_str(out, text);
}

void json_print_number(double value, struct buffer *out)
{
    if (!isfinite(value)) {
        buffer_add_str(out, "null");
    } else if (value == floor(value) && fabs(value) < 0x1p53) {
        print_whole((int64_t)value, out);
    } else if (!print_short(value, out)) {
        print_long(value, out);
    }
}
