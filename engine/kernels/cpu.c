/* engine/kernels/cpu.c - see cpu.h. Compiled without ISA flags.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/cpu.h"

#include <cpuid.h>

/* __builtin_cpu_supports() also asks the operating system (XGETBV) whether it saves the registers. */
bool cpu_has_avx2(void)
{
    unsigned a, b, c, d;
    bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
    return f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool cpu_has_avxvnni(void)
{
    unsigned a, b, c, d; /* leaf 7, subleaf 1: EAX bit 4 */
    return cpu_has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1) != 0;
}

bool cpu_has_avx512vnni(void)
{
    return cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
