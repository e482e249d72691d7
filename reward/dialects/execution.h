/* reward/dialects/execution.h - programs run for their own sake; inside reward/ only (programs.h has
 * what others see).
 *
 * execution.c queues orders for the sandbox pool's workers and keeps their outcomes; a dialect
 * turns its body into orders and outcomes into its reply (reward/code/execute.h has both).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_DIALECTS_EXECUTION_H
#define REWARD_DIALECTS_EXECUTION_H

#include <stdatomic.h>

#include "base/arena.h"
#include "reward/code/execute.h"
#include "reward/dialects/programs.h"
#include "reward/workers/dispatch.h"

enum { EXECUTION_MAX_PROGRAMS = 1000 };

/* One program. */
struct execution_run {
    struct task task; /* first: done() is given its address */
    struct execution *execution;
    const struct language *language;
    enum task_end end;
    bool refused; /* the queue was full */
    struct buffer answer;
    bool has_outcome;
    struct execute_outcome outcome; /* borrows from answer */
};

struct execution {
    struct judge *judge;
    const struct execution_row *row;
    cJSON *body;
    /* notes what its dialect does not know; NULL: that is refused */
    struct unknown_fields *unknown;
    struct arena *arena; /* files and names of the orders, until they are packed */
    struct execution_run *runs;
    size_t n;
    struct lane lane;
    atomic_size_t pending; /* programs away, + 1 while the starting thread is at it */
    atomic_bool cancelled;
    int refused_s; /* its turn was expected so late, then or while it waited, that it is refused; 0: it is not */
    void (*done)(void *arg);
    void *done_arg;
};

/* Add a program; budget_ms of the wall's. False: err. */
bool execution_add(struct execution *x, const struct execute_order *order, int budget_ms,
                   struct error *err);

/* What is wrong with a run that has no outcome, or whose outcome is an error; p NULL: nothing. */
struct span execution_fault(const struct execution_run *r);

/* A dialect: fusion.c, piston.c, router.c. */
struct execution_row {
    bool (*read)(struct execution *x, struct error *err); /* x->body into orders */
    void (*reply)(const struct execution *x, struct buffer *out);
    enum error_code busy; /* what its clients try again after */
};

extern const struct execution_row execution_fusion;
extern const struct execution_row execution_piston;
extern const struct execution_row execution_router;

#endif
