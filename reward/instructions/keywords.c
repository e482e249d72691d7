/* reward/instructions/keywords.c - words that must be there, so often, or not at all.
 *
 * Keywords are looked for without regard to case, and may be patterns (matching.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "reward/instructions/kwargs.h"
#include "reward/instructions/matching.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/splitter.h"
#include "reward/instructions/tokens.h"
#include "reward/rules/unicode.h"

enum { MOST_MATCHES = 1 << 20 };

static const char BORDER[] = "\\b";

/* NO as soon as one keyword of the list is there, or is not, as `there` says. */
static enum check_result each_is(const struct check_call *call, struct wanted w, struct span text,
                                 bool there)
{
    struct texts keywords;
    if (!kwarg_texts(call, w.name, &keywords)) return CHECK_BAD_KWARGS;
    w.ignore_case = true;
    w.most = 1;
    for (size_t i = 0; i < keywords.n; i++) {
        size_t count = 0;
        w.keyword = keywords.at[i];
        enum check_result r = match_count(call, &w, text, &count);
        if (r != CHECK_YES) return r;
        if ((count > 0) != there) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result keywords_existence(const struct check_call *call, struct span text)
{
    return each_is(call, (struct wanted){.name = "keywords"}, text, true);
}

enum check_result forbidden_words(const struct check_call *call, struct span text)
{
    struct wanted w = {.name = "forbidden_words", .before = BORDER, .behind = BORDER};
    return each_is(call, w, text, false);
}

/* How often the keyword of that argument is there. */
static enum check_result count_named(const struct check_call *call, struct span text,
                                     const char *name, size_t *count)
{
    struct wanted w = {.name = name, .ignore_case = true, .most = MOST_MATCHES};
    if (!kwarg_trimmed(call, name, &w.keyword)) return CHECK_BAD_KWARGS;
    return match_count(call, &w, text, count);
}

enum check_result keyword_frequency(const struct check_call *call, struct span text)
{
    struct bound b;
    size_t count = 0;
    if (!kwarg_bound(call, "frequency", "relation", &b)) return CHECK_BAD_KWARGS;
    enum check_result r = count_named(call, text, "keyword", &count);
    return r == CHECK_YES ? bound_holds(&b, count) : r;
}

enum check_result word_once(const struct check_call *call, struct span text)
{
    size_t count = 0;
    enum check_result r = count_named(call, text, "keyword", &count);
    return r == CHECK_YES ? check_is(count == 1) : r;
}

enum check_result count_increment_word(const struct check_call *call, struct span text)
{
    size_t once = 0, twice = 0;
    enum check_result r = count_named(call, text, "keyword1", &once);
    if (r == CHECK_YES) r = count_named(call, text, "keyword2", &twice);
    return r == CHECK_YES ? check_is(once == 1 && twice == 2) : r;
}

/* With a blank on either side, in just that case: what begins or ends the text is not seen. */
enum check_result exclude_word_harder(const struct check_call *call, struct span text)
{
    struct span word;
    if (!kwarg_trimmed(call, "keyword", &word)) return CHECK_BAD_KWARGS;
    char *between = arena_alloc(call->arena, word.n + 2, 1);
    if (between == NULL) return CHECK_TOO_LARGE;
    between[0] = between[word.n + 1] = ' ';
    memcpy(between + 1, word.p, word.n);
    return check_is(span_find(text, span_of(between, word.n + 2), 0) == SPAN_NONE);
}

enum check_result keyword_specific_position(const struct check_call *call, struct span text)
{
    struct span keyword;
    struct texts sentences, tokens;
    int64_t sentence, word;
    if (!kwarg_first(call, "keyword", &keyword) || !kwarg_number(call, "n", 1, &sentence) ||
        !kwarg_number(call, "m", 1, &word)) {
        return CHECK_BAD_KWARGS;
    }
    if (!split_sentences(text, call->arena, &sentences)) return CHECK_TOO_LARGE;
    if (sentences.n < (size_t)sentence) return CHECK_NO;
    if (!tokens_of(sentences.at[sentence - 1], call->arena, &tokens)) return CHECK_TOO_LARGE;
    if (tokens.n < (size_t)word) return CHECK_NO;
    return check_is(span_eq(tokens.at[word - 1], keyword));
}

/* Of two neighbours the second never begins with the letter that follows the first's. */
enum check_result no_adjacent_consecutive(const struct check_call *call, struct span text)
{
    struct span word;
    uint32_t last = 0;
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        uint32_t first = char_at(word, 0, NULL);
        if (last != 0 && first == last + 1) return CHECK_NO;
        last = first;
    }
    return CHECK_YES;
}

enum check_result palindrome(const struct check_call *call, struct span text)
{
    struct span word;
    (void)call;
    while (next_word(&text, &word)) {
        if (is_palindrome(word)) return CHECK_YES;
    }
    return CHECK_NO;
}
