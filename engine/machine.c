/* engine/machine.c - what the machine can do at most (engine_measure_limits in engine.h).
 *
 * Each loop keeps ten independent accumulators busy with the one instruction that matters and
 * touches no memory; it is written in assembly so that no compiler can improve it away. The loops are
 * those of the instructions that a kernel set is made of: what a set reaches is a share of its own
 * limit, not of what another set could do on the same processor.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/pool.h"

enum { ROUNDS = 4000000, TRIES = 3 };
static const size_t READ_BYTES = (size_t)256 << 20; /* a thread: far past any cache */

/* Ten instructions a round, `per` multiply-adds each. */
struct loop {
    const char *set;  /* the kernel set that it is the limit of */
    const char *name; /* what it repeats */
    void (*run)(long rounds);
    int per;
};

/* clang-format off */
static void int8_avx512(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm1\n vpdpbusd %%zmm0, %%zmm0, %%zmm2\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm3\n vpdpbusd %%zmm0, %%zmm0, %%zmm4\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm5\n vpdpbusd %%zmm0, %%zmm0, %%zmm6\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm7\n vpdpbusd %%zmm0, %%zmm0, %%zmm8\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm9\n vpdpbusd %%zmm0, %%zmm0, %%zmm10\n"
        "dec %0\n jnz 1b\n vzeroupper\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

static void int8_avxvnni(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm1\n %{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm2\n"
        "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm3\n %{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm4\n"
        "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm5\n %{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm6\n"
        "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm7\n %{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm8\n"
        "%{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm9\n %{vex%} vpdpbusd %%ymm0, %%ymm0, %%ymm10\n"
        "dec %0\n jnz 1b\n vzeroupper\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

/* Without VNNI a multiply-add of 32 bytes takes a VPMADDUBSW; what widens its sums is not counted. */
static void int8_avx2(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "vpmaddubsw %%ymm0, %%ymm0, %%ymm1\n vpmaddubsw %%ymm0, %%ymm0, %%ymm2\n"
        "vpmaddubsw %%ymm0, %%ymm0, %%ymm3\n vpmaddubsw %%ymm0, %%ymm0, %%ymm4\n"
        "vpmaddubsw %%ymm0, %%ymm0, %%ymm5\n vpmaddubsw %%ymm0, %%ymm0, %%ymm6\n"
        "vpmaddubsw %%ymm0, %%ymm0, %%ymm7\n vpmaddubsw %%ymm0, %%ymm0, %%ymm8\n"
        "vpmaddubsw %%ymm0, %%ymm0, %%ymm9\n vpmaddubsw %%ymm0, %%ymm0, %%ymm10\n"
        "dec %0\n jnz 1b\n vzeroupper\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

static void int8_sse2(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "pmaddwd %%xmm0, %%xmm1\n pmaddwd %%xmm0, %%xmm2\n pmaddwd %%xmm0, %%xmm3\n pmaddwd %%xmm0, %%xmm4\n"
        "pmaddwd %%xmm0, %%xmm5\n pmaddwd %%xmm0, %%xmm6\n pmaddwd %%xmm0, %%xmm7\n pmaddwd %%xmm0, %%xmm8\n"
        "pmaddwd %%xmm0, %%xmm9\n pmaddwd %%xmm0, %%xmm10\n"
        "dec %0\n jnz 1b\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

static void float_avx512(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm1\n vfmadd231ps %%zmm0, %%zmm0, %%zmm2\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm3\n vfmadd231ps %%zmm0, %%zmm0, %%zmm4\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm5\n vfmadd231ps %%zmm0, %%zmm0, %%zmm6\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm7\n vfmadd231ps %%zmm0, %%zmm0, %%zmm8\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm9\n vfmadd231ps %%zmm0, %%zmm0, %%zmm10\n"
        "dec %0\n jnz 1b\n vzeroupper\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

static void float_avx2(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "vfmadd231ps %%ymm0, %%ymm0, %%ymm1\n vfmadd231ps %%ymm0, %%ymm0, %%ymm2\n"
        "vfmadd231ps %%ymm0, %%ymm0, %%ymm3\n vfmadd231ps %%ymm0, %%ymm0, %%ymm4\n"
        "vfmadd231ps %%ymm0, %%ymm0, %%ymm5\n vfmadd231ps %%ymm0, %%ymm0, %%ymm6\n"
        "vfmadd231ps %%ymm0, %%ymm0, %%ymm7\n vfmadd231ps %%ymm0, %%ymm0, %%ymm8\n"
        "vfmadd231ps %%ymm0, %%ymm0, %%ymm9\n vfmadd231ps %%ymm0, %%ymm0, %%ymm10\n"
        "dec %0\n jnz 1b\n vzeroupper\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

static void float_sse2(long rounds)
{
    __asm__ volatile(
        "1:\n"
        "mulps %%xmm0, %%xmm1\n mulps %%xmm0, %%xmm2\n mulps %%xmm0, %%xmm3\n mulps %%xmm0, %%xmm4\n"
        "mulps %%xmm0, %%xmm5\n mulps %%xmm0, %%xmm6\n mulps %%xmm0, %%xmm7\n mulps %%xmm0, %%xmm8\n"
        "mulps %%xmm0, %%xmm9\n mulps %%xmm0, %%xmm10\n"
        "dec %0\n jnz 1b\n"
        : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10");
}

/* one a set, in any order */
static const struct loop int8_loops[] = {
    {"avx512vnni", "vpdpbusd of 512 bits",   int8_avx512,  64},
    {"avxvnni",    "vpdpbusd of 256 bits",   int8_avxvnni, 32},
    {"avx2",       "vpmaddubsw of 256 bits", int8_avx2,    32},
    {"generic",    "pmaddwd of 128 bits",    int8_sse2,    8},
};
static const struct loop float_loops[] = {
    {"avx512vnni", "vfmadd231ps of 512 bits", float_avx512, 16},
    {"avxvnni",    "vfmadd231ps of 256 bits", float_avx2,   8},
    {"avx2",       "vfmadd231ps of 256 bits", float_avx2,   8},
    {"generic",    "mulps of 128 bits",       float_sse2,   4},
};
/* clang-format on */
enum { N_SETS = sizeof(int8_loops) / sizeof(int8_loops[0]) };
_Static_assert(sizeof(float_loops) == sizeof(int8_loops), "both have a loop for every set");

/* The loop of a kernel set. */
static const struct loop *loop_of(const struct loop loops[N_SETS], const char *set)
{
    int i = 0;
    while (i < N_SETS - 1 && strcmp(loops[i].set, set) != 0) {
        i++;
    }
    assert(strcmp(loops[i].set, set) == 0);
    return &loops[i];
}

struct measure_job {
    const struct loop *loop; /* NULL: read memory */
    uint8_t *memory;         /* [threads, READ_BYTES] */
};

static uint64_t read_all(const uint8_t *memory)
{
    uint64_t sum[8] = {0};
    for (size_t i = 0; i < READ_BYTES; i += 64) {
        uint64_t line[8];
        memcpy(line, memory + i, sizeof(line));
        for (int j = 0; j < 8; j++) {
            sum[j] += line[j];
        }
    }
    return sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
}

static void run_job(void *arg, int task, int thread)
{
    (void)thread;
    const struct measure_job *j = arg;
    if (j->loop != NULL) {
        j->loop->run(ROUNDS);
        return;
    }
    uint64_t sum = read_all(j->memory + (size_t)task * READ_BYTES);
    __asm__ volatile("" ::"r"(sum)); /* the sum is used, as far as the compiler knows */
}

/* Seconds of the fastest of some tries with all threads at it. */
static double best_seconds(struct pool *pool, struct measure_job *job)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        uint64_t begin = clock_ns();
        pool_run(pool, run_job, job, pool_threads(pool));
        double s = (double)(clock_ns() - begin) * 1e-9;
        if (i == 0 || s < best) best = s;
    }
    return best;
}

static double loop_rate(struct pool *pool, const struct loop *loop)
{
    struct measure_job job = {.loop = loop};
    double done = 10.0 * ROUNDS * loop->per * pool_threads(pool);
    return done / best_seconds(pool, &job);
}

bool engine_measure_limits(int threads, const char *isa, struct engine_limits *out,
                           struct error *err)
{
    struct pool *pool = pool_new(threads, false, err);
    if (pool == NULL) return false;
    size_t n = (size_t)pool_threads(pool);
    struct measure_job job = {.memory = mem_new_aligned(n, READ_BYTES, err)};
    bool ok = job.memory != NULL;
    if (ok) {
        memset(job.memory, 1, n * READ_BYTES); /* real pages, not the shared zero page */
        const struct loop *int8 = loop_of(int8_loops, isa), *floats = loop_of(float_loops, isa);
        out->int8_loop = int8->name;
        out->float_loop = floats->name;
        out->int8_macs = loop_rate(pool, int8);
        out->float_macs = loop_rate(pool, floats);
        out->read_bytes = (double)n * (double)READ_BYTES / best_seconds(pool, &job);
    }
    free(job.memory);
    pool_free(pool);
    return ok;
}
