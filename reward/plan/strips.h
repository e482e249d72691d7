/* reward/plan/strips.h - a plan carried out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_PLAN_STRIPS_H
#define REWARD_PLAN_STRIPS_H

#include "reward/plan/pddl.h"
#include "reward/plan/steps.h"

enum plan_reason {
    PLAN_VALID,
    PLAN_UNKNOWN_ACTION,
    PLAN_BAD_ARITY,
    PLAN_UNKNOWN_OBJECT,
    PLAN_BAD_TYPE,
    PLAN_PRECONDITION,
    PLAN_GOAL,
    PLAN_TOO_LARGE, /* memory: no verdict */
};

struct plan_outcome {
    enum plan_reason reason;
    int step;           /* counted from 1; 0: none */
    struct span *unmet; /* "(clear b)", "(not (on a b))": sorted, none twice */
    int n_unmet;
};

/* Carry the steps out: each needs every precondition; its effects delete first, then add; at the
 * end every goal must hold. Lives in a. */
struct plan_outcome strips_run(const struct pddl_problem *p, const struct steps *steps,
                               struct arena *a);

#endif
