/* base/base64.c - see base64.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct span bytes, struct buffer *out)
{
    for (size_t i = 0; i < bytes.n; i += 3) {
        struct span part = span_slice(bytes, i, i + 3);
        uint32_t bits = 0;
        char four[4] = {'=', '=', '=', '='};
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < part.n ? (unsigned char)part.p[k] : 0);
        }
        for (size_t k = 0; k <= part.n; k++) {
            four[k] = alphabet[bits >> (18 - 6 * k) & 63];
        }
        buffer_add(out, four, sizeof(four));
    }
}

static int value_of(char c)
{
    const char *found = c == '\0' ? NULL : strchr(alphabet, c);
    return found == NULL ? -1 : (int)(found - alphabet);
}

bool base64_decode(struct span text, struct buffer *out)
{
    uint32_t bits = 0;
    int held = 0; /* bits not yet written */
    text = span_trim(text);
    while (text.n > 0 && text.p[text.n - 1] == '=') {
        text.n--;
    }
    for (size_t i = 0; i < text.n; i++) {
        int v = value_of(text.p[i]);
        if (v < 0 && strchr(" \t\r\n", text.p[i]) != NULL && text.p[i] != '\0') continue;
        if (v < 0) return false;
        bits = bits << 6 | (uint32_t)v;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        buffer_add_char(out, (char)(bits >> held & 255));
    }
    return held < 6;
}
