/* server/generate/adapters.c - see adapters.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/adapters.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/mem.h"

struct entry {
    char *name, *path;
    struct adapter *adapter;
    bool found;    /* in adapter-dir: may go when there is no room */
    uint64_t used; /* when it was last asked for */
};

struct adapters {
    struct engine *engine;
    const struct server_options *o;
    pthread_mutex_t reading; /* of whoever reads a folder in adapter-dir; taken before lock */
    pthread_mutex_t lock;    /* guards all that follows */
    struct entry *entries;
    int n, most; /* (1) */
    uint64_t clock;
};

struct adapters *adapters_new(struct engine *e, const struct server_options *o, struct error *err)
{
    struct adapters *a = mem_new(1, sizeof(*a), err);
    if (a == NULL) return NULL;
    a->engine = e;
    a->o = o;
    a->most = o->max_adapters;
    a->entries = mem_new((size_t)a->most, sizeof(*a->entries), err);
    pthread_mutex_init(&a->reading, NULL);
    pthread_mutex_init(&a->lock, NULL);
    if (a->entries != NULL) return a;
    adapters_free(a);
    return NULL;
}

static void clear_entry(struct entry *e)
{
    free(e->name);
    free(e->path);
    engine_adapter_release(e->adapter);
    *e = (struct entry){0};
}

void adapters_free(struct adapters *a)
{
    if (a == NULL) return;
    for (int i = 0; i < a->n; i++) {
        clear_entry(&a->entries[i]);
    }
    free(a->entries);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->reading);
    free(a);
}

/* ---- the list, under the lock ---- */

static struct entry *lookup(struct adapters *a, struct span name)
{
    for (int i = 0; i < a->n; i++) {
        if (span_is(name, a->entries[i].name)) return &a->entries[i];
    }
    return NULL;
}

static void drop(struct adapters *a, struct entry *e)
{
    size_t behind = (size_t)(a->entries + a->n - (e + 1));
    clear_entry(e);
    memmove(e, e + 1, behind * sizeof(*e));
    a->n--;
}

/* Room for one more, at the cost of a found one. */
static bool make_room(struct adapters *a, struct error *err)
{
    struct entry *oldest = NULL;
    if (a->n < a->most) return true;
    for (int i = 0; i < a->n; i++) {
        struct entry *e = &a->entries[i];
        if (e->found && (oldest == NULL || e->used < oldest->used)) oldest = e;
    }
    if (oldest != NULL) {
        drop(a, oldest);
        return true;
    }
    return error_set(err, ERROR_NO_STORAGE, NULL,
                     "%d adapters are loaded, of at most %d (--max-adapters): unload one", a->n,
                     a->most);
}

/* What was found was read for the weights that served then; what a client has loaded is its own affair. */
static bool is_of_use(const struct adapters *a, const struct entry *e)
{
    return !e->found || engine_adapter_fits(a->engine, e->adapter);
}

/* What e's name stands for from now on: e, whose texts and adapter are taken; but one that was found
 * leaves it to what was loaded meanwhile. NULL and the error: what it did before. */
static struct entry *store(struct adapters *a, struct entry *e, bool replace, struct error *err)
{
    struct entry *known = lookup(a, span_str(e->name));
    if (known != NULL && e->found && is_of_use(a, known)) return known;
    if (known != NULL && !replace && !known->found) {
        error_set(err, ERROR_INVALID_VALUE, "lora_name",
                  "the adapter \"%.80s\" is loaded already; load_inplace replaces it", e->name);
        return NULL;
    }
    if (known == NULL && !make_room(a, err)) return NULL;
    e->used = ++a->clock;
    if (known != NULL) {
        clear_entry(known);
    } else {
        known = &a->entries[a->n++];
    }
    *known = *e;
    *e = (struct entry){0};
    assert(a->n <= a->most && lookup(a, span_str(known->name)) == known); /* (1) */
    return known;
}

/* ---- names ---- */

static bool same_name(struct span name, const char *known)
{
    return known != NULL && strlen(known) == name.n && strncasecmp(known, name.p, name.n) == 0;
}

bool adapters_base_is(const struct adapters *a, struct span name)
{
    const struct engine_info *info = engine_info(a->engine);
    struct span ending = span_str(".gguf");
    struct span bare = span_ends(name, ending) ? span_of(name.p, name.n - ending.n) : name;
    bool known = same_name(name, info->name) || same_name(name, info->title) ||
                 same_name(name, info->path) || same_name(bare, info->file_name);
    for (int i = 0; i < a->o->model_names.n && !known; i++) {
        known = same_name(name, a->o->model_names.items[i]);
    }
    return known;
}

struct span adapters_behind_base(const struct adapters *a, struct span name)
{
    for (size_t at = 0; at < name.n; at++) {
        bool splits = name.p[at] == ':' && adapters_base_is(a, span_slice(name, 0, at));
        if (splits) return span_slice(name, at + 1, name.n);
    }
    return span_of(NULL, 0);
}

/* Printable text, and neither the model's, which it would never be asked for by, nor another adapter's
 * address. */
static bool check_name(const struct adapters *a, struct span name, struct error *err)
{
    int shown = name.n < 60 ? (int)name.n : 60;
    if (adapters_base_is(a, name)) {
        return error_set(err, ERROR_INVALID_VALUE, "lora_name",
                         "\"%.*s\" is a name of the model itself: an adapter needs another", shown,
                         name.p);
    }
    struct span behind = adapters_behind_base(a, name);
    if (behind.p != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "lora_name",
                         "\"%.*s\" is what the adapter \"%.*s\" is asked for by: an adapter's name "
                         "does not begin with the model's and \":\"",
                         shown, name.p, behind.n < 60 ? (int)behind.n : 60, behind.p);
    }
    bool ok = name.n > 0 && name.n <= ADAPTER_NAME_BYTES;
    for (size_t i = 0; ok && i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        ok = c >= ' ' && c != 127;
    }
    return ok || error_set(err, ERROR_INVALID_VALUE, "lora_name",
                           "a name of an adapter is printable text of at most %d bytes",
                           ADAPTER_NAME_BYTES);
}

/* [A-Za-z0-9_][A-Za-z0-9._@-]{0,127}: what may be a folder's name directly in adapter-dir. */
static bool is_folder_name(struct span name)
{
    return name.n > 0 && name.n <= 128 && ascii_is_plain(name.p, 1, "_") &&
           ascii_is_plain(name.p, name.n, "._@-");
}

/* Store e, or free it. What its name then stands for is held in *out, if out is not NULL. */
static bool put(struct adapters *a, struct entry *e, bool replace, struct adapter **out,
                struct error *err)
{
    struct entry *stored = NULL;
    if (e->name == NULL || e->path == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    } else {
        pthread_mutex_lock(&a->lock);
        stored = store(a, e, replace, err);
        if (stored != NULL && out != NULL) *out = engine_adapter_hold(stored->adapter);
        pthread_mutex_unlock(&a->lock);
    }
    clear_entry(e);
    return stored != NULL;
}

bool adapters_put(struct adapters *a, struct span name, const char *path, struct adapter *adapter,
                  bool replace, struct error *err)
{
    struct entry e = {.adapter = adapter};
    if (!check_name(a, name, err)) {
        clear_entry(&e);
        return false;
    }
    e.name = mem_text(name, NULL);
    e.path = mem_text(span_str(path), NULL);
    return put(a, &e, replace, NULL, err);
}

bool adapters_drop(struct adapters *a, struct span name)
{
    pthread_mutex_lock(&a->lock);
    struct entry *e = lookup(a, name);
    if (e != NULL) drop(a, e);
    pthread_mutex_unlock(&a->lock);
    return e != NULL;
}

/* ---- finding ---- */

static struct adapter *hold_known(struct adapters *a, struct span name)
{
    struct adapter *out = NULL;
    pthread_mutex_lock(&a->lock);
    struct entry *e = lookup(a, name);
    if (e != NULL && is_of_use(a, e)) {
        e->used = ++a->clock;
        out = engine_adapter_hold(e->adapter);
    }
    pthread_mutex_unlock(&a->lock);
    return out;
}

/* Is it a folder directly in dir, and no link? */
static bool is_there(int dir, const char *name)
{
    int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static void note_read(const char *path, const struct adapter *adapter)
{
    struct engine_adapter_info info = engine_adapter_info(adapter);
    log_line(LOG_INFO, "adapter", LOG_S("path", path), LOG_S("sha256", info.sha256),
             LOG_I("rank", info.rank), LOG_I("bytes", info.bytes), LOG_END);
}

/* The folder of that name in adapter-dir. */
static bool open_found(struct adapters *a, int dir, const char *name, struct adapter **out,
                       struct error *err)
{
    char path[PATH_MAX];
    if (!is_there(dir, name)) return true;
    struct adapter *adapter = engine_adapter_open(a->engine, dir, name, err);
    if (adapter == NULL) return false;
    snprintf(path, sizeof(path), "%s/%s", a->o->adapter_dir, name);
    note_read(path, adapter);
    struct entry e = {.adapter = adapter, .found = true};
    e.name = mem_text(span_str(name), NULL);
    e.path = mem_text(span_str(path), NULL);
    return put(a, &e, false, out, err);
}

/* adapter-dir, where name may be a folder's in it, whose text is then in out; else -1. */
static int open_dir(const struct adapters *a, struct span name, char out[ADAPTER_NAME_BYTES + 1])
{
    if (a->o->adapter_dir == NULL || !is_folder_name(name)) return -1;
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return open(a->o->adapter_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool adapters_find(struct adapters *a, struct span name, struct adapter **out, struct error *err)
{
    char text[ADAPTER_NAME_BYTES + 1];
    *out = hold_known(a, name);
    int dir = *out != NULL ? -1 : open_dir(a, name, text);
    if (dir < 0) return true;
    pthread_mutex_lock(&a->reading); /* whoever else asks for it finds what was read */
    *out = hold_known(a, name);
    bool ok = *out != NULL || open_found(a, dir, text, out, err);
    pthread_mutex_unlock(&a->reading);
    close(dir);
    return ok;
}

bool adapters_know(struct adapters *a, struct span name)
{
    char text[ADAPTER_NAME_BYTES + 1];
    pthread_mutex_lock(&a->lock);
    bool known = lookup(a, name) != NULL;
    pthread_mutex_unlock(&a->lock);
    int dir = known ? -1 : open_dir(a, name, text);
    if (dir < 0) return known;
    known = is_there(dir, text);
    close(dir);
    return known;
}

void adapters_each(struct adapters *a,
                   void (*fn)(void *arg, const char *name, const char *path,
                              const struct adapter *ad),
                   void *arg)
{
    pthread_mutex_lock(&a->lock);
    for (int i = 0; i < a->n; i++) {
        fn(arg, a->entries[i].name, a->entries[i].path, a->entries[i].adapter);
    }
    pthread_mutex_unlock(&a->lock);
}

/* ---- at the start ---- */

static bool load_one(struct adapters *a, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0') {
        return error_set(err, ERROR_INVALID_VALUE, "adapter",
                         "adapter is NAME=PATH, not \"%.100s\"", text);
    }
    struct span name = span_of(text, (size_t)(equals - text));
    struct adapter *adapter = engine_adapter_open(a->engine, -1, equals + 1, err);
    if (adapter == NULL) return false;
    note_read(equals + 1, adapter);
    return adapters_put(a, name, equals + 1, adapter, false, err);
}

bool adapters_load_first(struct adapters *a, struct error *err)
{
    for (int i = 0; i < a->o->adapters.n && !a->o->merge; i++) { /* it is in the weights */
        if (!load_one(a, a->o->adapters.items[i], err)) return error_at(err, "adapter");
    }
    return true;
}
