/* engine/model/safetensors.c - see safetensors.h.
 *
 *   +-----------+------------------------------------+----------------------------+
 *   | n, 8 B LE | JSON header, n bytes               | tensors, at data_offsets   |
 *   +-----------+------------------------------------+----------------------------+
 *
 * Shards are read one by one into one list of tensors, which is sorted by name at the end. Within
 * a shard: every tensor is as long as its shape and type say, and every byte of the data belongs to
 * just one tensor, as the format's own library demands. Over all shards: no name stands twice, and
 * each tensor of the index is in the file it says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/safetensors.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/tensor/quants.h"

enum {
    MAX_HEADER = 100 << 20, /* the format's own limit */
    MAX_INDEX = 100 << 20,
    MAX_SHARDS = 4096,
    MAX_TENSORS = 1 << 20,
    MAX_NAME = 512,
    NAMES_LIMIT = 256 << 20
};
static const double max_exact = 9007199254740992.0; /* 2^53: JSON numbers are doubles */

struct shard {
    char *path;
    struct span bytes;
    struct file_mapping mapping; /* where they come from; none: borrowed memory */
    size_t data_at;
    size_t first;    /* of its tensors, until they are sorted by name */
    cJSON *metadata; /* owned; NULL: none */
};

struct safetensors {
    struct shard *shards;
    int n_shards;
    struct safetensor *tensors;
    size_t n, room;
    struct arena *names;
};

static const struct {
    const char *name;
    int bytes, quant;
} dtypes[] = {
    {"F32", 4, QUANT_F32},   {"F16", 2, QUANT_F16},
    {"BF16", 2, QUANT_BF16}, {"F8_E4M3", 1, QUANT_F8_E4M3},
    {"F8_E5M2", 1, -1},      {"F8_E8M0", 1, -1},
    {"F64", 8, -1},          {"I64", 8, -1},
    {"U64", 8, -1},          {"I32", 4, -1},
    {"U32", 4, -1},          {"I16", 2, -1},
    {"U16", 2, -1},          {"I8", 1, -1},
    {"U8", 1, -1},           {"BOOL", 1, -1},
};

/* ---- a tensor ---- */

struct entry {
    const struct shard *shard;
    const cJSON *json;
    struct error *err;
};

/* Always false: "file: tensor: what". */
static bool fault(const struct entry *e, const char *what)
{
    return error_set(e->err, ERROR_BAD_FILE, NULL, "%.100s: %.128s: %s", e->shard->path,
                     e->json->string, what);
}

/* A whole number from 0 to 2^53. */
static bool whole(const cJSON *v, uint64_t *out)
{
    if (!cJSON_IsNumber(v)) return false;
    double d = v->valuedouble;
    if (!(d >= 0) || d > max_exact || d != floor(d)) return false;
    *out = (uint64_t)d;
    return true;
}

static bool read_dtype(const struct entry *e, struct safetensor *t, int *size)
{
    const cJSON *dtype = json_get(e->json, "dtype");
    if (!cJSON_IsString(dtype)) return fault(e, "has no dtype");
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++) {
        if (strcmp(dtype->valuestring, dtypes[i].name) != 0) continue;
        t->dtype = dtypes[i].name;
        t->quant = dtypes[i].quant;
        *size = dtypes[i].bytes;
        return true;
    }
    return error_set(e->err, ERROR_UNSUPPORTED, NULL, "%.100s: %.128s has unknown dtype %.30s",
                     e->shard->path, e->json->string, dtype->valuestring);
}

static bool read_shape(const struct entry *e, struct safetensor *t, int size)
{
    const cJSON *shape = json_get(e->json, "shape"), *dim;
    if (!cJSON_IsArray(shape)) return fault(e, "has no shape");
    for (int i = 0; i < 4; i++) {
        t->shape[i] = 1;
    }
    t->bytes = (size_t)size;
    cJSON_ArrayForEach(dim, shape)
    {
        uint64_t n;
        if (t->n_dims == 4) return fault(e, "has more than 4 dimensions");
        if (!whole(dim, &n) || __builtin_mul_overflow(t->bytes, n, &t->bytes)) {
            return fault(e, "shape must be whole numbers with a product that fits a file");
        }
        t->shape[t->n_dims++] = (int64_t)n;
    }
    return true;
}

static bool read_place(const struct entry *e, struct safetensor *t)
{
    const cJSON *offsets = json_get(e->json, "data_offsets");
    uint64_t begin, end;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole(offsets->child, &begin) || !whole(offsets->child->next, &end)) {
        return fault(e, "data_offsets must be two whole numbers");
    }
    const struct shard *s = e->shard;
    assert(s->data_at <= s->bytes.n);
    size_t room = s->bytes.n - s->data_at;
    if (begin > end || end > room) {
        return error_set(
            e->err, ERROR_BAD_FILE, NULL,
            "%.90s: %.100s: bytes %llu to %llu do not lie in the file's %zu of data: is "
            "it truncated?",
            s->path, e->json->string, (unsigned long long)begin, (unsigned long long)end, room);
    }
    if (end - begin != t->bytes) {
        return error_set(e->err, ERROR_BAD_FILE, NULL,
                         "%.90s: %.100s has %llu bytes; its shape and dtype %s need %zu", s->path,
                         e->json->string, (unsigned long long)(end - begin), t->dtype, t->bytes);
    }
    t->data = s->bytes.p + s->data_at + begin;
    return true;
}

static bool add_tensor(struct safetensors *s, const struct entry *e)
{
    struct safetensor t = {0};
    int size = 0;
    size_t n = strlen(e->json->string);
    if (n == 0 || n > MAX_NAME) return fault(e, "is an impossible name");
    if (!cJSON_IsObject(e->json)) return fault(e, "must be an object");
    if (!read_dtype(e, &t, &size) || !read_shape(e, &t, size) || !read_place(e, &t)) return false;
    if (s->n == MAX_TENSORS) return fault(e, "too many tensors");
    if (s->n == s->room) {
        size_t room = 2 * s->room + 64;
        struct safetensor *grown = mem_grow(s->tensors, room, sizeof(*grown), e->err);
        if (grown == NULL) return false;
        s->tensors = grown;
        s->room = room;
    }
    t.name = arena_str(s->names, span_of(e->json->string, n));
    if (t.name == NULL) return error_set(e->err, ERROR_NO_MEMORY, NULL, "out of memory");
    assert(s->n < s->room && t.n_dims <= 4);
    s->tensors[s->n++] = t;
    return true;
}

/* ---- a shard ---- */

static int by_address(const void *a, const void *b)
{
    const struct safetensor *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* empty ones first */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct safetensor *)a)->name, ((const struct safetensor *)b)->name);
}

/* Always false: the bytes from `from` up to `to` are no tensor's. */
static bool unowned(const struct shard *shard, const char *from, const char *to, struct error *err)
{
    const char *data = shard->bytes.p + shard->data_at;
    return error_set(err, ERROR_BAD_FILE, NULL,
                     "%.100s: bytes %zu to %zu of the data belong to no tensor", shard->path,
                     (size_t)(from - data), (size_t)(to - data));
}

/* Tensor after tensor from the first byte of the data to the last. */
static bool check_places(const struct safetensors *s, const struct shard *shard, struct error *err)
{
    size_t n = s->n - shard->first;
    struct safetensor *t = n == 0 ? NULL : s->tensors + shard->first;
    const char *end = shard->bytes.p + shard->data_at, *last = shard->bytes.p + shard->bytes.n;
    if (n > 0) qsort(t, n, sizeof(*t), by_address);
    for (size_t i = 0; i < n; i++) {
        if (t[i].data > end) return unowned(shard, end, t[i].data, err);
        if (t[i].data < end) {
            return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: tensors %.60s and %.60s overlap",
                             shard->path, t[i - 1].name, t[i].name);
        }
        end += t[i].bytes;
    }
    return end == last || unowned(shard, end, last, err);
}

/* The header's text, and where the data begins. */
static bool find_header(struct shard *shard, struct span *header, struct error *err)
{
    uint64_t n = 0;
    for (size_t i = 8; i-- > 0 && shard->bytes.n >= 8;) {
        n = n << 8 | (unsigned char)shard->bytes.p[i];
    }
    if (shard->bytes.n < 8 || n < 2 || n > MAX_HEADER || n > shard->bytes.n - 8) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.120s: not a safetensors file: a header of %llu bytes in a file of %zu",
                         shard->path, (unsigned long long)n, shard->bytes.n);
    }
    *header = span_of(shard->bytes.p + 8, n);
    shard->data_at = 8 + (size_t)n;
    return true;
}

/* What a file says about itself is texts. */
static bool check_metadata(const struct entry *e)
{
    const cJSON *text;
    if (!cJSON_IsObject(e->json)) return cJSON_IsNull(e->json) || fault(e, "must be an object");
    cJSON_ArrayForEach(text, e->json)
    {
        if (!cJSON_IsString(text)) return fault(e, "must hold strings");
    }
    return true;
}

static bool read_shard(struct safetensors *s, struct shard *shard, struct error *err)
{
    struct span text;
    struct error why = {0};
    shard->first = s->n;
    if (!find_header(shard, &text, err)) return false;
    cJSON *header = json_parse(text, &why);
    if (!cJSON_IsObject(header) || text.p[0] != '{') {
        bool none = header == NULL;
        cJSON_Delete(header);
        return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: header: %.90s", shard->path,
                         none ? why.message : "must begin with {");
    }
    bool ok = true;
    for (const cJSON *e = header->child; ok && e != NULL; e = e->next) {
        if (strcmp(e->string, "__metadata__") == 0) {
            ok = check_metadata(&(struct entry){shard, e, err});
            continue;
        }
        ok = add_tensor(s, &(struct entry){shard, e, err});
    }
    const cJSON *metadata = json_get(header, "__metadata__");
    if (ok && cJSON_IsObject(metadata)) {
        shard->metadata = cJSON_Duplicate(metadata, true);
        if (shard->metadata == NULL) ok = error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    }
    cJSON_Delete(header);
    return ok && check_places(s, shard, err);
}

/* The path of the shard that t lies in. */
static const char *path_of(const struct safetensors *s, const struct safetensor *t)
{
    int i = s->n_shards - 1;
    while (i > 0 && (t->data < s->shards[i].bytes.p ||
                     t->data > s->shards[i].bytes.p + s->shards[i].bytes.n)) {
        i--;
    }
    return s->shards[i].path;
}

static bool sort_names(struct safetensors *s, struct error *err)
{
    if (s->n > 0) qsort(s->tensors, s->n, sizeof(*s->tensors), by_name);
    for (size_t i = 1; i < s->n; i++) {
        const struct safetensor *t = &s->tensors[i - 1], *u = &s->tensors[i];
        if (strcmp(t->name, u->name) != 0) continue;
        const char *one = path_of(s, t), *other = path_of(s, u);
        if (one == other) {
            return error_set(err, ERROR_BAD_FILE, NULL, "%.120s: tensor %.128s stands twice", one,
                             t->name);
        }
        return error_set(err, ERROR_BAD_FILE, NULL, "%.90s: tensor %.60s stands in %.90s too", one,
                         t->name, other);
    }
    return true;
}

/* ---- a folder ---- */

static bool add_shard(struct safetensors *s, const char *folder, const char *file,
                      struct error *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, file);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: its path is too long", file);
    }
    struct shard *shard = &s->shards[s->n_shards++];
    shard->path = mem_text(span_str(path), err);
    if (shard->path == NULL) return false;
    if (!file_map(path, &shard->mapping, err)) return false;
    shard->bytes = file_mapping_span(shard->mapping);
    return read_shard(s, shard, err);
}

/* The shard of that file name, or NULL. */
static const struct shard *find_shard(const struct safetensors *s, const char *file)
{
    for (int i = 0; i < s->n_shards; i++) {
        if (strcmp(strrchr(s->shards[i].path, '/') + 1, file) == 0) return &s->shards[i];
    }
    return NULL;
}

static bool add_indexed(struct safetensors *s, const char *folder, const char *index,
                        const cJSON *entry, struct error *err)
{
    const char *file = cJSON_IsString(entry) ? entry->valuestring : "";
    if (file[0] == '\0' || file[0] == '.' || strchr(file, '/') != NULL) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.100s: weight_map[\"%.60s\"] must be the name of a file beside it",
                         index, entry->string);
    }
    if (find_shard(s, file) != NULL) return true;
    if (s->n_shards == MAX_SHARDS) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: more than %d shards", index,
                         MAX_SHARDS);
    }
    return add_shard(s, folder, file, err);
}

/* Every tensor that the index names is in the file it names. */
static bool check_index(const struct safetensors *s, const cJSON *map, const char *index,
                        struct error *err)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, map)
    {
        const struct shard *shard = find_shard(s, e->valuestring);
        const struct safetensor *t = safetensors_find(s, e->string);
        if (t != NULL && t->data >= shard->bytes.p && t->data <= shard->bytes.p + shard->bytes.n) {
            continue;
        }
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.100s: %.60s should be in %.60s, which has no such tensor", index,
                         e->string, e->valuestring);
    }
    return true;
}

static bool open_listed(struct safetensors *s, const char *folder, const cJSON *map,
                        const char *list, struct error *err)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, map)
    {
        if (!add_indexed(s, folder, list, e, err)) return false;
    }
    return sort_names(s, err) && check_index(s, map, list, err);
}

static bool open_index(struct safetensors *s, const char *folder, const char *index,
                       struct error *err)
{
    struct buffer text;
    struct error why = {0};
    buffer_init(&text, MAX_INDEX);
    bool ok = file_read(index, MAX_INDEX, &text, err);
    cJSON *json = ok ? json_parse(buffer_span(&text), &why) : NULL;
    buffer_clear(&text);
    const cJSON *map = json_get(json, "weight_map");
    if (ok && !cJSON_IsObject(map)) {
        ok = error_set(err, ERROR_BAD_FILE, NULL, "%.100s: %.90s", index,
                       json == NULL ? why.message : "weight_map must be an object");
    }
    ok = ok && open_listed(s, folder, map, index, err);
    cJSON_Delete(json);
    return ok;
}

static struct safetensors *new_set(int shards, struct error *err)
{
    struct safetensors *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    s->shards = mem_new((size_t)shards, sizeof(*s->shards), err);
    s->names = arena_new(NAMES_LIMIT);
    if (s->shards != NULL && s->names != NULL) return s;
    error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    safetensors_close(s);
    return NULL;
}

struct safetensors *safetensors_open(const char *folder, struct error *err)
{
    char index[PATH_MAX];
    int n = snprintf(index, sizeof(index), "%s/model.safetensors.index.json", folder);
    if (n < 0 || (size_t)n >= sizeof(index)) {
        error_set(err, ERROR_BAD_FILE, NULL, "%.100s...: path too long", folder);
        return NULL;
    }
    struct safetensors *s = new_set(MAX_SHARDS, err);
    if (s == NULL) return NULL;
    bool ok = file_exists(index)
                  ? open_index(s, folder, index, err)
                  : add_shard(s, folder, "model.safetensors", err) && sort_names(s, err);
    if (ok) return s;
    safetensors_close(s);
    return NULL;
}

struct safetensors *safetensors_open_listed(const char *folder, const cJSON *map, const char *list,
                                            struct error *err)
{
    struct safetensors *s = new_set(MAX_SHARDS, err);
    if (s != NULL && open_listed(s, folder, map, list, err)) return s;
    safetensors_close(s);
    return NULL;
}

struct safetensors *safetensors_open_memory(struct span bytes, const char *name, struct error *err)
{
    struct safetensors *s = new_set(1, err);
    if (s == NULL) return NULL;
    s->n_shards = 1;
    s->shards[0] = (struct shard){.path = mem_text(span_str(name), err), .bytes = bytes};
    if (s->shards[0].path != NULL && read_shard(s, &s->shards[0], err) && sort_names(s, err)) {
        return s;
    }
    safetensors_close(s);
    return NULL;
}

struct safetensors *safetensors_open_fd(int fd, const char *name, struct error *err)
{
    struct safetensors *s = new_set(1, err);
    if (s == NULL) return NULL;
    struct shard *shard = &s->shards[s->n_shards++];
    shard->path = mem_text(span_str(name), err);
    bool ok = shard->path != NULL && file_map_fd(fd, name, &shard->mapping, err);
    if (ok) shard->bytes = file_mapping_span(shard->mapping);
    if (ok && read_shard(s, shard, err) && sort_names(s, err)) return s;
    safetensors_close(s);
    return NULL;
}

const char *safetensors_metadata(const struct safetensors *s, const char *key)
{
    for (int i = 0; i < s->n_shards; i++) {
        const cJSON *text = json_get(s->shards[i].metadata, key);
        if (cJSON_IsString(text)) return text->valuestring;
    }
    return NULL;
}

const cJSON *safetensors_texts(const struct safetensors *s, int i)
{
    return i < s->n_shards ? s->shards[i].metadata : NULL;
}

int safetensors_files(const struct safetensors *s)
{
    return s->n_shards;
}

void safetensors_close(struct safetensors *s)
{
    if (s == NULL) return;
    for (int i = 0; i < s->n_shards; i++) {
        cJSON_Delete(s->shards[i].metadata);
        file_unmap(s->shards[i].mapping);
        free(s->shards[i].path);
    }
    free(s->shards);
    free(s->tensors);
    arena_free(s->names);
    free(s);
}

/* ---- look-ups ---- */

const struct safetensor *safetensors_find(const struct safetensors *s, const char *name)
{
    struct safetensor key = {.name = name};
    return s->n == 0 ? NULL : bsearch(&key, s->tensors, s->n, sizeof(key), by_name);
}

size_t safetensors_count(const struct safetensors *s)
{
    return s->n;
}

const struct safetensor *safetensors_at(const struct safetensors *s, size_t i)
{
    return &s->tensors[i];
}

bool safetensors_file(const struct safetensors *s, int i, const char **path,
                      struct file_mapping *mapping)
{
    if (i >= s->n_shards) return false;
    *path = s->shards[i].path;
    *mapping = s->shards[i].mapping;
    return true;
}

void safetensors_drop(struct safetensors *s)
{
    for (int i = 0; i < s->n_shards; i++) {
        const struct shard *shard = &s->shards[i];
        file_map_drop(shard->mapping, span_slice(shard->bytes, shard->data_at, shard->bytes.n));
    }
}

void safetensors_drop_bytes(const struct safetensors *s, struct span bytes)
{
    for (int i = 0; i < s->n_shards; i++) {
        file_map_drop(s->shards[i].mapping, bytes);
    }
}
