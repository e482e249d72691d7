/* engine/sample/form/json_walk.h - reading a JSON object byte by byte, without keeping it: can these bytes
 * still become one?
 *
 * RFC 8259, strings in UTF-8 (RFC 3629). At most JSON_WALK_DEPTH brackets are open at once.
 * Between two tokens stands nothing, one blank, or a new line and at most JSON_WALK_INDENT blanks
 * and tabs, so that a model which only indents comes to an end; likewise before the first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_JSON_WALK_H
#define ENGINE_SAMPLE_FORM_JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>

enum { JSON_WALK_DEPTH = 64, JSON_WALK_INDENT = 40 };

/* A plain value: copy it to try a continuation. What a state has no use for is 0, so equal states
 * have equal bytes. */
struct json_walk {
    uint64_t objects;    /* bit i: bracket i is { */
    uint8_t state, next; /* what is expected; what follows the string being read */
    uint8_t depth;       /* open brackets */
    uint8_t space;       /* white space just read: 0 none, 1 a blank, 2 + n a new line and n more */
    uint8_t surrogate;   /* of an escape of four digits: none, high or low */
    uint8_t could_be;    /* 1: it begins as they do */
    uint8_t left;        /* bytes that a character, an escape or a literal still lacks */
    uint8_t low, high;   /* the range of a character's next byte */
    uint8_t literal;     /* which of true, false and null */
    uint8_t zero[6];
};

/* Before the first byte. */
void json_walk_begin(struct json_walk *w);

/* False when no JSON object goes on so. */
bool json_walk_feed(struct json_walk *w, unsigned char byte);

/* Is the object complete? */
bool json_walk_is_whole(const struct json_walk *w);

#endif
