/* engine/sample/form/mask_cache.c - see mask_cache.h.
 *
 * One lock guards it all; it is held while a mask is copied, which takes about a microsecond.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/mask_cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

struct entry {
    struct mask_key key;
    uint64_t used;  /* when last; 0: holds nothing */
    uint64_t *mask; /* NULL: never held anything */
};

struct mask_cache {
    pthread_mutex_t lock;
    size_t n_words;
    uint64_t now, found, asked;
    struct entry entries[MASK_CACHE_SETS][MASK_CACHE_WAYS];
};

static_assert(sizeof(struct mask_key) == sizeof(struct form_cursor) + 2 * sizeof(uint64_t),
              "a key has no padding");

struct mask_cache *mask_cache_new(size_t n_words, struct error *err)
{
    struct mask_cache *c = mem_new(1, sizeof(*c), err);
    if (c == NULL) return NULL;
    c->n_words = n_words;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void mask_cache_free(struct mask_cache *c)
{
    if (c == NULL) return;
    for (int set = 0; set < MASK_CACHE_SETS; set++) {
        for (int way = 0; way < MASK_CACHE_WAYS; way++) {
            free(c->entries[set][way].mask);
        }
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static struct entry *set_of(struct mask_cache *c, const struct mask_key *key)
{
    uint64_t words[sizeof(*key) / sizeof(uint64_t)], h = 0;
    memcpy(words, key, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        h = hash_add(h, words[i]);
    }
    return c->entries[h % MASK_CACHE_SETS];
}

/* The entry of key in its set, or NULL. */
static struct entry *find(struct entry *set, const struct mask_key *key)
{
    for (int way = 0; way < MASK_CACHE_WAYS; way++) {
        if (set[way].used > 0 && memcmp(&set[way].key, key, sizeof(*key)) == 0) return &set[way];
    }
    return NULL;
}

bool mask_cache_get(struct mask_cache *c, const struct mask_key *key, uint64_t *mask)
{
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(set_of(c, key), key);
    c->asked++;
    if (e != NULL) {
        c->found++;
        e->used = ++c->now;
        memcpy(mask, e->mask, c->n_words * sizeof(*mask));
    }
    pthread_mutex_unlock(&c->lock);
    return e != NULL;
}

void mask_cache_put(struct mask_cache *c, const struct mask_key *key, const uint64_t *mask)
{
    pthread_mutex_lock(&c->lock);
    struct entry *set = set_of(c, key), *e = &set[0];
    for (int way = 1; way < MASK_CACHE_WAYS; way++) {
        if (set[way].used < e->used) e = &set[way];
    }
    if (find(set, key) == NULL) {
        if (e->mask == NULL) e->mask = mem_new(c->n_words, sizeof(*mask), NULL);
        e->used = e->mask == NULL ? 0 : ++c->now;
        if (e->mask != NULL) memcpy(e->mask, mask, c->n_words * sizeof(*mask));
        e->key = *key;
    }
    pthread_mutex_unlock(&c->lock);
}

void mask_cache_counts(struct mask_cache *c, uint64_t *found, uint64_t *asked)
{
    pthread_mutex_lock(&c->lock);
    *found = c->found;
    *asked = c->asked;
    pthread_mutex_unlock(&c->lock);
}
