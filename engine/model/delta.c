/* engine/model/delta.c - see delta.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/delta.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/digest.h"
#include "base/mem.h"

static bool is_word(const char *word, const char *wanted)
{
    return word != NULL && strcmp(word, wanted) == 0;
}

bool delta_format_read(const char *encoding, const char *compression, const char *checksums,
                       struct delta_format *f, struct error *err)
{
    *f = (struct delta_format){is_word(encoding, "overwrite"), !is_word(compression, "none")};
    if (encoding != NULL && !f->overwrite && !is_word(encoding, "xor")) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "delta_encoding is %.30s; xor or overwrite", encoding);
    }
    if (compression != NULL && f->zstd && !is_word(compression, "zstd")) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "compression is %.30s; zstd or none",
                         compression);
    }
    return checksums == NULL || is_word(checksums, "xxh3-128") ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "checksum_format is %.30s; xxh3-128",
                     checksums);
}

bool delta_sum_is(enum delta_sum kind, const char *hex, const uint8_t *bytes, size_t n)
{
    char own[DIGEST_HEX];
    if (kind == DELTA_SHA256) {
        digest_hex(span_of((const char *)bytes, n), own);
    } else {
        XXH128_hash_t h = XXH3_128bits(bytes, n);
        snprintf(own, sizeof(own), "%016llx%016llx", (unsigned long long)h.high64,
                 (unsigned long long)h.low64);
    }
    return hex != NULL && strcasecmp(own, hex) == 0;
}

static bool fault(struct error *err, const char *what)
{
    return error_set(err, ERROR_INVALID_VALUE, NULL, "its change %s", what);
}

static bool apply_xor(struct span change, uint8_t *out, size_t n, struct error *err)
{
    if (change.n != n) return fault(err, "has not as many bytes as the tensor");
    for (size_t i = 0; i < n; i++) {
        out[i] ^= (uint8_t)change.p[i];
    }
    return true;
}

static uint32_t u32_at(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static bool apply_overwrite(struct span change, uint8_t *out, size_t n, struct error *err)
{
    if (change.n < 4) return fault(err, "is cut short");
    size_t count = u32_at(change.p);
    if (change.n != 4 + count * 5) {
        return fault(err, "has not as many positions and bytes as it says");
    }
    const char *positions = change.p + 4, *values = positions + 4 * count;
    for (size_t i = 0; i < count; i++) {
        size_t at = u32_at(positions + 4 * i);
        if (at >= n) return fault(err, "reaches past the tensor's end");
        out[at] = (uint8_t)values[i];
    }
    return true;
}

/* No change is larger: every byte overwritten. */
static size_t most_bytes(const struct delta_format *f, size_t n)
{
    return f->overwrite ? 4 + 5 * n : n;
}

static bool apply_plain(const struct delta_format *f, struct span change, uint8_t *out, size_t n,
                        struct error *err)
{
    return f->overwrite ? apply_overwrite(change, out, n, err) : apply_xor(change, out, n, err);
}

bool delta_apply(const struct delta_format *f, struct span payload, uint8_t *out, size_t n,
                 struct error *err)
{
    if (!f->zstd) return apply_plain(f, payload, out, n, err);
    size_t room = most_bytes(f, n);
    char *plain = mem_bytes(room + 1);
    if (plain == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a change");
    size_t got = ZSTD_decompress(plain, room, payload.p, payload.n);
    bool ok = ZSTD_isError(got) ? fault(err, "is no zstd of its size")
                                : apply_plain(f, span_of(plain, got), out, n, err);
    assert(ZSTD_isError(got) || got <= room);
    free(plain);
    return ok;
}
