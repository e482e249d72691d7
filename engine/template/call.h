/* engine/template/call.h - calling: arguments, routines written in C, and what can be called.
 *
 * Filters, tests, methods and global functions are all rows of the same kind: a name, the names of
 * the parameters, and a C function that gets the values bound to them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_CALL_H
#define ENGINE_TEMPLATE_CALL_H

#include "engine/template/ast.h"
#include "engine/template/value.h"

enum { ROUTINE_PARAMETERS = 7 };

struct keyword {
    struct span name;
    struct value value;
};

struct arguments {
    struct values positional;
    const struct keyword *named;
    size_t n_named;
};

struct routine {
    const char *name;
    /* self: what a filter or test is applied to, or a method belongs to; args: one value for each
     * parameter, VALUE_ABSENT where none was given. */
    bool (*call)(struct render *r, struct value self, const struct value *args, struct value *out);
    const char *parameters[ROUTINE_PARAMETERS]; /* up to NULL */
    int required;                               /* how many must be given */
    /* Instead of call: takes whatever comes. */
    bool (*call_any)(struct render *r, struct value self, const struct arguments *args,
                     struct value *out);
};

/* The row of this name among n, or NULL. */
const struct routine *routine_find(const struct routine *rows, size_t n, struct span name);

/* Bind args to the routine's parameters and call it; self as its call takes it. A TypeError when they
 * do not fit. */
bool routine_call(struct render *r, const struct routine *routine, struct value self,
                  const struct arguments *args, struct value *out);

/* Evaluate arguments as written. caller: added as the keyword of that name unless VALUE_ABSENT. */
bool arguments_evaluate(struct render *r, struct scope *scope, const struct argument_list *list,
                        struct value caller, struct arguments *out);

/* The value of a keyword, or NULL. */
const struct value *arguments_named(const struct arguments *args, const char *name);

/* callee(args) for anything that can be called. */
bool call_value(struct render *r, struct value callee, const struct arguments *args,
                struct value *out);

/* Whether call_value() can call it. */
bool value_is_callable(struct value v);

/* Readers for bound arguments; absent leaves *out alone. A wrong type is an error that names what. */
bool argument_text(struct render *r, struct value v, const char *what, struct span *out);
/* An integer (a bool is one); as argument_text(). */
bool argument_int(struct render *r, struct value v, const char *what, int64_t *out);

#endif
