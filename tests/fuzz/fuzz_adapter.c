/* tests/fuzz/fuzz_adapter.c - any text as adapter_config.json, any bytes as adapter_model.safetensors behind
 * it, the two parted by a NUL: refused with a reason, or an adapter within its bounds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/adapter/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct model *model;

static void open_model(void)
{
    struct error err = {0};
    if (model == NULL) model = model_open("tests/golden/data/qwen3moe-uneven", &err);
    if (model == NULL) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    open_model();
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t n = nul == NULL ? size : (size_t)(nul - data);
    struct span config = span_of(data, n), tensors = span_of(data + size, 0);
    if (nul != NULL) tensors = span_of(nul + 1, size - n - 1);
    struct adapter *a = adapter_read(model, config, tensors, &err);
    assert((a == NULL) == (err.code != ERROR_NONE));
    if (a == NULL) return 0;
    assert(a->max_rank <= ADAPTER_MAX_RANK && a->content != 0);
    for (int layer = 0; layer < a->n_layers; layer++) {
        const struct adapter_parts *p = adapter_parts(a, layer, -1);
        for (int i = 0; i < ADAPTER_INPUTS; i++) {
            assert(p->down[i].rank <= p->down[i].ld && p->down[i].ld <= a->max_ld);
            assert((p->down[i].a != NULL) == (p->down[i].rank > 0));
        }
    }
    adapter_release(a);
    return 0;
}
