/* reward/plan/names.c - see names.h.
 *
 *   (1) Slots are a power of two and at least twice the room, so a search ends at a free one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/names.h"

#include <assert.h>

#include "base/hash.h"

#include <stdint.h>

enum { FIRST_ROOM = 16 };

static size_t slot_of(const struct names *t, struct span name)
{
    assert((t->n_slots & (t->n_slots - 1)) == 0 && t->n_slots >= 2 * (size_t)t->room); /* (1) */
    uint64_t h = hash_bytes(name);
    size_t slot = (size_t)(h ^ h >> 32) & (t->n_slots - 1);
    while (t->slots[slot] != 0 && !span_eq(t->list[t->slots[slot] - 1], name)) {
        slot = (slot + 1) & (t->n_slots - 1);
    }
    return slot;
}

int names_find(const struct names *t, struct span name)
{
    return t->n == 0 ? -1 : t->slots[slot_of(t, name)] - 1;
}

/* Twice the room, in new memory: the arena takes nothing back. */
static bool grow(struct names *t, struct arena *a)
{
    int room = t->room == 0 ? FIRST_ROOM : 2 * t->room;
    struct names bigger = {.room = room, .n_slots = (size_t)room * 2};
    bigger.list = arena_alloc(a, (size_t)room, sizeof(*bigger.list));
    bigger.slots = arena_alloc(a, bigger.n_slots, sizeof(*bigger.slots));
    if (bigger.list == NULL || bigger.slots == NULL) return false;
    for (int i = 0; i < t->n; i++) {
        bigger.list[bigger.n++] = t->list[i];
        bigger.slots[slot_of(&bigger, t->list[i])] = bigger.n;
    }
    *t = bigger;
    return true;
}

int names_add(struct names *t, struct span name, struct arena *a)
{
    int found = names_find(t, name);
    if (found >= 0) return found;
    if (t->n == t->room && !grow(t, a)) return -1;
    size_t slot = slot_of(t, name);
    assert(t->n < t->room && t->slots[slot] == 0);
    t->list[t->n++] = name;
    t->slots[slot] = t->n;
    return t->n - 1;
}
