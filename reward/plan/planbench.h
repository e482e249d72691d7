/* reward/plan/planbench.h - the domains of PlanBench, by name, so that a request need not carry
 * them.
 *
 * Source: PlanBench (arXiv 2206.10498), which takes them from the planning competitions:
 * Blocksworld with four operators (IPC 2000), Logistics (IPC 2000), Depots (IPC 2002), Sokoban
 * with typed squares, and Mystery Blocksworld, which is Blocksworld with its words replaced.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_PLAN_PLANBENCH_H
#define REWARD_PLAN_PLANBENCH_H

#include "reward/plan/pddl.h"
#include "reward/plan/steps.h"

struct planbench_domain {
    const struct pddl_domain *domain;
    const struct wording *wording; /* NULL: PlanBench has no sentences for it here */
};

/* The domain of that name ("blocksworld", "logistics", ...; PDDL's own names too), or NULL. Read
 * once, kept for good, shared by all threads. */
const struct planbench_domain *planbench_find(struct span name);

#endif
