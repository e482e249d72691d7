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
    bool required; /* names of this kind, or of properties */
    struct ids schemas, names;
    const cJSON **met; /* owned: the schemas met */
    const char **list; /* owned: names in order */
    int n_met, met_room, n, room;
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

/* Is the schema met for the first time? */
static bool meet(struct order *o, const cJSON *schema)
{
    uint64_t hash = ids_mix(1, (uint64_t)(uintptr_t)schema);
    for (int at = -1, id; (id = ids_next(&o->schemas, hash, &at)) >= 0;) {
        if (o->met[id] == schema) return false;
    }
    o->failed = o->failed || o->n_met == MAX_SCHEMAS ||
                !mem_reserve(&o->met, o->n_met + 1, &o->met_room, sizeof(*o->met)) ||
                !ids_put(&o->schemas, hash, o->n_met);
    if (!o->failed) o->met[o->n_met++] = schema;
    return !o->failed;
}

static void walk(struct order *o, const cJSON *schema, int depth);

static void add_own(struct order *o, const cJSON *schema)
{
    const cJSON *one;
    cJSON_ArrayForEach(
        one, cJSON_GetObjectItemCaseSensitive(schema, o->required ? "required" : "properties"))
    {
        const char *name = o->required ? cJSON_GetStringValue(one) : one->string;
        bool forbidden = !o->required && cJSON_IsFalse(one);
        if (name != NULL && !forbidden) add_name(o, name);
    }
}

/* A keyword whose value is a schema, or holds schemas. */
static void walk_keyword(struct order *o, const cJSON *schema, const char *name, bool is_schema,
                         int depth)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(schema, name), *one;
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
    if (depth == 0 || !cJSON_IsObject(schema) || !meet(o, schema)) return;
    add_own(o, schema);
    const char *ref = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(schema, "$ref"));
    if (ref != NULL) walk(o, schema_resolve(o->c, ref), depth - 1);
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        walk_keyword(o, schema, keywords[i].name, keywords[i].is_schema, depth - 1);
    }
}

bool schema_ranks(struct schema_compiler *c, const struct set *s, const char *const *names, int n,
                  int *ranks)
{
    struct order o = {.c = c};
    for (int pass = 0; pass < 2 && s->n > 1; pass++) {
        o.required = pass == 1;
        o.n_met = 0;
        ids_clear(&o.schemas);
        for (int i = 0; i < s->n; i++) {
            walk(&o, s->atoms[i].schema, MAX_DEPTH);
        }
    }
    bool differs = false;
    for (int i = 0; i < n && !o.failed; i++) {
        ranks[i] = rank_of(&o, names[i]);
        differs = differs || (i > 0 && ranks[i] < ranks[i - 1]);
    }
    free(o.met);
    free(o.list);
    ids_clear(&o.schemas);
    ids_clear(&o.names);
    return differs && !o.failed;
}
