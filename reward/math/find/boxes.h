/* reward/math/find/boxes.h - \boxed{}, \fbox{} and their like.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_BOXES_H
#define REWARD_MATH_FIND_BOXES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

/* The offset after the last closed box of s, 0 when there is none. */
size_t boxes_last_end(struct span s);

/* The last box of s is never closed: the response was cut off inside it. */
bool boxes_cut_off(struct span s);

/* What the last box of s holds (the first, on wish). Boxes that the text joins ("\boxed{1} and
 * \boxed{2}") are one list "1, 2", and so are three or more different ones in a row with nothing
 * between: an answer that hedges. One behind "\approx" and an empty one behind "within" count for
 * nothing, nor does one that is denied ("not \boxed{42}", "\boxed{42} is wrong"). *count says how many
 * were joined. {NULL, 0} when s has no closed box, or is cut off inside one, or (*count is then
 * BOXES_DENIED) all are denied; an empty box gives an empty span whose p is not NULL. */
enum { BOXES_DENIED = -1 };
struct span boxes_answer(struct arena *a, struct span s, bool first, int *count);

/* The last sentence of s that has two boxes or more, with what they hold in their places: "the maximum is 5 and
 * the minimum -3". {NULL, 0}: no sentence has. */
struct span boxes_line(struct arena *a, struct span s);

#endif
