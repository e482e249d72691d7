/* reward/rules/unicode_escapes.c - see unicode_escapes.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/unicode_escapes.h"

#include <stdint.h>

#include "base/ascii.h"

enum { QUAD = 4, MOST_DIGITS = 6 };

static bool has(struct span s, size_t at, const char *text)
{
    return at <= s.n && span_starts(span_slice(s, at, s.n), span_str(text));
}

/* Hexadecimal digits from `at` on, at most so many; how many there are. */
static size_t digits(struct span s, size_t at, size_t most, uint32_t *value)
{
    size_t n = 0;
    *value = 0;
    for (; n < most && at + n < s.n && ascii_hex((unsigned char)s.p[at + n]) >= 0; n++) {
        *value = *value * 16 + (uint32_t)ascii_hex((unsigned char)s.p[at + n]);
    }
    return n;
}

/* The bytes of the escape at `at`, and its character; 0: there is none. */
static size_t escape(struct span s, size_t at, uint32_t *value)
{
    uint32_t low;
    if (!has(s, at, "\\u")) return 0;
    if (has(s, at, "\\u{")) {
        size_t n = digits(s, at + 3, MOST_DIGITS, value);
        return n > 0 && has(s, at + 3 + n, "}") ? n + 4 : 0;
    }
    if (digits(s, at + 2, QUAD, value) != QUAD) return 0;
    bool pair = *value >= 0xd800 && *value < 0xdc00 && has(s, at + 6, "\\u") &&
                digits(s, at + 8, QUAD, &low) == QUAD && low >= 0xdc00 && low < 0xe000;
    if (!pair) return 6;
    *value = 0x10000 + ((*value - 0xd800) << 10) + (low - 0xdc00);
    return 12;
}

size_t unicode_escapes(struct span source, size_t most, struct buffer *out)
{
    size_t at = 0;
    bool quoted = false; /* between \Q and \E all stands for itself */
    while (at < source.n && out->n < most) {
        uint32_t value;
        size_t n = quoted ? 0 : escape(source, at, &value);
        if (n > 0) {
            buffer_addf(out, "\\x{%x}", (unsigned)value);
            at += n;
            continue;
        }
        if (has(source, at, quoted ? "\\E" : "\\Q")) quoted = !quoted;
        n = !quoted && source.p[at] == '\\' && at + 1 < source.n ? 2 : 1;
        buffer_add(out, source.p + at, n);
        at += n;
    }
    return at;
}
