/* engine/kernels/avxvnni.c - simd.h over pairs of 256-bit registers, bytes multiplied by VPDPBUSD.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/vec256.h"
#include "engine/kernels/simd.h"
#include "engine/kernels/simd_rows.h"

const struct kernels kernels_avxvnni = {.name = "avxvnni", .usable = cpu_has_avxvnni, SIMD_KERNELS};
