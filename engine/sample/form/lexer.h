/* engine/sample/form/lexer.h - several terminals of a grammar, read at once.
 *
 * A state says, for each terminal that may stand here, what is left of its expression. States are
 * numbers, made when first met and never changed: equal states are one, so reading is a table look
 * up once a byte was met there (a lazy DFA). State LEXER_DEAD has no terminal left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_LEXER_H
#define ENGINE_SAMPLE_FORM_LEXER_H

#include "engine/sample/form/grammar.h"

enum { LEXER_DEAD = 0 };

struct lexer;

/* For a finished grammar, which is borrowed. NULL without memory. Free with lexer_free(). */
struct lexer *lexer_new(struct grammar *g);

/* Accepts NULL. */
void lexer_free(struct lexer *l);

/* Before the first byte, where n terminals (symbols, rising) may stand. */
int lexer_start(struct lexer *l, const int *terminals, int n);

/* After one byte more. LEXER_DEAD too when there is no memory: then lexer_failed(). */
int lexer_step(struct lexer *l, int state, uint8_t byte);

/* The steps from a state by class, as far as they were met (-1: not yet); NULL: none was. Borrowed
 * until the next call that makes a state. */
const int *lexer_steps(const struct lexer *l, int state);

/* Every step that was met is forgotten, to be made again: no state is. */
void lexer_forget_steps(struct lexer *l);

/* Bytes held by states and steps. */
size_t lexer_bytes(const struct lexer *l);

/* What is left of the i-th terminal of a state; RX_NONE: it has no more. */
rx lexer_left(const struct lexer *l, int state, int i);

/* The terminals that end here. Borrowed, until the next call that makes a state. */
const int *lexer_ended(const struct lexer *l, int state, int *n);

/* May any terminal go on? */
bool lexer_goes_on(const struct lexer *l, int state);

/* Has memory, or the pool of expressions, run out? */
bool lexer_failed(const struct lexer *l);

/* The class of each byte: bytes of a class lead from any state to the same. */
const uint8_t *lexer_class_of(const struct lexer *l);

/* How many classes there are. */
int lexer_classes(const struct lexer *l);

#endif
