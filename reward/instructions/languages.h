/* reward/instructions/languages.h - is a text in a language?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_LANGUAGES_H
#define REWARD_INSTRUCTIONS_LANGUAGES_H

#include "reward/instructions/check.h"

/* The table's own name for a language, as langdetect calls it ("de", "zh-cn"); NULL: not known. */
const char *language_name(struct span name);

/* Is the text in that language (language_name()'s)? A text without any letter is in every
 * language. */
enum check_result language_is(const struct check_call *call, struct span text,
                              const char *language);

#endif
