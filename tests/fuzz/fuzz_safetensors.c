/* tests/fuzz/fuzz_safetensors.c - any bytes as a safetensors file: refused with a reason, or
 * every tensor lies in them, shares no byte with another and is found by its name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "engine/model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct safetensors *s = safetensors_open_memory(span_of(data, size), "fuzz", &err);
    assert((s == NULL) == (err.code != ERROR_NONE));
    size_t total = 0;
    for (size_t i = 0; s != NULL && i < safetensors_count(s); i++) {
        const struct safetensor *t = safetensors_at(s, i);
        assert(t->data >= (const char *)data && t->data + t->bytes <= (const char *)data + size);
        assert(safetensors_find(s, t->name) == t);
        total += t->bytes;
    }
    assert(total <= size);
    safetensors_close(s);
    return 0;
}
