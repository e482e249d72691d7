/* reward/instructions/counting.c - so many words, sentences, letters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "base/ascii.h"
#include "reward/instructions/bags.h"
#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/sentences.h"
#include "reward/instructions/splitter.h"
#include "reward/instructions/tokens.h"
#include "reward/rules/unicode.h"

enum check_result number_words(const struct check_call *call, struct span text)
{
    struct bound b;
    struct span word;
    size_t n = 0;
    if (!kwarg_bound(call, "num_words", "relation", &b)) return CHECK_BAD_KWARGS;
    while (next_run(&text, unicode_in_word, &word)) {
        n++;
    }
    return bound_holds(&b, n);
}

enum check_result number_sentences(const struct check_call *call, struct span text)
{
    struct bound b;
    struct texts sentences;
    if (!kwarg_bound(call, "num_sentences", "relation", &b)) return CHECK_BAD_KWARGS;
    if (!sentences_of(text, call->arena, &sentences)) return CHECK_TOO_LARGE;
    return bound_holds(&b, sentences.n);
}

/* A single character, small; what is no letter is counted as it stands. */
static bool letter_of(const struct check_call *call, struct span *out)
{
    struct span letter;
    size_t n;
    if (!kwarg_text(call, "letter", &letter)) return false;
    char_at(letter, 0, &n);
    if (n != letter.n) {
        return error_set(call->err, ERROR_INVALID_VALUE, "letter", "letter must be one character");
    }
    *out = unicode_lower(letter, call->arena);
    return out->p != NULL || error_set(call->err, ERROR_NO_MEMORY, "letter", "out of memory");
}

enum check_result letter_frequency(const struct check_call *call, struct span text)
{
    struct bound b;
    struct span letter;
    size_t count = 0;
    if (!letter_of(call, &letter) || !kwarg_bound(call, "let_frequency", "let_relation", &b)) {
        return CHECK_BAD_KWARGS;
    }
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    for (size_t at = 0; (at = span_find(text, letter, at)) != SPAN_NONE; at += letter.n) {
        count++;
    }
    return bound_holds(&b, count);
}

enum check_result letter_counting(const struct check_call *call, struct span text)
{
    struct bound b;
    size_t count = 0;
    if (!kwarg_bound(call, "N", "relation", &b)) return CHECK_BAD_KWARGS;
    for (size_t i = 0; i < text.n; i++) {
        count += ascii_is_letter(text.p[i]);
    }
    return bound_holds(&b, count);
}

/* Runs of a to z between word borders: no digit, no letter of another kind beside them. */
enum check_result lowercase_counting(const struct check_call *call, struct span text)
{
    int64_t most;
    struct span word;
    size_t count = 0;
    if (!kwarg_number(call, "N", 1, &most)) return CHECK_BAD_KWARGS;
    while (next_run(&text, unicode_is_word, &word)) {
        size_t i = 0;
        while (i < word.n && word.p[i] >= 'a' && word.p[i] <= 'z') {
            i++;
        }
        count += i == word.n;
    }
    return check_is(count <= (size_t)most);
}

enum check_result count_unique(const struct check_call *call, struct span text)
{
    struct texts tokens;
    struct bag seen;
    if (!tokens_of(text, call->arena, &tokens) || !bag_init(&seen, tokens.n, call->arena)) {
        return CHECK_TOO_LARGE;
    }
    for (size_t i = 0; i < tokens.n; i++) {
        if (bag_add(&seen, tokens.at[i]) > 1) return CHECK_NO;
    }
    return CHECK_YES;
}

/* One paragraph of n_sent sentences of n_words words each. */
static enum check_result is_composed(const struct check_call *call, struct span paragraph,
                                     size_t n_sent, size_t n_words)
{
    struct texts sentences, tokens;
    if (!split_sentences(paragraph, call->arena, &sentences)) return CHECK_TOO_LARGE;
    if (sentences.n != n_sent) return CHECK_NO;
    for (size_t i = 0; i < n_sent; i++) {
        if (!tokens_of(sentences.at[i], call->arena, &tokens)) return CHECK_TOO_LARGE;
        if (tokens.n != n_words) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result counting_composition(const struct check_call *call, struct span text)
{
    int64_t n_sent, n_words;
    size_t n;
    if (!kwarg_number(call, "n_sent", 1, &n_sent) || !kwarg_number(call, "n_words", 1, &n_words)) {
        return CHECK_BAD_KWARGS;
    }
    if (!count_pieces(text, "***", true, &n) || n != 3) return CHECK_NO;
    struct pieces p = {.text = text, .separator = span_str("***"), .loose = true};
    struct span paragraph;
    while (next_piece(&p, &paragraph)) { /* a blank one at an end has no sentences: no */
        enum check_result r = is_composed(call, paragraph, (size_t)n_sent, (size_t)n_words);
        if (r != CHECK_YES) return r;
    }
    return CHECK_YES;
}
