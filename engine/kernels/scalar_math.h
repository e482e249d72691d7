/* engine/kernels/scalar_math.h - exp, log, sine and cosine whose bits do not depend on the machine.
 *
 * libm's differ between versions and processors; a log-probability must not. Everything here is
 * written with IEEE operations and explicit fma() only. The vector kernels compute math_expf()
 * lane by lane with the same operations in the same order, hence the same bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SCALAR_MATH_H
#define ENGINE_KERNELS_SCALAR_MATH_H

/* e^x within 1 ulp, for x in [MATH_EXPF_MIN, MATH_EXPF_MAX]. Below (and for -infinity) exactly 0;
 * above, and that is far more than a softmax or a sigmoid needs, e^MATH_EXPF_MAX. NaN gives
 * e^MATH_EXPF_MIN. Source: the Cephes library's expf (Moshier), with fma. */
float math_expf(float x);
#define MATH_EXPF_MIN (-87.0f)
#define MATH_EXPF_MAX (88.0f)

/* Natural logarithm within 1 ulp of the float; -infinity for x <= 0 and NaN. */
float math_logf(float x);

/* The same in double, within 2 ulp; math_exp for |x| < 700, math_log for normal x > 0 (else
 * -infinity). */
double math_exp(double x);
/* ln x in double. */
double math_log(double x);

/* Sine and cosine of x, |x| < 2^30, absolute error below 1e-15 up to |x| = 1e6. */
void math_sincos(double x, double *sine, double *cosine);

#endif
