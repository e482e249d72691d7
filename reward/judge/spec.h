/* reward/judge/spec.h - a checked list of rewards: what "rewards": [...] in a request means.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_SPEC_H
#define REWARD_JUDGE_SPEC_H

#include "reward/row/row.h"

/* One entry of the list. */
struct spec {
    const struct reward *reward;
    struct span label; /* "as", or the reward's name: unique in its list */
    double weight;
    const cJSON *json; /* the entry itself; NULL for the hidden one */
    const struct option_value *options;
    void *prepared;
    bool hidden; /* not asked for: only tells another part whether the answer is right */
};

struct spec_list {
    struct spec *specs; /* in the arena */
    int n;
    int teller;             /* the part whose verdict the wants_correct parts read; -1: none */
    struct spec_list *next; /* the owner's chain */
};

/* Check a list against the registry. Everything lives in a and borrows from list. False with the
 * path from the list on in err->param ("[0].name"); *out can be cleared in any case. */
bool spec_list_parse(const cJSON *list, struct arena *a, struct spec_list *out, struct error *err);

/* Release what prepare() made. Accepts a zeroed list. */
void spec_list_clear(struct spec_list *list);

#endif
