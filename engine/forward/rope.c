/* engine/forward/rope.c - see rope.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/rope.h"

#include <math.h>

#include "engine/kernels/scalar_math.h"

static const double pi = 0x1.921fb54442d18p+1;

/* Llama 3: long waves are slowed by factor, short ones kept, those between blended. */
static double llama3_frequency(const struct model_config *c, double freq)
{
    double turns = c->rope.original_context * freq / (2 * pi); /* in the original context */
    if (turns > c->rope.high_freq) return freq;
    if (turns < c->rope.low_freq) return freq / c->rope.factor;
    double keep = (turns - c->rope.low_freq) / (c->rope.high_freq - c->rope.low_freq);
    return (1 - keep) * (freq / c->rope.factor) + keep * freq;
}

/* The (fractional) pair that makes `turns` turns in the original context. */
static double yarn_pair(const struct model_config *c, double turns)
{
    return c->rope.dim * math_log(c->rope.original_context / (turns * 2 * pi)) /
           (2 * math_log(c->rope.theta));
}

/* YaRN: pairs below `low` keep their frequency, those above `high` are interpolated, a ramp between. */
static double yarn_frequency(const struct model_config *c, double freq, int i)
{
    double fast = yarn_pair(c, c->rope.beta_fast), slow = yarn_pair(c, c->rope.beta_slow);
    bool whole = !c->rope.ramp_within_pairs;
    double low = fmax(whole ? floor(fast) : fast, 0);
    double high = fmin(whole ? ceil(slow) : slow, c->rope.dim - 1);
    double width = high > low ? high - low : 0.001;
    double ramp = fmin(fmax((i - low) / width, 0), 1);
    return freq / c->rope.factor * ramp + freq * (1 - ramp);
}

void rope_frequencies(const struct model_config *c, float *freq)
{
    for (int i = 0; i < c->rope.dim / 2; i++) {
        double f = math_exp(-2.0 * i / c->rope.dim * math_log(c->rope.theta));
        if (c->rope.freq_factors != NULL) f /= (double)c->rope.freq_factors[i];
        switch (c->rope.scaling) {
        case ROPE_PLAIN:
            break;
        case ROPE_LINEAR:
            f /= c->rope.factor;
            break;
        case ROPE_LLAMA3:
            f = llama3_frequency(c, f);
            break;
        case ROPE_YARN:
            f = yarn_frequency(c, f, i);
            break;
        }
        freq[i] = (float)f;
    }
}

void rope_angles(const struct model_config *c, const float *freq, int pos, float *cs)
{
    int half = c->rope.dim / 2;
    for (int i = 0; i < half; i++) {
        double sine, cosine;
        math_sincos((double)freq[i] * pos, &sine, &cosine);
        cs[i] = (float)(cosine * c->rope.attn_factor);
        cs[half + i] = (float)(sine * c->rope.attn_factor);
    }
}
