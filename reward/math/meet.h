/* reward/math/meet.h - one reference against what a response answers, in all the ways that it may be read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_MEET_H
#define REWARD_MATH_MEET_H

#include "reward/math/find/extract.h"
#include "reward/math/math.h"
#include "reward/math/work/work.h"

/* The two as they stand: equal, or letters of the same choice. Sets w->cause. EQ_UNKNOWN where it could not be told,
 * or w->deferred. */
enum equality meet_texts(struct math_work *w, struct span gold, struct span answer);

/* The answer against the reference, as it stands and then without what its words add. said: what its words
 * state. Sets w->cause, and out->extracted where another part of the response agrees. EQ_UNKNOWN where it
 * could not be told, or w->deferred. */
enum equality meet_all(struct math_work *w, struct span gold, struct span answer,
                       const struct stated *said, struct math_result *out);

/* The reference against what stands around an answer that does not agree: labelled parts, a value and what it
 * is besides, several values each by its name. As meet_all(). */
enum equality meet_around(struct math_work *w, struct span gold, struct span answer,
                          const struct stated *said, const struct extraction *x,
                          struct math_result *out);

#endif
