/* server/http/base64.c - see base64.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/base64.h"

#include <stdint.h>

/* n bytes, 1 to 3, as four characters. */
static void add_group(struct buffer *out, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)p[0] << 16;
    if (n > 1) bits |= (uint32_t)p[1] << 8;
    if (n > 2) bits |= p[2];
    char text[4] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                    digits[bits & 63]};
    for (size_t i = n + 1; i < 4; i++) {
        text[i] = '=';
    }
    buffer_add(out, text, 4);
}

void base64_add(struct buffer *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i += 3) {
        add_group(out, (const unsigned char *)bytes.p + i, bytes.n - i < 3 ? bytes.n - i : 3);
    }
}
