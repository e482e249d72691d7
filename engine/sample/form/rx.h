/* engine/sample/form/rx.h - regular expressions over bytes, by derivatives.
 *
 * What is left to match after a byte is again an expression (Brzozowski, "Derivatives of Regular
 * Expressions", J. ACM 11, 1964), so intersection and complement cost no more than alternatives:
 * a pattern with a length and a format, or a key unlike some others, is one expression and exact.
 *
 * Expressions are numbers of nodes in a pool. Equal expressions are one node (hash-consing after a
 * few laws: a|a = a, and so on), and so the derivatives of an expression are few and can be the
 * states of an automaton (lexer.h). A node never changes and lives as long as its pool.
 *
 * Every call accepts RX_NONE. A pool that is full or has no memory remembers it (rx_failed) and
 * answers RX_NONE from then on: ask once at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_RX_H
#define ENGINE_SAMPLE_FORM_RX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

typedef int32_t rx; /* a node of a pool */

enum {
    RX_NONE = 0,  /* matches nothing */
    RX_EMPTY = 1, /* matches the empty text alone */
    RX_ALL = 2,   /* matches every text */
    RX_UNBOUNDED = -1
};

struct rx_pool;

/* A pool of at most max_nodes nodes. NULL without memory. Free with rx_pool_free(). */
struct rx_pool *rx_pool_new(int max_nodes);

/* Its nodes go with it. Accepts NULL. */
void rx_pool_free(struct rx_pool *p);

/* Has a node been refused? */
bool rx_failed(const struct rx_pool *p);

/* Refuse all from now on: something failed elsewhere (no memory, say). */
void rx_give_up(struct rx_pool *p);

/* From now on at most so many derivatives are taken, then the pool gives up; below 0: any
 * number. */
void rx_set_budget(struct rx_pool *p, long derivatives);

/* Nodes made so far: what an expression and its derivatives cost. */
int rx_nodes(const struct rx_pool *p);

enum { RX_KEPT = 16 };

/* Remember an expression of the pool at a place below RX_KEPT, for who asks for it again and again. */
void rx_keep(struct rx_pool *p, int place, rx a);

/* What is remembered there; RX_NONE: nothing yet. */
rx rx_kept(const struct rx_pool *p, int place);

/* One byte of a set: bit b of 256 is set[b / 8] >> b % 8 & 1. */
rx rx_bytes(struct rx_pool *p, const uint8_t set[32]);

/* This byte. */
rx rx_byte(struct rx_pool *p, uint8_t byte);

/* One byte from low to high. */
rx rx_byte_range(struct rx_pool *p, int low, int high);

/* The bytes of a text, in order. */
rx rx_text(struct rx_pool *p, struct span text);

/* a, then b. */
rx rx_cat(struct rx_pool *p, rx a, rx b);

/* a or b. */
rx rx_or(struct rx_pool *p, rx a, rx b);

/* Texts of both a and b. */
rx rx_and(struct rx_pool *p, rx a, rx b);

/* Every text but a's. */
rx rx_not(struct rx_pool *p, rx a);

/* a, min to max times (RX_UNBOUNDED: any number). */
rx rx_repeat(struct rx_pool *p, rx a, int min, int max);

enum { RX_MAX_DIVISOR = 1 << 20 };

/* Texts of digits, with points that are passed over, whose digits as one number are a multiple of m
 * (1 to RX_MAX_DIVISOR): for multipleOf. The empty text counts as 0. */
rx rx_multiple(struct rx_pool *p, int m);

/* All of n alternatives at once: cheaper than one by one. */
rx rx_any_of(struct rx_pool *p, const rx *list, int n);

/* Does a match the empty text? */
bool rx_nullable(const struct rx_pool *p, rx a);

/* What is left of a after one byte. */
rx rx_derive(struct rx_pool *p, rx a, uint8_t byte);

/* Does a match the one text that an expression of rx_text() matches? RX_NONE has none. */
bool rx_matches(struct rx_pool *p, rx a, rx text);

/* Some x such that a goes on after any texts of x, at most *times of them (RX_UNBOUNDED) one after
 * another, as is clear from how it is written: x*, x{,9} and what follows, x* also without finitely
 * many texts. RX_NONE: none is clear. */
rx rx_loop(const struct rx_pool *p, rx a, int *times);

/* The sets of bytes that an expression's derivative depends on: bytes that are in the same of them
 * lead to the same. */
struct rx_heads {
    int sets[64];
    int n;
};

/* Add those of a to h. False: there are more than fit. */
bool rx_add_heads(const struct rx_pool *p, rx a, struct rx_heads *h);

/* In which of the sets a byte is: bit i for the i-th. */
uint64_t rx_heads_of(const struct rx_pool *p, const struct rx_heads *h, uint8_t byte);

enum rx_life { RX_DEAD, RX_ALIVE, RX_TOO_HARD };

/* Does a match any text at all? Only intersections and complements need a search, of at most
 * max_nodes derivatives; what is learnt is kept, also that a search was too long. */
enum rx_life rx_life(struct rx_pool *p, rx a, int max_nodes);

/* Bytes that no expression of the pool tells apart: class_of[b] is below the number returned. New
 * sets may refine them, derivatives never do. */
int rx_classes(struct rx_pool *p, uint8_t class_of[256]);

#endif
