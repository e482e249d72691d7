/* engine/packed_cache.h - packed weights kept in a file, so that the next start need not pack them.
 *
 * A file holds what weights_pack() made of a model, after a page that says of what:
 *
 *   head (2 MiB, of which a page is used): magic, program, key, layout, bytes, tensors, their SHA-256, sums
 *   data: the packed tensors as they lie in memory, the same for every kernel set (kernels/layout.h), in large
 *     pages where the file system caches files in such
 *
 * The key, of which the file is named, is a hash of what the result depends on: which files the
 * model's are (device, inode, size, times: whoever writes to one changes them), the model's sizes
 * and constants, the type that floats become, the layout's version, the program's. So the model
 * itself is not read again; its SHA-256 is the one that was taken when it was packed.
 *
 * - What serves has been checked whole: the head by its sum, the data by XXH3 of 128 bits of every
 *   4 MiB of it. Nothing of that resists somebody who may write to the file, so only files and
 *   folders that nobody but this user (or root) may write to are believed.
 * - A file comes into being under its name whole (rename), by one process at a time (a lock in the
 *   folder), and is never written to again; one that is removed lives on in those that have it mapped.
 * - Files of ours are removed, the one that served longest ago first, until a new one fits into the
 *   limit.
 *
 * A cache that is of no use costs a line in the log, never a start. The file is not synced: one
 * that a crash left behind half is refused, and written anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_PACKED_CACHE_H
#define ENGINE_PACKED_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "engine/forward/weights.h"

struct model;
struct pool;

enum { PACKED_NAME = 48 };

struct packed_cache {
    int folder; /* -1: none */
    const char *path;
    int64_t most_bytes; /* of all files in it */
    uint64_t key[2];
    char name[PACKED_NAME]; /* of the file */
};

/* What is kept beside the weights: of the model's tensors. */
struct packed_label {
    char sha256[DIGEST_HEX]; /* engine/model/content.h */
    size_t tensors;
};

/* The cache in the folder `path`, which is made where there is none, for m packed by plan. path
 * NULL, a model that is no file, a folder that others may write to: no cache. Close with
 * packed_cache_close(). */
void packed_cache_open(struct packed_cache *c, const char *path, int64_t most_bytes,
                       const struct model *m, const struct weights_plan *plan);
/* Accepts no cache. */
void packed_cache_close(struct packed_cache *c);

/* Map and check the file. False: there is none, or none that may be believed. *out is
 * weights_pack()'s to take. */
bool packed_cache_load(const struct packed_cache *c, struct pool *pool, struct weights_packed *out,
                       struct packed_label *label);

/* Write w, packed from m just now, and remove what must go for it. Accepts no cache. */
void packed_cache_save(const struct packed_cache *c, const struct model *m, const struct weights *w,
                       const struct packed_label *label, struct pool *pool);

#endif
