/* base/file.h - a whole file in memory, read within a limit or mapped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Whether path names something that can be read. */
bool file_exists(const char *path);

/* Whether path names a folder. */
bool file_is_folder(const char *path);

/* Append the content of a regular file of at most max_bytes to out, whose own limit
 * must allow it. False and ERROR_BAD_FILE (missing, unreadable, too large; the
 * message names path) or ERROR_NO_MEMORY. */
bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err);

/* A file's bytes in memory, to be read only; p NULL: none. */
struct file_mapping {
    void *p;
    size_t n;
};

/* Map a regular, non-empty file for reading. False and ERROR_BAD_FILE as above; then there is no
 * mapping. A mapping is given back with file_unmap(). Where the file is cut short while its bytes
 * are being read, the process ends with status 1 and a line that says so. */
bool file_map(const char *path, struct file_mapping *out, struct error *err);

/* Accepts no mapping. */
void file_unmap(struct file_mapping mapping);

/* Tell the system that the bytes of a mapping from offset `from` on are not needed any more:
 * whole pages leave memory (reading them again would fetch them from the file). */
void file_map_drop(struct file_mapping mapping, size_t from);

/* The bytes. */
static inline struct span file_mapping_span(struct file_mapping mapping)
{
    return span_of(mapping.p, mapping.n);
}

#endif
