/* reward/code/cell.h - the process that runs programs; inside reward/code/ only.
 *
 * What it and the owner of the sandbox say to each other. Both run the same binary, so structs
 * travel as they are; the owner still checks every number of a reply, since a cell handled
 * hostile bytes.
 *
 *   hello   struct cell_hello, once
 *   order   struct cell_order + argv + names to fetch (NUL-terminated each) + input
 *           + for each file: struct cell_file, name, content
 *   reply   struct cell_reply + out + err + channel + fetched files
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_CELL_H
#define REWARD_CODE_CELL_H

#include <stdint.h>

#include "reward/code/sandbox.h"

enum { CELL_MAX_ORDER = 512 << 20, CELL_MAX_NAME = 200 };

struct cell_hello {
    struct sandbox_layers layers;
    char folder[64];
    char error[120]; /* "" when it is ready */
    bool no_memory;  /* it is not, for want of it */
};

struct cell_order {
    uint64_t n; /* bytes of all, this struct included */
    struct sandbox_limits limits;
    uint32_t n_args, n_fetch, n_files;
    uint32_t warm;
    uint64_t input_n;
};

struct cell_file {
    uint64_t n;      /* of content */
    uint32_t name_n; /* with its NUL */
    uint32_t executable;
};

struct cell_reply {
    uint64_t n;
    int32_t end, code;
    uint32_t signaled;
    uint32_t last; /* 1: the cell takes no further order */
    uint32_t starved, waited;
    double cpu_ms, wall_ms;
    uint64_t peak_bytes;
    uint64_t out_n, err_n, channel_n, fetched_n[SANDBOX_MAX_FETCH];
    uint8_t was_fetched[SANDBOX_MAX_FETCH];
    char error[128];
};

/* Be a cell: serve the socket until it closes. Never returns. In a forked child only. */
_Noreturn void cell_main(int socket, const struct sandbox_options *o);

#endif
