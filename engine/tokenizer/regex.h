/* engine/tokenizer/regex.h - the regular expressions of pre-tokenizers, on PCRE2
 * with its JIT.
 *
 * tokenizer.json writes patterns for Oniguruma (Ruby's syntax, Unicode).
 * regex_new() rewrites what means something else in PCRE2:
 *
 *   \s, \S   White_Space of Unicode; PCRE2's own \s also has U+180E
 *   \w, \W   letters, marks, decimal and letter numbers, connectors, Latin-1's numerals
 *   \h, \H   a hexadecimal digit
 *   \uHHHH   a code point
 *   ^ and $  at every line
 *
 * Class intersections and nested classes exist only in Oniguruma and are refused.
 *
 * A struct regex is immutable; what matching writes to is in the caller's struct
 * regex_match, one per thread. Each search is bounded in steps, so a hostile
 * pattern ends in an error, not in a hang.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_REGEX_H
#define ENGINE_TOKENIZER_REGEX_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

struct regex;
struct regex_match;

/* Compile a pattern. NULL and ERROR_UNSUPPORTED, quoting the pattern's fault, or
 * ERROR_NO_MEMORY. */
struct regex *regex_new(struct span pattern, struct error *err);
/* Accepts NULL. */
void regex_free(struct regex *r);

/* Where matches of r are written. NULL and ERROR_NO_MEMORY. */
struct regex_match *regex_match_new(const struct regex *r, struct error *err);
/* Accepts NULL. */
void regex_match_free(struct regex_match *m);

enum regex_found { REGEX_NONE, REGEX_FOUND, REGEX_FAILED };

/* The first match in text, which is valid UTF-8, that begins at `from` or later and is not empty.
 * *begin and *end are byte offsets. REGEX_FAILED and *err when a limit was hit. */
enum regex_found regex_next(const struct regex *r, struct regex_match *m, struct span text,
                            size_t from, size_t *begin, size_t *end, struct error *err);

#endif
