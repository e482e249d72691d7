/* engine/machine_memory.h - how much memory this process may still take.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MACHINE_MEMORY_H
#define ENGINE_MACHINE_MEMORY_H

#include <stdint.h>

/* Bytes: what the system could give without swapping (MemAvailable), or less where a control
 * group (a container) sets a limit. 0 when neither can be read. */
int64_t machine_free_memory(void);

#endif
