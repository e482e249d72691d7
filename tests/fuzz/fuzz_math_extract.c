/* tests/fuzz/fuzz_math_extract.c - any bytes as a response: what is extracted is found again when
 * it is put in a box, and the reasoning before it changes nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reward/math/math.h"
#include "reward/math/read/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_after(const char *head, struct span text, struct span want,
                       enum math_source source)
{
    struct arena *a = arena_new((size_t)64 << 20);
    size_t n = strlen(head);
    char *joined = malloc(n + text.n + 1);
    enum math_source again;
    if (a == NULL || joined == NULL) return true;
    memcpy(joined, head, n);
    if (text.n > 0) memcpy(joined + n, text.p, text.n);
    struct span got = math_extract(a, span_of(joined, n + text.n), &MATH_DEFAULTS, &again);
    bool same = again == source && span_eq(got, want);
    free(joined);
    arena_free(a);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct span text = span_of(data, size);
    enum math_source source;
    if (a == NULL) return 0;
    struct span found = math_extract(a, text, &MATH_DEFAULTS, &source);
    if ((found.p == NULL) != (source == MATH_FROM_NOWHERE)) abort();
    bool tags = size > 0 && memchr(data, '<', size) != NULL;
    if (!tags && source == MATH_FROM_BOXED &&
        !same_after("<think>Let me see.</think>", text, found, source)) {
        abort();
    }
    arena_free(a);
    return 0;
}
