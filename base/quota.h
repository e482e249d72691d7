/* base/quota.h - one bound for the memory of many.
 *
 * Buffers, arenas and JSON trees that are made "within" a quota tell it before they grow, and what
 * it does not grant is to them as memory that the system does not have: they fail, and whoever
 * asked hears ERROR_NO_MEMORY. So a bound on what all clients together may take needs no
 * bookkeeping where it is taken, and the ways out are those of any failed allocation.
 *
 * Small pieces are always granted, though counted: when all is taken, somebody must still be able
 * to say so, and those who hold little are not the ones who took it.
 *
 * Invariants
 *   (1) `used` is the sum of what all holders hold: nobody gives back more than was granted.
 *   (2) A piece beyond QUOTA_SMALL is granted only if `used` stays within `limit`.
 *
 * Any thread. A quota of NULL grants everything and counts nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_QUOTA_H
#define BASE_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUOTA_SMALL = 64 << 10 }; /* bytes that one holder always gets */

struct quota {
    size_t limit;       /* bytes */
    atomic_size_t used; /* bytes */
};

/* At most limit bytes, none of them used. */
void quota_init(struct quota *q, size_t limit);

/* A holder of `from` bytes is to hold `to`, which is no less. False: there is not so much left; it
 * is remembered as memory that ran out (mem.h), and the holder keeps what it has. */
bool quota_grow(struct quota *q, size_t from, size_t to);

/* bytes are held no more. */
void quota_give(struct quota *q, size_t bytes);

/* Room for `need` elements of `size` bytes in p, an array of *room that q counts: as it is where it has that, else
 * grown to about twice as many. NULL: no memory, or no more is granted; p is as it was. Free with
 * quota_free_array(). */
void *quota_grow_array(struct quota *q, void *p, size_t *room, size_t need, size_t size);

/* Accepts NULL, of no room. */
void quota_free_array(struct quota *q, void *p, size_t room, size_t size);

/* Bytes that are held. */
size_t quota_used(const struct quota *q);

/* Bytes that could still be granted. */
size_t quota_left(const struct quota *q);

#endif
