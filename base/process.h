/* base/process.h - the end of a child process, awaited with a bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <sys/types.h>

/* Wait until a child has ended, and reap it; one that has not within that time is killed. A stopped
 * process is killed by that, too. Returns its exit status, or -1 when it did not exit by itself. */
int process_end(pid_t pid, int within_ms);

#endif
