/* tests/bench/bench_kernels.c - one thread's products and attention, as shares of what the core can do.
 *
 *   bench_kernels [isa]
 *
 * The limits are measured in the same run: a loop of independent VPDPBUSD (or of the set's best), one of fma,
 * and reading memory. Times are the thread's own CPU time, the best of several, so that other programs disturb little.
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

__attribute__((target("avx512f,avx512vnni"))) static double dp_loop(void *arg)
{
    (void)arg;
    double begin = (double)clock_cpu_ns();
    for (int i = 0; i < 1000000; i++) {
        __asm__ volatile("vpdpbusd %%zmm0, %%zmm0, %%zmm1\n vpdpbusd %%zmm0, %%zmm0, %%zmm2\n"
                         "vpdpbusd %%zmm0, %%zmm0, %%zmm3\n vpdpbusd %%zmm0, %%zmm0, %%zmm4\n"
                         "vpdpbusd %%zmm0, %%zmm0, %%zmm5\n vpdpbusd %%zmm0, %%zmm0, %%zmm6\n"
                         "vpdpbusd %%zmm0, %%zmm0, %%zmm7\n vpdpbusd %%zmm0, %%zmm0, %%zmm8\n"
                         "vpdpbusd %%zmm0, %%zmm0, %%zmm9\n vpdpbusd %%zmm0, %%zmm0, %%zmm10\n" ::
                             : "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                               "xmm9", "xmm10");
    }
    return ((double)clock_cpu_ns() - begin) / (1e6 * 10 * 64); /* ns a multiply-add */
}

__attribute__((target("avx512f"))) static double fma_loop(void *arg)
{
    (void)arg;
    double begin = (double)clock_cpu_ns();
    for (int i = 0; i < 1000000; i++) {
        __asm__ volatile(
            "vfmadd231ps %%zmm0, %%zmm0, %%zmm1\n vfmadd231ps %%zmm0, %%zmm0, %%zmm2\n"
            "vfmadd231ps %%zmm0, %%zmm0, %%zmm3\n vfmadd231ps %%zmm0, %%zmm0, %%zmm4\n"
            "vfmadd231ps %%zmm0, %%zmm0, %%zmm5\n vfmadd231ps %%zmm0, %%zmm0, %%zmm6\n"
            "vfmadd231ps %%zmm0, %%zmm0, %%zmm7\n vfmadd231ps %%zmm0, %%zmm0, %%zmm8\n"
            "vfmadd231ps %%zmm0, %%zmm0, %%zmm9\n vfmadd231ps %%zmm0, %%zmm0, %%zmm10\n" ::
                : "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
    }
    return ((double)clock_cpu_ns() - begin) / (1e6 * 10 * 16);
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
        const uint8_t *ahead = j->w.data + (size_t)(p + PRODUCT_PANELS) * j->w.panel_bytes;
        for (int t = 0; t < tiles; t += 32) {
            int n = tiles - t < 32 ? tiles - t : 32;
            kernels->product(j->y, 64, &j->w, p, PRODUCT_PANELS, ahead, &j->x, t, n, scratch);
        }
    }
    return (double)clock_cpu_ns() - begin;
}

/* Random bytes make a good matrix but for the scales, which are set to 1. */
static void product_bench(enum quant type, int rows, int n, int k, double limit)
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
    printf("%-8s rows %3d  [%5d, %5d]  %8.1f G/s  %5.1f %% of limit  %6.1f GB/s\n",
           quant_types[type].name, rows, n, k, macs / t, 100 * macs / t * limit,
           (double)panels_bytes(&j.w) / t);
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
    double dp = 0, fma = 0;
    if (cpu_has_avx512vnni()) {
        dp = best_of(dp_loop, NULL);
        fma = best_of(fma_loop, NULL);
    }
    printf("%s; limits of a core: %.0f G int8 multiply-adds/s, %.0f G float, reads %.1f GB/s\n",
           kernels->name, 1 / dp, 1 / fma, 1 / best_of(read_loop, memory));
    free(memory);
    static const int rows[] = {1, 2, 4, 6, 8, 12, 32, 192};
    static const enum quant types[] = {QUANT_Q4_1, QUANT_Q4_0, QUANT_Q8_0, QUANT_Q4_K,
                                       QUANT_Q5_K, QUANT_Q6_K, QUANT_F16,  QUANT_F32};
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            product_bench(types[t], rows[i], 1536, 768, panel_types[types[t]].quantised ? dp : fma);
        }
    }
    return 0;
}
