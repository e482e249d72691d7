/* engine/template/exec.c - statements.
 *
 * A statement ends in one of a few ways (enum outcome): done, break, continue, failed. Everything
 * else is state of the rendering: r->out is where output goes now. Macros, set blocks, filter and
 * call blocks capture: they put a builder of their own there, run a body, and put the old one back.
 *
 * Scopes are made where Jinja makes them (eval.h). A for block's scope is emptied and used again for
 * each item, so a loop's memory does not grow with its length; its `if` is a filter on the items, by
 * which loop.index counts only those that pass.
 *
 * Recursion (macros, recursive loops, nested bodies) goes through render_enter(), iteration through
 * render_charge(): both are bounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/eval.h"

#include <assert.h>
#include "engine/template/iterate.h"
#include "engine/template/loop.h"

enum outcome { DONE, BROKE, CONTINUED, FAILED };

static enum outcome exec_body(struct render *r, struct scope *s, const struct node *body);

static enum outcome done_if(bool ok)
{
    return ok ? DONE : FAILED;
}

/* ---- output ---------------------------------------------------------------------------------- */

static enum outcome exec_output(struct render *r, struct scope *s, const struct node *n)
{
    for (const struct node *x = n->items; x != NULL; x = x->next) {
        struct value v;
        if (!eval(r, s, x, &v)) return FAILED;
        value_print(r, r->out, v);
        if (r->out->failed) return FAILED;
    }
    return DONE;
}

/* Run body with its output going to *text. */
static enum outcome capture(struct render *r, struct scope *s, const struct node *body,
                            struct value *text)
{
    struct text_builder b = {0}, *outer = r->out;
    r->out = &b;
    enum outcome o = exec_body(r, s, body);
    assert(r->out == &b); /* whoever captured inside has put it back */
    r->out = outer;
    *text = value_text(span_of(NULL, 0));
    return text_end(&b, &text->text) ? o : FAILED;
}

/* ---- for ------------------------------------------------------------------------------------- */

struct for_test {
    struct scope *scope;
    const struct node *node;
};

/* The next item for which the for block's `if` holds. */
static enum iterator_result next_passing(struct render *r, struct iterator *it, struct value *out)
{
    struct for_test *f = it->state;
    for (;;) {
        struct value test;
        enum iterator_result result = iterator_next(r, it->from, out);
        if (result != ITERATOR_ITEM) return result;
        f->scope->n = 0;
        if (!assign(r, f->scope, f->node->loop.target, *out)) return ITERATOR_FAILED;
        if (!eval(r, f->scope, f->node->loop.test, &test)) return ITERATOR_FAILED;
        if (value_truth(test)) return ITERATOR_ITEM;
    }
}

static bool filter_items(struct render *r, struct scope *s, const struct node *n,
                         struct value *over)
{
    if (n->loop.test == NULL) return true;
    struct for_test *f = render_alloc(r, 1, sizeof(*f));
    struct scope *scope = scope_new(r, s);
    if (f == NULL || scope == NULL) return false;
    *f = (struct for_test){scope, n};
    return iterator_new(r, *over, next_passing, f, over);
}

/* Jinja runs the else block unless one iteration got to the end of the body, so after a loop whose
 * every iteration was cut short by break or continue too. */
static enum outcome exec_items(struct render *r, struct scope *s, const struct node *n,
                               struct loop *l, bool *completed)
{
    struct value item, self = {.kind = VALUE_LOOP, .loop = l};
    struct scope *inner = scope_new(r, s);
    if (inner == NULL) return FAILED;
    for (;;) {
        enum iterator_result result = loop_next(r, l, &item);
        if (result != ITERATOR_ITEM) return done_if(result == ITERATOR_END);
        inner->n = 0;
        if (!scope_set(r, inner, NAME_LOOP, self)) return FAILED;
        if (!assign(r, inner, n->loop.target, item)) return FAILED;
        enum outcome o = exec_body(r, inner, n->loop.body);
        if (o == FAILED) return FAILED;
        if (o == BROKE) return DONE;
        if (o == DONE) *completed = true;
    }
}

static enum outcome exec_loop(struct render *r, struct scope *s, const struct node *n,
                              struct value over, int64_t depth)
{
    struct loop *l;
    bool completed = false;
    if (!filter_items(r, s, n, &over) || !loop_new(r, over, &l)) return FAILED;
    l->node = n;
    l->scope = s;
    l->depth0 = depth;
    enum outcome o = exec_items(r, s, n, l, &completed);
    if (o != DONE || completed || n->loop.otherwise == NULL) return o;
    struct scope *inner = scope_new(r, s);
    return inner == NULL ? FAILED : exec_body(r, inner, n->loop.otherwise);
}

static enum outcome exec_for(struct render *r, struct scope *s, const struct node *n)
{
    struct value over;
    if (!eval(r, s, n->loop.iter, &over)) return FAILED;
    return exec_loop(r, s, n, over, 0);
}

bool for_capture(struct render *r, struct scope *s, const struct node *n, struct value over,
                 int64_t depth, struct value *out)
{
    struct text_builder b = {0}, *outer = r->out;
    if (!render_enter(r)) return false;
    r->out = &b;
    enum outcome o = exec_loop(r, s, n, over, depth);
    r->out = outer;
    render_leave(r);
    *out = value_text(span_of(NULL, 0));
    return text_end(&b, &out->text) && o != FAILED;
}

/* ---- if, set, with, filter ------------------------------------------------------------------- */

static enum outcome exec_if(struct render *r, struct scope *s, const struct node *n)
{
    for (;;) {
        struct value test;
        if (!eval(r, s, n->branch.test, &test)) return FAILED;
        if (value_truth(test)) return exec_body(r, s, n->branch.yes);
        if (!n->branch.elif) return exec_body(r, s, n->branch.no);
        n = n->branch.no;
        if (!render_charge(r, 1)) return FAILED;
    }
}

/* Jinja looks at ns in {% set ns.x = ... %} before it evaluates the rest. */
static bool check_target(struct render *r, struct scope *s, const struct node *target)
{
    if (!render_charge(r, 1)) return false;
    if (target->kind == NODE_ATTR_REF) {
        return scope_find(r, s, target->attr.of->name).kind == VALUE_NAMESPACE ||
               render_fail(r, "cannot assign attribute on non-namespace object");
    }
    for (const struct node *n = target->kind == NODE_TUPLE ? target->items : NULL; n != NULL;
         n = n->next) {
        if (!check_target(r, s, n)) return false;
    }
    return true;
}

static enum outcome exec_set(struct render *r, struct scope *s, const struct node *n)
{
    struct value v;
    r->line = n->line;
    if (!check_target(r, s, n->set.target) || !eval(r, s, n->set.value, &v)) return FAILED;
    return done_if(assign(r, s, n->set.target, v));
}

static enum outcome exec_set_block(struct render *r, struct scope *s, const struct node *n)
{
    struct value v;
    struct scope *inner = scope_new(r, s);
    if (inner == NULL) return FAILED;
    enum outcome o = capture(r, inner, n->set.body, &v);
    if (o != DONE) return o;
    if (n->set.filter != NULL && !eval_filters(r, inner, n->set.filter, v, &v)) return FAILED;
    r->line = n->line;
    return done_if(assign(r, s, n->set.target, v));
}

static enum outcome exec_filter_block(struct render *r, struct scope *s, const struct node *n)
{
    struct value v;
    struct scope *inner = scope_new(r, s);
    if (inner == NULL) return FAILED;
    enum outcome o = capture(r, inner, n->filter_block.body, &v);
    if (o != DONE) return o;
    if (!eval_filters(r, inner, n->filter_block.filter, v, &v)) return FAILED;
    value_print(r, r->out, v);
    return done_if(!r->out->failed);
}

static enum outcome exec_with(struct render *r, struct scope *s, const struct node *n)
{
    struct scope *inner = scope_new(r, s);
    if (inner == NULL) return FAILED;
    const struct node *value = n->with.values;
    for (const struct node *t = n->with.targets; t != NULL; t = t->next, value = value->next) {
        struct value v;
        if (!eval(r, s, value, &v) || !scope_set(r, inner, t->name, v)) return FAILED;
    }
    return exec_body(r, inner, n->with.body);
}

/* ---- macros ---------------------------------------------------------------------------------- */

static bool macro_value(struct render *r, struct scope *s, const struct macro_node *node,
                        struct value *out)
{
    struct macro *m = render_alloc(r, 1, sizeof(*m));
    if (m == NULL) return false;
    *m = (struct macro){node, s};
    *out = (struct value){.kind = VALUE_MACRO, .macro = m};
    return true;
}

static enum outcome exec_macro(struct render *r, struct scope *s, const struct node *n)
{
    struct value v;
    return done_if(macro_value(r, s, n->macro.macro, &v) &&
                   scope_set(r, s, n->macro.macro->name_id, v));
}

static enum outcome exec_call_block(struct render *r, struct scope *s, const struct node *n)
{
    struct value caller, callee, v;
    struct arguments args;
    const struct node *call = n->macro.call;
    if (!macro_value(r, s, n->macro.macro, &caller)) return FAILED;
    if (!eval(r, s, call->call.of, &callee)) return FAILED;
    if (!arguments_evaluate(r, s, &call->call.arguments, caller, &args)) return FAILED;
    if (!call_value(r, callee, &args, &v)) return FAILED;
    value_print(r, r->out, v);
    return done_if(!r->out->failed);
}

static bool is_parameter(const struct render *r, const struct macro_node *m, struct span name)
{
    for (const struct parameter *x = m->parameters; x != NULL; x = x->next) {
        if (span_eq(r->template->names[x->name], name)) return true;
    }
    return false;
}

/* The keywords that are no parameters: kwargs for a macro that mentions it, else an error. */
static bool bind_kwargs(struct render *r, struct scope *s, const struct macro_node *m,
                        const struct arguments *args)
{
    struct dict *rest;
    if (!dict_new(r, args->n_named, &rest)) return false;
    for (size_t i = 0; i < args->n_named; i++) {
        struct span name = args->named[i].name;
        if (is_parameter(r, m, name) || (m->uses_caller && span_is(name, "caller"))) continue;
        if (!m->uses_kwargs) {
            return render_fail(r, "macro '%.*s' takes no keyword argument '%.*s'",
                               text_excerpt(m->name), m->name.p, text_excerpt(name), name.p);
        }
        if (!dict_set(r, rest, value_text(name), args->named[i].value)) return false;
    }
    struct value v = {.kind = VALUE_DICT, .dict = rest};
    return !m->uses_kwargs || scope_set(r, s, NAME_KWARGS, v);
}

static bool bind_varargs(struct render *r, struct scope *s, const struct macro_node *m,
                         const struct arguments *args)
{
    size_t n = args->positional.n, taken = n < m->n_parameters ? n : m->n_parameters;
    if (m->uses_varargs) {
        const struct value *rest = n > taken ? args->positional.p + taken : NULL;
        return scope_set(r, s, NAME_VARARGS, value_tuple(rest, n - taken));
    }
    return n <= m->n_parameters ||
           render_fail(r, "macro '%.*s' takes not more than %zu argument(s)", text_excerpt(m->name),
                       m->name.p, m->n_parameters);
}

static bool bind_caller(struct render *r, struct scope *s, const struct macro_node *m,
                        const struct arguments *args)
{
    if (!m->uses_caller || m->names_caller) return true;
    const struct value *caller = arguments_named(args, "caller");
    return scope_set(r, s, NAME_CALLER,
                     caller != NULL ? *caller : value_undefined_hint("No caller defined"));
}

/* Parameters in order; a default may use the ones before it. */
static bool bind_parameters(struct render *r, struct scope *s, const struct macro_node *m,
                            const struct arguments *args)
{
    size_t i = 0;
    for (const struct parameter *x = m->parameters; x != NULL; x = x->next, i++) {
        struct value v = {0};
        struct span name = r->template->names[x->name];
        if (i < args->positional.n) v = args->positional.p[i];
        for (size_t k = 0; k < args->n_named; k++) {
            if (!span_eq(args->named[k].name, name)) continue;
            if (v.kind != VALUE_ABSENT) {
                return render_fail(r, "macro '%.*s' takes no keyword argument '%.*s'",
                                   text_excerpt(m->name), m->name.p, text_excerpt(name), name.p);
            }
            v = args->named[k].value;
        }
        if (v.kind == VALUE_ABSENT && x->fallback != NULL && !eval(r, s, x->fallback, &v)) {
            return false;
        }
        if (v.kind == VALUE_ABSENT) v = value_undefined(name);
        if (!scope_set(r, s, x->name, v)) return false;
    }
    return true;
}

bool macro_call(struct render *r, const struct macro *macro, const struct arguments *args,
                struct value *out)
{
    const struct macro_node *m = macro->node;
    struct scope *s = scope_new(r, macro->scope);
    if (s == NULL || !render_charge(r, m->n_parameters * (1 + args->n_named)) || !render_enter(r)) {
        return false;
    }
    bool ok = bind_caller(r, s, m, args) && bind_kwargs(r, s, m, args) &&
              bind_varargs(r, s, m, args) && bind_parameters(r, s, m, args) &&
              capture(r, s, m->body, out) != FAILED;
    render_leave(r);
    return ok;
}

static enum outcome exec_generation(struct render *r, struct scope *s, const struct node *n)
{
    struct scope *inner = scope_new(r, s);
    return inner == NULL ? FAILED : exec_body(r, inner, n->macro.macro->body);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static enum outcome exec_node(struct render *r, struct scope *s, const struct node *n)
{
    switch (n->kind) {
    case NODE_TEXT:
        text_add(r, r->out, n->constant.text);
        return done_if(!r->out->failed);
    case NODE_OUTPUT:
        return exec_output(r, s, n);
    case NODE_IF:
        return exec_if(r, s, n);
    case NODE_FOR:
        return exec_for(r, s, n);
    case NODE_SET:
        return exec_set(r, s, n);
    case NODE_SET_BLOCK:
        return exec_set_block(r, s, n);
    case NODE_MACRO:
        return exec_macro(r, s, n);
    case NODE_CALL_BLOCK:
        return exec_call_block(r, s, n);
    case NODE_FILTER_BLOCK:
        return exec_filter_block(r, s, n);
    case NODE_WITH:
        return exec_with(r, s, n);
    case NODE_GENERATION:
        return exec_generation(r, s, n);
    case NODE_BREAK:
        return BROKE;
    default: /* NODE_CONTINUE: the parser puts no other kind into a body */
        assert(n->kind == NODE_CONTINUE);
        return CONTINUED;
    }
}

static enum outcome exec_body(struct render *r, struct scope *s, const struct node *body)
{
    if (body == NULL) return DONE;
    if (!render_enter(r)) return FAILED;
    enum outcome o = DONE;
    for (const struct node *n = body; n != NULL && o == DONE; n = n->next) {
        o = render_charge(r, 1) ? exec_node(r, s, n) : FAILED;
    }
    render_leave(r);
    return o;
}

bool exec_template(struct render *r)
{
    return exec_body(r, NULL, r->template->body) == DONE;
}
