/* engine/staging_file.c - see staging_file.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/staging_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a file system knows no files without names: one whose name is taken away at once. */
static int new_unnamed(const char *folder)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/touchstone-XXXXXX", folder);
    if (n < 0 || n >= (int)sizeof(path)) return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    return fd;
}

int staging_file_new(const char *folder, struct error *err)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) fd = new_unnamed(folder);
    if (fd >= 0) return fd;
    error_set(err, ERROR_NO_STORAGE, NULL, "no file can be made in %.120s: %s", folder, strerror(errno));
    return -1;
}
