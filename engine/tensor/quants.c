/* engine/tensor/quants.c - from the blocks of a file to floats, one function a type.
 *
 * This is the meaning of each type, written to be read; the fast kernels never come here. They
 * are tested against it. Half and 8-bit floats are converted by integer arithmetic, so that no
 * compiler flag or instruction set can change a bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tensor/quants.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/tensor/quants_coded.h"

static_assert(sizeof(struct q8_0) == 34, "GGUF Q8_0: one f16 scale, 32 int8");
static_assert(sizeof(struct q4_0) == 18, "GGUF Q4_0: one f16 scale, 32 nibbles");
static_assert(sizeof(struct q4_1) == 20, "GGUF Q4_1: f16 scale and minimum, 32 nibbles");
static_assert(sizeof(struct q5_0) == 22, "GGUF Q5_0: f16 scale, 32 high bits, 32 nibbles");
static_assert(sizeof(struct q5_1) == 24, "GGUF Q5_1: f16 scale and minimum, 32 high bits, nibbles");
static_assert(sizeof(struct q4_k) == 144, "GGUF Q4_K: 256 weights");
static_assert(sizeof(struct q5_k) == 176, "GGUF Q5_K: 256 weights");
static_assert(sizeof(struct q6_k) == 210, "GGUF Q6_K: 256 weights");

static float float_of_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof(f));
    return f;
}

static uint32_t bits_of_float(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof(u));
    return u;
}

float f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3FF;
    if (exponent == 31) return float_of_bits(sign | 0x7F800000 | mantissa << 13);
    if (exponent == 0) { /* zero or subnormal: mantissa * 2^-24, exact in float32 */
        float f = (float)mantissa * 0x1p-24f;
        return float_of_bits(sign | bits_of_float(f));
    }
    return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

/* u >> n, rounded to nearest, ties to even. */
static uint32_t shift_round(uint32_t u, int n)
{
    uint32_t half = 1u << (n - 1), rest = u & ((1u << n) - 1), q = u >> n;
    return q + (rest > half || (rest == half && (q & 1)));
}

uint16_t f32_to_f16(float f)
{
    uint32_t u = bits_of_float(f), sign = u >> 16 & 0x8000, magnitude = u & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF));
    if (magnitude >= 0x47800000) return (uint16_t)(sign | 0x7C00); /* 2^16 and more, infinity */
    if (magnitude < 0x33000000) return (uint16_t)sign;             /* below 2^-25: zero */
    int exponent = (int)(magnitude >> 23) - 127;
    if (exponent < -14) { /* subnormal: count units of 2^-24 */
        uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
        return (uint16_t)(sign | shift_round(mantissa, -exponent - 1));
    }
    /* a mantissa that rounds up may carry into the exponent, up to infinity: still right */
    return (uint16_t)(sign | (shift_round(magnitude, 13) - (112u << 10)));
}

uint16_t f32_to_bf16(float f)
{
    uint32_t u = bits_of_float(f);
    if ((u & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)shift_round(u, 16);
}

float f8_e4m3_to_f32(uint8_t b)
{
    uint32_t sign = (uint32_t)(b & 0x80) << 24, exponent = b >> 3 & 15, mantissa = b & 7;
    if ((b & 0x7F) == 0x7F) return float_of_bits(sign | 0x7FC00000);
    if (exponent == 0) return float_of_bits(sign | bits_of_float((float)mantissa * 0x1p-9f));
    return float_of_bits(sign | (exponent + 120) << 23 | mantissa << 20);
}

static void dequant_f32(float *dst, const void *src, int64_t n)
{
    memcpy(dst, src, (size_t)n * sizeof(float));
}

static void dequant_f16(float *dst, const void *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, (const char *)src + 2 * i, sizeof(h));
        dst[i] = f16_to_f32(h);
    }
}

static void dequant_bf16(float *dst, const void *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, (const char *)src + 2 * i, sizeof(h));
        dst[i] = bf16_to_f32(h);
    }
}

static void dequant_f8(float *dst, const void *src, int64_t n)
{
    const uint8_t *b = src;
    for (int64_t i = 0; i < n; i++) {
        dst[i] = f8_e4m3_to_f32(b[i]);
    }
}

/* A mapped file may put a block at an odd address, so each is copied out first. */

static void dequant_q8_0(float *dst, const void *src, int64_t n)
{
    struct q8_0 b;
    for (int64_t i = 0; i < n / 32; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        float d = f16_to_f32(b.d);
        for (int j = 0; j < 32; j++) {
            *dst++ = d * (float)b.q[j];
        }
    }
}

static int low_then_high(const uint8_t *q, int j)
{
    return j < 16 ? q[j] & 15 : q[j - 16] >> 4;
}

static int fifth_bit(const uint8_t *h, int j)
{
    return h[j / 8] >> (j % 8) & 1;
}

static void dequant_q4_0(float *dst, const void *src, int64_t n)
{
    struct q4_0 b;
    for (int64_t i = 0; i < n / 32; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        float d = f16_to_f32(b.d);
        for (int j = 0; j < 32; j++) {
            *dst++ = d * (float)(low_then_high(b.q, j) - 8);
        }
    }
}

static void dequant_q4_1(float *dst, const void *src, int64_t n)
{
    struct q4_1 b;
    for (int64_t i = 0; i < n / 32; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        float d = f16_to_f32(b.d), m = f16_to_f32(b.m);
        for (int j = 0; j < 32; j++) {
            *dst++ = d * (float)low_then_high(b.q, j) + m;
        }
    }
}

static void dequant_q5_0(float *dst, const void *src, int64_t n)
{
    struct q5_0 b;
    for (int64_t i = 0; i < n / 32; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        float d = f16_to_f32(b.d);
        for (int j = 0; j < 32; j++) {
            *dst++ = d * (float)((low_then_high(b.q, j) | fifth_bit(b.h, j) << 4) - 16);
        }
    }
}

static void dequant_q5_1(float *dst, const void *src, int64_t n)
{
    struct q5_1 b;
    for (int64_t i = 0; i < n / 32; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        float d = f16_to_f32(b.d), m = f16_to_f32(b.m);
        for (int j = 0; j < 32; j++) {
            *dst++ = d * (float)(low_then_high(b.q, j) | fifth_bit(b.h, j) << 4) + m;
        }
    }
}

/* Twelve bytes hold eight 6-bit scales and eight 6-bit minima:
 *   byte 0-3: scale 0-3 (low 6 bits), top two bits belong to scale 4-7
 *   byte 4-7: minimum 0-3, top two bits belong to minimum 4-7
 *   byte 8-11: low nibble of scale 4-7, high nibble: low nibble of minimum 4-7 */
void quant_k_scale_min(const uint8_t s[12], int j, int *scale, int *min)
{
    if (j < 4) {
        *scale = s[j] & 63;
        *min = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        *min = s[j + 4] >> 4 | (s[j] >> 6) << 4;
    }
}

/* Nibble of weight j of sub-block s: sub-blocks 2c and 2c+1 share 32 bytes, low half first. */
static int nibble_k(const uint8_t *q, int s, int j)
{
    uint8_t byte = q[s / 2 * 32 + j];
    return s % 2 == 0 ? byte & 15 : byte >> 4;
}

static void dequant_q4_k(float *dst, const void *src, int64_t n)
{
    struct q4_k b;
    for (int64_t i = 0; i < n / 256; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        for (int s = 0; s < 8; s++) {
            int scale, min;
            quant_k_scale_min(b.scales, s, &scale, &min);
            float d = f16_to_f32(b.d) * (float)scale, m = f16_to_f32(b.dmin) * (float)min;
            for (int j = 0; j < 32; j++) {
                *dst++ = d * (float)nibble_k(b.q, s, j) - m;
            }
        }
    }
}

static void dequant_q5_k(float *dst, const void *src, int64_t n)
{
    struct q5_k b;
    for (int64_t i = 0; i < n / 256; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        for (int s = 0; s < 8; s++) {
            int scale, min;
            quant_k_scale_min(b.scales, s, &scale, &min);
            float d = f16_to_f32(b.d) * (float)scale, m = f16_to_f32(b.dmin) * (float)min;
            for (int j = 0; j < 32; j++) {
                int high = b.h[j] >> s & 1; /* bit s of byte j belongs to sub-block s */
                *dst++ = d * (float)(nibble_k(b.q, s, j) | high << 4) - m;
            }
        }
    }
}

/* Each half of 128 weights: 64 bytes of low nibbles, 32 bytes of high bit pairs. Weight 32 g + l
 * of a half has its low nibble in byte l + 32 (g % 2) (low half for g < 2) and its high pair at
 * bits 2g of byte l. */
static int six_bits(const struct q6_k *b, int j)
{
    int half = j / 128, g = j % 128 / 32, l = j % 32;
    uint8_t low = b->ql[half * 64 + g % 2 * 32 + l];
    int nibble = g < 2 ? low & 15 : low >> 4;
    return nibble | (b->qh[half * 32 + l] >> (2 * g) & 3) << 4;
}

static void dequant_q6_k(float *dst, const void *src, int64_t n)
{
    struct q6_k b;
    for (int64_t i = 0; i < n / 256; i++) {
        memcpy(&b, (const char *)src + i * (int64_t)sizeof(b), sizeof(b));
        for (int j = 0; j < 256; j++) {
            float d = f16_to_f32(b.d) * (float)b.scales[j / 16];
            *dst++ = d * (float)(six_bits(&b, j) - 32);
        }
    }
}

/* clang-format off */
const struct quant_type quant_types[QUANT_COUNT] = {
    [QUANT_F32]     = {"F32",     0,  1,   4,                   dequant_f32},
    [QUANT_F16]     = {"F16",     1,  1,   2,                   dequant_f16},
    [QUANT_BF16]    = {"BF16",    30, 1,   2,                   dequant_bf16},
    [QUANT_F8_E4M3] = {"F8_E4M3", -1, 1,   1,                   dequant_f8},
    [QUANT_Q8_0]    = {"Q8_0",    8,  32,  sizeof(struct q8_0), dequant_q8_0},
    [QUANT_Q4_0]    = {"Q4_0",    2,  32,  sizeof(struct q4_0), dequant_q4_0},
    [QUANT_Q4_1]    = {"Q4_1",    3,  32,  sizeof(struct q4_1), dequant_q4_1},
    [QUANT_Q5_0]    = {"Q5_0",    6,  32,  sizeof(struct q5_0), dequant_q5_0},
    [QUANT_Q5_1]    = {"Q5_1",    7,  32,  sizeof(struct q5_1), dequant_q5_1},
    [QUANT_Q4_K]    = {"Q4_K",    12, 256, sizeof(struct q4_k), dequant_q4_k},
    [QUANT_Q5_K]    = {"Q5_K",    13, 256, sizeof(struct q5_k), dequant_q5_k},
    [QUANT_Q6_K]    = {"Q6_K",    14, 256, sizeof(struct q6_k), dequant_q6_k},
    [QUANT_Q2_K]    = {"Q2_K",    10, 256, 84,                  dequant_q2_k},
    [QUANT_Q3_K]    = {"Q3_K",    11, 256, 110,                 dequant_q3_k},
    [QUANT_IQ4_NL]  = {"IQ4_NL",  20, 32,  18,                  dequant_iq4_nl},
    [QUANT_IQ4_XS]  = {"IQ4_XS",  23, 256, 136,                 dequant_iq4_xs},
    [QUANT_IQ2_XXS] = {"IQ2_XXS", 16, 256, 66,                  dequant_iq2_xxs},
    [QUANT_IQ2_XS]  = {"IQ2_XS",  17, 256, 74,                  dequant_iq2_xs},
    [QUANT_IQ2_S]   = {"IQ2_S",   22, 256, 82,                  dequant_iq2_s},
    [QUANT_IQ3_XXS] = {"IQ3_XXS", 18, 256, 98,                  dequant_iq3_xxs},
    [QUANT_IQ3_S]   = {"IQ3_S",   21, 256, 110,                 dequant_iq3_s},
};

/* GGML's names by number, for telling a user what a file holds that we do not read. */
static const char *const ggml_names[] = {
    "F32", "F16", "Q4_0", "Q4_1", "Q4_2", "Q4_3", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
    "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32", "I64",
    "F64", "IQ1_M", "BF16", "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "TQ1_0", "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8",
    "IQ4_NL_8_8", "MXFP4",
};
/* clang-format on */

int quant_from_ggml(uint32_t ggml_type)
{
    for (int i = 0; i < QUANT_COUNT; i++) {
        if (quant_types[i].ggml >= 0 && (uint32_t)quant_types[i].ggml == ggml_type) return i;
    }
    return -1;
}

const char *quant_ggml_name(uint32_t ggml_type)
{
    return ggml_type < sizeof(ggml_names) / sizeof(ggml_names[0]) ? ggml_names[ggml_type] : NULL;
}

void quant_list(char out[QUANT_LIST_BYTES])
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < QUANT_COUNT && n < QUANT_LIST_BYTES; i++) {
        if (quant_types[i].ggml < 0) continue;
        const char *comma = n == 0 ? "" : ", ";
        int more = snprintf(out + n, QUANT_LIST_BYTES - n, "%s%s", comma, quant_types[i].name);
        n += more > 0 ? (size_t)more : 0;
    }
}

int quant_from_name(struct span name)
{
    for (int i = 0; i < QUANT_COUNT; i++) {
        const char *known = quant_types[i].name;
        if (strlen(known) == name.n && strncasecmp(known, name.p, name.n) == 0) return i;
    }
    return -1;
}
