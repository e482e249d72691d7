/* engine/sample/form/ids.c - see ids.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/ids.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

struct ids_slot {
    uint64_t hash;
    int next_id; /* the number + 1; 0: the slot is free */
};

void ids_clear(struct ids *t)
{
    free(t->slots);
    *t = (struct ids){0};
}

int ids_next(const struct ids *t, uint64_t hash, int *at)
{
    if (t->size == 0) return -1;
    int mask = t->size - 1, i = *at < 0 ? (int)(hash & (uint64_t)mask) : (*at + 1) & mask;
    while (t->slots[i].next_id != 0 && t->slots[i].hash != hash) {
        i = (i + 1) & mask;
    }
    *at = i;
    return t->slots[i].next_id - 1;
}

static void put(struct ids *t, struct ids_slot slot)
{
    int mask = t->size - 1, i = (int)(slot.hash & (uint64_t)mask);
    while (t->slots[i].next_id != 0) {
        i = (i + 1) & mask;
    }
    t->slots[i] = slot;
}

static bool grow(struct ids *t)
{
    struct ids old = *t;
    t->size = old.size == 0 ? 256 : 2 * old.size;
    t->slots = mem_new((size_t)t->size, sizeof(*t->slots), NULL);
    if (t->slots == NULL) {
        *t = old;
        return false;
    }
    for (int i = 0; i < old.size; i++) {
        if (old.slots[i].next_id != 0) put(t, old.slots[i]);
    }
    free(old.slots);
    return true;
}

bool ids_put(struct ids *t, uint64_t hash, int id)
{
    if (2 * (t->n + 1) > t->size && !grow(t)) return false;
    assert(id >= 0 && t->n < t->size);
    put(t, (struct ids_slot){hash, id + 1});
    t->n++;
    return true;
}
