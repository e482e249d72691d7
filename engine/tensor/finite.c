/* engine/tensor/finite.c - see finite.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tensor/finite.h"

#include <assert.h>
#include <string.h>

enum { AT_ONCE = 4096, NONE = -1 }; /* numbers whose bits are gathered before they are asked */

/* Where the half floats of a block lie. */
static const struct {
    int d, m; /* bytes from its beginning; NONE: it has no second one */
} halves[QUANT_COUNT] = {
    [QUANT_Q8_0] = {0, NONE},    [QUANT_Q4_0] = {0, NONE},   [QUANT_Q4_1] = {0, 2},
    [QUANT_Q5_0] = {0, NONE},    [QUANT_Q5_1] = {0, 2},      [QUANT_Q4_K] = {0, 2},
    [QUANT_Q5_K] = {0, 2},       [QUANT_Q6_K] = {208, NONE}, [QUANT_Q2_K] = {80, 82},
    [QUANT_Q3_K] = {108, NONE},  [QUANT_IQ4_NL] = {0, NONE}, [QUANT_IQ4_XS] = {0, NONE},
    [QUANT_IQ2_XXS] = {0, NONE}, [QUANT_IQ2_XS] = {0, NONE}, [QUANT_IQ2_S] = {0, NONE},
    [QUANT_IQ3_XXS] = {0, NONE}, [QUANT_IQ3_S] = {0, NONE},
};

/* An exponent of ones: adding one to it carries into the bit above, where the sign was. */
static uint16_t odd_half(const uint8_t *src, uint16_t exponent)
{
    uint16_t h;
    memcpy(&h, src, sizeof(h));
    return (uint16_t)((h & exponent) + (exponent & -exponent)) & 0x8000;
}

static bool halves_are_finite(const uint8_t *src, int64_t n, uint16_t exponent)
{
    uint16_t odd = 0;
    for (int64_t i = 0; i < n; i++) {
        odd |= odd_half(src + 2 * i, exponent);
    }
    return odd == 0;
}

static bool floats_are_finite(const uint8_t *src, int64_t n)
{
    uint32_t odd = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t w;
        memcpy(&w, src + 4 * i, sizeof(w));
        odd |= ((w & 0x7F800000u) + 0x00800000u) & 0x80000000u;
    }
    return odd == 0;
}

/* E4M3 has no infinity. */
static bool bytes_are_finite(const uint8_t *src, int64_t n)
{
    uint8_t odd = 0;
    for (int64_t i = 0; i < n; i++) {
        odd |= (uint8_t)((src[i] & 0x7F) + 1) & 0x80;
    }
    return odd == 0;
}

static bool blocks_are_finite(enum quant type, const uint8_t *src, int64_t n)
{
    const int bytes = quant_types[type].bytes, d = halves[type].d, m = halves[type].m;
    uint16_t odd = 0;
    assert(d + 2 <= bytes && m + 2 <= bytes);
    for (int64_t i = 0; i < n / quant_types[type].block; i++) {
        odd |= odd_half(src + i * bytes + d, 0x7C00);
        if (m != NONE) odd |= odd_half(src + i * bytes + m, 0x7C00);
    }
    return odd == 0;
}

static bool part_is_finite(enum quant type, const uint8_t *src, int64_t n)
{
    switch (type) {
    case QUANT_F32:
        return floats_are_finite(src, n);
    case QUANT_F16:
        return halves_are_finite(src, n, 0x7C00);
    case QUANT_BF16:
        return halves_are_finite(src, n, 0x7F80);
    case QUANT_F8_E4M3:
        return bytes_are_finite(src, n);
    default:
        return blocks_are_finite(type, src, n);
    }
}

bool quant_is_finite(enum quant type, const void *src, int64_t n)
{
    const struct quant_type *t = &quant_types[type];
    const uint8_t *at = src;
    assert(n % t->block == 0 && AT_ONCE % t->block == 0);
    for (int64_t left = n, part; left > 0; left -= part) {
        part = left < AT_ONCE ? left : AT_ONCE;
        if (!part_is_finite(type, at, part)) return false;
        at += part / t->block * t->bytes;
    }
    return true;
}
