/* base/digest.h - SHA-256 of bytes that come piece by piece, as 64 hexadecimal digits (FIPS 180-4, by
 * Nettle).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <nettle/sha2.h>

#include "base/span.h"

enum { DIGEST_BYTES = SHA256_DIGEST_SIZE, DIGEST_HEX = 2 * DIGEST_BYTES + 1 }; /* with a NUL */

struct digest {
    struct sha256_ctx context;
};

/* Of nothing so far. */
void digest_init(struct digest *d);
/* These bytes are next. */
void digest_add(struct digest *d, struct span bytes);
/* The digest of all of them, in lower-case hexadecimal; d is then as after digest_init(). */
void digest_end_hex(struct digest *d, char hex[DIGEST_HEX]);
/* Of these bytes alone. */
void digest_hex(struct span bytes, char hex[DIGEST_HEX]);

#endif
