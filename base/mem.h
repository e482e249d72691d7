/* base/mem.h - the one door to memory: allocation that words its own failure.
 *
 * Everything that this program allocates for itself comes from here (arenas and buffers too), and
 * what cJSON allocates, once mem_hook_json() was called. A failure is remembered for its thread, so
 * that whoever ends a piece of work can tell what came of it from what memory that ran out has made
 * of it: a verdict about half of an answer is no verdict, and an error that was worded for want of
 * a part ("not valid JSON") is not the client's.
 *
 *   mem_forget();  work();  if (mem_ran_out()) ... what work() gave is not to be relied on
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

/* n elements of size bytes, zeroed. On failure (or overflow of n * size) NULL and
 * ERROR_NO_MEMORY in err, which may be NULL. Free with free(). */
void *mem_new(size_t n, size_t size, struct error *err);

/* As mem_new, aligned to 64 bytes (a cache line, a 512-bit register) and padded to a multiple of
 * it. Free with free(). */
void *mem_new_aligned(size_t n, size_t size, struct error *err);

/* realloc to n elements of size bytes; new bytes are not zeroed. On failure NULL, *err set, and
 * p still valid. */
void *mem_grow(void *p, size_t n, size_t size, struct error *err);

/* Room for n elements of size bytes in *array, which has room for *room and doubles as it grows;
 * new elements are not zeroed. False without memory, and *array is as it was. array points to a
 * pointer of any type. */
bool mem_reserve(void *array, int n, int *room, size_t size);

/* n bytes, not zeroed; NULL on failure. Free with free(). */
void *mem_bytes(size_t n);

/* A copy of s with a NUL after it. On failure NULL and ERROR_NO_MEMORY in err, which may be NULL. Free
 * with free(). */
char *mem_text(struct span s, struct error *err);

/* Whether an allocation has failed on this thread since mem_forget(). */
bool mem_ran_out(void);

/* A library had no memory: remembered as our own failures are. */
void mem_note(void);

/* A piece of work begins: what failed before is not its concern. */
void mem_forget(void);

/* Let cJSON allocate here. Once, before there are other threads. */
void mem_hook_json(void);

/* Tell the allocator to give back what is freed, at the start of a program that runs for long: few
 * arenas, and large blocks (bodies, JSON trees, replies) as mappings of their own, whatever was
 * freed before. */
void mem_give_back(void);

#endif
