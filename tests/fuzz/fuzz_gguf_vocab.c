/* tests/fuzz/fuzz_gguf_vocab.c - any GGUF metadata as a vocabulary, and its own
 * bytes encoded with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/gguf.h"
#include "tests/fuzz/tokenizer_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct gguf *g = gguf_open_memory(bytes, "fuzz", NULL);
    if (g == NULL) return 0;
    struct error err = {0};
    struct tokenizer *t = tokenizer_from_gguf(g, &err);
    assert((t == NULL) == (err.code != ERROR_NONE));
    if (t != NULL) check_tokenizer(t, bytes);
    tokenizer_free(t);
    gguf_close(g);
    return 0;
}
