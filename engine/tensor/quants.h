/* engine/tensor/quants.h - the tensor types of GGUF files and what each block means.
 *
 * One row a type: its name, block length, bytes, and how a block becomes floats. The layouts are
 * GGML's (ggml-common.h); the static_asserts tie our structs to them. All scales are IEEE half
 * floats.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TENSOR_QUANTS_H
#define ENGINE_TENSOR_QUANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Our own numbering; quant_from_ggml() translates the file's. */
enum quant {
    QUANT_F32,
    QUANT_F16,
    QUANT_BF16,
    QUANT_F8_E4M3, /* safetensors only, with block scales beside it */
    QUANT_Q8_0,
    QUANT_Q4_0,
    QUANT_Q4_1,
    QUANT_Q5_0,
    QUANT_Q5_1,
    QUANT_Q4_K,
    QUANT_Q5_K,
    QUANT_Q6_K,
    QUANT_Q2_K, /* from here on see quants_coded.h */
    QUANT_Q3_K,
    QUANT_IQ4_NL,
    QUANT_IQ4_XS,
    QUANT_IQ2_XXS,
    QUANT_IQ2_XS,
    QUANT_IQ2_S,
    QUANT_IQ3_XXS,
    QUANT_IQ3_S,
    QUANT_COUNT
};

struct quant_type {
    const char *name; /* "Q4_1" */
    int ggml;         /* number in a GGUF file, -1: none */
    int block;        /* weights a block */
    int bytes;        /* bytes a block */
    /* n weights (a multiple of block) from src, which need not be aligned. Exact: every result is
     * one correctly rounded float32 expression, the same on every machine. */
    void (*dequant)(float *dst, const void *src, int64_t n);
};

extern const struct quant_type quant_types[QUANT_COUNT];

/* Bytes of k weights, whole blocks of them. */
static inline size_t quant_bytes(enum quant type, int64_t k)
{
    const struct quant_type *q = &quant_types[type];
    return (size_t)(k / q->block) * (size_t)q->bytes;
}

/* -1 when the number names a type we do not read. */
int quant_from_ggml(uint32_t ggml_type);
/* The name GGML gives a number, for messages about types we do not read; NULL when unknown. */
const char *quant_ggml_name(uint32_t ggml_type);
enum { QUANT_LIST_BYTES = 256 };

/* The names of all types that GGUF files may have, with commas. */
void quant_list(char out[QUANT_LIST_BYTES]);
/* By name without regard to case ("q8_0"); -1 when unknown. */
int quant_from_name(struct span name);

/* Half floats (IEEE binary16), round to nearest even; NaN stays NaN. */
float f16_to_f32(uint16_t h);
/* To the nearest, ties to even. */
uint16_t f32_to_f16(float f);
static inline float bf16_to_f32(uint16_t h)
{
    union {
        uint32_t u;
        float f;
    } v = {.u = (uint32_t)h << 16};
    return v.f;
}
/* To the nearest, ties to even. */
uint16_t f32_to_bf16(float f);
/* OCP FP8 E4M3FN: no infinity, 0x7F and 0xFF are NaN. */
float f8_e4m3_to_f32(uint8_t b);

/* The GGML block layouts, little endian, no padding. d, m, dmin are half floats. */

/* w = d q */
struct q8_0 {
    uint16_t d;
    int8_t q[32];
};

/* w = d (q - 8); low nibbles are weights 0 to 15, high nibbles 16 to 31, here and below */
struct q4_0 {
    uint16_t d;
    uint8_t q[16];
};

/* w = d q + m */
struct q4_1 {
    uint16_t d, m;
    uint8_t q[16];
};

/* w = d (q - 16); bit i of h is the fifth bit of weight i */
struct q5_0 {
    uint16_t d;
    uint8_t h[4];
    uint8_t q[16];
};

/* w = d q + m */
struct q5_1 {
    uint16_t d, m;
    uint8_t h[4];
    uint8_t q[16];
};

/* 8 sub-blocks of 32: w = d scale q - dmin min */
struct q4_k {
    uint16_t d, dmin;
    uint8_t scales[12]; /* see quant_k_scale_min() */
    uint8_t q[128];
};

struct q5_k {
    uint16_t d, dmin;
    uint8_t scales[12];
    uint8_t h[32];
    uint8_t q[128];
};

/* 16 sub-blocks of 16: w = d scale (q - 32) */
struct q6_k {
    uint8_t ql[128];
    uint8_t qh[64];
    int8_t scales[16];
    uint16_t d;
};

/* Sub-block j's 6-bit scale and minimum of a Q4_K or Q5_K block (GGML's get_scale_min_k4 layout). */
void quant_k_scale_min(const uint8_t scales[12], int j, int *scale, int *min);

#endif
