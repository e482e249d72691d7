/* tests/fuzz/fuzz_math_parse.c - any bytes as an answer: a tree or an error, in every reading; a
 * tree equals itself, and a fingerprint does not depend on when it is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>

#include "reward/math/field/fingerprint.h"
#include "reward/math/read/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new((size_t)64 << 20);
    if (a == NULL) return 0;
    struct span text = lexer_plain(a, span_of(data, size));
    for (int how = READ_THOUSANDS; how <= READ_DECIMAL_COMMA; how++) {
        struct error err = {0};
        const struct expr *e = parse_answer(a, text, (enum lexer_reading)how, &err);
        if ((e == NULL) != (err.code != ERROR_NONE)) abort();
        if (e == NULL) continue;
        struct fingerprint_options o = {.seed = 1, .steps = 5000};
        struct fingerprint x, y;
        bool first = fingerprint_of(e, &o, &x), second = fingerprint_of(e, &o, &y);
        if (!expr_same(e, e) || first != second || (first && !field_eq(x.image, y.image))) abort();
    }
    arena_free(a);
    return 0;
}
