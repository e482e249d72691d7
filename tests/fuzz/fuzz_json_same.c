/* tests/fuzz/fuzz_json_same.c - two JSON texts compared by value, NUL between them.
 *
 * Properties: the order of the two makes no difference; what is the same exactly is the same
 * within any tolerance; and a text that equals another equals itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "reward/code/checker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tolerance none = {0, 0}, some = {1e-6, 0};
    struct span all = span_of(data, size);
    size_t end = span_find(all, span_of("", 1), 0);
    struct span x = span_slice(all, 0, end);
    struct span y = end == SPAN_NONE ? x : span_slice(all, end + 1, all.n);
    struct arena *a = arena_new(64 << 20);
    bool same = json_same(x, y, NULL, a);
    assert(json_same(y, x, NULL, a) == same);
    assert(json_same(x, y, &none, a) == same);
    assert(json_same(y, x, &some, a) == json_same(x, y, &some, a));
    if (same) {
        assert(json_same(x, y, &some, a) && json_same(x, x, NULL, a) && json_same(y, y, NULL, a));
    }
    arena_free(a);
    return 0;
}
