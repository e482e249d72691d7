/* engine/model/model.c - see model.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/folder.h"
#include "engine/model/model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/model/gguf_model.h"
#include "engine/model/hf_model.h"
#include "engine/model/kv_b.h"
#include "engine/model/roles.h"

struct model {
    struct gguf *gguf;       /* or */
    struct safetensors *set; /* the other is NULL */
    struct arena *memory;    /* of tensors that do not lie in a file as we want them */
    const struct arch *arch;
    char *name;
    float *freq_factors; /* own copy: outlives the mapped tensors */
    struct model_config config;
    struct model_tensors tensors;
};

/* "models/tiny-q8_0.gguf" -> "tiny-q8_0"; of a folder its last part */
static struct span file_stem(const char *path)
{
    static const char *const endings[] = {"/", ".gguf"};
    struct span stem = span_str(path);
    for (int i = 0; i < 2; i++) {
        struct span ending = span_str(endings[i]);
        while (span_ends(stem, ending) && stem.n > ending.n) {
            stem.n -= ending.n;
        }
    }
    size_t slash = span_find_last(stem, span_str("/"));
    return slash == SPAN_NONE ? stem : span_slice(stem, slash + 1, stem.n);
}

static bool set_name(struct model *m, const char *path, struct error *err)
{
    struct span name = {NULL, 0};
    if (m->gguf != NULL && !gguf_get_string(m->gguf, "general.name", &name, err)) return false;
    if (name.n == 0 || name.n > 200) name = file_stem(path);
    m->name = mem_text(name, err);
    return m->name != NULL;
}

static bool own_freq_factors(struct model *m, struct error *err)
{
    const float *mapped = m->config.rope.freq_factors;
    if (mapped == NULL) return true;
    size_t n = (size_t)m->config.rope.dim / 2;
    m->freq_factors = mem_new(n, sizeof(float), err);
    if (m->freq_factors == NULL) return false;
    memcpy(m->freq_factors, mapped, n * sizeof(float));
    m->config.rope.freq_factors = m->freq_factors;
    return true;
}

static bool read_model(struct model *m, const char *path, struct error *err)
{
    if (file_is_folder(path)) {
        if (!folder_is_model(path, err)) return false;
        m->set = safetensors_open(path, err);
        return m->set != NULL &&
               hf_model_read(path, m->set, m->memory, &m->arch, &m->config, &m->tensors, err);
    }
    m->gguf = gguf_open(path, err);
    return m->gguf != NULL && gguf_model_read(m->gguf, &m->arch, &m->config, &m->tensors, err);
}

struct model *model_open(const char *path, struct error *err)
{
    struct model *m = mem_new(1, sizeof(*m), err);
    if (m == NULL) return NULL;
    m->memory = arena_new(SIZE_MAX / 2);
    if (m->memory == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
        model_close(m);
        return NULL;
    }
    if (!read_model(m, path, err) || !kv_b_split(&m->config, &m->tensors, path, m->memory, err) ||
        !set_name(m, path, err) || !own_freq_factors(m, err)) {
        model_close(m);
        return NULL;
    }
    return m;
}

/* The sizes are those of `like`; where pairs of rotated rows lie is the names' convention. */
static bool read_stream(struct model *m, int fd, const char *name, const struct model *like,
                        struct error *err)
{
    m->set = safetensors_open_fd(fd, name, err);
    if (m->set == NULL) return false;
    bool hugging_face = safetensors_find(m->set, "model.embed_tokens.weight") != NULL;
    m->arch = like->arch;
    m->config = like->config;
    if (hugging_face != (like->set != NULL)) {
        m->config.rope.interleaved =
            hugging_face ? m->arch->hf_interleaved : m->arch->gguf_interleaved;
    }
    return hf_tensors_read(name, m->set, hugging_face, m->memory, m->arch->features, &m->config,
                           &m->tensors, err);
}

struct model *model_open_stream(int fd, const char *name, const struct model *like,
                                struct error *err)
{
    struct model *m = mem_new(1, sizeof(*m), err);
    if (m == NULL) return NULL;
    m->memory = arena_new(SIZE_MAX / 2);
    if (m->memory == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    } else if (read_stream(m, fd, name, like, err) &&
               kv_b_split(&m->config, &m->tensors, name, m->memory, err) &&
               set_name(m, name, err) && own_freq_factors(m, err)) {
        return m;
    }
    model_close(m);
    return NULL;
}

void model_close(struct model *m)
{
    if (m == NULL) return;
    free(m->tensors.layers);
    free(m->freq_factors);
    free(m->name);
    arena_free(m->memory);
    safetensors_close(m->set);
    gguf_close(m->gguf);
    free(m);
}

const struct model_config *model_config(const struct model *m)
{
    return &m->config;
}

const struct model_tensors *model_tensors(const struct model *m)
{
    return &m->tensors;
}

bool model_file(const struct model *m, int i, struct model_file *out)
{
    return m->set != NULL ? safetensors_file(m->set, i, &out->path, &out->mapping)
                          : gguf_file(m->gguf, i, &out->path, &out->mapping);
}

struct model_tensors *model_edit(struct model *m)
{
    return &m->tensors;
}

void *model_room(struct model *m, size_t bytes, struct error *err)
{
    void *p = arena_alloc(m->memory, 1, bytes);
    if (p == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %zu bytes of tensors", bytes);
    }
    return p;
}

const char *model_architecture(const struct model *m)
{
    return m->arch->gguf;
}

unsigned model_layer_features(const struct model *m, int layer)
{
    return layer_features(&m->config, m->arch->features, layer);
}

const char *model_name(const struct model *m)
{
    return m->name;
}

const struct gguf *model_gguf(const struct model *m)
{
    return m->gguf;
}

const struct safetensors *model_safetensors(const struct model *m)
{
    return m->set;
}

void model_drop(const struct model *m, struct span bytes)
{
    if (m->set != NULL) safetensors_drop_bytes(m->set, bytes);
    if (m->gguf != NULL) gguf_drop(m->gguf, bytes);
}

void model_drop_tensors(struct model *m)
{
    arena_free(m->memory);
    m->memory = NULL;
    if (m->set != NULL) safetensors_drop(m->set);
    if (m->gguf != NULL) gguf_drop_tensors(m->gguf);
}
