/* reward/code/script.h - what a data set's test script in Python says to be called.
 *
 * The script is read by its lines, in the server, which runs no Python.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_SCRIPT_H
#define REWARD_CODE_SCRIPT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

/* Is any line of it more than a comment? */
bool script_says_something(struct span python);

/* HumanEval's: does it define check()? */
bool script_has_check(struct span python);

/* For pytest: the calls of its functions test_...(), each behind an end of line, in a. False and err
 * (field "test"): there is none, or one that only pytest itself could call: with arguments, async,
 * indented, or a class's. */
bool script_calls(struct span python, struct arena *a, struct span *calls, struct error *err);

#endif
