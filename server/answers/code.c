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

static const struct field runtime_rows[] = {
    {"language", IS("string"), .doc = "its name"},
    {"version", IS("string"), .doc = "its version"},
    {"aliases", IS("string[]"), .doc = "other names for it"},
    {0},
};
const struct field *const answer_runtime[] = {runtime_rows, NULL};

/* ---- open-r1's router: E2B's Execution, and Morph's text ---- */

static const struct field result_rows[] = {
    {"text", IS("string"), .doc = "the value of the last line"},
    {"is_main_result", IS("boolean"), .doc = "true"},
    {0},
};
static const struct field *const result[] = {result_rows, NULL};
static const struct field logs_rows[] = {
    {"stdout", IS("string[]"), .doc = "what it printed"},
    {"stderr", IS("string[]"), .doc = "what it complained"},
    {0},
};
static const struct field *const logs[] = {logs_rows, NULL};
static const struct field raised_rows[] = {
    {"name", IS("string"), .doc = "of the exception"},
    {"value", IS("string"), .doc = "its message"},
    {"traceback", IS("string"), .doc = "all of it"},
    {0},
};
static const struct field *const raised[] = {raised_rows, NULL};
static const struct field executed_rows[] = {
    {"results", IS("object[]"), .members = result, .doc = "the value, where there is one"},
    {"logs", IS("object"), .members = logs, .doc = "its streams"},
    {"error", IS("object|null"), .members = raised, .doc = "null: it ended well"},
    {"execution_count", IS("integer"), .doc = "1"},
    {0},
};
static const struct field *const executed[] = {executed_rows, NULL};
static const struct field routed_rows[] = {
    {"execution", IS("object|null"), .members = executed, .doc = "null: something else ended it"},
    {"text", IS("string|null"), .doc = "the value, or what was printed"},
    {"exception_str", IS("string|null"), .doc = "what ended it, where that was not the program"},
    {0},
};
const struct field *const answer_routed[] = {routed_rows, NULL};
