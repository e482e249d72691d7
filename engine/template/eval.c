/* engine/template/eval.c - expressions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/eval.h"

#include <assert.h>

#include "engine/template/access.h"
#include "engine/template/iterate.h"
#include "engine/template/operators.h"

enum { BINDINGS_PER_STEP = 16, SCOPES_PER_STEP = 8 };

/* ---- scopes ---------------------------------------------------------------------------------- */

struct scope *scope_new(struct render *r, struct scope *outer)
{
    struct scope *s = render_alloc(r, 1, sizeof(*s));
    if (s != NULL) s->outer = outer;
    return s;
}

struct value scope_find(struct render *r, const struct scope *s, int name)
{
    for (size_t i = 1; s != NULL; s = s->outer, i++) {
        render_charge(r, s->n / BINDINGS_PER_STEP + (i % SCOPES_PER_STEP == 0));
        for (size_t k = 0; k < s->n; k++) {
            if (s->bindings[k].name == name) return s->bindings[k].value;
        }
    }
    assert(name >= 0 && name < r->template->n_names);
    if (r->globals[name].kind != VALUE_ABSENT) return r->globals[name];
    return value_undefined(r->template->names[name]);
}

bool scope_set(struct render *r, struct scope *s, int name, struct value v)
{
    if (s == NULL) {
        r->globals[name] = v;
        return true;
    }
    if (!render_charge(r, s->n / BINDINGS_PER_STEP)) return false;
    for (size_t i = 0; i < s->n; i++) {
        if (s->bindings[i].name != name) continue;
        s->bindings[i].value = v;
        return true;
    }
    if (s->n == s->room) {
        size_t room = s->room == 0 ? 4 : s->room * 2;
        struct binding *p = render_alloc(r, room, sizeof(*p));
        if (p == NULL) return false;
        if (s->n > 0) memcpy(p, s->bindings, s->n * sizeof(*p));
        s->bindings = p;
        s->room = room;
    }
    assert(s->n < s->room);
    s->bindings[s->n++] = (struct binding){name, v};
    return true;
}

/* ---- assignment ------------------------------------------------------------------------------ */

static bool assign_attribute(struct render *r, struct scope *s, const struct node *target,
                             struct value v)
{
    struct value space = scope_find(r, s, target->attr.of->name);
    struct span name = target->attr.name;
    if (space.kind != VALUE_NAMESPACE) {
        return render_fail(r, "cannot assign attribute on non-namespace object");
    }
    if (name.p[0] == '_') return render_fail(r, "a namespace cannot store names that begin with _");
    return dict_set(r, space.dict, value_text(name), v);
}

static bool assign_tuple(struct render *r, struct scope *s, const struct node *target,
                         struct value v)
{
    struct values items;
    size_t want = 0, i = 0;
    if (!value_items(r, v, &items)) return false;
    for (const struct node *n = target->items; n != NULL; n = n->next) {
        want++;
    }
    if (items.n != want) {
        return render_fail(r, "%s values to unpack (expected %zu, got %zu)",
                           items.n < want ? "not enough" : "too many", want, items.n);
    }
    for (const struct node *n = target->items; n != NULL; n = n->next) {
        if (!assign(r, s, n, items.p[i++])) return false;
    }
    return true;
}

bool assign(struct render *r, struct scope *s, const struct node *target, struct value v)
{
    if (!render_charge(r, 1)) return false;
    if (target->kind == NODE_NAME) return scope_set(r, s, target->name, v);
    if (target->kind == NODE_ATTR_REF) return assign_attribute(r, s, target, v);
    return assign_tuple(r, s, target, v);
}

/* ---- the kinds of nodes ---------------------------------------------------------------------- */

/* The values of n and those after it. */
static bool eval_list(struct render *r, struct scope *s, const struct node *n, struct values *out)
{
    size_t count = 0, i = 0;
    for (const struct node *x = n; x != NULL; x = x->next) {
        count++;
    }
    struct value *p = render_alloc(r, count, sizeof(*p));
    if (p == NULL) return false;
    for (const struct node *x = n; x != NULL; x = x->next) {
        if (!eval(r, s, x, &p[i++])) return false;
    }
    *out = (struct values){p, count};
    return true;
}

static bool eval_items(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct values v;
    if (!eval_list(r, s, n->items, &v)) return false;
    *out = n->kind == NODE_LIST ? value_list(v.p, v.n) : value_tuple(v.p, v.n);
    return true;
}

static bool eval_dict(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct dict *d;
    if (!dict_new(r, 4, &d)) return false;
    for (const struct node *x = n->items; x != NULL; x = x->next->next) {
        struct value key, v;
        assert(x->next != NULL); /* keys and values by turns */
        if (!eval(r, s, x, &key) || !eval(r, s, x->next, &v)) return false;
        if (!dict_set(r, d, key, v)) return false;
    }
    *out = (struct value){.kind = VALUE_DICT, .dict = d};
    return true;
}

static bool eval_concat(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct values v;
    return eval_list(r, s, n->items, &v) && operate_concat(r, v.p, v.n, out);
}

static bool eval_logic(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    if (!eval(r, s, n->binary.left, out)) return false;
    if (value_truth(*out) == (n->kind == NODE_OR)) return true;
    return eval(r, s, n->binary.right, out);
}

static bool eval_unary(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct value v;
    if (!eval(r, s, n->of, &v)) return false;
    if (n->kind != NODE_NOT) return operate_sign(r, n->kind == NODE_NEGATE, v, out);
    *out = value_bool(!value_truth(v));
    return true;
}

static bool eval_binary(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct value v, w;
    if (!eval(r, s, n->binary.left, &v) || !eval(r, s, n->binary.right, &w)) return false;
    r->line = n->line;
    return operate(r, n->binary.op, v, w, out);
}

/* a < b < c: b is evaluated once, c only when a < b. */
static bool eval_compare(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct value left, right;
    bool holds = true;
    if (!eval(r, s, n->compare.left, &left)) return false;
    for (const struct operand *o = n->compare.rest; o != NULL && holds; o = o->next) {
        if (!eval(r, s, o->right, &right)) return false;
        r->line = n->line;
        if (!operate_compare(r, o->op, left, right, &holds)) return false;
        left = right;
    }
    *out = value_bool(holds);
    return true;
}

static bool eval_condition(struct render *r, struct scope *s, const struct node *n,
                           struct value *out)
{
    struct value test;
    if (!eval(r, s, n->branch.test, &test)) return false;
    if (value_truth(test)) return eval(r, s, n->branch.yes, out);
    if (n->branch.no != NULL) return eval(r, s, n->branch.no, out);
    *out = value_undefined_hint("the inline if-expression evaluated to false and no else section "
                                "was defined");
    return true;
}

static bool eval_slice(struct render *r, struct scope *s, const struct node *n, struct value v,
                       struct value *out)
{
    const struct node *parts[3] = {n->slice.from, n->slice.to, n->slice.step};
    struct value bounds[3];
    for (int i = 0; i < 3; i++) {
        bounds[i] = value_none();
        if (parts[i] != NULL && !eval(r, s, parts[i], &bounds[i])) return false;
    }
    return get_slice(r, v, bounds, out);
}

static bool eval_item(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct value v, index;
    if (!eval(r, s, n->binary.left, &v)) return false;
    if (n->binary.right->kind == NODE_SLICE) return eval_slice(r, s, n->binary.right, v, out);
    return eval(r, s, n->binary.right, &index) && get_item(r, v, index, out);
}

static bool eval_attribute(struct render *r, struct scope *s, const struct node *n,
                           struct value *out)
{
    struct value v;
    if (!eval(r, s, n->attr.of, &v)) return false;
    r->line = n->line;
    return get_attribute(r, v, n->attr.name, out);
}

static bool eval_call(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct value callee;
    struct arguments args;
    if (!eval(r, s, n->call.of, &callee)) return false;
    if (!arguments_evaluate(r, s, &n->call.arguments, (struct value){0}, &args)) return false;
    r->line = n->line;
    return call_value(r, callee, &args, out);
}

/* A filter or test on v. */
static bool apply(struct render *r, struct scope *s, const struct node *n, struct value v,
                  struct value *out)
{
    struct arguments args;
    const struct routine *x = n->applied.row;
    if (x == NULL) {
        struct span name = n->applied.name;
        return render_fail(r, "no %s named '%.*s'", n->kind == NODE_FILTER ? "filter" : "test",
                           text_excerpt(name), name.p);
    }
    if (!arguments_evaluate(r, s, &n->applied.arguments, (struct value){0}, &args)) return false;
    r->line = n->line;
    return routine_call(r, x, v, &args, out);
}

static bool eval_applied(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    struct value v;
    return eval(r, s, n->applied.of, &v) && apply(r, s, n, v, out);
}

bool eval_filters(struct render *r, struct scope *s, const struct node *n, struct value captured,
                  struct value *out)
{
    struct value v = captured;
    if (n->applied.of != NULL && !eval_filters(r, s, n->applied.of, captured, &v)) return false;
    return apply(r, s, n, v, out);
}

static bool eval_node(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    switch (n->kind) {
    case NODE_TUPLE:
    case NODE_LIST:
        return eval_items(r, s, n, out);
    case NODE_DICT:
        return eval_dict(r, s, n, out);
    case NODE_CONCAT:
        return eval_concat(r, s, n, out);
    case NODE_AND:
    case NODE_OR:
        return eval_logic(r, s, n, out);
    case NODE_NOT:
    case NODE_NEGATE:
    case NODE_PLUS:
        return eval_unary(r, s, n, out);
    case NODE_BINARY:
        return eval_binary(r, s, n, out);
    case NODE_COMPARE:
        return eval_compare(r, s, n, out);
    case NODE_COND:
        return eval_condition(r, s, n, out);
    case NODE_ATTR:
        return eval_attribute(r, s, n, out);
    case NODE_ITEM:
        return eval_item(r, s, n, out);
    case NODE_CALL:
        return eval_call(r, s, n, out);
    default: /* NODE_FILTER, NODE_TEST: the parser puts no other kind into an expression */
        return eval_applied(r, s, n, out);
    }
}

bool eval(struct render *r, struct scope *s, const struct node *n, struct value *out)
{
    r->line = n->line;
    if (!render_charge(r, 1)) return false;
    if (n->kind == NODE_CONST) {
        *out = n->constant;
        return true;
    }
    if (n->kind == NODE_NAME) {
        *out = scope_find(r, s, n->name);
        return true;
    }
    if (!render_enter(r)) return false;
    bool ok = eval_node(r, s, n, out);
    render_leave(r);
    return ok;
}
