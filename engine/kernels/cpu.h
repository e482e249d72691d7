/* engine/kernels/cpu.h - what instructions this CPU (and its operating system) offers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_CPU_H
#define ENGINE_KERNELS_CPU_H

#include <stdbool.h>

/* And FMA, and F16C. */
bool cpu_has_avx2(void);
/* And all of the above. */
bool cpu_has_avxvnni(void);
/* And AVX-512 F, BW, DQ and VL. */
bool cpu_has_avx512vnni(void);

#endif
