/* reward/rules/unicode_escapes.h - \uXXXX in regular expressions, which PCRE2 doesn't know: ECMA-262's and
 * Python's way of naming a character, as outputs of a form take it (engine/sample/form/pattern.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_UNICODE_ESCAPES_H
#define REWARD_RULES_UNICODE_ESCAPES_H

#include "base/buffer.h"
#include "base/span.h"

/* Append a pattern to out, with \x{X} for \uXXXX, for \uXXXX\uXXXX where these are a surrogate pair, and
 * for \u{X}. All else stays as it is, so a broken \u is PCRE2's to refuse. Ends once out has at
 * least `most` bytes; returns how many of source's were read. */
size_t unicode_escapes(struct span source, size_t most, struct buffer *out);

#endif
