/* server/describe/describe.c - see describe.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/describe/describe.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/http/router.h"

enum { MAX_DEPTH = 8 };

/* ---- tables ---- */

bool describe_is_api(const struct route *r)
{
    return (r->flags & ROUTE_PUBLIC) == 0;
}

/* What walk() calls for each table in a body, one of those of its object; true ends the walk. */
typedef bool visit_fn(void *arg, const struct field *const *list, const struct field *rows,
                      const char *prefix);

static bool walk(const struct field *const *list, const char *prefix, int depth, visit_fn *visit,
                 void *arg)
{
    assert(depth < MAX_DEPTH); /* members of members end */
    for (const struct field *const *tables = list; tables != NULL && *tables != NULL; tables++) {
        if (visit(arg, list, *tables, prefix)) return true;
        for (const struct field *f = *tables; f->name != NULL; f++) {
            char inner[64];
            if (f->members == NULL) continue;
            snprintf(inner, sizeof(inner), "%s%s%s%s", prefix, prefix[0] == '\0' ? "" : ".",
                     f->name, f->kind == FIELD_ARRAY ? "[]" : "");
            if (walk(f->members, inner, depth + 1, visit, arg)) return true;
        }
    }
    return false;
}

struct search {
    const struct field *rows;
    char *prefix; /* [64] */
    const struct field *const *list;
};

static bool is_searched(void *arg, const struct field *const *list, const struct field *rows,
                        const char *prefix)
{
    struct search *s = arg;
    if (rows != s->rows) return false;
    s->list = list;
    snprintf(s->prefix, 64, "%s", prefix);
    return true;
}

bool describe_find(const struct route *r, const struct field *rows, char out[64],
                   const struct field *const **list)
{
    struct search s = {rows, out, NULL};
    bool found = walk(r->fields, "", 0, is_searched, &s);
    *list = s.list;
    return found;
}

struct gathering {
    struct described *all;
    const struct route *route;
};

static bool gather(void *arg, const struct field *const *list, const struct field *rows,
                   const char *prefix)
{
    (void)list;
    const struct gathering *g = arg;
    struct described *all = g->all;
    for (size_t i = 0; i < all->n; i++) {
        if (all->tables[i].rows == rows) return false;
    }
    assert(all->n < DESCRIBE_MAX_TABLES);
    struct described_table *t = &all->tables[all->n++];
    t->rows = rows;
    t->route = g->route;
    snprintf(t->prefix, sizeof(t->prefix), "%s", prefix);
    return false;
}

/* Of what a route answers. */
static void gather_answer(struct described *all, const struct route_table *routes,
                          const struct route *r)
{
    struct gathering g = {all, r};
    const struct route_answer *a = router_answer(routes, r);
    if (a == NULL) return;
    walk(a->whole, "reply", 0, gather, &g);
    walk(a->other, "reply", 0, gather, &g);
    walk(a->chunk, "chunk", 0, gather, &g);
    walk(a->other_chunk, "chunk", 0, gather, &g);
}

struct described *describe_tables(const struct route_table *routes)
{
    struct described *all = mem_new(1, sizeof(*all), NULL);
    for (size_t i = 0; all != NULL && i < routes->n; i++) {
        struct gathering g = {all, &routes->rows[i]};
        walk(routes->rows[i].fields, "", 0, gather, &g);
    }
    if (all != NULL) all->n_asked = all->n;
    for (size_t i = 0; all != NULL && i < routes->n; i++) {
        gather_answer(all, routes, &routes->rows[i]);
    }
    return all;
}

/* ---- types ---- */

static const char *const kinds[FIELD_KINDS] = {
    [FIELD_INT] = "integer",
    [FIELD_INT64] = "integer",
    [FIELD_FLOAT] = "number",
    [FIELD_DOUBLE] = "number",
    [FIELD_BOOL] = "boolean",
    [FIELD_TEXT] = "string",
    [FIELD_CHOICE] = "string",
    [FIELD_TEXTS] = "array of string",
    [FIELD_TEXT_OR_TEXTS] = "string or array of string",
    [FIELD_NUMBERS] = "array of number",
    [FIELD_OBJECT] = "object",
    [FIELD_ARRAY] = "array",
    [FIELD_VALUE] = "any",
    [FIELD_READ] = "any",
    [FIELD_IGNORED] = "any",
    [FIELD_REFUSED] = "any",
    [FIELD_OTHERS] = "any",
};

/* "string|integer[]" in words. */
static void shape_words(const char *shape, char out[DESCRIBE_ROOM])
{
    size_t n = 0;
    out[0] = '\0';
    for (const char *p = shape; *p != '\0' && n < DESCRIBE_ROOM - 64;) {
        size_t name = strcspn(p, "[|"), all = strcspn(p, "|");
        n += (size_t)snprintf(out + n, DESCRIBE_ROOM - n, "%s%s%s%.*s", n == 0 ? "" : " or ",
                              all > name ? "array of " : "", all > name + 2 ? "arrays of " : "",
                              (int)name, p);
        p += all;
        if (*p == '|') p++;
    }
}

void describe_type(const struct field *f, char out[DESCRIBE_ROOM])
{
    bool members = f->members != NULL && f->shape == NULL;
    if (f->shape != NULL) {
        shape_words(f->shape, out);
    } else {
        snprintf(out, DESCRIBE_ROOM, "%s",
                 !members                 ? kinds[f->kind]
                 : f->kind == FIELD_ARRAY ? "array of object"
                                          : "object");
    }
}

static void print_choices(const struct field *f, char out[DESCRIBE_ROOM])
{
    size_t n = (size_t)snprintf(out, DESCRIBE_ROOM, "one of");
    for (int i = 0; f->choices[i] != NULL && n < DESCRIBE_ROOM; i++) {
        n +=
            (size_t)snprintf(out + n, DESCRIBE_ROOM - n, "%s %s", i == 0 ? "" : ",", f->choices[i]);
    }
}

static void print_numbers(const struct field *f, char out[DESCRIBE_ROOM])
{
    bool whole = f->kind == FIELD_INT || f->kind == FIELD_INT64;
    bool low = whole && f->min <= INT_MIN, high = whole && f->max >= INT_MAX;
    if (low && high) {
        out[0] = '\0';
    } else if (high) {
        snprintf(out, DESCRIBE_ROOM, "from %.15g", f->min);
    } else {
        snprintf(out, DESCRIBE_ROOM, "from %.15g to %.15g", f->min, f->max);
    }
}

void describe_range(const struct field *f, char out[DESCRIBE_ROOM])
{
    out[0] = '\0';
    switch (f->kind) {
    case FIELD_INT:
    case FIELD_INT64:
    case FIELD_FLOAT:
    case FIELD_DOUBLE:
    case FIELD_NUMBERS:
        print_numbers(f, out);
        break;
    case FIELD_TEXTS:
    case FIELD_TEXT_OR_TEXTS:
        snprintf(out, DESCRIBE_ROOM, "%.15g to %.15g of them", f->min, f->max);
        break;
    case FIELD_CHOICE:
        print_choices(f, out);
        break;
    default:
        break;
    }
}

void describe_use(const struct field *f, char out[DESCRIBE_ROOM])
{
    const char *neutral = f->neutral == NULL ? "nothing" : f->neutral;
    if (f->kind == FIELD_REFUSED) {
        snprintf(out, DESCRIBE_ROOM, "refused but for %s", neutral);
    } else {
        snprintf(out, DESCRIBE_ROOM, "%s",
                 f->kind == FIELD_IGNORED ? "ignored"
                 : f->required            ? "required"
                                          : "honoured");
    }
}
