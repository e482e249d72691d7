/* base/mem.h - allocation that words its own failure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

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

#endif
