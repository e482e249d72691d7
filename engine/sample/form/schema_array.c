/* engine/sample/form/schema_array.c - arrays of a set of schemas.
 *
 * Items at the first places have sets of their own (prefixItems; items as a list in older drafts),
 * those behind share one. What reaches a place is gathered from every schema of the set.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "engine/sample/form/schema_impl.h"

enum { MAX_PLACES = 1000, MAX_COUNTED_ITEMS = 20000 };

/* A schema's list of items by place, and its schema for those behind; NULL: none. */
static void items_of(const cJSON *schema, const cJSON **list, const cJSON **others)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(schema, "items");
    const cJSON *prefix = cJSON_GetObjectItemCaseSensitive(schema, "prefixItems");
    *list = cJSON_IsArray(prefix) ? prefix : cJSON_IsArray(items) ? items : NULL;
    *others =
        cJSON_IsArray(items) ? cJSON_GetObjectItemCaseSensitive(schema, "additionalItems") : items;
}

/* What the item at a place must satisfy. */
static bool item_set(struct schema_compiler *c, const struct set *s, int place, struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const cJSON *places, *others, *one;
        items_of(s->atoms[i].schema, &places, &others);
        one = places != NULL && place < cJSON_GetArraySize(places)
                  ? cJSON_GetArrayItem(places, place)
                  : others;
        if (one != NULL && !schema_add_atom(c, list, &n, one, 0)) return false;
    }
    return schema_set_of(c, list, n, out);
}

static int listed_places(const struct set *s)
{
    int most = 0;
    for (int i = 0; i < s->n; i++) {
        const cJSON *places, *others;
        items_of(s->atoms[i].schema, &places, &others);
        int n = places == NULL ? 0 : cJSON_GetArraySize(places);
        if (n > most) most = n;
    }
    return most;
}

static bool is_unique(const struct set *s, int *atom)
{
    for (*atom = 0; *atom < s->n; ++*atom) {
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s->atoms[*atom].schema, "uniqueItems")))
            return true;
    }
    return false;
}

struct array {
    int min, max; /* RX_UNBOUNDED */
    int places;   /* that have sets of their own */
    int *symbols; /* of these; the one of all others behind them */
    bool rest;    /* may others stand behind them? */
};

/* The symbols of the places. An item that nothing can satisfy ends the array before it. */
static bool make_places(struct schema_compiler *c, const struct set *s, struct array *a)
{
    struct set one;
    a->symbols = arena_alloc(c->arena, (size_t)a->places + 1, sizeof(*a->symbols));
    if (a->symbols == NULL)
        return error_set(c->err, ERROR_TOO_LARGE, "", "the schema is too complex");
    for (int i = 0; i <= a->places; i++) {
        if (!item_set(c, s, i, &one)) return false;
        if (one.never) {
            a->places = i;
            a->rest = false;
            return true;
        }
        a->symbols[i] = schema_set_rule(c, &one);
    }
    a->rest = true;
    return true;
}

/* "[", n items of the first places. */
static int opened(struct schema_compiler *c, const struct array *a, int n)
{
    int so_far = c->open_array;
    for (int i = 0; i < n; i++) {
        int more = grammar_rule(c->g);
        if (i == 0) {
            grammar_add(c->g, more, (int[]){so_far, a->symbols[i]}, 2);
        } else {
            grammar_add(c->g, more, (int[]){so_far, c->comma, a->symbols[i]}, 3);
        }
        so_far = more;
    }
    return so_far;
}

static void add_arrays(struct schema_compiler *c, const struct array *a, int rule)
{
    for (int n = a->min; n <= a->places && (a->max == RX_UNBOUNDED || n <= a->max); n++) {
        grammar_add(c->g, rule, (int[]){opened(c, a, n), c->close_array}, 2);
    }
    if (!a->rest || (a->max != RX_UNBOUNDED && a->max <= a->places)) return;
    int least = a->min - a->places < 1 ? 1 : a->min - a->places;
    int most = a->max == RX_UNBOUNDED ? RX_UNBOUNDED : a->max - a->places;
    int behind = grammar_repeat(c->g, a->symbols[a->places], c->comma, least, most),
        front = opened(c, a, a->places);
    if (a->places == 0) {
        grammar_add(c->g, rule, (int[]){front, behind, c->close_array}, 3);
    } else {
        grammar_add(c->g, rule, (int[]){front, c->comma, behind, c->close_array}, 4);
    }
}

bool schema_array(struct schema_compiler *c, const struct set *s, int rule)
{
    struct array a = {.max = RX_UNBOUNDED};
    bool has_min, has_max;
    int atom;
    if (!schema_without(c, s, "contains")) return false;
    if (!schema_count(c, s, "minItems", true, &a.min, &has_min)) return false;
    if (!schema_count(c, s, "maxItems", false, &a.max, &has_max)) return false;
    if (has_max && a.max < a.min) return true;
    if (is_unique(s, &atom) && (!has_max || a.max > 1)) {
        return schema_refuse(c, s->atoms[atom].schema, "uniqueItems", ERROR_UNSUPPORTED,
                             "this keyword is not supported");
    }
    a.places = listed_places(s);
    if (a.places > MAX_PLACES || a.min > MAX_COUNTED_ITEMS || a.max > MAX_COUNTED_ITEMS) {
        return schema_refuse(c, s->atoms[0].schema, has_max ? "maxItems" : "minItems",
                             ERROR_TOO_LARGE, "so many items cannot be counted");
    }
    if (!make_places(c, s, &a)) return false;
    add_arrays(c, &a, rule);
    return true;
}
