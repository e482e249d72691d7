/* reward/instructions/sequels.h - one sentence of a text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_SEQUELS_H
#define REWARD_INSTRUCTIONS_SEQUELS_H

#include "reward/instructions/check.h"

/* The nth sentence, from 1 on (sentences.h). NO: there are not so many. TOO_LARGE: the arena is
 * full. */
enum check_result nth_sentence(const struct check_call *call, struct span text, size_t nth,
                               struct span *out);

#endif
