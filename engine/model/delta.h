/* engine/model/delta.h - what changed of a tensor, as trainers send it.
 *
 * slime's way (slime/utils/disk_delta.py): a tensor of bytes (U8) stands for a change of the base's tensor of
 * that name, packed by zstd or not at all. The change is either
 *
 *   xor        as many bytes as the tensor has: new = old ^ change
 *   overwrite  u32 n, then n positions u32, then n bytes that go there (little endian)
 *
 * and the XXH3-128 of the result, in hexadecimal, stands in the file's metadata under the tensor's name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_DELTA_H
#define ENGINE_MODEL_DELTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

struct delta_format {
    bool overwrite; /* else xor */
    bool zstd;      /* else as it is */
};

enum delta_sum { DELTA_XXH3, DELTA_SHA256 };

/* The format of these words of a file's metadata; NULL: absent, xor and zstd. False and
 * ERROR_INVALID_VALUE naming the word. */
bool delta_format_read(const char *encoding, const char *compression, const char *checksums,
                       struct delta_format *f, struct error *err);

/* Change out[n], which holds the base's bytes, by payload. False and ERROR_INVALID_VALUE when the payload is
 * none of its format, or reaches past n; out is then anything. */
bool delta_apply(const struct delta_format *f, struct span payload, uint8_t *out, size_t n,
                 struct error *err);

/* Is that the sum of these bytes, in hexadecimal digits (32, 64)? NULL is none. */
bool delta_sum_is(enum delta_sum kind, const char *hex, const uint8_t *bytes, size_t n);

#endif
