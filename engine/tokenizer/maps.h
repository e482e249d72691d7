/* engine/tokenizer/maps.h - the two hash tables that tokenizing is made of.
 *
 * Both are sized once for what they will hold, use open addressing at a load of at most one
 * half, and are read-only afterwards, so any number of threads may look up at once.
 *
 *   pair_map   (a, b) -> (x, y)        merges of token pairs, edges of a trie, pairs of characters
 *   text_map   bytes  -> token id      over texts that the caller keeps
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_MAPS_H
#define ENGINE_TOKENIZER_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/span.h"

struct pair_slot {
    uint64_t key; /* a << 32 | b; PAIR_EMPTY: free */
    uint32_t x, y;
};

#define PAIR_EMPTY UINT64_MAX

struct pair_map {
    struct pair_slot *slots; /* NULL: empty map */
    uint64_t mask;           /* slots - 1, a power of two less one */
    size_t n, most;          /* pairs held, pairs it was sized for */
};

/* Room for `most` pairs. False and ERROR_NO_MEMORY otherwise. */
bool pair_map_init(struct pair_map *m, size_t most, struct error *err);
/* Frees its memory. */
void pair_map_clear(struct pair_map *m);

/* Store (a, b) -> (x, y) unless the pair is there already: the first one stays. False when the map
 * is full, which is a caller's mistake in counting. (a, b) may not be (2^32-1, 2^32-1). */
bool pair_map_put(struct pair_map *m, uint32_t a, uint32_t b, uint32_t x, uint32_t y);

/* One multiplication where hash_mix() takes two, which would make encoding 3 to 6 % slower. */
static inline uint64_t pair_hash(uint64_t key)
{
    key *= HASH_STEP;
    return key ^ key >> 29;
}

/* The slot of (a, b), or NULL. */
static inline const struct pair_slot *pair_map_get(const struct pair_map *m, uint32_t a, uint32_t b)
{
    if (m->slots == NULL) return NULL;
    uint64_t key = (uint64_t)a << 32 | b;
    for (uint64_t i = pair_hash(key) & m->mask;; i = (i + 1) & m->mask) {
        if (m->slots[i].key == key) return &m->slots[i];
        if (m->slots[i].key == PAIR_EMPTY) return NULL;
    }
}

/* A hash of bytes, good in its low and high bits; fast on short keys. */
uint64_t text_hash(struct span s);

struct text_slot {
    uint32_t hash; /* high half of text_hash */
    int id;        /* -1: free */
    struct span text;
};

/* Texts are borrowed: whoever puts them keeps them. */
struct text_map {
    struct text_slot *slots;
    uint64_t mask;
    size_t n, most;
};

/* Room for `most` texts. False and ERROR_NO_MEMORY otherwise. */
bool text_map_init(struct text_map *m, size_t most, struct error *err);
/* Frees its memory; the texts are their keepers'. */
void text_map_clear(struct text_map *m);

/* Store text -> id unless the text is there; returns the id that the text now has,
 * or -1 when full. */
int text_map_put(struct text_map *m, struct span text, int id);

/* -1: not there. */
int text_map_get(const struct text_map *m, struct span text);

#endif
