/* reward/code/execute.h - a program run for its own sake, in a worker: what other sandboxes'
 * dialects ask for.
 *
 * Order and outcome are JSON between processes of ours:
 *
 *   order    {"language", "source", "cell"?: true, "judge"?: "ioi" or "codeforces", "main"?: name, "files": [{"name", "base64"}], "stdin", "args": [],
 *             "fetch": [], "compile_ms", "run_ms", "memory_mb", "output_bytes"}
 *   outcome  {"error": text or null, "compile": stage or null, "run": stage or null, "files": {name: base64}}
 *   stage    {"end": one of execute_ends, "signaled", "code", "cpu_ms", "wall_ms", "peak_bytes", "stdout",
 *             "stderr", "value"}
 *
 * "judge": the run is one test as open-r1's packages for Piston judge it (execute_test.h), its
 * stages theirs. "cell": as in a notebook, the value of the program's last expression is its
 * "value".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_EXECUTE_H
#define REWARD_CODE_EXECUTE_H

#include <stdbool.h>

#include "base/buffer.h"

/* "exited", "signaled", "time", ... in the order of enum sandbox_end; NULL-terminated. */
extern const char *const execute_ends[];

/* One order (JSON text) to one reply frame. False: out of memory. */
bool execute_answer(struct span order, struct buffer *reply);

#endif
