/* reward/math/read/parse.h - an answer's text as a tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_PARSE_H
#define REWARD_MATH_READ_PARSE_H

#include "reward/math/tree/expr.h"
#include "reward/math/read/lexer.h"

enum { PARSE_MAX_DEPTH = 200, PARSE_MAX_LIST = 4096 };

/* The tree of text, which is one answer: an expression, a list, a relation, a set, words. It lives
 * as long as a and points into text. NULL and ERROR_UNPARSABLE with the byte offset when text is
 * none, ERROR_TOO_LARGE past a limit. */
const struct expr *parse_answer(struct arena *a, struct span text, enum lexer_reading reading,
                                struct error *err);

#endif
