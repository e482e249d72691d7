/* engine/kernels/cpu.h - what instructions this CPU (and its operating system) offers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_CPU_H
#define ENGINE_KERNELS_CPU_H

#include <stdbool.h>

bool cpu_has_avx2(void);       /* and FMA, F16C */
bool cpu_has_avxvnni(void);    /* and the above */
bool cpu_has_avx512vnni(void); /* and AVX-512 F, BW, DQ, VL */

#endif
