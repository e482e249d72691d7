/* reward/instructions/tokens.c - see tokens.h.
 *
 * A sentence goes through rules, each a pass that sets blanks where a token begins or ends and
 * writes some marks anew; in the end tokens are what stands between blanks. The order matters: what
 * an earlier rule has set apart a later one no longer sees joined.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/tokens.h"

#include <strings.h>

#include "base/buffer.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/sentences.h"
#include "reward/rules/unicode.h"

enum { GROWTH = 8, SLACK = 64 }; /* a pass makes a text at most so much longer, all together */

static const char OPENING[] = "``", CLOSING[] = "''";

static void add_padded(struct buffer *out, const char *token)
{
    buffer_add_char(out, ' ');
    buffer_add_str(out, token);
    buffer_add_char(out, ' ');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* ---- blanks round characters ----------------------------------------------------------------- */

static bool opens_quote(uint32_t c)
{
    return c == 0xAB || c == 0x201C || c == 0x2018 || c == 0x201E;
}

static bool closes_quote(uint32_t c)
{
    return c == 0xBB || c == 0x201D || c == 0x2019;
}

static bool stands_alone(uint32_t c)
{
    return (c >= 0x2012 && c <= 0x2015) || (c < 0x80 && is_one_of((char)c, ";@#$%&?!*()[]{}<>"));
}

static void pad(struct span in, struct buffer *out, bool (*is)(uint32_t))
{
    for (size_t at = 0, n; at < in.n; at += n) {
        bool apart = is(char_at(in, at, &n));
        if (apart) buffer_add_char(out, ' ');
        buffer_add(out, in.p + at, n);
        if (apart) buffer_add_char(out, ' ');
    }
}

/* Blanks round each run of c, of at least `least` and at most `most` of them. */
static void pad_runs(struct span in, struct buffer *out, char c, size_t least, size_t most)
{
    for (size_t at = 0, n; at < in.n; at += n) {
        for (n = 0; at + n < in.n && in.p[at + n] == c && n < most; n++) {
        }
        bool apart = n >= least;
        if (n == 0) n = 1;
        if (apart) buffer_add_char(out, ' ');
        buffer_add(out, in.p + at, n);
        if (apart) buffer_add_char(out, ' ');
    }
}

/* ---- quotation marks that open --------------------------------------------------------------- */

static void opening_marks(struct span in, struct buffer *out)
{
    pad(in, out, opens_quote);
}

static void backticks(struct span in, struct buffer *out)
{
    pad_runs(in, out, '`', 1, SIZE_MAX);
}

static void first_quote(struct span in, struct buffer *out)
{
    bool quoted = in.n > 0 && in.p[0] == '"';
    if (quoted) buffer_add_str(out, OPENING);
    buffer_add_span(out, span_slice(in, quoted, in.n));
}

static void double_backticks(struct span in, struct buffer *out)
{
    pad_runs(in, out, '`', 2, 2);
}

/* " or '' behind a blank or an opening bracket */
static void quotes_that_open(struct span in, struct buffer *out)
{
    for (size_t at = 0, n; at < in.n; at += n) {
        bool twice = span_starts(span_slice(in, at, in.n), span_str(CLOSING));
        n = twice ? 2 : 1;
        if (at > 0 && (twice || in.p[at] == '"') && is_one_of(in.p[at - 1], " ([{<")) {
            add_padded(out, OPENING);
        } else {
            n = 1;
            buffer_add_char(out, in.p[at]);
        }
    }
}

static const char *const clitics[] = {"re", "ve", "ll", "m", "t", "s", "d", "n", NULL};

static bool starts_ignoring_case(struct span in, const char *word)
{
    size_t n = strlen(word);
    return in.n >= n && strncasecmp(in.p, word, n) == 0;
}

/* An apostrophe before a word, not inside one and no clitic's: 'tis as one mark and a word. */
static bool is_single_opening(struct span in, size_t at)
{
    struct span rest = span_slice(in, at + 1, in.n);
    if (in.p[at] != '\'' || unicode_is_word(char_before(in, at, NULL))) return false;
    if (rest.n == 0 || !unicode_is_word(char_at(rest, 0, NULL))) return false;
    for (size_t i = 0; clitics[i] != NULL; i++) {
        if (starts_ignoring_case(rest, clitics[i]) &&
            unicode_is_boundary(rest, strlen(clitics[i]))) {
            return false;
        }
    }
    return true;
}

static void single_quotes_that_open(struct span in, struct buffer *out)
{
    for (size_t at = 0; at < in.n; at++) {
        buffer_add_char(out, in.p[at]);
        if (is_single_opening(in, at)) buffer_add_char(out, ' ');
    }
}

/* ---- punctuation ----------------------------------------------------------------------------- */

/* The bytes of a mark that may stand behind a sentence's point, at in[at]; 0: none is there. */
static size_t closer_at(struct span in, size_t at)
{
    size_t n;
    uint32_t c = char_at(in, at, &n);
    bool closes = closes_quote(c) || (c < 0x80 && is_one_of((char)c, "])}>\"' "));
    return closes ? n : 0;
}

/* The last point, where nothing but closing marks comes behind it and no point before it. */
static void final_point(struct span in, struct buffer *out)
{
    size_t point = span_find_last(in, span_str(".")), end, n;
    if (point == SPAN_NONE || point == 0 || in.p[point - 1] == '.') {
        buffer_add_span(out, in);
        return;
    }
    for (end = point + 1; (n = closer_at(in, end)) > 0;) {
        end += n;
    }
    bool final = is_blank(span_slice(in, end, in.n));
    buffer_add_span(out, span_slice(in, 0, final ? point : in.n));
    if (!final) return;
    add_padded(out, ".");
    buffer_add_span(out, span_slice(in, point + 1, end));
    buffer_add_char(out, ' ');
}

/* A colon or comma, but before a digit; the character behind it is used up. */
static void colons_and_commas(struct span in, struct buffer *out)
{
    for (size_t at = 0, n; at < in.n; at += n) {
        size_t behind = 0;
        bool mark = in.p[at] == ':' || in.p[at] == ',';
        n = 1;
        if (mark) mark = at + 1 == in.n || !unicode_is_digit(char_at(in, at + 1, &behind));
        if (mark) buffer_add_char(out, ' ');
        buffer_add_char(out, in.p[at]);
        if (!mark) continue;
        buffer_add_char(out, ' ');
        if (at + 1 == in.n) continue;
        buffer_add(out, in.p + at + 1, behind);
        n += behind;
    }
}

static void runs_of_points(struct span in, struct buffer *out)
{
    pad_runs(in, out, '.', 2, SIZE_MAX);
}

static void lone_marks(struct span in, struct buffer *out)
{
    pad(in, out, stands_alone);
}

/* An apostrophe before a blank, but behind another */
static void trailing_apostrophes(struct span in, struct buffer *out)
{
    for (size_t at = 0; at < in.n; at++) {
        bool trails = at > 0 && in.p[at] == '\'' && in.p[at - 1] != '\'' && at + 1 < in.n &&
                      in.p[at + 1] == ' ';
        if (trails) buffer_add_char(out, ' ');
        buffer_add_char(out, in.p[at]);
    }
}

static void double_dashes(struct span in, struct buffer *out)
{
    pad_runs(in, out, '-', 2, 2);
}

/* ---- quotation marks that close, and clitics ------------------------------------------------- */

static void closing_marks(struct span in, struct buffer *out)
{
    buffer_add_char(out, ' ');
    pad(in, out, closes_quote);
    buffer_add_char(out, ' ');
}

static void quotes_that_close(struct span in, struct buffer *out)
{
    for (size_t at = 0, n; at < in.n; at += n) {
        bool twice = span_starts(span_slice(in, at, in.n), span_str(CLOSING));
        n = twice ? 2 : 1;
        if (twice || in.p[at] == '"') {
            add_padded(out, CLOSING);
        } else {
            buffer_add_char(out, in.p[at]);
        }
    }
}

static void one_blank_for_many(struct span in, struct buffer *out)
{
    bool space_before = false;
    for (size_t at = 0, n; at < in.n; at += n) {
        bool space = unicode_is_space(char_at(in, at, &n));
        if (!space) buffer_add(out, in.p + at, n);
        if (space && !space_before) buffer_add_char(out, ' ');
        space_before = space;
    }
}

/* A blank before each of the endings that stands before a blank and behind neither ' nor a blank.
 */
static void set_apart(struct span in, struct buffer *out, const char *const *endings)
{
    for (size_t at = 0, n; at < in.n; at += n) {
        struct span rest = span_slice(in, at, in.n);
        bool ends = false;
        n = 1;
        for (size_t i = 0; at > 0 && !is_one_of(in.p[at - 1], "' ") && endings[i] != NULL; i++) {
            size_t m = strlen(endings[i]);
            ends = span_starts(rest, span_str(endings[i])) && m < rest.n && rest.p[m] == ' ';
            if (!ends) continue;
            n = m;
            break;
        }
        if (ends) buffer_add_char(out, ' ');
        buffer_add(out, in.p + at, n);
    }
}

static void short_clitics(struct span in, struct buffer *out)
{
    static const char *const endings[] = {"'s", "'S", "'m", "'M", "'d", "'D", "'", NULL};
    set_apart(in, out, endings);
}

static void long_clitics(struct span in, struct buffer *out)
{
    static const char *const endings[] = {"'ll", "'LL", "'re", "'RE", "'ve",
                                          "'VE", "n't", "N'T", NULL};
    set_apart(in, out, endings);
}

/* Words that are two: the first has so many letters. */
static const struct {
    const char *word;
    size_t first;
} doubles[] = {{"cannot", 3}, {"d'ye", 1},   {"gimme", 3}, {"gonna", 3}, {"gotta", 3},
               {"lemme", 3},  {"more'n", 4}, {"wanna", 3}, {"'tis", 2},  {"'twas", 2}};

/* Of the double word at in[at]: the bytes of its first half, and of all in *n. 0: there is none. */
static size_t double_at(struct span in, size_t at, size_t *n)
{
    struct span rest = span_slice(in, at, in.n);
    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        const char *word = doubles[i].word;
        if (!starts_ignoring_case(rest, word)) continue;
        *n = strlen(word);
        bool begins = word[0] == '\'' ? at > 0 && in.p[at - 1] == ' ' : unicode_is_boundary(in, at);
        bool ends = *word == 'w' ? *n < rest.n && rest.p[*n] == ' ' : unicode_is_boundary(rest, *n);
        if (begins && ends) return doubles[i].first;
    }
    return 0;
}

static void double_words(struct span in, struct buffer *out)
{
    for (size_t at = 0, n; at < in.n; at += n) {
        n = 1;
        size_t first = is_one_of(in.p[at], "cCdDgGlLmMwW'") ? double_at(in, at, &n) : 0;
        if (first == 0) n = 1;
        buffer_add(out, in.p + at, first == 0 ? 1 : first);
        if (first == 0) continue;
        buffer_add_char(out, ' ');
        buffer_add(out, in.p + at + first, n - first);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* A rule, and the bytes without any of which it changes nothing; NULL: it always may. */
static const struct rule {
    void (*apply)(struct span in, struct buffer *out);
    const char *marks;
} rules[] = {
    {opening_marks, "\xC2\xE2"}, {backticks, "`"},
    {first_quote, "\""},         {double_backticks, "`"},
    {quotes_that_open, "\"'"},   {single_quotes_that_open, "'"},
    {final_point, "."},          {colons_and_commas, ":,"},
    {runs_of_points, "."},       {lone_marks, "\xE2;@#$%&?!*()[]{}<>"},
    {trailing_apostrophes, "'"}, {double_dashes, "-"},
    {closing_marks, NULL},       {quotes_that_close, "\"'"},
    {one_blank_for_many, NULL},  {short_clitics, "'"},
    {long_clitics, "'"},         {double_words, NULL},
};

static bool concerns(const struct rule *r, struct span text)
{
    for (const char *mark = r->marks; mark != NULL && text.n > 0; mark++) {
        if (*mark == '\0') return false;
        if (memchr(text.p, *mark, text.n) != NULL) return true;
    }
    return text.n > 0;
}

/* One sentence's tokens behind what is in out, blanks between them. */
static void tokenise(struct span sentence, struct buffer work[2], struct buffer *out)
{
    struct span in = sentence;
    size_t which = 0;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!concerns(&rules[i], in)) continue;
        work[which].n = 0;
        rules[i].apply(in, &work[which]);
        in = buffer_span(&work[which]);
        which = 1 - which;
    }
    buffer_add_char(out, ' ');
    buffer_add_span(out, in);
}

static bool cut_at_blanks(struct span text, struct arena *a, struct texts *out)
{
    struct span rest = text, token;
    size_t n = 0;
    while (next_word(&rest, &token)) {
        n++;
    }
    *out = (struct texts){.at = arena_alloc(a, n + 1, sizeof(struct span))};
    if (out->at == NULL) return false;
    while (next_word(&text, &token)) {
        out->at[out->n++] = token;
    }
    return true;
}

bool tokens_of(struct span text, struct arena *a, struct texts *out)
{
    struct texts sentences;
    struct buffer work[2], all;
    if (text.n > SIZE_MAX / (2 * GROWTH) || !sentences_of(text, a, &sentences)) return false;
    buffer_init(&work[0], GROWTH * text.n + SLACK);
    buffer_init(&work[1], GROWTH * text.n + SLACK);
    buffer_init(&all, 2 * GROWTH * text.n + SLACK);
    for (size_t i = 0; i < sentences.n; i++) {
        tokenise(sentences.at[i], work, &all);
    }
    bool ok = !all.failed && !work[0].failed && !work[1].failed;
    const char *kept = ok ? arena_str(a, buffer_span(&all)) : NULL;
    size_t n = all.n;
    buffer_clear(&all);
    buffer_clear(&work[0]);
    buffer_clear(&work[1]);
    return kept != NULL && cut_at_blanks(span_of(kept, n), a, out);
}
