/* engine/kernels/pack.c - weights in a file's layout to panels (layout.h).
 *
 * A model is packed before it can serve, so this goes at the speed of memory: 32 weights of a row
 * become plain bytes, loops that a compiler turns into vectors, and lie in a panel four at a time,
 * as the words that they are there. No instruction set is asked for: bits and bytes alone move.
 *
 * Sources: rows of bits gathered and spread by one multiplication, H. S. Warren, Hacker's Delight, 7-1.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/layout.h"

#include <assert.h>
#include <string.h>

#include "engine/tensor/quants_coded.h"

static void put_half(uint8_t *dst, int r, uint16_t half)
{
    memcpy(dst + 2 * r, &half, sizeof(half));
}

static uint32_t word_at(const uint8_t *bytes)
{
    uint32_t w;
    memcpy(&w, bytes, sizeof(w));
    return w;
}

static void put_word(uint8_t *dst, uint32_t w)
{
    memcpy(dst, &w, sizeof(w));
}

/* ---- 32 weights into a panel ---- */

/* Bit 0 of each of the four bytes of w, the first one lowest. */
static uint32_t lowest_bits(uint32_t w)
{
    return (w & 0x01010101u) * 0x10204080u >> 28;
}

/* Bits 4 and 5 of four groups of four weights, group by group upwards. */
static uint32_t upper_pairs(const uint8_t *u)
{
    uint32_t pairs = 0;
    for (int j = 0; j < 4; j++) {
        pairs |= (word_at(u + 4 * j) >> 4 & 0x03030303u) << (2 * j);
    }
    return pairs;
}

/* Interleave the 32 weights of 4, 6 or 8 bits of row r into the panel's block at q. */
static inline void place_row(int bits, const uint8_t u[ACT_BLOCK], int r, uint8_t *q)
{
    if (bits == 8) {
        for (int g = 0; g < 8; g++) {
            memcpy(q + g * 64 + r * 4, u + 4 * g, 4);
        }
        return;
    }
    for (int g = 0; g < 4; g++) {
        uint32_t low = word_at(u + 4 * g) & 0x0F0F0F0Fu;
        uint32_t high = word_at(u + 16 + 4 * g) & 0x0F0F0F0Fu;
        put_word(q + g * 64 + r * 4, low | high << 4);
    }
    for (int h = 0; bits == 6 && h < 2; h++) {
        put_word(q + 256 + h * 64 + r * 4, upper_pairs(u + 16 * h));
    }
}

/* The fifths of 5-bit weights, whose low bits place_row() has placed as of 4 bits: bit k of h belongs to
 * weight k. */
static inline void place_fifths(uint32_t h, int r, uint8_t *q)
{
    for (int g = 0; g < 8; g++) {
        q[256 + g * 8 + r / 2] |= (uint8_t)((h >> (4 * g) & 15) << (r % 2 * 4));
    }
}

/* ---- 32 weights out of a file ---- */

static inline void unpack_nibbles(uint8_t u[ACT_BLOCK], const uint8_t q[16])
{
    for (int i = 0; i < 16; i++) {
        u[i] = q[i] & 15;
        u[i + 16] = q[i] >> 4;
    }
}

/* Sub-block j of 32 weights of a Q4_K or Q5_K block. */
static inline void unpack_k(uint8_t u[ACT_BLOCK], const uint8_t q[128], int j)
{
    for (int i = 0; i < 32; i++) {
        u[i] = q[j / 2 * 32 + i] >> (j % 2 * 4) & 15;
    }
}

/* Bit j of each of the 32 bytes of h. */
static inline uint32_t fifths_k(const uint8_t h[32], int j)
{
    uint32_t bits = 0;
    for (int g = 0; g < 8; g++) {
        bits |= lowest_bits(word_at(h + 4 * g) >> j) << (4 * g);
    }
    return bits;
}

static inline void unpack_q6_k(uint8_t u[ACT_BLOCK], const struct q6_k *b, int j)
{
    const uint8_t *low = b->ql + j / 4 * 64 + j % 2 * 32, *high = b->qh + j / 4 * 32;
    int nibble = j % 4 / 2 * 4, pair = 2 * (j % 4);
    for (int i = 0; i < 32; i++) {
        u[i] = (uint8_t)((low[i] >> nibble & 15) | (high[i] >> pair & 3) << 4);
    }
}

/* ---- Blocks of 32: one scale, with a minimum behind it in Q4_1 and Q5_1 ---- */

/* Pack the block at src as row r of the block at q. */
typedef void pack_block(const uint8_t *src, int r, uint8_t *q, uint8_t *scales);

static void pack_q4_0(const uint8_t *src, int r, uint8_t *q, uint8_t *scales)
{
    struct q4_0 b;
    uint8_t u[ACT_BLOCK];
    memcpy(&b, src, sizeof(b));
    unpack_nibbles(u, b.q);
    place_row(4, u, r, q);
    put_half(scales, r, b.d);
}

static void pack_q4_1(const uint8_t *src, int r, uint8_t *q, uint8_t *scales)
{
    struct q4_1 b;
    uint8_t u[ACT_BLOCK];
    memcpy(&b, src, sizeof(b));
    unpack_nibbles(u, b.q);
    place_row(4, u, r, q);
    put_half(scales, r, b.d);
    put_half(scales + 32, r, b.m);
}

static void pack_q5_0(const uint8_t *src, int r, uint8_t *q, uint8_t *scales)
{
    struct q5_0 b;
    uint8_t u[ACT_BLOCK];
    memcpy(&b, src, sizeof(b));
    unpack_nibbles(u, b.q);
    place_row(4, u, r, q);
    place_fifths(word_at(b.h), r, q);
    put_half(scales, r, b.d);
}

static void pack_q5_1(const uint8_t *src, int r, uint8_t *q, uint8_t *scales)
{
    struct q5_1 b;
    uint8_t u[ACT_BLOCK];
    memcpy(&b, src, sizeof(b));
    unpack_nibbles(u, b.q);
    place_row(4, u, r, q);
    place_fifths(word_at(b.h), r, q);
    put_half(scales, r, b.d);
    put_half(scales + 32, r, b.m);
}

static void pack_q8_0(const uint8_t *src, int r, uint8_t *q, uint8_t *scales)
{
    struct q8_0 b;
    uint8_t u[ACT_BLOCK];
    memcpy(&b, src, sizeof(b));
    for (int i = 0; i < ACT_BLOCK; i++) {
        u[i] = (uint8_t)(b.q[i] + 128);
    }
    place_row(8, u, r, q);
    put_half(scales, r, b.d);
}

/* ---- Blocks of 256: eight of 32 with scales of their own, under a head ---- */

/* Pack the block at src as row r of the eight blocks at q, whose scales lie at scales, `stride` apart. */
typedef void pack_super(const uint8_t *src, int r, uint8_t *q, uint8_t *head, uint8_t *scales,
                        size_t stride);

/* The head and the scales of a Q4_K or Q5_K block: halves d and dmin, and twelve bytes that hold the rest. */
static void put_k_scales(uint16_t d, uint16_t dmin, const uint8_t packed[12], int r, uint8_t *head,
                         uint8_t *scales, size_t stride)
{
    put_half(head, r, d);
    put_half(head + 32, r, dmin);
    for (int j = 0; j < 8; j++) {
        uint8_t *at = scales + (size_t)j * stride;
        int scale, min;
        quant_k_scale_min(packed, j, &scale, &min);
        at[r] = (uint8_t)scale;
        at[16 + r] = (uint8_t)min;
    }
}

static void pack_q4_k(const uint8_t *src, int r, uint8_t *q, uint8_t *head, uint8_t *scales,
                      size_t stride)
{
    struct q4_k b;
    memcpy(&b, src, sizeof(b));
    put_k_scales(b.d, b.dmin, b.scales, r, head, scales, stride);
    for (int j = 0; j < 8; j++) {
        uint8_t u[ACT_BLOCK];
        unpack_k(u, b.q, j);
        place_row(4, u, r, q + j * 256);
    }
}

static void pack_q5_k(const uint8_t *src, int r, uint8_t *q, uint8_t *head, uint8_t *scales,
                      size_t stride)
{
    struct q5_k b;
    memcpy(&b, src, sizeof(b));
    put_k_scales(b.d, b.dmin, b.scales, r, head, scales, stride);
    for (int j = 0; j < 8; j++) {
        uint8_t u[ACT_BLOCK];
        unpack_k(u, b.q, j);
        place_row(4, u, r, q + j * 320);
        place_fifths(fifths_k(b.h, j), r, q + j * 320);
    }
}

static void pack_q6_k(const uint8_t *src, int r, uint8_t *q, uint8_t *head, uint8_t *scales,
                      size_t stride)
{
    struct q6_k b;
    memcpy(&b, src, sizeof(b));
    put_half(head, r, b.d);
    for (int j = 0; j < 8; j++) {
        uint8_t u[ACT_BLOCK], *at = scales + (size_t)j * stride;
        unpack_q6_k(u, &b, j);
        place_row(6, u, r, q + j * 384);
        at[r] = (uint8_t)b.scales[2 * j];
        at[16 + r] = (uint8_t)b.scales[2 * j + 1];
    }
}

/* ---- Coded blocks ---- */

/* The scales of sub-block j of a block taken apart. */
static void put_coded_scales(const struct panels *p, const struct coded_block *b, int j, int r,
                             const uint8_t *file, uint8_t *scales, uint8_t *head)
{
    if (p->type == QUANT_IQ4_NL) {
        memcpy(scales + 2 * r, file, 2);
        return;
    }
    for (int half = 0; half < 2; half++) {
        scales[16 * half + r] = (uint8_t)b->scale[2 * j + half];
        if (p->type == QUANT_Q2_K) scales[32 + 16 * half + r] = b->min[2 * j + half];
    }
    if (p->type == QUANT_Q2_K) {
        memcpy(head + 2 * r, file + 80, 2);
        memcpy(head + 32 + 2 * r, file + 82, 2);
    } else {
        memcpy(head + 4 * r, &b->d, sizeof(b->d));
    }
}

/* Row r of a panel of a coded type, block by block of the file. */
static void pack_coded_row(const struct panels *p, const uint8_t *src, int r, uint8_t *dst)
{
    int parts = quant_types[p->type].block / ACT_BLOCK;
    for (int block = 0; block < p->k / ACT_BLOCK; block += parts) {
        struct coded_block b;
        coded_unpack(p->type, src, &b);
        for (int j = 0; j < parts; j++) {
            size_t head = 0, scales = panels_scales_at(p, block + j, &head);
            size_t q = (size_t)(block + j) * (size_t)panel_types[p->type].block_bytes;
            put_coded_scales(p, &b, j, r, src, dst + scales, dst + head);
            place_row(panel_types[p->type].bits, b.code + ACT_BLOCK * j, r, dst + q);
        }
        src += quant_types[p->type].bytes;
    }
}

/* ---- Panels ---- */

static pack_block *const of_blocks[QUANT_COUNT] = {[QUANT_Q4_0] = pack_q4_0,
                                                   [QUANT_Q4_1] = pack_q4_1,
                                                   [QUANT_Q5_0] = pack_q5_0,
                                                   [QUANT_Q5_1] = pack_q5_1,
                                                   [QUANT_Q8_0] = pack_q8_0};
static pack_super *const of_supers[QUANT_COUNT] = {
    [QUANT_Q4_K] = pack_q4_k, [QUANT_Q5_K] = pack_q5_k, [QUANT_Q6_K] = pack_q6_k};

static void pack_blocks(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_block *pack = of_blocks[p->type];
    size_t bytes = (size_t)quant_types[p->type].bytes, head = 0;
    for (int block = 0; block < p->k / ACT_BLOCK; block++) {
        uint8_t *q = dst + (size_t)block * (size_t)panel_types[p->type].block_bytes;
        uint8_t *scales = dst + panels_scales_at(p, block, &head);
        for (int r = 0; r < PANEL; r++) { /* a row that is not there has scale 0 */
            if (rows[r] != NULL) pack(rows[r] + (size_t)block * bytes, r, q, scales);
        }
    }
}

static void pack_supers(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_super *pack = of_supers[p->type];
    const struct panel_type *t = &panel_types[p->type];
    size_t bytes = (size_t)quant_types[p->type].bytes;
    for (int super = 0; super < p->k / K_SUPER; super++) {
        size_t head = 0, scales = panels_scales_at(p, super * (K_SUPER / ACT_BLOCK), &head);
        uint8_t *q = dst + (size_t)super * (K_SUPER / ACT_BLOCK) * (size_t)t->block_bytes;
        for (int r = 0; r < PANEL; r++) {
            if (rows[r] == NULL) continue;
            pack(rows[r] + (size_t)super * bytes, r, q, dst + head, dst + scales,
                 (size_t)t->scale_bytes);
        }
    }
}

/* Numbers of `size` bytes, row by row in strips that stay in the caches. */
static inline void pack_numbers(size_t size, size_t k, const uint8_t *const rows[PANEL],
                                uint8_t *dst)
{
    enum { STRIP = 64 };
    for (size_t begin = 0; begin < k; begin += STRIP) {
        size_t end = begin + STRIP < k ? begin + STRIP : k;
        for (size_t r = 0; r < PANEL; r++) {
            for (size_t i = begin; rows[r] != NULL && i < end; i++) {
                memcpy(dst + (i * PANEL + r) * size, rows[r] + i * size, size);
            }
        }
    }
}

static void pack_floats(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    size_t k = (size_t)p->k;
    switch (quant_types[p->type].bytes) { /* a size that the compiler knows */
    case 1:
        pack_numbers(1, k, rows, dst);
        break;
    case 2:
        pack_numbers(2, k, rows, dst);
        break;
    default:
        assert(quant_types[p->type].bytes == 4);
        pack_numbers(4, k, rows, dst);
    }
}

static void pack_f8_scales(const struct panels *p, const float *const f8[PANEL], uint8_t *dst)
{
    size_t n = ((size_t)p->k + F8_BLOCK - 1) / F8_BLOCK;
    for (size_t i = 0; i < n * PANEL; i++) {
        if (f8[i % PANEL] == NULL) continue;
        memcpy(dst + p->scales + i * sizeof(float), &f8[i % PANEL][i / PANEL], sizeof(float));
    }
}

void panels_pack(const struct panels *p, const uint8_t *const rows[PANEL],
                 const float *const f8[PANEL], uint8_t *dst)
{
    memset(dst, 0, p->panel_bytes);
    if (coded_values(p->type) != NULL) {
        for (int r = 0; r < PANEL; r++) {
            if (rows[r] != NULL) pack_coded_row(p, rows[r], r, dst);
        }
    } else if (!panel_types[p->type].quantised) {
        pack_floats(p, rows, dst);
        if (p->type == QUANT_F8_E4M3) pack_f8_scales(p, f8, dst);
    } else if (panel_types[p->type].super) {
        pack_supers(p, rows, dst);
    } else {
        pack_blocks(p, rows, dst);
    }
}
