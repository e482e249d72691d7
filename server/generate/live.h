/* server/generate/live.h - requests at the engine, found by the id that its events carry.
 *
 * Engine events name a request by number, never by pointer, so an event that comes after its
 * request has gone finds nothing and is dropped. An id is a serial number above a slot number:
 * looking up is one index and one comparison, and an id is not used again for 2^44 requests.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_LIVE_H
#define SERVER_GENERATE_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct live;

enum { LIVE_MAX = 1 << 20 };

/* NULL when out of memory. Free with live_free(), which accepts NULL. */
struct live *live_new(void);
/* Accepts NULL. Owners are not touched. */
void live_free(struct live *l);

/* A new id for owner, or 0 when LIVE_MAX are out or memory is. */
uint64_t live_add(struct live *l, void *owner);

/* The owner, or NULL once live_remove() was called. */
void *live_get(const struct live *l, uint64_t id);
/* The id names nobody any more. Unknown ids are ignored. */
void live_remove(struct live *l, uint64_t id);

/* Ids out. */
size_t live_count(const struct live *l);

#endif
