/* engine/tensor/quantise.c - see quantise.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tensor/quantise.h"

#include <math.h>
#include <string.h>

static void to_f32(void *dst, const float *x)
{
    memcpy(dst, x, sizeof(*x));
}

static void to_f16(void *dst, const float *x)
{
    uint16_t h = f32_to_f16(*x);
    memcpy(dst, &h, sizeof(h));
}

static void to_bf16(void *dst, const float *x)
{
    uint16_t h = f32_to_bf16(*x);
    memcpy(dst, &h, sizeof(h));
}

/* d = the largest magnitude / 127 */
static void to_q8_0(void *dst, const float *x)
{
    struct q8_0 b;
    float max = 0;
    for (int i = 0; i < 32; i++) {
        max = fmaxf(max, fabsf(x[i]));
    }
    float d = max / 127, inverse = d != 0 ? 1 / d : 0;
    b.d = f32_to_f16(d);
    for (int i = 0; i < 32; i++) {
        b.q[i] = (int8_t)roundf(x[i] * inverse);
    }
    memcpy(dst, &b, sizeof(b));
}

/* A number from 0 to 15, rounded half up. */
static uint8_t nibble(float x)
{
    float q = floorf(x + 0.5f);
    return (uint8_t)(q < 0 ? 0 : q > 15 ? 15 : q);
}

/* d = the value of largest magnitude / -8, so that this one is exact */
static void to_q4_0(void *dst, const float *x)
{
    struct q4_0 b;
    float max = 0;
    for (int i = 0; i < 32; i++) {
        if (fabsf(x[i]) > fabsf(max)) max = x[i];
    }
    float d = max / -8, inverse = d != 0 ? 1 / d : 0;
    b.d = f32_to_f16(d);
    for (int i = 0; i < 16; i++) {
        b.q[i] = (uint8_t)(nibble(x[i] * inverse + 8) | nibble(x[i + 16] * inverse + 8) << 4);
    }
    memcpy(dst, &b, sizeof(b));
}

/* from the smallest value to the largest in 15 steps */
static void to_q4_1(void *dst, const float *x)
{
    struct q4_1 b;
    float min = x[0], max = x[0];
    for (int i = 1; i < 32; i++) {
        min = fminf(min, x[i]);
        max = fmaxf(max, x[i]);
    }
    float d = (max - min) / 15, inverse = d != 0 ? 1 / d : 0;
    b.d = f32_to_f16(d);
    b.m = f32_to_f16(min);
    for (int i = 0; i < 16; i++) {
        b.q[i] =
            (uint8_t)(nibble((x[i] - min) * inverse) | nibble((x[i + 16] - min) * inverse) << 4);
    }
    memcpy(dst, &b, sizeof(b));
}

static void (*const quantisers[QUANT_COUNT])(void *dst, const float *x) = {
    [QUANT_F32] = to_f32,   [QUANT_F16] = to_f16,   [QUANT_BF16] = to_bf16,
    [QUANT_Q8_0] = to_q8_0, [QUANT_Q4_0] = to_q4_0, [QUANT_Q4_1] = to_q4_1,
};

bool quantise_knows(enum quant type)
{
    return quantisers[type] != NULL;
}

void quantise_row(enum quant type, void *dst, const float *src, int n)
{
    const struct quant_type *t = &quant_types[type];
    for (int i = 0; i < n / t->block; i++) {
        quantisers[type]((uint8_t *)dst + (size_t)i * (size_t)t->bytes, src + i * t->block);
    }
}
