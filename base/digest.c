/* base/digest.c - see digest.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/digest.h"

void digest_init(struct digest *d)
{
    sha256_init(&d->context);
}

void digest_add(struct digest *d, struct span bytes)
{
    sha256_update(&d->context, bytes.n, (const unsigned char *)bytes.p);
}

void digest_end_hex(struct digest *d, char hex[DIGEST_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[DIGEST_BYTES];
    sha256_digest(&d->context, DIGEST_BYTES, bytes);
    for (int i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[DIGEST_HEX - 1] = '\0';
}

void digest_hex(struct span bytes, char hex[DIGEST_HEX])
{
    struct digest d;
    digest_init(&d);
    digest_add(&d, bytes);
    digest_end_hex(&d, hex);
}
