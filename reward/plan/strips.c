/* reward/plan/strips.c - see strips.h.
 *
 * Every ground fact that is ever named gets a number, by an open-addressing table; the state is
 * one byte a number. So adding, deleting and asking are all one look-up.
 *
 *   (1) At most half of the slots are taken, so a search ends at a free one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/strips.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"

enum { MAX_KNOWN = 1 << 20 };

struct fact {
    int predicate;
    int args[PDDL_MAX_ARGS]; /* unused ones -1 */
};

struct state {
    const struct pddl_problem *problem;
    struct arena *arena;
    struct fact *facts; /* by number */
    bool *holds;
    int n, room;
    int *slots; /* number + 1; a power of two, at least twice room */
    size_t n_slots;
};

/* ---- facts -------------------------------------------------------------------------------------------- */

static uint64_t hash_fact(const struct fact *f)
{
    uint64_t h = hash_mix((uint64_t)f->predicate + 1);
    for (int i = 0; i < PDDL_MAX_ARGS; i++) {
        h = hash_add(h, (uint64_t)f->args[i]);
    }
    return h;
}

static size_t slot_of(const struct state *s, const struct fact *f)
{
    assert(s->n_slots >= 2 * (size_t)s->room && s->n <= s->room); /* (1) */
    size_t slot = (size_t)hash_fact(f) & (s->n_slots - 1);
    while (s->slots[slot] != 0 && memcmp(&s->facts[s->slots[slot] - 1], f, sizeof(*f)) != 0) {
        slot = (slot + 1) & (s->n_slots - 1);
    }
    return slot;
}

static bool grow(struct state *s)
{
    struct state old = *s;
    s->room = old.room == 0 ? 256 : 2 * old.room;
    if (s->room > MAX_KNOWN) return false;
    s->n_slots = (size_t)s->room * 2;
    s->facts = arena_alloc(s->arena, (size_t)s->room, sizeof(*s->facts));
    s->holds = arena_alloc(s->arena, (size_t)s->room, sizeof(*s->holds));
    s->slots = arena_alloc(s->arena, s->n_slots, sizeof(*s->slots));
    if (s->facts == NULL || s->holds == NULL || s->slots == NULL) return false;
    for (int i = 0; i < old.n; i++) {
        s->facts[i] = old.facts[i];
        s->holds[i] = old.holds[i];
        s->slots[slot_of(s, &s->facts[i])] = i + 1;
    }
    return true;
}

/* A literal with its arguments in place. */
static struct fact ground(const struct pddl_literal *l, const int *objects)
{
    struct fact f = {.predicate = l->predicate};
    for (int i = 0; i < PDDL_MAX_ARGS; i++) {
        int arg = i < l->n ? l->args[i] : -1;
        if (objects != NULL && i < l->n) arg = arg >= 0 ? objects[arg] : ~arg;
        f.args[i] = arg;
    }
    return f;
}

static bool is_true(const struct state *s, const struct fact *f)
{
    if (f->predicate == PDDL_EQUALITY) return f->args[0] == f->args[1];
    if (s->n == 0) return false;
    int slot = s->slots[slot_of(s, f)];
    return slot != 0 && s->holds[slot - 1];
}

/* False: memory is out. */
static bool set(struct state *s, const struct fact *f, bool value)
{
    if (s->n == s->room && !grow(s)) return false;
    size_t slot = slot_of(s, f);
    assert(f->predicate >= 0); /* an equality is no fact */
    if (s->slots[slot] == 0) {
        s->facts[s->n] = *f;
        s->slots[slot] = ++s->n;
    }
    s->holds[s->slots[slot] - 1] = value;
    return true;
}

/* ---- what is not met ------------------------------------------------------------------------------------ */

static struct span put(char *p, size_t n, struct span s)
{
    memcpy(p + n, s.p, s.n);
    return span_of(p, n + s.n);
}

/* "(on a b)" or "(not (on a b))" in the arena. */
static struct span fact_text(const struct state *s, const struct fact *f, bool negated)
{
    const struct pddl_problem *p = s->problem;
    struct span name =
        f->predicate == PDDL_EQUALITY ? span_str("=") : p->domain->predicates.list[f->predicate];
    size_t room = name.n + 10; /* "(not (" and "))" and two more */
    for (int i = 0; i < PDDL_MAX_ARGS && f->args[i] >= 0; i++) {
        room += p->objects.list[f->args[i]].n + 1;
    }
    char *text = arena_alloc(s->arena, room, 1);
    if (text == NULL) return span_of(NULL, 0);
    struct span out = put(text, 0, span_str(negated ? "(not (" : "("));
    out = put(text, out.n, name);
    for (int i = 0; i < PDDL_MAX_ARGS && f->args[i] >= 0; i++) {
        out = put(text, out.n, span_str(" "));
        out = put(text, out.n, p->objects.list[f->args[i]]);
    }
    out = put(text, out.n, span_str(negated ? "))" : ")"));
    assert(out.n <= room);
    return out;
}

static int compare_texts(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int order = memcmp(x->p, y->p, n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static void sort_texts(struct plan_outcome *out)
{
    int kept = 0;
    qsort(out->unmet, (size_t)out->n_unmet, sizeof(*out->unmet), compare_texts);
    for (int i = 0; i < out->n_unmet; i++) {
        if (kept == 0 || !span_eq(out->unmet[kept - 1], out->unmet[i])) {
            out->unmet[kept++] = out->unmet[i];
        }
    }
    out->n_unmet = kept;
}

/* Which of these literals do not hold? False: memory is out. */
static bool find_unmet(struct state *s, const struct pddl_literals *all, const int *objects,
                       struct plan_outcome *out)
{
    for (int i = 0; i < all->n; i++) {
        struct fact f = ground(&all->list[i], objects);
        if (is_true(s, &f) != all->list[i].negated) continue;
        if (out->unmet == NULL) {
            out->unmet = arena_alloc(s->arena, (size_t)all->n, sizeof(*out->unmet));
        }
        struct span text = fact_text(s, &f, all->list[i].negated);
        if (out->unmet == NULL || text.p == NULL) return false;
        assert(out->n_unmet < all->n);
        out->unmet[out->n_unmet++] = text;
    }
    if (out->n_unmet > 0) sort_texts(out);
    return true;
}

/* ---- steps --------------------------------------------------------------------------------------------------- */

/* The step's action and objects, checked in the order of the reasons. */
static enum plan_reason bind(const struct state *s, const struct step *step,
                             const struct pddl_action **action, int objects[PDDL_MAX_ARGS])
{
    const struct pddl_problem *p = s->problem;
    int i = names_find(&p->domain->action_names, step->names[0]);
    if (i < 0) return PLAN_UNKNOWN_ACTION;
    *action = &p->domain->actions[i];
    if (step->n - 1 != (*action)->n_params) return PLAN_BAD_ARITY;
    for (int k = 0; k < (*action)->n_params; k++) {
        objects[k] = names_find(&p->objects, step->names[k + 1]);
        if (objects[k] < 0) return PLAN_UNKNOWN_OBJECT;
    }
    for (int k = 0; k < (*action)->n_params; k++) {
        if (!pddl_is_subtype(p->domain, p->object_types[objects[k]], (*action)->types[k])) {
            return PLAN_BAD_TYPE;
        }
    }
    return PLAN_VALID;
}

/* Deletes, then adds: what both name stays true. */
static bool apply(struct state *s, const struct pddl_literals *effect, const int *objects)
{
    for (int pass = 0; pass < 2; pass++) {
        bool deleting = pass == 0;
        for (int i = 0; i < effect->n; i++) {
            if (effect->list[i].negated != deleting) continue;
            struct fact f = ground(&effect->list[i], objects);
            if (!set(s, &f, !deleting)) return false;
        }
    }
    return true;
}

static enum plan_reason take_step(struct state *s, const struct step *step,
                                  struct plan_outcome *out)
{
    const struct pddl_action *action;
    int objects[PDDL_MAX_ARGS];
    enum plan_reason reason = bind(s, step, &action, objects);
    if (reason != PLAN_VALID) return reason;
    if (!find_unmet(s, &action->precondition, objects, out)) return PLAN_TOO_LARGE;
    if (out->n_unmet > 0) return PLAN_PRECONDITION;
    return apply(s, &action->effect, objects) ? PLAN_VALID : PLAN_TOO_LARGE;
}

static bool begin(struct state *s)
{
    const struct pddl_literals *init = &s->problem->init;
    for (int i = 0; i < init->n; i++) {
        struct fact f = ground(&init->list[i], NULL);
        if (!set(s, &f, true)) return false;
    }
    return true;
}

struct plan_outcome strips_run(const struct pddl_problem *p, const struct steps *steps,
                               struct arena *a)
{
    struct plan_outcome out = {.reason = PLAN_TOO_LARGE};
    struct state s = {.problem = p, .arena = a};
    if (!begin(&s)) return out;
    for (int i = 0; i < steps->n; i++) {
        out.reason = take_step(&s, &steps->list[i], &out);
        if (out.reason == PLAN_VALID) continue;
        out.step = i + 1;
        return out;
    }
    bool ok = find_unmet(&s, &p->goal, NULL, &out);
    out.reason = !ok ? PLAN_TOO_LARGE : out.n_unmet > 0 ? PLAN_GOAL : PLAN_VALID;
    return out;
}
