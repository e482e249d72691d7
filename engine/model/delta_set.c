/* engine/model/delta_set.c - see delta_set.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/delta_set.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/model/safetensors.h"

enum { MAX_LIST = 100 << 20 };

static bool fault(struct error *err, const char *list, const char *what)
{
    return error_set(err, ERROR_BAD_FILE, NULL, "%.120s: %.120s", list, what);
}

/* ---- the changes ---- */

static int by_name(const void *a, const void *b)
{
    const struct span x = ((const struct delta_change *)a)->name;
    const struct span y = ((const struct delta_change *)b)->name;
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

const struct delta_change *delta_set_find(const struct delta_set *d, struct span name)
{
    struct delta_change key = {.name = name};
    return d->n == 0 ? NULL : bsearch(&key, d->changes, d->n, sizeof(key), by_name);
}

static bool sort(struct delta_set *d, struct error *err)
{
    if (d->n > 0) qsort(d->changes, d->n, sizeof(*d->changes), by_name);
    for (size_t i = 1; i < d->n; i++) {
        const struct span name = d->changes[i].name;
        if (by_name(&d->changes[i - 1], &d->changes[i]) < 0) continue;
        return error_set(err, ERROR_INVALID_VALUE, NULL, "tensor %.*s changes twice",
                         (int)(name.n < 120 ? name.n : 120), name.p);
    }
    return true;
}

static bool set_payload(struct delta_change *c, const struct safetensor *t, struct error *err)
{
    c->payload = span_of(t->data, t->bytes);
    return strcmp(t->dtype, "U8") == 0 ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "tensor %.120s is a change: it must be U8",
                     t->name);
}

/* Changes and texts may be a million each: so the texts are gone through once, and each finds its
 * change. Of two files' texts the first file's counts. */
static void take_sums(const struct safetensors *files, struct delta_set *d)
{
    const cJSON *text;
    for (int i = 0; i < safetensors_files(files); i++) {
        cJSON_ArrayForEach(text, safetensors_texts(files, i))
        {
            struct delta_change key = {.name = span_str(text->string)};
            struct delta_change *c =
                d->n == 0 ? NULL : bsearch(&key, d->changes, d->n, sizeof(key), by_name);
            if (c != NULL && c->sum == NULL) c->sum = text->valuestring;
        }
    }
}

static bool check_sums(const struct delta_set *d, struct error *err)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct span name = d->changes[i].name;
        if (d->changes[i].sum != NULL) continue;
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "the change of tensor %.*s has no sum: __metadata__ must have its new "
                         "bytes' XXH3-128 under its name",
                         (int)(name.n < 120 ? name.n : 120), name.p);
    }
    return true;
}

/* A change for each tensor of the files, by its name, its sum in their metadata. */
static bool take_all(const struct safetensors *files, struct delta_set *d, struct error *err)
{
    size_t n = safetensors_count(files);
    d->changes = mem_new(n + 1, sizeof(*d->changes), err);
    if (d->changes == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        const struct safetensor *t = safetensors_at(files, i);
        struct delta_change *c = &d->changes[d->n++];
        c->name = span_str(t->name);
        if (!set_payload(c, t, err)) return false;
    }
    if (!sort(d, err)) return false;
    take_sums(files, d);
    return check_sums(d, err);
}

static bool end(struct delta_set *d, bool ok)
{
    for (size_t i = 1; ok && i < d->n; i++) {
        assert(by_name(&d->changes[i - 1], &d->changes[i]) < 0); /* (1) */
    }
    if (!ok) delta_set_clear(d);
    return ok;
}

bool delta_set_of_stream(const struct safetensors *news, struct delta_set *d, struct error *err)
{
    const char *compression = safetensors_metadata(news, "compression_format");
    *d = (struct delta_set){.n = 0};
    if (compression == NULL) compression = safetensors_metadata(news, "compression");
    if (safetensors_metadata(news, "delta_encoding") == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "__metadata__ has no delta_encoding: xor or overwrite");
    }
    return end(d,
               delta_format_read(safetensors_metadata(news, "delta_encoding"), compression,
                                 safetensors_metadata(news, "checksum_format"), &d->format, err) &&
                   take_all(news, d, err));
}

void delta_set_clear(struct delta_set *d)
{
    free(d->changes);
    safetensors_close(d->files);
    cJSON_Delete(d->document);
    *d = (struct delta_set){.n = 0};
}

/* ---- a folder ---- */

static bool join(const char *folder, const char *name, char path[PATH_MAX], struct error *err)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return (n >= 0 && n < PATH_MAX) || fault(err, folder, "its path is too long");
}

static bool read_list(const char *path, cJSON **out, struct error *err)
{
    struct buffer text;
    struct error why = {0};
    buffer_init(&text, MAX_LIST);
    bool ok = file_read(path, MAX_LIST, &text, err);
    *out = ok ? json_parse(buffer_span(&text), &why) : NULL;
    buffer_clear(&text);
    if (!ok || cJSON_IsObject(*out)) return ok;
    if (why.code == ERROR_NO_MEMORY) return error_set(err, why.code, NULL, "%s", why.message);
    return fault(err, path, *out == NULL ? why.message : "must be an object");
}

/* A whole number, or a text of digits: 3, "000003". */
static bool read_version(const cJSON *object, const char *key, const char *list, int64_t *out,
                         struct error *err)
{
    const cJSON *v = json_get(object, key);
    char what[64];
    if (cJSON_IsString(v)) {
        const char *text = v->valuestring;
        size_t n = strlen(text);
        bool digits = n > 0 && n <= 18 && strspn(text, "0123456789") == n;
        *out = digits ? strtoll(text, NULL, 10) : -1;
    } else if (!json_int64(v, out)) {
        *out = -1;
    }
    if (*out >= 0 && *out <= DELTA_MAX_VERSION) return true;
    snprintf(what, sizeof(what), "%s must be a whole number from 0 to %d", key, DELTA_MAX_VERSION);
    return fault(err, list, what);
}

static bool read_versions(const cJSON *object, const char *list, struct delta_set *d,
                          struct error *err)
{
    return read_version(object, "version", list, &d->version, err) &&
           read_version(object, "base_version", list, &d->base, err);
}

/* ---- slime's ---- */

static const char slime_list[] = "model.safetensors.index.json";

bool delta_is_slime(const char *folder, bool *changes, struct error *err)
{
    char path[PATH_MAX];
    cJSON *list = NULL;
    *changes = false;
    if (!join(folder, slime_list, path, err)) return false;
    if (!file_exists(path)) return true; /* a checkpoint of one file */
    bool ok = read_list(path, &list, err);
    *changes = ok && json_get(json_get(list, "metadata"), "delta_encoding") != NULL;
    cJSON_Delete(list);
    return ok;
}

static bool read_slime(const char *folder, const char *path, struct delta_set *d, struct error *err)
{
    const char *encoding = NULL, *compression = NULL, *sums = NULL;
    const cJSON *map, *about;
    if (!read_list(path, &d->document, err)) return false;
    map = json_get(d->document, "weight_map");
    about = json_get(d->document, "metadata");
    if (!cJSON_IsObject(map) || !cJSON_IsObject(about)) {
        return fault(err, path, "weight_map and metadata must be objects");
    }
    d->files = safetensors_open_listed(folder, map, path, err);
    return d->files != NULL && read_versions(about, path, d, err) &&
           json_get_string(about, "delta_encoding", &encoding, err) &&
           json_get_string(about, "compression_format", &compression, err) &&
           json_get_string(about, "checksum_format", &sums, err) &&
           delta_format_read(encoding, compression, sums, &d->format, err) &&
           take_all(d->files, d, err);
}

bool delta_set_open_slime(const char *folder, struct delta_set *d, struct error *err)
{
    char path[PATH_MAX];
    *d = (struct delta_set){.n = 0};
    return end(d, join(folder, slime_list, path, err) && read_slime(folder, path, d, err));
}

/* ---- SkyRL's ---- */

static const char skyrl_list[] = "manifest.json";

/* Which file each change lies in: {payload_key: payload_file}. */
static cJSON *map_of(const cJSON *tensors, const char *list, struct error *err)
{
    cJSON *map = cJSON_CreateObject();
    const cJSON *t;
    cJSON_ArrayForEach(t, tensors)
    {
        struct error why = {0};
        const char *key = json_need_text(t, "payload_key", &why);
        const char *file = key == NULL ? NULL : json_need_text(t, "payload_file", &why);
        if (file == NULL) {
            fault(err, list, why.message);
            cJSON_Delete(map);
            return NULL;
        }
        if (!json_put(map, key, json_string(span_str(file)))) break;
    }
    if (map != NULL && t == NULL) return map;
    error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a manifest");
    cJSON_Delete(map);
    return NULL;
}

/* "sha256" was the sum's name before there were two kinds. */
static bool read_sum(const cJSON *tensor, const char *list, struct delta_change *c,
                     struct error *err)
{
    const char *kind = "xxh3-128";
    struct error why = {0};
    bool old = json_get(tensor, "checksum") == NULL;
    c->sum = json_need_text(tensor, old ? "sha256" : "checksum", &why);
    if (old) kind = "sha256";
    if (c->sum == NULL || !json_get_string(tensor, "checksum_algorithm", &kind, &why)) {
        return fault(err, list, why.message);
    }
    c->kind = strcmp(kind, "sha256") == 0 ? DELTA_SHA256 : DELTA_XXH3;
    return c->kind == DELTA_SHA256 || strcmp(kind, "xxh3-128") == 0 ||
           error_set(err, ERROR_INVALID_VALUE, NULL,
                     "checksum_algorithm is %.30s; xxh3-128 or sha256", kind);
}

static bool add_skyrl(const cJSON *tensor, const char *list, struct delta_set *d, struct error *err)
{
    struct error why = {0};
    struct delta_change *c = &d->changes[d->n++];
    const char *name = json_need_text(tensor, "name", &why);
    if (name == NULL) return fault(err, list, why.message);
    c->name = span_str(name);
    /* it is there: the list of files was checked with it */
    const char *key = json_get(tensor, "payload_key")->valuestring;
    return set_payload(c, safetensors_find(d->files, key), err) && read_sum(tensor, list, c, err);
}

static bool read_skyrl(const char *folder, const char *path, struct delta_set *d, struct error *err)
{
    const cJSON *tensors, *t;
    if (!read_list(path, &d->document, err) || !read_versions(d->document, path, d, err)) {
        return false;
    }
    tensors = json_get(d->document, "tensors");
    if (tensors != NULL && !cJSON_IsArray(tensors)) {
        return fault(err, path, "tensors must be an array");
    }
    cJSON *map = map_of(tensors, path, err);
    if (map == NULL) return false;
    d->files = safetensors_open_listed(folder, map, path, err);
    cJSON_Delete(map);
    int n = cJSON_GetArraySize(tensors);
    d->changes = d->files == NULL ? NULL : mem_new((size_t)n + 1, sizeof(*d->changes), err);
    if (d->changes == NULL) return false;
    cJSON_ArrayForEach(t, tensors)
    {
        if (!add_skyrl(t, path, d, err)) return false;
    }
    d->format = (struct delta_format){.overwrite = false, .zstd = true};
    return sort(d, err);
}

bool delta_set_open_skyrl(const char *folder, struct delta_set *d, struct error *err)
{
    char path[PATH_MAX];
    *d = (struct delta_set){.n = 0};
    return end(d, join(folder, skyrl_list, path, err) && read_skyrl(folder, path, d, err));
}
