/* reward/row/members.c - see members.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/members.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *x, const void *y)
{
    const cJSON *a = *(const cJSON *const *)x, *b = *(const cJSON *const *)y;
    return strcmp(a->string, b->string);
}

struct members members_sort(const cJSON *object, struct arena *a)
{
    const cJSON *v;
    size_t n = (size_t)cJSON_GetArraySize(object);
    struct members m = {arena_alloc(a, n + 1, sizeof(*m.at)), 0};
    if (m.at == NULL) return m;
    assert(n == 0 || cJSON_IsObject(object));
    cJSON_ArrayForEach(v, object)
    {
        m.at[m.n++] = v;
    }
    qsort(m.at, m.n, sizeof(*m.at), by_name);
    return m;
}

static int is_called(const void *name, const void *member)
{
    return strcmp(name, (*(const cJSON *const *)member)->string);
}

const cJSON *members_find(const struct members *m, const char *name)
{
    const cJSON *const *found =
        m->n == 0 ? NULL : bsearch(name, m->at, m->n, sizeof(*m->at), is_called);
    return found == NULL || cJSON_IsNull(*found) ? NULL : *found;
}
