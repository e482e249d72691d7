/* reward/rules/python_eval.h - what Python's eval() makes of an arithmetic text, without Python.
 *
 * Trainers score countdown puzzles with eval(); to give their numbers, and none of their holes,
 * this computes with Python's own rules: integers of any size, "/" a float, "//" floored, "**" a
 * power, unary signs, and the same errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_PYTHON_EVAL_H
#define REWARD_RULES_PYTHON_EVAL_H

#include <stdbool.h>

#include "base/span.h"

enum python_value {
    PYTHON_NUMBER, /* *distance is set */
    PYTHON_NONE, /* Python would raise, give no real number, or compute with integers of more than 4096 bits */
    PYTHON_TOO_LARGE, /* needs integers of any size, which were not allowed */
};

/* The value of an expression of digits, + - * / ( ) . and white space, less target, a number in
 * JSON's grammar, as Python's abs(eval(text) - target): exact between integers. any_size: integers
 * may be large; then memory that runs out ends the process, so only in a verifier process. */
enum python_value python_eval_distance(struct span text, struct span target, bool any_size,
                                       double *distance);

#endif
