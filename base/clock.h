/* base/clock.h - time that only goes forward, and the time of day.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ns(void);        /* monotonic; for durations and deadlines */
uint64_t clock_cpu_ns(void);    /* CPU time this thread has used */
static inline uint64_t clock_ms_to_ns(int64_t ms)
{
    return (uint64_t)ms * 1000000u;
}
int64_t clock_unix_s(void);     /* seconds since 1970, for "created" and logs */
void clock_iso(char out[32]);   /* "2026-11-22T09:33:01.123Z" */

#endif
