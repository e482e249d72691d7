/* reward/plan/sexpr.h - s-expressions, as PDDL is written in.
 *
 * Names are without regard to case: they are lower-cased on reading. `;` starts a comment that
 * ends with its line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_PLAN_SEXPR_H
#define REWARD_PLAN_SEXPR_H

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

enum { SEXPR_MAX_BYTES = 1 << 20, SEXPR_MAX_DEPTH = 64 };

struct sexpr {
    struct span atom;    /* a name, lower case; p NULL: a list */
    struct sexpr *first; /* of a list's elements; NULL: empty */
    struct sexpr *next;  /* in the list this stands in */
};

/* The one expression in text. NULL and ERROR_UNPARSABLE (with the line) otherwise. Lives in a. */
struct sexpr *sexpr_parse(struct span text, struct arena *a, struct error *err);

static inline bool sexpr_is_list(const struct sexpr *e)
{
    return e != NULL && e->atom.p == NULL;
}

static inline bool sexpr_is_atom(const struct sexpr *e)
{
    return e != NULL && e->atom.p != NULL;
}

/* A list whose first element is this name? */
bool sexpr_is_form(const struct sexpr *e, const char *name);

/* Elements of a list. */
int sexpr_count(const struct sexpr *list);

/* The text of a name for messages: at most 40 bytes, from a. */
const char *sexpr_text(const struct sexpr *e, struct arena *a);

/* Bytes of the name at the front of s: up to white space, a parenthesis or a semicolon. */
size_t sexpr_name_length(struct span s);

/* A lower-case copy (ASCII) of a name, in a; {NULL, 0} when a is full. */
struct span sexpr_lower(struct span name, struct arena *a);

#endif
