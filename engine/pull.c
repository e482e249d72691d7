/* engine/pull.c - see pull.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/pull.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "engine/checkpoint.h"
#include "engine/engine_impl.h"
#include "engine/model/alike.h"
#include "engine/model/model.h"
#include "engine/stage.h"

_Static_assert((int)ENGINE_MAX_CHAIN_VERSION == (int)DELTA_MAX_VERSION,
               "what may be asked for may be");

/* ---- a version's folder ---- */

struct place {
    char path[PATH_MAX];
    int root;
};

static bool find(const struct engine_pull *p, int64_t version, struct place *at, struct error *err)
{
    static const char *const names[] = {
        [CHAIN_SLIME] = "weight_v%06lld", [CHAIN_SKYRL] = "delta-%08lld"};
    char name[32];
    struct file_visit visit;
    bool last = version == p->version && p->last != NULL;
    int n;
    snprintf(name, sizeof(name), names[p->kind], (long long)version);
    if (last) {
        n = snprintf(at->path, sizeof(at->path), "%s", p->last);
    } else if (p->source == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "path",
                         "version %lld is needed: name the folder of %s", (long long)version, name);
    } else {
        n = snprintf(at->path, sizeof(at->path), "%s/%s", p->source, name);
    }
    at->root = last ? p->last_root : p->source_root;
    file_visit_begin(&visit, at->root);
    bool short_enough = n >= 0 && n < (int)sizeof(at->path);
    bool there = short_enough && file_is_folder(at->path), out = !there && file_led_out();
    file_visit_end(&visit);
    if (short_enough && out) {
        return error_set(err, ERROR_PATH_NOT_ALLOWED, "path",
                         "%s leads out of the folder that the server may read (--path-root)", name);
    }
    return there || error_set(err, ERROR_NOT_FOUND, "path",
                              "there is no folder of version %lld (%s)", (long long)version, name);
}

/* ---- a step ---- */

static bool change(struct checkpoint *c, const struct engine_pull *p, int64_t version,
                   struct error *err)
{
    struct place at;
    struct file_visit visit;
    struct delta_set d = {.n = 0};
    if (!find(p, version, &at, err)) return false;
    file_visit_begin(&visit, at.root);
    bool ok = p->kind == CHAIN_SLIME ? delta_set_open_slime(at.path, &d, err)
                                     : delta_set_open_skyrl(at.path, &d, err);
    file_visit_leave(&visit);
    if (ok && d.version != version) {
        ok = error_set(err, ERROR_INVALID_VALUE, NULL, "the folder of version %lld says it is %lld",
                       (long long)version, (long long)d.version);
    }
    ok = ok && checkpoint_change(c, &d, err); /* whose sums tell whether it was read whole */
    delta_set_clear(&d);
    file_visit_end(&visit);
    return ok || error_blame_field(err, "path");
}

/* The model of a folder, which could serve: so it is no larger than what does. The visit is begun. */
static struct model *open_alike(const struct staging *s, const char *path, struct error *err)
{
    struct model *m = model_open(path, err);
    const struct model *served = s->e->loaded.model;
    if (m != NULL && model_alike(served, m, err) && model_complete(served, m, err) &&
        model_no_stranger(served, m, err)) {
        return m;
    }
    model_close(m);
    return NULL;
}

/* All tensors and files of a checkpoint; path NULL: of the one that the engine was started from. */
static bool lay(struct staging *s, struct checkpoint *c, const struct place *at, int64_t version,
                struct error *err)
{
    struct file_visit visit;
    const char *path = at->path[0] != '\0' ? at->path : s->e->options.model_path;
    file_visit_begin(&visit, at->path[0] != '\0' ? at->root : -1);
    struct model *m = at->path[0] != '\0' ? open_alike(s, path, err) : stage_open_start(s, err);
    bool ok = m != NULL && checkpoint_describe(c, path, err);
    file_visit_leave(&visit);
    ok = ok && checkpoint_lay(c, m, &visit, version, err);
    model_close(m);
    file_visit_end(&visit);
    return ok;
}

static bool lay_base(struct staging *s, struct checkpoint *c, struct error *err)
{
    const struct engine_pull *p = s->push->pull;
    struct place at = {.root = p->base_root};
    if (p->base != NULL) snprintf(at.path, sizeof(at.path), "%s", p->base);
    return lay(s, c, &at, 0, err) || error_blame_field(err, "base");
}

/* ---- a chain ---- */

/* The newest version up to the wanted one that is whole and newer than what is there: 0 for the
 * base; -1: none. */
static bool find_whole(const struct engine_pull *p, const struct checkpoint *c, int64_t *from,
                       struct error *err)
{
    bool older = c->version > p->version; /* a trainer that began anew with whole checkpoints */
    int64_t floor = c->version < 0 || older ? 0 : c->version;
    for (*from = p->version; p->kind == CHAIN_SLIME && *from > floor; --*from) {
        struct place at;
        struct file_visit visit;
        bool changes = false;
        if (!find(p, *from, &at, err)) return false;
        file_visit_begin(&visit, at.root);
        bool ok = delta_is_slime(at.path, &changes, err);
        file_visit_end(&visit);
        if (!ok) return error_blame_field(err, "path");
        if (!changes) return true;
    }
    *from = c->version < 0 ? 0 : -1;
    return !older || error_set(err, ERROR_BASE_VERSION, "version",
                               "the checkpoint is at version %lld, which is past %lld",
                               (long long)c->version, (long long)p->version);
}

/* Make what the chain begins with. */
static bool begin(struct staging *s, struct checkpoint *c, struct error *err)
{
    const struct engine_pull *p = s->push->pull;
    struct place at;
    int64_t from = 0;
    if (p->version > 0 && !find_whole(p, c, &from, err)) return false;
    if (from < 0) return true;
    if (from == 0) return lay_base(s, c, err);
    return find(p, from, &at, err) && (lay(s, c, &at, from, err) || error_blame_field(err, "path"));
}

bool pull_run(struct staging *s, struct error *err)
{
    const struct engine_pull *p = s->push->pull;
    struct checkpoint c;
    bool ok = checkpoint_open(p->folder, &s->e->versions.quit, &c, err) && begin(s, &c, err);
    while (ok && c.version < p->version) {
        ok = change(&c, p, c.version + 1, err);
    }
    assert(!ok || c.version == p->version);
    return ok;
}
