/* engine/sample/form/rows.h - what may stand at a place of an output: Earley's sets of items.
 *
 * An item is a dot in an alternative, and what follows when that alternative ends. Earley keeps the
 * place where the alternative began; but of that place only the items matter that wait for its rule
 * there, and so those are kept: a *group*, the same number wherever they are the same. A row is
 * made where a terminal ended: its kernel are the items whose dot has just passed the terminal, and
 * all other items follow from these (the closure). Rows with equal kernels are one row, known by
 * number. So a situation that comes again, in the next round of a list or another object, costs
 * nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_ROWS_H
#define ENGINE_SAMPLE_FORM_ROWS_H

#include <stddef.h>

#include "engine/sample/form/grammar.h"

struct rows;

enum { ROWS_NONE = -1, ROWS_FIRST = 0 };

/* For a finished grammar, borrowed. Row ROWS_FIRST is the place before the first byte. NULL without
 * memory. Free with rows_free(), which accepts NULL. */
struct rows *rows_new(const struct grammar *g);

/* Accepts NULL. */
void rows_free(struct rows *r);

/* Begin the kernel of the next row. */
void rows_begin(struct rows *r);

/* Add what passes when the terminals that ended (n symbols) stood at a row's dots. False: no
 * memory. */
bool rows_pass(struct rows *r, int row, const int *ended, int n);

/* The row of the kernel, made if there is none. ROWS_NONE: no memory. */
int rows_make(struct rows *r);

/* The terminals that a row waits for, rising. Borrowed until the next row is made. */
const int *rows_terminals(const struct rows *r, int row, int *n);

/* May the text end at a row? */
bool rows_is_whole(const struct rows *r, int row);

/* The next sweep spares a row. */
void rows_mark(struct rows *r, int row);

/* Forget all rows but the first that were not marked since the last sweep; their numbers are given
 * to others. False: no memory. */
bool rows_sweep(struct rows *r);

/* Bytes held. */
size_t rows_bytes(const struct rows *r);

#endif
