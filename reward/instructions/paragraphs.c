/* reward/instructions/paragraphs.c - paragraphs, two answers, the prompt copied.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/rules/unicode.h"

static const char STARS[] = "***", SIX_STARS[] = "******", BLANK_LINE[] = "\n\n";

enum check_result number_paragraphs(const struct check_call *call, struct span text)
{
    int64_t wanted;
    size_t n;
    if (!kwarg_number(call, "num_paragraphs", 0, &wanted)) return CHECK_BAD_KWARGS;
    return check_is(count_pieces(text, STARS, true, &n) && n == (size_t)wanted);
}

enum check_result two_paragraphs_by_stars(const struct check_call *call, struct span text)
{
    size_t n;
    (void)call;
    return check_is(count_pieces(text, STARS, true, &n) && n == 2);
}

enum check_result two_paragraphs_by_lines(const struct check_call *call, struct span text)
{
    size_t n;
    (void)call;
    return check_is(count_pieces(text, BLANK_LINE, false, &n) && n == 2);
}

/* The first word without quotation marks before it, up to punctuation. */
static struct span opening_word(struct span paragraph)
{
    struct span word = first_word(paragraph);
    static const char quotes[] = {'\'', '"'};
    for (size_t i = 0; i < sizeof(quotes); i++) {
        while (word.n > 0 && word.p[0] == quotes[i]) {
            word = span_slice(word, 1, word.n);
        }
    }
    size_t n = 0;
    while (n < word.n && memchr(".,?!'\"", word.p[n], 6) == NULL) {
        n++;
    }
    return span_slice(word, 0, n);
}

/* The two texts are the same in small letters. */
static enum check_result same_word(const struct check_call *call, struct span a, struct span b)
{
    a = unicode_lower(a, call->arena);
    b = unicode_lower(b, call->arena);
    return a.p == NULL || b.p == NULL ? CHECK_TOO_LARGE : check_is(span_eq(a, b));
}

enum check_result nth_paragraph_first_word(const struct check_call *call, struct span text)
{
    int64_t wanted, nth;
    struct span word, piece, found = {0};
    if (!kwarg_number(call, "num_paragraphs", 1, &wanted) ||
        !kwarg_number(call, "nth_paragraph", 1, &nth) || !kwarg_text(call, "first_word", &word)) {
        return CHECK_BAD_KWARGS;
    }
    if (nth > wanted) {
        error_set(call->err, ERROR_INVALID_VALUE, "nth_paragraph",
                  "nth_paragraph is %lld of %lld paragraphs", (long long)nth, (long long)wanted);
        return CHECK_BAD_KWARGS;
    }
    struct pieces p = {.text = text, .separator = span_str(BLANK_LINE)};
    size_t n = 0;
    for (int64_t i = 1; next_piece(&p, &piece); i++) { /* the nth piece, blank ones counted */
        n += !is_blank(piece);
        if (i == nth) found = piece;
    }
    if (n != (size_t)wanted || is_blank(found)) return CHECK_NO;
    return same_word(call, opening_word(found), word);
}

enum check_result two_responses(const struct check_call *call, struct span text)
{
    struct pieces p = {.text = text, .separator = span_str(SIX_STARS)};
    struct span piece, responses[2] = {{0}};
    size_t n;
    (void)call;
    if (!count_pieces(text, SIX_STARS, false, &n) || n != 2) return CHECK_NO;
    for (size_t i = 0; i < 2 && next_piece(&p, &piece);) {
        if (!is_blank(piece)) responses[i++] = unicode_trim(piece);
    }
    return check_is(!span_eq(responses[0], responses[1]));
}

/* ---- the prompt copied ----------------------------------------------------------------------- */

/* The text and the prompt to repeat, both trimmed and in small letters. */
static enum check_result both_small(const struct check_call *call, struct span *text,
                                    struct span *prompt)
{
    if (!kwarg_text(call, "prompt_to_repeat", prompt)) return CHECK_BAD_KWARGS;
    *text = unicode_lower(unicode_trim(*text), call->arena);
    *prompt = unicode_lower(unicode_trim(*prompt), call->arena);
    return text->p == NULL || prompt->p == NULL ? CHECK_TOO_LARGE : CHECK_YES;
}

enum check_result repeat_prompt(const struct check_call *call, struct span text)
{
    struct span prompt;
    enum check_result r = both_small(call, &text, &prompt);
    return r == CHECK_YES ? check_is(span_starts(text, prompt)) : r;
}

enum check_result copy_prompt(const struct check_call *call, struct span text)
{
    struct span prompt;
    enum check_result r = both_small(call, &text, &prompt);
    return r == CHECK_YES ? check_is(span_eq(text, prompt)) : r;
}

enum check_result copy_prompt_often(const struct check_call *call, struct span text)
{
    struct span prompt, piece;
    int64_t wanted, n = 0;
    if (!kwarg_number(call, "N", 1, &wanted)) return CHECK_BAD_KWARGS;
    enum check_result r = both_small(call, &text, &prompt);
    if (r != CHECK_YES) return r;
    struct pieces p = {.text = text, .separator = span_str(SIX_STARS)};
    for (; next_piece(&p, &piece); n++) {
        if (!span_eq(unicode_trim(piece), prompt)) return CHECK_NO;
    }
    return check_is(n == wanted);
}

/* text[from:to] by characters */
static struct span characters(struct span text, int64_t from, int64_t to)
{
    size_t at = 0, start = text.n, n;
    for (int64_t i = 0; i < to && at < text.n; i++) {
        if (i == from) start = at;
        char_at(text, at, &n);
        at += n;
    }
    return span_slice(text, start < at ? start : at, at);
}

/* Characters n_start to n_end of the prompt, n_end itself where `inclusive`. */
static enum check_result is_span(const struct check_call *call, struct span text, bool inclusive)
{
    struct span prompt;
    int64_t from, to;
    if (!kwarg_text(call, "prompt_to_repeat", &prompt) ||
        !kwarg_number(call, "n_start", 0, &from) ||
        !kwarg_number(call, "n_end", inclusive ? 0 : 1, &to)) {
        return CHECK_BAD_KWARGS;
    }
    struct span wanted = characters(prompt, from, to + inclusive);
    return same_word(call, unicode_trim(text), unicode_trim(wanted));
}

enum check_result copy_span(const struct check_call *call, struct span text)
{
    return is_span(call, text, false);
}

enum check_result copy_span_inclusive(const struct check_call *call, struct span text)
{
    return is_span(call, text, true);
}

/* ---- a phrase with one word changed ---------------------------------------------------------- */

/* How many words two phrases differ in; too many when they have not as many. */
static size_t words_apart(struct span a, struct span b)
{
    enum { TOO_MANY = 1000 };
    size_t apart = 0;
    struct span x, y;
    for (;;) {
        bool more = next_word(&a, &x), other = next_word(&b, &y);
        if (more != other) return TOO_MANY;
        if (!more) return apart;
        apart += !span_eq(x, y);
    }
}

/* Where the first " LAST" behind `from` ends, or SPAN_NONE. */
static size_t phrase_end(struct span line, struct span last, size_t from)
{
    size_t at = span_find(line, last, from + 1);
    while (at != SPAN_NONE && line.p[at - 1] != ' ') {
        at = span_find(line, last, at + 1);
    }
    return at == SPAN_NONE ? at : at + last.n;
}

/* The next run of a line from "FIRST " to " LAST", as short as can be: FIRST .*? LAST. What is left
 * of the line is behind it. */
static bool next_phrase(struct span *line, struct span first, struct span last, struct span *out)
{
    for (size_t start = 0; (start = span_find(*line, first, start)) != SPAN_NONE; start++) {
        size_t open = start + first.n;
        if (open >= line->n || line->p[open] != ' ') continue;
        size_t end = phrase_end(*line, last, open + 1);
        if (end == SPAN_NONE) return false; /* nor for a later FIRST */
        *out = span_slice(*line, start, end);
        *line = span_slice(*line, end, line->n);
        return true;
    }
    return false;
}

enum check_result repeat_phrase(const struct check_call *call, struct span text)
{
    struct span phrase, line, found;
    int64_t wanted, n = 0;
    if (!kwarg_trimmed(call, "phrase", &phrase) || !kwarg_number(call, "small_n", 1, &wanted)) {
        return CHECK_BAD_KWARGS;
    }
    struct span first = first_word(phrase), last = last_word(phrase);
    struct pieces lines = {.text = text, .separator = span_str("\n")};
    bool changed = true;
    while (next_piece(&lines, &line)) {
        for (; next_phrase(&line, first, last, &found); n++) {
            changed = changed && words_apart(found, phrase) == 1;
        }
    }
    return check_is(n == wanted && changed);
}
