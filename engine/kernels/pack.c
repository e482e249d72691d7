/* engine/kernels/pack.c - weights in a file's layout to panels (layout.h).
 *
 * A model is packed before it can serve, so this goes at the speed of memory: 32 weights of a row
 * become plain bytes, loops that a compiler turns into vectors, and lie in a panel four at a time,
 * as the words that they are there, four rows' beside each other. Nothing is asked for but SSE2, which every
 * x86-64 has: bits and bytes alone move.
 *
 * Sources: rows of bits gathered and spread by one multiplication, H. S. Warren, Hacker's Delight, 7-1.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/layout.h"

#include <assert.h>
#include <emmintrin.h>
#include <stddef.h>
#include <string.h>

#include "engine/tensor/quants_coded.h"

static void put_half(uint8_t *dst, int r, uint16_t half)
{
    memcpy(dst + 2 * r, &half, sizeof(half));
}

static void move_half(uint8_t *dst, int r, const uint8_t *half)
{
    memcpy(dst + 2 * r, half, sizeof(uint16_t));
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

/* ---- 32 weights of each of four rows into a panel ---- */

enum { ROWS = 4 }; /* that are placed at once: rows r to r + 3, r a multiple of 4 */

#define INLINE static inline __attribute__((always_inline))

INLINE __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bit 0 of each of the four bytes of w, the first one lowest. */
static uint32_t lowest_bits(uint32_t w)
{
    return (w & 0x01010101u) * 0x10204080u >> 28;
}

/* Four words of each of four rows: word g of row r + i goes to word r + i of line g of the block at q. */
INLINE void place_words(const __m128i row[ROWS], int r, uint8_t *q)
{
    __m128i a = _mm_unpacklo_epi32(row[0], row[1]), b = _mm_unpacklo_epi32(row[2], row[3]);
    __m128i c = _mm_unpackhi_epi32(row[0], row[1]), d = _mm_unpackhi_epi32(row[2], row[3]);
    const __m128i line[] = {_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b),
                            _mm_unpacklo_epi64(c, d), _mm_unpackhi_epi64(c, d)};
    for (int g = 0; g < 4; g++) {
        _mm_storeu_si128((__m128i *)(void *)(q + g * 64 + r * 4), line[g]);
    }
}

/* The low four bits of the first 16 weights, those of the others above them. */
INLINE __m128i low_nibbles(const uint8_t u[ACT_BLOCK])
{
    const __m128i mask = _mm_set1_epi8(15);
    __m128i low = _mm_and_si128(load(u), mask), high = _mm_and_si128(load(u + 16), mask);
    return _mm_or_si128(low, _mm_slli_epi16(high, 4));
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

/* Interleave 32 weights of 4, 6 or 8 bits of each of four rows, `ld` bytes apart, in the panel's block at q. */
INLINE void place_rows(int bits, const uint8_t *u, size_t ld, int r, uint8_t *q)
{
    __m128i row[ROWS];
    for (int half = 0; bits == 8 && half < 2; half++) {
        for (size_t i = 0; i < ROWS; i++) {
            row[i] = load(u + i * ld + 16 * half);
        }
        place_words(row, r, q + half * 256);
    }
    if (bits == 8) return;
    for (size_t i = 0; i < ROWS; i++) {
        row[i] = low_nibbles(u + i * ld);
    }
    place_words(row, r, q);
    for (size_t i = 0; bits == 6 && i < ROWS; i++) {
        put_word(q + 256 + (r + (int)i) * 4, upper_pairs(u + i * ld));
        put_word(q + 320 + (r + (int)i) * 4, upper_pairs(u + i * ld + 16));
    }
}

/* The fifths of 5-bit weights, whose low bits place_rows() places as of 4 bits: bit k of h belongs to
 * weight k. */
INLINE void place_fifths(uint32_t h, int r, uint8_t *q)
{
    for (int g = 0; g < 8; g++) {
        q[256 + g * 8 + r / 2] |= (uint8_t)((h >> (4 * g) & 15) << (r % 2 * 4));
    }
}

/* ---- 32 weights out of a file ---- */

INLINE void unpack_nibbles(uint8_t u[ACT_BLOCK], const uint8_t q[16])
{
    for (int i = 0; i < 16; i++) {
        u[i] = q[i] & 15;
        u[i + 16] = q[i] >> 4;
    }
}

/* Sub-block j of 32 weights of a Q4_K or Q5_K block. */
INLINE void unpack_k(uint8_t u[ACT_BLOCK], const uint8_t q[128], int j)
{
    for (int i = 0; i < 32; i++) {
        u[i] = q[j / 2 * 32 + i] >> (j % 2 * 4) & 15;
    }
}

/* Bit j of each of the 32 bytes of h. */
INLINE uint32_t fifths_k(const uint8_t h[32], int j)
{
    uint32_t bits = 0;
    for (int g = 0; g < 8; g++) {
        bits |= lowest_bits(word_at(h + 4 * g) >> j) << (4 * g);
    }
    return bits;
}

INLINE void unpack_q6_k(uint8_t u[ACT_BLOCK], const struct q6_k *b, int j)
{
    const uint8_t *low = b->ql + j / 4 * 64 + j % 2 * 32, *high = b->qh + j / 4 * 32;
    int nibble = j % 4 / 2 * 4, pair = 2 * (j % 4);
    for (int i = 0; i < 32; i++) {
        u[i] = (uint8_t)((low[i] >> nibble & 15) | (high[i] >> pair & 3) << 4);
    }
}

/* ---- Blocks of 32: one scale, with a minimum behind it in Q4_1 and Q5_1 ---- */

/* The weights of the block at src into u, straight from there: of a copy, vectors would be read across what was
 * written last. What else it has, as row r's, to the panel's block at q and its scales. */
typedef void take_block(const uint8_t *src, int r, uint8_t u[ACT_BLOCK], uint8_t *q,
                        uint8_t *scales);

INLINE void take_q4_0(const uint8_t *src, int r, uint8_t u[ACT_BLOCK], uint8_t *q, uint8_t *scales)
{
    (void)q;
    unpack_nibbles(u, src + offsetof(struct q4_0, q));
    move_half(scales, r, src + offsetof(struct q4_0, d));
}

INLINE void take_q4_1(const uint8_t *src, int r, uint8_t u[ACT_BLOCK], uint8_t *q, uint8_t *scales)
{
    (void)q;
    unpack_nibbles(u, src + offsetof(struct q4_1, q));
    move_half(scales, r, src + offsetof(struct q4_1, d));
    move_half(scales + 32, r, src + offsetof(struct q4_1, m));
}

INLINE void take_q5_0(const uint8_t *src, int r, uint8_t u[ACT_BLOCK], uint8_t *q, uint8_t *scales)
{
    unpack_nibbles(u, src + offsetof(struct q5_0, q));
    place_fifths(word_at(src + offsetof(struct q5_0, h)), r, q);
    move_half(scales, r, src + offsetof(struct q5_0, d));
}

INLINE void take_q5_1(const uint8_t *src, int r, uint8_t u[ACT_BLOCK], uint8_t *q, uint8_t *scales)
{
    unpack_nibbles(u, src + offsetof(struct q5_1, q));
    place_fifths(word_at(src + offsetof(struct q5_1, h)), r, q);
    move_half(scales, r, src + offsetof(struct q5_1, d));
    move_half(scales + 32, r, src + offsetof(struct q5_1, m));
}

INLINE void take_q8_0(const uint8_t *src, int r, uint8_t u[ACT_BLOCK], uint8_t *q, uint8_t *scales)
{
    const uint8_t *from = src + offsetof(struct q8_0, q);
    (void)q;
    for (int i = 0; i < ACT_BLOCK; i++) {
        u[i] = from[i] ^ 128; /* + 128 */
    }
    move_half(scales, r, src + offsetof(struct q8_0, d));
}

/* ---- Blocks of 256: eight of 32 with scales of their own, under a head ---- */

/* The same of a block of 256: its panel has eight blocks at q, `block` bytes apart, whose scales lie at scales,
 * `stride` apart. */
struct super_place {
    uint8_t *q, *head, *scales;
    size_t block, stride;
};
typedef void take_super(const uint8_t *src, int r, uint8_t u[K_SUPER],
                        const struct super_place *to);

/* The head and the scales of a Q4_K or Q5_K block: halves d and dmin, and twelve bytes that hold the rest. */
static void put_k_scales(uint16_t d, uint16_t dmin, const uint8_t packed[12], int r,
                         const struct super_place *to)
{
    put_half(to->head, r, d);
    put_half(to->head + 32, r, dmin);
    for (int j = 0; j < 8; j++) {
        uint8_t *at = to->scales + (size_t)j * to->stride;
        int scale, min;
        quant_k_scale_min(packed, j, &scale, &min);
        at[r] = (uint8_t)scale;
        at[16 + r] = (uint8_t)min;
    }
}

INLINE void take_q4_k(const uint8_t *src, int r, uint8_t u[K_SUPER], const struct super_place *to)
{
    struct q4_k b;
    memcpy(&b, src, sizeof(b));
    put_k_scales(b.d, b.dmin, b.scales, r, to);
    for (int j = 0; j < 8; j++) {
        unpack_k(u + ACT_BLOCK * j, b.q, j);
    }
}

INLINE void take_q5_k(const uint8_t *src, int r, uint8_t u[K_SUPER], const struct super_place *to)
{
    struct q5_k b;
    memcpy(&b, src, sizeof(b));
    put_k_scales(b.d, b.dmin, b.scales, r, to);
    for (int j = 0; j < 8; j++) {
        unpack_k(u + ACT_BLOCK * j, b.q, j);
        place_fifths(fifths_k(b.h, j), r, to->q + (size_t)j * to->block);
    }
}

INLINE void take_q6_k(const uint8_t *src, int r, uint8_t u[K_SUPER], const struct super_place *to)
{
    struct q6_k b;
    memcpy(&b, src, sizeof(b));
    put_half(to->head, r, b.d);
    for (int j = 0; j < 8; j++) {
        uint8_t *at = to->scales + (size_t)j * to->stride;
        unpack_q6_k(u + ACT_BLOCK * j, &b, j);
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

/* Rows r.. of a panel of a coded type, block by block of the file. */
static void pack_coded_rows(const struct panels *p, const uint8_t *const rows[ROWS], int r,
                            uint8_t *dst)
{
    int parts = quant_types[p->type].block / ACT_BLOCK;
    size_t bytes = (size_t)quant_types[p->type].bytes, at = 0;
    uint8_t u[ROWS][K_SUPER] = {{0}};
    for (int block = 0; block < p->k / ACT_BLOCK; block += parts, at += bytes) {
        for (int i = 0; i < ROWS; i++) {
            struct coded_block b;
            if (rows[i] == NULL) continue;
            coded_unpack(p->type, rows[i] + at, &b);
            for (int j = 0; j < parts; j++) {
                size_t head = 0, scales = panels_scales_at(p, block + j, &head);
                put_coded_scales(p, &b, j, r + i, rows[i] + at, dst + scales, dst + head);
                memcpy(u[i] + ACT_BLOCK * j, b.code + ACT_BLOCK * j, ACT_BLOCK);
            }
        }
        for (int j = 0; j < parts; j++) {
            size_t q = (size_t)(block + j) * (size_t)panel_types[p->type].block_bytes;
            place_rows(panel_types[p->type].bits, u[0] + ACT_BLOCK * j, K_SUPER, r, dst + q);
        }
    }
}

/* ---- Panels ---- */

/* A further type is a function that names what is known of it when this is compiled. */
typedef void pack_panel(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst);

/* A row that is not there has weights and scales 0. bits are those that place_rows() places. */
INLINE void pack_blocks(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst,
                        take_block *take, size_t bytes, int bits)
{
    uint8_t u[PANEL][ACT_BLOCK] = {{0}};
    for (int block = 0; block < p->k / ACT_BLOCK; block++) {
        size_t head = 0, at = (size_t)block * bytes;
        uint8_t *q = dst + (size_t)block * (size_t)panel_types[p->type].block_bytes;
        uint8_t *scales = dst + panels_scales_at(p, block, &head);
        for (int r = 0; r < PANEL; r++) {
            if (rows[r] != NULL) take(rows[r] + at, r, u[r], q, scales);
            if (r % ROWS == ROWS - 1) place_rows(bits, u[r - 3], ACT_BLOCK, r - 3, q);
        }
    }
}

INLINE void pack_supers(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst,
                        take_super *take, size_t bytes, int bits)
{
    const struct panel_type *t = &panel_types[p->type];
    struct super_place to = {.block = (size_t)t->block_bytes, .stride = (size_t)t->scale_bytes};
    uint8_t u[PANEL][K_SUPER] = {{0}};
    for (int super = 0; super < p->k / K_SUPER; super++) {
        size_t head = 0, scales = panels_scales_at(p, super * (K_SUPER / ACT_BLOCK), &head);
        to.q = dst + (size_t)super * (K_SUPER / ACT_BLOCK) * to.block;
        to.head = dst + head;
        to.scales = dst + scales;
        for (int r = 0; r < PANEL; r++) {
            if (rows[r] != NULL) take(rows[r] + (size_t)super * bytes, r, u[r], &to);
            for (int j = 0; r % ROWS == ROWS - 1 && j < K_SUPER / ACT_BLOCK; j++) {
                uint8_t *q = to.q + (size_t)j * to.block;
                place_rows(bits, u[r - 3] + ACT_BLOCK * j, K_SUPER, r - 3, q);
            }
        }
    }
}

static void pack_q4_0(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_blocks(p, rows, dst, take_q4_0, sizeof(struct q4_0), 4);
}

static void pack_q4_1(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_blocks(p, rows, dst, take_q4_1, sizeof(struct q4_1), 4);
}

static void pack_q5_0(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_blocks(p, rows, dst, take_q5_0, sizeof(struct q5_0), 4);
}

static void pack_q5_1(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_blocks(p, rows, dst, take_q5_1, sizeof(struct q5_1), 4);
}

static void pack_q8_0(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_blocks(p, rows, dst, take_q8_0, sizeof(struct q8_0), 8);
}

static void pack_q4_k(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_supers(p, rows, dst, take_q4_k, sizeof(struct q4_k), 4);
}

static void pack_q5_k(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_supers(p, rows, dst, take_q5_k, sizeof(struct q5_k), 4);
}

static void pack_q6_k(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    pack_supers(p, rows, dst, take_q6_k, sizeof(struct q6_k), 6);
}

/* Numbers of `size` bytes, row by row in strips that stay in the caches. */
INLINE void pack_numbers(size_t size, size_t k, const uint8_t *const rows[PANEL], uint8_t *dst)
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

static pack_panel *const of_types[QUANT_COUNT] = {
    [QUANT_Q4_0] = pack_q4_0, [QUANT_Q4_1] = pack_q4_1, [QUANT_Q5_0] = pack_q5_0,
    [QUANT_Q5_1] = pack_q5_1, [QUANT_Q8_0] = pack_q8_0, [QUANT_Q4_K] = pack_q4_k,
    [QUANT_Q5_K] = pack_q5_k, [QUANT_Q6_K] = pack_q6_k};

void panels_pack(const struct panels *p, const uint8_t *const rows[PANEL],
                 const float *const f8[PANEL], uint8_t *dst)
{
    memset(dst, 0, p->panel_bytes);
    if (coded_values(p->type) != NULL) {
        for (int r = 0; r < PANEL; r += ROWS) {
            pack_coded_rows(p, rows + r, r, dst);
        }
    } else if (of_types[p->type] != NULL) {
        of_types[p->type](p, rows, dst);
    } else {
        pack_floats(p, rows, dst);
        if (p->type == QUANT_F8_E4M3) pack_f8_scales(p, f8, dst);
    }
}
