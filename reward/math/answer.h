/* reward/math/answer.h - two texts, each in all its readings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_ANSWER_H
#define REWARD_MATH_ANSWER_H

#include "reward/math/work/work.h"

/* The reference and the answer as they were written. */
enum equality answers_equal(struct math_work *w, struct span gold, struct span answer);

#endif
