/* engine/sample/form/schema_unique.c - arrays whose items differ, where these are of few values.
 *
 * A grammar can't compare what it has read with what it reads, but it can remember which of a few
 * values were written: the states of such an array are sets of values. Where the items may be of any
 * value, or of so many that the sets would be too many, uniqueItems is refused.
 *
 * (1) Every set in the list is of at most `max` values, and stands there once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/sample/form/schema_impl.h"

enum { MAX_VALUES = 64, MAX_SUBSETS = 4096 };

struct subset {
    uint64_t values; /* which are written already, a bit each */
    int n;
    int rule; /* the array so far */
};

struct unique {
    int symbols[MAX_VALUES]; /* of the values */
    int n_values, max;
    struct subset *subsets; /* owned: found so far; those behind `next` wait */
    int n, room, next;
    struct ids ids;
};

/* The array's beginning whose items are of these values. -1: there would be too many. */
static int subset_of(struct schema_compiler *c, struct unique *u, uint64_t values, int n)
{
    uint64_t hash = ids_mix(1, values);
    for (int at = -1, id; (id = ids_next(&u->ids, hash, &at)) >= 0;) {
        if (u->subsets[id].values == values) return id;
    }
    assert(n <= u->max); /* (1) */
    if (u->n == MAX_SUBSETS || !mem_reserve(&u->subsets, u->n + 1, &u->room, sizeof(*u->subsets)) ||
        !ids_put(&u->ids, hash, u->n))
        return -1;
    u->subsets[u->n] = (struct subset){values, n, grammar_rule(c->g)};
    return u->n++;
}

/* From a set to each that has one value more. */
static bool add_values(struct schema_compiler *c, struct unique *u, struct subset from)
{
    for (int i = 0; i < u->n_values && from.n < u->max; i++) {
        uint64_t bit = (uint64_t)1 << i;
        if (from.values & bit) continue;
        int to = subset_of(c, u, from.values | bit, from.n + 1);
        if (to < 0) return false;
        if (from.n == 0) {
            grammar_add(c->g, u->subsets[to].rule, (int[]){from.rule, u->symbols[i]}, 2);
        } else {
            grammar_add(c->g, u->subsets[to].rule, (int[]){from.rule, c->comma, u->symbols[i]}, 3);
        }
    }
    return true;
}

static bool add_subsets(struct schema_compiler *c, struct unique *u, int min, int rule)
{
    int empty = subset_of(c, u, 0, 0);
    if (empty < 0) return false;
    grammar_add(c->g, u->subsets[empty].rule, &c->open_array, 1);
    while (u->next < u->n) {
        struct subset s = u->subsets[u->next++];
        if (!add_values(c, u, s)) return false;
        if (s.n >= min) grammar_add(c->g, rule, (int[]){s.rule, c->close_array}, 2);
    }
    return true;
}

/* A symbol for each different value. False: too many. */
static bool make_symbols(struct schema_compiler *c, const cJSON *const *values, int n,
                         struct unique *u)
{
    for (int i = 0; i < n; i++) {
        bool again = false;
        for (int k = 0; k < i && !again; k++) {
            again = schema_equal(values[k], values[i]);
        }
        if (again) continue;
        if (u->n_values == MAX_VALUES) return false;
        int symbol = grammar_rule(c->g);
        schema_literal(c, values[i], symbol);
        u->symbols[u->n_values++] = symbol;
    }
    return true;
}

bool schema_unique(struct schema_compiler *c, const cJSON *schema, const struct set *item, int min,
                   int max, int rule)
{
    struct unique u = {.max = max == RX_UNBOUNDED ? MAX_VALUES : max};
    const cJSON **values;
    int n;
    bool finite;
    if (!schema_values(c, item, &values, &n, &finite)) return false;
    bool fine = finite && make_symbols(c, values, n, &u) && add_subsets(c, &u, min, rule);
    free(u.subsets);
    ids_clear(&u.ids);
    return fine || schema_refuse(c, schema, "uniqueItems", ERROR_UNSUPPORTED,
                                 "it is supported where the items are of few values (enum, const, "
                                 "boolean, null)");
}
