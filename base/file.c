/* base/file.c - see file.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- opening beneath a folder ---- */

/* One step of a walk that follows no link. */
static int step_beneath(int folder, struct span name, int flags)
{
    char text[NAME_MAX + 1] = ".";
    if (name.n > NAME_MAX || span_is(name, "..")) {
        errno = name.n > NAME_MAX ? ENAMETOOLONG : EXDEV;
        return -1;
    }
    if (name.n > 0) {
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
    }
    return openat(folder, text, flags | O_NOFOLLOW);
}

int file_walk_beneath(int root, const char *path, int flags)
{
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    for (bool last = false; at >= 0 && !last;) {
        size_t n = strcspn(path, "/");
        const char *next = path + n + strspn(path + n, "/");
        last = *next == '\0';
        int below =
            step_beneath(at, span_of(path, n), last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC);
        int why = errno;
        close(at);
        errno = why;
        at = below;
        path = next;
    }
    return at;
}

int file_open_beneath(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    bool cannot = fd < 0 && (errno == ENOSYS || errno == EPERM);
    return cannot ? file_walk_beneath(root, path, flags) : fd;
}

bool file_identify(int fd, struct file_identity *out)
{
    struct stat s;
    if (fstat(fd, &s) != 0) return false;
    *out = (struct file_identity){
        .device = s.st_dev,
        .inode = s.st_ino,
        .size = s.st_size,
        .modified_ns = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec,
        .changed_ns = (int64_t)s.st_ctim.tv_sec * 1000000000 + s.st_ctim.tv_nsec};
    return true;
}

/* ---- visits ---- */

struct visited {
    char *path;
    struct stat was;
    int watch; /* index of its range, which is not given back before file_visit_was_whole() */
};

/* Ranges of memory where lost bytes read as zeros. The handler of a signal looks at them, so they lie
 * still: a range is free while begin is 0. */
enum { WATCHES = 8192 };
static struct {
    _Atomic uintptr_t begin, end;
    _Atomic bool torn;
} watches[WATCHES];
static pthread_mutex_t watches_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct file_visit *visit; /* this thread's, NULL: none */

void file_visit_begin(struct file_visit *v, int root)
{
    assert(visit == NULL);
    *v = (struct file_visit){.root = root};
    visit = v;
}

void file_visit_leave(struct file_visit *v)
{
    assert(visit == v || visit == NULL);
    visit = NULL;
}

static int watch(const void *p, size_t n)
{
    int found = -1;
    pthread_mutex_lock(&watches_lock);
    for (int i = 0; i < WATCHES && found < 0; i++) {
        if (watches[i].begin == 0) found = i;
    }
    if (found >= 0) {
        watches[found].torn = false;
        watches[found].end = (uintptr_t)p + n;
        watches[found].begin = (uintptr_t)p;
    }
    pthread_mutex_unlock(&watches_lock);
    return found;
}

/* As far as it is one. Its place in a visit keeps what became of it. */
static void unwatch(const void *p)
{
    for (int i = 0; i < WATCHES; i++) {
        if (watches[i].begin == (uintptr_t)p) watches[i].begin = 0;
    }
}

static bool is_as_it_was(const struct visited *f, const struct stat *now)
{
    const struct stat *was = &f->was;
    if (now->st_dev != was->st_dev || now->st_ino != was->st_ino) return true; /* ours lies apart */
    return now->st_size == was->st_size && now->st_mtim.tv_sec == was->st_mtim.tv_sec &&
           now->st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

static int open_here(const struct file_visit *v, const char *path, int flags)
{
    flags |= O_CLOEXEC;
    if (v == NULL || v->root < 0) return open(path, flags);
    return file_open_beneath(v->root, path, flags);
}

bool file_visit_was_whole(const struct file_visit *v, const char **path)
{
    struct stat now;
    for (int i = 0; i < v->n; i++) {
        const struct visited *f = &v->files[i];
        *path = f->path;
        if (watches[f->watch].torn) return false;
        int fd = open_here(v, f->path, O_RDONLY | O_NONBLOCK);
        bool same = fd < 0 || fstat(fd, &now) != 0 || is_as_it_was(f, &now);
        if (fd >= 0) close(fd);
        if (!same) return false;
    }
    return true;
}

void file_visit_end(struct file_visit *v)
{
    file_visit_leave(v);
    for (int i = 0; i < v->n; i++) {
        free(v->files[i].path);
    }
    free(v->files);
    *v = (struct file_visit){.root = -1};
}

/* Remember a mapping of the visit, and watch it. */
static bool note(struct file_visit *v, const char *path, const struct stat *s,
                 struct file_mapping mapping, struct error *err)
{
    if (!mem_reserve(&v->files, v->n + 1, &v->room, sizeof(*v->files))) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a list of files");
    }
    struct visited *f = &v->files[v->n];
    *f = (struct visited){.was = *s, .path = mem_text(span_str(path), err)};
    if (f->path == NULL) return false;
    f->watch = watch(mapping.p, mapping.n);
    v->n++;
    if (f->watch >= 0) return true;
    free(f->path);
    v->n--;
    return error_set(err, ERROR_BAD_FILE, NULL, "%s: more than %d files", path, (int)WATCHES);
}

/* ---- what there is ---- */

bool file_led_out(void)
{
    return visit != NULL && visit->root >= 0 && (errno == EXDEV || errno == ELOOP);
}

bool file_exists(const char *path)
{
    if (visit == NULL || visit->root < 0) return access(path, F_OK) == 0;
    int fd = open_here(visit, path, O_PATH);
    if (fd >= 0) close(fd);
    return fd >= 0 || file_led_out();
}

bool file_is_folder(const char *path)
{
    int fd = open_here(visit, path, O_PATH | O_DIRECTORY);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

DIR *file_open_folder(const char *path)
{
    int fd = open_here(visit, path, O_RDONLY | O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL && fd >= 0) close(fd);
    return dir;
}

/* ---- reading ---- */

/* What errno says of path: that memory ran out is no fault of the file's. */
static bool fail(struct error *err, const char *path)
{
    enum error_code code = errno == ENOMEM ? ERROR_NO_MEMORY : ERROR_BAD_FILE;
    if (file_led_out()) {
        return error_set(err, ERROR_PATH_NOT_ALLOWED, NULL,
                         "%s leads out of the folder that the server may read (--path-root)", path);
    }
    return error_set(err, code, NULL, "%s: %s", path, strerror(errno));
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

int file_new_unnamed(const char *folder, struct error *err)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) fd = new_unnamed(folder);
    if (fd >= 0) return fd;
    error_set(err, ERROR_NO_STORAGE, NULL, "no file can be made in %.120s: %s", folder,
              strerror(errno));
    return -1;
}

bool file_read(const char *path, size_t max_bytes, struct buffer *out, struct error *err)
{
    int fd = open_here(visit, path, O_RDONLY | O_NONBLOCK);
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

/* ---- mapping ---- */

/* The kernel's signal for bytes that a mapped file does not have any more. In a watched mapping they
 * are zeros from now on, and it is known that they were lost. Otherwise there is no going on, but
 * whoever replaced the file should learn of it. */
static void on_lost_bytes(int number, siginfo_t *what, void *context)
{
    static const char why[] = "touchstone: a file was cut short while it was read\n";
    static const size_t page = 4096;
    uintptr_t at = (uintptr_t)what->si_addr;
    (void)number;
    (void)context;
    for (int i = 0; i < WATCHES; i++) {
        uintptr_t begin = watches[i].begin;
        uintptr_t end = (watches[i].end + page - 1) & ~(uintptr_t)(page - 1);
        if (begin == 0 || at < begin || at >= end) continue;
        watches[i].torn = true;
        void *from = (void *)(at & ~(uintptr_t)(page - 1)); /* NOLINT: an address it is */
        void *zeros = mmap(from, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros == from) return;
    }
    ssize_t n = write(STDERR_FILENO, why, sizeof(why) - 1);
    (void)n;
    _exit(1);
}

static void catch_lost_bytes(void)
{
    struct sigaction act = {.sa_sigaction = on_lost_bytes, .sa_flags = SA_SIGINFO};
    sigemptyset(&act.sa_mask);
    sigaction(SIGBUS, &act, NULL);
}

bool file_map_fd(int fd, const char *path, struct file_mapping *out, struct error *err)
{
    struct stat s;
    *out = (struct file_mapping){0};
    catch_lost_bytes();
    if (fstat(fd, &s) != 0) return fail(err, path);
    if (!S_ISREG(s.st_mode) || s.st_size == 0) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%s: not a file with anything in it", path);
    }
    void *map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) return fail(err, path);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct file_mapping){
        .p = map, .n = (size_t)s.st_size, .at_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec};
    file_identify(fd, &out->is);
    if (visit == NULL || note(visit, path, &s, *out, err)) return true;
    munmap(map, out->n);
    *out = (struct file_mapping){0};
    return false;
}

bool file_map(const char *path, struct file_mapping *out, struct error *err)
{
    *out = (struct file_mapping){0};
    int fd = open_here(visit, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0) return fail(err, path);
    bool ok = file_map_fd(fd, path, out, err);
    close(fd);
    return ok;
}

void file_unmap(struct file_mapping mapping)
{
    if (mapping.p == NULL) return;
    unwatch(mapping.p);
    munmap(mapping.p, mapping.n);
}

void file_map_drop(struct file_mapping mapping, struct span bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)mapping.p;
    uintptr_t begin = (uintptr_t)bytes.p, end = begin + bytes.n, last = first + mapping.n;
    if (begin < first) begin = first;
    begin = (begin + page - 1) / page * page;
    if (end < last) end = end / page * page;
    if (end > last) end = last; /* the page that the file ends in is whole */
    if (mapping.p == NULL || begin >= end) return;
    madvise((char *)mapping.p + (begin - first), end - begin, MADV_DONTNEED);
}
