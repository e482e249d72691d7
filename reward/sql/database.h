/* reward/sql/database.h - one query on one database in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_SQL_DATABASE_H
#define REWARD_SQL_DATABASE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/span.h"
#include "reward/sql/rows.h"

struct query_order {
    struct span script;       /* SQL that makes the tables and fills them */
    struct span query;        /* one statement that reads */
    double script_s, query_s; /* CPU seconds */
    size_t memory_bytes;
    size_t result_bytes; /* of the packed answer, about */
};

enum query_end {
    QUERY_ROWS,
    QUERY_NO_DATABASE, /* the script fails */
    QUERY_FAILS,       /* the query does, or is none, or more than one, or changes something */
    QUERY_TIME,
    QUERY_MEMORY,
    QUERY_TOO_MANY, /* its result is too large */
    QUERY_ENDS
};

/* What came of it; texts borrow from the packed answer. */
struct query_answer {
    enum query_end end;
    struct span message; /* SQLite's, of a failure */
    struct rows rows;    /* QUERY_ROWS */
};

/* A confined_work: arg is a struct query_order. */
void database_answer(const void *arg, struct buffer *out);

/* Take the packed answer apart. False: it makes no sense, or the arena is full. */
bool database_read_answer(struct span packed, struct arena *a, struct query_answer *out);

#endif
