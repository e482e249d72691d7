/* reward/rules/fence.h - blocks of code in a response: fences as in CommonMark 4.5, three or more
 * backticks or tildes, closed by as many.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_FENCE_H
#define REWARD_RULES_FENCE_H

#include <stdbool.h>

#include "base/span.h"

/* Both are the text's own bytes. */
struct fence_block {
    struct span word; /* the first after the opening marks: a language's name; n 0: none */
    struct span content;
};

/* The next closed block of text that opens at *at or later; *at then stands behind it. False: there
 * is none. */
bool fence_next(struct span text, size_t *at, struct fence_block *out);

#endif
