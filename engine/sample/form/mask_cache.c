/* engine/sample/form/mask_cache.c - see mask_cache.h.
 *
 * Entries are numbers. Each is in the list of its hash and in one ring from the newest used to the
 * oldest, which begins and ends at entry 0, the ring's own.
 *
 * (1) Entries 1 to n hold masks and are in the ring and in the list of their key's hash, each once.
 *
 * One lock guards it all; it is held while a mask is copied, which takes about a microsecond, so who
 * waits for it spins a while before sleeping.
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
    uint64_t *mask;   /* owned */
    int chain;        /* the next of its hash; 0: none */
    int newer, older; /* in the ring */
};

struct mask_cache {
    pthread_mutex_t lock;
    size_t n_words;
    uint64_t found, asked;
    struct entry *entries; /* [most + 1] */
    int *lists;            /* [most] the first entry of a hash; 0: none */
    int n, most;
};

static_assert(sizeof(struct mask_key) == sizeof(struct form_cursor) + 2 * sizeof(uint64_t),
              "a key has no padding");

static size_t entry_bytes(const struct mask_cache *c)
{
    return c->n_words * sizeof(uint64_t) + sizeof(struct entry) + sizeof(int);
}

static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t spins;
    pthread_mutexattr_init(&spins);
    pthread_mutexattr_settype(&spins, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(lock, &spins);
    pthread_mutexattr_destroy(&spins);
}

struct mask_cache *mask_cache_new(size_t n_words, struct error *err)
{
    struct mask_cache *c = mem_new(1, sizeof(*c), err);
    if (c == NULL) return NULL;
    c->n_words = n_words;
    size_t most = MASK_CACHE_BYTES / entry_bytes(c);
    c->most = most < 1 ? 1 : most > MASK_CACHE_MOST ? MASK_CACHE_MOST : (int)most;
    c->entries = mem_new((size_t)c->most + 1, sizeof(*c->entries), err);
    c->lists = mem_new((size_t)c->most, sizeof(*c->lists), err);
    init_lock(&c->lock);
    if (c->entries != NULL && c->lists != NULL) return c;
    mask_cache_free(c);
    return NULL;
}

void mask_cache_free(struct mask_cache *c)
{
    if (c == NULL) return;
    for (int i = 1; i <= c->n; i++) {
        free(c->entries[i].mask);
    }
    free(c->entries);
    free(c->lists);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static int *list_of(struct mask_cache *c, const struct mask_key *key)
{
    uint64_t words[sizeof(*key) / sizeof(uint64_t)], h = 0;
    memcpy(words, key, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        h = hash_add(h, words[i]);
    }
    return &c->lists[h % (uint64_t)c->most];
}

/* The entry of key, or 0. */
static int find(struct mask_cache *c, const struct mask_key *key)
{
    int i = *list_of(c, key);
    while (i != 0 && memcmp(&c->entries[i].key, key, sizeof(*key)) != 0) {
        i = c->entries[i].chain;
    }
    return i;
}

static void leave_ring(struct mask_cache *c, int i)
{
    const struct entry *e = &c->entries[i];
    c->entries[e->newer].older = e->older;
    c->entries[e->older].newer = e->newer;
}

/* Before all others. */
static void enter_ring(struct mask_cache *c, int i)
{
    struct entry *e = &c->entries[i], *ring = &c->entries[0];
    e->newer = 0;
    e->older = ring->older;
    c->entries[ring->older].newer = i;
    ring->older = i;
}

static void leave_list(struct mask_cache *c, int i)
{
    int *link = list_of(c, &c->entries[i].key);
    while (*link != i) {
        assert(*link != 0); /* (1) */
        link = &c->entries[*link].chain;
    }
    *link = c->entries[i].chain;
}

/* An entry that holds nothing, with room for a mask: a new one, or the oldest. 0: no memory. */
static int make_room(struct mask_cache *c)
{
    if (c->n < c->most) {
        c->entries[c->n + 1].mask = mem_new(c->n_words, sizeof(uint64_t), NULL);
        if (c->entries[c->n + 1].mask != NULL) return ++c->n;
    }
    int oldest = c->entries[0].newer;
    if (oldest == 0) return 0;
    leave_list(c, oldest);
    leave_ring(c, oldest);
    return oldest;
}

bool mask_cache_get(struct mask_cache *c, const struct mask_key *key, uint64_t *mask)
{
    pthread_mutex_lock(&c->lock);
    int i = find(c, key);
    c->asked++;
    if (i != 0) {
        c->found++;
        leave_ring(c, i);
        enter_ring(c, i);
        memcpy(mask, c->entries[i].mask, c->n_words * sizeof(*mask));
    }
    pthread_mutex_unlock(&c->lock);
    return i != 0;
}

void mask_cache_put(struct mask_cache *c, const struct mask_key *key, const uint64_t *mask)
{
    pthread_mutex_lock(&c->lock);
    int i = find(c, key) != 0 ? 0 : make_room(c);
    if (i != 0) {
        int *list = list_of(c, key);
        c->entries[i].key = *key;
        memcpy(c->entries[i].mask, mask, c->n_words * sizeof(*mask));
        c->entries[i].chain = *list;
        *list = i;
        enter_ring(c, i);
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
