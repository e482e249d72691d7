/* reward/judge/feedback.h - a verdict in words that a model can act on, without telling it the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_FEEDBACK_H
#define REWARD_JUDGE_FEEDBACK_H

#include "base/buffer.h"
#include "reward/judge/sample.h"

/* Append what is wrong with a finished sample: a sentence for each reward that says it is not right (a
 * verdict, or a rule that is not kept; shaping terms say nothing), from the cause and those of its
 * details that may be told: the unmet precondition and step of a plan, the input and output of a failing
 * test (unless the test is "hidden": true, then its number and kind of failure alone), the place in a
 * JSON document, a text that was not found. Never the item's answer, nor what a reward found in it.
 * Nothing is appended where no reward says what is wrong. */
void judge_feedback(const struct judge_sample *s, struct buffer *out);

#endif
