/* server/weights/paths.c - see paths.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/paths.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/http/state.h"

/* Nobody from another machine can ask. */
static bool listens_here_alone(const struct server *s)
{
    for (int i = 0; i < LISTENERS; i++) {
        if (s->listeners[i].exposed) return false;
    }
    return true;
}

static bool not_allowed(const char *field, struct error *err)
{
    return error_set(err, ERROR_PATH_NOT_ALLOWED, field,
                     "%s does not lie beneath a folder that the server may read (--path-root)",
                     field);
}

/* Take away what names nothing: empty and "." components, so "/a//./b/" is "/a/b". What names the
 * folder above is kept, and refused where the path is opened: behind a link it leads elsewhere than a
 * text tells. */
static void tidy(char *path)
{
    char *to = path + (path[0] == '/');
    for (const char *at = to; *at != '\0';) {
        size_t n = strcspn(at, "/");
        const char *next = at + n + strspn(at + n, "/");
        if (n > 0 && !(n == 1 && at[0] == '.')) {
            if (to > path && to[-1] != '/') *to++ = '/';
            memmove(to, at, n);
            to += n;
        }
        at = next;
    }
    if (to == path) *to++ = '.';
    *to = '\0';
}

/* Plain text of a path, tidy: of "file:///a", "file:/a" and "/a". */
static bool read_path(struct span given, const char *field, char path[PATH_MAX], struct error *err)
{
    static const char *const schemes[] = {"file://", "file:"};
    for (int i = 0; i < 2; i++) {
        struct span scheme = span_str(schemes[i]);
        if (!span_starts(given, scheme)) continue;
        given = span_slice(given, scheme.n, given.n);
        break;
    }
    if (span_find(given, span_str("://"), 0) != SPAN_NONE) {
        return error_set(err, ERROR_INVALID_VALUE, field,
                         "%s: plain paths and file: are read, no others", field);
    }
    if (given.n == 0 || given.n >= PATH_MAX || memchr(given.p, '\0', given.n) != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, field, "%s is not a path", field);
    }
    memcpy(path, given.p, given.n);
    path[given.n] = '\0';
    tidy(path);
    return true;
}

/* What of path comes behind the folder `root`; NULL: it does not lie beneath it by name. Both are
 * tidy. */
static const char *behind(const char *root, const char *path)
{
    size_t n = strlen(root);
    if (strcmp(path, root) == 0) return ".";
    if (strcmp(root, ".") == 0) return path[0] == '/' ? NULL : path;
    if (strncmp(path, root, n) != 0) return NULL;
    if (strcmp(root, "/") == 0) return path + 1;
    return path[n] == '/' ? path + n + 1 : NULL;
}

/* The same by the name of the root as it was given, and by its real one. */
static const char *beneath(const char *root, const char *path)
{
    char given[PATH_MAX], real[PATH_MAX];
    if (strlen(root) >= sizeof(given)) return NULL;
    memcpy(given, root, strlen(root) + 1);
    tidy(given);
    const char *rest = behind(given, path);
    return rest != NULL || realpath(root, real) == NULL ? rest : behind(real, path);
}

/* What a root says of a path; of several roots the last of these words holds. */
enum tried { ELSEWHERE, LEADS_OUT, ABSENT, OPENED };

static enum tried try_root(const char *root, const char *path, struct client_path *out)
{
    const char *rest = beneath(root, path);
    if (rest == NULL) return ELSEWHERE;
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : file_open_beneath(folder, rest, O_PATH | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        out->root = folder;
        memmove(out->path, rest, strlen(rest) + 1);
        return OPENED;
    }
    bool absent = errno == ENOENT || errno == ENOTDIR;
    if (folder >= 0) close(folder);
    return absent ? ABSENT : LEADS_OUT;
}

static bool absent(const char *field, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND, field, "%s: there is no such file or folder", field);
}

bool client_path_open(const struct server *s, struct span given, const char *field,
                      struct client_path *out, struct error *err)
{
    char path[PATH_MAX];
    enum tried tried = ELSEWHERE;
    out->root = -1;
    if (!read_path(given, field, path, err)) return false;
    if (s->o.path_roots.n == 0) {
        if (!listens_here_alone(s)) return not_allowed(field, err);
        memcpy(out->path, path, sizeof(path));
        return file_exists(path) || absent(field, err);
    }
    for (int i = 0; i < s->o.path_roots.n && tried != OPENED; i++) {
        enum tried now = try_root(s->o.path_roots.items[i], path, out);
        if (now > tried) tried = now; /* a link that leads out of one root may lead into another */
    }
    assert((tried == OPENED) == (out->root >= 0));
    if (tried == OPENED) return true;
    return tried == ABSENT ? absent(field, err) : not_allowed(field, err);
}

/* ---- a folder that may have to be made ---- */

/* root -1: anywhere. */
static int open_in(int root, const char *path, int flags)
{
    flags |= O_DIRECTORY | O_CLOEXEC;
    return root < 0 ? open(path, flags) : file_open_beneath(root, path, flags);
}

/* Make the last folder of path, whose others are there. */
static bool make_last(int root, const char *path)
{
    char above[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    memcpy(above, path, n);
    above[n] = '\0';
    int fd = open_in(root, n > 0 ? above : slash == NULL ? "." : "/", O_PATH);
    if (fd < 0) return false;
    bool made = mkdirat(fd, name, 0755) == 0 || errno == EEXIST;
    int why = errno;
    close(fd);
    errno = why;
    return made;
}

/* Open path, after making what of it is not there, from the top. */
static int make(int root, const char *path)
{
    char part[PATH_MAX];
    int fd = open_in(root, path, O_RDONLY);
    for (size_t n = 0; fd < 0 && errno == ENOENT && path[n] != '\0';) {
        n += strspn(path + n, "/");
        n += strcspn(path + n, "/");
        memcpy(part, path, n);
        part[n] = '\0';
        int there = open_in(root, part, O_PATH);
        if (there >= 0) close(there);
        if (there < 0 && errno == ENOENT && !make_last(root, part)) return -1;
        if (path[n] == '\0') fd = open_in(root, path, O_RDONLY);
        if (fd < 0 && path[n] != '\0') errno = ENOENT;
    }
    return fd;
}

/* Does errno say that what was to be opened leads out? */
static bool is_out(void)
{
    return errno == EXDEV || errno == ELOOP;
}

/* The same beneath a root, as far as the path lies there; else it leads out. */
static int make_beneath(const char *folder, const char *path)
{
    const char *rest = beneath(folder, path);
    int root = rest == NULL ? -1 : open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        errno = EXDEV;
        return -1;
    }
    int fd = make(root, rest), why = errno;
    close(root);
    errno = why;
    return fd;
}

static bool folder_fault(const char *field, struct error *err)
{
    if (is_out()) return not_allowed(field, err);
    if (errno == ENOTDIR) return error_set(err, ERROR_CONFLICT, field, "%s is not a folder", field);
    return error_set(err, ERROR_NO_STORAGE, field, "%s cannot be opened or made: %s", field,
                     strerror(errno));
}

int client_folder_open(const struct server *s, struct span given, const char *field,
                       struct error *err)
{
    char path[PATH_MAX];
    int fd = -1;
    if (!read_path(given, field, path, err)) return -1;
    errno = EXDEV;
    if (s->o.path_roots.n == 0 && listens_here_alone(s)) fd = make(-1, path);
    for (int i = 0; i < s->o.path_roots.n && fd < 0 && is_out(); i++) {
        fd = make_beneath(s->o.path_roots.items[i], path);
    }
    if (fd < 0) folder_fault(field, err);
    return fd;
}

void client_path_close(struct client_path *p)
{
    if (p->root >= 0) close(p->root);
    p->root = -1;
}
