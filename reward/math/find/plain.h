/* reward/math/find/plain.h - a statement without its dress.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_PLAIN_H
#define REWARD_MATH_FIND_PLAIN_H

#include "base/arena.h"
#include "base/span.h"

/* s without emphasis (**, __, *, _ and back quotes around something), with its Unicode mathematics
 * as LaTeX. Formulas between dollar signs or \( \[ keep theirs. s itself when nothing changes;
 * {NULL, 0} when the arena is full. For sentences, boxes and tags: linear. */
struct span plain_text(struct arena *a, struct span s);

/* s with the insides of \text{}, \mathrm{} and their like as words, and LaTeX's spacing (\quad,
 * \, ~) as spaces: "\text{the only } n \text{ is } 3" is "the only  n  is  3". s itself when it
 * has none of these; {NULL, 0} when the arena is full. */
struct span plain_words(struct arena *a, struct span s);

/* The last thing in bold in s that is no heading: its inside; {NULL, 0} when there is none. */
struct span plain_last_bold(struct span s);

#endif
