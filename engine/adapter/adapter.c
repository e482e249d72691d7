/* engine/adapter/adapter.c - see adapter.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/adapter/adapter.h"

#include <assert.h>
#include <stddef.h>

const struct adapter_parts *adapter_parts(const struct adapter *a, int layer, int expert)
{
    if (layer < 0) return &a->model;
    if (layer >= a->n_layers) return NULL; /* a prediction layer: adapters know none */
    if (expert < 0) return &a->layers[layer];
    if (a->experts == NULL || a->experts[layer] == NULL) return NULL;
    assert(expert < a->n_experts);
    return a->experts[layer][expert];
}

struct adapter *adapter_hold(struct adapter *a)
{
    if (a == NULL) return NULL;
    assert(a->content != 0); /* (1) */
    int before = atomic_fetch_add_explicit(&a->holders, 1, memory_order_relaxed);
    assert(before > 0); /* (2) */
    return a;
}

void adapter_release(struct adapter *a)
{
    if (a == NULL) return;
    int before = atomic_fetch_sub_explicit(&a->holders, 1, memory_order_acq_rel);
    assert(before > 0); /* (2) */
    if (before == 1) arena_free(a->arena);
}
