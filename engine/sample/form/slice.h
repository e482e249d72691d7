/* engine/sample/form/slice.h - tokens of plain characters, which are taken or refused together.
 *
 * Inside a JSON string, and wherever else a form takes any text, nearly the whole vocabulary may come
 * next. A token is *plain* when its bytes are whole characters without controls, line ends, " and \.
 * Such tokens need not be tried one by one: it is enough that every text of so many plain characters
 * goes on from where the output stands. slice_reach() finds how many, by one search over the states
 * of the form's reader. It takes a few dozen steps, because most texts lead to the same few states.
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

/* The characters of a plain text; 0: it is not plain. */
int slice_chars(struct span text);

/* A thread's room for searches. */
struct slice_search;

/* NULL and ERROR_NO_MEMORY on failure. Free with slice_search_free(), which accepts NULL. */
struct slice_search *slice_search_new(struct error *err);
/* Accepts NULL. */
void slice_search_free(struct slice_search *s);

/* Some k up to which every text of at most k plain characters goes on from a state of a form's
 * reader: the largest up to `most`, or less where the search would be long; SLICE_ALL when it is
 * clear that there is no end. uid tells readers apart (form_uid). */
int slice_reach(struct slice_search *s, struct earley *e, uint64_t uid, int state, int most);

#endif
