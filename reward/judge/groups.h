/* reward/judge/groups.h - which items are samples of one prompt, and what their group says together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_GROUPS_H
#define REWARD_JUDGE_GROUPS_H

#include "reward/judge/job.h"

/* Number the groups of job's items: by "group_size" in a row, or by each item's "group" (items
 * without one stand alone). False: group_size is wrong. */
bool groups_bind(struct judge_job *job, const cJSON *request, struct error *err);

/* Sizes, mean, deviation, keep, majority and verdict counts, when every item has its outcome. */
bool groups_settle(struct judge_job *job, struct error *err);

#endif
