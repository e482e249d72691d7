/* server/http/router.c - see router.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/router.h"

#include <stdio.h>
#include <string.h>

/* A row's path that ends with a star stands for all that begin so and go on. */
static bool matches(const char *pattern, const char *path)
{
    size_t n = strlen(pattern);
    if (n == 0 || pattern[n - 1] != '*') return strcmp(pattern, path) == 0;
    return strncmp(pattern, path, n - 1) == 0 && path[n - 1] != '\0';
}

const struct route *router_find(const struct route_table *table, const char *method,
                                const char *path, bool *path_known)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *path_known = false;
    for (const struct route *r = table->rows; r < table->rows + table->n; r++) {
        if (!matches(r->path, path)) continue;
        *path_known = true;
        if (strcmp(r->method, wanted) == 0) return r;
    }
    return NULL;
}

void router_allowed(const struct route_table *table, const char *path, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    for (const struct route *r = table->rows; r < table->rows + table->n && n < room; r++) {
        if (!matches(r->path, path)) continue;
        const char *also = strcmp(r->method, "GET") == 0 ? ", HEAD" : "";
        n += (size_t)snprintf(out + n, room - n, "%s%s, ", r->method, also);
    }
    if (n > 0 && n < room) snprintf(out + n, room - n, "OPTIONS");
}
