/* base/tools/json_step.h - an object of JSON as its bytes arrive: can they still become one, is it
 * whole, and where do its own members stand?
 *
 * RFC 8259, at most JSON_MAX_DEPTH deep; what lies in a string is not looked at beyond quotes,
 * escapes and control characters. json_parse() has the last word on a whole object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TOOLS_JSON_STEP_H
#define BASE_TOOLS_JSON_STEP_H

#include <stdbool.h>
#include <stdint.h>

enum json_step_event {
    JSON_STEP_BAD,  /* no object goes on so */
    JSON_STEP_NONE, /* nothing of note */
    /* of the outermost object, whose own members alone are told: */
    JSON_STEP_KEY,   /* this byte opens a key's string */
    JSON_STEP_COLON, /* this byte is the colon behind a key */
    JSON_STEP_VALUE, /* this byte begins a value */
    JSON_STEP_END,   /* this byte is the last of a string, an array or an object that is a value */
    JSON_STEP_WHOLE  /* this byte closes the outermost object */
};

struct json_step {
    uint64_t objects; /* bit i: bracket i is { */
    uint8_t depth;    /* open brackets */
    uint8_t state;    /* json_step.c's */
    uint8_t left;     /* bytes of a literal or digits of an escape still to come */
    bool in_key;      /* the string being read is a key */
    const char *word; /* the rest of a literal */
};

/* Before the opening brace. */
void json_step_begin(struct json_step *s);

/* One byte more. After JSON_STEP_BAD and JSON_STEP_WHOLE s is of no more use. */
enum json_step_event json_step(struct json_step *s, unsigned char byte);

#endif
