/* engine/checkpoint.c - see checkpoint.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/checkpoint.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "engine/model/merge.h"
#include "engine/model/model.h"
#include "engine/model/safetensors.h"

static const char mark[] = ".touchstone";
/* what is being written; of no use when it is found */
static const char next[] = ".touchstone-next";
static const char tensors[] = "model.safetensors";

enum { MAX_DESCRIPTION = 256 << 20, MAX_DESCRIPTIONS = 1000 };

static bool storage(struct error *err, const char *what)
{
    return error_set(err, ERROR_NO_STORAGE, "folder", "%s: %s", what, strerror(errno));
}

/* ---- whose it is ---- */

static bool has(int folder, const char *name)
{
    struct stat s;
    return fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode);
}

static bool is_empty(int folder, bool *empty, struct error *err)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) close(fd);
        return storage(err, "the folder cannot be read");
    }
    *empty = true;
    for (const struct dirent *e; *empty && (e = readdir(dir)) != NULL;) {
        *empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    }
    closedir(dir);
    return true;
}

static bool claim(int folder, struct error *err)
{
    bool empty = false;
    if (has(folder, mark)) return true;
    if (!is_empty(folder, &empty, err)) return false;
    if (!empty) {
        return error_set(err, ERROR_CONFLICT, "folder",
                         "the folder has files that are not of this server's making: name an empty "
                         "one, or one that is not there");
    }
    int fd = openat(folder, mark, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return storage(err, "no file can be made in the folder");
    close(fd);
    return true;
}

/* ---- reading ---- */

/* The version of what is there; -1 where it is none of ours. */
static int64_t version_of(const struct safetensors *files)
{
    const char *text = files == NULL ? NULL : safetensors_metadata(files, MERGE_VERSION);
    size_t n = text == NULL ? 0 : strlen(text);
    if (n == 0 || n > 9 || strspn(text, "0123456789") != n) return -1;
    return strtoll(text, NULL, 10);
}

bool checkpoint_open(int folder, const bool *stop, struct checkpoint *c, struct error *err)
{
    struct error none = {0};
    *c = (struct checkpoint){.fd = folder, .version = -1, .stop = stop};
    if (!claim(folder, err)) return false;
    int fd = openat(folder, tensors, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return true;
    struct file_visit visit;
    file_visit_begin(&visit, folder);
    struct safetensors *files = safetensors_open_fd(fd, tensors, &none);
    c->version = version_of(files);
    safetensors_close(files);
    file_visit_end(&visit);
    close(fd);
    return none.code != ERROR_NO_MEMORY || error_set(err, none.code, NULL, "%s", none.message);
}

/* ---- writing ---- */

/* A new file, to be given its name. Nobody's link is followed: what was there is taken away. */
static int begin(const struct checkpoint *c, struct error *err)
{
    unlinkat(c->fd, next, 0);
    int fd = openat(c->fd, next, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) storage(err, "no file can be made in the folder");
    return fd;
}

/* It is written, and takes its place; or not. */
static bool end(const struct checkpoint *c, int fd, const char *name, bool ok, struct error *err)
{
    assert(strchr(name, '/') == NULL && name[0] != '.'); /* (1) */
    if (ok && fsync(fd) != 0) ok = storage(err, "the folder's file cannot be written");
    close(fd);
    if (ok && renameat(c->fd, next, c->fd, name) != 0) {
        ok = storage(err, "a file cannot be renamed");
    }
    if (!ok) unlinkat(c->fd, next, 0);
    return ok;
}

static bool put(int fd, struct span bytes, struct error *err)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return storage(err, "the folder's file cannot be written");
        bytes = span_slice(bytes, (size_t)n, bytes.n);
    }
    return true;
}

static bool is_description(const char *name)
{
    static const char *const endings[] = {".json", ".jinja", ".txt", ".model"};
    const struct span s = span_str(name);
    if (name[0] == '.' || span_ends(s, span_str(".safetensors.index.json"))) return false;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (span_ends(s, span_str(endings[i]))) return true;
    }
    return false;
}

static bool copy(const struct checkpoint *c, const char *folder, const char *name,
                 struct error *err)
{
    char path[PATH_MAX];
    struct buffer text;
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (n < 0 || n >= (int)sizeof(path)) {
        return error_set(err, ERROR_BAD_FILE, NULL, "a path is too long");
    }
    if (file_is_folder(path)) return true;
    buffer_init(&text, MAX_DESCRIPTION);
    int fd = file_read(path, MAX_DESCRIPTION, &text, err) ? begin(c, err) : -1;
    bool ok = fd >= 0 && end(c, fd, name, put(fd, buffer_span(&text), err), err);
    buffer_clear(&text);
    return ok;
}

bool checkpoint_describe(struct checkpoint *c, const char *folder, struct error *err)
{
    DIR *dir = file_open_folder(folder);
    bool ok =
        dir != NULL || error_set(err, ERROR_BAD_FILE, NULL, "%.120s: %s", folder, strerror(errno));
    int copied = 0;
    for (const struct dirent *e; ok && (e = readdir(dir)) != NULL;) {
        if (!is_description(e->d_name)) continue;
        ok = (++copied <= MAX_DESCRIPTIONS ||
              error_set(err, ERROR_BAD_FILE, NULL, "%.120s: more than %d files beside the tensors",
                        folder, MAX_DESCRIPTIONS)) &&
             copy(c, folder, e->d_name, err);
    }
    if (dir != NULL) closedir(dir);
    return ok;
}

static bool check_whole(const struct file_visit *visit, struct error *err)
{
    const char *path;
    return file_visit_was_whole(visit, &path) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "%.120s changed while it was read", path);
}

/* What m writes takes the place of the tensors. */
static bool write_tensors(struct checkpoint *c, struct merge m, const struct file_visit *visit,
                          int64_t version, struct error *err)
{
    char text[24];
    struct content changed = {0};
    assert(version >= 0 && version <= DELTA_MAX_VERSION);
    snprintf(text, sizeof(text), "%lld", (long long)version);
    m.version = text;
    m.stop = c->stop;
    m.fd = begin(c, err);
    bool ok = m.fd >= 0 &&
              end(c, m.fd, tensors, merge_write(&m, &changed, err) && check_whole(visit, err), err);
    content_clear(&changed);
    if (ok) c->version = version;
    return ok;
}

bool checkpoint_lay(struct checkpoint *c, const struct model *m, const struct file_visit *visit,
                    int64_t version, struct error *err)
{
    return write_tensors(c, (struct merge){.base = m}, visit, version, err);
}

bool checkpoint_change(struct checkpoint *c, const struct delta_set *d, struct error *err)
{
    struct file_visit visit;
    if (c->version != d->base || d->version != d->base + 1) {
        return error_set(err, ERROR_BASE_VERSION, "version",
                         "version %lld is made of version %lld; the checkpoint is at %lld",
                         (long long)d->version, (long long)d->base, (long long)c->version);
    }
    file_visit_begin(&visit, c->fd);
    struct model *was = model_open(".", err);
    file_visit_leave(&visit);
    if (was == NULL) error_at(err, "folder");
    bool ok = was != NULL &&
              write_tensors(c, (struct merge){.base = was, .delta = d}, &visit, d->version, err);
    model_close(was);
    file_visit_end(&visit);
    return ok;
}
