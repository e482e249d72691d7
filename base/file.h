/* base/file.h - a whole file in memory, read within a limit or mapped; and visits to files that a
 * client names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"

/* Whether path names something that can be read, or (of a visit) leads out: whoever opens it is told
 * that. */
bool file_exists(const char *path);

/* Whether path names a folder; errno says why not. */
bool file_is_folder(const char *path);

/* The folder's entries, for readdir() and closedir(). NULL and errno when there is none. */
DIR *file_open_folder(const char *path);

/* Append the content of a regular file of at most max_bytes to out, whose own limit
 * must allow it. False and ERROR_BAD_FILE (missing, unreadable, too large; the
 * message names path), ERROR_PATH_NOT_ALLOWED (of a visit: it leads out) or ERROR_NO_MEMORY. */
bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err);

/* Which file this is, as far as one can tell without reading it: where one has changed or been replaced, some
 * of these differ. */
struct file_identity {
    uint64_t device, inode;
    int64_t size, modified_ns, changed_ns; /* times since 1970 */
};

/* Of an open file. False and errno. */
bool file_identify(int fd, struct file_identity *out);

/* A file's bytes in memory, to be read only; p NULL: none. */
struct file_mapping {
    void *p;
    size_t n;
    struct file_identity is; /* when it was mapped, */
    int64_t at_ns;           /* which was then */
};

/* An empty file on the file system of this folder, to be read and written, without a name: what it
 * holds is gone with its last descriptor, however the program ends. The folder is the operator's: no
 * visit bounds it. -1 and ERROR_NO_STORAGE. */
int file_new_unnamed(const char *folder, struct error *err);

/* Map a regular, non-empty file for reading. False and ERROR_BAD_FILE as above; then there is no
 * mapping. A mapping is given back with file_unmap(). Where the file is cut short while its bytes
 * are being read, the process ends with status 1 and a line that says so; but see visits. */
bool file_map(const char *path, struct file_mapping *out, struct error *err);

/* The same of an open file, which stays the caller's; name is for messages. */
bool file_map_fd(int fd, const char *name, struct file_mapping *out, struct error *err);

/* Accepts no mapping. */
void file_unmap(struct file_mapping mapping);

/* Tell the system that these bytes, of which some may lie in a mapping, are not needed any more: the
 * mapping's whole pages among them leave memory (reading them again would fetch them from the file). */
void file_map_drop(struct file_mapping mapping, struct span bytes);

/* The bytes. */
static inline struct span file_mapping_span(struct file_mapping mapping)
{
    return span_of(mapping.p, mapping.n);
}

/* ---- visits ---- */

/* A visit to files that a client named. From file_visit_begin() to file_visit_leave() what this
 * thread opens, by the functions above, lies beneath a folder, no link leads out of it, and every
 * mapping is watched: where its file is cut short its bytes read as zeros instead of ending the
 * process. Whoever has read all that it wanted asks file_visit_was_whole() whether it may be
 * believed. Mappings may be made only while the visit is begun, read from any thread, and must be
 * given back before file_visit_end(). */
struct file_visit {
    int root; /* descriptor of the folder; -1: anywhere */
    struct visited *files;
    int n, room;
};

/* Begin. The descriptor stays the caller's. */
void file_visit_begin(struct file_visit *v, int root);
/* This thread opens files as ever. */
void file_visit_leave(struct file_visit *v);
/* Are the files that were mapped, and still are, as they were then? Else the name of one that is not, in
 * *path. */
bool file_visit_was_whole(const struct file_visit *v, const char **path);
/* Forget it. */
void file_visit_end(struct file_visit *v);

/* Is it why the function above that has just failed did, and left errno, that this thread's visit is
 * beneath a folder and what was asked for leads out of it? */
bool file_led_out(void);

/* Open path beneath the folder `root`, as open() with flags would, following no link out of it (none at
 * all where the system cannot tell). -1 and errno otherwise; EXDEV and ELOOP: it leads out. */
int file_open_beneath(int root, const char *path, int flags);
/* The same where the system cannot tell: folder by folder, following no link at all. */
int file_walk_beneath(int root, const char *path, int flags);

#endif
