/* reward/code/packed_tests.h - tests that a data set carries packed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_PACKED_TESTS_H
#define REWARD_CODE_PACKED_TESTS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

/* Could the text be packed tests: does it begin as base64 of a zlib stream does? */
bool packed_tests_are(struct span text);

/* The JSON text inside, in the arena. False and err (without a field's name): it is damaged, holds
 * something else than a text, or is larger than 32 MiB. */
bool packed_tests_open(struct span text, struct arena *a, struct span *json, struct error *err);

#endif
