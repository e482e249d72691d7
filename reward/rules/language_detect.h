/* reward/rules/language_detect.h - which language a text is in, among those of one script.
 *
 * By the habits of its letters (Cavnar and Trenkle, "N-Gram-Based Text Categorization", 1994),
 * with libexttextcat and its profiles. A guess: short texts have none. The library ends its process when
 * memory runs out, so it works in verifier processes alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_LANGUAGE_DETECT_H
#define REWARD_RULES_LANGUAGE_DETECT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

enum language_guess { GUESS_NONE, GUESS_SAME, GUESS_OTHER };

/* Which languages a text may be in. FEW: those that the language reward knows; a text of fewer than
 * 40 bytes has no guess. MANY: those that langdetect knows, with its names (zh-cn, no); every text
 * has a guess. */
enum language_set { LANGUAGES_FEW, LANGUAGES_MANY, LANGUAGE_SETS };

/* Whether the profiles are installed, without reading them. False and ERROR_NOT_AVAILABLE when not. */
bool language_detect_is_there(struct error *err);

/* The set's own name for a language, or NULL: it does not know it. */
const char *language_detect_knows(enum language_set set, struct span language);

/* Read the set's profiles, once for the process. False when memory is out. */
bool language_detect_open(enum language_set set);

/* Is the text in that language ("de")? SAME too when it is as likely as another. After
 * language_detect_open(), in the same thread. A few hundred bytes of text do. */
enum language_guess language_detect(enum language_set set, struct span text, const char *language);

#endif
