/* reward/rules/format.h - the one format rule that another reward builds on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_FORMAT_H
#define REWARD_RULES_FORMAT_H

#include "base/span.h"

/* Logic-RL's structure: each of the four tags once, in order. */
bool format_is_logic_rl(struct span text);

#endif
