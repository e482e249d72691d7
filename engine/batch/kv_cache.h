/* engine/batch/kv_cache.h - which block of the KV store belongs to whom.
 *
 * A sequence is a slot with a table of blocks: position p lies in table[p / KV_BLOCK]. Blocks are
 * counted, so sequences share what they have in common: the samples of one prompt share all of
 * it (kv_cache_fork), and a new prompt finds the complete blocks of an equal prefix again
 * (kv_cache_match), whether their first owner still lives or not. What the blocks contain is
 * kv_store.h's business; sharing is sound because equal tokens give equal bits.
 *
 * Engine thread only. kv_cache_new() reserves all memory; nothing else here allocates, and only
 * what says so can fail.
 *
 * Source: PagedAttention, arXiv 2309.06180; prefix reuse after SGLang's RadixAttention, arXiv
 * 2312.07104, with a hash of (parent block, tokens) in place of the tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_KV_CACHE_H
#define ENGINE_BATCH_KV_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/batch/space.h"
#include "engine/forward/kv_store.h"

struct kv_cache;

struct kv_cache_options {
    int n_blocks;                                      /* in the store */
    int n_sequences;                                   /* slots */
    int longest;                                       /* tokens of the longest sequence */
    bool prefix_cache;                                 /* find complete blocks again */
    void (*copy)(void *arg, int32_t dst, int32_t src); /* kv_store_copy, or a test's */
    void *copy_arg;
};

/* An empty cache. NULL and ERROR_NO_MEMORY on failure. Free with kv_cache_free(), which accepts NULL. */
struct kv_cache *kv_cache_new(const struct kv_cache_options *o, struct error *err);
/* Accepts NULL. */
void kv_cache_free(struct kv_cache *kv);

/* An empty sequence whose prefix is shared only with others of this space; -1 when every slot is
 * taken. Ends with kv_cache_close(), which gives its blocks back. */
int kv_cache_open(struct kv_cache *kv, const struct space *space);
/* The sequence ends: its blocks go back, those that are findable stay cached. */
void kv_cache_close(struct kv_cache *kv, int seq);

/* When the KV_BLOCK tokens that follow those of seq (which fill whole blocks) are known already,
 * share their block and say true. Always false without prefix_cache. */
bool kv_cache_match(struct kv_cache *kv, int seq, const int tokens[KV_BLOCK]);

/* A new sequence that shares everything `from` has stored; -1 when every slot is taken. */
int kv_cache_fork(struct kv_cache *kv, int from);

/* Make room for n more tokens after those committed, in blocks that belong to seq alone (a
 * shared unfinished one is copied first). Takes unused cached blocks, oldest first. False
 * when there are not enough: then nothing has changed. */
bool kv_cache_reserve(struct kv_cache *kv, int seq, int n);

/* The next n reserved positions now hold these tokens. Blocks that this completes become
 * findable; one that is known already is given back and the known one shared. */
void kv_cache_commit(struct kv_cache *kv, int seq, const int *tokens, int n);

/* Tokens committed. */
int kv_cache_tokens(const struct kv_cache *kv, int seq);
/* Its table of blocks; good until seq changes. */
const int32_t *kv_cache_table(const struct kv_cache *kv, int seq);

/* Blocks a reservation can still get: free ones and unused cached ones. */
int kv_cache_available(const struct kv_cache *kv);
/* Blocks of live sequences, shared ones counted once. */
int kv_cache_used(const struct kv_cache *kv);

/* Forget every cached block that no live sequence uses. */
void kv_cache_reset(struct kv_cache *kv);

/* The number of the first invariant (kv_cache.c) that does not hold, 0 when all do. For tests:
 * walks everything. */
int kv_cache_check(const struct kv_cache *kv);

#endif
