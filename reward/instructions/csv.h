/* reward/instructions/csv.h - comma-separated values, read as Python's csv module does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_CSV_H
#define REWARD_INSTRUCTIONS_CSV_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

enum { CSV_MOST_FIELDS = 64 };

struct csv {
    struct span text;
    char delimiter;
    size_t at;
    char *out;   /* where fields go: room for the whole text, once; csv.c's */
    bool failed; /* the arena was full */
};

struct csv_row {
    struct span fields[CSV_MOST_FIELDS];
    size_t n; /* may be more than are kept; 0: an empty line */
};

/* The next row, its fields without their quotation marks, new in a. False: there is none, or
 * failed. */
bool csv_next(struct csv *c, struct arena *a, struct csv_row *row);

#endif
