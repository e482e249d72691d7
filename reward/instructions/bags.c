/* reward/instructions/bags.c - see bags.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/bags.h"

#include <assert.h>

#include "base/hash.h"

struct bag_entry {
    struct span word;
    size_t count; /* 0: free */
};

bool bag_init(struct bag *b, size_t most, struct arena *a)
{
    *b = (struct bag){.slots = 16};
    while (b->slots / 2 < most + 1) {
        b->slots *= 2;
    }
    b->entries = arena_alloc(a, b->slots, sizeof(*b->entries));
    return b->entries != NULL;
}

/* The word's entry, or the free one where it belongs. */
static struct bag_entry *find(const struct bag *b, struct span word)
{
    size_t slot = hash_mix(hash_bytes(word)) & (b->slots - 1);
    while (b->entries[slot].count > 0 && !span_eq(b->entries[slot].word, word)) {
        slot = (slot + 1) & (b->slots - 1);
    }
    return &b->entries[slot];
}

size_t bag_add(struct bag *b, struct span word)
{
    struct bag_entry *e = find(b, word);
    if (e->count == 0) {
        assert(b->distinct < b->slots / 2); /* as many as bag_init() was told */
        b->distinct++;
        e->word = word;
    }
    return ++e->count;
}

size_t bag_count(const struct bag *b, struct span word)
{
    return find(b, word)->count;
}
