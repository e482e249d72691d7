/* reward/math/read/rewrite_counts.c - numbers of choices and arrangements as calculators write them.
 *
 * "10P3", "5C2", "5 nCr 2" and "nPr(10, 3)" are no products: P and C stand between two numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/read/rewrite.h"
#include "reward/math/read/words.h"

enum { LONGEST = 60, MOST_DIGITS = 4 };

/* The whole number at s.p[*i], which is moved behind it and its spaces; -1: none of one to four digits. */
static int number_at(struct span s, size_t *i)
{
    size_t from = *i;
    int n = 0;
    while (*i < s.n && ascii_is_digit(s.p[*i]) && *i - from < MOST_DIGITS) {
        n = n * 10 + (s.p[(*i)++] - '0');
    }
    bool goes_on = *i < s.n && (ascii_is_digit(s.p[*i]) || s.p[*i] == '.');
    return *i == from || goes_on ? -1 : n;
}

/* "10P3" at s.p[i], added to out as P(10,3); the offset after it, i where none stands. */
static size_t add_count(struct span s, size_t i, struct buffer *out)
{
    static const struct {
        const char *between;
        char name;
    } signs[] = {{"P", 'P'}, {"C", 'C'}, {"nPr", 'P'}, {"nCr", 'C'}};
    size_t at = i;
    bool begins = i == 0 || memchr(" =(", s.p[i - 1], 3) != NULL;
    int n = begins ? number_at(s, &at) : -1;
    bool spaced = at < s.n && s.p[at] == ' ';
    for (size_t k = 0; n >= 0 && k < sizeof(signs) / sizeof(signs[0]); k++) {
        size_t next = at + spaced;
        if (!words_opens(span_slice(s, next, s.n), signs[k].between)) continue;
        next += strlen(signs[k].between);
        if (spaced != (next < s.n && s.p[next] == ' ')) continue;
        next += spaced;
        int r = number_at(s, &next);
        bool ends = next == s.n || memchr(" =,)", s.p[next], 4) != NULL;
        if (r < 0 || r > n || !ends) continue;
        buffer_addf(out, "%c(%d,%d)", signs[k].name, n, r);
        return next;
    }
    return i;
}

struct span rewrite_counts(struct arena *a, struct span s)
{
    bool may = s.n >= 3 && s.n <= LONGEST && (span_has(s, 'P') || span_has(s, 'C'));
    struct buffer out;
    if (!may) return s;
    if (words_opens(s, "nPr(") || words_opens(s, "nCr(")) { /* without the n and the r */
        char *copy = arena_str(a, span_slice(s, 2, s.n));
        if (copy != NULL) copy[0] = s.p[1]; /* over the r */
        return copy == NULL ? s : span_of(copy, s.n - 2);
    }
    buffer_init(&out, 4 * LONGEST);
    bool found = false, other = false;
    for (size_t i = 0, end; i < s.n; i = end) {
        end = add_count(s, i, &out);
        found |= end > i;
        other |= end == i && ascii_is_letter(s.p[i]); /* a word: no formula */
        if (end == i) buffer_add_char(&out, s.p[end++]);
    }
    char *copy = found && !other && !out.failed ? arena_str(a, buffer_span(&out)) : NULL;
    struct span text = copy == NULL ? s : span_of(copy, out.n);
    buffer_clear(&out);
    return text;
}
