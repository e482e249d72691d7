/* base/mem.c - see mem.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local bool ran_out;

static void *no_memory(size_t n, size_t size, struct error *err)
{
    ran_out = true;
    error_set(err, ERROR_NO_MEMORY, NULL, "out of memory: %zu x %zu bytes", n, size);
    return NULL;
}

void *mem_new(size_t n, size_t size, struct error *err)
{
    void *p = calloc(n == 0 ? 1 : n, size);
    return p != NULL ? p : no_memory(n, size, err);
}

void *mem_new_aligned(size_t n, size_t size, struct error *err)
{
    size_t want;
    if (__builtin_mul_overflow(n, size, &want) || want > (size_t)-128) {
        return no_memory(n, size, err);
    }
    want = (want + 64) & ~(size_t)63;
    void *p = aligned_alloc(64, want);
    return p != NULL ? memset(p, 0, want) : no_memory(n, size, err);
}

void *mem_grow(void *p, size_t n, size_t size, struct error *err)
{
    size_t want;
    if (__builtin_mul_overflow(n, size, &want)) return no_memory(n, size, err);
    void *q = realloc(p, want == 0 ? 1 : want);
    return q != NULL ? q : no_memory(n, size, err);
}

bool mem_reserve(void *array, int n, int *room, size_t size)
{
    if (n <= *room) return true;
    int more = *room == 0 ? 16 : *room;
    while (more < n) {
        if (__builtin_mul_overflow(more, 2, &more)) return false;
    }
    void *old, *grown;
    memcpy(&old, array, sizeof(old)); /* whatever it points to */
    grown = mem_grow(old, (size_t)more, size, NULL);
    if (grown == NULL) return false;
    memcpy(array, &grown, sizeof(grown));
    *room = more;
    return true;
}

void *mem_bytes(size_t n)
{
    void *p = malloc(n == 0 ? 1 : n);
    return p != NULL ? p : no_memory(n, 1, NULL);
}

char *mem_text(struct span s, struct error *err)
{
    char *p = s.n == SIZE_MAX ? NULL : malloc(s.n + 1);
    if (p == NULL) return no_memory(s.n, 1, err);
    if (s.n > 0) memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

bool mem_ran_out(void)
{
    return ran_out;
}

void mem_note(void)
{
    ran_out = true;
}

void mem_forget(void)
{
    ran_out = false;
}

void mem_hook_json(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = mem_bytes, .free_fn = free});
}

void mem_give_back(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 4);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}
