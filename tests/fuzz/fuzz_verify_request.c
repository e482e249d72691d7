/* tests/fuzz/fuzz_verify_request.c - POST /verify with any body: the request parser and every
 * reward that is cheap.
 *
 * Properties: a body is either refused with a code and a message, or answered with JSON that has
 * one result an item; and judged twice it gets the same results.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "reward/reward.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct judge *judge;

static void on_done(void *arg, struct judge_job *job)
{
    (void)job;
    __atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
}

/* The results, without the time it took; NULL: refused. Free with cJSON_Delete(). */
static cJSON *ask(struct span body, size_t *items)
{
    struct error err = {0};
    bool done = false;
    cJSON *request = json_parse(body, &err);
    if (request == NULL) {
        assert(err.code != ERROR_NONE && err.message[0] != '\0');
        return NULL;
    }
    struct judge_job *job = judge_job_new(judge, judge_dialect_of(request), request, &err);
    if (job == NULL) {
        assert(err.code != ERROR_NONE && err.message[0] != '\0');
        return NULL;
    }
    *items = judge_job_count(job);
    judge_job_start(job, on_done, &done);
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) { /* a pattern may have gone to a worker */
        judge_job_cancel(job);
    }
    struct buffer out;
    buffer_init(&out, 1 << 28);
    assert(judge_job_reply(job, &out));
    cJSON *reply = json_parse(buffer_span(&out), &err);
    assert(reply != NULL);
    buffer_clear(&out);
    judge_job_free(job);
    return reply;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_of(data, size);
    size_t items = 0;
    if (judge == NULL) {
        struct judge_options o;
        judge_options_init(&o);
        o.default_rewards = "[{\"name\":\"format\"},{\"name\":\"language\"}]";
        o.workers = 1;
        o.item_budget_ms = 100;
        judge = judge_open(&o, NULL);
        if (judge == NULL) abort();
    }
    cJSON *first = ask(body, &items);
    if (first == NULL) return 0;
    const cJSON *results = cJSON_GetObjectItem(first, "results");
    cJSON *again = ask(body, &items);
    const cJSON *others = cJSON_GetObjectItem(again, "results");
    if (results != NULL) { /* the native reply */
        assert((size_t)cJSON_GetArraySize(results) == items);
        assert(cJSON_Compare(results, others, true) || judge == NULL);
    }
    cJSON_Delete(first);
    cJSON_Delete(again);
    return 0;
}
