/* engine/packed_folder.h - the folder of packed_cache.h: who may write to it, what lies in it, how
 * a file comes and goes.
 *
 *   <32 digits>.packed   a cache
 *   writing.part         the one that is being written, by whoever has the lock
 *   lock
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_PACKED_FOLDER_H
#define ENGINE_PACKED_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The folder's descriptor, the folder made where there is none. -1: it cannot be opened, or others
 * may write to it. */
int packed_folder_open(const char *path, struct error *err);

/* The name of the file of that key: at most 47 bytes and a NUL. */
void packed_folder_name(char *name, const uint64_t key[2]);

/* The file of that name, to be read. -1: there is none, or (*fault says why) it may not be believed. */
int packed_folder_file(int folder, const char *name, const char **fault);

/* A file to be. */
struct packed_new {
    int folder, lock, fd;
    const char *name;
};

/* Begin a file of so many bytes, having removed others until it fits into most_bytes. False, with
 * nothing to end: another process writes, it is too large (one of its name goes then, too), or the
 * folder cannot be written to. */
bool packed_new_begin(struct packed_new *n, int folder, const char *name, int64_t bytes,
                      int64_t most_bytes, struct error *err);
/* It has been written and gets its name, or it has not and goes. False: it went. */
bool packed_new_end(struct packed_new *n, bool written, struct error *err);

#endif
