/* reward/instructions/pieces.c - see pieces.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/pieces.h"

#include "base/ascii.h"
#include "reward/rules/unicode.h"

uint32_t char_at(struct span text, size_t at, size_t *n)
{
    size_t bytes = 0;
    uint32_t c = at < text.n ? unicode_next(span_slice(text, at, text.n), &bytes) : 0;
    if (n != NULL) *n = bytes;
    return c;
}

uint32_t char_before(struct span text, size_t at, size_t *n)
{
    size_t start = at, bytes = 0;
    uint32_t c = 0;
    if (n != NULL) *n = 0;
    if (at == 0) return 0;
    do {
        start--;
    } while (start > 0 && at - start < 4 && ((unsigned char)text.p[start] & 0xC0) == 0x80);
    c = unicode_next(span_slice(text, start, at), &bytes);
    if (bytes != at - start) { /* not UTF-8 */
        c = 0xFFFD;
        bytes = 1;
    }
    if (n != NULL) *n = bytes;
    return c;
}

bool is_blank(struct span text)
{
    return unicode_trim(text).n == 0;
}

bool next_run(struct span *rest, bool (*belongs)(uint32_t), struct span *run)
{
    size_t at = 0, n;
    while (at < rest->n && !belongs(char_at(*rest, at, &n))) {
        at += n;
    }
    size_t start = at;
    while (at < rest->n && belongs(char_at(*rest, at, &n))) {
        at += n;
    }
    *run = span_slice(*rest, start, at);
    *rest = span_slice(*rest, at, rest->n);
    return run->n > 0;
}

static bool is_no_space(uint32_t c)
{
    return !unicode_is_space(c);
}

bool next_word(struct span *rest, struct span *word)
{
    return next_run(rest, is_no_space, word);
}

struct span first_word(struct span text)
{
    struct span word;
    next_word(&text, &word);
    return word;
}

struct span last_word(struct span text)
{
    size_t n, start;
    text = unicode_trim(text);
    start = text.n;
    while (start > 0 && !unicode_is_space(char_before(text, start, &n))) {
        start -= n;
    }
    return span_slice(text, start, text.n);
}

bool next_piece(struct pieces *p, struct span *piece)
{
    if (p->done) return false;
    size_t from = p->at, n, end = span_find(p->text, p->separator, from);
    if (end == SPAN_NONE) {
        *piece = span_slice(p->text, from, p->text.n);
        p->done = true;
        return true;
    }
    p->at = end + p->separator.n;
    if (p->loose && p->at < p->text.n && unicode_is_space(char_at(p->text, p->at, &n))) p->at += n;
    if (p->loose && end > from && unicode_is_space(char_before(p->text, end, &n))) end -= n;
    *piece = span_slice(p->text, from, end);
    return true;
}

bool count_pieces(struct span text, const char *separator, bool loose, size_t *n)
{
    struct pieces p = {.text = text, .separator = span_str(separator), .loose = loose};
    struct span piece;
    bool blank_before = false; /* after the first */
    *n = 0;
    for (size_t i = 0; next_piece(&p, &piece); i++) {
        if (blank_before) return false;
        bool blank = is_blank(piece);
        blank_before = blank && i > 0;
        *n += !blank;
    }
    return true;
}

struct span strip_char(struct span text, char c)
{
    while (text.n > 0 && text.p[0] == c) {
        text = span_slice(text, 1, text.n);
    }
    while (text.n > 0 && text.p[text.n - 1] == c) {
        text.n--;
    }
    return text;
}

static bool is_stripped(char c)
{
    return c == ' ' || ascii_is_mark(c);
}

struct span strip_marks_left(struct span text)
{
    while (text.n > 0 && is_stripped(text.p[0])) {
        text = span_slice(text, 1, text.n);
    }
    return text;
}

struct span strip_marks_right(struct span text)
{
    while (text.n > 0 && is_stripped(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

struct span strip_marks(struct span text)
{
    return strip_marks_right(strip_marks_left(text));
}

struct span without_marks(struct span text, struct arena *a)
{
    char *p = arena_alloc(a, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < text.n; i++) {
        if (!ascii_is_mark(text.p[i])) p[n++] = text.p[i];
    }
    return span_of(p, n);
}

size_t count_chars(struct span text)
{
    size_t count = 0;
    for (size_t at = 0, n; at < text.n; at += n, count++) {
        char_at(text, at, &n);
    }
    return count;
}

bool is_palindrome(struct span word)
{
    size_t head, tail;
    while (word.n > 0) {
        uint32_t first = char_at(word, 0, &head), last = char_before(word, word.n, &tail);
        if (first != last) return false;
        word = head == word.n ? span_slice(word, 0, 0) : span_slice(word, head, word.n - tail);
    }
    return true;
}
