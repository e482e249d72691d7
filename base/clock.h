/* base/clock.h - time that only goes forward, and the time of day.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds that only go forward; for durations and deadlines. */
uint64_t clock_ns(void);
/* CPU time this thread has used, in nanoseconds. */
uint64_t clock_cpu_ns(void);
static inline uint64_t clock_ms_to_ns(int64_t ms)
{
    return (uint64_t)ms * 1000000u;
}
/* Seconds since 1970, for "created" and logs. */
int64_t clock_unix_s(void);
/* The same in nanoseconds. */
int64_t clock_unix_ns(void);
/* The time of day as "2026-11-22T09:33:01.123Z". */
void clock_iso(char out[32]);

#endif
