/* base/utf8.c - see utf8.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"

/* Length that a first byte announces; 0 for a byte that starts nothing. */
static size_t announced(unsigned char c)
{
    if (c < 0x80) return 1;
    if (c >= 0xC2 && c <= 0xDF) return 2;
    if (c >= 0xE0 && c <= 0xEF) return 3;
    if (c >= 0xF0 && c <= 0xF4) return 4;
    return 0;
}

/* The second byte has a narrower range after E0, ED, F0 and F4 (RFC 3629, section 4). */
static bool second_ok(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return second >= 0x80 && second <= 0xBF;
    }
}

size_t utf8_decode(struct span s, uint32_t *code_point)
{
    static const unsigned char payload[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    if (s.n == 0) return 0;
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = announced(p[0]);
    if (n == 0 || n > s.n) return 0;
    uint32_t c = p[0] & payload[n];
    for (size_t i = 1; i < n; i++) {
        if (i == 1 ? !second_ok(p[0], p[1]) : (p[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    *code_point = c;
    return n;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c >= 0xD800 && c <= 0xDFFF) return 0;
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    if (c > 0x10FFFF) return 0;
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_valid_prefix(struct span s)
{
    size_t at = 0;
    while (at < s.n) {
        if ((unsigned char)s.p[at] < 0x80) {
            at++;
            continue;
        }
        uint32_t ignored;
        size_t n = utf8_decode(span_slice(s, at, s.n), &ignored);
        if (n == 0) break;
        at += n;
    }
    return at;
}

bool utf8_is_valid(struct span s)
{
    return utf8_valid_prefix(s) == s.n;
}

size_t utf8_count(struct span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80; /* begins one */
    }
    return n;
}

size_t utf8_bad_length(struct span s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = announced(p[0]), i = 1;
    while (i < n && i < s.n && (i == 1 ? second_ok(p[0], p[1]) : (p[i] & 0xC0) == 0x80)) {
        i++;
    }
    return i;
}

size_t utf8_incomplete_tail(struct span s)
{
    for (size_t back = 1; back <= 3 && back <= s.n; back++) {
        const unsigned char *p = (const unsigned char *)s.p + s.n - back;
        if ((p[0] & 0xC0) == 0x80) continue; /* a continuation: its start is further back */
        if (announced(p[0]) <= back) return 0;
        return back < 2 || second_ok(p[0], p[1]) ? back : 0;
    }
    return 0;
}
