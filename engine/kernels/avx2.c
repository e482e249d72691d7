/* engine/kernels/avx2.c - simd.h over pairs of 256-bit registers, without VNNI.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/vec256.h"
#include "engine/kernels/simd.h"
#include "engine/kernels/simd_rows.h"

const struct kernels kernels_avx2 = {.name = "avx2", .usable = cpu_has_avx2, SIMD_KERNELS};
