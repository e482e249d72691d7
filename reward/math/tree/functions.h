/* reward/math/tree/functions.h - what is known of each function of mathematics: one row a function.
 *
 * The parser asks a row for names and arguments, the evaluators for values, calculus for derivatives.
 * Declared on the lowest floor because all of them ask; made in reward/math/functions.c, on the top
 * one, because its rows name what stands in all rooms.
 *
 * A column that is missing (NULL, 0) is not known: whoever asks for it gets no value, and the
 * comparison stays undecided; nothing is taken for something else. The columns of a row agree:
 * tests/unit/test_math_functions.c holds each against the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_TREE_FUNCTIONS_H
#define REWARD_MATH_TREE_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum func_op {
    F_NONE,
    F_SQRT,
    F_ROOT, /* arg[0] under the arg[1]-th root */
    F_SIN,
    F_COS,
    F_TAN,
    F_COT,
    F_SEC,
    F_CSC,
    F_ASIN,
    F_ACOS,
    F_ATAN,
    F_ACOT,
    F_ASEC,
    F_ACSC,
    F_SINH,
    F_COSH,
    F_TANH,
    F_COTH,
    F_SECH,
    F_CSCH,
    F_ASINH,
    F_ACOSH,
    F_ATANH,
    F_ACOTH,
    F_ASECH,
    F_ACSCH,
    F_EXP,
    F_LN,
    F_LOG,  /* base unsaid: 10 or e */
    F_LOGB, /* base arg[1] */
    F_ERF,
    F_ABS,
    F_FLOOR,
    F_CEIL,
    F_FACT,
    F_FACT2,
    F_BINOM,
    F_PERM,
    F_GAMMA,
    F_ZETA,
    F_GCD,
    F_LCM,
    F_MIN,
    F_MAX,
    F_MOD,
    F_PMOD,
    F_SGN,
    F_RE,
    F_IM,
    F_CONJ,
    F_ARG,
    F_DET,
    F_CIS, /* read as cos + i sin */
    F_COUNT
};

enum { FUNCTION_NAMES = 8, FUNCTION_MANY = 255 /* arguments, without a bound */ };

enum parity { PARITY_NONE, PARITY_EVEN, PARITY_ODD };

/* Circular and hyperbolic functions are quotients of these. */
enum part { PART_ONE, PART_SINE, PART_COSINE };

/* The real numbers from least to most, or all that are not between them; {0, 0} is not known. */
struct domain {
    double least, most;
    bool outside;
};

struct expr;
struct fp;
struct field;
struct interval;
struct interval_call;
struct ball_call;
struct exact_call;

struct function {
    const char *names[FUNCTION_NAMES]; /* as commands, the usual one first; none: has a sign */
    uint8_t least, most;               /* arguments */
    uint8_t op;
    uint8_t inverse;      /* what \name^{-1} means */
    uint8_t parity;       /* enum parity */
    uint8_t over, under;  /* enum part: the quotient that it is */
    uint8_t of_inverse;   /* g where f(x) = g(1/x): columns that are missing are g's */
    bool measures;        /* of figures: sin A, |AB|, det A may be given a value */
    struct domain domain; /* of the first argument, where the value is real; poles not counted */
    /* by the first argument x, with y for the second, as it would be read */
    const char *derivative;

    /* Its value at e's arguments; false where there is none. Which of them may be called when, and
     * with what, say image.h, interval_rules.h, ball_eval.h and exact.h. */
    bool (*image)(struct fp *f, const struct expr *e, struct field *out);
    bool (*interval)(const struct interval_call *call, struct interval *out);
    bool (*ball)(const struct ball_call *call);
    bool (*exact)(const struct exact_call *call);
};

/* By enum func_op. */
extern const struct function FUNCTIONS[F_COUNT];

#endif
