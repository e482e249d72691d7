/* engine/kernels/vec256.h - 16 floats, 16 ints or 64 bytes in two AVX2 registers. See vec512.h.
 *
 * With AVX-VNNI (__AVXVNNI__) bytes are multiplied by VPDPBUSD. Without, by VPMADDUBSW, which makes
 * 16-bit sums of two products. As many of these as are sure to fit are added in 16 bits before one
 * VPMADDWD makes 32-bit sums of them: a run of eight groups of 4-bit weights (15 * 127 * 2 * 8 =
 * 30480 < 2^15), four of 5 bits (31496), two of 6 (32004). Weights of 8 bits with their offset would
 * saturate. Where many rows share them they are widened to 16 bits and multiplied by VPMADDWD; else
 * they are made signed again, and the sign moved to the activation: 128 * 127 * 2 < 2^15.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_VEC256_H
#define ENGINE_KERNELS_VEC256_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Vectors of floats that a loop may accumulate in: two registers each, of 16. */
enum { ACCUMULATORS = 6 };

enum { PART_ROWS = 3, PART_PANELS = 1, ROW_PANELS = 2 };

enum { NO_TILES = 1 << 30 }; /* more than there can be */

/* Tiles from which weights of so many bits had better be unpacked once than once a tile; super: under a K quant's
 * scales, which cost as much as nibbles. */
INLINE int least_tiles(int bits, bool super)
{
#ifdef __AVXVNNI__
    (void)super;
    return bits == 8 ? NO_TILES : bits == 4 ? 8 : 3;
#else
    return bits == 4 && !super ? 6 : 2;
#endif
}

/* v op the 32 bytes at p, read where they are: a compiler likes to keep constants in registers, of which
 * there are none to spare. */
#define WITH_MEMORY(op, v, p) \
    __asm__(op " %1, %0, %0" : "+x"(v) : "m"(*(const __m256i *)(const void *)(p)))

INLINE int float_panels(int rows)
{
    return rows == 1 ? 4 : rows == 2 ? 2 : 1;
}

struct vf {
    __m256 a, b;
};
struct vi {
    __m256i a, b;
};
struct vb {
    __m256i a, b;
};

INLINE struct vf vf_set(float x)
{
    return (struct vf){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

INLINE struct vf vf_load(const float *p)
{
    return (struct vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

INLINE void vf_store(float *p, struct vf v)
{
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
}

INLINE struct vf vf_load_n(const float *p, int n, float fill)
{
    float all[16];
    if (n >= 16) return vf_load(p);
    for (int i = 0; i < 16; i++) {
        all[i] = i < n ? p[i] : fill;
    }
    return vf_load(all);
}

INLINE void vf_store_n(float *p, struct vf v, int n)
{
    float all[16];
    vf_store(all, v);
    memcpy(p, all, (size_t)(n < 16 ? n : 16) * sizeof(float));
}

INLINE struct vf vf_add(struct vf x, struct vf y)
{
    return (struct vf){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}

INLINE struct vf vf_sub(struct vf x, struct vf y)
{
    return (struct vf){_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}

INLINE struct vf vf_mul(struct vf x, struct vf y)
{
    return (struct vf){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}

INLINE struct vf vf_div(struct vf x, struct vf y)
{
    return (struct vf){_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)};
}

INLINE struct vf vf_fma(struct vf x, struct vf y, struct vf z)
{
    return (struct vf){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}

/* *p in every lane, read anew each time: a compiler would keep it in a register that is wanted for a sum. */
INLINE struct vf vf_again(const float *p)
{
    __m256 v;
    __asm__ volatile("vbroadcastss %1, %0" : "=x"(v) : "m"(*p));
    return (struct vf){v, v};
}

INLINE __m256 fma_half(__m256 x, const float *p, __m256 z)
{
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(z) : "x"(x), "m"(*(const __m256_u *)(const void *)p));
    return z;
}

/* x y + z, y read where it is. */
INLINE struct vf vf_fma_at(struct vf x, const float *p, struct vf z)
{
    return (struct vf){fma_half(x.a, p, z.a), fma_half(x.b, p + 8, z.b)};
}

INLINE struct vf vf_max(struct vf x, struct vf y)
{
    return (struct vf){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}

INLINE struct vf vf_min(struct vf x, struct vf y)
{
    return (struct vf){_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)};
}

INLINE struct vf vf_abs(struct vf x)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (struct vf){_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}

INLINE struct vf vf_negate(struct vf x)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (struct vf){_mm256_xor_ps(x.a, sign), _mm256_xor_ps(x.b, sign)};
}

INLINE struct vf vf_round(struct vf x)
{
    enum { MODE = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
    return (struct vf){_mm256_round_ps(x.a, MODE), _mm256_round_ps(x.b, MODE)};
}

INLINE struct vf vf_where_not_less(struct vf x, struct vf y, struct vf z)
{
    return (struct vf){_mm256_and_ps(x.a, _mm256_cmp_ps(y.a, z.a, _CMP_NLT_UQ)),
                       _mm256_and_ps(x.b, _mm256_cmp_ps(y.b, z.b, _CMP_NLT_UQ))};
}

/* All bits of lane i: bit i of `bits`. */
INLINE __m256 lanes_of(int bits)
{
    __m256i each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i set = _mm256_and_si256(_mm256_set1_epi32(bits), each);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, each));
}

INLINE struct vf vf_where(uint16_t bits, struct vf x, struct vf y)
{
    return (struct vf){_mm256_blendv_ps(y.a, x.a, lanes_of(bits)),
                       _mm256_blendv_ps(y.b, x.b, lanes_of(bits >> 8))};
}

INLINE uint32_t vf_equal(struct vf v, float x)
{
    __m256 all = _mm256_set1_ps(x);
    int low = _mm256_movemask_ps(_mm256_cmp_ps(v.a, all, _CMP_EQ_OQ));
    int high = _mm256_movemask_ps(_mm256_cmp_ps(v.b, all, _CMP_EQ_OQ));
    return (uint32_t)(low | high << 8);
}

INLINE __m256 pow2_half(__m256 n)
{
    __m256i i = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(i, 23));
}

INLINE struct vf vf_pow2(struct vf n)
{
    return (struct vf){pow2_half(n.a), pow2_half(n.b)};
}

INLINE float vf_sum(struct vf v)
{
    __m256 eight = _mm256_add_ps(v.a, v.b);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE float vf_largest(struct vf v)
{
    __m256 eight = _mm256_max_ps(v.a, v.b);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

INLINE struct vf vf_from_half(const void *p)
{
    const __m128i *h = p;
    return (struct vf){_mm256_cvtph_ps(_mm_loadu_si128(h)),
                       _mm256_cvtph_ps(_mm_loadu_si128(h + 1))};
}

INLINE void vf_to_half(void *p, struct vf v)
{
    __m128i *h = p;
    _mm_storeu_si128(h, _mm256_cvtps_ph(v.a, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128(h + 1, _mm256_cvtps_ph(v.b, _MM_FROUND_TO_NEAREST_INT));
}

INLINE __m256 bf16_half(__m128i h)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}

INLINE struct vf vf_from_bf16(const void *p)
{
    const __m128i *h = p;
    return (struct vf){bf16_half(_mm_loadu_si128(h)), bf16_half(_mm_loadu_si128(h + 1))};
}

INLINE struct vf vf_from_f8(const void *p)
{
    __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128(p));
    __m256i sign = _mm256_slli_epi16(_mm256_and_si256(b, _mm256_set1_epi16(0x80)), 8);
    __m256i rest = _mm256_slli_epi16(_mm256_and_si256(b, _mm256_set1_epi16(0x7f)), 7);
    __m256i half = _mm256_or_si256(sign, rest);
    return (struct vf){_mm256_cvtph_ps(_mm256_castsi256_si128(half)),
                       _mm256_cvtph_ps(_mm256_extracti128_si256(half, 1))};
}

INLINE struct vf vf_from_i8(const void *p)
{
    __m128i b = _mm_loadu_si128(p);
    return (struct vf){_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(b)),
                       _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(b, 8)))};
}

INLINE struct vf vf_from_u8(const void *p)
{
    __m128i b = _mm_loadu_si128(p);
    return (struct vf){_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(b)),
                       _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(b, 8)))};
}

INLINE __m256i vf_to_i8(struct vf x, struct vf y)
{
    __m256i low = _mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b));
    __m256i high = _mm256_packs_epi32(_mm256_cvtps_epi32(y.a), _mm256_cvtps_epi32(y.b));
    __m256i bytes = _mm256_packs_epi16(low, high); /* fours in the order 0 2 4 6 1 3 5 7 */
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

INLINE struct vi vi_zero(void)
{
    return (struct vi){_mm256_setzero_si256(), _mm256_setzero_si256()};
}

INLINE struct vi vi_pair(const void *p, const void *factors)
{
    int pair;
    memcpy(&pair, p, sizeof(pair));
    __m256i sum = _mm256_set1_epi32(pair);
    WITH_MEMORY("vpmaddwd", sum, factors);
    return (struct vi){sum, sum};
}

INLINE struct vf vi_to_float(struct vi v)
{
    return (struct vf){_mm256_cvtepi32_ps(v.a), _mm256_cvtepi32_ps(v.b)};
}

INLINE struct vb vb_load(const void *p)
{
    const __m256i *b = p;
    return (struct vb){_mm256_loadu_si256(b), _mm256_loadu_si256(b + 1)};
}

INLINE void vb_store(void *p, struct vb v)
{
    __m256i *b = p;
    _mm256_storeu_si256(b, v.a);
    _mm256_storeu_si256(b + 1, v.b);
}

INLINE struct vb vb_repeat(const void *p)
{
    int four;
    memcpy(&four, p, sizeof(four));
    return (struct vb){_mm256_set1_epi32(four), _mm256_set1_epi32(four)};
}

INLINE struct vb vb_low_nibbles(struct vb v)
{
    __m256i mask = _mm256_set1_epi8(15);
    return (struct vb){_mm256_and_si256(v.a, mask), _mm256_and_si256(v.b, mask)};
}

INLINE struct vb vb_high_nibbles(struct vb v)
{
    __m256i mask = _mm256_set1_epi8(15);
    return (struct vb){_mm256_and_si256(_mm256_srli_epi16(v.a, 4), mask),
                       _mm256_and_si256(_mm256_srli_epi16(v.b, 4), mask)};
}

INLINE struct vb vb_lookup(struct vb v, const uint8_t table[16])
{
    __m256i t = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
    return (struct vb){_mm256_shuffle_epi8(t, v.a), _mm256_shuffle_epi8(t, v.b)};
}

/* 16 in the bytes whose bit is set in the 32 bits at p */
INLINE __m256i fifth_half(const void *p)
{
    int bits;
    memcpy(&bits, p, sizeof(bits));
    __m256i which =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201u);
    __m256i spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), which), bit);
    return _mm256_and_si256(_mm256_cmpeq_epi8(spread, bit), _mm256_set1_epi8(16));
}

INLINE struct vb vb_fifth_bits(struct vb v, const void *p)
{
    return (struct vb){_mm256_or_si256(v.a, fifth_half(p)),
                       _mm256_or_si256(v.b, fifth_half((const char *)p + 4))};
}

INLINE __m256i pairs_half(__m256i low, __m256i high, int j)
{
    __m256i h = j < 2 ? _mm256_slli_epi16(high, 4 - 2 * j) : _mm256_srli_epi16(high, 2 * j - 4);
    return _mm256_or_si256(low, _mm256_and_si256(h, _mm256_set1_epi8(0x30)));
}

INLINE struct vb vb_high_pairs(struct vb v, struct vb high, int j)
{
    return (struct vb){pairs_half(v.a, high.a, j), pairs_half(v.b, high.b, j)};
}

INLINE struct vi vi_add(struct vi x, struct vi y)
{
    return (struct vi){_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)};
}

INLINE __m256i even_half(__m256i v)
{
    return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8);
}

INLINE struct vb vb_even(struct vb v)
{
    return (struct vb){even_half(v.a), even_half(v.b)};
}

INLINE struct vb vb_odd(struct vb v)
{
    return (struct vb){_mm256_srai_epi16(v.a, 8), _mm256_srai_epi16(v.b, 8)};
}

INLINE struct vb vb_signed(struct vb v)
{
    __m256i top = _mm256_set1_epi8(-128);
    return (struct vb){_mm256_xor_si256(v.a, top), _mm256_xor_si256(v.b, top)};
}

#ifdef __AVXVNNI__

enum { BITS_MATTER = 0 };

INLINE int dot_run(int bits)
{
    (void)bits;
    return 0;
}

INLINE struct vi vi_widen(struct vi run)
{
    return run;
}

INLINE struct vi vi_dot(struct vi acc, struct vb w, struct vb x, int bits)
{
    (void)bits;
    return (struct vi){_mm256_dpbusd_avx_epi32(acc.a, w.a, x.a),
                       _mm256_dpbusd_avx_epi32(acc.b, w.b, x.b)};
}

INLINE int eight_bit_offset(void)
{
    return 128;
}

#else

enum { BITS_MATTER = 1 };

INLINE int dot_run(int bits)
{
    return bits == 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 0;
}

/* The compiler must neither put off an addition nor reorder several: it would run out of registers. */
INLINE __m256i now(__m256i v)
{
    __asm__("" : "+x"(v));
    return v;
}

/* The sums of neighbours among 16 numbers. */
INLINE __m256i pair_sums(__m256i v)
{
    static const int16_t ones[16]
        __attribute__((aligned(32))) = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    WITH_MEMORY("vpmaddwd", v, ones);
    return v;
}

INLINE __m256i dot_half(__m256i acc, __m256i w, __m256i x, int bits)
{
    if (dot_run(bits) > 0) return now(_mm256_add_epi16(acc, _mm256_maddubs_epi16(w, x)));
    if (bits == 16) return now(_mm256_add_epi32(acc, _mm256_madd_epi16(w, x)));
    __m256i s = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(s), _mm256_sign_epi8(x, s));
    return now(_mm256_add_epi32(acc, pair_sums(pairs)));
}

INLINE struct vi vi_dot(struct vi acc, struct vb w, struct vb x, int bits)
{
    return (struct vi){dot_half(acc.a, w.a, x.a, bits), dot_half(acc.b, w.b, x.b, bits)};
}

INLINE struct vi vi_widen(struct vi run)
{
    return (struct vi){pair_sums(run.a), pair_sums(run.b)};
}

INLINE int eight_bit_offset(void)
{
    return 0;
}

#endif

#endif
