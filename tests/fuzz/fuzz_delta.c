/* tests/fuzz/fuzz_delta.c - any bytes as the change of a tensor: refused with a reason, or it changes the tensor's
 * bytes and no others; xor twice is as if nothing had been.
 *
 * The first byte is the format, the second the tensor's size.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/model/delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ROOM = 256, GUARD = 0x5A };
    uint8_t tensor[ROOM + 16];
    struct error err = {0};
    if (size < 2) return 0;
    const struct delta_format f = {.overwrite = data[0] & 1, .zstd = data[0] & 2};
    size_t n = data[1];
    struct span payload = span_of((const char *)data + 2, size - 2);
    memset(tensor, 0, n);
    memset(tensor + n, GUARD, sizeof(tensor) - n);
    bool ok = delta_apply(&f, payload, tensor, n, &err);
    assert(ok == (err.code == ERROR_NONE));
    for (size_t i = n; i < sizeof(tensor); i++) {
        assert(tensor[i] == GUARD);
    }
    if (!ok || f.overwrite) return 0;
    assert(f.zstd || memcmp(tensor, payload.p, n) == 0);
    assert(delta_apply(&f, payload, tensor, n, &err));
    for (size_t i = 0; i < n; i++) {
        assert(tensor[i] == 0);
    }
    return 0;
}
