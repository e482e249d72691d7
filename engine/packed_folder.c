/* engine/packed_folder.c - see packed_folder.h. All names are looked up in the folder that was
 * opened and checked, and none is a link that is followed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/packed_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char part[] = "writing.part", ending[] = ".packed";
enum { KEY_DIGITS = 32, MOST_ENTRIES = 4096 };

/* May nobody but this user and root change it? */
static bool is_ours(const struct stat *s)
{
    return (s->st_uid == geteuid() || s->st_uid == 0) && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int packed_folder_open(const char *path, struct error *err)
{
    struct stat s;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        error_set(err, ERROR_SYSTEM, "packed-cache", "%s", strerror(errno));
        return -1;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) != 0) {
        error_set(err, ERROR_SYSTEM, "packed-cache", "%s", strerror(errno));
    } else if (!is_ours(&s)) {
        error_set(
            err, ERROR_INVALID_VALUE, "packed-cache",
            "others than its user may write to this folder: chown and chmod go-w it, or name a "
            "folder in it, which is then made for this user alone");
    } else {
        return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
}

void packed_folder_name(char *name, const uint64_t key[2])
{
    sprintf(name, "%016" PRIx64 "%016" PRIx64 "%s", key[1], key[0], ending);
}

static bool is_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == KEY_DIGITS && strcmp(name + KEY_DIGITS, ending) == 0;
}

int packed_folder_file(int folder, const char *name, const char **fault)
{
    struct stat s;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    *fault = fd < 0 && errno != ENOENT ? "it cannot be opened" : NULL;
    if (fd < 0) return -1;
    bool known = fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
    if (known && is_ours(&s)) return fd;
    *fault = known ? "others may write to it" : "it is no file";
    close(fd);
    return -1;
}

/* ---- a new one ---- */

struct found {
    int64_t bytes;               /* of all caches but the one of this name, */
    char oldest[KEY_DIGITS + 8]; /* and which of them served longest ago; "": there is none */
};

static bool look(int folder, const char *but, struct found *out)
{
    struct timespec first = {0};
    int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own < 0 ? NULL : fdopendir(own);
    *out = (struct found){0};
    if (dir == NULL) {
        if (own >= 0) close(own);
        return false;
    }
    const struct dirent *e;
    for (int n = 0; n < MOST_ENTRIES && (e = readdir(dir)) != NULL; n++) {
        struct stat s;
        if (!is_name(e->d_name) || strcmp(e->d_name, but) == 0) continue;
        if (fstatat(folder, e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
        out->bytes += s.st_size;
        bool older = s.st_mtim.tv_sec < first.tv_sec ||
                     (s.st_mtim.tv_sec == first.tv_sec && s.st_mtim.tv_nsec < first.tv_nsec);
        if (out->oldest[0] != '\0' && !older) continue;
        first = s.st_mtim;
        snprintf(out->oldest, sizeof(out->oldest), "%s", e->d_name);
    }
    closedir(dir);
    return true;
}

/* Remove what served longest ago until so many bytes fit. */
static bool make_room(int folder, const char *name, int64_t bytes, int64_t most_bytes,
                      struct error *err)
{
    struct found f;
    if (bytes > most_bytes) {
        unlinkat(folder, name, 0); /* of a time when there might be more */
        return error_set(err, ERROR_NO_STORAGE, "packed-cache-bytes",
                         "%lld bytes are more than packed-cache-bytes", (long long)bytes);
    }
    while (look(folder, name, &f) && f.oldest[0] != '\0' && f.bytes + bytes > most_bytes) {
        if (unlinkat(folder, f.oldest, 0) != 0) {
            return error_set(err, ERROR_SYSTEM, NULL, "%s", strerror(errno));
        }
    }
    return true;
}

static bool take_lock(struct packed_new *n, struct error *err)
{
    n->lock = openat(n->folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (n->lock < 0) return error_set(err, ERROR_SYSTEM, NULL, "%s", strerror(errno));
    if (flock(n->lock, LOCK_EX | LOCK_NB) == 0) return true;
    error_set(err, ERROR_SYSTEM, NULL, "another process writes to it");
    close(n->lock);
    return false;
}

bool packed_new_begin(struct packed_new *n, int folder, const char *name, int64_t bytes,
                      int64_t most_bytes, struct error *err)
{
    *n = (struct packed_new){.folder = folder, .name = name, .fd = -1};
    if (!take_lock(n, err)) return false;
    unlinkat(folder, part, 0); /* whoever wrote it is gone: the lock is ours */
    if (make_room(folder, name, bytes, most_bytes, err)) {
        n->fd = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (n->fd >= 0) return true;
        error_set(err, ERROR_SYSTEM, NULL, "%s", strerror(errno));
    }
    close(n->lock);
    return false;
}

bool packed_new_end(struct packed_new *n, bool written, struct error *err)
{
    bool ok = close(n->fd) == 0 && written && renameat(n->folder, part, n->folder, n->name) == 0;
    if (written && !ok) error_set(err, ERROR_SYSTEM, NULL, "%s", strerror(errno));
    if (!ok) unlinkat(n->folder, part, 0);
    close(n->lock);
    return ok;
}
