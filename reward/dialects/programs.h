/* reward/dialects/programs.h - programs run for their own sake: other sandboxes' requests and replies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_PROGRAMS_H
#define REWARD_DIALECTS_PROGRAMS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/fields.h"
#include "reward/judge/judge.h"

/* Other sandboxes' requests: a program, or several, in; what they printed out. */
struct execution;

enum execution_dialect {
    EXECUTION_SANDBOX_FUSION, /* POST /run_code */
    EXECUTION_PISTON,         /* POST /api/v2/execute */
    EXECUTION_ROUTER,         /* POST /execute_batch, open-r1's E2B and Morph routers */
    EXECUTION_DIALECTS
};

/* The tables of their bodies, in their order. */
extern const struct field *const sandbox_fusion_fields[], *const piston_fields[],
    *const router_fields[];

/* Check a body (freed). What it has that the dialect does not know is noted in *unknown, or refused
 * where that is NULL. NULL and an error naming the field when it is wrong. Free with execution_free(). */
struct execution *execution_new(struct judge *judge, enum execution_dialect dialect, cJSON *body,
                                struct unknown_fields *unknown, struct error *err);

/* Whose it is, as judge_job_set_client() has it. Before execution_start(). */
void execution_set_client(struct execution *x, uint64_t client);

/* Run. done(arg) is called exactly once, from this thread or the judge's own (where it must only
 * pass the news on). */
void execution_start(struct execution *x, void (*done)(void *arg), void *arg);

/* The client has left; done() still comes. Any thread, from execution_new() to execution_free(). */
void execution_cancel(struct execution *x);

/* After done(): append the reply's JSON. False and err when there is none: too much is waiting already
 * (err->retry_s: when to come again, 0 where that is not known). */
bool execution_reply(const struct execution *x, struct buffer *out, struct error *err);

/* Accepts NULL. Not between execution_start() and done(). */
void execution_free(struct execution *x);

/* GET /api/v2/runtimes: the languages that are installed, as Piston lists them. */
void execution_runtimes_json(struct buffer *out);

#endif
