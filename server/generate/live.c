/* server/generate/live.c - a growing table of slots and a list of the free ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/live.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

enum { SLOT_BITS = 20 };

struct slot {
    uint64_t id; /* 0: free */
    void *owner;
    size_t next_free; /* index + 1, 0 ends the list */
};

struct live {
    struct slot *slots;
    size_t n, room, used;
    size_t first_free; /* index + 1 */
    uint64_t serial;
};

struct live *live_new(void)
{
    return mem_new(1, sizeof(struct live), NULL);
}

void live_free(struct live *l)
{
    if (l == NULL) return;
    free(l->slots);
    free(l);
}

/* The index of a slot that nobody uses, or LIVE_MAX. */
static size_t take_slot(struct live *l)
{
    if (l->first_free != 0) {
        size_t i = l->first_free - 1;
        l->first_free = l->slots[i].next_free;
        return i;
    }
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct slot *grown =
            l->n >= LIVE_MAX ? NULL : mem_grow(l->slots, room, sizeof(*grown), NULL);
        if (grown == NULL) return LIVE_MAX;
        l->slots = grown;
        l->room = room;
    }
    return l->n++;
}

uint64_t live_add(struct live *l, void *owner)
{
    size_t i = take_slot(l);
    if (i == LIVE_MAX) return 0;
    l->slots[i] = (struct slot){.id = ++l->serial << SLOT_BITS | i, .owner = owner};
    l->used++;
    return l->slots[i].id;
}

static struct slot *find(const struct live *l, uint64_t id)
{
    size_t i = (size_t)(id & (LIVE_MAX - 1));
    return i < l->n && id != 0 && l->slots[i].id == id ? &l->slots[i] : NULL;
}

void *live_get(const struct live *l, uint64_t id)
{
    const struct slot *s = find(l, id);
    return s == NULL ? NULL : s->owner;
}

void live_remove(struct live *l, uint64_t id)
{
    struct slot *s = find(l, id);
    if (s == NULL) return;
    *s = (struct slot){.next_free = l->first_free};
    l->first_free = (size_t)(s - l->slots) + 1;
    assert(l->used > 0);
    l->used--;
}

size_t live_count(const struct live *l)
{
    return l->used;
}
