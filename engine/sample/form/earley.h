/* engine/sample/form/earley.h - reading an output by a grammar, byte by byte.
 *
 * After any bytes a reader is in a state: a number that says all about what may follow. Equal
 * situations are equal numbers and a step that was made once is a table look-up, so that most of a
 * stream costs what a DFA costs, though forms may nest without bound. States are shared by all who
 * read by the same form; going back is keeping the old number.
 *
 * The method is Earley's (J. Earley, "An Efficient Context-Free Parsing Algorithm", CACM 13, 1970;
 * empty rules as in Aycock and Horspool, "Practical Earley Parsing", 2002) over terminals that are
 * expressions (lexer.h). No terminal is chosen before its time: wherever one may end, the reader
 * follows both ways, so a text is taken exactly when the grammar derives it.
 *
 * States that were only looked at are forgotten when a reader has grown past EARLEY_FORGET_BYTES: who
 * stands in one says so (earley_keep). A reader whose kept states, or one walk's, take more than
 * EARLEY_MAX_BYTES gives up (earley_failed).
 *
 * One thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_EARLEY_H
#define ENGINE_SAMPLE_FORM_EARLEY_H

#include "engine/sample/form/grammar.h"

enum { EARLEY_NOT_MET = -2, EARLEY_DEAD = -1, EARLEY_START = 0 };

#define EARLEY_FORGET_BYTES ((size_t)8 << 20)
#define EARLEY_MAX_BYTES ((size_t)48 << 20)

struct earley;

/* A reader for a finished grammar, which it takes and frees. NULL and ERROR_NO_MEMORY on failure.
 * Free with earley_free(). */
struct earley *earley_new(struct grammar *g, struct error *err);

/* Accepts NULL. */
void earley_free(struct earley *e);

/* The state after one byte more, or EARLEY_DEAD when no text of the form goes on so, or when there
 * is no memory: then earley_failed(). */
int earley_step(struct earley *e, int state, uint8_t byte);

/* An output stands in a state: its number stays what it is. All states that were never kept may be
 * forgotten here, so that their numbers, and what earley_steps() gave, are of no use any more. */
void earley_keep(struct earley *e, int state);

/* What earley_keep() does when a reader has grown: states that were never kept are forgotten. */
void earley_forget(struct earley *e);

/* For who takes many steps: the steps from a state by the byte's class (earley_class_of), each a
 * state, EARLEY_DEAD, or EARLEY_NOT_MET where earley_step() must be asked. Filled in as steps
 * are made; lives until the next earley_keep() or earley_forget(). NULL: e has given up. */
const int *earley_steps(struct earley *e, int state);

/* Call fn for what is left of each terminal that is being read in a state, until it returns true.
 * Whether it did. */
bool earley_any_left(const struct earley *e, int state, bool (*fn)(void *arg, rx left), void *arg);

/* Where the expressions of terminals live. */
struct rx_pool *earley_pool(const struct earley *e);

/* The class of each byte: bytes of a class lead from any state to the same. */
const uint8_t *earley_class_of(const struct earley *e);

/* A text shall not begin with any of these bytes, before which nothing was read yet. */
void earley_not_first(struct earley *e, const char *bytes);

/* May the text end here? */
bool earley_may_end(const struct earley *e, int state);

/* Must it: does nothing go on? */
bool earley_must_end(const struct earley *e, int state);

/* The one byte that the text goes on by; -1: there is none, or more than one, or it may end. */
int earley_only_byte(struct earley *e, int state);

/* Has it given up (no memory, too large)? Every step is EARLEY_DEAD from then on. */
bool earley_failed(const struct earley *e);

/* Bytes held by states, rows and the lexer. */
size_t earley_bytes(const struct earley *e);

#endif
