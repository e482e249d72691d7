/* reward/math/read/parser.h - what the parser's files share: parse.c (operators and lists), primary.c
 * (what stands between operators) and parse_*.c (its kinds).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_PARSER_H
#define REWARD_MATH_READ_PARSER_H

#include <assert.h>

#include "reward/math/read/parse.h"

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

/* Go on from t, one of the parser's tokens. */
static inline void parser_seek(struct parser *p, const struct token *t)
{
    assert(t >= p->t); /* no token is read twice but after a failure */
    p->t += t - p->t;
}

/* The error "what at the next token", unless there is one already; NULL. Whatever gives a tree gives
 * NULL with p->err set on failure. */
const struct expr *parse_fail(struct parser *p, const char *what);

/* a, b; c and d. *trailing: a separator stood last. */
const struct expr *parser_list(struct parser *p, bool *trailing);

/* a + b */
const struct expr *parser_sum(struct parser *p);

/* a b / c */
const struct expr *parser_term(struct parser *p);

/* a^b! */
const struct expr *parser_power(struct parser *p);

/* What stands between operators. */
const struct expr *parser_primary(struct parser *p);

/* What may follow ^. */
const struct expr *parser_exponent(struct parser *p);

/* The next token begins one more factor of a term. */
bool parser_starts_operand(const struct parser *p);

/* The next token begins a factor of an argument without parentheses, the first or a further one. */
bool parser_starts_argument(const struct parser *p, bool first);

/* The next [ stands where only ] would: ]a, b[. */
bool parser_closes_outward(const struct parser *p);

/* The next token, & aside where it means nothing. */
enum token_kind parser_next(struct parser *p);

/* Take the next token if it is of kind k. */
bool parser_take(struct parser *p, enum token_kind k);

/* A run of T_TEXT with the operators of units between, taken. */
struct span parser_words(struct parser *p);

/* The kinds of operand, named after them: each reads from its first token on and returns NULL
 * with p->err set on failure. The others are what they share. */

/* ---- primary.c ------------------------------------------------------------------------------- */

/* e itself; without one, an error of memory unless there is an error already. */
const struct expr *operand_node(struct parser *p, const struct expr *e);

/* e, marked as standing in parentheses of its own. */
const struct expr *operand_grouped(struct parser *p, const struct expr *e);

/* One argument as TeX takes it: a digit, a group or a token. */
const struct expr *operand_tex_argument(struct parser *p);

/* base_sub as one name; the subscript is the next token. */
const struct expr *operand_subscripted(struct parser *p, struct span base);

/* ---- parse_brackets.c ------------------------------------------------------------------------ */

/* What an open bracket hides. */
struct inside {
    int bars, integrals;
    bool in_set, skip_amp;
};

/* Begin and end a bracket. */
struct inside operand_enter(struct parser *p, bool in_set);

/* The end of a bracket: was is what its beginning gave. */
void operand_leave(struct parser *p, struct inside was);

/* True with an error set when the nesting is deeper than PARSE_MAX_DEPTH. */
bool operand_too_deep(struct parser *p);

/* A list up to one of two closing tokens; *close says which. An empty one is an empty tuple. */
const struct expr *operand_bracketed(struct parser *p, enum token_kind k1, enum token_kind k2,
                                     int *close, bool *trailing);

/* The elements of a bracket's list, as a node of another kind. */
struct expr *operand_regroup(struct parser *p, const struct expr *e, enum expr_kind kind, int op);

/* (a, b), [a, b), ( a + b ): a tuple, an interval or what stands inside. */
const struct expr *operand_round_or_square(struct parser *p);

/* a, b[ and a, b] after an opening ]: intervals as French texts write them. */
const struct expr *operand_outward(struct parser *p);

/* {a}, also a list: a set of op 1. */
const struct expr *operand_tex_group(struct parser *p);

/* \{a, b\}, \{x : x > 0\} */
const struct expr *operand_set(struct parser *p);

/* E_FUNC op of x; NULL for NULL. */
const struct expr *operand_function_of(struct parser *p, int op, const struct expr *x);

/* |x|, ||x||, |0\rangle, the determinant of a matrix between bars. */
const struct expr *operand_absolute(struct parser *p);

/* The argument of op between the next token and close. */
const struct expr *operand_between(struct parser *p, enum token_kind close, int op);

/* \langle a, b \rangle, a tuple. */
const struct expr *operand_angle(struct parser *p);

/* ---- parse_number.c -------------------------------------------------------------------------- */

/* \frac12: an argument without braces is one digit. Leaves the other digits in the token. */
const struct expr *operand_first_digit(struct parser *p);

/* A number and what belongs to it: a base, repeating digits, minutes. */
const struct expr *operand_number(struct parser *p);

/* The number alone, whatever follows it. */
const struct expr *operand_plain_number(struct parser *p);

/* (1011)_2: the number in the base that the next token names. */
const struct expr *operand_in_base(struct parser *p, const struct expr *number);

/* ---- parse_function.c ------------------------------------------------------------------------ */

/* x, x_1, f(x), C(5, 2), an operator applied. */
const struct expr *operand_name(struct parser *p);

/* \sin^2 x, \log_2 x, \max(a, b) */
const struct expr *operand_function(struct parser *p);

/* {}_5 C_2, ^5 P_2: from the script or the empty group on. */
const struct expr *operand_prescript(struct parser *p);

/* The d of dx. */
bool operand_is_letter_d(const struct token *t);

/* \frac{a}{b}, \frac{d}{dx} y, \frac{dy}{dx} */
const struct expr *operand_fraction(struct parser *p);

/* \sqrt[n]{x} */
const struct expr *operand_root(struct parser *p);

/* \binom{n}{k} */
const struct expr *operand_binomial(struct parser *p);

/* ---- parse_big.c ----------------------------------------------------------------------------- */

/* \sum, \prod with their limits. */
const struct expr *operand_big_sum(struct parser *p);

/* \int_a^b f dx */
const struct expr *operand_integral(struct parser *p);

/* \lim_{x \to a} f */
const struct expr *operand_limit(struct parser *p);

/* ---- parse_matrix.c -------------------------------------------------------------------------- */

/* \begin{pmatrix} ... \end{pmatrix}, cases, aligned lines. */
const struct expr *operand_environment(struct parser *p);

#endif
