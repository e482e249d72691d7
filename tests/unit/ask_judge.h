/* tests/unit/ask_judge.h - a judge of code for tests: one request in, its reply out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_ASK_JUDGE_H
#define TESTS_UNIT_ASK_JUDGE_H

#include <pthread.h>

#include "reward/reward.h"

static struct judge *judge;

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
};

static void on_done(void *arg, struct judge_job *job)
{
    struct waiting *w = arg;
    (void)job;
    pthread_mutex_lock(&w->lock);
    w->is_done = true;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

/* The reply to one item; free() it. */
static char *ask(cJSON *body)
{
    struct error err = {0};
    struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    struct judge_job *job = judge_job_new(judge, JUDGE_NATIVE, body, &err);
    if (job == NULL) fail_msg("%s: %s", err.param, err.message);
    judge_job_start(job, on_done, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.is_done) {
        pthread_cond_wait(&w.done, &w.lock);
    }
    pthread_mutex_unlock(&w.lock);
    struct buffer out;
    buffer_init(&out, 1 << 20);
    assert_true(judge_job_reply(job, &out));
    judge_job_free(job);
    return buffer_take(&out);
}

static int open_judge(void **state)
{
    (void)state;
    struct judge_options o = {.default_rewards = "[{\"name\":\"code\"}]"};
    judge = judge_open(&o, NULL);
    return judge == NULL ? -1 : 0;
}

static int close_judge(void **state)
{
    (void)state;
    judge_close(judge);
    return 0;
}

#endif
