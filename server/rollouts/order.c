/* server/rollouts/order.c - see order.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/rollouts/order.h"

#include <assert.h>

bool order_before(const struct order_entry *all, int a, int b)
{
    if (all[a].tokens != all[b].tokens) return all[a].tokens < all[b].tokens;
    return a < b;
}

/* The sample after `last` in the order; -1: it is the last. */
static int next_of(const struct order_entry *all, int n, int last)
{
    int best = -1;
    for (int i = 0; i < n; i++) {
        if (last >= 0 && (i == last || !order_before(all, last, i))) continue;
        if (best < 0 || order_before(all, i, best)) best = i;
    }
    return best;
}

/* Votes for the answer of sample `at` among the samples up to it. */
static int votes_up_to(const struct order_entry *all, int n, int at)
{
    int votes = 0;
    for (int i = 0; i < n && all[at].answer >= 0; i++) {
        bool counts = i == at || order_before(all, i, at);
        votes += counts && all[i].answer == all[at].answer;
    }
    return votes;
}

int order_decide(const struct order_entry *all, int n, const struct order_rule *rule, int *wanted)
{
    bool asks = rule->first_correct || rule->majority > 0;
    int place = 0;
    if (wanted != NULL) *wanted = -1;
    for (int i = next_of(all, n, -1); i >= 0; i = next_of(all, n, i)) {
        if (!all[i].ended) return -1; /* it, or one that it hides, may still come here */
        if (asks && !all[i].judged) {
            if (wanted != NULL) *wanted = i;
            return -1;
        }
        place++;
        assert(place <= n);
        if (rule->first_correct && all[i].correct) return i;
        if (rule->majority > 0 && votes_up_to(all, n, i) * 2 > rule->majority) return i;
        if (place == rule->most) return i;
    }
    return -1;
}
