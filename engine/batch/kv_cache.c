/* engine/batch/kv_cache.c - counted blocks, block tables, and the index that finds complete blocks again.
 *
 * A block is in one of three states:
 *
 *            take                    last owner leaves, block findable
 *    free ---------> owned (refs>0) ---------------------------------> cached
 *     ^                |    ^                                            |  |
 *     '----------------'    '------------- match, dedupe ----------------'  |
 *     ^   last owner leaves, not findable                                   |
 *     '------------------------- evict (oldest first) ---------------------'
 *
 * Invariants:
 *
 * (1) refs[b] is the number of table entries that name b.
 * (2) Every block with refs 0 is in exactly one list: cached when findable, else free.
 * (3) A block that still has room below its owner's reservation and is written to has refs 1.
 * (4) Findable blocks are complete, and no two have the same (parent, space, tokens).
 * (5) The parent of a findable block is the uid of a block, not its number, so an entry whose
 *     parent was recycled can never match. A sequence that uses a block uses its parent too, and
 *     close() lets the last block go first: so children are evicted before their parents.
 * (6) A slot's table covers at least its committed tokens.
 *
 * A match compares tokens, level by level from the root: a hash collision costs time, never truth.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/kv_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { NONE = -1 };

struct block {
    int refs;
    int fill;             /* tokens[] in use */
    bool findable;        /* in the index */
    int32_t index_next;   /* next block of the same bucket */
    int32_t older, newer; /* in the cached list; the free list uses older */
    uint64_t uid;         /* of the content, given when it became findable; never reused */
    uint64_t parent;      /* uid of the block before it, 0 for the first */
    struct space space;
    int tokens[KV_BLOCK];
};

struct slot {
    bool open;
    int n_tokens; /* committed */
    int n_blocks; /* table entries in use */
    struct space space;
    int32_t *table; /* [blocks_per_slot] */
};

struct kv_cache {
    struct kv_cache_options o;
    struct block *blocks;
    int32_t *buckets; /* [n_buckets], a power of two */
    uint64_t bucket_mask;
    struct slot *slots;
    int32_t *tables;
    int blocks_per_slot;
    int32_t free_head;
    int n_free;
    int32_t oldest, newest; /* cached list */
    int n_cached;
    uint64_t next_uid;
};

struct kv_cache *kv_cache_new(const struct kv_cache_options *o, struct error *err)
{
    struct kv_cache *kv = mem_new(1, sizeof(*kv), err);
    if (kv == NULL) return NULL;
    kv->o = *o;
    kv->blocks_per_slot = (o->longest + KV_BLOCK - 1) / KV_BLOCK;
    size_t n_blocks = (size_t)o->n_blocks, n_slots = (size_t)o->n_sequences, n_buckets = 16;
    while (n_buckets < 2 * n_blocks) {
        n_buckets *= 2;
    }
    kv->blocks = mem_new(n_blocks, sizeof(*kv->blocks), err);
    kv->buckets = mem_new(n_buckets, sizeof(*kv->buckets), err);
    kv->slots = mem_new(n_slots, sizeof(*kv->slots), err);
    kv->tables = mem_new(n_slots * (size_t)kv->blocks_per_slot, sizeof(*kv->tables), err);
    if (kv->blocks == NULL || kv->buckets == NULL || kv->slots == NULL || kv->tables == NULL) {
        kv_cache_free(kv);
        return NULL;
    }
    for (size_t i = 0; i < n_buckets; i++) {
        kv->buckets[i] = NONE;
    }
    kv->bucket_mask = n_buckets - 1;
    for (size_t i = 0; i < n_slots; i++) {
        kv->slots[i].table = kv->tables + i * (size_t)kv->blocks_per_slot;
    }
    kv->free_head = NONE;
    for (int32_t b = o->n_blocks - 1; b >= 0; b--) {
        kv->blocks[b].older = kv->free_head;
        kv->free_head = b;
    }
    kv->n_free = o->n_blocks;
    kv->oldest = kv->newest = NONE;
    kv->next_uid = 1;
    return kv;
}

void kv_cache_free(struct kv_cache *kv)
{
    if (kv == NULL) return;
    free(kv->blocks);
    free(kv->buckets);
    free(kv->slots);
    free(kv->tables);
    free(kv);
}

/* ---- the index of findable blocks ---- */

static uint64_t bucket_of(const struct kv_cache *kv, uint64_t parent, const struct space *space,
                          const int *tokens)
{
    uint64_t h = hash_add(space_hash(space), parent);
    for (int i = 0; i < KV_BLOCK; i++) {
        h = hash_add(h, (uint64_t)(uint32_t)tokens[i]);
    }
    return h & kv->bucket_mask;
}

static int32_t index_find(const struct kv_cache *kv, uint64_t parent, const struct space *space,
                          const int *tokens)
{
    int32_t b = kv->buckets[bucket_of(kv, parent, space, tokens)];
    for (; b != NONE; b = kv->blocks[b].index_next) {
        const struct block *k = &kv->blocks[b];
        if (k->parent == parent && space_equal(&k->space, space) &&
            memcmp(k->tokens, tokens, sizeof(k->tokens)) == 0) {
            break;
        }
    }
    return b;
}

static void index_add(struct kv_cache *kv, int32_t b)
{
    struct block *k = &kv->blocks[b];
    int32_t *head = &kv->buckets[bucket_of(kv, k->parent, &k->space, k->tokens)];
    assert(k->fill == KV_BLOCK && !k->findable); /* (4) */
    k->index_next = *head;
    *head = b;
    k->findable = true;
    k->uid = kv->next_uid++;
}

static void index_remove(struct kv_cache *kv, int32_t b)
{
    struct block *k = &kv->blocks[b];
    int32_t *at = &kv->buckets[bucket_of(kv, k->parent, &k->space, k->tokens)];
    while (*at != b) {
        at = &kv->blocks[*at].index_next;
    }
    *at = k->index_next;
    k->findable = false;
}

/* ---- the list of cached blocks, oldest to newest ---- */

static void cached_push(struct kv_cache *kv, int32_t b)
{
    struct block *k = &kv->blocks[b];
    k->older = kv->newest;
    k->newer = NONE;
    *(kv->newest == NONE ? &kv->oldest : &kv->blocks[kv->newest].newer) = b;
    kv->newest = b;
    kv->n_cached++;
}

static void cached_remove(struct kv_cache *kv, int32_t b)
{
    struct block *k = &kv->blocks[b];
    *(k->older == NONE ? &kv->oldest : &kv->blocks[k->older].newer) = k->newer;
    *(k->newer == NONE ? &kv->newest : &kv->blocks[k->newer].older) = k->older;
    kv->n_cached--;
}

/* ---- ownership ---- */

static void free_push(struct kv_cache *kv, int32_t b)
{
    kv->blocks[b].older = kv->free_head;
    kv->free_head = b;
    kv->n_free++;
}

static void evict_oldest(struct kv_cache *kv)
{
    int32_t b = kv->oldest;
    cached_remove(kv, b);
    index_remove(kv, b);
    free_push(kv, b);
}

/* An empty block with one owner. The caller has checked kv_cache_available(). */
static int32_t take(struct kv_cache *kv)
{
    if (kv->n_free == 0) evict_oldest(kv);
    int32_t b = kv->free_head;
    struct block *k = &kv->blocks[b];
    assert(k->refs == 0 && !k->findable); /* (2) */
    kv->free_head = k->older;
    kv->n_free--;
    k->refs = 1;
    k->fill = 0;
    return b;
}

static void share(struct kv_cache *kv, int32_t b)
{
    if (kv->blocks[b].refs++ == 0) cached_remove(kv, b);
}

static void leave(struct kv_cache *kv, int32_t b)
{
    struct block *k = &kv->blocks[b];
    assert(k->refs > 0); /* (1) */
    if (--k->refs > 0) return;
    if (k->findable) {
        cached_push(kv, b);
    } else {
        free_push(kv, b);
    }
}

/* ---- sequences ---- */

int kv_cache_open(struct kv_cache *kv, const struct space *space)
{
    for (int i = 0; i < kv->o.n_sequences; i++) {
        struct slot *s = &kv->slots[i];
        if (s->open) continue;
        s->open = true;
        s->n_tokens = s->n_blocks = 0;
        s->space = *space;
        return i;
    }
    return -1;
}

void kv_cache_close(struct kv_cache *kv, int seq)
{
    struct slot *s = &kv->slots[seq];
    while (s->n_blocks > 0) { /* last block first: (5) */
        leave(kv, s->table[--s->n_blocks]);
    }
    s->open = false;
}

/* uid of the block before table entry i, 0 for the first. */
static uint64_t parent_of(const struct kv_cache *kv, const struct slot *s, int i)
{
    assert(i == 0 || kv->blocks[s->table[i - 1]].findable); /* (5) */
    return i == 0 ? 0 : kv->blocks[s->table[i - 1]].uid;
}

bool kv_cache_match(struct kv_cache *kv, int seq, const int tokens[KV_BLOCK])
{
    struct slot *s = &kv->slots[seq];
    if (!kv->o.prefix_cache || s->n_blocks == kv->blocks_per_slot) return false;
    int32_t b = index_find(kv, parent_of(kv, s, s->n_blocks), &s->space, tokens);
    if (b == NONE) return false;
    share(kv, b);
    s->table[s->n_blocks++] = b;
    s->n_tokens += KV_BLOCK;
    return true;
}

int kv_cache_fork(struct kv_cache *kv, int from)
{
    const struct slot *f = &kv->slots[from];
    int seq = kv_cache_open(kv, &f->space);
    if (seq < 0) return -1;
    struct slot *s = &kv->slots[seq];
    s->n_tokens = f->n_tokens;
    s->n_blocks = (f->n_tokens + KV_BLOCK - 1) / KV_BLOCK; /* reserved ones stay with `from` */
    for (int i = 0; i < s->n_blocks; i++) {
        s->table[i] = f->table[i];
        share(kv, s->table[i]);
    }
    return seq;
}

/* The unfinished block, when somebody else uses it too: then writing needs a copy. */
static bool must_copy(const struct kv_cache *kv, const struct slot *s)
{
    return s->n_tokens % KV_BLOCK != 0 && kv->blocks[s->table[s->n_tokens / KV_BLOCK]].refs > 1;
}

static void copy_unfinished(struct kv_cache *kv, struct slot *s)
{
    int32_t *entry = &s->table[s->n_tokens / KV_BLOCK];
    int32_t src = *entry, dst = take(kv);
    struct block *k = &kv->blocks[dst];
    k->fill = s->n_tokens % KV_BLOCK;
    memcpy(k->tokens, kv->blocks[src].tokens, sizeof(k->tokens));
    kv->o.copy(kv->o.copy_arg, dst, src);
    leave(kv, src);
    *entry = dst;
}

bool kv_cache_reserve(struct kv_cache *kv, int seq, int n)
{
    struct slot *s = &kv->slots[seq];
    int want = (s->n_tokens + n + KV_BLOCK - 1) / KV_BLOCK;
    int more = want > s->n_blocks ? want - s->n_blocks : 0;
    bool copy = n > 0 && must_copy(kv, s);
    if (want > kv->blocks_per_slot || more + copy > kv_cache_available(kv)) return false;
    if (copy) copy_unfinished(kv, s);
    while (s->n_blocks < want) {
        s->table[s->n_blocks++] = take(kv);
    }
    return true;
}

/* Block i of s has become complete: make it findable, or share the equal one that is. */
static void complete(struct kv_cache *kv, struct slot *s, int i)
{
    if (!kv->o.prefix_cache) return;
    int32_t b = s->table[i];
    struct block *k = &kv->blocks[b];
    k->parent = parent_of(kv, s, i);
    k->space = s->space;
    int32_t known = index_find(kv, k->parent, &k->space, k->tokens);
    if (known == NONE) {
        index_add(kv, b);
        return;
    }
    share(kv, known);
    leave(kv, b);
    s->table[i] = known;
}

void kv_cache_commit(struct kv_cache *kv, int seq, const int *tokens, int n)
{
    struct slot *s = &kv->slots[seq];
    for (int i = 0; i < n; i++) {
        int at = s->n_tokens / KV_BLOCK;
        assert(at < s->n_blocks); /* (6) */
        struct block *k = &kv->blocks[s->table[at]];
        assert(k->refs == 1); /* (3) */
        k->fill = s->n_tokens % KV_BLOCK;
        k->tokens[k->fill++] = tokens[i];
        s->n_tokens++;
        if (k->fill == KV_BLOCK) complete(kv, s, at);
    }
}

int kv_cache_tokens(const struct kv_cache *kv, int seq)
{
    return kv->slots[seq].n_tokens;
}

const int32_t *kv_cache_table(const struct kv_cache *kv, int seq)
{
    return kv->slots[seq].table;
}

int kv_cache_available(const struct kv_cache *kv)
{
    return kv->n_free + kv->n_cached;
}

int kv_cache_used(const struct kv_cache *kv)
{
    return kv->o.n_blocks - kv_cache_available(kv);
}

void kv_cache_reset(struct kv_cache *kv)
{
    while (kv->n_cached > 0) {
        evict_oldest(kv);
    }
}

/* ---- checking ---- */

static int table_entries(const struct kv_cache *kv, int32_t b)
{
    int n = 0;
    for (int i = 0; i < kv->o.n_sequences; i++) {
        const struct slot *s = &kv->slots[i];
        for (int j = 0; s->open && j < s->n_blocks; j++) {
            n += s->table[j] == b;
        }
    }
    return n;
}

static bool lists_hold(const struct kv_cache *kv)
{
    int n_free = 0, n_cached = 0, unused = 0;
    for (int32_t b = kv->free_head; b != NONE; b = kv->blocks[b].older) {
        if (kv->blocks[b].refs != 0 || kv->blocks[b].findable) return false;
        n_free++;
    }
    for (int32_t b = kv->oldest; b != NONE; b = kv->blocks[b].newer) {
        if (kv->blocks[b].refs != 0 || !kv->blocks[b].findable) return false;
        n_cached++;
    }
    for (int32_t b = 0; b < kv->o.n_blocks; b++) {
        unused += kv->blocks[b].refs == 0;
    }
    return n_free == kv->n_free && n_cached == kv->n_cached && n_free + n_cached == unused;
}

/* (5): a cached block's parent, if it still exists, is in use or newer in the list. */
static bool parents_outlive(const struct kv_cache *kv)
{
    for (int32_t b = kv->newest; b != NONE; b = kv->blocks[b].older) {
        for (int32_t c = kv->blocks[b].newer; c != NONE; c = kv->blocks[c].newer) {
            if (kv->blocks[c].parent == kv->blocks[b].uid) return false;
        }
    }
    return true;
}

int kv_cache_check(const struct kv_cache *kv)
{
    for (int32_t b = 0; b < kv->o.n_blocks; b++) {
        const struct block *k = &kv->blocks[b];
        if (k->refs != table_entries(kv, b)) return 1;
        if (!k->findable) continue;
        if (k->fill != KV_BLOCK || index_find(kv, k->parent, &k->space, k->tokens) != b) return 4;
    }
    if (!lists_hold(kv)) return 2;
    if (!parents_outlive(kv)) return 5;
    for (int i = 0; i < kv->o.n_sequences; i++) {
        const struct slot *s = &kv->slots[i];
        if (!s->open) continue;
        if (s->n_blocks * KV_BLOCK < s->n_tokens) return 6;
        for (int j = (s->n_tokens + KV_BLOCK - 1) / KV_BLOCK; j < s->n_blocks; j++) {
            if (kv->blocks[s->table[j]].refs != 1) return 3; /* reserved, to be written */
        }
    }
    return 0;
}
