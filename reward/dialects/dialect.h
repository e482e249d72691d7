/* reward/dialects/dialect.h - whose request and reply form a job has.
 *
 * One handler of the server serves them all: a body in any dialect becomes a judge_job, which is
 * then started, cancelled and printed as every other (reward/judge/verify.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_DIALECT_H
#define REWARD_DIALECTS_DIALECT_H

#include <cjson/cJSON.h>

#include "base/fields.h"
#include "reward/judge/verify.h"

enum judge_dialect {
    JUDGE_NATIVE,   /* POST /verify: {items, rewards, ...} or one item */
    JUDGE_OPENRLHF, /* POST /get_reward: {query, prompts, labels} -> {rewards, scores, ...} */
    JUDGE_SLIME,    /* {prompt, response, label} -> a bare number */
    JUDGE_NEMO_GYM, /* {response, expected_answer, ...} -> the same object and its reward */
    JUDGE_DIALECTS
};

/* The tables of their bodies: /verify takes NeMo-Gym's as well, and one item in place of "items". */
extern const struct field *const dialect_verify_fields[];
extern const struct field *const dialect_openrlhf_fields[];
extern const struct field *const dialect_slime_fields[];

/* The dialect of a body sent to /verify: NeMo-Gym's has a "response" object, all else is native. */
enum judge_dialect judge_dialect_of(const cJSON *body);

/* A job from a body of that dialect; the body is taken (freed with the job, and on failure). NULL
 * and an error naming the client's field when the request itself is wrong. Free with
 * judge_job_free(). */
struct judge_job *judge_job_new(struct judge *judge, enum judge_dialect dialect, cJSON *body,
                                struct error *err);

#endif
