/* base/json_scan.c - see json_scan.h. A recursive descent over RFC 8259's grammar, a function a
 * rule; depth is bounded by JSON_MAX_DEPTH.
 *
 * (1) 0 <= at <= text.n; at only grows, and when a rule fails it stands at the byte at fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json_scan.h"

#include <assert.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/json.h"
#include "base/utf8.h"

struct scan {
    struct span text;
    size_t at;
    size_t most; /* values at most */
    struct json_shape shape;
    const char *why; /* the fault at `at` */
    bool too_many;   /* it is not the grammar but the number of values */
};

static bool fault(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *s)
{
    assert(s->at <= s->text.n); /* (1) */
    return s->at < s->text.n ? (unsigned char)s->text.p[s->at] : -1;
}

static bool take(struct scan *s, char c)
{
    if (peek(s) != (unsigned char)c) return false;
    s->at++;
    return true;
}

static void skip_space(struct scan *s)
{
    for (int c = peek(s); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = peek(s)) {
        s->at++;
    }
}

/* Past the bytes that stand for themselves: eight at a time while none of them is a quote, a
 * backslash, a control character or beyond ASCII. */
static void skip_plain(struct scan *s)
{
    const uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
    for (uint64_t w; s->text.n - s->at >= 8; s->at += 8) {
        memcpy(&w, s->text.p + s->at, 8);
        uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
        uint64_t stop = (w - ones * 0x20) | (quote - ones) | (slash - ones) | w;
        if ((stop & high) != 0) break;
    }
    for (int c = peek(s); c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; c = peek(s)) {
        s->at++;
    }
}

static bool scan_escape(struct scan *s)
{
    s->at++; /* the backslash */
    int c = peek(s);
    if (c < 0) return fault(s, "a string is not closed");
    if (memchr("\"\\/bfnrt", c, 8) != NULL) {
        s->at++;
        return true;
    }
    if (c != 'u') return fault(s, "there is no such escape");
    s->at++;
    for (int i = 0; i < 4; i++, s->at++) {
        if (ascii_hex(peek(s)) < 0) return fault(s, "\\u needs four hexadecimal digits");
    }
    return true;
}

static bool scan_string(struct scan *s)
{
    size_t start = s->at++;
    for (;;) {
        skip_plain(s);
        int c = peek(s);
        if (c == '"') break;
        if (c < 0) return fault(s, "a string is not closed");
        if (c == '\\') {
            if (!scan_escape(s)) return false;
            continue;
        }
        if (c < 0x20) return fault(s, "a control character in a string must be escaped");
        uint32_t ignored;
        size_t n = utf8_decode(span_slice(s->text, s->at, s->text.n), &ignored);
        if (n == 0) return fault(s, "not valid UTF-8");
        s->at += n;
    }
    s->at++;
    s->shape.text += s->at - start; /* the quotes leave room for the NUL */
    return true;
}

static bool scan_digits(struct scan *s)
{
    if (!ascii_is_digit(peek(s))) return fault(s, "a digit is missing");
    while (ascii_is_digit(peek(s))) {
        s->at++;
    }
    return true;
}

static bool scan_number(struct scan *s)
{
    size_t start = s->at;
    take(s, '-');
    if (take(s, '0')) {
        if (ascii_is_digit(peek(s))) return fault(s, "a number cannot begin with 0");
    } else if (!scan_digits(s)) {
        return false;
    }
    if (take(s, '.') && !scan_digits(s)) return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) take(s, '-');
        if (!scan_digits(s)) return false;
    }
    s->shape.text += s->at - start + 1;
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    for (const char *c = word; *c != '\0'; c++) {
        if (!take(s, *c)) return fault(s, "a value is missing");
    }
    return true;
}

static bool scan_value(struct scan *s, int depth);

static bool scan_array(struct scan *s, int depth)
{
    s->at++;
    skip_space(s);
    if (take(s, ']')) return true;
    do {
        skip_space(s);
        if (!scan_value(s, depth)) return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, ']') || fault(s, "a comma or ] is missing");
}

static bool scan_member(struct scan *s, int depth)
{
    skip_space(s);
    if (peek(s) != '"') return fault(s, "a key in double quotes is missing");
    if (!scan_string(s)) return false;
    skip_space(s);
    if (!take(s, ':')) return fault(s, "a colon is missing");
    skip_space(s);
    return scan_value(s, depth);
}

static bool scan_object(struct scan *s, int depth)
{
    s->at++;
    skip_space(s);
    if (take(s, '}')) return true;
    do {
        if (!scan_member(s, depth)) return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, '}') || fault(s, "a comma or } is missing");
}

static bool scan_value(struct scan *s, int depth)
{
    if (++s->shape.values > s->most) {
        s->too_many = true;
        return false;
    }
    int c = peek(s);
    switch (c) {
    case '{':
    case '[':
        if (depth == JSON_MAX_DEPTH) return fault(s, "nested deeper than 64 levels");
        return c == '{' ? scan_object(s, depth + 1) : scan_array(s, depth + 1);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        if (c == '-' || ascii_is_digit(c)) return scan_number(s);
        return fault(s, c >= 0x80 ? "no value begins so" : "a value is missing");
    }
}
static_assert(JSON_MAX_DEPTH == 64, "the message above names it");

static bool refuse(const struct scan *s, struct error *err)
{
    if (s->too_many) {
        return error_set(err, ERROR_TOO_LARGE, NULL,
                         "more than %zu values in a JSON text of %zu bytes", s->most, s->text.n);
    }
    if (s->at == s->text.n) {
        return error_set(err, ERROR_INVALID_JSON, NULL,
                         "not valid JSON: the text ends at byte %zu, where %s", s->at, s->why);
    }
    return error_set(err, ERROR_INVALID_JSON, NULL, "not valid JSON at byte %zu: %s", s->at,
                     s->why);
}

static bool scan_front(struct scan *s, struct span text)
{
    *s = (struct scan){.text = text, .most = JSON_FREE_VALUES + text.n / JSON_BYTES_PER_VALUE};
    skip_space(s);
    if (!scan_value(s, 0)) return false;
    s->shape.end = s->at;
    return true;
}

bool json_scan_front(struct span text, struct json_shape *shape, struct error *err)
{
    struct scan s;
    if (!scan_front(&s, text)) return refuse(&s, err);
    *shape = s.shape;
    return true;
}

bool json_scan(struct span text, struct json_shape *shape, struct error *err)
{
    struct scan s;
    if (text.n == 0) {
        return error_set(err, ERROR_INVALID_JSON, NULL, "not valid JSON: the body is empty");
    }
    bool ok = scan_front(&s, text);
    if (ok) {
        skip_space(&s);
        ok = s.at == text.n || fault(&s, "something follows the value");
    }
    if (!ok) return refuse(&s, err);
    *shape = s.shape;
    return true;
}
