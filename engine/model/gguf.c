/* engine/model/gguf.c - checks a GGUF file from its first byte to its last tensor.
 *
 *   +--------+-----------------+---------------------+---------+------------------+
 *   | header | n_kv metadata   | n_tensors names,    | padding | tensor data, each|
 *   | 24 B   | entries         | shapes, offsets     |         | at its offset    |
 *   +--------+-----------------+---------------------+---------+------------------+
 *
 * A cursor walks the first three parts; it never passes the end and stops at the first fault,
 * which it words. Then: no name stands twice, no tensor reaches past the file or into another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/gguf.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/tensor/quants.h"

enum {
    MAX_VALUES = 4096,
    MAX_TENSORS = 1 << 18,
    MAX_KEY_BYTES = 1024,
    MAX_SPLITS = 1024,
    MIN_VALUE_BYTES = 8 + 4 + 1,  /* key length, type, one byte */
    MIN_TENSOR_BYTES = 8 + 4 + 8, /* name length, dimensions, ... */
};

/* One mapped file. A split set has several; its first holds the metadata. */
struct part {
    struct span bytes;
    struct file_mapping mapping; /* where they come from; none: borrowed memory */
    char *path;
    size_t data_at; /* where tensor data begins */
};

struct gguf {
    struct part *parts;
    int n_parts;
    struct gguf_value *values; /* of the first part */
    size_t n_values;
    struct gguf_tensor *tensors; /* of all parts, in file order */
    size_t n_tensors;
    const struct gguf_tensor **by_name; /* sorted */
};

/* ---- the cursor ---- */

struct cursor {
    const struct part *part;
    size_t at;
    struct error *err;
};

static bool fault(const struct part *p, struct error *err, const char *what)
{
    return error_set(err, ERROR_BAD_FILE, NULL, "%.120s: %s", p->path, what);
}

/* The next n bytes, or NULL. */
static const char *take(struct cursor *c, size_t n)
{
    const struct part *p = c->part;
    assert(c->at <= p->bytes.n);
    if (n > p->bytes.n - c->at) {
        error_set(c->err, ERROR_BAD_FILE, NULL,
                  "%.120s: truncated: %zu bytes wanted at offset %zu of %zu", p->path, n, c->at,
                  p->bytes.n);
        return NULL;
    }
    c->at += n;
    return p->bytes.p + c->at - n;
}

static uint64_t read_le(const char *p, int n)
{
    uint64_t v = 0;
    for (int i = n - 1; i >= 0; i--) {
        v = v << 8 | (unsigned char)p[i];
    }
    return v;
}

static bool take_u32(struct cursor *c, uint32_t *out)
{
    const char *p = take(c, 4);
    if (p != NULL) *out = (uint32_t)read_le(p, 4);
    return p != NULL;
}

static bool take_u64(struct cursor *c, uint64_t *out)
{
    const char *p = take(c, 8);
    if (p != NULL) *out = read_le(p, 8);
    return p != NULL;
}

static bool take_string(struct cursor *c, struct span *out)
{
    uint64_t n = 0;
    const char *p = take_u64(c, &n) ? take(c, n) : NULL;
    *out = span_of(p, p == NULL ? 0 : n);
    return p != NULL;
}

static bool take_name(struct cursor *c, const char *what, struct span *out)
{
    if (!take_string(c, out)) return false;
    if (out->n == 0 || out->n > MAX_KEY_BYTES || memchr(out->p, '\0', out->n) != NULL) {
        return error_set(c->err, ERROR_BAD_FILE, NULL, "%.120s: %s has an impossible name",
                         c->part->path, what);
    }
    return true;
}

/* ---- metadata ---- */

static const struct {
    int bytes; /* 0: no fixed size */
    bool is_signed, is_integer;
} types[GGUF_TYPES] = {
    [GGUF_U8] = {1, false, true},      [GGUF_I8] = {1, true, true},
    [GGUF_U16] = {2, false, true},     [GGUF_I16] = {2, true, true},
    [GGUF_U32] = {4, false, true},     [GGUF_I32] = {4, true, true},
    [GGUF_F32] = {4, true, false},     [GGUF_BOOL] = {1, false, true},
    [GGUF_STRING] = {0, false, false}, [GGUF_ARRAY] = {0, 0, 0},
    [GGUF_U64] = {8, false, true},     [GGUF_I64] = {8, true, true},
    [GGUF_F64] = {8, true, false},
};

static bool take_type(struct cursor *c, struct span key, enum gguf_type *out)
{
    uint32_t type = 0;
    if (!take_u32(c, &type)) return false;
    if (type >= GGUF_TYPES) {
        return error_set(c->err, ERROR_BAD_FILE, NULL, "%.100s: %.*s has unknown type %u",
                         c->part->path, (int)key.n, key.p, type);
    }
    *out = (enum gguf_type)type;
    return true;
}

static bool take_array(struct cursor *c, struct gguf_value *v)
{
    if (!take_type(c, v->key, &v->elem_type) || !take_u64(c, &v->n)) return false;
    size_t start = c->at;
    if (v->elem_type == GGUF_ARRAY) {
        return error_set(c->err, ERROR_BAD_FILE, NULL,
                         "%.100s: %.*s: arrays of arrays are not read", c->part->path,
                         (int)v->key.n, v->key.p);
    }
    if (v->elem_type == GGUF_STRING) {
        struct span ignored;
        for (uint64_t i = 0; i < v->n; i++) {
            if (!take_string(c, &ignored)) return false;
        }
    } else {
        size_t bytes;
        if (__builtin_mul_overflow(v->n, (size_t)types[v->elem_type].bytes, &bytes)) {
            return error_set(c->err, ERROR_BAD_FILE, NULL,
                             "%.100s: %.*s: an array of %llu values is longer than any file",
                             c->part->path, (int)v->key.n, v->key.p, (unsigned long long)v->n);
        }
        if (take(c, bytes) == NULL) return false;
    }
    v->data = span_of(c->part->bytes.p + start, c->at - start);
    return true;
}

static bool take_value(struct cursor *c, struct gguf_value *v)
{
    if (!take_name(c, "a metadata entry", &v->key) || !take_type(c, v->key, &v->type)) return false;
    v->n = 1;
    if (v->type == GGUF_ARRAY) return take_array(c, v);
    if (v->type == GGUF_STRING) return take_string(c, &v->data);
    size_t n = (size_t)types[v->type].bytes;
    const char *p = take(c, n);
    v->data = span_of(p, n);
    return p != NULL;
}

/* ---- tensors ---- */

/* Always false: the weights or bytes of t are too many to be counted. */
static bool too_many(const struct part *p, const struct gguf_tensor *t, struct error *err)
{
    return error_set(err, ERROR_BAD_FILE, NULL,
                     "%.100s: %.*s: a shape of %lld x %lld x %lld x %lld is larger than any file",
                     p->path, (int)t->name.n, t->name.p, (long long)t->shape[0],
                     (long long)t->shape[1], (long long)t->shape[2], (long long)t->shape[3]);
}

static bool tensor_size(const struct part *p, struct gguf_tensor *t, struct error *err)
{
    int type = quant_from_ggml(t->ggml_type);
    if (type < 0) return true; /* named when somebody wants it */
    const struct quant_type *q = &quant_types[type];
    size_t n = 1;
    for (int i = 0; i < t->n_dims; i++) {
        if (__builtin_mul_overflow(n, (size_t)t->shape[i], &n)) return too_many(p, t, err);
    }
    if (t->shape[0] % q->block != 0) {
        return error_set(
            err, ERROR_BAD_FILE, NULL,
            "%.100s: %.*s: rows of %lld weights are not a multiple of %s's block of %d", p->path,
            (int)t->name.n, t->name.p, (long long)t->shape[0], q->name, q->block);
    }
    if (__builtin_mul_overflow(n / (size_t)q->block, (size_t)q->bytes, &t->bytes)) {
        return too_many(p, t, err);
    }
    return true;
}

/* All but its data, which place_tensor() finds at *offset once the file's data is known to begin. */
static bool take_tensor(struct cursor *c, struct gguf_tensor *t, uint64_t *offset)
{
    uint32_t n_dims = 0;
    if (!take_name(c, "a tensor", &t->name) || !take_u32(c, &n_dims)) return false;
    if (n_dims < 1 || n_dims > 4) {
        return error_set(c->err, ERROR_BAD_FILE, NULL, "%.100s: %.*s has %u dimensions; 1 to 4",
                         c->part->path, (int)t->name.n, t->name.p, n_dims);
    }
    t->n_dims = (int)n_dims;
    for (int i = 0; i < 4; i++) {
        uint64_t d = 1;
        if (i < t->n_dims && !take_u64(c, &d)) return false;
        if (d < 1 || d > INT64_MAX / 8) {
            return error_set(c->err, ERROR_BAD_FILE, NULL, "%.100s: %.*s has dimension %llu",
                             c->part->path, (int)t->name.n, t->name.p, (unsigned long long)d);
        }
        t->shape[i] = (int64_t)d;
    }
    return take_u32(c, &t->ggml_type) && take_u64(c, offset) && tensor_size(c->part, t, c->err);
}

static bool place_tensor(const struct part *p, struct gguf_tensor *t, uint64_t offset,
                         uint64_t alignment, struct error *err)
{
    assert(p->data_at <= p->bytes.n && alignment > 0);
    size_t room = p->bytes.n - p->data_at;
    if (offset % alignment != 0) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.100s: %.*s: offset %llu is not a multiple of the file's alignment %llu",
                         p->path, (int)t->name.n, t->name.p, (unsigned long long)offset,
                         (unsigned long long)alignment);
    }
    if (offset > room || t->bytes > room - offset) {
        return error_set(
            err, ERROR_BAD_FILE, NULL,
            "%.90s: %.*s: %zu bytes at offset %llu do not lie in the file's %zu bytes of data: is "
            "it truncated?",
            p->path, (int)t->name.n, t->name.p, t->bytes, (unsigned long long)offset, room);
    }
    t->data = p->bytes.p + p->data_at + offset;
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct gguf_tensor *x = *(const struct gguf_tensor *const *)a;
    const struct gguf_tensor *y = *(const struct gguf_tensor *const *)b;
    return (x->data > y->data) - (x->data < y->data);
}

static int compare_names(struct span a, struct span b)
{
    int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int by_name(const void *a, const void *b)
{
    return compare_names((*(const struct gguf_tensor *const *)a)->name,
                         (*(const struct gguf_tensor *const *)b)->name);
}

static bool check_tensors(struct gguf *g, struct error *err)
{
    const struct gguf_tensor **order = mem_new(g->n_tensors, sizeof(*order), err);
    if (order == NULL) return false;
    for (size_t i = 0; i < g->n_tensors; i++) {
        order[i] = &g->tensors[i];
    }
    qsort(order, g->n_tensors, sizeof(*order), by_address);
    for (size_t i = 1; i < g->n_tensors; i++) {
        const struct gguf_tensor *a = order[i - 1], *b = order[i];
        if (a->data + a->bytes <= b->data) continue;
        free(order);
        return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: tensors %.*s and %.*s overlap",
                         g->parts[0].path, (int)a->name.n, a->name.p, (int)b->name.n, b->name.p);
    }
    qsort(order, g->n_tensors, sizeof(*order), by_name);
    g->by_name = order;
    for (size_t i = 1; i < g->n_tensors; i++) {
        if (span_eq(order[i - 1]->name, order[i]->name)) {
            return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: tensor %.*s stands twice",
                             g->parts[0].path, (int)order[i]->name.n, order[i]->name.p);
        }
    }
    return true;
}

/* ---- a part ---- */

static bool take_header(struct cursor *c, uint64_t *n_tensors, uint64_t *n_values)
{
    uint32_t version = 0;
    const char *magic = take(c, 4);
    if (magic == NULL) return false;
    if (memcmp(magic, "vers", 4) == 0) {
        return fault(c->part, c->err,
                     "not a GGUF file; if it is a Git LFS pointer, fetch the file (git lfs pull)");
    }
    if (memcmp(magic, "GGUF", 4) != 0) {
        return fault(c->part, c->err,
                     "not a GGUF file; a Hugging Face checkpoint is named by its folder");
    }
    if (!take_u32(c, &version)) return false;
    if (version != 2 && version != 3) {
        return error_set(c->err, ERROR_UNSUPPORTED, NULL,
                         "%.120s: GGUF version %u; 2 and 3 are read (little endian)", c->part->path,
                         version);
    }
    if (!take_u64(c, n_tensors) || !take_u64(c, n_values)) return false;
    size_t left = c->part->bytes.n - c->at;
    if (*n_values > MAX_VALUES || *n_values > left / MIN_VALUE_BYTES || *n_tensors > MAX_TENSORS ||
        *n_tensors > left / MIN_TENSOR_BYTES) {
        return error_set(c->err, ERROR_BAD_FILE, NULL,
                         "%.100s: %llu metadata entries and %llu tensors do not fit in %zu bytes",
                         c->part->path, (unsigned long long)*n_values,
                         (unsigned long long)*n_tensors, left);
    }
    return true;
}

static const struct gguf_value *find_value(const struct gguf_value *values, size_t n,
                                           struct span key)
{
    for (size_t i = 0; i < n; i++) {
        if (span_eq(values[i].key, key)) return &values[i];
    }
    return NULL;
}

static bool take_values(struct cursor *c, uint64_t n, struct gguf_value **out)
{
    struct gguf_value *values = mem_new(n, sizeof(*values), c->err);
    *out = values;
    if (values == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        if (!take_value(c, &values[i])) return false;
        if (find_value(values, i, values[i].key) != NULL) {
            return error_set(c->err, ERROR_BAD_FILE, NULL, "%.100s: metadata key %.*s stands twice",
                             c->part->path, (int)values[i].key.n, values[i].key.p);
        }
    }
    return true;
}

static uint64_t alignment_of(const struct gguf_value *values, size_t n)
{
    const struct gguf_value *v = find_value(values, n, span_str("general.alignment"));
    if (v == NULL || v->type != GGUF_U32) return 32;
    uint64_t a = read_le(v->data.p, 4);
    return a == 0 || (a & (a - 1)) != 0 || a > 1 << 20 ? 0 : a;
}

/* Read part p and append its tensors. Its metadata is kept when it is the first. */
static bool read_part(struct gguf *g, struct part *p, struct error *err)
{
    struct cursor c = {.part = p, .err = err};
    uint64_t n_tensors = 0, n_values = 0;
    struct gguf_value *values = NULL;
    uint64_t *offsets = NULL;
    bool ok = false;
    if (!take_header(&c, &n_tensors, &n_values) || !take_values(&c, n_values, &values)) goto done;
    uint64_t alignment = alignment_of(values, n_values);
    if (alignment == 0) {
        fault(p, err, "general.alignment must be a power of two");
        goto done;
    }
    offsets = mem_new(n_tensors, sizeof(*offsets), err);
    struct gguf_tensor *grown =
        mem_grow(g->tensors, g->n_tensors + n_tensors + 1, sizeof(*grown), err);
    if (grown != NULL) g->tensors = grown;
    if (offsets == NULL || grown == NULL) goto done;
    struct gguf_tensor *tensors = g->tensors + g->n_tensors;
    memset(tensors, 0, n_tensors * sizeof(*tensors));
    for (uint64_t i = 0; i < n_tensors; i++) {
        if (!take_tensor(&c, &tensors[i], &offsets[i])) goto done;
    }
    size_t data_at = (c.at + alignment - 1) / alignment * alignment;
    p->data_at = data_at < p->bytes.n ? data_at : p->bytes.n;
    for (uint64_t i = 0; i < n_tensors; i++) {
        if (!place_tensor(p, &tensors[i], offsets[i], alignment, err)) goto done;
    }
    g->n_tensors += n_tensors;
    if (g->values == NULL) {
        g->values = values;
        g->n_values = n_values;
        values = NULL;
    }
    ok = true;
done:
    free(values);
    free(offsets);
    return ok;
}

/* ---- files ---- */

static bool add_part(struct gguf *g, const char *path, struct error *err)
{
    struct part *p = &g->parts[g->n_parts++];
    p->path = mem_text(span_str(path), err);
    if (p->path == NULL) return false;
    if (!file_map(path, &p->mapping, err)) return false;
    p->bytes = file_mapping_span(p->mapping);
    return read_part(g, p, err);
}

/* "dir/name-00001-of-00003.gguf": the others of the set. The first says how many there are. */
static bool add_splits(struct gguf *g, const char *path, int64_t n, struct error *err)
{
    static const char form[] = "-00001-of-00000.gguf";
    size_t stem = strlen(path) < sizeof(form) - 1 ? 0 : strlen(path) - (sizeof(form) - 1);
    char tail[sizeof(form)];
    snprintf(tail, sizeof(tail), "-00001-of-%05d.gguf", (int)n);
    if (strcmp(path + stem, tail) != 0) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.100s: holds part of a split model: open the file that ends in %s", path,
                         tail);
    }
    for (int i = 2; i <= n; i++) {
        char other[PATH_MAX];
        int len =
            snprintf(other, sizeof(other), "%.*s-%05d-of-%05d.gguf", (int)stem, path, i, (int)n);
        if (len < 0 || (size_t)len >= sizeof(other)) {
            return error_set(err, ERROR_BAD_FILE, NULL, "%.100s...: path too long", path);
        }
        if (!add_part(g, other, err)) return false;
    }
    return true;
}

static bool open_all(struct gguf *g, const char *path, struct error *err)
{
    int64_t n_splits = 1;
    if (!add_part(g, path, err) || !gguf_get_int(g, "split.count", 0, MAX_SPLITS, &n_splits, err)) {
        return false;
    }
    if (n_splits > 1 && !add_splits(g, path, n_splits, err)) return false;
    return check_tensors(g, err);
}

struct gguf *gguf_open(const char *path, struct error *err)
{
    struct gguf *g = mem_new(1, sizeof(*g), err);
    if (g == NULL) return NULL;
    g->parts = mem_new(MAX_SPLITS, sizeof(*g->parts), err);
    if (g->parts != NULL && open_all(g, path, err)) return g;
    gguf_close(g);
    return NULL;
}

struct gguf *gguf_open_memory(struct span bytes, const char *name, struct error *err)
{
    struct gguf *g = mem_new(1, sizeof(*g), err);
    if (g == NULL) return NULL;
    g->parts = mem_new(1, sizeof(*g->parts), err);
    if (g->parts != NULL) {
        g->n_parts = 1;
        g->parts[0] = (struct part){.bytes = bytes, .path = mem_text(span_str(name), err)};
        if (g->parts[0].path != NULL && read_part(g, &g->parts[0], err) && check_tensors(g, err)) {
            return g;
        }
    }
    gguf_close(g);
    return NULL;
}

void gguf_close(struct gguf *g)
{
    if (g == NULL) return;
    for (int i = 0; i < g->n_parts; i++) {
        file_unmap(g->parts[i].mapping);
        free(g->parts[i].path);
    }
    free(g->parts);
    free(g->values);
    free(g->tensors);
    free(g->by_name);
    free(g);
}

const char *gguf_path(const struct gguf *g)
{
    assert(g->n_parts > 0);
    return g->parts[0].path;
}

bool gguf_file(const struct gguf *g, int i, const char **path, struct file_mapping *mapping)
{
    if (i >= g->n_parts) return false;
    *path = g->parts[i].path;
    *mapping = g->parts[i].mapping;
    return true;
}

void gguf_drop_tensors(struct gguf *g)
{
    for (int i = 0; i < g->n_parts; i++) {
        const struct part *p = &g->parts[i];
        file_map_drop(p->mapping, span_slice(p->bytes, p->data_at, p->bytes.n));
    }
}

void gguf_drop(const struct gguf *g, struct span bytes)
{
    for (int i = 0; i < g->n_parts; i++) {
        file_map_drop(g->parts[i].mapping, bytes);
    }
}

/* ---- look-ups ---- */

const struct gguf_value *gguf_find(const struct gguf *g, const char *key)
{
    return find_value(g->values, g->n_values, span_str(key));
}

static bool wrong_type(const struct gguf *g, const char *key, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_BAD_FILE, NULL, "%.120s: %s is not %s", gguf_path(g), key, wanted);
}

static int64_t int_at(enum gguf_type type, const char *p)
{
    int bits = types[type].bytes * 8;
    uint64_t v = read_le(p, types[type].bytes);
    if (types[type].is_signed && bits < 64 && (v >> (bits - 1) & 1)) v |= ~0ull << bits;
    return (int64_t)v;
}

static double float_at(enum gguf_type type, const char *p)
{
    if (type == GGUF_F64) {
        double d;
        memcpy(&d, p, sizeof(d));
        return d;
    }
    float f;
    memcpy(&f, p, sizeof(f));
    return (double)f;
}

bool gguf_get_int(const struct gguf *g, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct error *err)
{
    const struct gguf_value *v = gguf_find(g, key);
    if (v == NULL) return true;
    if (!types[v->type].is_integer) return wrong_type(g, key, "an integer", err);
    int64_t i = int_at(v->type, v->data.p);
    if (i < min || i > max || (v->type == GGUF_U64 && i < 0)) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.100s: %s is %lld; it must be from %lld to %lld", gguf_path(g), key,
                         (long long)i, (long long)min, (long long)max);
    }
    *out = i;
    return true;
}

bool gguf_get_float(const struct gguf *g, const char *key, double *out, struct error *err)
{
    const struct gguf_value *v = gguf_find(g, key);
    if (v == NULL) return true;
    if (v->type != GGUF_F32 && v->type != GGUF_F64) return wrong_type(g, key, "a float", err);
    *out = float_at(v->type, v->data.p);
    return true;
}

bool gguf_get_bool(const struct gguf *g, const char *key, bool *out, struct error *err)
{
    const struct gguf_value *v = gguf_find(g, key);
    if (v == NULL) return true;
    if (v->type != GGUF_BOOL) return wrong_type(g, key, "a boolean", err);
    *out = v->data.p[0] != 0;
    return true;
}

bool gguf_get_string(const struct gguf *g, const char *key, struct span *out, struct error *err)
{
    const struct gguf_value *v = gguf_find(g, key);
    if (v == NULL) return true;
    if (v->type != GGUF_STRING) return wrong_type(g, key, "a string", err);
    *out = v->data;
    return true;
}

bool gguf_array_of_ints(const struct gguf_value *v)
{
    return v->type == GGUF_ARRAY && types[v->elem_type].is_integer;
}

int64_t gguf_array_int(const struct gguf_value *v, uint64_t i)
{
    return int_at(v->elem_type, v->data.p + i * (uint64_t)types[v->elem_type].bytes);
}

double gguf_array_float(const struct gguf_value *v, uint64_t i)
{
    return float_at(v->elem_type, v->data.p + i * (uint64_t)types[v->elem_type].bytes);
}

bool gguf_array_next(const struct gguf_value *v, size_t *at, struct span *out)
{
    if (v->data.n - *at < 8) return false;
    size_t n = read_le(v->data.p + *at, 8);
    *out = span_of(v->data.p + *at + 8, n); /* checked when the file was read */
    *at += 8 + n;
    return true;
}

size_t gguf_n_tensors(const struct gguf *g)
{
    return g->n_tensors;
}

const struct gguf_tensor *gguf_tensor_at(const struct gguf *g, size_t i)
{
    return i < g->n_tensors ? &g->tensors[i] : NULL;
}

const struct gguf_tensor *gguf_tensor_find(const struct gguf *g, const char *name)
{
    size_t low = 0, high = g->n_tensors;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = compare_names(g->by_name[mid]->name, span_str(name));
        if (c == 0) return g->by_name[mid];
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}
