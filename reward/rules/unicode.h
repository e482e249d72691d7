/* reward/rules/unicode.h - characters as Python's str and re see them, for rules that must equal peers'
 * that are written in Python.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_UNICODE_H
#define REWARD_RULES_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
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

/* White space as Python's str.isspace() has it. */
bool unicode_is_space(uint32_t c); /* str.isspace(), re's \s */
bool unicode_is_word(uint32_t c);  /* re's \w */
bool unicode_is_digit(uint32_t c); /* re's \d: category Nd */

/* str.strip() */
struct span unicode_trim(struct span s);

/* The last n characters of s: s[-n:] */
struct span unicode_last(struct span s, size_t n);

/* str.lower(), new in a; {NULL, 0} when a is full. */
struct span unicode_lower(struct span s, struct arena *a);

/* Is there a word boundary (re's \b) at this offset? */
bool unicode_is_boundary(struct span s, size_t at);

#endif
