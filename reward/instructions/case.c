/* reward/instructions/case.c - capitals and small letters, and the language of a text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "reward/instructions/kwargs.h"
#include "reward/instructions/languages.h"
#include "reward/instructions/tokens.h"
#include "reward/rules/unicode.h"

enum check_result capital_word_frequency(const struct check_call *call, struct span text)
{
    struct bound b;
    struct texts tokens;
    size_t count = 0;
    if (!kwarg_bound(call, "capital_frequency", "capital_relation", &b)) return CHECK_BAD_KWARGS;
    if (!tokens_of(text, call->arena, &tokens)) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < tokens.n; i++) {
        count += unicode_all_upper(tokens.at[i]);
    }
    return bound_holds(&b, count);
}

enum check_result response_language(const struct check_call *call, struct span text)
{
    struct span name;
    if (!kwarg_text(call, "language", &name)) return CHECK_BAD_KWARGS;
    const char *language = language_name(name);
    if (language != NULL) return language_is(call, text, language);
    error_set(call->err, ERROR_INVALID_VALUE, "language", "language \"%.*s\" is not known",
              (int)(name.n < 40 ? name.n : 40), name.p);
    return CHECK_BAD_KWARGS;
}

enum check_result english_capital(const struct check_call *call, struct span text)
{
    return unicode_all_upper(text) ? language_is(call, text, "en") : CHECK_NO;
}

enum check_result english_lowercase(const struct check_call *call, struct span text)
{
    return unicode_all_lower(text) ? language_is(call, text, "en") : CHECK_NO;
}
