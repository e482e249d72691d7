/* engine/model/model.c - see model.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/model/gguf_model.h"

struct model {
    struct gguf *gguf;
    const struct arch *arch;
    char *name;
    float *freq_factors; /* own copy: outlives the mapped tensors */
    struct model_config config;
    struct model_tensors tensors;
};

/* "models/tiny-q8_0.gguf" -> "tiny-q8_0" */
static struct span file_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct span stem = span_str(slash == NULL ? path : slash + 1);
    struct span ending = span_str(".gguf");
    if (span_ends(stem, ending)) stem.n -= ending.n;
    return stem;
}

static bool set_name(struct model *m, const char *path, struct error *err)
{
    struct span name = {NULL, 0};
    if (!gguf_get_string(m->gguf, "general.name", &name, err)) return false;
    if (name.n == 0 || name.n > 200) name = file_stem(path);
    m->name = strndup(name.p, name.n);
    return m->name != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
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

struct model *model_open(const char *path, struct error *err)
{
    struct model *m = mem_new(1, sizeof(*m), err);
    if (m == NULL) return NULL;
    m->gguf = gguf_open(path, err);
    if (m->gguf == NULL || !gguf_model_read(m->gguf, &m->arch, &m->config, &m->tensors, err) ||
        !set_name(m, path, err) || !own_freq_factors(m, err)) {
        model_close(m);
        return NULL;
    }
    return m;
}

void model_close(struct model *m)
{
    if (m == NULL) return;
    free(m->tensors.layers);
    free(m->freq_factors);
    free(m->name);
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

const char *model_architecture(const struct model *m)
{
    return m->arch->gguf;
}

const char *model_name(const struct model *m)
{
    return m->name;
}

const struct gguf *model_gguf(const struct model *m)
{
    return m->gguf;
}

void model_drop_tensors(struct model *m)
{
    gguf_drop_tensors(m->gguf);
}
