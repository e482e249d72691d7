/* engine/forward/kv_store.c - see kv_store.h.
 *
 * One reservation of address space, [layer][block][head]: the blocks of a layer lie together,
 * because attention walks the blocks of one layer, and large pages then cover many of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/kv_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

struct kv_store {
    struct kv_shape shape;
    int n_layers, n_heads, n_blocks;
    uint8_t *data; /* NULL or a mapping of `bytes` */
    size_t bytes;
    int routes_size;
    int16_t *routes; /* [n_blocks, KV_BLOCK, routes_size]; NULL: no experts */
};

static void shape_of_model(const struct model_config *c, enum kv_type type, struct kv_shape *shape,
                           int *n_layers, int *n_heads)
{
    *n_layers = c->n_layers + c->n_mtp;
    if (c->mla.kv_rank > 0) {
        *n_heads = 1;
        kv_shape_init_latent(shape, type, c->mla.kv_rank + c->mla.rope_dim, c->mla.kv_rank);
    } else {
        *n_heads = c->n_kv_heads;
        kv_shape_init(shape, type, c->head_dim, c->head_dim);
    }
}

int64_t kv_block_bytes(const struct model_config *c, enum kv_type type)
{
    struct kv_shape shape;
    int n_layers, n_heads;
    shape_of_model(c, type, &shape, &n_layers, &n_heads);
    return (int64_t)n_layers * n_heads * (int64_t)shape.bytes;
}

struct kv_store *kv_store_new(const struct model_config *c, enum kv_type type, int n_blocks,
                              struct error *err)
{
    struct kv_store *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    shape_of_model(c, type, &s->shape, &s->n_layers, &s->n_heads);
    s->n_blocks = n_blocks;
    size_t block = (size_t)kv_block_bytes(c, type);
    if (n_blocks < 1 || __builtin_mul_overflow(block, (size_t)n_blocks, &s->bytes)) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no room for %d blocks of %zu bytes", n_blocks,
                  block);
        kv_store_free(s);
        return NULL;
    }
    void *data = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a KV cache of %zu bytes", s->bytes);
        kv_store_free(s);
        return NULL;
    }
    s->data = data;
    s->routes_size = c->moe.n_experts > 0 ? c->n_layers * c->moe.n_used : 0;
    if (s->routes_size > 0) {
        size_t positions = (size_t)n_blocks * KV_BLOCK;
        s->routes = mem_new(positions, (size_t)s->routes_size * sizeof(int16_t), err);
        if (s->routes == NULL) {
            kv_store_free(s);
            return NULL;
        }
    }
    madvise(data, s->bytes, MADV_HUGEPAGE); /* a wish: without it only slower */
    return s;
}

void kv_store_free(struct kv_store *s)
{
    if (s == NULL) return;
    if (s->data != NULL) munmap(s->data, s->bytes);
    free(s->routes);
    free(s);
}

int kv_store_blocks(const struct kv_store *s)
{
    return s->n_blocks;
}

int kv_store_heads(const struct kv_store *s)
{
    return s->n_heads;
}

const struct kv_shape *kv_store_shape(const struct kv_store *s)
{
    return &s->shape;
}

uint8_t *kv_store_at(const struct kv_store *s, int layer, int head, size_t *stride)
{
    assert(layer >= 0 && layer < s->n_layers && head >= 0 && head < s->n_heads);
    *stride = (size_t)s->n_heads * s->shape.bytes;
    return s->data + (size_t)layer * (size_t)s->n_blocks * *stride + (size_t)head * s->shape.bytes;
}

int kv_store_routes_size(const struct kv_store *s)
{
    return s->routes_size;
}

int16_t *kv_store_routes(const struct kv_store *s, int32_t block, int slot)
{
    assert(s->routes != NULL && block >= 0 && block < s->n_blocks && slot >= 0 && slot < KV_BLOCK);
    return s->routes + ((size_t)block * KV_BLOCK + (size_t)slot) * (size_t)s->routes_size;
}

void kv_store_copy(struct kv_store *s, int32_t dst, int32_t src)
{
    assert(dst != src && dst >= 0 && dst < s->n_blocks && src >= 0 && src < s->n_blocks);
    for (int layer = 0; layer < s->n_layers; layer++) {
        size_t stride;
        uint8_t *at = kv_store_at(s, layer, 0, &stride);
        memcpy(at + (size_t)dst * stride, at + (size_t)src * stride, stride);
    }
    if (s->routes == NULL) return;
    size_t routes = KV_BLOCK * (size_t)s->routes_size * sizeof(int16_t);
    memcpy(kv_store_routes(s, dst, 0), kv_store_routes(s, src, 0), routes);
}
