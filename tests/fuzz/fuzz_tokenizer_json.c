/* tests/fuzz/fuzz_tokenizer_json.c - any tokenizer.json, and any text encoded with
 * what is accepted.
 *
 * The input is tokenizer.json, tokenizer_config.json and the text, with a byte 0
 * between them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>

#include "tests/fuzz/tokenizer_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span next_part(struct span *rest)
{
    size_t end = span_find(*rest, span_of("", 1), 0);
    struct span part = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end == SPAN_NONE ? rest->n : end + 1, rest->n);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct hf_documents d = {.folder = ""};
    d.tokenizer = next_part(&rest);
    d.config = next_part(&rest);
    if (d.config.n == 0) d.config.p = NULL;
    struct error err = {0};
    struct tokenizer *t = tokenizer_from_documents(&d, &err);
    assert((t == NULL) == (err.code != ERROR_NONE));
    if (t != NULL) {
        check_tokenizer(t, rest);
        check_tokenizer(t, d.tokenizer);
    }
    tokenizer_free(t);
    return 0;
}
