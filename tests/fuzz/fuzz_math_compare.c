/* tests/fuzz/fuzz_math_compare.c - two answers, split at the first NUL or line break: each equals
 * itself, the verdict is the same in both orders, survives white space around either, and what is
 * decided cheaply is decided the same way twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reward/math/math.h"
#include "reward/math/read/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum math_verdict equal(struct span x, struct span y)
{
    struct arena *a = arena_new((size_t)64 << 20);
    if (a == NULL) return MATH_DEFER;
    enum math_verdict v = math_equal(a, x, y, &MATH_DEFAULTS, MATH_CHEAP);
    arena_free(a);
    return v;
}

static struct span padded(char *room, struct span s)
{
    memcpy(room, " \n", 2);
    if (s.n > 0) memcpy(room + 2, s.p, s.n);
    memcpy(room + 2 + s.n, "\t ", 2);
    return span_of(room, s.n + 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2000) return 0;
    size_t cut = 0;
    while (cut < size && data[cut] != 0 && data[cut] != '\n') {
        cut++;
    }
    struct span x = span_of(data, cut), y = span_slice(span_of(data, size), cut + 1, size);
    if (words_unwrap(x).n > 0 && equal(x, x) != MATH_CORRECT) abort();
    enum math_verdict there = equal(x, y), back = equal(y, x);
    if ((there == MATH_CORRECT) != (back == MATH_CORRECT)) abort();
    char wide[2010];
    if ((equal(padded(wide, x), y) == MATH_CORRECT) != (there == MATH_CORRECT)) abort();
    return 0;
}
