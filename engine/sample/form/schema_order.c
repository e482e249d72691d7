/* engine/sample/form/schema_order.c - the order in which a whole schema names members.
 *
 * A document that follows one branch (of anyOf, say) has its members in the order in which that
 * branch names them, or in the order of the whole schema: that in which its text names them first,
 * whatever branch is followed. Who writes a document by a schema with branches may do either.
 *
 * The text is walked so: a schema's own properties, then those of $ref, allOf, anyOf, oneOf, then,
 * else, if and dependencies; names that are only required come behind all properties, and those
 * that a schema forbids don't count. Schemas of a set come in the set's order. A schema counts where
 * it is met first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/schema_impl.h"

enum { MAX_DEPTH = 40, MAX_SCHEMAS = 2000 };

struct order {
    struct schema_compiler *c;
    struct ids names;
    const char **list, **required; /* owned: names in order; names that are required */
    int n_met, n, room, n_required, required_room;
    bool failed;
};

static uint64_t hash_name(const char *name)
{
    uint64_t h = 1;
    for (; *name != '\0'; name++) {
        h = ids_mix(h, (uint8_t)*name);
    }
    return h;
}

static int rank_of(const struct order *o, const char *name)
{
    for (int at = -1, id; (id = ids_next(&o->names, hash_name(name), &at)) >= 0;) {
        if (strcmp(o->list[id], name) == 0) return id;
    }
    return INT_MAX;
}

static void add_name(struct order *o, const char *name)
{
    if (o->failed || rank_of(o, name) != INT_MAX) return;
    o->failed = !mem_reserve(&o->list, o->n + 1, &o->room, sizeof(*o->list)) ||
                !ids_put(&o->names, hash_name(name), o->n);
    if (!o->failed) o->list[o->n++] = name;
}

static void add_required(struct order *o, const char *name)
{
    o->failed =
        o->failed || !mem_reserve(&o->required, o->n_required + 1, &o->required_room, sizeof(name));
    if (!o->failed) o->required[o->n_required++] = name;
}

/* Is the schema met for the first time? */
static bool meet(struct order *o, const struct atom *a)
{
    o->failed = o->failed || a->number == 0;
    if (o->failed || o->c->numbered[a->number - 1].walk == o->c->walk) return false;
    o->c->numbered[a->number - 1].walk = o->c->walk;
    o->failed = o->n_met++ == MAX_SCHEMAS;
    return !o->failed;
}

static void walk(struct order *o, const cJSON *schema, int depth);

static void add_own(struct order *o, const struct atom *a)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, schema_get(a, "properties"))
    {
        if (one->string != NULL && !cJSON_IsFalse(one)) add_name(o, one->string);
    }
    cJSON_ArrayForEach(one, schema_get(a, "required"))
    {
        const char *name = cJSON_GetStringValue(one);
        if (name != NULL) add_required(o, name);
    }
}

/* A keyword whose value is a schema, or holds schemas. */
static void walk_keyword(struct order *o, const struct atom *a, const char *name, bool is_schema,
                         int depth)
{
    const cJSON *value = schema_get(a, name), *one;
    if (is_schema) {
        walk(o, value, depth);
        return;
    }
    cJSON_ArrayForEach(one, value)
    {
        walk(o, one, depth);
    }
}

static void walk(struct order *o, const cJSON *schema, int depth)
{
    static const struct {
        const char *name;
        bool is_schema;
    } keywords[] = {
        {"allOf", false}, {"anyOf", false}, {"oneOf", false},        {"then", true},
        {"else", true},   {"if", true},     {"dependencies", false}, {"dependentSchemas", false}};
    if (depth == 0 || !cJSON_IsObject(schema)) return;
    const struct atom a = schema_atom(o->c, schema, 0);
    if (!meet(o, &a)) return;
    add_own(o, &a);
    const cJSON *ref = schema_get(&a, "$ref");
    if (cJSON_IsString(ref)) walk(o, schema_resolve(o->c, ref), depth - 1);
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        walk_keyword(o, &a, keywords[i].name, keywords[i].is_schema, depth - 1);
    }
}

bool schema_ranks(struct schema_compiler *c, const struct set *s, const char *const *names, int n,
                  int *ranks)
{
    struct order o = {.c = c};
    if (s->n < 2 || n < 2) return false;
    c->walk++;
    for (int i = 0; i < s->n; i++) {
        walk(&o, s->atoms[i].schema, MAX_DEPTH);
    }
    for (int i = 0; i < o.n_required; i++) {
        add_name(&o, o.required[i]);
    }
    bool differs = false;
    for (int i = 0; i < n && !o.failed; i++) {
        ranks[i] = rank_of(&o, names[i]);
        differs = differs || (i > 0 && ranks[i] < ranks[i - 1]);
    }
    free(o.list);
    free(o.required);
    ids_clear(&o.names);
    return differs && !o.failed;
}
