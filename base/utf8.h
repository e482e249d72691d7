/* base/utf8.h - reading and writing UTF-8 (RFC 3629: no surrogates, no overlong forms, at most
 * U+10FFFF).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Decode the character that starts s. Returns its length in bytes (1 to 4) and its code point,
 * or 0 when s is empty or its first bytes are not UTF-8. */
size_t utf8_decode(struct span s, uint32_t *code_point);

/* Write a code point; returns 1 to 4, or 0 for what is no code point (a surrogate, > U+10FFFF). */
size_t utf8_encode(uint32_t code_point, char out[4]);

/* Bytes at the front of s that are whole characters of valid UTF-8. */
size_t utf8_valid_prefix(struct span s);
/* Whether all of s is valid UTF-8. */
bool utf8_is_valid(struct span s);

/* How many characters s has: of its bytes those that do not go on with one. */
size_t utf8_count(struct span s);

/* Bytes at the front of s, which is not empty and begins with no character, that one U+FFFD stands
 * for: the longest beginning of a character, or one byte (Unicode 3.9, "maximal subpart"). */
size_t utf8_bad_length(struct span s);

/* Bytes at the end of s that begin a character but do not finish it (0 to 3): what a stream
 * holds back until the next token. */
size_t utf8_incomplete_tail(struct span s);

#endif
