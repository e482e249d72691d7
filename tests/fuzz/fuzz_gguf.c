/* tests/fuzz/fuzz_gguf.c - any bytes as a GGUF file, and what it says as a model: refused with a
 * reason, or every tensor lies in the file and has the shape that the sizes demand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/model/gguf_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tensors(const struct gguf *g, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        assert(t->data >= (const char *)data && t->data + t->bytes <= (const char *)data + size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct gguf *g = gguf_open_memory(span_of(data, size), "fuzz", &err);
    assert((g == NULL) == (err.code != ERROR_NONE));
    if (g == NULL) return 0;
    check_tensors(g, data, size);
    const struct arch *arch;
    struct model_config c;
    struct model_tensors t = {0};
    bool ok = gguf_model_read(g, &arch, &c, &t, &err);
    assert(ok == (err.code == ERROR_NONE));
    assert(!ok || (t.token_embd.shape[0] == c.n_embd && t.token_embd.shape[1] == c.n_vocab));
    assert(!ok || c.n_heads % c.n_kv_heads == 0);
    free(t.layers);
    gguf_close(g);
    return 0;
}
