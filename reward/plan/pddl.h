/* reward/plan/pddl.h - a STRIPS domain and problem, as PDDL writes them.
 *
 * Read: :strips, :typing (a hierarchy, constants), :negative-preconditions, :equality.
 * Preconditions and goals are conjunctions of literals, effects conjunctions of literals that are
 * added or deleted. Refused by name: disjunctions, quantifiers, conditional effects, fluents,
 * durative actions, axioms, `either`.
 *
 * Source: PDDL - the Planning Domain Definition Language, version 1.2 (McDermott et al., 1998).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_PLAN_PDDL_H
#define REWARD_PLAN_PDDL_H

#include "base/arena.h"
#include "base/error.h"
#include "reward/plan/names.h"

enum {
    PDDL_MAX_ARGS = 8,       /* of a predicate or an action */
    PDDL_MAX_LITERALS = 512, /* of a precondition or an effect */
    PDDL_MAX_FACTS = 100000, /* of a problem's init */
    PDDL_EQUALITY = -1       /* the predicate "=" */
};

/* A predicate on arguments. In an action argument i >= 0 is the i-th parameter and ~c constant c;
 * in a problem all are objects. */
struct pddl_literal {
    int predicate; /* or PDDL_EQUALITY */
    bool negated;
    int n;
    int args[PDDL_MAX_ARGS];
};

struct pddl_literals {
    struct pddl_literal *list;
    int n;
};

struct pddl_action {
    int n_params;
    int types[PDDL_MAX_ARGS];
    struct pddl_literals precondition, effect;
};

struct pddl_domain {
    struct span name;
    struct names types; /* 0 is object */
    int *parents;       /* [types.n]; of object: 0 */
    struct names constants;
    int *constant_types;
    struct names predicates;
    int *arities;
    struct names action_names;
    struct pddl_action *actions;
};

struct pddl_problem {
    const struct pddl_domain *domain;
    struct names objects; /* the domain's constants first */
    int *object_types;
    struct pddl_literals init; /* none negated */
    struct pddl_literals goal;
};

/* Both live in a. NULL and ERROR_UNPARSABLE or ERROR_UNSUPPORTED, saying what and where,
 * otherwise. The problem points to the domain. */
const struct pddl_domain *pddl_parse_domain(struct span text, struct arena *a, struct error *err);

/* The same for a problem of that domain, which must outlive it. */
const struct pddl_problem *pddl_parse_problem(struct span text, const struct pddl_domain *domain,
                                              struct arena *a, struct error *err);

/* The name after (:domain in a problem; {NULL, 0} when it cannot be told. */
struct span pddl_domain_of(struct span problem, struct arena *a);

/* Is an object of this type fit for a parameter of that type? */
bool pddl_is_subtype(const struct pddl_domain *d, int type, int of);

#endif
