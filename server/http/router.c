/* server/http/router.c - see router.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/router.h"

#include <stdio.h>
#include <string.h>

#include "base/span.h"

/* A row's path that ends with a star stands for all that begin so and go on. */
static bool matches(const char *pattern, struct span path)
{
    struct span row = span_str(pattern);
    if (row.n == 0 || row.p[row.n - 1] != '*') return span_is(path, pattern);
    row.n--;
    return span_starts(path, row) && path.n > row.n;
}

/* A slash at the end says nothing, unless a row has one. */
static struct span without_slash(const struct route_table *table, const char *path)
{
    struct span s = span_str(path);
    bool slash = s.n > 1 && s.p[s.n - 1] == '/';
    for (size_t i = 0; slash && i < table->n; i++) {
        if (matches(table->rows[i].path, s)) return s;
    }
    s.n -= slash;
    return s;
}

const struct route *router_find(const struct route_table *table, const char *method,
                                const char *path, bool *path_known)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    struct span asked = without_slash(table, path);
    *path_known = false;
    for (const struct route *r = table->rows; r < table->rows + table->n; r++) {
        if (!matches(r->path, asked)) continue;
        *path_known = true;
        if (strcmp(r->method, wanted) == 0) return r;
    }
    return NULL;
}

void router_allowed(const struct route_table *table, const char *path, char *out, size_t room)
{
    size_t n = 0;
    struct span asked = without_slash(table, path);
    out[0] = '\0';
    for (const struct route *r = table->rows; r < table->rows + table->n && n < room; r++) {
        if (!matches(r->path, asked)) continue;
        const char *also = strcmp(r->method, "GET") == 0 ? ", HEAD" : "";
        n += (size_t)snprintf(out + n, room - n, "%s%s, ", r->method, also);
    }
    if (n > 0 && n < room) snprintf(out + n, room - n, "OPTIONS");
}

bool router_is_named(const struct route *r, const struct string_list *paths)
{
    for (int i = 0; i < paths->n; i++) {
        if (matches(paths->items[i], span_str(r->path))) return true;
    }
    return false;
}

bool router_can_close(const struct route_table *table, const struct string_list *paths,
                      struct error *err)
{
    for (int i = 0; i < paths->n; i++) {
        const struct string_list one = {&paths->items[i], 1};
        const struct route *r = table->rows, *end = table->rows + table->n;
        while (r < end && !router_is_named(r, &one)) {
            r++;
        }
        if (r == end) {
            return error_set(err, ERROR_INVALID_VALUE, "closed-routes",
                             "closed-routes: there is no route %.100s", paths->items[i]);
        }
    }
    return true;
}

const struct route_answer *router_answer(const struct route_table *table, const struct route *r)
{
    for (size_t i = 0; i < table->n_answers; i++) {
        if (table->answers[i].handle == r->handle) return &table->answers[i];
    }
    return NULL;
}

const struct field *router_query(const struct route_table *table, const struct route *r)
{
    for (size_t i = 0; i < table->n_queries; i++) {
        if (table->queries[i].handle == r->handle) return table->queries[i].rows;
    }
    return NULL;
}
