/* engine/model/hf_model.c - see hf_model.h.
 *
 * Hugging Face keeps the matrices of experts apart; they are listed here (struct tensor's parts),
 * not copied. FP8 weights have their scales in a tensor of their own beside them,
 * "<name>_scale_inv"; those are copied, because those of a layer's experts belong together and
 * the file aligns nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/hf_model.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "engine/kernels/layout.h"
#include "engine/model/hf_config.h"
#include "engine/model/roles.h"

enum { MAX_CONFIG = 4 << 20 };

struct source {
    const char *folder;
    const struct safetensors *set;
    const struct model_config *config;
    struct arena *memory;
    bool hugging_face; /* names are */
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for lists of tensors");
}

/* ---- FP8 ---- */

static size_t scale_count(const struct safetensor *t)
{
    return (size_t)((t->shape[0] + F8_BLOCK - 1) / F8_BLOCK) *
           (size_t)((t->shape[1] + F8_BLOCK - 1) / F8_BLOCK);
}

/* The block scales of an FP8 matrix as floats. */
static bool copy_scales(const struct source *s, const struct safetensor *t, float *dst,
                        struct error *err)
{
    char name[ROLE_NAME_BYTES + 16];
    snprintf(name, sizeof(name), "%s_scale_inv", t->name);
    const struct safetensor *scales = safetensors_find(s->set, name);
    if (scales == NULL) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.100s: FP8 tensor %.128s has no %.20s",
                         s->folder, t->name, "weight_scale_inv");
    }
    int64_t down = (t->shape[0] + F8_BLOCK - 1) / F8_BLOCK;
    int64_t across = (t->shape[1] + F8_BLOCK - 1) / F8_BLOCK;
    bool floats = scales->quant >= 0 && scales->quant != QUANT_F8_E4M3;
    if (!floats || scales->n_dims != 2 || scales->shape[0] != down || scales->shape[1] != across) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.70s: %.70s must be {%lld, %lld} floats, a scale per 128 x 128 weights",
                         s->folder, name, (long long)down, (long long)across);
    }
    quant_types[scales->quant].dequant(dst, scales->data, down * across);
    return true;
}

/* ---- finding ---- */

static bool check_type(const struct source *s, const struct safetensor *t, struct error *err)
{
    if (t->quant >= 0) return true;
    return error_set(err, ERROR_UNSUPPORTED, NULL,
                     "%.100s: tensor %.128s has dtype %s, which is not read", s->folder, t->name,
                     t->dtype);
}

/* shape is slowest first in the file, fastest first with us. */
static struct tensor to_tensor(const struct safetensor *t)
{
    assert(t->quant >= 0 && t->quant < QUANT_COUNT); /* check_type() */
    struct tensor out = {.name = t->name,
                         .type = (enum quant)t->quant,
                         .n_dims = t->n_dims,
                         .shape = {1, 1, 1, 1},
                         .data = t->data,
                         .bytes = t->bytes};
    for (int i = 0; i < t->n_dims; i++) {
        out.shape[i] = t->shape[t->n_dims - 1 - i];
    }
    return out;
}

static bool find_one(const struct source *s, const char *name, struct tensor *out,
                     struct error *err)
{
    const struct safetensor *t = safetensors_find(s->set, name);
    if (t == NULL || t->bytes == 0) return true;
    if (!check_type(s, t, err)) return false;
    *out = to_tensor(t);
    if (t->quant != QUANT_F8_E4M3) return true;
    float *scales = arena_alloc(s->memory, scale_count(t), sizeof(float));
    if (scales == NULL) return no_memory(err);
    out->block_scales = scales;
    return copy_scales(s, t, scales, err);
}

/* All experts of a layer are alike in shape and type; the first's is checked by roles_bind(). */
static bool find_experts(const struct source *s, const struct role *role, int layer,
                         struct tensor *out, struct error *err)
{
    char name[ROLE_NAME_BYTES];
    const struct safetensor *first = NULL;
    size_t experts = (size_t)s->config->moe.n_experts;
    const void **parts = arena_alloc(s->memory, experts, sizeof(*parts));
    float *scales = NULL;
    if (parts == NULL) return no_memory(err);
    for (size_t i = 0; i < experts; i++) {
        role_name(role, true, layer, (int)i, name);
        const struct safetensor *t = safetensors_find(s->set, name);
        if (t == NULL && i == 0) return true;
        if (first == NULL) first = t;
        if (t == NULL || t->bytes == 0 || t->quant != first->quant || t->n_dims != 2 ||
            t->shape[0] != first->shape[0] || t->shape[1] != first->shape[1]) {
            return error_set(err, ERROR_BAD_FILE, NULL,
                             "%.100s: tensor %.80s is missing or unlike that of expert 0",
                             s->folder, name);
        }
        if (!check_type(s, t, err)) return false;
        parts[i] = t->data;
        if (t->quant != QUANT_F8_E4M3) continue;
        if (scales == NULL) {
            scales = arena_alloc(s->memory, experts * scale_count(t), sizeof(float));
        }
        if (scales == NULL) return no_memory(err);
        if (!copy_scales(s, t, scales + i * scale_count(t), err)) return false;
    }
    assert(first != NULL); /* a layer with experts has some */
    *out = to_tensor(first);
    out->n_dims = 3;
    out->shape[2] = (int64_t)experts;
    out->bytes = first->bytes * experts;
    out->block_scales = scales;
    out->parts = parts;
    return true;
}

static bool find_tensor(const void *source, const struct role *role, int layer, struct tensor *out,
                        struct error *err)
{
    const struct source *s = source;
    char name[ROLE_NAME_BYTES];
    if (!role_name(role, s->hugging_face, layer, 0, name)) return true;
    bool head = layer < 0 && role->at == offsetof(struct model_tensors, output);
    if (s->config->tied && head) return true;
    if (s->hugging_face && strstr(role->hf, "%d") != NULL) {
        return find_experts(s, role, layer, out, err);
    }
    return find_one(s, name, out, err);
}

/* Folders whose prediction layers were left out still count them in config.json. */
static void check_extra_layers(const struct safetensors *s, struct model_config *c)
{
    char name[ROLE_NAME_BYTES];
    for (int i = 0; i < c->n_mtp; i++) {
        snprintf(name, sizeof(name), "model.layers.%d.eh_proj.weight", c->n_layers + i);
        if (safetensors_find(s, name) == NULL) c->n_mtp = i;
    }
}

bool hf_tensors_read(const char *path, const struct safetensors *s, bool hugging_face,
                     struct arena *memory, unsigned features, const struct model_config *c,
                     struct model_tensors *t, struct error *err)
{
    struct source source = {path, s, c, memory, hugging_face};
    struct tensor_source from = {path, hugging_face, true, find_tensor, &source};
    return roles_bind(c, features, &from, t, err);
}

/* A file that a folder may have beside the model's; NULL: there is none, or it is broken. */
static cJSON *read_beside(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct error ignored = {0};
    struct buffer text;
    buffer_init(&text, MAX_CONFIG);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    bool there = file_exists(path) && file_read(path, MAX_CONFIG, &text, &ignored);
    cJSON *said = there ? json_parse(buffer_span(&text), &ignored) : NULL;
    buffer_clear(&text);
    return said;
}

static void read_sampling(const char *folder, struct model_config *c)
{
    cJSON *said = read_beside(folder, "generation_config.json");
    sampling_defaults_clear(&c->sampling);
    sampling_defaults_read_json(said, &c->sampling);
    cJSON_Delete(said);
}

/* sentence-transformers' file. */
static void read_pooling(const char *folder, struct model_config *c)
{
    static const char *const keys[] = {[MODEL_POOLING_MEAN] = "pooling_mode_mean_tokens",
                                       [MODEL_POOLING_CLS] = "pooling_mode_cls_token",
                                       [MODEL_POOLING_LAST] = "pooling_mode_lasttoken"};
    cJSON *said = read_beside(folder, "1_Pooling/config.json");
    for (int i = MODEL_POOLING_MEAN; i <= MODEL_POOLING_LAST; i++) {
        if (cJSON_IsTrue(json_get(said, keys[i]))) c->pooling = i;
    }
    cJSON_Delete(said);
}

bool hf_model_read(const char *folder, const struct safetensors *s, struct arena *memory,
                   const struct arch **arch, struct model_config *c, struct model_tensors *t,
                   struct error *err)
{
    char path[PATH_MAX];
    struct buffer text;
    buffer_init(&text, MAX_CONFIG);
    snprintf(path, sizeof(path), "%s/config.json", folder);
    bool ok = file_read(path, MAX_CONFIG, &text, err) &&
              hf_config_read(buffer_span(&text), path, arch, c, err);
    buffer_clear(&text);
    if (!ok) return false;
    check_extra_layers(s, c);
    read_pooling(folder, c);
    read_sampling(folder, c);
    if (safetensors_find(s, "lm_head.weight") == NULL) c->tied = true;
    return hf_tensors_read(folder, s, true, memory, (*arch)->features, c, t, err);
}
