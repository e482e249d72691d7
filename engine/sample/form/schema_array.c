/* engine/sample/form/schema_array.c - arrays of a set of schemas.
 *
 * Items at the first places have sets of their own (prefixItems; items as a list in older drafts),
 * those behind share one. What reaches a place is gathered from every schema of the set.
 *
 * An array with contains is read through states (i, k): i items so far, and k, how many of them
 * count for each contains, as far as these numbers matter. Where only the least number is asked
 * for, an item that satisfies contains need not count, so the opposite is not needed; maxContains
 * needs it.
 *
 * Different items (uniqueItems) can be kept where they are of few values: schema_unique.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/sample/form/schema_impl.h"

enum { MAX_PLACES = 1000, MAX_COUNTED_ITEMS = 20000 };

/* A schema's list of items by place, and its schema for those behind; NULL: none. */
static void items_of(const struct atom *a, const cJSON **list, const cJSON **others)
{
    const cJSON *items = schema_get(a, "items"), *prefix = schema_get(a, "prefixItems");
    *list = cJSON_IsArray(prefix) ? prefix : cJSON_IsArray(items) ? items : NULL;
    *others = cJSON_IsArray(items) ? schema_get(a, "additionalItems") : items;
}

/* What the item at a place must satisfy. */
static bool item_set(struct schema_compiler *c, const struct set *s, int place, struct set *out)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const cJSON *places, *others, *one;
        items_of(&s->atoms[i], &places, &others);
        one = places != NULL && place < cJSON_GetArraySize(places)
                  ? cJSON_GetArrayItem(places, place)
                  : others;
        if (one != NULL && !schema_add_atom(c, list, &n, one, 0)) return false;
    }
    return schema_set_of(c, list, n, out);
}

/* The schema of a set that asks for different items; -1: none. */
static int unique_atom(const struct set *s)
{
    for (int i = 0; i < s->n; i++) {
        if (cJSON_IsTrue(schema_get(&s->atoms[i], "uniqueItems"))) return i;
    }
    return -1;
}

static int listed_places(const struct set *s)
{
    int most = 0;
    for (int i = 0; i < s->n; i++) {
        const cJSON *places, *others;
        items_of(&s->atoms[i], &places, &others);
        int n = places == NULL ? 0 : cJSON_GetArraySize(places);
        if (n > most) most = n;
    }
    return most;
}

struct array {
    int min, max; /* RX_UNBOUNDED */
    int places;   /* that have sets of their own */
    int *symbols; /* of these; the one of all others behind them */
    bool rest;    /* may others stand behind them? */
};

static bool too_complex(struct schema_compiler *c)
{
    return error_set(c->err, ERROR_TOO_COMPLEX, "", "the schema is too complex");
}

/* The symbols of the places. An item that nothing can satisfy ends the array before it. */
static bool make_places(struct schema_compiler *c, const struct set *s, struct array *a)
{
    struct set one;
    a->symbols = arena_alloc(c->arena, (size_t)a->places + 1, sizeof(*a->symbols));
    if (a->symbols == NULL) return too_complex(c);
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

/* ---- contains -------------------------------------------------------------------------------- */

enum { MAX_CONTAINS = 3 };

/* What one contains asks for. */
struct contained {
    const cJSON *schema, *opposite; /* opposite: only where max bounds it */
    int min, max;                   /* RX_UNBOUNDED */
    int most;                       /* it is counted up to this */
    int unit;                       /* of its count in a state's k */
};

/* States (i, k): k holds the counts of all contains, a digit each. */
struct counting {
    struct contained contains[MAX_CONTAINS];
    int n;
    int items;   /* i goes up to this, which counts for all that is more */
    int n_k;     /* different k */
    int *states; /* [(items + 1) * n_k] */
};

static bool read_contains(struct schema_compiler *c, const struct set *s, int i,
                          struct contained *out)
{
    struct set of = {.atoms = &s->atoms[i], .n = 1};
    bool has_min, has_max;
    *out = (struct contained){.min = 1, .max = RX_UNBOUNDED};
    out->schema = schema_get(&s->atoms[i], "contains");
    if (out->schema == NULL) return true;
    if (!schema_count(c, &of, "minContains", true, &out->min, &has_min)) return false;
    if (!schema_count(c, &of, "maxContains", false, &out->max, &has_max)) return false;
    out->most = has_max ? out->max : out->min;
    if (has_max) out->opposite = schema_not(c, out->schema);
    return !has_max || out->opposite != NULL;
}

/* Those of a set that ask for something. */
static bool find_contains(struct schema_compiler *c, const struct set *s, struct counting *n)
{
    n->n_k = 1;
    for (int i = 0; i < s->n; i++) {
        struct contained x;
        if (!read_contains(c, s, i, &x)) return false;
        if (x.schema == NULL || (x.min == 0 && x.max == RX_UNBOUNDED)) continue;
        if (n->n == MAX_CONTAINS || x.most >= MAX_COUNTED_ITEMS / n->n_k) {
            return schema_refuse(c, s->atoms[i].schema, "contains", ERROR_TOO_COMPLEX,
                                 "so many items cannot be counted");
        }
        x.unit = n->n_k;
        n->n_k *= x.most + 1;
        n->contains[n->n++] = x;
    }
    return true;
}

static int count_of(const struct contained *x, int k)
{
    return k / x->unit % (x->most + 1);
}

/* The item at a place that counts for just the contains of mask. GRAMMAR_NO_SYMBOL: there is
 * none. */
static bool item_counting(struct schema_compiler *c, const struct set *s, int place,
                          const struct counting *n, int mask, int *symbol)
{
    struct atom list[SCHEMA_MAX_ATOMS];
    struct set item;
    *symbol = GRAMMAR_NO_SYMBOL;
    if (!item_set(c, s, place, &item)) return false;
    int total = item.n;
    bool never = item.never;
    if (total > 0) memcpy(list, item.atoms, (size_t)total * sizeof(*list));
    for (int j = 0; j < n->n; j++) {
        const struct contained *x = &n->contains[j];
        const cJSON *more = mask >> j & 1 ? x->schema : x->opposite;
        if (more != NULL && !schema_add_atom(c, list, &total, more, 0)) return false;
    }
    if (!schema_set_of(c, list, total, &item)) return false;
    if (!never && !item.never) *symbol = schema_set_rule(c, &item);
    return true;
}

/* k after an item that counts for the contains of mask; -1: too many. */
static int k_after(const struct counting *n, int k, int mask)
{
    for (int j = 0; j < n->n; j++) {
        if (!(mask >> j & 1)) continue;
        if (count_of(&n->contains[j], k) == n->contains[j].most) return -1;
        k += n->contains[j].unit;
    }
    return k;
}

/* All steps from the states of i items, by an item of a mask. */
static void step_contains(struct schema_compiler *c, const struct counting *n, int i, int mask,
                          int item)
{
    const int *row = n->states + i * n->n_k, *next = i == n->items ? row : row + n->n_k;
    for (int k = 0; k < n->n_k; k++) {
        int to = k_after(n, k, mask);
        if (to < 0) continue;
        if (i == 0) {
            grammar_add(c->g, next[to], (int[]){row[k], item}, 2);
        } else {
            grammar_add(c->g, next[to], (int[]){row[k], c->comma, item}, 3);
        }
    }
}

static bool is_enough(const struct counting *n, int k)
{
    for (int j = 0; j < n->n; j++) {
        if (count_of(&n->contains[j], k) < n->contains[j].min) return false;
    }
    return true;
}

static bool make_counting(struct schema_compiler *c, const struct set *s, const struct array *a,
                          struct counting *n)
{
    int least = a->min > a->places ? a->min : a->places;
    n->items = a->max != RX_UNBOUNDED ? a->max : least > 0 ? least : 1;
    if ((n->items + 1) > MAX_COUNTED_ITEMS / n->n_k) {
        return schema_refuse(c, s->atoms[0].schema, "contains", ERROR_TOO_COMPLEX,
                             "so many items cannot be counted");
    }
    int total = (n->items + 1) * n->n_k;
    n->states = arena_alloc(c->arena, (size_t)total, sizeof(*n->states));
    if (n->states == NULL) return too_complex(c);
    for (int i = 0; i < total; i++) {
        n->states[i] = grammar_rule(c->g);
    }
    grammar_add(c->g, n->states[0], &c->open_array, 1);
    return true;
}

static bool add_contains(struct schema_compiler *c, const struct set *s, const struct array *a,
                         struct counting *n, int rule)
{
    if (!make_counting(c, s, a, n)) return false;
    for (int i = 0; i <= n->items; i++) {
        bool goes_on = i < n->items || a->max == RX_UNBOUNDED;
        if (!goes_on || (i >= a->places && !a->rest)) break;
        for (int mask = 0; mask < 1 << n->n; mask++) {
            int item;
            if (!item_counting(c, s, i, n, mask, &item)) return false;
            if (item != GRAMMAR_NO_SYMBOL) step_contains(c, n, i, mask, item);
        }
    }
    for (int i = a->min; i <= n->items; i++) {
        for (int k = 0; k < n->n_k; k++) {
            if (!is_enough(n, k)) continue;
            grammar_add(c->g, rule, (int[]){n->states[i * n->n_k + k], c->close_array}, 2);
        }
    }
    return true;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static bool read_counts(struct schema_compiler *c, const struct set *s, struct array *a)
{
    bool has_min, has_max;
    if (!schema_count(c, s, "minItems", true, &a->min, &has_min)) return false;
    if (!schema_count(c, s, "maxItems", false, &a->max, &has_max)) return false;
    a->places = listed_places(s);
    if (a->places <= MAX_PLACES && a->min <= MAX_COUNTED_ITEMS && a->max <= MAX_COUNTED_ITEMS)
        return true;
    return schema_refuse(c, s->atoms[0].schema, has_max ? "maxItems" : "minItems",
                         ERROR_TOO_COMPLEX, "so many items cannot be counted");
}

bool schema_array(struct schema_compiler *c, const struct set *s, int rule)
{
    struct array a = {.max = RX_UNBOUNDED};
    struct counting counting = {.n = 0};
    int unique = unique_atom(s);
    if (!find_contains(c, s, &counting) || !read_counts(c, s, &a)) return false;
    if (a.max != RX_UNBOUNDED && a.max < a.min) return true;
    if (unique >= 0 && (a.max == RX_UNBOUNDED || a.max > 1)) {
        struct set item;
        if (a.places > 0 || counting.n > 0) {
            return schema_refuse(c, s->atoms[unique].schema, "uniqueItems", ERROR_UNSUPPORTED,
                                 "it is supported without prefixItems and contains");
        }
        return item_set(c, s, 0, &item) &&
               schema_unique(c, s->atoms[unique].schema, &item, a.min, a.max, rule);
    }
    if (!make_places(c, s, &a)) return false;
    if (counting.n > 0) return add_contains(c, s, &a, &counting, rule);
    add_arrays(c, &a, rule);
    return true;
}
