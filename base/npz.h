/* base/npz.h - numpy's .npz: a zip archive of arrays, written straight into a buffer.
 *
 * Arrays have one dimension and are stored as they lie in memory, not compressed, so that a reader gets
 * them without parsing a number:
 *
 *   npz_begin(&z, out);
 *   npz_open(&z, "rewards", NPZ_FLOAT32, 3);
 *   npz_put(&z, rewards, sizeof(rewards));     any number of times, until 3 are there
 *   npz_close(&z);
 *   npz_end(&z);
 *
 * Sources: numpy, "NPY format" (numpy.lib.format), version 1.0; PKWARE's APPNOTE 6.3.10, 4.3. Numbers are
 * little-endian, as this program's machines are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_NPZ_H
#define BASE_NPZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { NPZ_ARRAYS = 32, NPZ_NAME_BYTES = 32 };

enum npz_type { NPZ_UINT8, NPZ_INT32, NPZ_INT64, NPZ_FLOAT32 };

struct npz {
    struct buffer *out; /* borrowed; whoever writes asks it at the end whether all fitted */
    size_t start;       /* of the archive in out */
    size_t data;        /* where the open array's bytes begin, its .npy header included */
    size_t due;         /* bytes of it that are still to come */
    int n;
    struct {
        char name[NPZ_NAME_BYTES]; /* with ".npy" */
        uint32_t at, bytes, crc;   /* of its header, from start; of its content */
    } arrays[NPZ_ARRAYS];
};

/* Begin an archive behind what out holds. It must stay below 4 GiB, as out's limit says. */
void npz_begin(struct npz *z, struct buffer *out);

/* Begin an array of n numbers; name is shorter than NPZ_NAME_BYTES - 4. */
void npz_open(struct npz *z, const char *name, enum npz_type type, size_t n);

/* Some of its bytes. */
void npz_put(struct npz *z, const void *p, size_t bytes);

/* All of them are there. */
void npz_close(struct npz *z);

/* No more arrays: the directory. */
void npz_end(struct npz *z);

#endif
