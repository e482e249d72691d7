/* reward/code/workdir.c - see workdir.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reward/code/cell.h"

enum { MAX_DEPTH = 256 };

static bool fault(char *error, size_t room, const char *what, const char *name)
{
    snprintf(error, room, "%s %.60s: %s", what, name, strerror(errno));
    return false;
}

bool workdir_make(const struct walls *w, const struct sandbox_limits *l, char *error, size_t room)
{
    if (w->layers.private_tmpfs) {
        return namespaces_mount_work(w->work, l->work_bytes, l->work_files) ||
               fault(error, room, "cannot mount", "the work directory");
    }
    return mkdir(w->work, 0700) == 0 || fault(error, room, "cannot make", "the work directory");
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

/* Everything in the folder fd (taken). A program may have taken its own right to enter a folder: it is
 * the same user's, so the right is given back. */
static void empty_folder(int fd, int depth, int top)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (unlinkat(fd, e->d_name, 0) == 0) continue;
        int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int child = openat(fd, e->d_name, flags);
        if (child < 0 && errno == EACCES && fchmodat(fd, e->d_name, 0700, 0) == 0) {
            child = openat(fd, e->d_name, flags);
        }
        if (child >= 0 && depth < MAX_DEPTH) {
            fchmod(child, 0700);
            empty_folder(child, depth + 1, top);
        } else if (child >= 0) {
            char name[32]; /* what is nested deeper moves to the top, for the next round */
            snprintf(name, sizeof(name), ".deep-%ld", (long)telldir(dir));
            close(child);
            if (renameat(fd, e->d_name, top, name) == 0) continue;
        }
        unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

void workdir_remove(const char *path)
{
    /* Folders nested deeper than MAX_DEPTH come away a layer at a time. */
    for (int i = 0; i < MAX_DEPTH && rmdir(path) != 0 && errno != ENOENT; i++) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == EACCES && chmod(path, 0700) == 0) continue;
        if (fd < 0) return;
        fchmod(fd, 0700);
        int top = dup(fd);
        empty_folder(fd, 0, top);
        close(top);
    }
}

void workdir_clear(const struct walls *w)
{
    if (w->layers.private_tmpfs)
        namespaces_unmount_work(w->work);
    else
        workdir_remove(w->work);
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
        if (!S_ISDIR(st.st_mode) || depth >= MAX_DEPTH) continue;
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
