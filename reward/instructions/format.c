/* reward/instructions/format.c - marks of Markdown, brackets, JSON, and punctuation.
 *
 * Most of the checkers' rules are regular expressions; each is one forward scan here, and says in
 * its comment which expression it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "base/json_scan.h"
#include "reward/instructions/kwargs.h"
#include "reward/instructions/matching.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/splitter.h"
#include "reward/rules/unicode.h"

/* The first of two bytes at or after `from`, or text.n. */
static size_t find_either(struct span text, char a, char b, size_t from)
{
    while (from < text.n && text.p[from] != a && text.p[from] != b) {
        from++;
    }
    return from;
}

static bool holds(struct span text, const char *what)
{
    return span_find(text, span_str(what), 0) != SPAN_NONE;
}

/* \[.*?\] */
enum check_result number_placeholders(const struct check_call *call, struct span text)
{
    int64_t least;
    size_t count = 0, at = 0;
    if (!kwarg_number(call, "num_placeholders", 0, &least)) return CHECK_BAD_KWARGS;
    while ((at = span_find(text, span_str("["), at)) != SPAN_NONE) {
        at = find_either(text, ']', '\n', at + 1);
        count += at < text.n && text.p[at] == ']';
    }
    return check_is(count >= (size_t)least);
}

/* ^\s*MARK[^MARK]?.*$ by lines: white space before the mark may hold line breaks. With `single` the
 * character behind the mark must be there and be another. */
static size_t count_bullets(struct span text, char mark, bool single)
{
    size_t count = 0, at = 0, n;
    while (at < text.n) { /* at a line's start */
        while (at < text.n && unicode_is_space(char_at(text, at, &n))) {
            at += n;
        }
        size_t behind = at + 1 + single;
        bool is_bullet = at < text.n && text.p[at] == mark &&
                         (!single || (at + 1 < text.n && text.p[at + 1] != mark));
        count += is_bullet;
        if (is_bullet && behind > at + 1 && text.p[at + 1] == '\n') at = behind;
        at = find_either(text, '\n', '\n', at) + 1;
    }
    return count;
}

enum check_result number_bullet_lists(const struct check_call *call, struct span text)
{
    int64_t wanted;
    if (!kwarg_number(call, "num_bullets", 0, &wanted)) return CHECK_BAD_KWARGS;
    size_t count = count_bullets(text, '*', true) + count_bullets(text, '-', false);
    return check_is(count == (size_t)wanted);
}

enum check_result constrained_response(const struct check_call *call, struct span text)
{
    (void)call;
    return check_is(holds(text, "My answer is yes.") || holds(text, "My answer is no.") ||
                    holds(text, "My answer is maybe."));
}

/* Runs without * and line break between two marks of so many stars, that are not blank. */
static size_t count_highlights(struct span text, const char *stars)
{
    size_t count = 0, n = strlen(stars), at = 0;
    while ((at = span_find(text, span_str(stars), at)) != SPAN_NONE) {
        size_t end = find_either(text, '*', '\n', at + n);
        bool closed = span_starts(span_slice(text, end, text.n), span_str(stars));
        count += closed && !is_blank(span_slice(text, at + n, end));
        at = closed ? end + n : at + 1;
    }
    return count;
}

/* \*[^\n\*]*\* and \*\*[^\n\*]*\*\*: what is in two stars counts for both. */
enum check_result number_highlighted_sections(const struct check_call *call, struct span text)
{
    int64_t least;
    if (!kwarg_number(call, "num_highlights", 0, &least)) return CHECK_BAD_KWARGS;
    size_t count = count_highlights(text, "*") + count_highlights(text, "**");
    return check_is(count >= (size_t)least);
}

/* SPLITTER\s?\d+: the splitter may be a pattern. */
enum check_result multiple_sections(const struct check_call *call, struct span text)
{
    enum { MOST_SECTIONS = 1 << 20 };
    struct wanted w = {.name = "section_spliter", .behind = "\\s?\\d+\\s?", .most = MOST_SECTIONS};
    int64_t least;
    size_t count = 0;
    if (!kwarg_number(call, "num_sections", 0, &least) ||
        !kwarg_trimmed(call, w.name, &w.keyword)) {
        return CHECK_BAD_KWARGS;
    }
    enum check_result r = match_count(call, &w, text, &count);
    return r == CHECK_YES ? check_is(count >= (size_t)least) : r;
}

/* The text between fences, if it stands between any. */
static struct span without_fence(struct span text)
{
    static const char *const openings[] = {"```json", "```Json", "```JSON", "```"};
    text = unicode_trim(text);
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        struct span opening = span_str(openings[i]);
        if (span_starts(text, opening)) text = span_slice(text, opening.n, text.n);
    }
    if (span_ends(text, span_str("```"))) text.n -= 3;
    return unicode_trim(text);
}

enum check_result json_format(const struct check_call *call, struct span text)
{
    struct json_shape shape;
    struct error ignored = {0};
    (void)call;
    return check_is(json_scan(without_fence(text), &shape, &ignored));
}

/* <<[^\n]+>>, of each line from the first << to the last >>, with something but < and > in it. */
enum check_result title(const struct check_call *call, struct span text)
{
    struct pieces lines = {.text = text, .separator = span_str("\n")};
    struct span line;
    (void)call;
    while (next_piece(&lines, &line)) {
        size_t open = span_find(line, span_str("<<"), 0);
        size_t close = span_find_last(line, span_str(">>"));
        if (open == SPAN_NONE || close == SPAN_NONE || close < open + 3) continue;
        struct span inner = span_slice(line, open, close + 2);
        while (inner.n > 0 && inner.p[0] == '<') {
            inner = span_slice(inner, 1, inner.n);
        }
        while (inner.n > 0 && inner.p[inner.n - 1] == '>') {
            inner.n--;
        }
        if (!is_blank(inner)) return CHECK_YES;
    }
    return CHECK_NO;
}

enum check_result square_brackets(const struct check_call *call, struct span text)
{
    struct span word;
    (void)call;
    while (next_word(&text, &word)) {
        if (word.p[0] != '[' || word.p[word.n - 1] != ']') return CHECK_NO;
    }
    return CHECK_YES;
}

/* <<two words>>, pair by pair; a last word without a partner is free. */
enum check_result bigram_wrapping(const struct check_call *call, struct span text)
{
    struct span first, second;
    (void)call;
    while (next_word(&text, &first) && next_word(&text, &second)) {
        if (!span_starts(first, span_str("<<")) || !span_ends(second, span_str(">>"))) {
            return CHECK_NO;
        }
    }
    return CHECK_YES;
}

/* What stands between hyphens must be the sentences that are there when hyphens are blanks, as far
 * as there are both. */
enum check_result sentence_hyphens(const struct check_call *call, struct span text)
{
    char *copy = arena_alloc(call->arena, text.n + 1, 1);
    struct texts sentences;
    if (copy == NULL) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < text.n; i++) {
        copy[i] = text.p[i] == '-' ? ' ' : text.p[i];
    }
    if (!split_sentences(span_of(copy, text.n), call->arena, &sentences)) return CHECK_TOO_LARGE;
    struct pieces p = {.text = text, .separator = span_str("-")};
    struct span piece;
    for (size_t i = 0; i < sentences.n && next_piece(&p, &piece); i++) {
        if (!span_eq(piece, sentences.at[i])) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result no_comma(const struct check_call *call, struct span text)
{
    (void)call;
    return check_is(!holds(text, ","));
}

enum check_result no_point(const struct check_call *call, struct span text)
{
    (void)call;
    return check_is(!holds(text, "."));
}

enum check_result no_exclamation(const struct check_call *call, struct span text)
{
    (void)call;
    return check_is(!holds(text, "!"));
}

enum check_result quotation(const struct check_call *call, struct span text)
{
    (void)call;
    text = unicode_trim(text);
    return check_is(text.n > 1 && text.p[0] == '"' && text.p[text.n - 1] == '"');
}

/* Do the bytes of `letters`, each but the last with a point behind it, stand somewhere in the small
 * text, white space between them as they like: p.\s?s. */
static bool has_initials(struct span text, const char *letters, bool last_point)
{
    for (size_t at = 0; (at = span_find(text, span_of(letters, 1), at)) != SPAN_NONE; at++) {
        size_t i, end = at, n;
        for (i = 0; letters[i] != '\0'; i++) {
            if (i > 0 && end < text.n && unicode_is_space(char_at(text, end, &n))) end += n;
            if (end >= text.n || text.p[end] != letters[i]) break;
            end++;
            if (letters[i + 1] == '\0' && !last_point) return true;
            if (end >= text.n || text.p[end] != '.') break;
            end++;
        }
        if (letters[i] == '\0') return true;
    }
    return false;
}

/* P.S. and P.P.S with white space inside them; another marker, which may be a pattern, in small
 * letters. */
enum check_result postscript(const struct check_call *call, struct span text)
{
    struct wanted w = {.name = "postscript_marker", .most = 1};
    size_t count = 0;
    if (!kwarg_trimmed(call, w.name, &w.keyword)) return CHECK_BAD_KWARGS;
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    if (span_is(w.keyword, "P.P.S")) return check_is(has_initials(text, "pps", false));
    if (span_is(w.keyword, "P.S.")) return check_is(has_initials(text, "ps", true));
    w.keyword = unicode_lower(w.keyword, call->arena);
    if (w.keyword.p == NULL) return CHECK_TOO_LARGE;
    enum check_result r = match_count(call, &w, text, &count);
    return r == CHECK_YES ? check_is(count > 0) : r;
}
