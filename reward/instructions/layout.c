/* reward/instructions/layout.c - how a text is laid out: marks, brackets, lines, lists.
 *
 * Each function is a row of table.c, all of them IFBench's. They share nothing but the ways in
 * which texts are cut (pieces.h, sentences.h, tokens.h), for each of the checkers that they must
 * agree with has a notion of its own of what a line, a mark or a sentence is.
 *
 * What looks like a slip is mostly such a notion, and is kept because rewards are compared with
 * the checkers' own: an apostrophe opens a quotation (nested_quotes), blank lines are skipped as a
 * Python list skips when it is changed under a loop (line_stairs), and an emoji is what one
 * release of a package lists. The one limit of our own says why it is there (line_stairs).
 *
 * Brackets and quotations are kept on a stack in the call's arena, which the caller empties; a
 * full one is CHECK_TOO_LARGE and never a no.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "reward/instructions/checks.h"

#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/sentences.h"
#include "reward/instructions/tokens.h"
#include "reward/rules/unicode.h"

static bool holds(struct span text, const char *what)
{
    return span_find(text, span_str(what), 0) != SPAN_NONE;
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* The interrobang, and . , ! ? ; : beside the first one of ?! or !?. */
enum check_result punctuation_cover(const struct check_call *call, struct span text)
{
    static const char marks[] = ".,!?;:";
    size_t at = span_find(text, span_str("?!"), 0);
    (void)call;
    if (at == SPAN_NONE) at = span_find(text, span_str("!?"), 0);
    if (at == SPAN_NONE && !holds(text, "\xE2\x80\xBD")) return CHECK_NO;
    struct span before = span_slice(text, 0, at == SPAN_NONE ? text.n : at);
    struct span behind = span_slice(text, at == SPAN_NONE ? text.n : at + 2, text.n);
    for (int i = 0; marks[i] != '\0'; i++) {
        struct span mark = span_of(&marks[i], 1);
        if (span_find(before, mark, 0) == SPAN_NONE && span_find(behind, mark, 0) == SPAN_NONE) {
            return CHECK_NO;
        }
    }
    return CHECK_YES;
}

/* Five levels or more, one of which closes; what does not fit begins anew. */
enum check_result nested_parentheses(const struct check_call *call, struct span text)
{
    enum { LEVELS = 5 };
    static const char opening[] = "([{", closing[] = ")]}";
    char *open = arena_alloc(call->arena, text.n + 1, 1);
    size_t depth = 0, deepest = 0;
    if (open == NULL) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < text.n; i++) {
        const char *o = text.p[i] == '\0' ? NULL : strchr(opening, text.p[i]);
        const char *c = text.p[i] == '\0' ? NULL : strchr(closing, text.p[i]);
        if (o != NULL) {
            open[depth++] = closing[o - opening];
            if (depth > deepest) deepest = depth;
        } else if (c != NULL && depth > 0 && open[depth - 1] == *c) {
            depth--;
            if (deepest >= LEVELS) return CHECK_YES;
        } else if (c != NULL) {
            depth = deepest = 0;
        }
    }
    return CHECK_NO;
}

/* Three levels of " and ' one in the other, all three closed. */
enum check_result nested_quotes(const struct check_call *call, struct span text)
{
    enum { LEVELS = 3 };
    char *open = arena_alloc(call->arena, text.n + 1, 1);
    size_t depth = 0, deepest = 0;
    if (open == NULL) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (depth > 0 && c == open[depth - 1]) {
            depth--;
            if (deepest - depth >= LEVELS) return CHECK_YES;
        } else if (c == '"' || c == '\'') {
            open[depth++] = c;
            if (depth > deepest) deepest = depth;
        }
    }
    return CHECK_NO;
}

/* No quotation directly behind another, and none at the end. */
enum check_result quote_unquote(const struct check_call *call, struct span text)
{
    static const char alone[] = "'\"'"; /* the mark itself is spoken of */
    char *p = arena_alloc(call->arena, text.n + 1, 1);
    size_t n = 0;
    if (p == NULL) return CHECK_TOO_LARGE;
    for (size_t at = 0, bytes; at < text.n; at += bytes) {
        uint32_t c = char_at(text, at, &bytes);
        if (span_starts(span_slice(text, at, text.n), span_str(alone))) {
            bytes = strlen(alone);
        } else if (!unicode_is_space(c)) {
            memcpy(p + n, text.p + at, bytes);
            n += bytes;
        }
    }
    struct span rest = span_of(p, n);
    if (holds(rest, "\"\"")) return CHECK_NO;
    while (rest.n > 0) { /* digits and marks at the end, but " */
        char c = rest.p[rest.n - 1];
        if (c == '"' || !(ascii_is_mark(c) || ascii_is_digit(c))) break;
        rest.n--;
    }
    return check_is(rest.n == 0 || rest.p[rest.n - 1] != '"');
}

enum check_result title_case(const struct check_call *call, struct span text)
{
    struct texts tokens;
    if (!tokens_of(text, call->arena, &tokens)) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < tokens.n; i++) {
        size_t n;
        uint32_t first = char_at(tokens.at[i], 0, &n);
        struct span rest = span_slice(tokens.at[i], n, tokens.at[i].n);
        if (!unicode_is_lower(first)) continue;
        if (rest.n == 0 || unicode_all_upper(rest) || unicode_all_lower(rest)) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result no_whitespace(const struct check_call *call, struct span text)
{
    (void)call;
    for (size_t at = 0, n; at < text.n; at += n) {
        if (unicode_is_space(char_at(text, at, &n))) return CHECK_NO;
    }
    return CHECK_YES;
}

/* ---- emoji ----------------------------------------------------------------------------------- */

/* Characters that are an emoji by themselves, as the package emoji 2.16 lists them. */
static const struct {
    uint32_t first, last;
} emoji[] = {
    {0xA9, 0xA9},       {0xAE, 0xAE},       {0x203C, 0x203C},   {0x2049, 0x2049},
    {0x2122, 0x2122},   {0x2139, 0x2139},   {0x2194, 0x2199},   {0x21A9, 0x21AA},
    {0x231A, 0x231B},   {0x2328, 0x2328},   {0x23CF, 0x23CF},   {0x23E9, 0x23F3},
    {0x23F8, 0x23FA},   {0x24C2, 0x24C2},   {0x25AA, 0x25AB},   {0x25B6, 0x25B6},
    {0x25C0, 0x25C0},   {0x25FB, 0x25FE},   {0x2600, 0x2604},   {0x260E, 0x260E},
    {0x2611, 0x2611},   {0x2614, 0x2615},   {0x2618, 0x2618},   {0x261D, 0x261D},
    {0x2620, 0x2620},   {0x2622, 0x2623},   {0x2626, 0x2626},   {0x262A, 0x262A},
    {0x262E, 0x262F},   {0x2638, 0x263A},   {0x2640, 0x2640},   {0x2642, 0x2642},
    {0x2648, 0x2653},   {0x265F, 0x2660},   {0x2663, 0x2663},   {0x2665, 0x2666},
    {0x2668, 0x2668},   {0x267B, 0x267B},   {0x267E, 0x267F},   {0x2692, 0x2697},
    {0x2699, 0x2699},   {0x269B, 0x269C},   {0x26A0, 0x26A1},   {0x26A7, 0x26A7},
    {0x26AA, 0x26AB},   {0x26B0, 0x26B1},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26C8, 0x26C8},   {0x26CE, 0x26CF},   {0x26D1, 0x26D1},   {0x26D3, 0x26D4},
    {0x26E9, 0x26EA},   {0x26F0, 0x26F5},   {0x26F7, 0x26FA},   {0x26FD, 0x26FD},
    {0x2702, 0x2702},   {0x2705, 0x2705},   {0x2708, 0x270D},   {0x270F, 0x270F},
    {0x2712, 0x2712},   {0x2714, 0x2714},   {0x2716, 0x2716},   {0x271D, 0x271D},
    {0x2721, 0x2721},   {0x2728, 0x2728},   {0x2733, 0x2734},   {0x2744, 0x2744},
    {0x2747, 0x2747},   {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2763, 0x2764},   {0x2795, 0x2797},   {0x27A1, 0x27A1},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2934, 0x2935},   {0x2B05, 0x2B07},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},   {0x3030, 0x3030},
    {0x303D, 0x303D},   {0x3297, 0x3297},   {0x3299, 0x3299},   {0x1F004, 0x1F004},
    {0x1F0CF, 0x1F0CF}, {0x1F170, 0x1F171}, {0x1F17E, 0x1F17F}, {0x1F18E, 0x1F18E},
    {0x1F191, 0x1F19A}, {0x1F201, 0x1F202}, {0x1F21A, 0x1F21A}, {0x1F22F, 0x1F22F},
    {0x1F232, 0x1F23A}, {0x1F250, 0x1F251}, {0x1F300, 0x1F321}, {0x1F324, 0x1F393},
    {0x1F396, 0x1F397}, {0x1F399, 0x1F39B}, {0x1F39E, 0x1F3F0}, {0x1F3F3, 0x1F3F5},
    {0x1F3F7, 0x1F4FD}, {0x1F4FF, 0x1F53D}, {0x1F549, 0x1F54E}, {0x1F550, 0x1F567},
    {0x1F56F, 0x1F570}, {0x1F573, 0x1F57A}, {0x1F587, 0x1F587}, {0x1F58A, 0x1F58D},
    {0x1F590, 0x1F590}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A5}, {0x1F5A8, 0x1F5A8},
    {0x1F5B1, 0x1F5B2}, {0x1F5BC, 0x1F5BC}, {0x1F5C2, 0x1F5C4}, {0x1F5D1, 0x1F5D3},
    {0x1F5DC, 0x1F5DE}, {0x1F5E1, 0x1F5E1}, {0x1F5E3, 0x1F5E3}, {0x1F5E8, 0x1F5E8},
    {0x1F5EF, 0x1F5EF}, {0x1F5F3, 0x1F5F3}, {0x1F5FA, 0x1F64F}, {0x1F680, 0x1F6C5},
    {0x1F6CB, 0x1F6D2}, {0x1F6D5, 0x1F6D9}, {0x1F6DC, 0x1F6E5}, {0x1F6E9, 0x1F6E9},
    {0x1F6EB, 0x1F6EC}, {0x1F6F0, 0x1F6F0}, {0x1F6F3, 0x1F6FC}, {0x1F7E0, 0x1F7EB},
    {0x1F7F0, 0x1F7F0}, {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF},
    {0x1FA70, 0x1FA7C}, {0x1FA80, 0x1FAC6}, {0x1FAC8, 0x1FAC8}, {0x1FACC, 0x1FADD},
    {0x1FADF, 0x1FAEB}, {0x1FAEF, 0x1FAFA},
};

static bool is_emoji(uint32_t c)
{
    size_t low = 0, high = sizeof(emoji) / sizeof(emoji[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > emoji[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < sizeof(emoji) / sizeof(emoji[0]) && c >= emoji[low].first && c <= emoji[low].last;
}

/* One of the last two characters; a single one counts for both. */
static bool ends_in_emoji(struct span text)
{
    size_t n;
    uint32_t last = char_before(text, text.n, &n);
    return is_emoji(last) || is_emoji(char_before(text, text.n - n, NULL));
}

/* Every sentence, marks aside, ends in an emoji or the next one begins with it. */
enum check_result emoji_sentences(const struct check_call *call, struct span text)
{
    struct texts s;
    if (!sentences_of(text, call->arena, &s)) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < s.n; i++) {
        struct span plain = without_marks(s.at[i], call->arena), next = span_of("", 0);
        if (i + 1 < s.n) next = without_marks(s.at[i + 1], call->arena);
        if (plain.p == NULL || next.p == NULL) return CHECK_TOO_LARGE;
        plain = unicode_trim(plain);
        next = unicode_trim(next);
        if (plain.n == 0) return CHECK_NO;
        if (!ends_in_emoji(plain) && !is_emoji(char_at(next, 0, NULL))) return CHECK_NO;
    }
    return CHECK_YES;
}

/* ---- lines and lists ------------------------------------------------------------------------- */

/* As many words as lines that are not empty, when marks are gone. */
enum check_result word_a_line(const struct check_call *call, struct span text)
{
    text = without_marks(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    text = unicode_trim(text);
    struct pieces p = {.text = text, .separator = span_str("\n")};
    struct span piece, rest = text;
    size_t lines = 0, words = 0;
    while (next_piece(&p, &piece)) {
        lines += piece.n > 0;
    }
    while (next_word(&rest, &piece)) {
        words++;
    }
    return check_is(lines == words);
}

static size_t indent(struct span line)
{
    size_t n = 0;
    while (n < line.n && line.p[n] == ' ') {
        n++;
    }
    return n;
}

/* Take the first line that is the same as line i out, as list.remove() does. */
static void remove_like(struct texts *lines, size_t i)
{
    size_t at = 0;
    while (!span_eq(lines->at[at], lines->at[i])) {
        at++;
    }
    lines->n--;
    memmove(lines->at + at, lines->at + at + 1, (lines->n - at) * sizeof(*lines->at));
}

/* Each line further in than the one before. Blank lines are taken out while they are walked over,
 * as the checker does: of two in a row one stays. Stairs of more than MOST lines would take
 * megabytes of blanks. */
enum check_result line_stairs(const struct check_call *call, struct span text)
{
    enum { MOST = 2048 };
    struct pieces p = {.text = text, .separator = span_str("\n")};
    struct texts lines = {.at = arena_alloc(call->arena, MOST, sizeof(struct span))};
    struct span line;
    if (lines.at == NULL) return CHECK_TOO_LARGE;
    while (next_piece(&p, &line)) {
        if (lines.n == MOST) return CHECK_NO;
        lines.at[lines.n++] = line;
    }
    for (size_t i = 0; i < lines.n; i++) {
        if (is_blank(lines.at[i])) remove_like(&lines, i);
    }
    for (size_t i = 1; i < lines.n; i++) {
        if (indent(lines.at[i]) <= indent(lines.at[i - 1])) return CHECK_NO;
    }
    return CHECK_YES;
}

/* Twice or more. */
enum check_result own_bullets(const struct check_call *call, struct span text)
{
    struct span mark;
    if (!kwarg_text(call, "sep", &mark)) return CHECK_BAD_KWARGS;
    size_t at = span_find(text, mark, 0);
    return check_is(at != SPAN_NONE && span_find(text, mark, at + mark.n) != SPAN_NONE);
}

/* <i>or <em>something</i> or </em>, and something behind it. */
enum check_result italic_thesis(const struct check_call *call, struct span text)
{
    size_t open = span_find(text, span_str("<i>"), 0);
    (void)call;
    if (open == SPAN_NONE) open = span_find(text, span_str("<em>"), 0);
    if (open == SPAN_NONE) return CHECK_NO;
    text = span_slice(text, open, text.n);
    size_t close = span_find(text, span_str("</i>"), 0);
    if (close == SPAN_NONE) close = span_find(text, span_str("</em>"), 0);
    if (close == SPAN_NONE) return CHECK_NO;
    return check_is(!is_blank(span_slice(text, 3, close)) &&
                    !is_blank(span_slice(text, close + 4, text.n)));
}

/* Behind each * a - before the next. */
enum check_result sub_bullets(const struct check_call *call, struct span text)
{
    struct pieces p = {.text = text, .separator = span_str("*")};
    struct span piece;
    (void)call;
    next_piece(&p, &piece);
    while (next_piece(&p, &piece)) {
        if (!holds(piece, "-")) return CHECK_NO;
    }
    return CHECK_YES;
}

/* Lines of sentences, two or more, then lines that begin with *, two or more. A blank line ends the
 * sentences. */
enum check_result sentences_then_bullets(const struct check_call *call, struct span text)
{
    struct pieces p = {.text = text, .separator = span_str("\n")};
    struct span line;
    struct texts s;
    size_t sentences = 0, bullets = 0;
    bool open = true;
    while (next_piece(&p, &line)) {
        line = unicode_trim(line);
        if (line.n > 0 && line.p[0] == '*') {
            open = false;
            if (sentences < 2) return CHECK_NO;
            bullets++;
        } else if (open) {
            if (!sentences_of(line, call->arena, &s)) return CHECK_TOO_LARGE;
            sentences += s.n;
            open = s.n > 0;
        } else {
            return CHECK_NO;
        }
    }
    return check_is(bullets >= 2);
}

enum check_result output_template(const struct check_call *call, struct span text)
{
    (void)call;
    return check_is(holds(text, "My Answer:") && holds(text, "My Conclusion:") &&
                    holds(text, "Future Outlook:"));
}

/* ---- one of several answers ------------------------------------------------------------------ */

/* Does the text begin with a, b, c in this order with nothing but marks and blanks between? */
static bool lists_letters(struct span options)
{
    static const char letters[] = "abc";
    size_t at = 0, n;
    for (int i = 0; letters[i] != '\0'; i++) {
        while (at < options.n && !unicode_is_word(char_at(options, at, &n))) {
            at += n;
        }
        if (at >= options.n || (options.p[at] | 0x20) != letters[i]) return false;
        at++;
    }
    return true;
}

/* Options are parted by /, else by "or", else by commas. Of letters the answer is one as it stands;
 * of others in either case, marks around aside. */
enum check_result one_option(const struct check_call *call, struct span text)
{
    struct span options, option;
    if (!kwarg_text(call, "options", &options)) return CHECK_BAD_KWARGS;
    bool exact = lists_letters(options);
    const char *separator = holds(options, "/") ? "/" : holds(options, "or") ? "or" : ",";
    struct pieces p = {.text = options, .separator = span_str(separator)};
    struct span given = exact ? text : unicode_lower(strip_marks(text), call->arena);
    if (given.p == NULL) return CHECK_TOO_LARGE;
    while (next_piece(&p, &option)) {
        option = unicode_trim(option);
        if (!exact) option = unicode_lower(strip_marks(option), call->arena);
        if (option.p == NULL) return CHECK_TOO_LARGE;
        if (span_eq(option, given)) return CHECK_YES;
    }
    return CHECK_NO;
}
