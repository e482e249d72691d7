/* reward/judge/judge.h - the judge itself; inside reward/ only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_JUDGE_H
#define REWARD_JUDGE_JUDGE_H

#include <stdatomic.h>

#include "reward/workers/dispatch.h"
#include "reward/reward.h"

struct judge {
    struct dispatch *dispatch;
    cJSON *default_rewards; /* owned, checked */
    long (*count_tokens)(void *arg, struct span text);
    void *count_arg;
    int item_budget_ms;
    int max_items; /* of one request */
    atomic_uint_fast64_t jobs, items, item_errors, cannot_judge, deferred, timeouts;
};

const cJSON *judge_default_rewards(const struct judge *judge);

#endif
