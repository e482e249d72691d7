/* reward/code/code.h - what the judge needs to know of the code rewards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_CODE_H
#define REWARD_CODE_CODE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/* Find out which walls this machine offers and log it; unsafe: run code even behind too few.
 * Once, before any thread exists and before the verifier processes are forked, which inherit the
 * answer. */
void code_open(bool unsafe);

/* Can programs be run here? False and ERROR_NOT_AVAILABLE with the reason when not. */
bool code_is_usable(struct error *err);

/* The walls in force as a member "key": an object, or null before code_open(). */
void code_emit_layers(struct buffer *out, const char *key);

/* Workers that make sense for code, of `most` allowed: one a processor for programs, and a few more that
 * the dispatcher keeps for clients which have none at work. */
int code_workers(int most);

#endif
