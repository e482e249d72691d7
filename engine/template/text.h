/* engine/template/text.h - strings: building them, and the parts of Python's str that count
 * characters or know Unicode.
 *
 * Strings are valid UTF-8 and indexed by character, as Python's are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_TEXT_H
#define ENGINE_TEMPLATE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct render;

/* Text that grows in the rendering's arena. Zero-initialise. A failed append sets the rendering's
 * error and makes the builder ignore what follows; text_end() reports it. */
struct text_builder {
    char *p;
    size_t n, room;
    bool failed;
};

/* Append s. */
void text_add(struct render *r, struct text_builder *b, struct span s);
/* Append a C string. */
void text_add_str(struct render *r, struct text_builder *b, const char *s);
/* Append a byte, which is ASCII. */
void text_add_char(struct render *r, struct text_builder *b, char c);
/* Append a character. */
void text_add_code(struct render *r, struct text_builder *b, uint32_t code_point);
/* Append s so many times; none when times is negative. */
void text_add_times(struct render *r, struct text_builder *b, struct span s, int64_t times);
/* Append a character so many times; none when times is negative. */
void text_add_fill(struct render *r, struct text_builder *b, uint32_t code_point, int64_t times);
/* The text so far; false when an append failed. */
bool text_end(const struct text_builder *b, struct span *out);

/* How much of s to quote in an error message, for %.*s: whole characters, not many. */
int text_excerpt(struct span s);

/* Byte offset of character i, s.n when there are fewer. */
size_t text_offset(struct span s, size_t i);
/* Decode the character at byte *at and step over it; U+FFFD for bytes that are none. */
uint32_t text_next(struct span s, size_t *at);
/* Decode the character that ends at byte *at and step back over it. */
uint32_t text_previous(struct span s, size_t *at);

/* What repr() leaves as it is. */
bool code_is_printable(uint32_t c);

/* Python's str.strip family: the characters of chars, or white space when chars is NULL. */
struct span text_lstrip(struct span s, const struct span *chars);
/* At the end. */
struct span text_rstrip(struct span s, const struct span *chars);
/* At both ends. */
struct span text_strip(struct span s, const struct span *chars);

enum text_case { CASE_UPPER, CASE_LOWER, CASE_TITLE_CHAR, CASE_SWAP };

/* Append the character of s at byte *at mapped, and step over it. */
void text_add_case_at(struct render *r, struct text_builder *b, struct span s, size_t *at,
                      enum text_case to);
/* Append s with every character mapped. */
void text_add_case(struct render *r, struct text_builder *b, struct span s, enum text_case to);

/* Append c folded for a comparison without case (Unicode's full case folding). */
void text_add_folded(struct render *r, struct text_builder *b, uint32_t c);

/* The next line of s from byte *at (str.splitlines): its content without and *whole with the line
 * end. False at the end. */
bool text_next_line(struct span s, size_t *at, struct span *line, struct span *whole);

enum text_class {
    CLASS_ALPHA,
    CLASS_DECIMAL,
    CLASS_DIGIT,
    CLASS_NUMERIC,
    CLASS_ALNUM,
    CLASS_SPACE,
    CLASS_PRINTABLE,
    CLASS_ASCII,
};
/* Whether c is of this class. */
bool code_is(uint32_t c, enum text_class class);
/* Python's str.isupper of a character. */
bool code_is_upper(uint32_t c);
/* Python's str.islower of a character. */
bool code_is_lower(uint32_t c);
/* Whether it is upper, lower or title case. */
bool code_is_cased(uint32_t c);

#endif
