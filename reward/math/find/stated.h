/* reward/math/find/stated.h - what a statement states: the one finder of responses, boxes, tags and
 * references.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_STATED_H
#define REWARD_MATH_FIND_STATED_H

#include "base/arena.h"
#include "reward/math/find/spoken.h"
#include "reward/math/work/options.h"

struct stated {
    struct span text; /* the answer; {NULL, 0} when the statement holds no mathematics */
    struct span said; /* that, as it stands in the text; {NULL, 0} where only its inside is known */
    struct span plain;    /* the whole statement, plain_text() */
    struct span language; /* that announces it, where it has decimal commas; else "" */
    bool changed;         /* words beside the value changed it, and text says so: "-42" */
    bool senseless;       /* denied as spoken.h has it */
    bool denied;          /* it only says what the answer is not */
};

/* The mathematics that a statement ("is 5, as required", the inside of a box) states. kinds: bits
 * MATH_EXTRACT_*. */
struct stated stated_in(struct arena *a, struct span s, unsigned kinds);

/* The same of running text, where nothing marks the statement: the last mathematics of its last
 * sentence that has some and is not denied. */
struct stated stated_last(struct arena *a, struct span s);

/* Take v for the answer, or note that it is denied; true when it was taken. */
bool stated_keep(struct stated *out, const struct spoken *v);

/* "12 percent per year": the share, whatever it is by. t itself elsewhere. */
struct span stated_without_period(struct span t);

#endif
