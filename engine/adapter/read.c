/* engine/adapter/read.c - see read.h.
 *
 * Two passes over the tensors. The first finds each one's module and checks it: of an A it takes
 * note of ranks and shapes, of everything else that its A is there; what takes the base's place (a
 * matrix, a bias) stands alone. Then memory is known; the second copies, as floats, transposed, B
 * scaled, rows in the order of the packed base. The digest is of what was copied: of each module
 * its name, kind, sizes, scale and bytes, in order of names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/adapter/read.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/adapter/config.h"
#include "engine/adapter/sites.h"
#include "engine/model/safetensors.h"

enum { MAX_CONFIG = 4 << 20, MAX_MODULE = 300, LANES = 16, LARGE_PAGE = 2 << 20, CHUNK = 4 << 20 };
#define ADAPTER_BYTES ((size_t)16 << 30)

enum kind { KIND_A, KIND_B, KIND_EMBD_A, KIND_EMBD_B, KIND_MAGNITUDE, KIND_BIAS, KIND_FULL };

/* How PEFT's names of tensors end. */
static const struct {
    const char *end;
    enum kind kind;
} ends[] = {
    {".lora_A.weight", KIND_A},
    {".lora_B.weight", KIND_B},
    {".lora_embedding_A", KIND_EMBD_A},
    {".lora_embedding_B", KIND_EMBD_B},
    {".lora_magnitude_vector", KIND_MAGNITUDE},
    {".lora_magnitude_vector.weight", KIND_MAGNITUDE},
    {".base_layer.bias", KIND_BIAS},
    {".bias", KIND_BIAS},
    {".base_layer.weight", KIND_FULL}, /* beneath an A and a B */
    {".weight", KIND_FULL},            /* of modules_to_save */
};

struct reading {
    const struct model *model;
    const struct safetensors *set;
    struct adapter_config *config;
    struct adapter *out;
    struct digest digest;
    char *chunk; /* of floats: the rest of it, `left` bytes */
    size_t left;
    float *row; /* row_room floats to work in */
    size_t row_room;
    struct error *err;
};

/* A tensor, and what it is. */
struct entry {
    const struct safetensor *t;
    enum kind kind;
    struct span module;
    struct adapter_place place;
    struct adapter_size size; /* of a matrix in place of the base's: its columns, and 1 */
};

/* Always false. */
static bool fault(const struct reading *r, const struct safetensor *t, const char *what)
{
    return error_set(r->err, ERROR_UNSUPPORTED, NULL, "tensor %.150s %.90s", t->name, what);
}

static bool no_memory(const struct reading *r)
{
    return error_set(r->err, ERROR_NO_MEMORY, NULL, "out of memory for an adapter");
}

/* ---- names ---- */

static bool find_kind(struct entry *e, struct span name)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct span end = span_str(ends[i].end);
        if (!span_ends(name, end)) continue;
        e->kind = ends[i].kind;
        e->module = span_slice(name, 0, name.n - end.n);
        return true;
    }
    return false;
}

static bool identify(const struct reading *r, const struct safetensor *t, struct entry *e)
{
    struct span name = span_str(t->name), head = span_str("base_model.model.");
    *e = (struct entry){.t = t};
    if (!span_starts(name, head) || name.n > MAX_MODULE) {
        return fault(r, t, "is not named as PEFT names tensors");
    }
    if (!find_kind(e, span_slice(name, head.n, name.n))) {
        return fault(r, t, "is of a kind that is not computed");
    }
    const char *why = adapter_place(r->model, e->module, &e->place);
    if (why != NULL) return fault(r, t, why);
    bool embedding = e->kind == KIND_EMBD_A || e->kind == KIND_EMBD_B;
    if (e->kind == KIND_FULL) {
        e->size = (struct adapter_size){.rank = e->place.k, .scale = 1};
        return true;
    }
    if (embedding != e->place.embedding) {
        return fault(r, t, "is of a kind that is not computed here");
    }
    return adapter_config_size(r->config, e->module, &e->size, r->err);
}

/* The tensor of e's module whose name ends in the i-th way, or NULL. */
static const struct safetensor *ending(const struct reading *r, const struct entry *e, size_t i)
{
    char name[MAX_MODULE + 64];
    snprintf(name, sizeof(name), "base_model.model.%.*s%s", (int)e->module.n, e->module.p,
             ends[i].end);
    return safetensors_find(r->set, name);
}

/* The tensor beside e's of another kind, or NULL. */
static const struct safetensor *beside(const struct reading *r, const struct entry *e,
                                       enum kind kind)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const struct safetensor *t = ends[i].kind == kind ? ending(r, e, i) : NULL;
        if (t != NULL) return t;
    }
    return NULL;
}

/* Two tensors would be one thing: two of the ways to end are of one kind. */
static bool stands_once(const struct reading *r, const struct entry *e)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const struct safetensor *t = ends[i].kind == e->kind ? ending(r, e, i) : NULL;
        if (t != NULL && t != e->t) return fault(r, e->t, "stands there twice, by two names");
    }
    return true;
}

/* ---- checks ---- */

static bool is_shape(const struct safetensor *t, int64_t rows, int64_t columns)
{
    if (columns == 0) return t->n_dims == 1 && t->shape[0] == rows;
    return t->n_dims == 2 && t->shape[0] == rows && t->shape[1] == columns;
}

/* columns 0: a vector of so many rows. */
static bool check_shape(const struct reading *r, const struct safetensor *t, int rows, int columns)
{
    if (t->quant != QUANT_F32 && t->quant != QUANT_F16 && t->quant != QUANT_BF16) {
        return error_set(r->err, ERROR_UNSUPPORTED, NULL, "tensor %.150s has dtype %.20s", t->name,
                         t->dtype);
    }
    if (is_shape(t, rows, columns)) return true;
    return error_set(r->err, ERROR_INVALID_VALUE, NULL,
                     "tensor %.130s has shape [%lld, %lld]; [%d, %d] expected", t->name,
                     (long long)t->shape[0], (long long)t->shape[1], rows,
                     columns == 0 ? 1 : columns);
}

/* A partner that must be there. */
static bool check_pair(const struct reading *r, const struct entry *e)
{
    static const struct {
        enum kind of, needs;
        const char *why;
    } pairs[] = {
        {KIND_A, KIND_B, "has no lora_B beside it"},
        {KIND_B, KIND_A, "has no lora_A beside it"},
        {KIND_EMBD_A, KIND_EMBD_B, "has no lora_embedding_B beside it"},
        {KIND_EMBD_B, KIND_EMBD_A, "has no lora_embedding_A beside it"},
        {KIND_MAGNITUDE, KIND_A, "has no lora_A beside it"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].of != e->kind) continue;
        if (beside(r, e, pairs[i].needs) == NULL) return fault(r, e->t, pairs[i].why);
    }
    return true;
}

static bool check_entry(const struct reading *r, const struct entry *e)
{
    const struct adapter_place *p = &e->place;
    int rank = e->size.rank;
    bool dora = adapter_config_is_dora(r->config);
    if (!check_pair(r, e)) return false;
    switch (e->kind) {
    case KIND_A:
        if (dora && beside(r, e, KIND_MAGNITUDE) == NULL) {
            return fault(r, e->t, "has no lora_magnitude_vector beside it, and use_dora is true");
        }
        return check_shape(r, e->t, rank, p->k);
    case KIND_B:
        return check_shape(r, e->t, p->n, rank);
    case KIND_EMBD_A:
        if (dora) return fault(r, e->t, "is DoRA's of an embedding, which is not computed");
        return check_shape(r, e->t, rank, p->n);
    case KIND_EMBD_B:
        return check_shape(r, e->t, p->k, rank);
    case KIND_MAGNITUDE:
        if (!dora) return fault(r, e->t, "is there, but use_dora is not true");
        return check_shape(r, e->t, p->n, 0);
    case KIND_BIAS:
        if (!p->has_bias) return fault(r, e->t, "is a bias that the base does not have");
        return check_shape(r, e->t, p->n, 0);
    case KIND_FULL:
        if (beside(r, e, KIND_MAGNITUDE) != NULL) {
            return fault(r, e->t, "is a whole matrix beneath DoRA, which is not computed");
        }
        return check_shape(r, e->t, p->n, p->k);
    }
    return false;
}

/* ---- where it goes ---- */

static int rounded(int n)
{
    return (n + LANES - 1) / LANES * LANES;
}

static int panelled(int n)
{
    return (n + ADAPTER_PANEL - 1) / ADAPTER_PANEL * ADAPTER_PANEL;
}

/* Memory for the parts that e is in, the first time. */
static struct adapter_parts *parts_of(const struct reading *r, const struct entry *e)
{
    struct adapter *a = r->out;
    int layer = e->place.layer, expert = e->place.expert;
    if (layer < 0) return &a->model;
    if (expert < 0) return &a->layers[layer];
    if (a->experts == NULL) {
        a->experts = arena_alloc(a->arena, (size_t)a->n_layers, sizeof(*a->experts));
    }
    if (a->experts == NULL) return NULL;
    struct adapter_parts ***in = &a->experts[layer];
    if (*in == NULL) *in = arena_alloc(a->arena, (size_t)a->n_experts, sizeof(**in));
    if (*in == NULL) return NULL;
    if ((*in)[expert] == NULL) (*in)[expert] = arena_alloc(a->arena, 1, sizeof(***in));
    return (*in)[expert];
}

/* A chunk of at least so many bytes, in large pages where the system has them: a step reads all of it. */
static bool new_chunk(struct reading *r, size_t bytes)
{
    size_t room = (bytes + CHUNK - 1) / CHUNK * CHUNK;
    char *p = arena_alloc(r->out->arena, 1, room + LARGE_PAGE);
    if (p == NULL) return false;
    p += (LARGE_PAGE - (uintptr_t)p % LARGE_PAGE) % LARGE_PAGE;
    madvise(p, room, MADV_HUGEPAGE); /* a wish: without it only slower */
    r->chunk = p;
    r->left = room;
    return true;
}

static float *new_floats(struct reading *r, size_t n, size_t each)
{
    size_t bytes = (n * each * sizeof(float) + 63) / 64 * 64;
    if (r->left < bytes && !new_chunk(r, bytes)) return NULL;
    float *p = (float *)(void *)r->chunk;
    r->chunk += bytes;
    r->left -= bytes;
    r->out->bytes += (int64_t)bytes;
    return p;
}

/* The first pass: of an A. */
static bool measure(struct reading *r, const struct entry *e)
{
    struct adapter *a = r->out;
    int rank = e->size.rank;
    if (a->max_rank < rank && (e->kind == KIND_A || e->kind == KIND_EMBD_A)) a->max_rank = rank;
    if (e->kind == KIND_EMBD_A) {
        a->embd.rank = rank;
        a->embd.ld_a = rounded(rank);
        a->embd.ld_b = rounded(e->place.k);
        if (a->max_ld < a->embd.ld_a) a->max_ld = a->embd.ld_a;
        return true;
    }
    if (e->place.embedding) return true;
    struct adapter_parts *parts = parts_of(r, e);
    if (parts == NULL) return no_memory(r);
    struct adapter_down *down = &parts->down[e->place.input];
    struct adapter_up *up = &parts->up[e->place.site];
    parts->touched[e->place.input] = true;
    if (e->kind != KIND_A) return true;
    *up = (struct adapter_up){.rank = rank, .at = down->rank};
    down->k = e->place.k;
    down->rank += rank;
    down->ld = rounded(down->rank);
    if (a->max_ld < down->ld) a->max_ld = down->ld;
    return true;
}

/* ---- copying ---- */

/* Row i of t as floats in r->row; false when one of them is not finite. */
static bool read_row(const struct reading *r, const struct safetensor *t, int64_t i)
{
    int64_t n = t->n_dims == 1 ? t->shape[0] : t->shape[1];
    size_t bytes = t->bytes / (size_t)(t->n_dims == 1 ? 1 : t->shape[0]);
    assert((size_t)n <= r->row_room);
    quant_types[t->quant].dequant(r->row, t->data + (size_t)i * bytes, n);
    for (int64_t j = 0; j < n; j++) {
        if (!isfinite(r->row[j])) return fault(r, t, "holds a number that is not finite");
    }
    return true;
}

/* False: a number is not finite any more. */
static bool copy_scaled(float *to, size_t step, const float *from, int n, double scale)
{
    bool finite = true;
    for (int j = 0; j < n; j++) {
        float x = (float)((double)from[j] * scale);
        to[(size_t)j * step] = x;
        finite &= isfinite(x) != 0;
    }
    return finite;
}

/* t [rank, k] into columns at.. of a [k, ld]. */
static bool copy_a(const struct reading *r, const struct entry *e, float *a, int ld, int at, int k)
{
    for (int i = 0; i < e->size.rank; i++) {
        if (!read_row(r, e->t, i)) return false;
        copy_scaled(a + at + i, (size_t)ld, r->row, k, 1);
    }
    return true;
}

/* t [n, rank] into columns of b, in panels of `width` columns, in the packed base's order. */
static bool copy_b(const struct reading *r, const struct entry *e, float *b, int width, int n)
{
    for (int i = 0; i < n; i++) {
        int from = rotated_source(model_config(r->model), e->place.rotated, i);
        float *to = b + (size_t)(i - i % width) * (size_t)e->size.rank + i % width;
        if (!read_row(r, e->t, from)) return false;
        if (!copy_scaled(to, (size_t)width, r->row, e->size.rank, e->size.scale)) {
            return fault(r, e->t, "is not finite once it is scaled");
        }
    }
    return true;
}

/* A vector of n rows likewise; NULL on failure. */
static const float *copy_vector(struct reading *r, const struct entry *e)
{
    float *v = new_floats(r, (size_t)rounded(e->place.n), 1);
    if (v == NULL) {
        no_memory(r);
        return NULL;
    }
    if (!read_row(r, e->t, 0)) return NULL;
    for (int i = 0; i < e->place.n; i++) {
        v[i] = r->row[rotated_source(model_config(r->model), e->place.rotated, i)];
    }
    return v;
}

/* All rows as they are. */
static bool copy_rows(struct reading *r, const struct entry *e, const float **rows)
{
    float *to = new_floats(r, (size_t)e->place.n, (size_t)e->place.k);
    if (to == NULL) return no_memory(r);
    *rows = to;
    for (int i = 0; i < e->place.n; i++, to += e->place.k) {
        if (!read_row(r, e->t, i)) return false;
        memcpy(to, r->row, (size_t)e->place.k * sizeof(float));
    }
    return true;
}

static bool copy_embedding(struct reading *r, const struct entry *e)
{
    struct adapter *a = r->out;
    if (e->kind == KIND_FULL) return copy_rows(r, e, &a->embd.full);
    if (e->kind == KIND_EMBD_A) {
        a->embd.a = new_floats(r, (size_t)e->place.n, (size_t)a->embd.ld_a);
        return a->embd.a == NULL ? no_memory(r)
                                 : copy_a(r, e, a->embd.a, a->embd.ld_a, 0, e->place.n);
    }
    a->embd.b = new_floats(r, (size_t)e->size.rank, (size_t)a->embd.ld_b);
    return a->embd.b == NULL ? no_memory(r) : copy_b(r, e, a->embd.b, a->embd.ld_b, e->place.k);
}

/* The second pass. */
static bool copy(struct reading *r, const struct entry *e)
{
    if (e->place.embedding) return copy_embedding(r, e);
    struct adapter_parts *parts = parts_of(r, e);
    struct adapter_down *down = &parts->down[e->place.input];
    struct adapter_up *up = &parts->up[e->place.site];
    switch (e->kind) {
    case KIND_A:
        if (down->a == NULL) down->a = new_floats(r, (size_t)down->k, (size_t)down->ld);
        return down->a == NULL ? no_memory(r) : copy_a(r, e, down->a, down->ld, up->at, down->k);
    case KIND_B:
        up->b = new_floats(r, (size_t)up->rank, (size_t)panelled(e->place.n));
        return up->b == NULL ? no_memory(r) : copy_b(r, e, up->b, ADAPTER_PANEL, e->place.n);
    case KIND_FULL:
        up->k = e->place.k;
        up->full = new_floats(r, (size_t)up->k, (size_t)panelled(e->place.n));
        return up->full == NULL ? no_memory(r) : copy_b(r, e, up->full, ADAPTER_PANEL, e->place.n);
    case KIND_MAGNITUDE:
        r->out->dora = true;
        up->magnitude = copy_vector(r, e);
        up->gain = new_floats(r, (size_t)rounded(e->place.n), 1);
        return up->magnitude != NULL && (up->gain != NULL || no_memory(r));
    default:
        up->bias = copy_vector(r, e);
        return up->bias != NULL;
    }
}

static void add_to_digest(struct reading *r, const struct entry *e)
{
    char head[MAX_MODULE + 200];
    int n = snprintf(head, sizeof(head), "%.*s\n%d %s %lld %lld %a\n", (int)e->module.n,
                     e->module.p, (int)e->kind, e->t->dtype, (long long)e->t->shape[0],
                     (long long)e->t->shape[1], e->size.scale);
    assert(n > 0 && n < (int)sizeof(head));
    digest_add(&r->digest, span_of(head, (size_t)n));
    digest_add(&r->digest, span_of(e->t->data, e->t->bytes));
}

/* ---- the whole ---- */

static bool first_pass(struct reading *r)
{
    for (size_t i = 0; i < safetensors_count(r->set); i++) {
        struct entry e;
        if (!identify(r, safetensors_at(r->set, i), &e) || !stands_once(r, &e) ||
            !check_entry(r, &e) || !measure(r, &e)) {
            return false;
        }
        size_t longest = (size_t)e.t->shape[e.t->n_dims == 1 ? 0 : 1];
        if (longest > r->row_room) r->row_room = longest;
    }
    return true;
}

static bool second_pass(struct reading *r)
{
    for (size_t i = 0; i < safetensors_count(r->set); i++) {
        struct entry e;
        if (!identify(r, safetensors_at(r->set, i), &e) || !copy(r, &e)) return false;
        add_to_digest(r, &e);
    }
    return true;
}

static void finish(struct reading *r)
{
    digest_end_hex(&r->digest, r->out->sha256);
    char head[17] = "";
    memcpy(head, r->out->sha256, sizeof(head) - 1);
    r->out->content = strtoull(head, NULL, 16);
    if (r->out->content == 0) r->out->content = 1; /* adapter.h (1) */
}

static struct adapter *new_adapter(const struct model *m, struct error *err)
{
    const struct model_config *c = model_config(m);
    struct arena *arena = arena_new(ADAPTER_BYTES);
    struct adapter *a = arena == NULL ? NULL : arena_alloc(arena, 1, sizeof(*a));
    if (a != NULL) {
        a->arena = arena;
        a->n_layers = c->n_layers;
        a->n_experts = c->moe.n_experts;
        a->layers = arena_alloc(arena, (size_t)c->n_layers, sizeof(*a->layers));
        atomic_init(&a->holders, 1);
        if (a->layers != NULL) return a;
    }
    arena_free(arena);
    error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for an adapter");
    return NULL;
}

static bool read_all(struct reading *r)
{
    if (safetensors_count(r->set) == 0) {
        return error_set(r->err, ERROR_INVALID_VALUE, NULL, "the adapter has no tensors");
    }
    r->out->n_tensors = (int)safetensors_count(r->set);
    digest_init(&r->digest);
    if (!first_pass(r)) return false;
    r->row = mem_new(r->row_room + 1, sizeof(float), r->err);
    return r->row != NULL && second_pass(r);
}

/* set NULL: *err says why. */
static struct adapter *read_set(const struct model *m, struct span config,
                                const struct safetensors *set, struct error *err)
{
    struct reading r = {.model = m, .set = set, .err = err};
    if (set != NULL) r.config = adapter_config_read(config, err);
    if (r.config != NULL) r.out = new_adapter(m, err);
    bool ok = r.out != NULL && read_all(&r);
    if (ok) finish(&r);
    if (!ok) adapter_release(r.out);
    free(r.row);
    adapter_config_free(r.config);
    return ok ? r.out : NULL;
}

struct adapter *adapter_read(const struct model *m, struct span config, struct span tensors,
                             struct error *err)
{
    struct safetensors *set = safetensors_open_memory(tensors, "adapter_model.safetensors", err);
    struct adapter *a = read_set(m, config, set, err);
    safetensors_close(set);
    return a;
}

/* The config that stands in a stream's metadata. */
static bool find_config(const struct safetensors *set, struct span *out, struct error *err)
{
    const char *text = safetensors_metadata(set, "adapter_config");
    if (text == NULL) {
        return error_set(
            err, ERROR_MISSING_FIELD, "adapter_config",
            "the stream's __metadata__ has no adapter_config: the text of adapter_config.json");
    }
    *out = span_str(text);
    return out->n <= MAX_CONFIG ||
           error_set(err, ERROR_INVALID_VALUE, "adapter_config",
                     "adapter_config has %zu bytes; at most %d", out->n, MAX_CONFIG);
}

static bool check_size(int fd, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || (uint64_t)st.st_size <= ADAPTER_BYTES) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "the adapter has %lld bytes; at most %zu",
                     (long long)st.st_size, ADAPTER_BYTES);
}

struct adapter *adapter_receive(const struct model *m, int fd, struct error *err)
{
    struct span config;
    if (!check_size(fd, err)) return NULL;
    struct safetensors *set = safetensors_open_fd(fd, "the stream", err);
    bool ok = set != NULL && find_config(set, &config, err);
    struct adapter *a = ok ? read_set(m, config, set, err) : NULL;
    safetensors_close(set);
    return a;
}

/* Append a file of the folder. What is missing is told apart from what can't be read. */
static bool read_file(const char *folder, const char *name, size_t most, struct buffer *out,
                      struct error *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    bool there = n > 0 && (size_t)n < sizeof(path) && file_exists(path);
    if (there) return file_read(path, most, out, err);
    return error_set(err, ERROR_NOT_FOUND, NULL, "%.150s: there is no %s", folder, name);
}

/* The files are read, not mapped: a trainer may write the next ones in their place meanwhile. */
struct adapter *adapter_open(const struct model *m, const char *folder, struct error *err)
{
    struct buffer config, tensors;
    struct adapter *a = NULL;
    buffer_init(&config, MAX_CONFIG);
    buffer_init(&tensors, ADAPTER_BYTES);
    if (read_file(folder, "adapter_config.json", MAX_CONFIG, &config, err) &&
        read_file(folder, "adapter_model.safetensors", ADAPTER_BYTES, &tensors, err)) {
        a = adapter_read(m, buffer_span(&config), buffer_span(&tensors), err);
    }
    buffer_clear(&tensors);
    buffer_clear(&config);
    return a;
}
