/* reward/judge/judge_impl.h - what a judge has; inside reward/ only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_JUDGE_IMPL_H
#define REWARD_JUDGE_JUDGE_IMPL_H

#include <stdatomic.h>

#include <cjson/cJSON.h>

#include "reward/judge/judge.h"
#include "reward/judge/tally.h"
#include "reward/workers/dispatch.h"

/* What worker processes can do, by the place in their table (workers/service.h). */
enum service { SERVICE_ITEM, SERVICE_PROGRAM, SERVICES };

/* What a process that is executed to fork verifier processes must know. */
struct boot {
    int64_t memory_bytes;
    bool code_unsafe;
};

struct judge {
    struct dispatch *dispatch;
    cJSON *default_rewards; /* owned, checked */
    long (*count_tokens)(void *arg, struct span text);
    void *count_arg;
    struct opinions *opinions; /* NULL: no model is asked */
    int item_budget_ms;
    int max_items; /* of one request */
    int max_wait_ms;
    struct boot boot;
    atomic_uint_fast64_t jobs, items, item_errors, cannot_judge, deferred, timeouts, refused;
    struct tally verdicts;
};

/* The seconds that a request's turn at that lane's pool is expected to take, whole, at least 1, where it may
 * well come later than max_wait_ms (rate.h); it then counts as refused. 0: it may wait. Any thread. */
int judge_refuse_s(struct judge *judge, enum worker_pool pool, const struct lane *lane);

/* The same of a request that waited at that lane and is TASK_LATE: at least 1. It counts as refused. */
int judge_late_s(struct judge *judge, enum worker_pool pool, const struct lane *lane);

/* The checked list for those who name no rewards; the judge's. */
const cJSON *judge_default_rewards(const struct judge *judge);

#endif
