/* engine/template/call.c - see call.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/call.h"

#include <assert.h>

#include "engine/template/eval.h"
#include "engine/template/iterate.h"
#include "engine/template/loop.h"
#include "engine/template/render.h"

const struct routine *routine_find(const struct routine *rows, size_t n, struct span name)
{
    for (size_t i = 0; i < n; i++) {
        if (span_is(name, rows[i].name)) return &rows[i];
    }
    return NULL;
}

static int parameter_index(const struct routine *x, struct span name)
{
    for (int i = 0; i < ROUTINE_PARAMETERS && x->parameters[i] != NULL; i++) {
        if (span_is(name, x->parameters[i])) return i;
    }
    return -1;
}

static bool bind(struct render *r, const struct routine *x, const struct arguments *args,
                 struct value bound[ROUTINE_PARAMETERS])
{
    for (size_t i = 0; i < args->positional.n; i++) {
        if (i >= ROUTINE_PARAMETERS || x->parameters[i] == NULL) {
            return render_fail(r, "%s() takes at most %zu arguments (%zu given)", x->name, i,
                               args->positional.n);
        }
        bound[i] = args->positional.p[i];
    }
    for (size_t i = 0; i < args->n_named; i++) {
        struct span name = args->named[i].name;
        int at = parameter_index(x, name);
        if (at < 0) {
            return render_fail(r, "%s() got an unexpected keyword argument '%.*s'", x->name,
                               text_excerpt(name), name.p);
        }
        if (bound[at].kind != VALUE_ABSENT) {
            return render_fail(r, "%s() got multiple values for argument '%s'", x->name,
                               x->parameters[at]);
        }
        bound[at] = args->named[i].value;
    }
    for (int i = 0; i < x->required; i++) {
        if (bound[i].kind == VALUE_ABSENT) {
            return render_fail(r, "%s() is missing its argument '%s'", x->name, x->parameters[i]);
        }
    }
    return true;
}

bool routine_call(struct render *r, const struct routine *x, struct value self,
                  const struct arguments *args, struct value *out)
{
    struct value bound[ROUTINE_PARAMETERS] = {{0}};
    if (!render_charge(r, 1) || !render_enter(r)) return false;
    assert((x->call == NULL) != (x->call_any == NULL));
    bool ok = x->call_any != NULL ? x->call_any(r, self, args, out)
                                  : bind(r, x, args, bound) && x->call(r, self, bound, out);
    render_leave(r);
    return ok;
}

/* ---- arguments as written -------------------------------------------------------------------- */

static bool add_star(struct render *r, struct scope *scope, const struct node *star,
                     struct item_list *list)
{
    struct value v;
    struct values items;
    if (star == NULL) return true;
    if (!eval(r, scope, star, &v) || !value_items(r, v, &items)) return false;
    for (size_t i = 0; i < items.n; i++) {
        if (!item_list_add(r, list, items.p[i])) return false;
    }
    return true;
}

/* The dict of **kwargs, or NULL. */
static bool eval_star_star(struct render *r, struct scope *scope, const struct node *n,
                           const struct dict **out)
{
    struct value v;
    *out = NULL;
    if (n == NULL) return true;
    if (!eval(r, scope, n, &v)) return false;
    if (v.kind != VALUE_DICT) return render_fail(r, "argument after ** must be a mapping");
    *out = v.dict;
    return true;
}

static bool add_named(struct render *r, const struct dict *more, struct value caller,
                      struct keyword *named, size_t *n)
{
    for (size_t i = 0; more != NULL && i < more->n; i++) {
        const struct entry *e = &more->entries[i];
        if (e->key.kind != VALUE_STRING) return render_fail(r, "keywords must be strings");
        named[(*n)++] = (struct keyword){e->key.text, e->value};
    }
    if (caller.kind != VALUE_ABSENT) named[(*n)++] = (struct keyword){span_str("caller"), caller};
    return true;
}

bool arguments_evaluate(struct render *r, struct scope *scope, const struct argument_list *list,
                        struct value caller, struct arguments *out)
{
    *out = (struct arguments){0};
    if (list->n == 0 && list->star == NULL && list->star_star == NULL &&
        caller.kind == VALUE_ABSENT) {
        return true;
    }
    struct item_list positional = {0};
    const struct dict *more;
    if (!eval_star_star(r, scope, list->star_star, &more)) return false;
    size_t room = list->n + (more == NULL ? 0 : more->n) + 1, n = 0;
    struct keyword *named = render_alloc(r, room, sizeof(*named));
    if (named == NULL) return false;
    for (const struct argument *a = list->first; a != NULL; a = a->next) {
        struct value v;
        if (!eval(r, scope, a->value, &v)) return false;
        if (a->keyword.n > 0) {
            named[n++] = (struct keyword){a->keyword, v};
        } else if (!item_list_add(r, &positional, v)) {
            return false;
        }
    }
    if (!add_star(r, scope, list->star, &positional)) return false;
    if (!add_named(r, more, caller, named, &n)) return false;
    *out = (struct arguments){{positional.p, positional.n}, named, n};
    return true;
}

const struct value *arguments_named(const struct arguments *args, const char *name)
{
    for (size_t i = 0; i < args->n_named; i++) {
        if (span_is(args->named[i].name, name)) return &args->named[i].value;
    }
    return NULL;
}

/* ---- calling --------------------------------------------------------------------------------- */

bool value_is_callable(struct value v)
{
    return v.kind == VALUE_MACRO || v.kind == VALUE_FUNCTION || v.kind == VALUE_METHOD ||
           v.kind == VALUE_JOINER || v.kind == VALUE_LOOP || v.kind == VALUE_UNDEFINED;
}

static struct value call_joiner(struct joiner *j)
{
    bool used = j->used;
    j->used = true;
    return used ? j->separator : value_text(span_str(""));
}

bool call_value(struct render *r, struct value callee, const struct arguments *args,
                struct value *out)
{
    switch ((enum value_kind)callee.kind) {
    case VALUE_MACRO:
        return macro_call(r, callee.macro, args, out);
    case VALUE_FUNCTION:
        return routine_call(r, callee.function, value_none(), args, out);
    case VALUE_METHOD:
        return routine_call(r, callee.method->routine, callee.method->self, args, out);
    case VALUE_LOOP:
        return loop_call(r, callee.loop, args, out);
    case VALUE_JOINER:
        *out = call_joiner(callee.joiner);
        return true;
    case VALUE_UNDEFINED:
        return render_fail_undefined(r, callee);
    default:
        return render_fail(r, "'%s' object is not callable", value_type(callee));
    }
}

bool argument_text(struct render *r, struct value v, const char *what, struct span *out)
{
    if (v.kind == VALUE_ABSENT) return true;
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    if (v.kind != VALUE_STRING) {
        return render_fail(r, "%s must be str, not %s", what, value_type(v));
    }
    *out = v.text;
    return true;
}

bool argument_int(struct render *r, struct value v, const char *what, int64_t *out)
{
    if (v.kind == VALUE_ABSENT || value_whole(v, out)) return true;
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    return render_fail(r, "%s must be an integer, not %s", what, value_type(v));
}
