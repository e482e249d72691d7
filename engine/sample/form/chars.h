/* engine/sample/form/chars.h - sets of characters, and how they are written as bytes.
 *
 * A form speaks of characters (code points), a model of bytes. A character stands for itself in
 * UTF-8 (CHARS_PLAIN), or as a JSON string writes it (CHARS_JSON): there " and \ and controls have
 * one spelling each, the short escape or \u00XX in lower case (contracts of the forms), so that
 * counting characters and comparing strings needs no second thought.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_CHARS_H
#define ENGINE_SAMPLE_FORM_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/sample/form/rx.h"

enum chars_coding { CHARS_PLAIN, CHARS_JSON };

enum { CHARS_LAST = 0x10ffff };

/* Ranges of code points, ends included, in any order until chars_rx(). */
struct chars {
    struct {
        uint32_t low, high;
    } * ranges; /* owned */
    int n, room;
    bool failed; /* no memory: incomplete */
};

/* Frees; c is empty again. */
void chars_clear(struct chars *c);

/* Add the range [low, high]. */
void chars_add(struct chars *c, uint32_t low, uint32_t high);

/* Add all that other lacks. */
void chars_add_others(struct chars *c, const struct chars *other);

/* Named sets. Where ECMA-262 and Python disagree about one, what both take. */
enum chars_class {
    CHARS_DIGIT,     /* \d: 0-9 */
    CHARS_WORD,      /* \w: A-Z a-z 0-9 _ */
    CHARS_SPACE,     /* \s: white space of both */
    CHARS_NOT_DIGIT, /* \D: without the digits of either */
    CHARS_NOT_WORD,
    CHARS_NOT_SPACE,
    CHARS_DOT, /* .: without the line ends of either */
    CHARS_ANY
};

/* Add a named set. */
void chars_add_class(struct chars *c, enum chars_class which);

/* Unicode's general category by its name (L, Lu, Letter is not known): false for other names. */
bool chars_add_category(struct chars *c, struct span name, bool negated);

/* The letters of c in the other case too (simple case folding). */
void chars_fold_case(struct chars *c);

/* One character of c as bytes. c is normalised by it. RX_NONE for none. */
rx chars_rx(struct rx_pool *p, struct chars *c, enum chars_coding coding);

/* One character of a named class as bytes. */
rx chars_class_rx(struct rx_pool *p, enum chars_class which, enum chars_coding coding);

/* A text of characters as bytes; invalid UTF-8 matches nothing. */
rx chars_text_rx(struct rx_pool *p, struct span utf8, enum chars_coding coding);

#endif
