/* engine/sample/probs.c - see probs.h.
 *
 * The loops over lanes are written so that any compiler turns them into vector code without
 * changing a bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/probs.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16, TOP_BLOCK = 64, MAX_BLOCK = 64 };

bool probs_max(const float *x, int n, float *max)
{
    float largest[MAX_BLOCK];
    int nan[MAX_BLOCK] = {0}, i = 0;
    for (int l = 0; l < MAX_BLOCK; l++) {
        largest[l] = -INFINITY;
    }
    for (; i + MAX_BLOCK <= n; i += MAX_BLOCK) { /* two loops: each is vector code, one is not */
        for (int l = 0; l < MAX_BLOCK; l++) {
            largest[l] = x[i + l] > largest[l] ? x[i + l] : largest[l];
        }
        for (int l = 0; l < MAX_BLOCK; l++) {
            nan[l] |= -(x[i + l] != x[i + l]);
        }
    }
    for (; i < n; i++) {
        largest[0] = x[i] > largest[0] ? x[i] : largest[0];
        nan[0] |= x[i] != x[i];
    }
    float best = largest[0];
    int any_nan = nan[0];
    for (int l = 1; l < MAX_BLOCK; l++) {
        best = largest[l] > best ? largest[l] : best;
        any_nan |= nan[l];
    }
    *max = best;
    return !any_nan && isfinite(best);
}

int probs_first(const float *x, int n, float v)
{
    for (int i = 0; i < n; i++) {
        if (x[i] == v) return i;
    }
    return -1;
}

static float sum_block(const float *p, int n)
{
    float lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            lane[l] += p[i + l];
        }
    }
    for (int l = 0; i + l < n; l++) {
        lane[l] += p[i + l];
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int l = 0; l < half; l++) {
            lane[l] += lane[l + half];
        }
    }
    return lane[0];
}

static int block_length(int n, int at)
{
    return n - at < PROBS_BLOCK ? n - at : PROBS_BLOCK;
}

double probs_sum(const float *p, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i += PROBS_BLOCK) {
        sum += (double)sum_block(p + i, block_length(n, i));
    }
    return sum;
}

int probs_find(const float *p, int n, double target)
{
    double sum = 0;
    int last = 0;
    for (int i = 0; i < n; i += PROBS_BLOCK) {
        int len = block_length(n, i);
        double block = (double)sum_block(p + i, len), inside = sum;
        sum += block;
        if (block == 0) continue;
        bool here = sum > target;
        for (int j = i; j < i + len; j++) {
            if (p[j] == 0) continue;
            last = j;
            inside += (double)p[j];
            if (here && inside > target) return j;
        }
        if (here) return last; /* lanes and plain order round differently */
    }
    return last;
}

int probs_rank(const float *x, int n, int id)
{
    float v = x[id];
    int better = 0, i = 0;
    for (; i < id; i++) {
        better += x[i] >= v;
    }
    for (; i < n; i++) {
        better += x[i] > v;
    }
    return better + 1;
}

/* ---- selection ---- */

static bool is_better(struct prob_item a, struct prob_item b)
{
    return a.value > b.value || (a.value == b.value && a.id < b.id);
}

static void swap(struct prob_item *a, struct prob_item *b)
{
    struct prob_item t = *a;
    *a = *b;
    *b = t;
}

/* Partition items[0, n), n >= 1, about the median of three: the better ones, the pivot, the others.
 * Returns the pivot's place. */
static int partition(struct prob_item *items, int n)
{
    struct prob_item *first = items, *mid = items + n / 2, *last = items + n - 1;
    if (is_better(*mid, *first)) swap(mid, first);
    if (is_better(*last, *first)) swap(last, first);
    if (is_better(*mid, *last)) swap(mid, last); /* the median is last */
    int m = 0;
    for (int i = 0; i < n - 1; i++) {
        if (is_better(items[i], *last)) swap(&items[i], &items[m++]);
    }
    swap(&items[m], last);
    return m;
}

static double weigh(const struct prob_item *items, int n, bool by_value)
{
    double sum = 0;
    if (!by_value) return n;
    for (int i = 0; i < n; i++) {
        sum += (double)items[i].value;
    }
    return sum;
}

/* Move the fewest best of items[0, n), n >= 1, whose weights (their values, or 1 each) reach
 * target to the front. Returns how many; the last of them is the worst. */
static int select_best(struct prob_item *items, int n, double target, bool by_value)
{
    int low = 0, high = n;
    assert(n >= 1);
    while (low < high) {
        int pivot = low + partition(items + low, high - low);
        double better = weigh(items + low, pivot - low, by_value);
        double with_pivot = better + weigh(items + pivot, 1, by_value);
        if (better >= target && pivot > low) {
            high = pivot;
        } else if (with_pivot >= target) {
            return pivot + 1;
        } else {
            target -= with_pivot;
            low = pivot + 1;
        }
    }
    return low == 0 ? 1 : low; /* rounding: all of them */
}

static void sort_best(struct prob_item *items, int n)
{
    while (n > 1) { /* recursion into the smaller side: depth log2 n */
        int m = partition(items, n);
        if (m < n - m) {
            sort_best(items, m);
            items += m + 1;
            n -= m + 1;
        } else {
            sort_best(items + m + 1, n - m - 1);
            n = m;
        }
    }
}

/* x[i] >= floor as items, -infinity excepted. Returns how many. */
static int gather(const float *x, int n, float floor, struct prob_item *items)
{
    int m = 0;
    for (int i = 0; i < n; i++) {
        if (x[i] >= floor && x[i] > -INFINITY) items[m++] = (struct prob_item){x[i], i};
    }
    return m;
}

/* A value that at least k entries reach: the k-th best of the block maxima. -infinity when there
 * are too few blocks to say. */
static float bound_of(const float *x, int n, int k, struct prob_item *items)
{
    int m = 0;
    if (n / TOP_BLOCK < 2 * k) return -INFINITY;
    for (int i = 0; i < n; i += TOP_BLOCK, m++) {
        float best = -INFINITY;
        for (int j = i; j < n && j < i + TOP_BLOCK; j++) {
            best = x[j] > best ? x[j] : best;
        }
        items[m] = (struct prob_item){best, m};
    }
    return items[select_best(items, m, k, false) - 1].value;
}

int probs_top(const float *x, int n, int k, struct prob_item *items)
{
    if (k <= 0) return 0;
    int m = gather(x, n, bound_of(x, n, k, items), items);
    if (m > k) m = select_best(items, m, k, false);
    sort_best(items, m);
    return m;
}

/* Set to 0 what is worse than `worst`. */
static void keep_to(float *p, int n, struct prob_item worst)
{
    int i = 0;
    for (; i < n && i <= worst.id; i++) {
        p[i] = p[i] >= worst.value ? p[i] : 0.0f;
    }
    for (; i < n; i++) {
        p[i] = p[i] > worst.value ? p[i] : 0.0f;
    }
}

static void keep_items(float *p, int n, const struct prob_item *items, int n_items)
{
    memset(p, 0, (size_t)n * sizeof(*p));
    for (int i = 0; i < n_items; i++) {
        p[items[i].id] = items[i].value;
    }
}

void probs_keep_count(float *p, int n, int k, struct prob_item *items)
{
    if (k >= n) return;
    int m = gather(p, n, bound_of(p, n, k, items), items);
    keep_items(p, n, items, select_best(items, m, k, false));
}

/* Numbers from a floor on, weighed in buckets of 1/64 of an octave. Each bucket is there several times,
 * since neighbours often fall into one, whose sum would have to wait for itself. */
enum { BUCKETS = 4096, BUCKET_BITS = 17, BUCKET_COPIES = 4, FEW = 1024 };
struct buckets {
    int32_t floor; /* the bits of the float */
    double sums[BUCKET_COPIES][BUCKETS];
};

static int32_t bits_of(float p)
{
    int32_t bits;
    memcpy(&bits, &p, sizeof(bits));
    return bits;
}

/* That of p >= 0, whose bits are in its order; what is under the floor is in the first, what is too
 * large for all of them in the last. */
static int bucket_of(const struct buckets *b, float p)
{
    int32_t i = bits_of(p) - b->floor;
    i = i > 0 ? i >> BUCKET_BITS : 0;
    return i < BUCKETS ? i : BUCKETS - 1;
}

/* Move the items of bucket i, of n, to the front. Returns how many. */
static int bucket_items(const struct buckets *b, int i, struct prob_item *items, int n)
{
    int m = 0;
    for (int j = 0; j < n; j++) {
        struct prob_item item = items[j];
        if (bucket_of(b, item.value) == i) items[m++] = item;
    }
    return m;
}

static void buckets_fill(struct buckets *b, const struct prob_item *items, int n, float floor)
{
    int i = 0;
    memset(b, 0, sizeof(*b));
    b->floor = bits_of(floor);
    for (; i + BUCKET_COPIES <= n; i += BUCKET_COPIES) {
        for (int c = 0; c < BUCKET_COPIES; c++) {
            float p = items[i + c].value;
            b->sums[c][bucket_of(b, p)] += (double)p;
        }
    }
    for (; i < n; i++) {
        b->sums[0][bucket_of(b, items[i].value)] += (double)items[i].value;
    }
}

static double bucket_sum(const struct buckets *b, int i)
{
    return (b->sums[0][i] + b->sums[1][i]) + (b->sums[2][i] + b->sums[3][i]);
}

/* The bucket in which the sum of the best reaches *target, which is less by what lies above it
 * then. It has an item, whatever the target is. */
static int bucket_reaching(const struct buckets *b, double *target)
{
    int i = BUCKETS - 1;
    for (double sum; i > 0 && ((sum = bucket_sum(b, i)) < *target || sum == 0); i--) {
        *target -= sum;
    }
    return i;
}

/* Of items[0, n), n >= 1, all from a floor on, leave those of the bucket in which the sum of the best reaches
 * *target. Returns how many; *target is less by what lies above it. */
static int narrow(struct prob_item *items, int n, float floor, double *target)
{
    struct buckets b;
    buckets_fill(&b, items, n, floor);
    return bucket_items(&b, bucket_reaching(&b, target), items, n);
}

/* All that is less weighs together less than half of the 1 - share that is left out. */
static float share_floor(double sum, int n, float share)
{
    return (float)(0.5 * (1.0 - (double)share) * sum / n);
}

void probs_keep_share(float *p, int n, float share, struct prob_item *items)
{
    double sum = probs_sum(p, n), target = (double)share * sum;
    float floor = share_floor(sum, n, share);
    int m = 0;
    for (int i = 0; i < n; i++) { /* without a branch, which would go either way */
        items[m] = (struct prob_item){p[i], i};
        m += p[i] >= floor;
    }
    if (m <= FEW) {
        keep_items(p, n, items, select_best(items, m, target, true));
        return;
    }
    m = narrow(items, m, floor, &target);
    struct prob_item all = {floor, n}; /* rounding: nothing is left to choose from */
    keep_to(p, n, m > 0 ? items[select_best(items, m, target, true) - 1] : all);
}

void probs_keep_least(float *p, int n, float floor)
{
    for (int i = 0; i < n; i++) {
        p[i] = p[i] >= floor ? p[i] : 0.0f;
    }
}
