/* tests/bench/bench_rewards.c - items a second on one core, JSON in to JSON out, for every cheap
 * reward.
 *
 * A request of 10,000 items of an ordinary response (about 200 bytes; with FILE sizes as
 * argument, others) is parsed, judged and printed; the best of three runs counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "reward/reward.h"

enum { ITEMS = 10000, RUNS = 3 };

/* clang-format off */
static const struct {
    const char *name, *rewards, *item;
} cases[] = {
    {"format r1", "{\"name\":\"format\"}", ""},
    {"format openr1.format", "{\"name\":\"format\",\"style\":\"openr1.format\"}", ""},
    {"language", "{\"name\":\"language\"}", ""},
    {"repetition", "{\"name\":\"repetition\"}", ""},
    {"reasoning_steps", "{\"name\":\"reasoning_steps\"}", ""},
    {"cosine", "{\"name\":\"cosine\"}", ",\"correct\":true"},
    {"length", "{\"name\":\"length\"}", ",\"correct\":true"},
    {"overlong", "{\"name\":\"overlong\",\"unit\":\"chars\"}", ""},
    {"countdown r1", "{\"name\":\"countdown\"}", ",\"target\":24,\"numbers\":[2,3,4]"},
    {"extract gsm8k", "{\"name\":\"extract\",\"method\":\"flexible\"}", ",\"answer\":\"24\""},
    {"extract math_dapo", "{\"name\":\"extract\",\"impl\":\"verl_math_dapo\"}", ",\"answer\":\"24\""},
    {"regex", "{\"name\":\"regex\",\"pattern\":\"\\\\d+\"}", ""},
    {"contains", "{\"name\":\"contains\",\"texts\":[\"24\"]}", ""},
    {"plan", "{\"name\":\"plan\",\"domain\":\"blocksworld\"}",
     ",\"problem\":\"(define (problem p) (:domain blocksworld-4ops) (:objects a b) (:init (handempty) (clear a) (clear b) (ontable a) (ontable b)) (:goal (and (on a b))))\""},
    {"format + cosine, groups of 8", "{\"name\":\"format\"},{\"name\":\"cosine\"}", ",\"correct\":true"},
};
/* clang-format on */

static const char TEXT[] =
    "<think>\\nWe need 24 from 2, 3 and 4. First, 2 times 3 is 6. Next, 6 times 4 is "
    "24, which is what was asked for.\\n</think>\\n<answer>\\n2 * 3 * 4\\n</answer>";
static const char PLAN[] =
    "<think>\\nb is clear and so is a.\\n</think>\\n<answer>\\n(pick-up a)\\n(stack a "
    "b)\\n</answer>";

static void on_done(void *arg, struct judge_job *job)
{
    (void)job;
    *(bool *)arg = true;
}

static void make_request(struct buffer *out, size_t i, bool groups)
{
    bool plan = strcmp(cases[i].name, "plan") == 0;
    buffer_add_str(out, "{\"items\":[");
    for (int k = 0; k < ITEMS; k++) {
        buffer_addf(out, "%s{\"id\":\"item-%d\",\"completion\":\"%s\"%s}", k > 0 ? "," : "", k,
                    plan ? PLAN : TEXT, cases[i].item);
    }
    buffer_addf(out, "],\"rewards\":[%s]%s}", cases[i].rewards, groups ? ",\"group_size\":8" : "");
}

/* Nanoseconds from bytes to bytes; 0: something was wrong. */
static uint64_t run_once(struct judge *judge, struct span request, struct buffer *reply)
{
    struct error err = {0};
    uint64_t start = clock_ns();
    bool done = false;
    cJSON *body = json_parse(request, &err);
    struct judge_job *job = judge_job_new(judge, JUDGE_NATIVE, body, &err);
    if (job == NULL) {
        fprintf(stderr, "%s %s\n", err.param, err.message);
        return 0;
    }
    judge_job_start(job, on_done, &done);
    reply->n = 0;
    bool ok = done && judge_job_reply(job, reply);
    if (done) judge_job_free(job);
    return ok ? clock_ns() - start : 0;
}

int main(void)
{
    struct error err = {0};
    struct judge_options o;
    judge_options_init(&o);
    o.default_rewards = "[{\"name\":\"format\"}]";
    struct judge *judge = judge_open(&o, &err);
    if (judge == NULL) return 1;
    printf("%-32s %12s %10s\n", "reward", "items/s", "MB in/s");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer request, reply;
        uint64_t best = UINT64_MAX;
        buffer_init(&request, 1 << 28);
        buffer_init(&reply, 1 << 28);
        make_request(&request, i, strstr(cases[i].name, "groups") != NULL);
        for (int r = 0; r < RUNS; r++) {
            uint64_t ns = run_once(judge, buffer_span(&request), &reply);
            if (ns == 0 || strstr(reply.p, "\"error\":{") != NULL) {
                fprintf(stderr, "%s: %.400s\n", cases[i].name, reply.p == NULL ? "" : reply.p);
                return 1;
            }
            if (ns < best) best = ns;
        }
        printf("%-32s %12.0f %10.1f\n", cases[i].name, ITEMS * 1e9 / (double)best,
               (double)request.n * 1e3 / (double)best);
        buffer_clear(&request);
        buffer_clear(&reply);
    }
    judge_close(judge);
    return 0;
}
