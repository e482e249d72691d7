/* reward/judge/registry.h - the table of all rewards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_REGISTRY_H
#define REWARD_JUDGE_REGISTRY_H

#include "reward/row/row.h"

/* The row of that name, or NULL. */
const struct reward *reward_find(struct span name);

/* The i-th row, or NULL past the end. */
const struct reward *reward_at(int i);

/* ---- the rewards: one file each -------------------------------------------------------------------- */

extern const struct reward accuracy_reward;
extern const struct reward format_reward;
extern const struct reward language_reward;
extern const struct reward code_reward;
extern const struct reward countdown_reward;
extern const struct reward knights_reward;
extern const struct reward extract_reward;
extern const struct reward cosine_reward;
extern const struct reward length_reward;
extern const struct reward overlong_reward;
extern const struct reward repetition_reward;
extern const struct reward reasoning_steps_reward;
extern const struct reward plan_reward;
extern const struct reward schema_reward;
extern const struct reward regex_reward;
extern const struct reward contains_reward;
extern const struct reward instructions_reward;
extern const struct reward words_reward;
extern const struct reward tool_calls_reward;
extern const struct reward sql_reward;

#endif
