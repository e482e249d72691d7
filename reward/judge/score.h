/* reward/judge/score.h - one part scored: the same function in the server and in a worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_SCORE_H
#define REWARD_JUDGE_SCORE_H

#include "reward/judge/spec.h"

/* The cause of what could not be judged for want of memory. */
extern const char SCORE_NO_MEMORY[];

/* Call the row's function with s's options. Completes call; what out says afterwards holds whatever
 * the function did: a value that is not finite is SCORE_CANNOT with the cause not_finite, and so
 * is, with SCORE_NO_MEMORY, whatever was found while memory ran out. */
enum score_status score_part(const struct spec *s, struct reward_call *call,
                             struct reward_out *out);

/* The literal for a cause that came as text: one of r's or of the judge's own; "error" otherwise. */
const char *score_cause(const struct reward *r, struct span cause);

#endif
