/* reward/plan/names.h - names numbered in the order they come.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_PLAN_NAMES_H
#define REWARD_PLAN_NAMES_H

#include "base/arena.h"
#include "base/span.h"

struct names {
    struct span *list; /* by number */
    int n, room;
    int *slots; /* open addressing: number + 1, 0 free; a power of two, at least twice n */
    size_t n_slots;
};

/* The number of a name, or -1. */
int names_find(const struct names *t, struct span name);

/* The number of a name, added when it is new. -1: a is full. The name must live as long as t. */
int names_add(struct names *t, struct span name, struct arena *a);

#endif
