/* reward/judge/numbering.h - which items of a request are samples of one prompt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_NUMBERING_H
#define REWARD_JUDGE_NUMBERING_H

#include "reward/judge/job.h"

/* Number the groups of job's items: size ("group_size", 0: not given) in a row, or by each item's
 * "group" (items without one stand alone). False: both are given, size does not divide them, or
 * memory is out. */
bool groups_number(struct judge_job *job, size_t size, struct error *err);

/* The name of the group that an item's "group" tells: a string's bytes, a number's exact value as a
 * decimal. Borrowed from key or in a. {NULL, 0}: neither, too long a number, or a is full. */
struct span group_name(const cJSON *key, struct arena *a);

#endif
