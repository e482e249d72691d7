/* reward/judge/numbering.h - which items of a request are samples of one prompt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_NUMBERING_H
#define REWARD_JUDGE_NUMBERING_H

#include "reward/judge/job.h"

/* Number the groups of job's items: by "group_size" in a row, or by each item's "group" (items
 * without one stand alone). False: group_size is wrong, or memory is out. */
bool groups_number(struct judge_job *job, const cJSON *request, struct error *err);

#endif
