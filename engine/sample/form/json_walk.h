/* engine/sample/form/json_walk.h - reading a JSON object byte by byte, without keeping it: can these bytes
 * still become one?
 *
 * RFC 8259, strings in UTF-8 (RFC 3629). At most JSON_WALK_DEPTH brackets are open at once, and
 * at most JSON_WALK_SPACES white space bytes stand together, so that a model which only indents
 * comes to an end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_JSON_WALK_H
#define ENGINE_SAMPLE_FORM_JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>

enum { JSON_WALK_DEPTH = 64, JSON_WALK_SPACES = 160 };

/* A plain value: copy it to try a continuation. */
struct json_walk {
    uint8_t state, next;   /* what is expected; what follows the string or literal being read */
    uint8_t depth, spaces; /* open brackets; white space just read */
    uint8_t surrogate;     /* of an escape of four digits: none, high or low */
    bool could_be;         /* it begins as they do */
    uint8_t left;          /* bytes that a character or escape still lacks */
    uint8_t low, high;     /* the range of the next of them */
    uint64_t objects;      /* bit i: bracket i is { */
    const char *literal;   /* what is left of true, false or null */
};

void json_walk_begin(struct json_walk *w);

/* False when no JSON object goes on so. */
bool json_walk_feed(struct json_walk *w, unsigned char byte);

/* Is the object complete? */
bool json_walk_is_whole(const struct json_walk *w);

#endif
