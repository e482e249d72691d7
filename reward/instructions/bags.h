/* reward/instructions/bags.h - how often words come.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_BAGS_H
#define REWARD_INSTRUCTIONS_BAGS_H

#include "base/arena.h"
#include "base/span.h"

struct bag {
    struct bag_entry *entries; /* an open hash table, at least half of it free */
    size_t slots, distinct;
};

/* Room for so many different words, in a. False: a is full. */
bool bag_init(struct bag *b, size_t most, struct arena *a);

/* One more of this word, which the bag borrows; how often it has come by now. */
size_t bag_add(struct bag *b, struct span word);

/* How often it has come. */
size_t bag_count(const struct bag *b, struct span word);

#endif
