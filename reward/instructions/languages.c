/* reward/instructions/languages.c - see languages.h.
 *
 * Where most letters are of a script that one language alone uses, that settles it. Else it is a
 * guess by the habits of the letters (rules/language_detect.h), in a process where that library
 * may run. A text in capitals is looked at in small letters, for no profile has seen English in
 * capitals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/languages.h"

#include "base/utf8.h"
#include "reward/instructions/pieces.h"
#include "reward/rules/language_detect.h"
#include "reward/rules/unicode.h"

enum { ENOUGH_BYTES = 20000 }; /* of a text, to tell its language by */

/* Scripts of one language among those that are known. */
static const struct script {
    uint32_t first, last;
    const char *language;
} scripts[] = {
    {0x370, 0x3FF, "el"},   {0x590, 0x5FF, "he"}, {0x980, 0x9FF, "bn"},   {0xA00, 0xA7F, "pa"},
    {0xA80, 0xAFF, "gu"},   {0xB80, 0xBFF, "ta"}, {0xC00, 0xC7F, "te"},   {0xC80, 0xCFF, "kn"},
    {0xD00, 0xD7F, "ml"},   {0xE00, 0xE7F, "th"}, {0x1100, 0x11FF, "ko"}, {0x3040, 0x30FF, "ja"},
    {0xAC00, 0xD7AF, "ko"},
};

enum { N_SCRIPTS = sizeof(scripts) / sizeof(scripts[0]) };

static bool is_letter(uint32_t c)
{
    return unicode_is_word(c) && !unicode_is_digit(c) && c != '_';
}

/* The language whose script most letters have; NULL: none. *letters is how many there are. */
static const char *by_script(struct span text, size_t *letters)
{
    size_t counts[N_SCRIPTS] = {0};
    *letters = 0;
    for (size_t at = 0, n; at < text.n; at += n) {
        uint32_t c = char_at(text, at, &n);
        if (!is_letter(c)) continue;
        ++*letters;
        for (size_t i = 0; c >= scripts[0].first && i < N_SCRIPTS; i++) {
            counts[i] += c >= scripts[i].first && c <= scripts[i].last;
        }
    }
    for (size_t i = 0; i < N_SCRIPTS; i++) {
        if (2 * counts[i] > *letters) return scripts[i].language;
    }
    return NULL;
}

const char *language_name(struct span name)
{
    for (size_t i = 0; i < N_SCRIPTS; i++) {
        if (span_is(name, scripts[i].language)) return scripts[i].language;
    }
    return language_detect_knows(LANGUAGES_MANY, name);
}

enum check_result language_is(const struct check_call *call, struct span text, const char *language)
{
    size_t letters;
    const char *settled = by_script(text, &letters);
    if (letters == 0) return CHECK_YES;
    if (settled != NULL) return check_is(strcmp(settled, language) == 0);
    if (!call->in_worker) return CHECK_DEFER;
    if (!language_detect_open(LANGUAGES_MANY)) {
        return language_detect_is_there(NULL) ? CHECK_TOO_LARGE : CHECK_UNAVAILABLE;
    }
    text = span_slice(text, 0, ENOUGH_BYTES);
    text.n = utf8_valid_prefix(text);
    if (unicode_all_upper(text)) text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    return check_is(language_detect(LANGUAGES_MANY, text, language) != GUESS_OTHER);
}
