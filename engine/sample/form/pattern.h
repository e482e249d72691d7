/* engine/sample/form/pattern.h - regular expressions as people write them, made into rx.h's.
 *
 * The syntax is what ECMA-262, Python and Rust's regex share: alternatives, groups (plain, named,
 * not captured), * + ? {m,n} (lazy or not: the texts are the same), classes, \d \w \s . and their
 * opposites, \p{..} by general category, \x \u \c escapes, ^ and $, and look-ahead. Look-behind,
 * back-references, word borders and flags but a leading (?i) or (?s) are refused: what can't be
 * kept is an error, never a weaker pattern.
 *
 * Where ECMA-262 and Python give a construct different texts, the narrower is meant (chars.h): a text
 * that matches does so for both. Who needs texts that match for neither asks for the wider ones and
 * takes what is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_PATTERN_H
#define ENGINE_SAMPLE_FORM_PATTERN_H

#include "base/error.h"
#include "engine/sample/form/chars.h"
#include "engine/sample/form/rx.h"

enum pattern_place {
    PATTERN_WHOLE,        /* the whole text matches (a regex that an output has to be) */
    PATTERN_ANYWHERE,     /* some part of it does (JSON Schema's pattern) */
    PATTERN_ANYWHERE_WIDE /* the same, for either of ECMA-262 and Python */
};

enum { PATTERN_MAX_BYTES = 64 << 10, PATTERN_MAX_REPEAT = 100000 };

/* The texts that match, written in a coding. False with ERROR_UNSUPPORTED or ERROR_INVALID_VALUE,
 * param empty, and the byte where the fault is in the message. */
bool pattern_rx(struct rx_pool *p, struct span pattern, enum pattern_place place,
                enum chars_coding coding, rx *out, struct error *err);

#endif
