/* base/sha256.h - SHA-256, where equal content must have an equal name and unequal content another one.
 *
 * Source: FIPS 180-4, sections 5.3.3 and 6.2.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX = 65 }; /* of a digest; of its text, NUL included */

struct sha256 {
    uint32_t state[8];
    uint64_t n;        /* bytes so far */
    uint8_t block[64]; /* the last n % 64 of them */
};

/* Begin; then sha256_add() the bytes, then sha256_end(). */
void sha256_init(struct sha256 *s);
/* n bytes more. */
void sha256_add(struct sha256 *s, const void *bytes, size_t n);
/* The digest; s must be begun again. */
void sha256_end(struct sha256 *s, uint8_t digest[SHA256_BYTES]);
/* A digest in lower-case hexadecimal, with a NUL. */
void sha256_hex(const uint8_t digest[SHA256_BYTES], char out[SHA256_HEX]);

#endif
