/* tests/fuzz/fuzz_unpack.c - packed bodies of any bytes: within the limit, and told why not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "server/http/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LIMIT = 1 << 16 };
    if (size == 0) return 0;
    enum packing packing = data[0] % 2 == 0 ? PACKED_GZIP : PACKED_ZSTD;
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, LIMIT);
    bool fine = unpack(packing, span_of((const char *)data + 1, size - 1), &out, &err);
    assert(fine == (err.code == ERROR_NONE) && out.n <= LIMIT);
    assert(fine || err.code == ERROR_BAD_REQUEST || err.code == ERROR_BODY_TOO_LARGE);
    buffer_clear(&out);
    return 0;
}
