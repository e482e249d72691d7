/* reward/instructions/pieces.h - a text cut as Python's str and re cut it: words at white space,
 * pieces at a separator, lines.
 *
 * Iteration goes over what is left: each call takes the next piece off the front. Nothing is
 * allocated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_PIECES_H
#define REWARD_INSTRUCTIONS_PIECES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

/* The character at text[at], or before it; 0 at the end or the start. *n, which may be NULL, is its
 * bytes. */
uint32_t char_at(struct span text, size_t at, size_t *n);
uint32_t char_before(struct span text, size_t at, size_t *n); /* the same */

/* Is the text nothing but white space? */
bool is_blank(struct span text);

/* text.split(): the next word. False when there is none. */
bool next_word(struct span *rest, struct span *word);

/* The first word, or the last; empty when there is none. */
struct span first_word(struct span text);
struct span last_word(struct span text); /* the same */

/* re.findall(r"\w+"): the next run of characters that `belongs` takes. */
bool next_run(struct span *rest, bool (*belongs)(uint32_t), struct span *run);

/* What split(separator) is left with: pieces one after the other, the empty ones too. */
struct pieces {
    struct span text, separator;
    bool loose; /* a white-space character on either side belongs to the separator: \s?sep\s? */
    size_t at;
    bool done;
};

/* The next piece, at least one. */
bool next_piece(struct pieces *p, struct span *piece);

/* Cut at the separator: text is its pieces, of which the first and the last may be blank. *n is how
 * many are not. False: one in between is blank. */
bool count_pieces(struct span text, const char *separator, bool loose, size_t *n);

/* text.strip(c) of one ASCII character. */
struct span strip_char(struct span text, char c);

/* text.strip(string.punctuation + " "), and the same at one end. */
struct span strip_marks(struct span text);
struct span strip_marks_left(struct span text);  /* the same */
struct span strip_marks_right(struct span text); /* the same */

/* The text without marks of ASCII, new in a. p NULL: a is full. */
struct span without_marks(struct span text, struct arena *a);

/* Characters of a text. */
size_t count_chars(struct span text);

/* The word reads the same backwards, by characters: a single one does. */
bool is_palindrome(struct span word);

#endif
