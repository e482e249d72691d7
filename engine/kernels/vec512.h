/* engine/kernels/vec512.h - 16 floats, 16 ints or 64 bytes in one AVX-512 register.
 *
 * With vec256.h the vocabulary in which simd.h is written. Names: vf_ floats, vi_ 32-bit ints,
 * vb_ bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_VEC512_H
#define ENGINE_KERNELS_VEC512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Vectors of floats that a loop may accumulate in: of 32 registers some are needed for operands. */
enum { ACCUMULATORS = 24 };

/* Shapes of the products' micro-kernels, in rows and panels. */
enum { PART_ROWS = 6, PART_PANELS = 2, ROW_PANELS = 4 };

enum { NO_TILES = 1 << 30 }; /* more than there can be */

/* Tiles from which weights of so many bits had better be unpacked once than once a tile; super: of a K quant. */
INLINE int least_tiles(int bits, bool super)
{
    (void)super;
    return bits == 8 ? NO_TILES : 8;
}

INLINE int float_panels(int rows)
{
    (void)rows;
    return 4;
}

struct vf {
    __m512 v;
};
struct vi {
    __m512i v;
};
struct vb {
    __m512i v;
};

INLINE struct vf vf_of(__m512 v)
{
    return (struct vf){v};
}

INLINE struct vf vf_set(float x)
{
    return vf_of(_mm512_set1_ps(x));
}

INLINE struct vf vf_load(const float *p)
{
    return vf_of(_mm512_loadu_ps(p));
}

INLINE void vf_store(float *p, struct vf a)
{
    _mm512_storeu_ps(p, a.v);
}

INLINE __mmask16 first_lanes(int n)
{
    return (__mmask16)(n >= 16 ? 0xffffu : (1u << n) - 1u);
}

/* The first n lanes (at most 16) from p, the others fill. */
INLINE struct vf vf_load_n(const float *p, int n, float fill)
{
    return vf_of(_mm512_mask_loadu_ps(_mm512_set1_ps(fill), first_lanes(n), p));
}

INLINE void vf_store_n(float *p, struct vf a, int n)
{
    _mm512_mask_storeu_ps(p, first_lanes(n), a.v);
}

INLINE struct vf vf_add(struct vf a, struct vf b)
{
    return vf_of(_mm512_add_ps(a.v, b.v));
}

INLINE struct vf vf_sub(struct vf a, struct vf b)
{
    return vf_of(_mm512_sub_ps(a.v, b.v));
}

INLINE struct vf vf_mul(struct vf a, struct vf b)
{
    return vf_of(_mm512_mul_ps(a.v, b.v));
}

INLINE struct vf vf_div(struct vf a, struct vf b)
{
    return vf_of(_mm512_div_ps(a.v, b.v));
}

/* a b + c */
INLINE struct vf vf_fma(struct vf a, struct vf b, struct vf c)
{
    return vf_of(_mm512_fmadd_ps(a.v, b.v, c.v));
}

/* *p in every lane; see vec256.h. */
INLINE struct vf vf_again(const float *p)
{
    return vf_set(*p);
}

/* a b + c, b at p */
INLINE struct vf vf_fma_at(struct vf a, const float *p, struct vf c)
{
    return vf_fma(a, vf_load(p), c);
}

/* a > b ? a : b, hence b when a is NaN */
INLINE struct vf vf_max(struct vf a, struct vf b)
{
    return vf_of(_mm512_max_ps(a.v, b.v));
}

INLINE struct vf vf_min(struct vf a, struct vf b)
{
    return vf_of(_mm512_min_ps(a.v, b.v));
}

INLINE struct vf vf_abs(struct vf a)
{
    return vf_of(_mm512_abs_ps(a.v));
}

INLINE struct vf vf_negate(struct vf a)
{
    return vf_of(_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f)));
}

/* to nearest, ties to even */
INLINE struct vf vf_round(struct vf a)
{
    return vf_of(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* a where b >= c, else 0 */
INLINE struct vf vf_where_not_less(struct vf a, struct vf b, struct vf c)
{
    return vf_of(_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(b.v, c.v, _CMP_NLT_UQ), a.v));
}

/* a in the lanes of bits, else b */
INLINE struct vf vf_where(uint16_t bits, struct vf a, struct vf b)
{
    return vf_of(_mm512_mask_blend_ps(bits, b.v, a.v));
}

/* bit i: lane i equals x */
INLINE uint32_t vf_equal(struct vf a, float x)
{
    return _mm512_cmp_ps_mask(a.v, _mm512_set1_ps(x), _CMP_EQ_OQ);
}

/* 2^n for integral n in [-126, 127] */
INLINE struct vf vf_pow2(struct vf n)
{
    __m512i i = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
    return vf_of(_mm512_castsi512_ps(_mm512_slli_epi32(i, 23)));
}

INLINE __m256 low_half(__m512 v)
{
    return _mm512_castps512_ps256(v);
}

INLINE __m256 high_half(__m512 v)
{
    return _mm512_extractf32x8_ps(v, 1);
}

/* The tree of (N5). */
INLINE float vf_sum(struct vf a)
{
    __m256 eight = _mm256_add_ps(low_half(a.v), high_half(a.v));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE float vf_largest(struct vf a)
{
    return _mm512_reduce_max_ps(a.v);
}

INLINE struct vf vf_from_half(const void *p)
{
    return vf_of(_mm512_cvtph_ps(_mm256_loadu_si256(p)));
}

INLINE void vf_to_half(void *p, struct vf a)
{
    _mm256_storeu_si256(p, _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

INLINE struct vf vf_from_bf16(const void *p)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p));
    return vf_of(_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
}

/* E4M3 times 2^-8: its bits moved into a half float, whose exponent is biased by 8 more. */
INLINE struct vf vf_from_f8(const void *p)
{
    __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128(p));
    __m256i sign = _mm256_slli_epi16(_mm256_and_si256(b, _mm256_set1_epi16(0x80)), 8);
    __m256i rest = _mm256_slli_epi16(_mm256_and_si256(b, _mm256_set1_epi16(0x7f)), 7);
    return vf_of(_mm512_cvtph_ps(_mm256_or_si256(sign, rest)));
}

INLINE struct vf vf_from_i8(const void *p)
{
    return vf_of(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(p))));
}

INLINE struct vf vf_from_u8(const void *p)
{
    return vf_of(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(p))));
}

/* 32 integral floats in [-128, 127] as bytes. */
INLINE __m256i vf_to_i8(struct vf a, struct vf b)
{
    return _mm256_set_m128i(_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(b.v)),
                            _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a.v)));
}

INLINE struct vi vi_zero(void)
{
    return (struct vi){_mm512_setzero_si512()};
}

/* a s0 + b s1 for the pair of int16 at p, in every lane; factors: s0 and s1 sixteen times, aligned */
INLINE struct vi vi_pair(const void *p, const void *factors)
{
    int pair;
    memcpy(&pair, p, sizeof(pair));
    return (struct vi){_mm512_madd_epi16(_mm512_set1_epi32(pair), _mm512_load_si512(factors))};
}

INLINE struct vf vi_to_float(struct vi a)
{
    return vf_of(_mm512_cvtepi32_ps(a.v));
}

INLINE struct vb vb_load(const void *p)
{
    return (struct vb){_mm512_loadu_si512(p)};
}

INLINE void vb_store(void *p, struct vb a)
{
    _mm512_storeu_si512(p, a.v);
}

/* The four bytes at p, sixteen times. */
INLINE struct vb vb_repeat(const void *p)
{
    int four;
    memcpy(&four, p, sizeof(four));
    return (struct vb){_mm512_set1_epi32(four)};
}

INLINE struct vb vb_low_nibbles(struct vb a)
{
    return (struct vb){_mm512_and_si512(a.v, _mm512_set1_epi8(15))};
}

INLINE struct vb vb_high_nibbles(struct vb a)
{
    return (struct vb){_mm512_and_si512(_mm512_srli_epi16(a.v, 4), _mm512_set1_epi8(15))};
}

/* table[a] of each byte, all below 16 */
INLINE struct vb vb_lookup(struct vb a, const uint8_t table[16])
{
    __m512i t = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)table));
    return (struct vb){_mm512_shuffle_epi8(t, a.v)};
}

/* a | 16 in the bytes whose bit is set in the 64 bits at p */
INLINE struct vb vb_fifth_bits(struct vb a, const void *p)
{
    uint64_t bits;
    memcpy(&bits, p, sizeof(bits));
    return (struct vb){_mm512_mask_add_epi8(a.v, bits, a.v, _mm512_set1_epi8(16))};
}

/* a | (bits 2j, 2j+1 of high) << 4 */
INLINE struct vb vb_high_pairs(struct vb a, struct vb high, int j)
{
    __m512i h = j == 0   ? _mm512_slli_epi16(high.v, 4)
                : j == 1 ? _mm512_slli_epi16(high.v, 2)
                : j == 2 ? high.v
                         : _mm512_srli_epi16(high.v, 2);
    return (struct vb){_mm512_or_si512(a.v, _mm512_and_si512(h, _mm512_set1_epi8(0x30)))};
}

INLINE struct vi vi_add(struct vi a, struct vi b)
{
    return (struct vi){_mm512_add_epi32(a.v, b.v)};
}

/* The bytes at even places of each 16 bits, and those at odd ones, as signed 16-bit numbers. */
INLINE struct vb vb_even(struct vb a)
{
    return (struct vb){_mm512_srai_epi16(_mm512_slli_epi16(a.v, 8), 8)};
}

INLINE struct vb vb_odd(struct vb a)
{
    return (struct vb){_mm512_srai_epi16(a.v, 8)};
}

/* Each byte minus 128, signed. */
INLINE struct vb vb_signed(struct vb a)
{
    return (struct vb){_mm512_xor_si512(a.v, _mm512_set1_epi8(-128))};
}

/* Whether vi_dot() differs with the bits of weights. */
enum { BITS_MATTER = 0 };

/* How many vi_dot() of weights of so many bits may follow each other before vi_widen() makes ints of
 * their sum, which begins at 0; 0: it is of ints always. */
INLINE int dot_run(int bits)
{
    (void)bits;
    return 0;
}

INLINE struct vi vi_widen(struct vi run)
{
    return run;
}

/* acc + the sums of four products of unsigned w (of `bits` bits, 8-bit ones offset by 128) and
 * signed x; where BITS_MATTER also of two products of 16 bits. How sums start is simd_i8.h's business. */
INLINE struct vi vi_dot(struct vi acc, struct vb w, struct vb x, int bits)
{
    (void)bits;
    return (struct vi){_mm512_dpbusd_epi32(acc.v, w.v, x.v)};
}

/* What an accumulator of 8-bit weights must start with, times the sum of x: they are stored + 128. */
INLINE int eight_bit_offset(void)
{
    return 128;
}

#endif
