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
/* ms is not below 0. */
static inline uint64_t clock_ms_to_ns(int64_t ms)
{
    return (uint64_t)ms * 1000000u;
}
/* For poll(): milliseconds from now until due, at least one, so that it has passed when they are
 * over. 0: it has passed. Due is at most INT_MAX milliseconds away. */
static inline int clock_wait_ms(uint64_t due_ns, uint64_t now_ns)
{
    return now_ns >= due_ns ? 0 : (int)((due_ns - now_ns) / 1000000u) + 1;
}
/* Seconds since 1970, for "created" and logs. */
int64_t clock_unix_s(void);
/* The same in nanoseconds. */
int64_t clock_unix_ns(void);
/* The time of day as "2026-11-22T09:33:01.123Z". */
void clock_iso(char out[32]);

#endif
