/* engine/sample/probs.h - sums, ranks and selections over one row of logits or probabilities.
 *
 * Every result is defined to the bit, whatever the vector width: sums take blocks of PROBS_BLOCK
 * numbers, each in 16 lanes and one tree (kernels.h, N5), and add the blocks in order in double.
 * Order is "better first": by value, equal values by lower id. Nothing sorts the vocabulary:
 * selections partition (Hoare's quickselect), after a bound from block maxima, or sums by size, have
 * left few candidates.
 *
 * Pure functions; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_PROBS_H
#define ENGINE_SAMPLE_PROBS_H

#include <stdbool.h>

enum { PROBS_BLOCK = 256 };

/* A candidate. */
struct prob_item {
    float value;
    int id;
};

/* The largest of x[0, n), n >= 1, in *max. False when it is not finite or something is NaN: then
 * no distribution exists. */
bool probs_max(const float *x, int n, float *max);

/* The first index of value v in x, or -1. */
int probs_first(const float *x, int n, float v);

/* Sum of p[0, n). */
double probs_sum(const float *p, int n);

/* The first i whose p[0] + ... + p[i] exceeds target, 0 <= target; the last i with p[i] > 0 where
 * rounding lets none. Sums as probs_sum() does; p >= 0 and not all 0. */
int probs_find(const float *p, int n, double target);

/* 1 + the number of entries better than entry id. */
int probs_rank(const float *x, int n, int id);

/* The min(k, n) best of x into items[0, k), best first; -infinity is never among them. Returns how
 * many. items has room for n. */
int probs_top(const float *x, int n, int k, struct prob_item *items);

/* Set to 0 all of p but the k best. items has room for n. */
void probs_keep_count(float *p, int n, int k, struct prob_item *items);

/* Set to 0 all of p but the smallest set of best ones whose sum reaches share (0 to 1) of the
 * whole; at least one stays. items has room for n. Source: nucleus sampling, arXiv 1904.09751. */
void probs_keep_share(float *p, int n, float share, struct prob_item *items);

/* Set to 0 what is less than floor. */
void probs_keep_least(float *p, int n, float floor);

#endif
