/* reward/sql/query_text.c - see query_text.h. Forward scans only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/sql/query_text.h"

#include <ctype.h>
#include <strings.h>

#include "reward/rules/fence.h"

static bool is_word(struct span word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (word.n == strlen(words[i]) && strncasecmp(word.p, words[i], word.n) == 0) return true;
    }
    return false;
}

/* ---- where it stands ------------------------------------------------------------------------- */

static struct span last_block(struct span text)
{
    static const char *const languages[] = {"sql",      "sqlite", "sqlite3", "postgresql",
                                            "postgres", "mysql",  NULL};
    struct span named = {NULL, 0}, unnamed = {NULL, 0};
    struct fence_block block;
    for (size_t at = 0; fence_next(text, &at, &block);) {
        if (block.word.n == 0) unnamed = block.content;
        if (is_word(block.word, languages)) named = block.content;
    }
    return named.p != NULL ? named : unnamed;
}

/* What the last <name>...</name> holds; p NULL: there is none. */
static struct span last_tag(struct span text, const char *open, const char *close)
{
    size_t end = span_find_last(text, span_str(close));
    if (end == SPAN_NONE) return span_of(NULL, 0);
    struct span before = span_slice(text, 0, end);
    size_t begin = span_find_last(before, span_str(open));
    return begin == SPAN_NONE ? span_of(NULL, 0) : span_slice(before, begin + strlen(open), end);
}

static struct span first_word(struct span text)
{
    size_t n = 0;
    while (n < text.n && isalpha((unsigned char)text.p[n])) {
        n++;
    }
    return span_slice(text, 0, n);
}

struct span query_find(struct span text)
{
    static const char *const tags[][2] = {{"<answer>", "</answer>"},
                                          {"<solution>", "</solution>"},
                                          {"<sql>", "</sql>"},
                                          {"<SQL>", "</SQL>"}};
    static const char *const starts[] = {"select", "with", "values", NULL};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        struct span inside = last_tag(text, tags[i][0], tags[i][1]);
        if (inside.p == NULL) continue;
        struct span block = last_block(inside);
        return span_trim(block.p != NULL ? block : inside);
    }
    struct span block = last_block(text);
    if (block.p != NULL) return span_trim(block);
    text = span_trim(text);
    return is_word(first_word(text), starts) ? text : span_of(NULL, 0);
}

/* ---- what it says ---------------------------------------------------------------------------- */

/* Behind the text, name or comment that begins at `at`; at itself when none does. */
static size_t after_quoted(struct span q, size_t at)
{
    char c = q.p[at];
    struct span rest = span_slice(q, at, q.n);
    size_t end;
    if (span_starts(rest, span_str("--"))) {
        end = span_find(q, span_str("\n"), at);
    } else if (span_starts(rest, span_str("/*"))) {
        end = span_find(q, span_str("*/"), at + 2);
        if (end != SPAN_NONE) end++;
    } else if (c == '\'' || c == '"' || c == '`' || c == '[') {
        char close[] = {c == '[' ? ']' : c, '\0'}; /* a doubled mark begins the next text at once */
        end = span_find(q, span_str(close), at + 1);
    } else {
        return at;
    }
    return end == SPAN_NONE ? q.n : end + 1;
}

bool query_is_ordered(struct span q)
{
    static const char *const order[] = {"order", NULL}, *const by[] = {"by", NULL};
    int depth = 0;
    bool after_order = false;
    for (size_t at = 0; at < q.n;) {
        size_t next = after_quoted(q, at);
        unsigned char c = (unsigned char)q.p[at];
        if (next > at) {
            at = next;
        } else if (isalpha(c) || c == '_') {
            size_t end = at;
            while (end < q.n && (isalnum((unsigned char)q.p[end]) || q.p[end] == '_')) {
                end++;
            }
            struct span word = span_slice(q, at, end);
            if (after_order && is_word(word, by)) return true;
            after_order = depth == 0 && is_word(word, order);
            at = end;
        } else {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (!isspace(c)) after_order = false;
            at++;
        }
    }
    return false;
}
