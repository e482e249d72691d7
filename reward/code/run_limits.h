/* reward/code/run_limits.h - what any run may use, beside the time and memory its asker grants.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_RUN_LIMITS_H
#define REWARD_CODE_RUN_LIMITS_H

#include "reward/code/languages.h"
#include "reward/code/sandbox.h"
#include "reward/row/row.h"

/* Limits of a run of that language: time_s of CPU, on the wall some times that and a second; bytes
 * of resident memory and of each output. */
struct sandbox_limits run_limits(const struct language *l, double time_s, size_t memory_bytes,
                                 size_t output_bytes);

/* Limits of the language's compiler: time_s of CPU, or what its row asks for where that is more. */
struct sandbox_limits compile_limits(const struct language *l, double time_s);

/* What the programs may take together where one of that language runs in up to `runs` sandboxes side
 * by side, each with so much memory: files are in memory, too. Where the language is compiled, its
 * compiler runs before them. */
struct run_memory run_memory_of(const struct language *l, size_t memory_bytes, int runs);

#endif
