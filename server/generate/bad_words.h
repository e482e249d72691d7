/* server/generate/bad_words.h - words that must not come in an output.
 *
 * As vLLM has it: a word is banned as the ids that it has at a text's beginning and as those that it has
 * behind a blank, where these differ. The last id of each may not follow the others; other ways to
 * cut the same letters into tokens are not looked for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_BAD_WORDS_H
#define SERVER_GENERATE_BAD_WORDS_H

#include <stdbool.h>

#include "base/error.h"

struct completion;

enum { BAD_WORDS_MOST = 1024, BAD_WORD_BYTES = 256 };

/* The ids of c's bad words into its sampling, in its arena. False and "bad_words[i]". */
bool bad_words_set(struct completion *c, struct error *err);

#endif
