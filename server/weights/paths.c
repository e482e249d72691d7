/* server/weights/paths.c - see paths.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/paths.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "server/http/state.h"

/* Nobody from another machine can ask. */
static bool listens_here_alone(const struct server *s)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof(a);
    if (getsockname(s->listen_fd, (struct sockaddr *)&a, &n) != 0) return false;
    if (a.ss_family == AF_UNIX) return true;
    if (a.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a;
    return a.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static bool not_allowed(const char *field, struct error *err)
{
    return error_set(err, ERROR_PATH_NOT_ALLOWED, field,
                     "%s does not lie beneath a folder that the server may read (--path-root)",
                     field);
}

/* Plain text of a path: of "file:///a", "file:/a" and "/a". */
static bool read_path(struct span given, const char *field, char path[PATH_MAX], struct error *err)
{
    static const char *const schemes[] = {"file://", "file:"};
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (given.n < n || memcmp(given.p, schemes[i], n) != 0) continue;
        given = span_slice(given, n, given.n);
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
    while (given.n > 1 && path[given.n - 1] == '/') {
        path[--given.n] = '\0';
    }
    return true;
}

/* What of path comes behind the folder `root`; NULL: it does not lie beneath it by name. */
static const char *behind(const char *root, const char *path)
{
    size_t n = strlen(root);
    while (n > 1 && root[n - 1] == '/') {
        n--;
    }
    if (strncmp(path, root, n) != 0) return NULL;
    if (n == 1) return path + 1;
    if (path[n] == '\0') return ".";
    return path[n] == '/' && path[n + 1] != '\0' ? path + n + 1 : NULL;
}

enum tried { ELSEWHERE, OPENED, LEADS_OUT, ABSENT };

/* By the name of the root as it was given, and by its real one. */
static enum tried try_root(const char *root, const char *path, struct client_path *out)
{
    char real[PATH_MAX];
    const char *rest = behind(root, path);
    if (rest == NULL && realpath(root, real) != NULL) rest = behind(real, path);
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
    for (int i = 0; i < s->o.path_roots.n && tried == ELSEWHERE; i++) {
        tried = try_root(s->o.path_roots.items[i], path, out);
    }
    assert((tried == OPENED) == (out->root >= 0));
    if (tried == OPENED) return true;
    return tried == ABSENT ? absent(field, err) : not_allowed(field, err);
}

void client_path_close(struct client_path *p)
{
    if (p->root >= 0) close(p->root);
    p->root = -1;
}
