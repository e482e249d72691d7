/* reward/math/tree/expr.h - what the parser makes of an answer: a tree.
 *
 * Nodes live in the item's arena, are never changed once made, and may point into the text they
 * were read from. Depth and number of nodes are bounded by the parser (parse.h), so recursion over
 * a tree is safe.
 *
 *   (1) A node has as many arguments as its kind takes, none of them NULL.
 *   (2) The digits of a number begin and end with another digit than 0.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_TREE_EXPR_H
#define REWARD_MATH_TREE_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

enum expr_kind {
    E_NUM,        /* num */
    E_SYM,        /* text: "x", "x_1", "theta" */
    E_CONST,      /* op: enum const_op */
    E_ADD,        /* n >= 2 */
    E_MUL,        /* arg[0] arg[1] */
    E_DIV,        /* arg[0] / arg[1] */
    E_POW,        /* arg[0] ^ arg[1] */
    E_NEG,        /* - arg[0] */
    E_PM,         /* op 0: arg[0] +- arg[1], op 1: -+; with n == 1 a sign before arg[0] */
    E_FUNC,       /* op: enum func_op (functions.h) */
    E_APPLY,      /* text: the name of an unknown function, arg: its arguments; op 1: an operator
                   * of mathematics that has no row in functions.h, so nobody may choose its values */
    E_PERCENT,    /* arg[0] / 100 */
    E_DEGREE,     /* arg[0] pi / 180 */
    E_UNIT,       /* arg[0] times the unit in text */
    E_BASE,       /* text: digits, num.exp10: the base */
    E_RATIO,      /* n >= 2: a : b : c */
    E_LIST,       /* n >= 2: elements without brackets; op 1: joined by "and" alone, 2: by "or" */
    E_TUPLE,      /* op: enum bracket, n >= 0 */
    E_SET,        /* n >= 0, in braces; op 1: in { } as TeX groups */
    E_SETOP,      /* op: enum set_op */
    E_BUILDER,    /* { arg[0] : arg[1] } */
    E_MATRIX,     /* num.exp10 columns, n = rows * columns */
    E_REL,        /* a chain: n operands, text holds n - 1 enum rel_op bytes */
    E_SUM,        /* op 0 sum, 1 product: text index, arg: from, to, body */
    E_INTEGRAL,   /* text variable, arg: body[, from, to] */
    E_LIMIT,      /* text variable, op: 0 both, 1 from above, 2 from below; arg: target, body */
    E_DERIVATIVE, /* text variable, arg: body */
    E_TEXT,       /* text: words */
    E_DOTS,       /* an ellipsis */
};

enum const_op { C_PI, C_E, C_I, C_INF, C_REALS, C_RATIONALS, C_INTEGERS, C_NATURALS, C_COMPLEX };

enum bracket { B_ROUND, B_SQUARE, B_CLOSED_OPEN /* [a,b) */, B_OPEN_CLOSED };

enum set_op { S_UNION, S_INTERSECT, S_MINUS, S_SYMDIFF };

enum rel_op { R_EQ, R_NE, R_LT, R_GT, R_LE, R_GE, R_APPROX, R_IN, R_NOT_IN, R_IMPLIES, R_EQUIV,
              R_SUBSET, R_SUPSET, R_SUBSETEQ, R_SUPSETEQ };

struct num {
    struct span digits; /* ASCII, no leading and no trailing zero; "" is zero */
    int64_t exp10;      /* value = digits * 10^exp10 */
    int32_t places;     /* digits written after the point, -1 for an integer */
    bool scientific;    /* written with an exponent */
    bool open;          /* dots follow: the first digits of some number */
};

struct expr {
    uint8_t kind, op;
    bool grouped; /* stood in parentheses of its own */
    bool spaced;  /* of a product: white space between its factors */
    bool radians; /* so many radians: no number of degrees */
    uint32_t n;
    uint32_t pos; /* byte offset in the text it was read from */
    const struct expr **arg;
    struct span text;
    struct num num;
};

/* A new node of n empty arguments, which its maker may finish before anyone else sees it; so are all
 * that follow without const. NULL when the arena is full. */
struct expr *expr_new(struct arena *a, enum expr_kind kind, int op, uint32_t n);

/* kind op of one argument, at its place in the text. NULL for NULL. */
struct expr *expr_1(struct arena *a, enum expr_kind kind, int op, const struct expr *x);

/* kind op of two arguments, at the place of the first. NULL when either is NULL. */
struct expr *expr_2(struct arena *a, enum expr_kind kind, int op, const struct expr *x,
                    const struct expr *y);

/* A copy of e with arguments of its own, for its maker to change. */
struct expr *expr_copy(struct arena *a, const struct expr *e);

/* The whole number n. */
const struct expr *expr_int(struct arena *a, int64_t n);

/* num / den * 10^exp10 */
const struct expr *expr_scale(struct arena *a, int64_t num, int64_t den, int exp10);

/* The symbol of that name, which must live as long as the tree. */
const struct expr *expr_sym(struct arena *a, struct span name);

/* The same tree with every symbol `name` replaced by `by`. Bound names are left alone. */
const struct expr *expr_substitute(struct arena *a, const struct expr *e, struct span name,
                                   const struct expr *by);

/* The same tree with the constant op read as the symbol name: in a sum over i, i is no number. */
const struct expr *expr_name_constant(struct arena *a, const struct expr *e, int op,
                                      struct span name);

/* e with every +- read as + (plus) or -; all of one expression's signs go together. */
const struct expr *expr_with_sign(struct arena *a, const struct expr *e, bool plus);

/* Some node of e, e included, has this kind (and op, unless op is -1). */
bool expr_has(const struct expr *e, enum expr_kind kind, int op);

/* Some node of e is the symbol of that name. */
bool expr_has_symbol(const struct expr *e, struct span name);

/* e holds no symbol, unknown function or words: it is one value. */
bool expr_is_constant(const struct expr *e);

/* (1) and (2) hold for every node. For asserts: it walks the whole tree. */
bool expr_is_sound(const struct expr *e);

/* Trees of the same shape with the same names and numbers. */
bool expr_same(const struct expr *a, const struct expr *b);

/* A literal integer that fits, also under a minus sign. */
bool expr_small_int(const struct expr *e, int64_t *out);

/* A literal quotient of two such whole numbers, in lowest terms, *den > 0; also a whole number. */
bool expr_small_ratio(const struct expr *e, int64_t *num, int64_t *den);

/* A sum, product, power, function...: something that has a value, not a set, list or relation. */
bool expr_is_scalar(const struct expr *e);

/* Infinity as it is written, with its sign: 1 or -1; 0: e is something else. */
int expr_infinity(const struct expr *e);

/* Does this enum rel_op say how two sides differ? */
static inline bool rel_is_order(int op)
{
    return op == R_LT || op == R_GT || op == R_LE || op == R_GE || op == R_NE;
}

#endif
