/* reward/math/read/commands.h - LaTeX commands and function names, as tokens.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_COMMANDS_H
#define REWARD_MATH_READ_COMMANDS_H

#include <stdint.h>

#include "base/span.h"

struct command {
    const char *name; /* without the backslash */
    uint8_t kind, op; /* enum token_kind, and what distinguishes its members */
};

/* The command called name, or NULL. */
const struct command *command_find(struct span name);

#endif
