/* reward/rules/scripts.h - the scripts that the language reward tells apart, by code point.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_SCRIPTS_H
#define REWARD_RULES_SCRIPTS_H

#include <stdint.h>

enum script {
    SCRIPT_NONE, /* digits, punctuation, symbols, and scripts not listed */
    SCRIPT_MARK, /* combining: belongs to the letter before it */
    SCRIPT_LATIN,
    SCRIPT_GREEK,
    SCRIPT_CYRILLIC,
    SCRIPT_HEBREW,
    SCRIPT_ARABIC,
    SCRIPT_DEVANAGARI,
    SCRIPT_HANGUL,
    SCRIPT_HAN, /* from here on a letter is a unit */
    SCRIPT_HIRAGANA,
    SCRIPT_KATAKANA,
    SCRIPT_THAI,
    SCRIPT_LAO,
    SCRIPT_KHMER,
    SCRIPT_MYANMAR,
    SCRIPTS
};

/* The script of a letter; the first of the enum for what is none. */
enum script script_of(uint32_t code_point);

#endif
