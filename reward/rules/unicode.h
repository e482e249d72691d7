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
#include "base/unicode.h"

bool unicode_is_word(uint32_t c);  /* re's \w */
bool unicode_in_word(uint32_t c);  /* \w of Unicode itself (UTS 18): marks too, no numbers but digits */
bool unicode_is_digit(uint32_t c); /* re's \d: category Nd */

/* A character's own str.isupper() and str.islower(): Unicode's Uppercase and Lowercase. */
bool unicode_is_upper(uint32_t c);
bool unicode_is_lower(uint32_t c); /* the same */

/* str.isupper() and str.islower() of a text: it has such letters, and none of the other case. */
bool unicode_all_upper(struct span s);
bool unicode_all_lower(struct span s); /* the same */

/* str.strip() */
struct span unicode_trim(struct span s);

/* The last n characters of s: s[-n:] */
struct span unicode_last(struct span s, size_t n);

/* str.lower(), new in a; {NULL, 0} when a is full. */
struct span unicode_lower(struct span s, struct arena *a);

/* Is there a word boundary (re's \b) at this offset? */
bool unicode_is_boundary(struct span s, size_t at);

#endif
