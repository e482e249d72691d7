/* reward/instructions/splitter.c - see splitter.h.
 *
 * The rules run one after the other over one copy of the text and change bytes in place, never its
 * length. Bytes that no UTF-8 text holds say what a character has become:
 *
 *   DOT       a point that ends nothing
 *   DOT_END   the same, but the sentence ends behind it (an ellipsis)
 *   END       here stood a point that is gone; the sentence ends
 *   END_BLANK the sentence ends before this blank
 *
 * In the end every point, question and exclamation mark that is left ends a sentence.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/splitter.h"

#include <assert.h>

#include "base/ascii.h"
#include "reward/rules/unicode.h"

#define DOT ((char)0xFE)
#define DOT_END ((char)0xFD)
#define END ((char)0xFF)
#define END_BLANK ((char)0xFC)

struct text {
    char *p;
    size_t n;
};

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_gap(char c)
{
    return c == ' ' || c == END_BLANK;
}

/* Which of the words (NULL-terminated) stands at p[at], by its length; 0: none. A blank in a word
 * is any white space. */
static size_t word_at(const struct text *t, size_t at, const char *const *words)
{
    for (size_t w = 0; words[w] != NULL; w++) {
        size_t n = strlen(words[w]), i = 0;
        while (i < n && at + i < t->n &&
               (words[w][i] == ' ' ? ascii_is_space(t->p[at + i]) : t->p[at + i] == words[w][i])) {
            i++;
        }
        if (i == n) return n;
    }
    return 0;
}

static const char *const starters[] = {"Mr",     "Mrs",      "Ms",  "Dr",   "Prof",     "Capt",
                                       "Cpt",    "Lt",       "He ", "She ", "It ",      "They ",
                                       "Their ", "Our ",     "We ", "But ", "However ", "That ",
                                       "This ",  "Wherever", NULL};

/* ---- the rules ------------------------------------------------------------------------------- */

/* Mr. St. Mrs. Ms. Dr. */
static void after_titles(struct text *t)
{
    static const char *const titles[] = {"Mr.", "St.", "Mrs.", "Ms.", "Dr.", NULL};
    for (size_t i = 0, n; i < t->n; i++) {
        if ((n = word_at(t, i, titles)) > 0) t->p[i + n - 1] = DOT;
    }
}

/* .com and its like */
static void in_addresses(struct text *t)
{
    static const char *const ends[] = {".com", ".net", ".org", ".io", ".gov", ".edu", ".me", NULL};
    for (size_t i = 0; i < t->n; i++) {
        if (word_at(t, i, ends) > 0) t->p[i] = DOT;
    }
}

/* 3.5, each digit used once: of 1.2.3 the first. */
static void in_numbers(struct text *t)
{
    for (size_t i = 0; i + 2 < t->n; i++) {
        if (ascii_is_digit(t->p[i]) && t->p[i + 1] == '.' && ascii_is_digit(t->p[i + 2])) {
            t->p[i + 1] = DOT;
            i += 2;
        }
    }
}

static void ellipses(struct text *t)
{
    for (size_t i = 0, end; i < t->n; i = end) {
        end = i + 1;
        if (t->p[i] != '.') continue;
        while (end < t->n && t->p[end] == '.') {
            end++;
        }
        if (end - i < 2) continue;
        memset(t->p + i, DOT, end - i - 1);
        t->p[end - 1] = DOT_END;
    }
}

static void doctorates(struct text *t)
{
    static const char *const degree[] = {"Ph.D.", NULL};
    for (size_t i = 0; i < t->n; i++) {
        if (word_at(t, i, degree) > 0) t->p[i + 2] = t->p[i + 4] = DOT;
    }
}

/* A letter between blanks; the blank behind it is used up. */
static void lone_letters(struct text *t)
{
    for (size_t i = 0; i + 3 < t->n; i++) {
        if (ascii_is_space(t->p[i]) && ascii_is_letter(t->p[i + 1]) && t->p[i + 2] == '.' &&
            t->p[i + 3] == ' ') {
            t->p[i] = ' ';
            t->p[i + 2] = DOT;
            i += 3;
        }
    }
}

/* U.S. or U.S.A. before a word that begins sentences. */
static void acronyms(struct text *t)
{
    for (size_t i = 0; i + 4 < t->n; i++) {
        size_t n = 0;
        while (n < 6 && i + n + 1 < t->n && is_capital(t->p[i + n]) && t->p[i + n + 1] == '.') {
            n += 2;
        }
        for (; n >= 4; n -= 2) {
            if (i + n >= t->n || t->p[i + n] != ' ') continue;
            size_t word = word_at(t, i + n + 1, starters);
            if (word == 0) continue;
            t->p[i + n] = END_BLANK;
            i += n + word;
            break;
        }
    }
}

/* `letters` letters with a point after each */
static void pointed_letters(struct text *t, size_t letters)
{
    for (size_t i = 0; i + 2 * letters <= t->n; i++) {
        size_t k = 0;
        while (k < letters && ascii_is_letter(t->p[i + 2 * k]) && t->p[i + 2 * k + 1] == '.') {
            k++;
        }
        if (k < letters) continue;
        for (k = 0; k < letters; k++) {
            t->p[i + 2 * k + 1] = DOT;
        }
        i += 2 * letters - 1;
    }
}

/* Inc. and its like end a sentence, and lose their point, before a word that begins sentences. */
static void companies(struct text *t)
{
    static const char *const suffixes[] = {"Inc.", "Ltd.", "Jr.", "Sr.", "Co.", NULL};
    for (size_t i = 0; i < t->n; i++) {
        size_t n = is_gap(t->p[i]) ? word_at(t, i + 1, suffixes) : 0;
        if (n == 0) continue;
        bool ends =
            i + n + 1 < t->n && is_gap(t->p[i + n + 1]) && word_at(t, i + n + 2, starters) > 0;
        t->p[i + n] = ends ? END : DOT;
    }
}

static void initials(struct text *t)
{
    for (size_t i = 0; i + 2 < t->n; i++) {
        if (is_gap(t->p[i]) && ascii_is_letter(t->p[i + 1]) && t->p[i + 2] == '.') {
            t->p[i + 2] = DOT;
        }
    }
}

/* The mark goes behind the quotation mark that follows it. */
static void swap_quotes(struct text *t, char mark, const char *quote)
{
    size_t n = strlen(quote);
    for (size_t i = 0; i + n < t->n; i++) {
        if (t->p[i] != mark || memcmp(t->p + i + 1, quote, n) != 0) continue;
        memmove(t->p + i, t->p + i + 1, n);
        t->p[i + n] = mark;
        i += n;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool copy_text(struct span text, struct arena *a, struct text *t)
{
    t->n = text.n + 3;
    t->p = text.n > SIZE_MAX - 4 ? NULL : arena_alloc(a, t->n, 1);
    if (t->p == NULL) return false;
    memset(t->p, ' ', t->n);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\n') t->p[i + 1] = text.p[i];
    }
    return true;
}

static void apply_rules(struct text *t)
{
    after_titles(t);
    in_addresses(t);
    in_numbers(t);
    ellipses(t);
    doctorates(t);
    lone_letters(t);
    acronyms(t);
    pointed_letters(t, 3);
    pointed_letters(t, 2);
    companies(t);
    initials(t);
    swap_quotes(t, '.', "\xE2\x80\x9D");
    swap_quotes(t, '.', "\"");
    swap_quotes(t, '!', "\"");
    swap_quotes(t, '?', "\"");
}

static bool ends_sentence(char c)
{
    return c == '.' || c == '?' || c == '!' || c == DOT_END || c == END || c == END_BLANK;
}

/* The sentence ends before p[i] where that is no part of it, else behind it. */
static void cut(struct text *t, struct texts *out)
{
    size_t start = 0;
    for (size_t i = 0; i < t->n; i++) {
        char c = t->p[i];
        if (c == DOT || c == DOT_END) t->p[i] = '.';
        if (!ends_sentence(c)) continue;
        size_t end = c == END || c == END_BLANK ? i : i + 1;
        out->at[out->n++] = unicode_trim(span_of(t->p + start, end - start));
        start = i + 1;
    }
    struct span last = unicode_trim(span_of(t->p + start, t->n - start));
    if (last.n > 0) out->at[out->n++] = last;
}

bool split_sentences(struct span text, struct arena *a, struct texts *out)
{
    struct text t;
    size_t ends = 0;
    if (!copy_text(text, a, &t)) return false;
    apply_rules(&t);
    for (size_t i = 0; i < t.n; i++) {
        ends += ends_sentence(t.p[i]);
    }
    *out = (struct texts){.at = arena_alloc(a, ends + 1, sizeof(struct span))};
    if (out->at == NULL) return false;
    cut(&t, out);
    assert(out->n <= ends + 1);
    return true;
}
