/* base/arena.h - memory that is freed all at once.
 *
 * One arena per request, per verified item, per parsed template: nobody frees a node.
 * Each has a ceiling, so no input can make it grow without end. Not thread-safe: an
 * arena belongs to whoever works on its request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/quota.h"
#include "base/span.h"

struct arena;

/* An arena that never hands out more than limit_bytes. NULL when out of memory.
 * Free with arena_free(), which accepts NULL. */
struct arena *arena_new(size_t limit_bytes);
/* The same, whose chunks count against a quota, which must live longer. */
struct arena *arena_new_within(size_t limit_bytes, struct quota *quota);
/* Frees everything handed out. Accepts NULL. */
void arena_free(struct arena *a);

/* Give everything back but keep one chunk (at most 1 MiB) for the next use. */
void arena_reset(struct arena *a);

/* n elements of size bytes, zeroed, aligned for any type. NULL past the limit, on
 * overflow of n * size, or when the system has no memory. */
void *arena_alloc(struct arena *a, size_t n, size_t size);

/* A copy of s with a NUL after it; NULL as above. */
char *arena_str(struct arena *a, struct span s);

/* Whether an allocation has failed since arena_new() or arena_reset(): what was computed in the
 * arena may then lack a part. */
bool arena_failed(const struct arena *a);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

#endif
