/* reward/rules/pattern.h - regular expressions with every bound set (PCRE2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_PATTERN_H
#define REWARD_RULES_PATTERN_H

#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

struct pattern;

enum pattern_flags {
    PATTERN_IGNORE_CASE = 1, /* (?i) */
    PATTERN_MULTILINE = 2,   /* (?m): ^ and $ at line breaks */
    PATTERN_DOTALL = 4,      /* (?s): . takes line breaks too */
    PATTERN_WHOLE = 8,       /* from the text's start to its end */
};

enum { PATTERN_MAX_BYTES = 16384 };

/* Compile. NULL and ERROR_UNPARSABLE with the offset when it is wrong. Perl's syntax and \uXXXX
 * (unicode_escapes.h), UTF-8, `\d` and `\w` by Unicode, only LF is a line break. Free with
 * pattern_free(), which accepts NULL. Read only: threads may share it. */
struct pattern *pattern_new(struct span source, unsigned flags, struct error *err);

/* Accepts NULL. */
void pattern_free(struct pattern *p);

enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_TOO_HARD };

/* Is it found in text (UTF-8)? steps bounds the backtracking: about ten million a second.
 * TOO_HARD: the steps or the memory (16 MiB) ran out. On YES *at and *n, which may be NULL, are
 * the match. */
enum pattern_result pattern_find(const struct pattern *p, struct span text, uint32_t steps,
                                 size_t *at, size_t *n);

/* How often it is found, from left to right without overlaps, as re.findall() counts; up to most.
 * steps bounds each search. *count on YES and NO alone. */
enum pattern_result pattern_count(const struct pattern *p, struct span text, uint32_t steps,
                                  size_t most, size_t *count);

#endif
