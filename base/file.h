/* base/file.h - a whole file in memory, within a limit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

bool file_exists(const char *path);

/* Append the content of a regular file of at most max_bytes to out, whose own limit
 * must allow it. False and ERROR_BAD_FILE (missing, unreadable, too large; the
 * message names path) or ERROR_NO_MEMORY. */
bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err);

#endif
