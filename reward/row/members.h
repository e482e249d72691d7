/* reward/row/members.h - an object of a client's, whose members are asked for by many names.
 *
 * json_get() walks the object for each name, which costs the square of its size where names are as
 * many as members.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_ROW_MEMBERS_H
#define REWARD_ROW_MEMBERS_H

#include <cjson/cJSON.h>

#include "base/arena.h"

struct members {
    const cJSON **at; /* sorted by name; in the arena */
    size_t n;
};

/* The members of an object, which must live as long. NULL has none. at NULL: a is full. */
struct members members_sort(const cJSON *object, struct arena *a);

/* As json_get(): the member of that name, or NULL when absent or null. */
const cJSON *members_find(const struct members *m, const char *name);

#endif
