/* engine/model/kv_b.c - see kv_b.h.
 *
 * k_b is a transposed copy: in the same type where that is a plain float type, else (quantised in
 * blocks along the other dimension) as floats. v_b points into kv_b where it lies, unless FP8's
 * block scales, which cover 128 rows whatever head they are of, stand in the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/kv_b.h"

#include <assert.h>
#include <string.h>

#include "engine/kernels/layout.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a copy of attn_kv_b");
}

static const uint8_t *row_at(const struct tensor *t, int64_t row)
{
    const struct quant_type *q = &quant_types[t->type];
    assert(row >= 0 && row < t->shape[1] && t->shape[0] % q->block == 0);
    return (const uint8_t *)t->data +
           (size_t)row * ((size_t)t->shape[0] / (size_t)q->block * (size_t)q->bytes);
}

/* Row `row` of kv_b as floats. */
static void row_floats(const struct tensor *t, int64_t row, float *dst)
{
    int64_t k = t->shape[0], across = (k + F8_BLOCK - 1) / F8_BLOCK;
    quant_types[t->type].dequant(dst, row_at(t, row), k);
    for (int64_t i = 0; t->block_scales != NULL && i < k; i++) {
        dst[i] *= t->block_scales[row / F8_BLOCK * across + i / F8_BLOCK];
    }
}

static bool is_plain(enum quant type)
{
    return type == QUANT_F32 || type == QUANT_F16 || type == QUANT_BF16;
}

/* Column i of dst's matrix [rank, nope] is the row src of kv_b. */
static void put_column(const struct tensor *kv_b, int64_t row, float *floats, uint8_t *dst,
                       size_t i, size_t nope)
{
    size_t rank = (size_t)kv_b->shape[0], size = sizeof(float);
    const uint8_t *from = (const uint8_t *)floats;
    if (is_plain(kv_b->type)) {
        from = row_at(kv_b, row);
        size = (size_t)quant_types[kv_b->type].bytes;
    } else {
        row_floats(kv_b, row, floats);
    }
    for (size_t r = 0; r < rank; r++) {
        memcpy(dst + (r * nope + i) * size, from + r * size, size);
    }
}

static bool make_k_b(const struct model_config *c, struct layer_tensors *l, struct arena *memory,
                     struct error *err)
{
    const struct tensor *kv_b = &l->kv_b;
    assert(kv_b->shape[0] == c->mla.kv_rank);
    size_t nope = (size_t)c->mla.nope_dim, rank = (size_t)c->mla.kv_rank;
    enum quant type = is_plain(kv_b->type) ? kv_b->type : QUANT_F32;
    size_t head = nope * rank * (size_t)quant_types[type].bytes;
    uint8_t *data = arena_alloc(memory, (size_t)c->n_heads, head);
    float *floats = arena_alloc(memory, rank, sizeof(float));
    if (data == NULL || floats == NULL) return no_memory(err);
    for (int h = 0; h < c->n_heads; h++) {
        int64_t first = (int64_t)h * (c->mla.nope_dim + c->mla.v_dim);
        for (size_t i = 0; i < nope; i++) {
            put_column(kv_b, first + (int64_t)i, floats, data + (size_t)h * head, i, nope);
        }
    }
    l->k_b = (struct tensor){.name = kv_b->name,
                             .type = type,
                             .n_dims = 3,
                             .shape = {c->mla.nope_dim, c->mla.kv_rank, c->n_heads, 1},
                             .data = data,
                             .bytes = (size_t)c->n_heads * head};
    return true;
}

static bool make_v_b(const struct model_config *c, struct layer_tensors *l, struct arena *memory,
                     struct error *err)
{
    const struct tensor *kv_b = &l->kv_b;
    size_t rank = (size_t)c->mla.kv_rank, v = (size_t)c->mla.v_dim, heads = (size_t)c->n_heads;
    assert(kv_b->shape[1] == c->n_heads * ((int64_t)c->mla.nope_dim + c->mla.v_dim));
    const void **parts = arena_alloc(memory, heads, sizeof(*parts));
    if (parts == NULL) return no_memory(err);
    l->v_b = *kv_b;
    l->v_b.n_dims = 3;
    l->v_b.shape[1] = c->mla.v_dim;
    l->v_b.shape[2] = c->n_heads;
    l->v_b.bytes = kv_b->bytes / (size_t)(c->mla.nope_dim + c->mla.v_dim) * v;
    float *copy = NULL;
    if (kv_b->block_scales != NULL) {
        copy = arena_alloc(memory, heads * v * rank, sizeof(float));
        if (copy == NULL) return no_memory(err);
        l->v_b.type = QUANT_F32;
        l->v_b.block_scales = NULL;
        l->v_b.bytes = heads * v * rank * sizeof(float);
    }
    for (size_t h = 0; h < heads; h++) {
        int64_t first = (int64_t)h * (c->mla.nope_dim + c->mla.v_dim) + c->mla.nope_dim;
        parts[h] = row_at(kv_b, first);
        if (copy == NULL) continue;
        parts[h] = copy + h * v * rank;
        for (size_t i = 0; i < v; i++) {
            row_floats(kv_b, first + (int64_t)i, copy + (h * v + i) * rank);
        }
    }
    l->v_b.parts = parts;
    l->v_b.data = parts[0];
    return true;
}

bool kv_b_split(const struct model_config *c, struct model_tensors *t, const char *path,
                struct arena *memory, struct error *err)
{
    for (int i = 0; c->mla.kv_rank > 0 && i < c->n_layers + c->n_mtp; i++) {
        struct layer_tensors *l = &t->layers[i];
        bool split = l->k_b.data != NULL && l->v_b.data != NULL;
        if (!split && l->kv_b.data == NULL) {
            return error_set(err, ERROR_BAD_FILE, NULL,
                             "%.120s: layer %d has neither attn_k_b and attn_v_b nor attn_kv_b",
                             path, i);
        }
        if (!split && !(make_k_b(c, l, memory, err) && make_v_b(c, l, memory, err))) return false;
        l->kv_b.data = NULL;
    }
    return true;
}
