/* reward/math/parser.h - what the parser's two halves share: parse.c (operators and lists) and
 * primary.c (what stands between operators).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_PARSER_H
#define REWARD_MATH_PARSER_H

#include "reward/math/parse.h"

struct parser {
    struct arena *arena;
    struct token *t; /* the next token */
    int depth;
    int bars;       /* open |, which the next | in operator position closes */
    bool after_bar; /* the last token was a | that closed */
    int integrals;  /* open \int, which "d x" closes */
    bool in_set;    /* : and | separate (set-builder) */
    bool skip_amp;  /* & means nothing (align) */
    struct span text;
    struct error *err;
};

/* All return NULL with p->err set on failure. */
const struct expr *parse_fail(struct parser *p, const char *what);
const struct expr *parser_list(struct parser *p, bool *trailing); /* a, b; c and d */
const struct expr *parser_relation(struct parser *p);             /* a < b = c */
const struct expr *parser_sum(struct parser *p);                  /* a + b */
const struct expr *parser_term(struct parser *p);                 /* a b / c */
const struct expr *parser_power(struct parser *p);                /* a^b! */
const struct expr *parser_primary(struct parser *p);
const struct expr *parser_exponent(struct parser *p); /* what may follow ^ */

bool parser_starts_operand(const struct parser *p);
bool parser_take(struct parser *p, enum token_kind k);
enum token_kind parser_next(struct parser *p);
struct span parser_words(struct parser *p); /* a run of T_TEXT with units' operators */

#endif
