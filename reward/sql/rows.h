/* reward/sql/rows.h - the result of a query: rows of cells, packed for a pipe, read back and
 * compared.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_SQL_ROWS_H
#define REWARD_SQL_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/span.h"

/* In the order in which they sort. Numbers sort last, so that what may differ by a tolerance never
 * decides where a row stands while anything else does. */
enum cell_kind { CELL_NULL, CELL_BLOB, CELL_TEXT, CELL_INT, CELL_REAL };

struct cell {
    enum cell_kind kind;
    union {
        int64_t i;
        double real; /* never NaN: SQLite makes that NULL */
        struct span bytes;
    };
};

struct rows {
    const struct cell *cells; /* [n, columns] */
    size_t n, columns;
};

enum { ROWS_MAX_CELLS = 400000, ROWS_MAX_COLUMNS = 2000 };

/* Append a cell. */
void rows_pack(struct buffer *out, const struct cell *c);

/* n rows of that many columns from packed cells, whose bytes they borrow. False: they make no sense,
 * or the arena is full. */
bool rows_read(struct span packed, size_t columns, size_t n, struct arena *a, struct rows *out);

/* What counts when two results are compared. */
struct rows_comparison {
    bool ordered;              /* the order of rows */
    bool distinct;             /* not how often a row is there (and then not the order) */
    bool any_columns;          /* not the order of columns */
    double absolute, relative; /* two fractions (or a fraction and a whole number) are the same this
                                  near to each other; whole numbers exactly */
};

/* Are they the same? False as well when the arena is full (arena_failed()). */
bool rows_same(const struct rows *wanted, const struct rows *given,
               const struct rows_comparison *how, struct arena *a);

#endif
