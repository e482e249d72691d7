/* base/turn_marks.h - where an assistant's turn ends: the markers of chat formats.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TURN_MARKS_H
#define BASE_TURN_MARKS_H

#include "base/span.h"

/* s up to the first marker that ends a turn ("<|im_end|>", "</s>"); one that stands before everything
 * else ends nothing. s itself when it has none. Linear. */
struct span turn_text(struct span s);

#endif
