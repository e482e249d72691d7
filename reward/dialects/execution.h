/* reward/dialects/execution.h - programs run for their own sake; inside reward/ only (reward.h has what
 * others see).
 *
 * execution.c queues orders for the sandbox pool's workers and keeps their outcomes; a dialect
 * turns its body into orders and outcomes into its reply. Orders and outcomes are the JSON of
 * reward/code/execute.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_EXECUTION_H
#define REWARD_DIALECTS_EXECUTION_H

#include <stdatomic.h>

#include "reward/workers/dispatch.h"
#include "reward/reward.h"

enum { EXECUTION_MAX_PROGRAMS = 1000 };

/* One program. */
struct execution_run {
    struct task task; /* first: done() is given its address */
    struct execution *execution;
    cJSON *order;   /* owned */
    cJSON *outcome; /* owned; NULL: none came: */
    enum task_end end;
    bool refused; /* the queue was full */
    struct buffer reply;
};

struct execution {
    struct judge *judge;
    enum execution_dialect dialect;
    cJSON *body;
    struct execution_run *runs;
    size_t n;
    struct lane lane;
    atomic_size_t pending; /* programs away, + 1 while the starting thread is at it */
    atomic_bool cancelled;
    void (*done)(void *arg);
    void *done_arg;
};

/* Add a program: order is taken; budget_ms of the wall's. False: err. */
bool execution_add(struct execution *x, cJSON *order, int budget_ms, struct error *err);

/* What is wrong with a run that has no outcome, or whose outcome is an error; NULL: nothing. */
const char *execution_fault(const struct execution_run *r);

/* A dialect: execution_fusion.c, execution_piston.c, execution_router.c. */
struct execution_row {
    bool (*read)(struct execution *x, struct error *err); /* x->body into orders */
    void (*reply)(const struct execution *x, struct buffer *out);
    enum error_code busy; /* what its clients try again after */
};

extern const struct execution_row execution_fusion;
extern const struct execution_row execution_piston;
extern const struct execution_row execution_router;

#endif
