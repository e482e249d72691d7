/* reward/math/read/words.h - answers that are words: names, yes and no.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_WORDS_H
#define REWARD_MATH_READ_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/span.h"

/* The same words: letter case, white space, \text{}, quotes, final stops and English articles do
 * not matter. False when either has no words. */
bool words_same(struct arena *a, struct span x, struct span y);

/* s is a version or the like, whose digits are no number: "v2.14.1", "3.11.4". */
bool words_version(struct span s);

/* The same property of a letter, in any order: "n is odd", "odd n", "all odd integers n". */
bool words_same_property(struct arena *a, struct span x, struct span y);

/* s begins with head, where its ASCII letters may be capitals; head has none. */
bool words_start(struct span s, struct span head);

/* s begins with the NUL-terminated head, as it is written; for loops over tables of words: its length is not asked
 * for. */
static inline bool words_opens(struct span s, const char *head)
{
    size_t i = 0;
    while (head[i] != 0 && i < s.n && s.p[i] == head[i]) {
        i++;
    }
    return head[i] == 0;
}

/* The same, where letters of s may be capitals. */
static inline bool words_begin(struct span s, const char *head)
{
    size_t i = 0;
    while (head[i] != 0 && i < s.n &&
           ascii_lower((unsigned char)s.p[i]) == (unsigned char)head[i]) {
        i++;
    }
    return head[i] == 0;
}

/* The reference g puts three capitals or more in an order of its own, not the alphabet's ("BDAC", an order of steps), and
 * a is the same letters, among nothing but small ones and signs, in another: no set of choices and no product is meant. */
bool words_other_order(struct span g, struct span a);

/* The next word of folded s from *i on, which is moved behind it; false where none is left. */
bool words_next(struct span s, size_t *i, struct span *word);

/* w is one of the list, whose end is NULL. */
bool words_in(struct span w, const char *const *list);

/* The words of s, lower-cased, one space between; articles dropped unless nothing else is there. */
struct span words_fold(struct arena *a, struct span s);

/* s is word and the name of the things that it is said of: "isosceles" of "an isosceles triangle".
 * Of the names of mathematics and science alone: "Paris" is no "Paris Hilton". */
bool words_with_noun(struct arena *a, struct span word, struct span s);

/* s without what wraps an answer: white space, $ \( \[ ** quotes around it, a final stop, one
 * \boxed{} or \text{} around all of it, chat markers such as <|im_end|> at its end. */
struct span words_unwrap(struct span s);

/* The offset after the bracket that closes the one at s.p[i] ({ with LaTeX escapes, ( or [);
 * SPAN_NONE when none does. */
size_t words_close(struct span s, size_t i);

#endif
