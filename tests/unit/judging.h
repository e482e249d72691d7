/* tests/unit/judging.h - what tests of the judge share: one judge for the whole program, and
 * requests as text against parts of their replies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_JUDGING_H
#define TESTS_UNIT_JUDGING_H

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "reward/reward.h"

static struct judge *judge;

/* Options to begin with. However busy the machine, what waits is judged. */
static inline void judging_options(struct judge_options *o)
{
    judge_options_init(o);
    o->max_wait_ms = 0;
}

/* A group's set-up for options o; a test program's own open_judge() names them. */
static inline int judging_open(const struct judge_options *o)
{
    judge = judge_open(o, NULL);
    return judge == NULL ? -1 : 0;
}

/* The same, where only the rewards of requests that name none matter. */
static inline int judging_open_with(const char *default_rewards)
{
    struct judge_options o;
    judging_options(&o);
    o.default_rewards = default_rewards;
    return judging_open(&o);
}

static inline int close_judge(void **state)
{
    (void)state;
    judge_close(judge);
    return 0;
}

static inline void count_done(void *arg, struct judge_job *job)
{
    (void)job;
    ++*(int *)arg;
}

/* The reply to a request whose items are all judged at once, or the request's error as "code
 * param". Free with free(). */
static inline char *ask(const char *request)
{
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, 1 << 24);
    cJSON *body = json_parse(span_str(request), &err);
    struct judge_job *job = body == NULL ? NULL : judge_job_new(judge, JUDGE_NATIVE, body, &err);
    if (job == NULL) {
        buffer_addf(&out, "%s %s", error_name(err.code), err.param);
        return buffer_take(&out);
    }
    int done = 0;
    judge_job_start(job, count_done, &done);
    assert_int_equal(done, 1);
    assert_true(judge_job_reply(job, &out));
    judge_job_free(job);
    return buffer_take(&out);
}

/* The reply to request has `holds` in it; name tells the case. Clears request. */
static inline void check_holds(const char *name, struct buffer *request, const char *holds)
{
    char *reply = ask(request->p);
    bool ok = strstr(reply, holds) != NULL;
    if (!ok) print_message("%s:\n  %s\nlacks %s\n", name, reply, holds);
    assert_true(ok);
    free(reply);
    buffer_clear(request);
}

/* For check_recorded(): is the row's "value" ours? */
static inline bool is_recorded_value(const cJSON *row, double value, double tolerance)
{
    if (fabs(value - json_get(row, "value")->valuedouble) < tolerance) return true;
    print_error("%.17g, ", value);
    return false;
}

/* The reward of the only result of a reply, which is freed; NAN: none. */
static inline double take_reward(char *reply)
{
    struct error err = {0};
    cJSON *json = json_parse(span_str(reply), &err);
    const cJSON *reward = json_get(json_get(json, "results")->child, "reward");
    double value = cJSON_IsNumber(reward) ? reward->valuedouble : (double)NAN;
    cJSON_Delete(json);
    free(reply);
    return value;
}

/* A file of recorded results, one JSON object a line, `least` of them or more: each is as recorded. */
static inline void check_recorded(const char *path, size_t least,
                                  bool (*as_recorded)(const cJSON *row))
{
    size_t room = 0, wrong = 0, rows = 0;
    char *line = NULL;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (ssize_t got; (got = getline(&line, &room, f)) > 0; rows++) {
        struct error err = {0};
        cJSON *row = json_parse(span_of(line, (size_t)got), &err);
        assert_non_null(row);
        if (!as_recorded(row)) {
            print_error("not as recorded: %s", line);
            wrong++;
        }
        cJSON_Delete(row);
    }
    free(line);
    fclose(f);
    assert_int_equal(wrong, 0);
    assert_true(rows >= least);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
};

static inline void end_wait(void *arg, struct judge_job *job)
{
    struct waiting *w = arg;
    (void)job;
    pthread_mutex_lock(&w->lock);
    w->is_done = true;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

/* The reply to a request whose items go to workers; body is taken. Free with free(). */
static inline char *ask_and_wait(cJSON *body)
{
    struct error err = {0};
    struct buffer out;
    struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    struct judge_job *job = judge_job_new(judge, JUDGE_NATIVE, body, &err);
    if (job == NULL) fail_msg("%s: %s", err.param, err.message);
    judge_job_start(job, end_wait, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.is_done) {
        pthread_cond_wait(&w.done, &w.lock);
    }
    pthread_mutex_unlock(&w.lock);
    buffer_init(&out, 1 << 24);
    assert_true(judge_job_reply(job, &out));
    judge_job_free(job);
    return buffer_take(&out);
}

/* The reply to a request for a reward whose items go to workers, with these further members of its
 * entry (",..." or "") and these members of the item, of which text is the completion. Free with
 * free(). */
static inline char *ask_about(const char *reward, const char *name, const char *text,
                              const char *options, const char *item)
{
    struct buffer body;
    struct error err = {0};
    buffer_init(&body, 1 << 20);
    buffer_addf(&body, "{\"rewards\":[{\"name\":\"%s\"%s}],\"items\":[{\"completion\":", reward,
                options);
    json_print_text(span_str(text), &body);
    buffer_addf(&body, ",%s}]}", item);
    cJSON *json = json_parse(buffer_span(&body), &err);
    if (json == NULL) fail_msg("%s: %s", name, err.message);
    buffer_clear(&body);
    return ask_and_wait(json);
}

/* The same for the code reward. */
static inline char *ask_about_code(const char *name, const char *text, const char *options,
                                   const char *item)
{
    return ask_about("code", name, text, options, item);
}

/* A group's set-up for tests of the code reward. */
static inline int open_code_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"code\"}]");
}

struct ask_case {
    const char *name, *request;
    const char *holds; /* a part of the reply, or the whole of an error */
};

static inline void ask_all(const struct ask_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *reply = ask(cases[i].request);
        bool error = strpbrk(cases[i].holds, "{\"") == NULL;
        bool ok =
            error ? strcmp(reply, cases[i].holds) == 0 : strstr(reply, cases[i].holds) != NULL;
        if (!ok) print_message("%s:\n  %s\nwants %s\n", cases[i].name, reply, cases[i].holds);
        assert_true(ok);
        free(reply);
    }
}

#endif
