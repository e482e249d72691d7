/* reward/judge/groups.h - what the samples of one prompt say together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_GROUPS_H
#define REWARD_JUDGE_GROUPS_H

#include "reward/judge/scored.h"

struct group_outcome {
    size_t size;   /* members */
    size_t scored; /* members with a reward */
    double mean, std;
    bool keep;          /* scored rewards are not all equal */
    bool voted;         /* some member's answer can vote: */
    struct span winner; /* in that member's texts */
    size_t votes;
    enum verdict winner_verdict;
    size_t judged, correct; /* members whose telling part has a verdict; of them correct */
};

/* Do two answers vote alike? same: what the reward says of answers of unequal text; NULL: nothing. */
bool group_same_vote(struct span a, struct span b, bool (*same)(struct span a, struct span b));

/* Sizes, mean, deviation, majority and verdict counts of n members, each of which has its sum; sets
 * their `keep`. Once their run is cancelled no more votes are counted. False: out of memory. */
bool group_settle(struct scored *const *members, size_t n, struct group_outcome *out,
                  struct error *err);

#endif
