/* reward/judge/judge.c - opening, closing and counting.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/judge_impl.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/processors.h"
#include "reward/code/code.h"
#include "reward/code/execute.h"
#include "reward/code/sandboxes.h"
#include "reward/judge/opinion.h"
#include "reward/judge/parcel.h"
#include "reward/judge/registry.h"
#include "reward/row/limits.h"
#include "reward/judge/spec.h"
#include "reward/workers/zygote.h"

enum { WORKERS_PER_PROCESSOR = 8, MAX_WORKERS = 64 };

static worker_service *const services[SERVICES] = {
    [SERVICE_ITEM] = parcel_serve, [SERVICE_PROGRAM] = execute_serve};

static bool may_execute; /* main() has called judge_begin() */

void judge_begin(int argc, char *const *argv)
{
    struct boot boot;
    may_execute = true;
    int socket = zygote_asked(argc, argv, &boot, sizeof(boot));
    if (socket < 0) return;
    code_open(boot.code_unsafe);
    zygote_serve(socket, &(struct worker_options){.services = services,
                                                  .n_services = SERVICES,
                                                  .memory_bytes = (size_t)boot.memory_bytes,
                                                  .wait = sandboxes_wait});
}

/* The rewards of R1, arXiv 2501.12948v1, 2.2.2, as far as they are in the registry. */
static cJSON *r1_rewards(void)
{
    static const char *const names[] = {"accuracy", "format"};
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < 2 && list != NULL; i++) {
        if (reward_find(span_str(names[i])) == NULL) continue;
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", names[i]);
        json_put(list, NULL, entry);
    }
    return list;
}

/* What is wrong with them, by the name of the setting. */
static bool in_setting(struct error *err)
{
    struct error why = *err;
    error_set(err, why.code, why.param, "verify-rewards: %s", why.message);
    return error_in(err, "default_rewards");
}

static bool read_defaults(struct judge *judge, const char *text, struct error *err)
{
    mem_forget();
    judge->default_rewards = text == NULL ? r1_rewards() : json_parse(span_str(text), err);
    if (mem_ran_out()) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    if (judge->default_rewards == NULL) return in_setting(err);
    struct arena *a = arena_new(REWARD_SCRATCH_BYTES);
    if (a == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    struct spec_list list = {0};
    bool ok = spec_list_parse(judge->default_rewards, a, &list, err);
    spec_list_clear(&list);
    arena_free(a);
    return ok || in_setting(err);
}

static int default_workers(void)
{
    int n = processors_usable() * WORKERS_PER_PROCESSOR;
    return n < WORKERS_PER_PROCESSOR ? WORKERS_PER_PROCESSOR : n > MAX_WORKERS ? MAX_WORKERS : n;
}

struct judge *judge_open(const struct judge_options *o, struct error *err)
{
    struct judge *judge = mem_new(1, sizeof(*judge), err);
    if (judge == NULL) return NULL;
    judge->boot = (struct boot){o->worker_memory_bytes, o->code_unsafe};
    int workers = o->workers > 0 ? o->workers : default_workers();
    struct dispatch_options d = {
        .max_workers = {[POOL_ALGEBRA] = workers, [POOL_SANDBOX] = code_workers(workers)},
        .workers = {.services = services,
                    .n_services = SERVICES,
                    .memory_bytes = (size_t)o->worker_memory_bytes,
                    .wait = sandboxes_wait},
        .boot = may_execute ? span_of(&judge->boot, sizeof(judge->boot)) : span_of(NULL, 0),
        .program_bytes = o->program_bytes,
        .max_waiting = o->queue_items,
    };
    /* a timer of 0 is none */
    judge->item_budget_ms = o->item_budget_ms > 0 ? o->item_budget_ms : 1;
    code_open(o->code_unsafe);
    judge->max_items = o->max_items;
    judge->max_wait_ms = o->max_wait_ms;
    if (read_defaults(judge, o->default_rewards, err)) judge->dispatch = dispatch_open(&d, err);
    if (judge->dispatch != NULL) return judge;
    judge_close(judge);
    return NULL;
}

void judge_close(struct judge *judge)
{
    if (judge == NULL) return;
    dispatch_close(judge->dispatch);
    opinions_close(judge->opinions);
    cJSON_Delete(judge->default_rewards);
    free(judge);
}

void judge_set_tokenizer(struct judge *judge, long (*count_tokens)(void *arg, struct span text),
                         void *arg)
{
    judge->count_tokens = count_tokens;
    judge->count_arg = arg;
}

bool judge_set_model(struct judge *judge, const struct judge_model *model, struct error *err)
{
    judge->opinions = opinions_open(model, err);
    return judge->opinions != NULL;
}

const cJSON *judge_default_rewards(const struct judge *judge)
{
    return judge->default_rewards;
}

/* Whole seconds after a wait, it then counts as refused. */
static int refuse(struct judge *judge, double wait_ms)
{
    atomic_fetch_add(&judge->refused, 1);
    return wait_ms < 1e9 ? (int)(wait_ms / 1000) + 1 : 1000000;
}

int judge_refuse_s(struct judge *judge, enum worker_pool pool, const struct lane *lane)
{
    double most = judge->max_wait_ms;
    if (most == 0 || dispatch_can_promise(judge->dispatch, pool, lane, most)) return 0;
    return judge_late_s(judge, pool, lane);
}

int judge_late_s(struct judge *judge, enum worker_pool pool, const struct lane *lane)
{
    return refuse(judge, dispatch_expected_ms(judge->dispatch, pool, lane));
}

int judge_busy_s(struct judge *judge, uint64_t client)
{
    const struct lane next = {.client = client};
    return judge_refuse_s(judge, POOL_ALGEBRA, &next);
}

void judge_stats_get(struct judge *judge, struct judge_stats *out)
{
    struct dispatch_stats d = dispatch_stats(judge->dispatch);
    *out = (struct judge_stats){
        .jobs = atomic_load(&judge->jobs),
        .items = atomic_load(&judge->items),
        .item_errors = atomic_load(&judge->item_errors),
        .cannot_judge = atomic_load(&judge->cannot_judge),
        .deferred = atomic_load(&judge->deferred),
        .timeouts = atomic_load(&judge->timeouts),
        .worker_deaths = d.deaths,
        .lost = d.lost,
        .workers = d.workers,
        .workers_busy = d.busy,
        .promised = d.promised,
        .promised_most = d.promised_most,
        .waiting = d.waiting,
        .waits = d.waits,
        .wait_ms = d.wait_ms,
        .wait_error_ms = d.wait_error_ms,
        .refused = atomic_load(&judge->refused),
    };
}

size_t judge_verdicts_get(struct judge *judge, struct judge_verdict out[JUDGE_VERDICTS])
{
    return tally_get(&judge->verdicts, out);
}
