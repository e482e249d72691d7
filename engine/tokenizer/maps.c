/* engine/tokenizer/maps.c - see maps.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/maps.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static size_t slots_for(size_t most)
{
    size_t slots = 16;
    while (slots < most * 2) {
        slots *= 2;
    }
    return slots;
}

bool pair_map_init(struct pair_map *m, size_t most, struct error *err)
{
    size_t slots = slots_for(most);
    *m = (struct pair_map){.mask = slots - 1, .most = most};
    m->slots = mem_new_aligned(slots, sizeof(*m->slots), err);
    if (m->slots == NULL) return false;
    for (size_t i = 0; i < slots; i++) {
        m->slots[i].key = PAIR_EMPTY;
    }
    return true;
}

void pair_map_clear(struct pair_map *m)
{
    free(m->slots);
    *m = (struct pair_map){0};
}

bool pair_map_put(struct pair_map *m, uint32_t a, uint32_t b, uint32_t x, uint32_t y)
{
    uint64_t key = (uint64_t)a << 32 | b;
    uint64_t i = pair_hash(key) & m->mask;
    for (; m->slots[i].key != PAIR_EMPTY; i = (i + 1) & m->mask) {
        if (m->slots[i].key == key) return true;
    }
    if (m->n == m->most) return false;
    assert(key != PAIR_EMPTY);
    m->slots[i] = (struct pair_slot){key, x, y};
    m->n++;
    return true;
}

static uint64_t load_bytes(const char *p, size_t n)
{
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

/* Multiply and fold, eight bytes at a time. */
uint64_t text_hash(struct span s)
{
    static const uint64_t k = UINT64_C(0x9FB21C651E98DF25);
    uint64_t h = s.n * HASH_STEP;
    size_t at = 0;
    for (; at + 8 <= s.n; at += 8) {
        h = (h ^ load_bytes(s.p + at, 8)) * k;
        h ^= h >> 35;
    }
    if (at < s.n) {
        h = (h ^ load_bytes(s.p + at, s.n - at)) * k;
        h ^= h >> 35;
    }
    h *= k;
    return h ^ h >> 28;
}

bool text_map_init(struct text_map *m, size_t most, struct error *err)
{
    size_t slots = slots_for(most);
    *m = (struct text_map){.mask = slots - 1, .most = most};
    m->slots = mem_new(slots, sizeof(*m->slots), err);
    if (m->slots == NULL) return false;
    for (size_t i = 0; i < slots; i++) {
        m->slots[i].id = -1;
    }
    return true;
}

void text_map_clear(struct text_map *m)
{
    free(m->slots);
    *m = (struct text_map){0};
}

/* The slot that holds text, or the free one where it belongs. */
static struct text_slot *text_map_slot(const struct text_map *m, struct span text, uint64_t hash)
{
    uint32_t high = (uint32_t)(hash >> 32);
    assert(m->n <= m->mask / 2 + 1); /* a free slot ends each search */
    for (uint64_t i = hash & m->mask;; i = (i + 1) & m->mask) {
        struct text_slot *s = &m->slots[i];
        if (s->id < 0 || (s->hash == high && span_eq(s->text, text))) return s;
    }
}

int text_map_put(struct text_map *m, struct span text, int id)
{
    uint64_t hash = text_hash(text);
    struct text_slot *s = text_map_slot(m, text, hash);
    if (s->id >= 0) return s->id;
    if (m->n == m->most) return -1;
    assert(id >= 0);
    *s = (struct text_slot){(uint32_t)(hash >> 32), id, text};
    m->n++;
    return id;
}

int text_map_get(const struct text_map *m, struct span text)
{
    if (m->slots == NULL) return -1;
    return text_map_slot(m, text, text_hash(text))->id;
}
