/* reward/code/run_limits.c - see run_limits.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/run_limits.h"

#include <assert.h>
#include <math.h>

enum {
    WALL_FACTOR = 3, /* the wall's limit is that many times the CPU's, and a second */
    WORK_BYTES = 64 << 20,
    WORK_FILES = 1024,
    PROCESSES = 32,
    OPEN_FILES = 128,
    COMPILER_MEMORY = 1 << 30, /* and its messages, and a compiler's own cache: */
    COMPILER_OUTPUT = 64 << 10,
    BUILD_BYTES = 512 << 20,
    BUILD_FILES = 16384,
    BUILD_PROCESSES = 96
};

struct sandbox_limits run_limits(const struct language *l, double time_s, size_t memory_bytes,
                                 size_t output_bytes)
{
    return (struct sandbox_limits){.cpu_ms = (int)ceil(time_s * 1000),
                                   .wall_ms = (int)ceil(time_s * 1000) * WALL_FACTOR + 1000,
                                   .memory_bytes = memory_bytes,
                                   .address_bytes = l->reserves ? 0 : memory_bytes,
                                   .output_bytes = output_bytes,
                                   .work_bytes = WORK_BYTES,
                                   .work_files = WORK_FILES,
                                   .processes = PROCESSES,
                                   .open_files = OPEN_FILES};
}

struct sandbox_limits compile_limits(const struct language *l, double time_s)
{
    double s = time_s > l->compile_s ? time_s : l->compile_s;
    struct sandbox_limits limits = run_limits(l, s, COMPILER_MEMORY, COMPILER_OUTPUT);
    if (l->needs == NULL) return limits;
    limits.work_bytes = BUILD_BYTES; /* a tool of many steps, with files between them */
    limits.work_files = BUILD_FILES;
    limits.processes = BUILD_PROCESSES;
    return limits;
}

static int64_t bytes_of(const struct sandbox_limits *limits)
{
    return (int64_t)limits->memory_bytes + (int64_t)limits->work_bytes;
}

struct run_memory run_memory_of(const struct language *l, size_t memory_bytes, int runs)
{
    struct sandbox_limits run = run_limits(l, 1, memory_bytes, 0), compile = compile_limits(l, 1);
    assert(runs >= 1);
    return (struct run_memory){.run_bytes = bytes_of(&run),
                               .once_bytes = l->product != NULL ? bytes_of(&compile) : 0,
                               .runs = runs};
}
