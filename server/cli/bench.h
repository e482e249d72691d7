/* server/cli/bench.h - what `touchstone bench` measures, and how it is told.
 *
 *   bench.c         the command: flags, the list of measurements
 *   bench_run.c     one measurement, on a running engine
 *   bench_report.c  the figures as Markdown tables or as JSON
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_BENCH_H
#define SERVER_CLI_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"

enum {
    BENCH_MAX_ROWS = 64,
    BENCH_MAX_BATCH = 4096,
    BENCH_MAX_REPEAT = 100,
};

enum bench_part {
    BENCH_PROMPT,      /* one prompt, read */
    BENCH_BATCH,       /* samples that decode together */
    BENCH_CONTEXT,     /* one long prompt, then decoding at its end */
    BENCH_FIRST_TOKEN, /* how long a newcomer waits while a batch decodes */
    BENCH_PARTS
};

/* The parts' names, for flags and JSON: "prompt", "batch", "context", "first-token". */
extern const char *const bench_part_names[BENCH_PARTS];

/* One measurement: what is asked, then what came out (the median of the runs). Zero: it does not apply. */
struct bench_row {
    enum bench_part part;
    int batch, prompt, generate; /* samples; tokens of each */

    double seconds;           /* from submitting to the last token */
    double prompt_rate;       /* prompt tokens/s, until every sample has its first token */
    double decode_rate;       /* tokens/s after that, all samples together */
    double first_token;       /* seconds to the first token */
    double first_token_worst; /* BENCH_FIRST_TOKEN: the slowest of the newcomers */
};

struct bench_report {
    const struct engine_info *info;
    struct engine_limits limits;
    int64_t loaded_bytes; /* resident when the model was loaded */
    int64_t peak_bytes;   /* the most that ever was resident */
    struct bench_row rows[BENCH_MAX_ROWS];
    int n;
};

/* For struct engine_options.wake, before the first measurement. */
void bench_init(void);
/* The engine has events. */
void bench_wake(void *unused);

/* Work for a second: after a rest a processor, or its host, takes that long to reach its speed. */
bool bench_warm_up(struct engine *e, uint64_t *draw, struct error *err);

/* Measure row->part with its batch, prompt and generate, `repeat` times. *draw is the state of
 * the random tokens: no two prompts are alike. */
bool bench_measure(struct engine *e, struct bench_row *row, int repeat, uint64_t *draw,
                   struct error *err);

/* The report as Markdown. */
void bench_print_tables(const struct bench_report *r, FILE *out);
/* The report as one JSON object. */
void bench_print_json(const struct bench_report *r, FILE *out);

#endif
