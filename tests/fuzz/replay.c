/* tests/fuzz/replay.c - run a fuzzer's function over stored inputs: the files named
 * on the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct buffer b;
        struct error err = {0};
        buffer_init(&b, (size_t)64 << 20);
        if (!file_read(argv[i], b.limit, &b, &err)) {
            fprintf(stderr, "%s\n", err.message);
            return EXIT_FAILURE;
        }
        /* A block of exactly this size, so that a sanitizer sees a read past its end. */
        uint8_t *copy = malloc(b.n > 0 ? b.n : 1);
        if (copy == NULL) return EXIT_FAILURE;
        if (b.n > 0) memcpy(copy, b.p, b.n);
        LLVMFuzzerTestOneInput(copy, b.n);
        free(copy);
        buffer_clear(&b);
    }
    return EXIT_SUCCESS;
}
