/* server/answers/code.c - programs that were run: SandboxFusion's and Piston's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

/* ---- SandboxFusion ---- */

static const struct field stage_rows[] = {
    {"status", IS("string"), .doc = "Finished or TimeLimitExceeded"},
    {"execution_time", IS("number"), .doc = "seconds"},
    {"return_code", IS("integer|null"),
     .doc = "of the program; negative: the signal that ended it"},
    {"stdout", IS("string"), .doc = "what it printed"},
    {"stderr", IS("string"), .doc = "what it complained"},
    {0},
};
static const struct field *const stage[] = {stage_rows, NULL};
static const struct field fusion_rows[] = {
    {"status", IS("string"), .doc = "Success, Failed or SandboxError"},
    {"message", IS("string"), .doc = "what is wrong with the sandbox"},
    {"compile_result", IS("object|null"), .members = stage, .doc = "null: nothing to compile"},
    {"run_result", IS("object|null"), .members = stage, .doc = "null: it did not run"},
    {"executor_pod_name", IS("null"), .doc = "none here"},
    {"files", IS("object"), .doc = "name to base64, as fetch_files asks"},
    {0},
};
const struct field *const answer_fusion[] = {fusion_rows, NULL};

/* ---- Piston ---- */

static const struct field run_rows[] = {
    {"code", IS("integer|null"), .doc = "of the program; null: a signal ended it"},
    {"signal", IS("string|null"), .doc = "SIGKILL and its like"},
    {"stdout", IS("string"), .doc = "what it printed"},
    {"stderr", IS("string"), .doc = "what it complained"},
    {"output", IS("string"), .doc = "both"},
    {"status", IS("string|null"), .doc = "TO, OL, SG, RE; null: all is well"},
    {"message", IS("null"), .doc = "none here"},
    {"cpu_time", IS("integer"), .doc = "milliseconds"},
    {"wall_time", IS("integer"), .doc = "milliseconds"},
    {"memory", IS("integer"), .doc = "bytes at most"},
    {0},
};
static const struct field *const run[] = {run_rows, NULL};
static const struct field piston_rows[] = {
    {"language", MAY("string"), .doc = "that ran"},
    {"version", MAY("string"), .doc = "its version"},
    {"compile", MAY("object"), .members = run, .doc = "where there was something to compile"},
    {"run", MAY("object"), .members = run, .doc = "the program; after an error of compiling, that"},
    {"message", MAY("string"), .doc = "in the place of all this: what is wrong with the sandbox"},
    {0},
};
const struct field *const answer_piston[] = {piston_rows, NULL};
