/* engine/template/eval.h - running the tree: expressions (eval.c) and statements (exec.c).
 *
 * Scopes follow Jinja: for, macro, call, filter, with, generation and block-set bodies have their
 * own; what is set there is gone afterwards, and an if block has none. The outermost one is
 * render.globals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_EVAL_H
#define ENGINE_TEMPLATE_EVAL_H

#include "engine/template/ast.h"
#include "engine/template/call.h"
#include "engine/template/render.h"

struct binding {
    int name;
    struct value value;
};

struct scope {
    struct scope *outer; /* NULL: the globals */
    struct binding *bindings;
    size_t n, room;
};

/* NULL as scope means the globals. */
struct value scope_find(struct render *r, const struct scope *s, int name);
/* Bind name in s itself, not in an outer scope. */
bool scope_set(struct render *r, struct scope *s, int name, struct value v);
/* An empty scope inside outer; NULL with the error set. */
struct scope *scope_new(struct render *r, struct scope *outer);

/* The value of an expression. */
bool eval(struct render *r, struct scope *s, const struct node *n, struct value *out);

/* A NODE_FILTER chain; the innermost without an operand is applied to captured. */
bool eval_filters(struct render *r, struct scope *s, const struct node *n, struct value captured,
                  struct value *out);

/* Assign to a name, a tuple of targets or ns.attr. */
bool assign(struct render *r, struct scope *s, const struct node *target, struct value v);

/* The whole template, into r->out. */
bool exec_template(struct render *r);

/* The output of a macro called with args. */
bool macro_call(struct render *r, const struct macro *m, const struct arguments *args,
                struct value *out);

/* The output of a for block over these items, at this depth of recursion. */
bool for_capture(struct render *r, struct scope *s, const struct node *n, struct value over,
                 int64_t depth, struct value *out);

#endif
