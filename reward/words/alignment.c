/* reward/words/alignment.c - see alignment.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/words/alignment.h"

#include "base/hash.h"
#include "base/unicode.h"

/* ---- sequences ------------------------------------------------------------------------------- */

static bool next_word(struct span *rest, struct span *word)
{
    size_t start = 0, end;
    while (start < rest->n && rest->p[start] == ' ') {
        start++;
    }
    for (end = start; end < rest->n && rest->p[end] != ' '; end++) {
    }
    *word = span_slice(*rest, start, end);
    *rest = span_slice(*rest, end, rest->n);
    return word->n > 0;
}

static size_t count_words(struct span text)
{
    struct span word;
    size_t n = 0;
    while (next_word(&text, &word)) {
        n++;
    }
    return n;
}

/* Words seen, in an open hash table; a word's number is its slot. */
struct known {
    struct span *words;
    size_t slots; /* a power of two */
};

static uint32_t number_of(const struct known *k, struct span word)
{
    size_t slot = hash_mix(hash_bytes(word)) & (k->slots - 1);
    while (k->words[slot].n > 0 && !span_eq(k->words[slot], word)) {
        slot = (slot + 1) & (k->slots - 1);
    }
    k->words[slot] = word;
    return (uint32_t)slot;
}

bool sequences_of_words(struct span x, struct span y, struct arena *a, struct sequence out[2])
{
    struct span texts[] = {x, y}, word;
    size_t n[] = {count_words(x), count_words(y)};
    struct known k = {.slots = 16};
    while (k.slots < 2 * (n[0] + n[1])) {
        k.slots *= 2;
    }
    k.words = k.slots > UINT32_MAX ? NULL : arena_alloc(a, k.slots, sizeof(*k.words));
    for (int i = 0; k.words != NULL && i < 2; i++) {
        uint32_t *at = arena_alloc(a, n[i] + 1, sizeof(*at));
        if (at == NULL) return false;
        out[i] = (struct sequence){at, n[i]};
        for (size_t j = 0; next_word(&texts[i], &word); j++) {
            at[j] = number_of(&k, word);
        }
    }
    return k.words != NULL;
}

bool sequence_of_characters(struct span text, struct arena *a, struct sequence *out)
{
    uint32_t *at = arena_alloc(a, text.n + 1, sizeof(*at));
    *out = (struct sequence){.at = at};
    for (size_t i = 0, n; at != NULL && i < text.n; i += n) {
        at[out->n++] = unicode_next(span_slice(text, i, text.n), &n);
    }
    return at != NULL;
}

/* ---- what two have in common ----------------------------------------------------------------- */

bool common_words(const struct sequence s[2], struct arena *a, size_t *out)
{
    uint32_t most = 0;
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < s[i].n; j++) {
            if (s[i].at[j] > most) most = s[i].at[j];
        }
    }
    size_t *left = arena_alloc(a, (size_t)most + 1, sizeof(*left));
    if (left == NULL) return false;
    for (size_t j = 0; j < s[0].n; j++) {
        left[s[0].at[j]]++;
    }
    *out = 0;
    for (size_t j = 0; j < s[1].n; j++) {
        size_t *of = &left[s[1].at[j]];
        *out += *of > 0;
        *of -= *of > 0;
    }
    return true;
}

/* A row of the table, one longer than the shorter sequence, which *rows then is. NULL: too large.
 */
static size_t *new_row(const struct sequence s[2], struct arena *a, struct sequence *rows,
                       struct sequence *columns)
{
    bool first = s[0].n > s[1].n;
    *rows = s[first ? 0 : 1];
    *columns = s[first ? 1 : 0];
    if (columns->n > 0 && rows->n > ALIGNMENT_MOST / columns->n) return NULL;
    return arena_alloc(a, columns->n + 1, sizeof(size_t));
}

/* row[j] is the answer for the columns before j and the rows so far. */
bool longest_common(const struct sequence s[2], struct arena *a, size_t *out)
{
    struct sequence rows, columns;
    size_t *row = new_row(s, a, &rows, &columns);
    if (row == NULL) return false;
    for (size_t i = 0; i < rows.n; i++) {
        for (size_t j = 0, diagonal = 0; j < columns.n; j++) {
            size_t above = row[j + 1];
            size_t here = rows.at[i] == columns.at[j] ? diagonal + 1 : above;
            row[j + 1] = here > row[j] ? here : row[j];
            diagonal = above;
        }
    }
    *out = row[columns.n];
    return true;
}

static size_t least(size_t x, size_t y)
{
    return x < y ? x : y;
}

bool edit_distance(const struct sequence s[2], struct arena *a, size_t *out)
{
    struct sequence rows, columns;
    size_t *row = new_row(s, a, &rows, &columns);
    if (row == NULL) return false;
    for (size_t j = 0; j <= columns.n; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < rows.n; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < columns.n; j++) {
            size_t above = row[j + 1];
            size_t replaced = diagonal + (rows.at[i] != columns.at[j]);
            row[j + 1] = least(replaced, least(above, row[j]) + 1);
            diagonal = above;
        }
    }
    *out = row[columns.n];
    return true;
}
