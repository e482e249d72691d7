/* base/quota.c - see quota.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/quota.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_ELEMENTS = 8 };

void quota_init(struct quota *q, size_t limit)
{
    q->limit = limit;
    atomic_init(&q->used, 0);
}

bool quota_grow(struct quota *q, size_t from, size_t to)
{
    assert(from <= to);
    if (q == NULL) return true;
    size_t used = atomic_load_explicit(&q->used, memory_order_relaxed), more = to - from;
    do {
        bool fits = used <= q->limit && more <= q->limit - used;
        if (!fits && to > QUOTA_SMALL) {
            mem_note();
            return false;
        }
        assert(fits || to <= QUOTA_SMALL); /* (2) */
    } while (!atomic_compare_exchange_weak_explicit(&q->used, &used, used + more,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

void quota_give(struct quota *q, size_t bytes)
{
    if (q == NULL) return;
    size_t before = atomic_fetch_sub_explicit(&q->used, bytes, memory_order_relaxed);
    assert(before >= bytes); /* (1) */
    (void)before;
}

void *quota_grow_array(struct quota *q, void *p, size_t *room, size_t need, size_t size)
{
    size_t to = need < FIRST_ELEMENTS ? FIRST_ELEMENTS : 2 * need;
    if (p != NULL && need <= *room) return p;
    assert(need <= SIZE_MAX / 2 / size);
    if (!quota_grow(q, *room * size, to * size)) return NULL;
    void *grown = mem_grow(p, to, size, NULL);
    if (grown == NULL) {
        quota_give(q, (to - *room) * size);
        return NULL;
    }
    *room = to;
    return grown;
}

void quota_free_array(struct quota *q, void *p, size_t room, size_t size)
{
    quota_give(q, room * size);
    free(p);
}

size_t quota_used(const struct quota *q)
{
    return atomic_load_explicit(&q->used, memory_order_relaxed);
}

size_t quota_left(const struct quota *q)
{
    size_t used = quota_used(q);
    return used < q->limit ? q->limit - used : 0;
}
