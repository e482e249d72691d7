/* reward/row/json_answer.h - the answer of a response that is given as a member of a JSON object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_ROW_JSON_ANSWER_H
#define REWARD_ROW_JSON_ANSWER_H

#include "base/arena.h"
#include "base/span.h"

/* The member of that name of the last JSON object in text that has it as a text, a number or a
 * truth, wherever the object stands: alone, in a fence, in a sentence. New in a or borrowed. p
 * NULL: there is none. */
struct span json_answer(struct span text, const char *member, struct arena *a);

#endif
