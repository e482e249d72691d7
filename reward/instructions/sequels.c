/* reward/instructions/sequels.c - sentences and paragraphs beside each other: how they end, how
 * long they are, how one follows another. Sentences are sentences.h's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/sequels.h"

#include "base/ascii.h"
#include "reward/instructions/checks.h"
#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/sentences.h"
#include "reward/rules/unicode.h"

/* How many sentences end in the mark. */
static size_t count_endings(const struct texts *sentences, char mark)
{
    size_t n = 0;
    for (size_t i = 0; i < sentences->n; i++) {
        struct span s = sentences->at[i];
        n += s.n > 0 && s.p[s.n - 1] == mark;
    }
    return n;
}

enum check_result two_to_one(const struct check_call *call, struct span text)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    return check_is(count_endings(&s, '.') == 2 * count_endings(&s, '?'));
}

enum check_result balanced_sentences(const struct check_call *call, struct span text)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    size_t n = count_endings(&s, '.');
    return check_is(count_endings(&s, '?') == n && count_endings(&s, '!') == n);
}

/* Three of as many characters each. */
enum check_result three_equal_sentences(const struct check_call *call, struct span text)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    if (s.n != 3) return CHECK_NO;
    size_t n = count_chars(unicode_trim(s.at[0]));
    return check_is(count_chars(unicode_trim(s.at[1])) == n &&
                    count_chars(unicode_trim(s.at[2])) == n);
}

/* How many words of a sentence begin as the neighbour does: two for a pair, one for each further.
 */
static size_t alliteration(struct span sentence)
{
    struct span word;
    uint32_t last = 0;
    size_t n = 0;
    bool in_run = false;
    while (next_word(&sentence, &word)) {
        word = strip_marks_left(word);
        if (word.n == 0) continue;
        uint32_t first = char_at(word, 0, NULL);
        bool same = last != 0 && first == last;
        if (same) n += in_run ? 1 : 2;
        in_run = same;
        last = first;
    }
    return n;
}

enum check_result alliteration_increment(const struct check_call *call, struct span text)
{
    struct texts s;
    size_t before = 0;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < s.n; i++) {
        struct span lower = unicode_lower(s.at[i], call->arena);
        if (lower.p == NULL) return CHECK_TOO_LARGE;
        size_t n = alliteration(lower);
        if (i > 0 && n <= before) return CHECK_NO;
        before = n;
    }
    return CHECK_YES;
}

/* Words when marks are gone. */
static size_t plain_length(struct span sentence)
{
    struct span word;
    size_t n = 0;
    while (next_word(&sentence, &word)) {
        bool marks = true;
        for (size_t i = 0; i < word.n && marks; i++) {
            marks = ascii_is_mark(word.p[i]);
        }
        n += !marks;
    }
    return n;
}

enum check_result longer_sentences(const struct check_call *call, struct span text)
{
    struct texts s;
    int64_t step;
    if (!kwarg_number(call, "small_n", 0, &step)) return CHECK_BAD_KWARGS;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    for (size_t i = 1; i < s.n; i++) {
        if (plain_length(s.at[i]) != plain_length(s.at[i - 1]) + (size_t)step) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result nth_sentence(const struct check_call *call, struct span text, size_t nth,
                               struct span *out)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    if (nth > s.n) return CHECK_NO;
    *out = s.at[nth - 1];
    return CHECK_YES;
}

enum check_result sentence_keyword(const struct check_call *call, struct span text)
{
    int64_t nth;
    struct span word, sentence;
    if (!kwarg_text(call, "word", &word) || !kwarg_number(call, "N", 1, &nth)) {
        return CHECK_BAD_KWARGS;
    }
    enum check_result r = nth_sentence(call, text, (size_t)nth, &sentence);
    if (r != CHECK_YES) return r;
    sentence = unicode_lower(sentence, call->arena);
    word = unicode_lower(word, call->arena);
    if (sentence.p == NULL || word.p == NULL) return CHECK_TOO_LARGE;
    for (size_t at = 0; (at = span_find(sentence, word, at)) != SPAN_NONE; at++) {
        if (unicode_is_boundary(sentence, at) && unicode_is_boundary(sentence, at + word.n)) {
            return CHECK_YES;
        }
    }
    return CHECK_NO;
}

/* 26 sentences that begin with a, b, c ... */
enum check_result sentence_alphabet(const struct check_call *call, struct span text)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    for (size_t i = 0; s.n == 26 && i < 26; i++) {
        uint32_t first = char_at(first_word(s.at[i]), 0, NULL);
        if (first != 'a' + i && first != 'A' + i) return CHECK_NO;
    }
    return check_is(s.n == 26);
}

enum check_result last_word_first(const struct check_call *call, struct span text)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    for (size_t i = 0; i + 1 < s.n; i++) {
        struct span last = last_word(strip_marks_right(s.at[i]));
        struct span first = first_word(strip_marks_left(s.at[i + 1]));
        last = unicode_lower(last, call->arena);
        first = unicode_lower(first, call->arena);
        if (last.p == NULL || first.p == NULL) return CHECK_TOO_LARGE;
        if (last.n == 0 || !span_eq(last, first)) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result paragraph_ends(const struct check_call *call, struct span text)
{
    struct pieces lines = {.separator = span_str("\n")};
    struct span line;
    lines.text = unicode_lower(text, call->arena);
    if (lines.text.p == NULL) return CHECK_TOO_LARGE;
    while (next_piece(&lines, &line)) {
        line = strip_marks(unicode_trim(line));
        if (!span_eq(first_word(line), last_word(line))) return CHECK_NO;
    }
    return CHECK_YES;
}
