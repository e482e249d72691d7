/* reward/gym/parts.h - what the rules take answers and entries apart with; inside reward/gym/.
 *
 * Entries come from clients and may be large, so lists are walked, never asked for their i-th member.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_GYM_PARTS_H
#define REWARD_GYM_PARTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "reward/gym/rules.h"

/* The next line of s from *at on, without its end. False: there is none. */
bool gym_next_line(struct span s, size_t *at, struct span *line);

/* The next word of s from *at on, between white space. False: there is none. */
bool gym_next_word(struct span s, size_t *at, struct span *word);

/* A whole number in decimal, of at most 15 characters. False: s is none. */
bool gym_whole(struct span s, long *out);

/* The answer as JSON, its single quotes taken for double ones where `quotes`. NULL: it is none, or
 * there is no memory. Free it with cJSON_Delete(). */
cJSON *gym_json(const struct gym_entry *e, bool quotes);

/* A value that is neither list nor object; v may be NULL, which is none. */
bool gym_is_plain(const cJSON *v);

/* Equal cells or colours: lists and objects are neither. */
bool gym_same_value(const cJSON *x, const cJSON *y);

/* A list's first member; NULL: it is empty, or no list. */
const cJSON *gym_first(const cJSON *list);

#endif
