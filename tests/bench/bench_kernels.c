/* tests/bench/bench_kernels.c - one thread's products and attention, as shares of what the core
 * can do.
 *
 *   bench_kernels [isa]
 *
 * The limits are measured in the same run: a loop of the set's own int8 dot products, one of its
 * fma, and reading memory. Small matrices stay in the caches, where multiply-adds are the limit;
 * a large one comes from memory. Times are the thread's own CPU time, the best of several, so
 * that other programs disturb little.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/kernels/kernels.h"

static const struct kernels *kernels;
static void *scratch;

static double best_of(double (*run)(void *), void *arg)
{
    double best = 1e9;
    for (int i = 0; i < 7; i++) {
        double t = run(arg);
        if (t < best) best = t;
    }
    return best;
}

/* ---- Limits ---- */

/* Ten independent chains of one instruction on registers w ("zmm", "ymm"): enough to keep every pipe busy. */
enum { LOOPS = 1000000, CHAINS = 10 };

#define CHAIN(op, w, i) op " %%" w "0, %%" w "0, %%" w #i "\n"
#define CHAINS_OF(op, w) \
    CHAIN(op, w, 1) \
    CHAIN(op, w, 2) \
    CHAIN(op, w, 3) \
    CHAIN(op, w, 4) CHAIN(op, w, 5) CHAIN(op, w, 6) CHAIN(op, w, 7) CHAIN(op, w, 8) \
        CHAIN(op, w, 9) CHAIN(op, w, 10)
#define LIMIT(name, body) \
    static double name(void *arg) \
    { \
        (void)arg; \
        double begin = (double)clock_cpu_ns(); \
        for (int i = 0; i < LOOPS; i++) { \
            __asm__ volatile(body :: \
                                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
                                   "xmm8", "xmm9", "xmm10", "xmm11"); \
        } \
        return ((double)clock_cpu_ns() - begin) / (double)LOOPS / CHAINS; \
    }
LIMIT(dp_zmm, CHAINS_OF("vpdpbusd", "zmm"))
LIMIT(dp_ymm, CHAINS_OF("%{vex%} vpdpbusd", "ymm"))
LIMIT(fma_zmm, CHAINS_OF("vfmadd231ps", "zmm"))
LIMIT(fma_ymm, CHAINS_OF("vfmadd231ps", "ymm"))
LIMIT(dot_avx2, CHAINS_OF("vpmaddubsw", "ymm"))

/* ns that one multiply-add takes at best, of a set's own instructions; 0: not known */
struct limits {
    double int8, fp32, byte; /* byte: ns to read one from memory */
};

static struct limits measure_limits(const char *set)
{
    struct limits l = {0};
    if (strcmp(set, "avx512vnni") == 0) {
        l.int8 = best_of(dp_zmm, NULL) / 64;
        l.fp32 = best_of(fma_zmm, NULL) / 16;
    } else if (strcmp(set, "generic") != 0) {
        l.int8 = best_of(strcmp(set, "avxvnni") == 0 ? dp_ymm : dot_avx2, NULL) / 32;
        l.fp32 = best_of(fma_ymm, NULL) / 8;
    }
    return l;
}

enum { READ_BYTES = 256 << 20 };

static double read_loop(void *arg)
{
    const uint64_t *p = arg;
    double begin = (double)clock_cpu_ns();
    uint64_t sum[8] = {0};
    for (size_t i = 0; i < READ_BYTES / 8; i += 8) {
        for (int j = 0; j < 8; j++) {
            sum[j] += p[i + (size_t)j];
        }
    }
    __asm__ volatile("" ::"r"(sum) : "memory");
    return ((double)clock_cpu_ns() - begin) / READ_BYTES;
}

/* ---- Products ---- */

struct job {
    struct panels w;
    struct act x;
    float *y;
};

static double product_run(void *arg)
{
    struct job *j = arg;
    int panels = panels_count(&j->w), tiles = act_tiles(&j->x);
    double begin = (double)clock_cpu_ns();
    for (int p = 0; p < panels; p += PRODUCT_PANELS) {
        const uint8_t *next = j->w.data + (size_t)(p + PRODUCT_PANELS) * j->w.panel_bytes;
        size_t bytes = PRODUCT_PANELS * j->w.panel_bytes;
        for (int t = 0; t < tiles; t += 32) {
            int n = tiles - t < 32 ? tiles - t : 32;
            struct fetch soon = {.at = next, .end = next + bytes, .left = bytes};
            kernels->product(j->y, 64, &j->w, p, PRODUCT_PANELS, &soon, &j->x, t, n, scratch);
        }
    }
    return (double)clock_cpu_ns() - begin;
}

/* Random bytes make a good matrix but for the scales, which are set to 1. */
static void product_bench(enum quant type, int rows, int n, int k, const struct limits *l)
{
    struct job j = {.x = {.rows = rows, .k = k, .quantised = panel_types[type].quantised}};
    panels_init(&j.w, type, n, k);
    uint8_t *data = mem_new_aligned(1, panels_bytes(&j.w), NULL);
    for (size_t i = 0; i < panels_bytes(&j.w); i++) {
        data[i] = (uint8_t)(i * 2654435761u >> 24) & 0x3b; /* small halves, no NaN */
    }
    j.w.data = data;
    j.x.data = mem_new_aligned(1, act_bytes(rows, k), NULL);
    float *v = mem_new_aligned((size_t)k, sizeof(float), NULL);
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < k; i++) {
            v[i] = (float)((i * 37 + r) % 101 - 50);
        }
        kernels->act_put(&j.x, r, 1, 0, v, k, k);
    }
    j.y = mem_new_aligned((size_t)rows, 64 * sizeof(float), NULL);
    double t = best_of(product_run, &j), macs = (double)rows * n * k;
    double bytes = (double)panels_bytes(&j.w), limit = j.x.quantised ? l->int8 : l->fp32;
    printf("%-8s rows %3d  [%5d, %5d]  %8.1f G/s %6.1f %%  %6.1f GB/s %6.1f %%\n",
           quant_types[type].name, rows, n, k, macs / t, 100 * macs / t * limit, bytes / t,
           100 * bytes / t * l->byte);
    free(data);
    free(j.x.data);
    free(v);
    free(j.y);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    kernels = kernels_pick(argc > 1 ? argv[1] : NULL, &err);
    if (kernels == NULL) return fprintf(stderr, "%s\n", err.message), 1;
    scratch = mem_new_aligned(1, KERNEL_SCRATCH, NULL);
    void *memory = mem_new_aligned(1, READ_BYTES, NULL);
    memset(memory, 1, READ_BYTES);
    struct limits limits = measure_limits(kernels->name);
    limits.byte = best_of(read_loop, memory);
    free(memory);
    printf("%s; limits of a core: %.0f G int8 multiply-adds/s, %.0f G float, reads %.1f GB/s\n",
           kernels->name, 1 / limits.int8, 1 / limits.fp32, 1 / limits.byte);
    static const int rows[] = {1, 2, 4, 6, 8, 12, 32, 192};
    static const enum quant types[] = {QUANT_Q4_1, QUANT_Q4_0, QUANT_Q8_0, QUANT_Q4_K,
                                       QUANT_Q5_K, QUANT_Q6_K, QUANT_F16,  QUANT_F32};
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            product_bench(types[t], rows[i], 1536, 768, &limits); /* in the caches */
        }
        product_bench(types[t], 1, 49152, 2048, &limits); /* from memory */
    }
    free(scratch);
    return 0;
}
