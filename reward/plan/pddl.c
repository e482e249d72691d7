/* reward/plan/pddl.c - see pddl.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/pddl.h"

#include <assert.h>

#include "reward/plan/sexpr.h"

/* What every reading function needs. */
struct reader {
    struct arena *arena;
    struct error *err;
    struct pddl_domain *domain;
};

static bool unparsable(const struct reader *r, const char *what, const struct sexpr *where)
{
    return error_set(
        r->err, ERROR_UNPARSABLE, NULL, "%s near \"%s\"", what,
        sexpr_text(sexpr_is_list(where) && where->first != NULL ? where->first : where, r->arena));
}

static bool unsupported(const struct reader *r, const char *what)
{
    return error_set(r->err, ERROR_UNSUPPORTED, NULL,
                     "%s is not read here: only STRIPS with typing, negative preconditions and "
                     "equality",
                     what);
}

static bool no_memory(const struct reader *r)
{
    return error_set(r->err, ERROR_TOO_LARGE, NULL, "the text is too large");
}

/* ---- typed lists: a b - t c d - u e ------------------------------------------------------------------- */

typedef bool typed_name(struct reader *r, struct span name, int type, void *to);

static int type_of(struct reader *r, const struct sexpr *e)
{
    if (sexpr_is_list(e)) {
        unsupported(r, "a type made of several (either)");
        return -1;
    }
    int type = names_find(&r->domain->types, e->atom);
    if (type < 0) unparsable(r, "an unknown type", e);
    return type;
}

/* The type that follows the run of names starting at e: 0 (object) without one. */
static int run_type(struct reader *r, const struct sexpr *e)
{
    while (e != NULL && !(sexpr_is_atom(e) && span_is(e->atom, "-"))) {
        e = e->next;
    }
    if (e == NULL) return 0;
    if (e->next == NULL) {
        unparsable(r, "a type is missing", e);
        return -1;
    }
    return type_of(r, e->next);
}

/* Call add for every name from e on with its type. */
static bool read_typed(struct reader *r, const struct sexpr *e, typed_name *add, void *to)
{
    while (e != NULL) {
        int type = run_type(r, e);
        if (type < 0) return false;
        for (; e != NULL && !(sexpr_is_atom(e) && span_is(e->atom, "-")); e = e->next) {
            if (!sexpr_is_atom(e)) return unparsable(r, "a name is expected", e);
            if (!add(r, e->atom, type, to)) return false;
        }
        if (e != NULL) e = e->next->next; /* past "- type" */
    }
    return true;
}

/* Types refer to types that may come later: first all names, then the parents. */
static bool read_types(struct reader *r, const struct sexpr *form)
{
    struct pddl_domain *d = r->domain;
    int n = sexpr_count(form) + 1;
    for (const struct sexpr *e = form->first->next; e != NULL; e = e->next) {
        if (!sexpr_is_atom(e)) return unsupported(r, "a type made of several (either)");
        if (!span_is(e->atom, "-") && names_add(&d->types, e->atom, r->arena) < 0) {
            return no_memory(r);
        }
    }
    d->parents = arena_alloc(r->arena, (size_t)n + 1, sizeof(*d->parents));
    if (d->parents == NULL) return no_memory(r);
    for (const struct sexpr *e = form->first->next; e != NULL;) {
        int parent = run_type(r, e);
        if (parent < 0) return false;
        for (; e != NULL && !span_is(e->atom, "-"); e = e->next) {
            int type = names_find(&d->types, e->atom);
            assert(type >= 0 && type <= n);
            if (type > 0 && parent != type) d->parents[type] = parent;
        }
        if (e != NULL) e = e->next->next;
    }
    return true;
}

bool pddl_is_subtype(const struct pddl_domain *d, int type, int of)
{
    for (int steps = 0; steps <= d->types.n; steps++) { /* a cycle ends too */
        if (type == of) return true;
        if (type == 0) return false;
        type = d->parents[type];
    }
    return false;
}

/* Named things with a type each: constants, objects. */
struct typed {
    struct names *names;
    int *types;
    int room; /* of types */
};

static bool add_object(struct reader *r, struct span name, int type, void *to)
{
    struct typed *t = to;
    int i = names_add(t->names, name, r->arena);
    if (i < 0) return no_memory(r);
    assert(i < t->room);
    t->types[i] = type;
    return true;
}

/* ---- literals ---------------------------------------------------------------------------------------------- */

/* Where a name in a literal is looked up. */
struct scope {
    const struct names *params;  /* of the action; NULL in a problem */
    const struct names *objects; /* constants, or the problem's objects */
};

static bool read_arg(struct reader *r, const struct scope *s, const struct sexpr *e, int *out)
{
    if (!sexpr_is_atom(e)) return unparsable(r, "a name is expected", e);
    bool variable = e->atom.n > 0 && e->atom.p[0] == '?';
    int i = variable ? (s->params == NULL ? -1 : names_find(s->params, e->atom))
                     : names_find(s->objects, e->atom);
    if (i < 0) return unparsable(r, variable ? "an unknown variable" : "an unknown object", e);
    *out = s->params != NULL && !variable ? ~i : i;
    return true;
}

/* (p a b) */
static bool read_atom(struct reader *r, const struct scope *s, const struct sexpr *e,
                      struct pddl_literal *out)
{
    static const char *const refused[] = {"or",       "forall",   "exists", "imply", "when",
                                          "increase", "decrease", "assign", ">",     "<",
                                          ">=",       "<=",       NULL};
    if (!sexpr_is_list(e) || !sexpr_is_atom(e->first)) {
        return unparsable(r, "a fact is expected", e);
    }
    for (int i = 0; refused[i] != NULL; i++) {
        if (span_is(e->first->atom, refused[i])) return unsupported(r, refused[i]);
    }
    bool equality = span_is(e->first->atom, "=");
    out->predicate = equality ? PDDL_EQUALITY : names_find(&r->domain->predicates, e->first->atom);
    if (!equality && out->predicate < 0) return unparsable(r, "an unknown predicate", e);
    int arity = equality ? 2 : r->domain->arities[out->predicate];
    assert(arity <= PDDL_MAX_ARGS && out->n == 0);
    if (sexpr_count(e) - 1 != arity) return unparsable(r, "wrong number of arguments", e);
    for (const struct sexpr *arg = e->first->next; arg != NULL; arg = arg->next) {
        if (!read_arg(r, s, arg, &out->args[out->n++])) return false;
    }
    return true;
}

/* Leaves of nested conjunctions, for the room they need. */
static int count_leaves(const struct sexpr *e)
{
    if (!sexpr_is_form(e, "and")) return 1;
    int n = 0;
    for (const struct sexpr *part = e->first->next; part != NULL; part = part->next) {
        n += count_leaves(part);
    }
    return n;
}

static bool add_literals(struct reader *r, const struct scope *s, const struct sexpr *e,
                         struct pddl_literals *out)
{
    if (sexpr_is_form(e, "and")) {
        for (const struct sexpr *part = e->first->next; part != NULL; part = part->next) {
            if (!add_literals(r, s, part, out)) return false;
        }
        return true;
    }
    struct pddl_literal *l = &out->list[out->n++];
    bool negated = sexpr_is_form(e, "not");
    if (negated && sexpr_count(e) != 2) return unparsable(r, "(not ...) takes one fact", e);
    l->negated = negated;
    return read_atom(r, s, negated ? e->first->next : e, l);
}

/* A conjunction; an empty list is an empty one. */
static bool read_literals(struct reader *r, const struct scope *s, const struct sexpr *e,
                          struct pddl_literals *out)
{
    if (sexpr_is_list(e) && e->first == NULL) return true;
    int n = count_leaves(e);
    if (n > PDDL_MAX_LITERALS) return unparsable(r, "too many facts", e);
    out->list = arena_alloc(r->arena, (size_t)n + 1, sizeof(*out->list));
    return out->list == NULL ? no_memory(r) : add_literals(r, s, e, out);
}

/* ---- the domain ------------------------------------------------------------------------------------------------ */

static bool check_requirements(struct reader *r, const struct sexpr *form)
{
    static const char *const known[] = {":strips", ":typing", ":negative-preconditions",
                                        ":equality", NULL};
    for (const struct sexpr *e = form->first->next; e != NULL; e = e->next) {
        bool ok = false;
        for (int i = 0; known[i] != NULL && sexpr_is_atom(e); i++) {
            ok |= span_is(e->atom, known[i]);
        }
        if (!ok) return unsupported(r, sexpr_text(e, r->arena));
    }
    return true;
}

static bool read_constants(struct reader *r, const struct sexpr *form)
{
    struct pddl_domain *d = r->domain;
    int room = sexpr_count(form);
    d->constant_types = arena_alloc(r->arena, (size_t)room, sizeof(int));
    struct typed to = {&d->constants, d->constant_types, room};
    if (d->constant_types == NULL) return no_memory(r);
    return read_typed(r, form->first->next, add_object, &to);
}

static bool count_param(struct reader *r, struct span name, int type, void *to)
{
    (void)r, (void)name, (void)type;
    ++*(int *)to;
    return true;
}

static bool read_predicates(struct reader *r, const struct sexpr *form)
{
    struct pddl_domain *d = r->domain;
    d->arities = arena_alloc(r->arena, (size_t)sexpr_count(form), sizeof(int));
    if (d->arities == NULL) return no_memory(r);
    for (const struct sexpr *e = form->first->next; e != NULL; e = e->next) {
        int arity = 0;
        if (!sexpr_is_list(e) || !sexpr_is_atom(e->first)) {
            return unparsable(r, "a predicate is expected", e);
        }
        if (!read_typed(r, e->first->next, count_param, &arity)) return false;
        if (arity > PDDL_MAX_ARGS) return unparsable(r, "too many arguments", e);
        int i = names_add(&d->predicates, e->first->atom, r->arena);
        if (i < 0) return no_memory(r);
        assert(i < sexpr_count(form)); /* one section has them all: check_define() */
        d->arities[i] = arity;
    }
    return true;
}

/* Parameters of one action. */
struct params {
    struct names names;
    struct pddl_action *action;
};

static bool add_param(struct reader *r, struct span name, int type, void *to)
{
    struct params *p = to;
    if (p->action->n_params == PDDL_MAX_ARGS || name.n < 2 || name.p[0] != '?') {
        return error_set(r->err, ERROR_UNPARSABLE, NULL,
                         "an action has at most %d parameters, each like ?x", PDDL_MAX_ARGS);
    }
    int i = names_add(&p->names, name, r->arena);
    if (i < 0) return no_memory(r);
    if (i != p->action->n_params) {
        return error_set(r->err, ERROR_UNPARSABLE, NULL, "a parameter is named twice");
    }
    p->action->types[p->action->n_params++] = type;
    return true;
}

/* The value after :key in an action; NULL: none. */
static const struct sexpr *part_of(const struct sexpr *form, const char *key)
{
    for (const struct sexpr *e = form->first->next; e != NULL; e = e->next) {
        if (sexpr_is_atom(e) && span_is(e->atom, key)) return e->next;
    }
    return NULL;
}

static bool check_action_keys(struct reader *r, const struct sexpr *form)
{
    static const char *const keys[] = {":parameters", ":precondition", ":effect", NULL};
    for (const struct sexpr *e = form->first->next->next; e != NULL; e = e->next->next) {
        bool ok = false;
        for (int i = 0; keys[i] != NULL && sexpr_is_atom(e); i++) {
            ok |= span_is(e->atom, keys[i]);
        }
        if (!ok || !sexpr_is_list(e->next)) return unparsable(r, "an action's part is wrong", e);
    }
    return true;
}

static bool read_action(struct reader *r, const struct sexpr *form)
{
    struct pddl_domain *d = r->domain;
    if (!sexpr_is_atom(form->first->next)) return unparsable(r, "an action has no name", form);
    if (!check_action_keys(r, form)) return false;
    int before = d->action_names.n;
    int i = names_add(&d->action_names, form->first->next->atom, r->arena);
    if (i < 0) return no_memory(r);
    if (i < before) return unparsable(r, "an action is defined twice", form->first->next);
    struct params params = {.action = &d->actions[i]};
    const struct sexpr *list = part_of(form, ":parameters");
    const struct sexpr *needs = part_of(form, ":precondition"), *does = part_of(form, ":effect");
    if (list != NULL && !read_typed(r, list->first, add_param, &params)) return false;
    struct scope scope = {.params = &params.names, .objects = &d->constants};
    if (needs != NULL && !read_literals(r, &scope, needs, &d->actions[i].precondition)) {
        return false;
    }
    if (does != NULL && !read_literals(r, &scope, does, &d->actions[i].effect)) return false;
    for (int k = 0; k < d->actions[i].effect.n; k++) {
        if (d->actions[i].effect.list[k].predicate == PDDL_EQUALITY) {
            return unparsable(r, "an effect cannot be an equality", form->first->next);
        }
    }
    return true;
}

/* Sections in the order they are needed, whatever the order they come in. */
static bool each_form(struct reader *r, const struct sexpr *define, const char *name,
                      bool (*read)(struct reader *r, const struct sexpr *form))
{
    for (const struct sexpr *e = define->first->next; e != NULL; e = e->next) {
        if (sexpr_is_form(e, name) && !read(r, e)) return false;
    }
    return true;
}

/* Another section of this one's name comes after it. Only actions are many. */
static bool stands_again(const struct sexpr *section)
{
    struct span name = section->first->atom;
    for (const struct sexpr *s = section->next; s != NULL && !span_is(name, ":action"); s = s->next) {
        if (sexpr_is_list(s) && sexpr_is_atom(s->first) && span_eq(s->first->atom, name)) return true;
    }
    return false;
}

/* (define (kind NAME) sections...), sections of known names only, each once but for actions. */
static bool check_define(struct reader *r, const struct sexpr *e, const char *kind,
                         const char *const *sections)
{
    if (!sexpr_is_form(e, "define") || !sexpr_is_form(e->first->next, kind) ||
        sexpr_count(e->first->next) != 2 || !sexpr_is_atom(e->first->next->first->next)) {
        return error_set(r->err, ERROR_UNPARSABLE, NULL, "(define (%s NAME) ...) is expected",
                         kind);
    }
    for (const struct sexpr *s = e->first->next->next; s != NULL; s = s->next) {
        bool ok = false;
        for (int i = 0; sections[i] != NULL; i++) {
            ok |= sexpr_is_form(s, sections[i]);
        }
        if (!ok) {
            return unsupported(r, sexpr_text(sexpr_is_list(s) ? s->first : s, r->arena));
        }
        if (stands_again(s)) return unparsable(r, "a section stands twice", s);
    }
    return true;
}

const struct pddl_domain *pddl_parse_domain(struct span text, struct arena *a, struct error *err)
{
    static const char *const sections[] = {":requirements", ":types",  ":constants",
                                           ":predicates",   ":action", NULL};
    struct pddl_domain *d = arena_alloc(a, 1, sizeof(*d));
    struct reader r = {.arena = a, .err = err, .domain = d};
    if (d == NULL) {
        no_memory(&r);
        return NULL;
    }
    const struct sexpr *e = sexpr_parse(text, a, err);
    if (e == NULL || !check_define(&r, e, "domain", sections)) return NULL;
    d->name = e->first->next->first->next->atom;
    d->actions = arena_alloc(a, (size_t)sexpr_count(e), sizeof(*d->actions));
    d->parents = arena_alloc(a, 1, sizeof(*d->parents));
    if (d->actions == NULL || d->parents == NULL ||
        names_add(&d->types, span_str("object"), a) < 0) {
        no_memory(&r);
        return NULL;
    }
    bool ok = each_form(&r, e, ":requirements", check_requirements) &&
              each_form(&r, e, ":types", read_types) &&
              each_form(&r, e, ":constants", read_constants) &&
              each_form(&r, e, ":predicates", read_predicates) &&
              each_form(&r, e, ":action", read_action);
    return ok ? d : NULL;
}

/* ---- the problem --------------------------------------------------------------------------------------------------- */

/* The form of that name among the sections; NULL: none. */
static const struct sexpr *section(const struct sexpr *define, const char *name)
{
    for (const struct sexpr *e = define->first->next; e != NULL; e = e->next) {
        if (sexpr_is_form(e, name)) return e;
    }
    return NULL;
}

static bool read_objects(struct reader *r, const struct sexpr *form, struct pddl_problem *p)
{
    const struct pddl_domain *d = r->domain;
    size_t room = (size_t)d->constants.n + (form == NULL ? 0 : (size_t)sexpr_count(form));
    p->object_types = arena_alloc(r->arena, room + 1, sizeof(int));
    struct typed to = {&p->objects, p->object_types, (int)room + 1};
    if (p->object_types == NULL) return no_memory(r);
    for (int i = 0; i < d->constants.n; i++) {
        if (!add_object(r, d->constants.list[i], d->constant_types[i], &to)) return false;
    }
    return form == NULL || read_typed(r, form->first->next, add_object, &to);
}

static bool read_init(struct reader *r, const struct sexpr *form, struct pddl_problem *p)
{
    struct scope scope = {.objects = &p->objects};
    int n = sexpr_count(form);
    if (n > PDDL_MAX_FACTS) return unparsable(r, "too many facts", form);
    p->init.list = arena_alloc(r->arena, (size_t)n, sizeof(*p->init.list));
    if (p->init.list == NULL) return no_memory(r);
    for (const struct sexpr *e = form->first->next; e != NULL; e = e->next) {
        if (sexpr_is_form(e, "not")) continue; /* what is not said is false */
        if (!read_atom(r, &scope, e, &p->init.list[p->init.n++])) return false;
        if (p->init.list[p->init.n - 1].predicate == PDDL_EQUALITY) {
            return unsupported(r, "a numeric fact (=)");
        }
    }
    return true;
}

static bool read_goal(struct reader *r, const struct sexpr *form, struct pddl_problem *p)
{
    struct scope scope = {.objects = &p->objects};
    if (sexpr_count(form) != 2) return unparsable(r, "(:goal ...) takes one condition", form);
    return read_literals(r, &scope, form->first->next, &p->goal);
}

const struct pddl_problem *pddl_parse_problem(struct span text, const struct pddl_domain *domain,
                                              struct arena *a, struct error *err)
{
    static const char *const sections[] = {":domain", ":requirements", ":objects", ":init",
                                           ":goal",   ":metric",       NULL};
    struct pddl_problem *p = arena_alloc(a, 1, sizeof(*p));
    struct pddl_domain copy = *domain; /* the reader only looks */
    struct reader r = {.arena = a, .err = err, .domain = &copy};
    if (p == NULL) {
        no_memory(&r);
        return NULL;
    }
    p->domain = domain;
    const struct sexpr *e = sexpr_parse(text, a, err);
    if (e == NULL || !check_define(&r, e, "problem", sections)) return NULL;
    const struct sexpr *init = section(e, ":init"), *goal = section(e, ":goal");
    if (init == NULL || goal == NULL) {
        error_set(err, ERROR_UNPARSABLE, NULL, "a problem needs (:init ...) and (:goal ...)");
        return NULL;
    }
    bool ok = each_form(&r, e, ":requirements", check_requirements) &&
              read_objects(&r, section(e, ":objects"), p) && read_init(&r, init, p) &&
              read_goal(&r, goal, p);
    return ok ? p : NULL;
}

struct span pddl_domain_of(struct span problem, struct arena *a)
{
    struct error ignored;
    const struct sexpr *e = sexpr_parse(problem, a, &ignored);
    const struct sexpr *form = sexpr_is_form(e, "define") ? section(e, ":domain") : NULL;
    if (form == NULL || !sexpr_is_atom(form->first->next)) return span_of(NULL, 0);
    return form->first->next->atom;
}
