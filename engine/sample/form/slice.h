/* engine/sample/form/slice.h - tokens of plain characters, which are taken or refused together.
 *
 * Inside a JSON string, and wherever else a form takes any text, nearly the whole vocabulary may come
 * next. A token is *plain* when its bytes are whole characters without controls, line ends, " and \.
 * Such tokens need not be tried one by one: it is enough that every text of so many plain characters
 * goes on from where the output stands. slice_reach() finds how many, by one search over the states
 * of the form's reader. It takes a few dozen steps, because most texts lead to the same few states,
 * or none, where one of the terminals being read is clearly of any text (rx_loop).
 * Tokens of ASCII letters and digits alone are a slice of their own, for forms that take only these
 * and a few more (addresses, names).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_SLICE_H
#define ENGINE_SAMPLE_FORM_SLICE_H

#include <stdint.h>

#include "base/span.h"
#include "engine/sample/form/earley.h"

enum {
    SLICE_ALL = 1 << 30, /* as many characters as one likes */
    SLICE_STATES = 256   /* that a search looks at, at most */
};

enum slice { SLICE_WORDS, SLICE_PLAIN, SLICES };

/* The slice that a text is of, and how many characters it has. SLICES: it is of none. */
enum slice slice_of(struct span text, int *chars);

/* A thread's room for searches. */
struct slice_search;

/* NULL and ERROR_NO_MEMORY on failure. Free with slice_search_free(), which accepts NULL. */
struct slice_search *slice_search_new(struct error *err);
/* Accepts NULL. */
void slice_search_free(struct slice_search *s);

/* Some k up to which every text of at most k characters of a slice goes on from a state of a form's
 * reader: the largest up to `most`, or less where the search would be long; SLICE_ALL when it is
 * clear that there is no end. SLICE_PLAIN counts those of SLICE_WORDS too. uid tells readers apart
 * (form_uid). */
int slice_reach(struct slice_search *s, enum slice slice, struct earley *e, uint64_t uid, int state,
                int most);

#endif
