/* reward/code/workdir.c - see workdir.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/workdir.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "reward/code/cell.h"

enum { MAX_DEPTH = 128, NAMES_TRIED = 100, CLEAR_MS = 10000, PAUSE_NS = 1000000 };

static bool fault(char *error, size_t room, const char *what, const char *name)
{
    snprintf(error, room, "%s %.60s: %s", what, name, strerror(errno));
    return false;
}

/* Every run has a name of its own: what an earlier one could not be rid of is in nobody's way. */
static bool make_numbered(struct walls *w)
{
    for (int i = 0; i < NAMES_TRIED; i++) {
        snprintf(w->work, sizeof(w->work), "%.60s/%u", w->box, w->n_runs++);
        if (mkdir(w->work, 0700) == 0) return true;
        if (errno != EEXIST) return false;
    }
    return false;
}

bool workdir_make(struct walls *w, const struct sandbox_limits *l, char *error, size_t room)
{
    if (!w->layers.private_tmpfs) {
        return make_numbered(w) || fault(error, room, "cannot make", "the work directory");
    }
    return namespaces_mount_work(w->work, l->work_bytes, l->work_files) ||
           fault(error, room, "cannot mount", "the work directory");
}

/* ---- laying files -------------------------------------------------------------------------------- */

static bool make_parents(int dir, char *name)
{
    for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool ok = mkdirat(dir, name, 0755) == 0 || errno == EEXIST;
        *slash = '/';
        if (!ok) return false;
    }
    return true;
}

static bool write_all(int fd, struct span s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        s = span_slice(s, (size_t)n, s.n);
    }
    return true;
}

static bool lay(int dir, const struct sandbox_file *f)
{
    char name[CELL_MAX_NAME + 1];
    assert(sandbox_is_file_name(f->name)); /* the order was checked before it was sent */
    snprintf(name, sizeof(name), "%s", f->name);
    if (!make_parents(dir, name)) return false;
    mode_t mode = f->executable ? 0755 : 0644;
    int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return false;
    bool ok = write_all(fd, f->content);
    return close(fd) == 0 && ok;
}

bool workdir_lay(const struct walls *w, const struct sandbox_file *files, size_t n, char *error,
                 size_t room)
{
    int dir = open(w->work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return fault(error, room, "cannot open", "the work directory");
    size_t i = 0;
    while (i < n && lay(dir, &files[i])) {
        i++;
    }
    bool ok = i == n || fault(error, room, "cannot write", files[i].name);
    close(dir);
    return ok;
}

/* ---- fetching --------------------------------------------------------------------------------------- */

static int open_below(const char *work, const char *name)
{
    char part[CELL_MAX_NAME + 1];
    snprintf(part, sizeof(part), "%s", name);
    int dir = open(work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char *p = part;
    for (char *slash; dir >= 0 && (slash = strchr(p, '/')) != NULL; p = slash + 1) {
        *slash = '\0';
        int next = openat(dir, p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(dir);
        dir = next;
    }
    if (dir < 0) return -1;
    int fd = openat(dir, p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    close(dir);
    return fd;
}

bool workdir_fetch(const struct walls *w, const char *name, size_t limit, struct buffer *out)
{
    struct stat st;
    int fd = open_below(w->work, name);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= limit;
    char bytes[16384];
    for (ssize_t n; ok && (n = read(fd, bytes, sizeof(bytes))) != 0;) {
        ok = n > 0 && out->n + (size_t)n <= limit;
        if (ok) buffer_add(out, bytes, (size_t)n);
    }
    if (fd >= 0) close(fd);
    return ok && !out->failed;
}

/* ---- removing ---------------------------------------------------------------------------------------- */

static int open_folder(int dir, const char *name)
{
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A folder, with all rights in it. A program may have taken its own right to enter one; it is the
 * same user's, so that is given back, through a descriptor, for a name might have become another
 * thing's. */
static int enter_folder(int dir, const char *name)
{
    char self[40];
    int fd = open_folder(dir, name);
    if (fd < 0 && errno == EACCES) {
        int handle = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
        if (handle >= 0 && chmod(self, 0700) == 0) fd = open_folder(dir, name);
        if (handle >= 0) close(handle);
    }
    if (fd >= 0) fchmod(fd, 0700);
    return fd;
}

/* A removal under way. */
struct removal {
    int top;         /* what is nested too deep moves here, for the next round */
    unsigned moved;  /* so many */
    uint64_t due_ns; /* when to give up */
};

static void empty_folder(struct removal *r, int fd, int depth);

static void remove_entry(struct removal *r, int fd, const char *name, int depth)
{
    if (unlinkat(fd, name, 0) == 0) return;
    int child = enter_folder(fd, name);
    if (child >= 0 && depth < MAX_DEPTH) {
        empty_folder(r, child, depth + 1);
    } else if (child >= 0) {
        char other[32];
        snprintf(other, sizeof(other), ".deep-%u", r->moved++);
        close(child);
        if (renameat(fd, name, r->top, other) == 0) return;
    }
    unlinkat(fd, name, AT_REMOVEDIR);
}

/* fd is taken. */
static void empty_folder(struct removal *r, int fd, int depth)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return;
    }
    for (struct dirent *e; clock_ns() < r->due_ns && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        remove_entry(r, fd, e->d_name, depth);
    }
    closedir(dir);
}

/* Folders nested deeper than MAX_DEPTH come away a layer at a time. A failure may pass (the
 * machine is out of descriptors or memory for a moment), so until the time is up each is followed
 * by another try. */
bool workdir_remove(const char *path, int within_ms)
{
    struct removal r = {.due_ns = clock_ns() + clock_ms_to_ns(within_ms)};
    for (long tries = 0; rmdir(path) != 0; tries++) {
        struct timespec pause = {.tv_nsec = tries < 10 ? 0 : PAUSE_NS};
        if (errno == ENOENT) return true;
        if (clock_ns() >= r.due_ns) return false;
        if (pause.tv_nsec > 0) nanosleep(&pause, NULL);
        int fd = enter_folder(AT_FDCWD, path);
        if (fd < 0) continue;
        r.top = dup(fd);
        empty_folder(&r, fd, 0);
        if (r.top >= 0) close(r.top);
    }
    return true;
}

bool workdir_clear(const struct walls *w)
{
    if (w->layers.private_tmpfs) return namespaces_unmount_work(w->work);
    return workdir_remove(w->work, CLEAR_MS);
}

/* ---- measuring ------------------------------------------------------------------------------------------ */

struct usage {
    size_t bytes, files;
    const struct sandbox_limits *limits;
};

static bool is_over(const struct usage *u)
{
    return u->bytes > u->limits->work_bytes || u->files > (size_t)u->limits->work_files;
}

/* fd is taken. The program may change all of it meanwhile: what cannot be read counts nothing. */
static void measure(int fd, int depth, struct usage *u)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return;
    }
    for (struct dirent *e; !is_over(u) && (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        u->files++;
        u->bytes += (size_t)st.st_blocks * 512;
        if (!S_ISDIR(st.st_mode)) continue;
        if (depth >= MAX_DEPTH) u->files = SIZE_MAX; /* nobody honest nests so deep */
        if (is_over(u)) break;
        int child = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0) measure(child, depth + 1, u);
    }
    closedir(dir);
}

bool workdir_exceeds(const struct walls *w, const struct sandbox_limits *l)
{
    struct usage u = {.limits = l};
    int fd = open(w->work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) measure(fd, 0, &u);
    return is_over(&u);
}

bool workdir_has_room(const struct walls *w, const struct sandbox_limits *l)
{
    struct statvfs fs;
    struct usage u = {.limits = l};
    if (w->layers.private_tmpfs || statvfs(w->box, &fs) != 0) return true;
    int fd = open(w->work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) measure(fd, 0, &u);
    uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return is_over(&u) || (free_bytes + u.bytes >= l->work_bytes &&
                           (fs.f_files == 0 || fs.f_favail + u.files >= (fsfilcnt_t)l->work_files));
}
