/* reward/rules/language_detect.h - which language a text is in, among those of one script.
 *
 * By the habits of its letters (Cavnar and Trenkle, "N-Gram-Based Text Categorization", 1994),
 * with libexttextcat and its profiles. A guess: short texts have none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_LANGUAGE_DETECT_H
#define REWARD_RULES_LANGUAGE_DETECT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

enum language_guess { GUESS_NONE, GUESS_SAME, GUESS_OTHER };

/* Read the profiles, once for the process. False and ERROR_NOT_AVAILABLE when they are not installed. */
bool language_detect_open(struct error *err);

/* Is the text in that language ("de")? SAME too when it is as likely as another. After
 * language_detect_open(); any thread, one at a time. A few hundred bytes of text do. */
enum language_guess language_detect(struct span text, const char *language);

#endif
