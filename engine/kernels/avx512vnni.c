/* engine/kernels/avx512vnni.c - simd.h over 512-bit registers, bytes multiplied by VPDPBUSD.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/vec512.h"
#include "engine/kernels/simd.h"
#include "engine/kernels/simd_rows.h"

const struct kernels kernels_avx512vnni = {
    .name = "avx512vnni", .usable = cpu_has_avx512vnni, SIMD_KERNELS};
