/* reward/code/execute.h - a program run for its own sake, in a worker: what other sandboxes'
 * dialects ask for.
 *
 * An order goes to a worker and an outcome comes back, packed (workers/pack.h): texts and files are
 * spans, as they are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_EXECUTE_H
#define REWARD_CODE_EXECUTE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "reward/code/languages.h"
#include "reward/code/sandbox.h"
#include "reward/workers/service.h"

enum { EXECUTE_MAX_FILES = SANDBOX_MAX_FILES - 1 }; /* beside the program */

/* Who says whether the program is right. */
enum execute_judge {
    EXECUTE_PLAIN,      /* nobody: what it printed is the outcome */
    EXECUTE_IOI,        /* one test as open-r1's packages for Piston judge it (execute_test.h) */
    EXECUTE_CODEFORCES, /* likewise */
    EXECUTE_JUDGES
};

/* A program to run; texts are the asker's. */
struct execute_order {
    const struct language *language;
    struct span source, input;
    bool cell; /* as in a notebook: the value of the last expression is the stage's "value" */
    enum execute_judge judge;
    const char *main; /* of a judged test: where the program lies; NULL: not */
    struct sandbox_file files[EXECUTE_MAX_FILES];
    size_t n_files;
    const char *args[SANDBOX_MAX_ARGS + 1];   /* NULL-terminated */
    const char *fetch[SANDBOX_MAX_FETCH + 1]; /* likewise */
    double compile_ms, run_ms, memory_mb;
    size_t output_bytes; /* of stdout and of stderr */
};

/* Compiling, or running. */
struct execute_stage {
    bool ran; /* false: all else is empty */
    enum sandbox_end end;
    bool signaled;
    int code;
    double cpu_ms, wall_ms;
    size_t peak_bytes;
    struct span out, err, value;
};

/* What became of an order; texts borrow from the packed outcome. */
struct execute_outcome {
    struct span error; /* why there is none; p NULL: there is */
    struct execute_stage compile, run;
    size_t n_files;
    struct {
        struct span name, content;
    } files[SANDBOX_MAX_FETCH];
};

/* Append an order. */
void execute_pack_order(const struct execute_order *o, struct buffer *out);

/* Append an outcome. */
void execute_pack_outcome(const struct execute_outcome *o, struct buffer *out);

/* Take a packed outcome apart. False when its numbers make no sense. */
bool execute_unpack_outcome(struct span packed, struct execute_outcome *out);

/* The service: in a worker. */
worker_service execute_serve;

#endif
