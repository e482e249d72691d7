/* base/file.c - see file.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool fail(struct error *err, const char *path)
{
    return error_set(err, ERROR_BAD_FILE, NULL, "%s: %s", path, strerror(errno));
}

static bool read_all(int fd, const char *path, size_t max_bytes, struct buffer *out,
                     struct error *err)
{
    char chunk[64 * 1024];
    for (size_t total = 0;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(err, path);
        if (n == 0) break;
        total += (size_t)n; /* a file may grow while it is read */
        if (total > max_bytes) {
            return error_set(err, ERROR_BAD_FILE, NULL, "%s: more than %zu bytes", path, max_bytes);
        }
        buffer_add(out, chunk, (size_t)n);
    }
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "%s: out of memory", path);
}

bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail(err, path);
    struct stat s;
    bool ok = fstat(fd, &s) == 0 || fail(err, path);
    if (ok && !S_ISREG(s.st_mode)) {
        ok = error_set(err, ERROR_BAD_FILE, NULL, "%s: not a regular file", path);
    }
    ok = ok && read_all(fd, path, max_bytes, out, err);
    close(fd);
    return ok;
}

/* The kernel's signal for bytes that a mapped file does not have any more. There is no going on
 * without them, but whoever replaced the file should learn of it. */
static void on_lost_bytes(int number)
{
    static const char why[] = "touchstone: a file was cut short while it was read\n";
    (void)number;
    ssize_t n = write(STDERR_FILENO, why, sizeof(why) - 1);
    (void)n;
    _exit(1);
}

bool file_map(const char *path, struct file_mapping *out, struct error *err)
{
    *out = (struct file_mapping){0};
    signal(SIGBUS, on_lost_bytes);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail(err, path);
    struct stat s;
    bool ok = fstat(fd, &s) == 0 || fail(err, path);
    if (ok && (!S_ISREG(s.st_mode) || s.st_size == 0)) {
        ok = error_set(err, ERROR_BAD_FILE, NULL, "%s: not a file with anything in it", path);
    }
    void *map = MAP_FAILED;
    if (ok) map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (ok && map == MAP_FAILED) ok = fail(err, path);
    close(fd);
    if (ok) *out = (struct file_mapping){map, (size_t)s.st_size};
    return ok;
}

void file_unmap(struct file_mapping mapping)
{
    if (mapping.p != NULL) munmap(mapping.p, mapping.n);
}

void file_map_drop(struct file_mapping mapping, size_t from)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    from = (from + page - 1) / page * page;
    if (from >= mapping.n) return;
    madvise((char *)mapping.p + from, mapping.n - from, MADV_DONTNEED);
}
