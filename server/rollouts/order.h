/* server/rollouts/order.h - which samples of a group count, whatever came first in time.
 *
 * Samples are put in order by (tokens, index): that is how they would end if every sample got a token a
 * step. A rule that ends a group early (the first n of more; an answer with the majority; a correct one)
 * walks that order and says at which sample it is decided. All later ones are cut: they keep no more
 * tokens than that sample has. So the reply is the same on one thread and on many, alone and under
 * load.
 *
 * A sample still at work stands no earlier in the order than (its tokens so far, index): the walk stops
 * where one might still come before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_ORDER_H
#define SERVER_ROLLOUTS_ORDER_H

#include <stdbool.h>
#include <stddef.h>

/* What is known of a sample; its index is its place in the array. */
struct order_entry {
    size_t tokens;
    bool ended;  /* and has no more */
    bool judged; /* what follows is known */
    bool correct;
    int answer; /* equal answers have equal numbers; -1: none */
};

struct order_rule {
    int most;           /* so many count; 0: all */
    bool first_correct; /* up to the first correct one */
    int majority;       /* up to where an answer has more than half of so many votes; 0: not */
};

/* The sample at which the group is decided, or -1: not yet, or never. *wanted (may be NULL) gets a
 * sample whose verdict must be known before the walk can go on, or -1. Invariant: more knowledge never
 * changes a decision. */
int order_decide(const struct order_entry *all, int n, const struct order_rule *rule, int *wanted);

/* Does sample a stand before b? */
bool order_before(const struct order_entry *all, int a, int b);

#endif
