/* reward/instructions/ends.c - first and last words, of sentences and of the whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/splitter.h"
#include "reward/instructions/tokens.h"
#include "reward/rules/unicode.h"

/* The phrase ends the text, but for quotation marks around it. */
enum check_result end_checker(const struct check_call *call, struct span text)
{
    struct span phrase;
    if (!kwarg_trimmed(call, "end_phrase", &phrase)) return CHECK_BAD_KWARGS;
    text = unicode_lower(strip_char(unicode_trim(text), '"'), call->arena);
    phrase = unicode_lower(phrase, call->arena);
    if (text.p == NULL || phrase.p == NULL) return CHECK_TOO_LARGE;
    return check_is(span_ends(text, phrase));
}

/* A word without what is neither of a word nor white space, re.sub(r"[^\w\s]", "", word), in small
 * letters; new in a. p NULL: a is full. */
static struct span bare_word(struct span word, struct arena *a)
{
    char *p = arena_alloc(a, word.n + 1, 1);
    size_t kept = 0;
    if (p == NULL) return span_of(NULL, 0);
    for (size_t at = 0, n; at < word.n; at += n) {
        if (!unicode_is_word(char_at(word, at, &n))) continue;
        memcpy(p + kept, word.p + at, n);
        kept += n;
    }
    return unicode_lower(span_of(p, kept), a);
}

/* How a word of the text is compared with the one asked for, which is small. */
typedef enum check_result (*word_is)(const struct check_call *call, struct span word,
                                     struct span wanted);

static enum check_result word_is_as_it_stands(const struct check_call *call, struct span word,
                                              struct span wanted)
{
    word = unicode_lower(word, call->arena);
    return word.p == NULL ? CHECK_TOO_LARGE : check_is(span_eq(word, wanted));
}

static enum check_result word_is_without_marks(const struct check_call *call, struct span word,
                                               struct span wanted)
{
    word = bare_word(word, call->arena);
    return word.p == NULL ? CHECK_TOO_LARGE : check_is(span_eq(word, wanted));
}

/* Every sentence has this word where `place` finds it. */
static enum check_result each_sentence(const struct check_call *call, struct span text,
                                       const char *name, struct span (*place)(struct span),
                                       word_is is)
{
    struct span wanted;
    struct texts sentences;
    if (!kwarg_first(call, name, &wanted)) return CHECK_BAD_KWARGS;
    wanted = unicode_lower(wanted, call->arena);
    if (wanted.p == NULL || !split_sentences(text, call->arena, &sentences)) {
        return CHECK_TOO_LARGE;
    }
    for (size_t i = 0; i < sentences.n; i++) {
        if (sentences.at[i].n == 0) return CHECK_NO;
        enum check_result r = is(call, place(sentences.at[i]), wanted);
        if (r != CHECK_YES) return r;
    }
    return CHECK_YES;
}

enum check_result first_word_sent(const struct check_call *call, struct span text)
{
    return each_sentence(call, text, "first_word", first_word, word_is_as_it_stands);
}

enum check_result last_word_sent(const struct check_call *call, struct span text)
{
    return each_sentence(call, text, "last_word", last_word, word_is_without_marks);
}

/* The same of the text alone. */
static enum check_result whole_text(const struct check_call *call, struct span word,
                                    const char *name, word_is is)
{
    struct span wanted;
    if (!kwarg_trimmed(call, name, &wanted)) return CHECK_BAD_KWARGS;
    wanted = unicode_lower(wanted, call->arena);
    return wanted.p == NULL ? CHECK_TOO_LARGE : is(call, word, wanted);
}

enum check_result first_word_answer(const struct check_call *call, struct span text)
{
    return whole_text(call, first_word(text), "first_word", word_is_as_it_stands);
}

enum check_result last_word_answer(const struct check_call *call, struct span text)
{
    return whole_text(call, last_word(text), "last_word", word_is_without_marks);
}

enum check_result start_end(const struct check_call *call, struct span text)
{
    struct texts tokens;
    if (!tokens_of(text, call->arena, &tokens)) return CHECK_TOO_LARGE;
    if (tokens.n < 2) return CHECK_NO;
    struct span last = unicode_lower(tokens.at[tokens.n - 1], call->arena);
    return last.p == NULL ? CHECK_TOO_LARGE : word_is_as_it_stands(call, tokens.at[0], last);
}
