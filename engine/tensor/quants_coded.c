/* engine/tensor/quants_coded.c - see quants_coded.h.
 *
 * One function a type takes a block apart; what the parts mean is said once, in dequant().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tensor/quants_coded.h"

#include <assert.h>
#include <string.h>

enum { SIGN = 8 }; /* of a code of the IQ2 and IQ3 types: the rank's magnitude, negative */

/* clang-format off */
static const int8_t
    values_q2_k[16] = {0, 1, 2, 3},
    values_q3_k[16] = {-4, -3, -2, -1, 0, 1, 2, 3},
    values_iq4[16]  = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113},
    values_iq2[16]  = {8, 25, 43, 0, 0, 0, 0, 0, -8, -25, -43, 0, 0, 0, 0, 0},
    values_iq3_xxs[16] = {4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62},
    values_iq3_s[16]   = {1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15};
/* clang-format on */

static float half_at(const uint8_t *p)
{
    uint16_t h;
    memcpy(&h, p, sizeof(h));
    return f16_to_f32(h);
}

static uint32_t u16_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) | u16_at(p + 2) << 16;
}

/* Bits 2 s, 2 s + 1 of 32 bytes are the codes of the s-th 32 weights, in each half of 128. */
static int pair_of(const uint8_t *q, int i)
{
    return q[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

/* scales[16] (low nibble scale, high nibble minimum), q[64], half d, half dmin */
static void unpack_q2_k(const uint8_t *p, struct coded_block *out)
{
    out->d = half_at(p + 80);
    out->dmin = half_at(p + 82);
    for (int j = 0; j < 16; j++) {
        out->scale[j] = (int8_t)(p[j] & 15);
        out->min[j] = p[j] >> 4;
    }
    for (int i = 0; i < 256; i++) {
        out->code[i] = (uint8_t)pair_of(p + 16, i);
    }
}

/* high bits[32], q[64], scales[12] of 6 bits minus 32 (low nibbles, then pairs of high bits), half d */
static void unpack_q3_k(const uint8_t *p, struct coded_block *out)
{
    const uint8_t *scales = p + 96;
    out->d = half_at(p + 108);
    for (int j = 0; j < 16; j++) {
        int low = j < 8 ? scales[j] & 15 : scales[j - 8] >> 4;
        int high = scales[8 + j % 4] >> (j / 4 * 2) & 3;
        out->scale[j] = (int8_t)((low | high << 4) - 32);
    }
    for (int i = 0; i < 256; i++) {
        int high = p[i % 32] >> (i / 32) & 1;
        out->code[i] = (uint8_t)(pair_of(p + 32, i) | high << 2);
    }
}

/* 32 codes from nibbles q, low ones first. */
static void unpack_nibbles(const uint8_t *q, uint8_t code[32])
{
    for (int i = 0; i < 16; i++) {
        code[i] = q[i] & 15;
        code[i + 16] = q[i] >> 4;
    }
}

/* half d, q[16] */
static void unpack_iq4_nl(const uint8_t *p, struct coded_block *out)
{
    out->d = half_at(p);
    out->scale[0] = out->scale[1] = 1;
    unpack_nibbles(p + 2, out->code);
}

/* The scale of the j-th 32 weights. */
static void set_scale(struct coded_block *out, int j, int scale)
{
    out->scale[2 * j] = out->scale[2 * j + 1] = (int8_t)scale;
}

/* half d, high pairs of 8 scales (16 bits), low nibbles of scales[4], q[128]; scales minus 32 */
static void unpack_iq4_xs(const uint8_t *p, struct coded_block *out)
{
    out->d = half_at(p);
    for (int j = 0; j < 8; j++) {
        int low = p[4 + j / 2] >> (j % 2 * 4) & 15, high = (int)(u16_at(p + 2) >> (2 * j) & 3);
        set_scale(out, j, (low | high << 4) - 32);
        unpack_nibbles(p + 8 + 16 * j, out->code + 32 * j);
    }
}

/* The n ranks of a grid's entry as codes; bit j of signs: the j-th is negative. */
static void put_entry(uint32_t entry, int n, uint32_t signs, uint8_t *code)
{
    int bits = n == 8 ? 2 : 3;
    for (int j = 0; j < n; j++) {
        uint32_t rank = entry >> (bits * j) & ((1u << bits) - 1);
        code[j] = (uint8_t)(rank | (signs >> j & 1) * SIGN);
    }
}

/* Seven signs as stored; the eighth makes their number even. */
static uint32_t eight_signs(uint32_t seven)
{
    return seven | (uint32_t)(__builtin_popcount(seven) & 1) << 7;
}

/* half d, then of each 32 weights: 4 entries, 4 x 7 signs and 4 bits of scale */
static void unpack_iq2_xxs(const uint8_t *p, struct coded_block *out)
{
    out->d = half_at(p) * 0.125f;
    for (int j = 0; j < 8; j++) {
        const uint8_t *entry = p + 2 + 8 * j;
        uint32_t rest = u32_at(entry + 4);
        set_scale(out, j, (int)(2 * (rest >> 28) + 1));
        for (int l = 0; l < 4; l++) {
            put_entry(quant_grid_iq2_xxs[entry[l]], 8, eight_signs(rest >> (7 * l) & 127),
                      out->code + 32 * j + 8 * l);
        }
    }
}

/* The scales of IQ2_XS and IQ2_S: a nibble for each 16 weights. */
static void unpack_iq2_scales(const uint8_t *scales, struct coded_block *out)
{
    for (int j = 0; j < 16; j++) {
        out->scale[j] = (int8_t)(2 * (scales[j / 2] >> (j % 2 * 4) & 15) + 1);
    }
}

/* half d, 32 entries of 9 bits with 7 signs, scales[8] */
static void unpack_iq2_xs(const uint8_t *p, struct coded_block *out)
{
    out->d = half_at(p) * 0.125f;
    unpack_iq2_scales(p + 66, out);
    for (int l = 0; l < 32; l++) {
        uint32_t both = u16_at(p + 2 + 2 * l);
        put_entry(quant_grid_iq2_xs[both & 511], 8, eight_signs(both >> 9), out->code + 8 * l);
    }
}

/* half d, 32 entries' low bytes, signs[32], high pairs of entries[8], scales[8] */
static void unpack_iq2_s(const uint8_t *p, struct coded_block *out)
{
    const uint8_t *low = p + 2, *signs = p + 34, *high = p + 66;
    out->d = half_at(p) * 0.125f;
    unpack_iq2_scales(p + 74, out);
    for (int l = 0; l < 32; l++) {
        int entry = low[l] | (high[l / 4] >> (l % 4 * 2) & 3) << 8;
        put_entry(quant_grid_iq2_s[entry], 8, signs[l], out->code + 8 * l);
    }
}

/* half d, 64 entries, of each 32 weights 4 x 7 signs and 4 bits of scale */
static void unpack_iq3_xxs(const uint8_t *p, struct coded_block *out)
{
    const uint8_t *entry = p + 2, *rest = p + 66;
    out->d = half_at(p) * 0.25f;
    for (int l = 0; l < 64; l++) {
        uint32_t r = u32_at(rest + l / 8 * 4);
        uint32_t signs = eight_signs(r >> (l % 8 / 2 * 7) & 127) >> (l % 2 * 4);
        put_entry(quant_grid_iq3_xxs[entry[l]], 4, signs, out->code + 4 * l);
    }
    for (int j = 0; j < 8; j++) {
        set_scale(out, j, (int)(2 * (u32_at(rest + 4 * j) >> 28) + 1));
    }
}

/* half d, 64 entries' low bytes, their high bits[8], signs[32], a nibble of scale for each 32 weights */
static void unpack_iq3_s(const uint8_t *p, struct coded_block *out)
{
    const uint8_t *low = p + 2, *high = p + 66, *signs = p + 74, *scales = p + 106;
    out->d = half_at(p);
    for (int l = 0; l < 64; l++) {
        int entry = low[l] | (high[l / 8] >> (l % 8) & 1) << 8;
        put_entry(quant_grid_iq3_s[entry], 4, signs[l / 2] >> (l % 2 * 4), out->code + 4 * l);
    }
    for (int j = 0; j < 8; j++) {
        set_scale(out, j, 2 * (scales[j / 2] >> (j % 2 * 4) & 15) + 1);
    }
}

/* clang-format off */
static const struct {
    const int8_t *values;
    void (*unpack)(const uint8_t *p, struct coded_block *out);
} coded_types[QUANT_COUNT] = {
    [QUANT_Q2_K]    = {values_q2_k,    unpack_q2_k},
    [QUANT_Q3_K]    = {values_q3_k,    unpack_q3_k},
    [QUANT_IQ4_NL]  = {values_iq4,     unpack_iq4_nl},
    [QUANT_IQ4_XS]  = {values_iq4,     unpack_iq4_xs},
    [QUANT_IQ2_XXS] = {values_iq2,     unpack_iq2_xxs},
    [QUANT_IQ2_XS]  = {values_iq2,     unpack_iq2_xs},
    [QUANT_IQ2_S]   = {values_iq2,     unpack_iq2_s},
    [QUANT_IQ3_XXS] = {values_iq3_xxs, unpack_iq3_xxs},
    [QUANT_IQ3_S]   = {values_iq3_s,   unpack_iq3_s},
};
/* clang-format on */

const int8_t *coded_values(enum quant type)
{
    return coded_types[type].values;
}

void coded_unpack(enum quant type, const void *src, struct coded_block *out)
{
    assert(coded_types[type].unpack != NULL);
    out->dmin = 0;
    coded_types[type].unpack(src, out);
}

static void dequant(enum quant type, float *dst, const uint8_t *src, int64_t n)
{
    const int8_t *values = coded_types[type].values;
    int block = quant_types[type].block;
    struct coded_block b;
    for (int64_t k = 0; k < n; k += block, src += quant_types[type].bytes) {
        coded_unpack(type, src, &b);
        for (int i = 0; i < block; i++) {
            float w = b.d * (float)b.scale[i / 16] * (float)values[b.code[i]];
            *dst++ = type == QUANT_Q2_K ? w - b.dmin * (float)b.min[i / 16] : w;
        }
    }
}

/* clang-format off */
void dequant_q2_k(float *dst, const void *src, int64_t n)    { dequant(QUANT_Q2_K, dst, src, n); }
void dequant_q3_k(float *dst, const void *src, int64_t n)    { dequant(QUANT_Q3_K, dst, src, n); }
void dequant_iq4_nl(float *dst, const void *src, int64_t n)  { dequant(QUANT_IQ4_NL, dst, src, n); }
void dequant_iq4_xs(float *dst, const void *src, int64_t n)  { dequant(QUANT_IQ4_XS, dst, src, n); }
void dequant_iq2_xxs(float *dst, const void *src, int64_t n) { dequant(QUANT_IQ2_XXS, dst, src, n); }
void dequant_iq2_xs(float *dst, const void *src, int64_t n)  { dequant(QUANT_IQ2_XS, dst, src, n); }
void dequant_iq2_s(float *dst, const void *src, int64_t n)   { dequant(QUANT_IQ2_S, dst, src, n); }
void dequant_iq3_xxs(float *dst, const void *src, int64_t n) { dequant(QUANT_IQ3_XXS, dst, src, n); }
void dequant_iq3_s(float *dst, const void *src, int64_t n)   { dequant(QUANT_IQ3_S, dst, src, n); }
/* clang-format on */
