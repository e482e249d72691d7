/* engine/stage.c - see stage.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/stage.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/engine_impl.h"
#include "engine/forward/weights.h"
#include "base/machine_memory.h"
#include "engine/hashing.h"
#include "engine/model/alike.h"
#include "engine/model/merge.h"
#include "engine/model/safetensors.h"

enum { DIGEST_AT_ONCE = 16 << 20 }; /* bytes, after which it is looked whether the engine ends */

static const char stream_name[] = "the stream";

bool stage_has_weights(const struct engine_push *push)
{
    return push->path != NULL || push->fd >= 0;
}

void base_clear(struct base *b)
{
    if (b->fd >= 0) close(b->fd);
    if (b->root >= 0) close(b->root);
    free(b->path);
    *b = (struct base){.fd = -1, .root = -1};
}

/* ---- hashes ---- */

static bool is_stopped(const struct engine *e, struct error *err)
{
    bool quit = __atomic_load_n(&e->versions.quit, __ATOMIC_RELAXED);
    if (quit) error_set(err, ERROR_ABORTED, NULL, "the server ends");
    return quit;
}

/* The tensors of m, all hashed, and finite where that is to be checked. */
static bool hash_model(struct staging *s, const struct model *m, bool check_finite,
                       char sha256[DIGEST_HEX], struct error *err)
{
    struct hashing h = {.model = m,
                        .content = &s->content,
                        .check_finite = check_finite,
                        .stop = &s->e->versions.quit};
    content_clear(&s->content);
    if (!content_list(m, &s->content, err)) return false;
    hashing_run(&h, s->pool);
    if (is_stopped(s->e, err)) return false;
    if (h.bad != NULL) return content_refuse(h.bad, ERROR_INVALID_VALUE, err);
    content_sum(&s->content, sha256);
    return true;
}

/* The hash of all of them, unless the engine ends meanwhile. */
static bool digest_bytes(const struct engine *e, struct span bytes, char sha256[DIGEST_HEX],
                         struct error *err)
{
    struct digest d;
    digest_init(&d);
    for (size_t from = 0, n; from < bytes.n; from += n) {
        if (is_stopped(e, err)) return false;
        n = bytes.n - from < DIGEST_AT_ONCE ? bytes.n - from : DIGEST_AT_ONCE;
        digest_add(&d, span_slice(bytes, from, from + n));
    }
    digest_end_hex(&d, sha256);
    return true;
}

bool stage_check_digest(const struct engine *e, int fd, const char *sha256, struct error *err)
{
    struct file_mapping map;
    char is[DIGEST_HEX];
    if (sha256 == NULL) return true;
    if (!file_map_fd(fd, stream_name, &map, err)) return false;
    bool ok = digest_bytes(e, file_mapping_span(map), is, err);
    file_unmap(map);
    if (!ok) return false;
    return strcmp(is, sha256) == 0 ||
           error_set(err, ERROR_INVALID_VALUE, "Content-Digest",
                     "the bytes' SHA-256 is %.64s, not what Content-Digest says", is);
}

/* ---- the base ---- */

static struct model *open_base_path(struct staging *s, const char *path, const char *sha256,
                                    struct error *err)
{
    char is[DIGEST_HEX];
    struct model *m = model_open(path, NULL);
    /* a number of it that is not finite serves: what is pushed may put an end to that */
    if (m != NULL && hash_model(s, m, false, is, NULL) && strcmp(is, sha256) == 0) return m;
    model_close(m);
    error_set(err, ERROR_BASE_UNAVAILABLE, NULL,
              "the files that the weights were read from are not there as they were: push all "
              "tensors first");
    return NULL;
}

/* The tensors that serve, before quantising. The visit is begun. */
static struct model *open_base(struct staging *s, struct error *err)
{
    const struct base *b = &s->e->base;
    if (b->fd >= 0) return model_open_stream(b->fd, "the base", s->e->loaded.model, err);
    if (b->path != NULL) return open_base_path(s, b->path, b->sha256, err);
    return open_base_path(s, s->e->options.model_path, s->e->loaded.sha256, err);
}

/* Base and what is new become one file. The visit of the base has a root of its own. */
static bool merge(struct staging *s, struct merge m, struct error *err)
{
    struct file_visit visit;
    struct content changed = {0};
    file_visit_begin(&visit, s->e->base.path == NULL ? -1 : s->e->base.root);
    struct model *base = open_base(s, err);
    file_visit_leave(&visit);
    content_clear(&s->content);
    s->merged = base == NULL ? -1 : file_new_unnamed(s->push->staging_dir, err);
    m.base = base;
    m.fd = s->merged;
    m.stop = &s->e->versions.quit;
    bool ok = s->merged >= 0 && merge_write(&m, &changed, err);
    const char *path;
    if (ok && !file_visit_was_whole(&visit, &path)) {
        ok = error_set(err, ERROR_BASE_UNAVAILABLE, NULL, "%.120s changed while it was read", path);
    }
    if (ok) content_sum(&changed, s->label->pushed_sha256);
    if (ok) s->label->pushed_tensors = changed.n;
    content_clear(&changed);
    model_close(base);
    file_visit_end(&visit);
    return ok;
}

/* A stream of some tensors, or of changes, and the base. */
static bool merge_stream(struct staging *s, const struct safetensors *news, struct error *err)
{
    struct delta_set changes;
    if (safetensors_count(news) == 0) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "there is no tensor in it");
    }
    if (s->push->part != PUSH_DELTA) return merge(s, (struct merge){.news = news}, err);
    bool ok = delta_set_of_stream(news, &changes, err) &&
              merge(s, (struct merge){.delta = &changes}, err);
    delta_set_clear(&changes);
    return ok;
}

struct model *stage_open_start(struct staging *s, struct error *err)
{
    struct model *m = open_base_path(s, s->e->options.model_path, s->e->loaded.sha256, err);
    content_clear(&s->content);
    if (m == NULL || model_safetensors(m) != NULL) return m;
    model_close(m);
    error_set(
        err, ERROR_BASE_UNAVAILABLE, NULL,
        "the server was started from a GGUF file: a checkpoint's folder begins with a folder");
    return NULL;
}

/* ---- the model to be ---- */

/* A stream's: as it is, or merged with the base. */
static struct model *open_stream(struct staging *s, struct error *err)
{
    const struct model *like = s->e->loaded.model;
    if (!stage_check_digest(s->e, s->push->fd, s->push->sha256, err)) return NULL;
    if (s->push->part == PUSH_WHOLE) {
        return model_open_stream(s->push->fd, stream_name, like, err);
    }
    struct safetensors *news = safetensors_open_fd(s->push->fd, stream_name, err);
    bool ok = news != NULL && merge_stream(s, news, err);
    safetensors_close(news);
    return ok ? model_open_stream(s->merged, stream_name, like, err) : NULL;
}

/* A checkpoint that follows a trainer's changes (checkpoint.h) is where its trainer believes it to be. */
static bool check_checkpoint(const struct staging *s, struct error *err)
{
    const char *wanted = s->push->checkpoint_version, *is = NULL;
    const struct safetensors *files = s->model == NULL ? NULL : model_safetensors(s->model);
    if (wanted == NULL || s->model == NULL) return true;
    if (files != NULL) is = safetensors_metadata(files, MERGE_VERSION);
    return (is != NULL && strcmp(is, wanted) == 0) ||
           error_set(err, ERROR_BASE_VERSION, "version",
                     "the checkpoint is at version %.20s, not %.20s", is == NULL ? "none" : is,
                     wanted);
}

static bool open_source(struct staging *s, struct error *err)
{
    const struct model *served = s->e->loaded.model;
    if (s->push->fd >= 0) {
        s->model = open_stream(s, err);
    } else {
        file_visit_begin(&s->visit, s->push->root);
        s->model = model_open(s->push->path, err);
        file_visit_leave(&s->visit);
    }
    return s->model != NULL && check_checkpoint(s, err) && model_alike(served, s->model, err) &&
           model_complete(served, s->model, err) && model_no_stranger(served, s->model, err);
}

static bool hash_source(struct staging *s, struct error *err)
{
    if (!hash_model(s, s->model, s->push->check_finite, s->next.sha256, err)) return false;
    memcpy(s->label->sha256, s->next.sha256, sizeof(s->label->sha256));
    s->label->tensors = s->content.n;
    return true;
}

static bool check_whole(struct staging *s, struct error *err)
{
    const char *path;
    return file_visit_was_whole(&s->visit, &path) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "%.120s changed while it was read", path);
}

static struct weights *pack(struct staging *s, struct error *err)
{
    const struct weights_plan *first = &s->e->loaded.weights_plan;
    struct weights_plan plan = {.dense = first->dense,
                                .quantise = first->quantise,
                                .like = versions_weights(&s->e->versions),
                                .most_bytes = machine_free_memory(),
                                .stop = &s->e->versions.quit};
    return weights_pack(s->model, &plan, s->pool, err);
}

/* What the next part or change will apply to. */
static bool keep_base(struct staging *s, struct error *err)
{
    struct base *b = &s->next;
    if (s->push->fd >= 0) {
        b->fd = s->merged >= 0 ? s->merged : fcntl(s->push->fd, F_DUPFD_CLOEXEC, 0);
        s->merged = -1;
        return b->fd >= 0 ||
               error_set(err, ERROR_SYSTEM, NULL, "no descriptor for the staged file");
    }
    b->path = mem_text(span_str(s->push->path), err);
    if (s->push->root >= 0) b->root = fcntl(s->push->root, F_DUPFD_CLOEXEC, 0);
    if (b->path == NULL) return false;
    return s->push->root < 0 || b->root >= 0 ||
           error_set(err, ERROR_SYSTEM, NULL, "no descriptor for the folder");
}

bool stage_check_base(struct engine *e, const char *version, struct error *err)
{
    if (version == NULL) return true;
    struct version_label *l = versions_serving(&e->versions);
    bool same = strcmp(l->name, version) == 0;
    if (!same) {
        error_set(err, ERROR_BASE_VERSION, "X-Base-Version",
                  "version \"%.60s\" serves, not \"%.60s\"", l->name, version);
    }
    version_label_free(l);
    return same;
}

struct resident *stage_weights(struct staging *s, struct error *err)
{
    struct resident *r = NULL;
    s->merged = -1;
    s->visit = (struct file_visit){.root = -1};
    bool ok = stage_check_base(s->e, s->push->base_version, err) && open_source(s, err) &&
              hash_source(s, err);
    struct weights *w = ok ? pack(s, err) : NULL;
    if (w != NULL && check_whole(s, err) && keep_base(s, err)) {
        assert(s->label->sha256[0] != '\0'); /* (1) */
        s->label->fingerprint = fingerprint_of_weights(&s->e->loaded.numerics, w, s->next.sha256);
        r = resident_new(w, version_label_share(s->label), content_key(s->next.sha256), err);
    } else {
        weights_free(w);
    }
    content_clear(&s->content);
    model_close(s->model);
    if (s->merged >= 0) close(s->merged);
    file_visit_end(&s->visit);
    /* a base that is gone is no fault of the file that was named */
    if (r == NULL && err->code != ERROR_BASE_UNAVAILABLE) error_blame_field(err, "path");
    return r;
}
