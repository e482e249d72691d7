/* engine/sample/form/mask_cache.h - masks by the state that they belong to: most states of an output come again.
 *
 * Bounded by MASK_CACHE_BYTES, whatever the vocabulary; the mask unused longest goes first. Memory is
 * taken as masks come. A mask is found by comparing whole keys. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_MASK_CACHE_H
#define ENGINE_SAMPLE_FORM_MASK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/sample/form/form.h"

enum {
    MASK_CACHE_BYTES = 48 << 20, /* masks and keys; about 2,500 masks of 152,000 tokens */
    MASK_CACHE_MOST = 1 << 14    /* masks */
};

struct mask_cache;

/* What a mask depends on. Compared byte by byte: no padding. */
struct mask_key {
    struct form_cursor cursor; /* form NULL: uid has its number, which no later form gets */
    uint64_t uid;
    uint64_t skip_special;
};

/* For masks of n_words. NULL and ERROR_NO_MEMORY on failure. Free with mask_cache_free(), which
 * accepts NULL. */
struct mask_cache *mask_cache_new(size_t n_words, struct error *err);
/* Accepts NULL. */
void mask_cache_free(struct mask_cache *c);

/* Copy the mask of key to mask. False when it is not there. */
bool mask_cache_get(struct mask_cache *c, const struct mask_key *key, uint64_t *mask);

/* Remember the mask of key, if there is memory for it. */
void mask_cache_put(struct mask_cache *c, const struct mask_key *key, const uint64_t *mask);

/* Masks found so far, and masks asked for. */
void mask_cache_counts(struct mask_cache *c, uint64_t *found, uint64_t *asked);

#endif
