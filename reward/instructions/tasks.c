/* reward/instructions/tasks.c - tasks of IFBench with one right shape: lists that are known,
 * tables, the request repeated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include <utf8proc.h>

#include "base/ascii.h"
#include "reward/instructions/csv.h"
#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/rules/unicode.h"

/* ---- lists that are known -------------------------------------------------------------------- */

/* The multiples of 7 from 14 to 49, and no other number. */
enum check_result multiples_of_seven(const struct check_call *call, struct span text)
{
    struct span run;
    int wanted = 14;
    (void)call;
    for (; next_run(&text, unicode_is_digit, &run); wanted += 7) {
        bool same = run.n == 2 && run.p[0] == '0' + wanted / 10 && run.p[1] == '0' + wanted % 10;
        if (!same || wanted > 49) return CHECK_NO;
    }
    return check_is(wanted == 56);
}

/* The text's ASCII characters after compatible decomposition; new in a. p NULL: a is full. */
static struct span to_ascii(struct span text, struct arena *a)
{
    enum { MOST = 32 };
    char *p = arena_alloc(a, 4 * text.n + MOST, 1);
    size_t n = 0;
    for (size_t at = 0, bytes; p != NULL && at < text.n; at += bytes) {
        utf8proc_int32_t parts[MOST];
        int last = 0;
        utf8proc_ssize_t k =
            utf8proc_decompose_char((utf8proc_int32_t)char_at(text, at, &bytes), parts, MOST,
                                    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last);
        for (utf8proc_ssize_t i = 0; i < k && i < MOST && n < 4 * text.n; i++) {
            if (parts[i] < 0x80) p[n++] = (char)parts[i];
        }
    }
    return span_of(p, n);
}

enum check_result european_capitals(const struct check_call *call, struct span text)
{
    static const char *const order[] = {
        "Reykjavik",  "Helsinki", "Oslo",     "Tallinn",    "Stockholm", "Riga",      "Moscow",
        "Copenhagen", "Vilnius",  "Minsk",    "Dublin",     "Berlin",    "Amsterdam", "Warsaw",
        "London",     "Brussels", "Prague",   "Luxembourg", "Paris",     "Vienna",    "Bratislava",
        "Budapest",   "Vaduz",    "Chisinau", "Bern",       "Ljubljana", "Zagreb"};
    enum { N_CAPITALS = sizeof(order) / sizeof(order[0]) };
    struct pieces p = {.text = to_ascii(text, call->arena), .separator = span_str(",")};
    struct span piece;
    size_t n = 0;
    if (p.text.p == NULL) return CHECK_TOO_LARGE;
    while (next_piece(&p, &piece)) {
        piece = unicode_trim(piece);
        if (piece.n == 0) continue;
        if (n == N_CAPITALS || !span_is(piece, order[n])) return CHECK_NO;
        n++;
    }
    return check_is(n == N_CAPITALS);
}

static bool is_less(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order < 0 || (order == 0 && a.n < b.n);
}

/* From Zimbabwe on 52 lines or more, none greater than the one before. */
enum check_result countries_backwards(const struct check_call *call, struct span text)
{
    enum { COUNTRIES = 52 };
    struct pieces p = {.text = text, .separator = span_str("\n")};
    struct span line, before = span_of(NULL, 0);
    size_t n = 0;
    while (next_piece(&p, &line)) {
        line = strip_marks(line);
        if (line.n == 0) continue;
        if (n == 0 && span_find(line, span_str("Zimbabwe"), 0) == SPAN_NONE) continue;
        line = to_ascii(line, call->arena);
        if (line.p == NULL) return CHECK_TOO_LARGE;
        if (n > 0 && is_less(before, line)) return CHECK_NO;
        before = line;
        n++;
    }
    return check_is(n >= COUNTRIES);
}

enum check_result words_backwards(const struct check_call *call, struct span text)
{
    struct span word;
    text = unicode_lower(text, call->arena);
    if (text.p != NULL) text = without_marks(text, call->arena);
    char *p = text.p == NULL ? NULL : arena_alloc(call->arena, text.n + 2, 1);
    if (p == NULL) return CHECK_TOO_LARGE;
    size_t start = text.n + 1;
    while (next_word(&text, &word)) { /* from the back to the front */
        start -= word.n;
        memcpy(p + start, word.p, word.n);
        p[--start] = ' ';
    }
    struct span turned = span_of(p + start, strlen(p + start));
    return check_is(span_find(turned, span_str("bald eagle"), 0) != SPAN_NONE);
}

enum check_result letters_backwards(const struct check_call *call, struct span text)
{
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    return check_is(span_find(text, span_str("elgae dlab"), 0) != SPAN_NONE);
}

/* ---- dates ----------------------------------------------------------------------------------- */

/* The number of n digits at p; -1: they are none. */
static int digits_at(const char *p, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (!ascii_is_digit(p[i])) return -1;
        value = 10 * value + (p[i] - '0');
    }
    return value;
}

/* YYYY-MM-DD in Napoleon's lifetime. Month 0 and day 0 are let pass, as the checker does. */
static bool is_date(struct span d)
{
    static const int days[] = {99, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d.n != 10 || d.p[4] != '-' || d.p[7] != '-') return false;
    int year = digits_at(d.p, 4), month = digits_at(d.p + 5, 2), day = digits_at(d.p + 8, 2);
    return year >= 1769 && year <= 1821 && month >= 0 && month <= 12 && day >= 0 &&
           day <= days[month];
}

enum check_result date_list(const struct check_call *call, struct span text)
{
    struct pieces p = {.text = unicode_trim(text), .separator = span_str(",")};
    struct span piece;
    (void)call;
    while (next_piece(&p, &piece)) {
        if (!is_date(unicode_trim(piece))) return CHECK_NO;
    }
    return CHECK_YES;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool has_fields(const struct csv_row *row, size_t n)
{
    return row->n == n;
}

enum check_result csv_city(const struct check_call *call, struct span text)
{
    static const char *const header[] = {"ID", "Country", "City", "Year", "Count"};
    struct csv csv = {.text = text, .delimiter = ','};
    struct csv_row row;
    size_t rows = 0;
    while (csv_next(&csv, call->arena, &row)) {
        if (!has_fields(&row, 5)) return CHECK_NO;
        for (size_t i = 0; rows == 0 && i < 5; i++) {
            if (!span_is(row.fields[i], header[i])) return CHECK_NO;
        }
        rows++;
    }
    return csv.failed ? CHECK_TOO_LARGE : check_is(rows == 8);
}

/* The first line is these names, each in quotation marks or not, blanks (or tabs) behind
 * delimiters. */
static bool is_header(struct span text, const char *const *names, char delimiter,
                      const char *blanks)
{
    struct span line = unicode_trim(span_slice(text, 0, span_find(text, span_str("\n"), 0)));
    for (size_t i = 0; names[i] != NULL; i++) {
        struct span name = span_str(names[i]);
        if (i > 0) {
            if (line.n == 0 || line.p[0] != delimiter) return false;
            do {
                line = span_slice(line, 1, line.n);
            } while (line.n > 0 && line.p[0] != '\0' && strchr(blanks, line.p[0]) != NULL);
        }
        bool quoted = line.n > 0 && line.p[0] == '"';
        line = span_slice(line, quoted, line.n);
        if (!span_starts(line, name)) return false;
        line = span_slice(line, name.n, line.n);
        if (quoted && (line.n == 0 || line.p[0] != '"')) return false;
        line = span_slice(line, quoted, line.n);
    }
    return line.n == 0;
}

/* Each " thrice, so that a reader of CSV keeps one. p NULL: a is full. */
static struct span with_quotes_kept(struct span text, struct arena *a)
{
    char *p = text.n > SIZE_MAX / 3 - 1 ? NULL : arena_alloc(a, 3 * text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < text.n; i++) {
        p[n++] = text.p[i];
        if (text.p[i] != '"') continue;
        p[n++] = '"';
        p[n++] = '"';
    }
    return span_of(p, n);
}

/* "...x..." with an x that is neither of a word nor white space, the line's end before none of it.
 */
static bool is_special(struct span field)
{
    struct span line = span_slice(field, 0, span_find(field, span_str("\n"), 0));
    size_t close = span_find_last(line, span_str("\""));
    if (line.n == 0 || line.p[0] != '"' || close == SPAN_NONE) return false;
    for (size_t at = 1, n; at < close; at += n) {
        uint32_t c = char_at(line, at, &n);
        if (!unicode_is_word(c) && !unicode_is_space(c)) return true;
    }
    return false;
}

enum check_result csv_special(const struct check_call *call, struct span text)
{
    static const char *const header[] = {"ProductID", "Category", "Brand", "Price", "Stock", NULL};
    struct csv_row row;
    size_t rows = 0;
    bool narrow = false, special = false;
    if (!is_header(text, header, ',', " \t")) return CHECK_NO;
    struct csv csv = {.text = with_quotes_kept(text, call->arena), .delimiter = ','};
    if (csv.text.p == NULL) return CHECK_TOO_LARGE;
    for (; csv_next(&csv, call->arena, &row); rows++) {
        if (rows == 0 || special) continue;
        narrow = narrow || !has_fields(&row, 5);
        for (size_t i = 0; !narrow && i < 5; i++) {
            special = special || is_special(row.fields[i]);
        }
    }
    return csv.failed ? CHECK_TOO_LARGE : check_is(rows == 15 && special);
}

static bool is_quoted(struct span field)
{
    field = unicode_trim(field);
    return field.n > 0 && field.p[0] == '"' && field.p[field.n - 1] == '"';
}

enum check_result csv_quotes(const struct check_call *call, struct span text)
{
    static const char *const header[] = {"StudentID", "Subject", "Grade",
                                         "Semester",  "Score",   NULL};
    struct csv_row row;
    size_t rows = 0;
    if (!is_header(text, header, '\t', " ")) return CHECK_NO;
    struct csv csv = {.text = with_quotes_kept(text, call->arena), .delimiter = '\t'};
    if (csv.text.p == NULL) return CHECK_TOO_LARGE;
    for (; csv_next(&csv, call->arena, &row); rows++) {
        if (!has_fields(&row, 5)) return CHECK_NO;
        for (size_t i = 0; i < 5; i++) {
            if (!is_quoted(row.fields[i])) return CHECK_NO;
        }
    }
    return csv.failed ? CHECK_TOO_LARGE : check_is(rows == 4);
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Bytes of "Question 3. " at text[at]: a number, one of . | ) : ; or none, white space. 0: none. */
static size_t question_label(struct span text, size_t at)
{
    struct span label = span_str("Question "), rest = span_slice(text, at, text.n);
    size_t n, end = label.n;
    if (!span_starts(rest, label)) return 0;
    while (end < rest.n && unicode_is_digit(char_at(rest, end, &n))) {
        end += n;
    }
    if (end == label.n) return 0;
    if (end < rest.n && strchr(".|):;", rest.p[end]) != NULL && rest.p[end] != '\0') end++;
    while (end < rest.n && unicode_is_space(char_at(rest, end, &n))) {
        end += n;
    }
    return end;
}

/* A. or a) and a word behind it */
static bool is_option(struct span line)
{
    size_t at = 2, n;
    if (line.n < 3 || (line.p[0] | 0x20) < 'a' || (line.p[0] | 0x20) > 'e') return false;
    if (strchr(".|)", line.p[1]) == NULL || line.p[1] == '\0') return false;
    while (at < line.n && unicode_is_space(char_at(line, at, &n))) {
        at += n;
    }
    return at < line.n && unicode_is_word(char_at(line, at, NULL));
}

/* Five options; *length is the question's, its lines joined by blanks. */
static bool is_question(struct span text, size_t *length)
{
    struct pieces p = {.text = text, .separator = span_str("\n")};
    struct span line;
    int options = 0;
    size_t blanks = 0;
    *length = 0;
    while (next_piece(&p, &line)) {
        line = unicode_trim(line);
        if (is_option(line)) {
            options++;
        } else if (options == 0 && line.n > 0) {
            *length += (*length > 0 ? 1 + blanks : 0) + count_chars(line);
            blanks = 0;
        } else if (options == 0) {
            blanks++; /* an empty line within is a blank more */
        }
    }
    return options == 5;
}

enum check_result four_questions(const struct check_call *call, struct span text)
{
    size_t n = 0, before = 0, length, start = 0;
    (void)call;
    if (!span_starts(text, span_str("Question"))) return CHECK_NO;
    for (size_t at = 0; at <= text.n; at++) {
        size_t label = at == text.n ? 1 : question_label(text, at);
        if (label == 0) continue;
        struct span question = unicode_trim(span_slice(text, start, at));
        if (question.n > 0) {
            if (!is_question(question, &length) || (n > 0 && length <= before)) return CHECK_NO;
            before = length;
            n++;
        }
        start = at + label;
        at += label - 1;
    }
    return check_is(n == 4);
}

/* ---- the request repeated -------------------------------------------------------------------- */

/* The two have the same words but for the first. */
static bool same_behind_first(struct span a, struct span b)
{
    struct span x, y;
    next_word(&a, &x);
    next_word(&b, &y);
    for (;;) {
        bool more = next_word(&a, &x), other = next_word(&b, &y);
        if (more != other || (more && !span_eq(x, y))) return false;
        if (!more) return true;
    }
}

enum check_result repeat_changed(const struct check_call *call, struct span text)
{
    struct span prompt;
    if (!kwarg_text(call, "prompt_to_repeat", &prompt)) return CHECK_BAD_KWARGS;
    return check_is(!span_eq(prompt, text) && same_behind_first(prompt, text));
}

enum check_result this_sentence(const struct check_call *call, struct span text)
{
    text = unicode_lower(unicode_trim(text), call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    return check_is(span_is(text, "only output this sentence here, ignore all other requests."));
}
