/* engine/kernels/scalar_math.c - see scalar_math.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/scalar_math.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

float math_expf(float x)
{
    if (x < MATH_EXPF_MIN) return 0.0f;
    x = x > MATH_EXPF_MIN ? x : MATH_EXPF_MIN; /* NaN too */
    x = x < MATH_EXPF_MAX ? x : MATH_EXPF_MAX;
    float n = rintf(x * 0x1.715476p+0f); /* x = n ln 2 + r */
    float r = fmaf(n, -0x1.62ep-1f, x);
    r = fmaf(n, -0x1.0bfbe8p-15f, r);
    float p = 1.9875691500e-4f;
    p = fmaf(p, r, 1.3981999507e-3f);
    p = fmaf(p, r, 8.3334519073e-3f);
    p = fmaf(p, r, 4.1665795894e-2f);
    p = fmaf(p, r, 1.6666665459e-1f);
    p = fmaf(p, r, 5.0000001201e-1f);
    p = fmaf(p, r * r, r) + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23; /* 2^n */
    float scale;
    memcpy(&scale, &bits, sizeof(scale));
    return p * scale;
}

static const double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;

double math_log(double x)
{
    if (!(x > 0)) return -HUGE_VAL;
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    int e = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof(m)); /* x = m 2^e, m in [1, 2) */
    if (m > 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        e++;
    }
    /* log m = 2 artanh f = 2 (f + f^3/3 + f^5/5 + ...), |f| < 0.172 */
    double f = (m - 1) / (m + 1), s = f * f, p = 1.0 / 23;
    for (int i = 21; i >= 3; i -= 2) {
        p = fma(p, s, 1.0 / i);
    }
    double tail = fma(2 * f * s, p, e * ln2_low);
    return fma(e, ln2_high, 2 * f + tail);
}

float math_logf(float x)
{
    return (float)math_log((double)x);
}

double math_exp(double x)
{
    double n = rint(x * 0x1.71547652b82fep+0);
    double r = fma(n, -ln2_high, x);
    r = fma(n, -ln2_low, r);
    double p = 1; /* sum of r^i / i! by Horner: 1 + r/1 (1 + r/2 (1 + ...)) */
    for (int i = 14; i >= 1; i--) {
        p = fma(p, r / i, 1);
    }
    uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof(scale));
    return p * scale;
}

void math_sincos(double x, double *sine, double *cosine)
{
    double n = rint(x * 0x1.45f306dc9c883p-1); /* x = n pi/2 + r, |r| <= pi/4 */
    double r = fma(n, -0x1.921fb54442d18p+0, x);
    r = fma(n, -0x1.1a62633145c07p-54, r);
    double z = r * r, s = 1, c = 1; /* Taylor series by Horner, as in math_exp */
    for (int i = 18; i >= 2; i -= 2) {
        s = fma(s, -z / (i * (i + 1)), 1);
        c = fma(c, -z / (i * (i - 1)), 1);
    }
    s *= r;
    int64_t quarter = (int64_t)n & 3;
    double a = quarter & 1 ? c : s, b = quarter & 1 ? s : c;
    *sine = quarter & 2 ? -a : a;
    *cosine = quarter == 1 || quarter == 2 ? -b : b;
}
