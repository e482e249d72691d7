/* engine/sample/form/grammar.h - a context-free grammar whose terminals are expressions over bytes.
 *
 * Every front end (JSON Schema, EBNF, choices, tools) writes its form as one of these; earley.h
 * reads outputs by it. A symbol is a number: a rule's is 0 or more, a terminal's below 0.
 *
 * The grammar owns its expressions' pool. Calls after a failure (no memory, a bound passed) do
 * nothing, and grammar_finish() tells it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_GRAMMAR_H
#define ENGINE_SAMPLE_FORM_GRAMMAR_H

#include "base/error.h"
#include "engine/sample/form/rx.h"

enum {
    GRAMMAR_MAX_NODES = 1 << 20,      /* expressions, those that reading makes included */
    GRAMMAR_MAX_DERIVATIVES = 400000, /* taken while it is made */
    GRAMMAR_MAX_SYMBOLS = 1 << 19,    /* of all right sides together */
    GRAMMAR_MAX_TERMINALS = 1 << 16
};

struct grammar;

/* NULL without memory. Free with grammar_free(). */
struct grammar *grammar_new(void);

/* Frees its pool too. Accepts NULL. */
void grammar_free(struct grammar *g);

/* Where expressions for its terminals are made. Borrowed. */
struct rx_pool *grammar_pool(struct grammar *g);

/* A terminal: the texts of a. May match the empty text too. Equal expressions give equal
 * symbols. */
int grammar_terminal(struct grammar *g, rx a);

/* A new rule, without alternatives. */
int grammar_rule(struct grammar *g);

/* One more alternative of a rule: n symbols, none for the empty text. Copied. */
void grammar_add(struct grammar *g, int rule, const int *symbols, int n);

/* No symbol: where none is meant, and behind the last one of an alternative. */
#define GRAMMAR_NO_SYMBOL INT32_MIN

/* A rule: nothing, or a. */
int grammar_optional(struct grammar *g, int a);

/* A rule: a between min and max times (RX_UNBOUNDED), each but the first after sep, which may be
 * GRAMMAR_NO_SYMBOL. */
int grammar_repeat(struct grammar *g, int a, int sep, int min, int max);

/* The grammar is complete and begins with start. Alternatives that match no text are taken out, so
 * that whatever begins a text of the grammar can be finished. ERROR_INVALID_VALUE when nothing at
 * all matches, ERROR_TOO_LARGE past a bound. */
bool grammar_finish(struct grammar *g, int start, struct error *err);

/* ---- for the reader (after grammar_finish) --------------------------------------------------- */

/* A dot is a place in a right side: dots of one alternative follow each other. This is the first. */
int grammar_start_dot(const struct grammar *g);

/* By dot: the symbol behind it, or GRAMMAR_NO_SYMBOL at an alternative's end. Borrowed. */
const int *grammar_symbols(const struct grammar *g);

/* The rule whose alternative a dot is in. */
int grammar_rule_of(const struct grammar *g, int dot);

/* The alternatives of a rule: their first dots, *n of them. Borrowed. */
const int *grammar_alternatives(const struct grammar *g, int rule, int *n);

/* Does a rule derive the empty text? */
bool grammar_is_nullable(const struct grammar *g, int rule);

/* How many rules there are, and terminals. */
int grammar_rules(const struct grammar *g);
/* Terminals are the symbols -1 to -grammar_terminals(). */
int grammar_terminals(const struct grammar *g);

/* The expression of a terminal. */
rx grammar_terminal_rx(const struct grammar *g, int symbol);

#endif
