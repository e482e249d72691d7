/* base/unicode.h - characters of texts that may not be UTF-8, and the one class of them that Python's
 * texts and ours share everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/utf8.h"

/* The character that starts s (not empty) and its bytes. A byte that is no UTF-8 is U+FFFD, 1. */
static inline uint32_t unicode_next(struct span s, size_t *n)
{
    unsigned char first = (unsigned char)s.p[0];
    uint32_t c = first;
    *n = 1;
    if (first < 0x80) return c;
    size_t bytes = utf8_decode(s, &c);
    if (bytes == 0) return 0xFFFD;
    *n = bytes;
    return c;
}

/* Python's str.isspace(), re's \s: bidirectional type WS, B or S, or category Zs. */
static inline bool unicode_is_space(uint32_t c)
{
    if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
    if (c == 0x85 || c == 0xA0) return true;
    if (c < 0x1680) return false;
    return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

#endif
