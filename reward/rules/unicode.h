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
