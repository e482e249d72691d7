/* engine/kernels/kernels.h - the arithmetic of the engine, one table of functions per instruction set.
 *
 * generic.c is the specification: plain loops in the order that every set obeys. An ISA file fills in only
 * what it improves. kernels_pick() chooses once, at start.
 *
 * The numerics (they define the bits; no set may differ in one):
 *
 * (N1) No contraction (-ffp-contract=off): fma() only where written. Division and sqrt are IEEE.
 * (N2) Activations are quantised per row in blocks of 32: amax = max |x|; d = amax / 127;
 *      q_i = round-to-nearest-even(x_i * (127 / amax)) (all 0 when amax is 0); xsum = sum q_i (exact int).
 * (N3) A product with quantised weights adds blocks in order of k. For each weight block (32 weights;
 *      16 for Q6_K, sharing the activation block's d): isum is the exact integer sum of
 *      (integer weight) * q, then y = fma(dw * dx, (float)isum, y). For types with a minimum (Q4_1, Q5_1: +m;
 *      Q4_K, Q5_K: m = -(dmin * min_j)), directly after: y = fma(m, dx * (float)xsum, y). y starts at 0.
 *      dw of K-quants is d * scale_j, which is exact in float32.
 * (N4) A product with float weights walks k in order: y = fma(w_k, x_k, y), y from 0; F16 and
 *      BF16 weights are widened exactly first.
 * (N5) Other sums of floats over an index i use 16 virtual lanes, lane i mod 16, each adding in order of i
 *      (fma(x, x, lane) for sums of squares), then the tree: lane l += lane l+8, then +4, +2, +1.
 * (N6) Attention of one query and one head: scores s_j = sum over d in order of fma(q_d, k_jd, s), q scaled beforehand.
 *      Keys are taken in splits of 256 positions from position 0. In a split: m = max s_j, p_j = exp(s_j - m),
 *      l = sum of p_j by (N5), o_d = fma(p_j, v_jd, o_d) in order of j from 0. Splits are merged in order:
 *      M' = max(M, m), a = exp(M - M'), b = exp(m - M'), L = fma(L, a, b * l), O = fma(O, a, b * o); the first
 *      split is taken as it is. Result O / L.
 * (N7) exp is our own polynomial (vector and scalar agree in every bit); sin, cos, pow for RoPE
 *      tables and log for probabilities are our own too (double inside), because libm's differ between machines.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
