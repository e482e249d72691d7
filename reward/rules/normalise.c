/* reward/rules/normalise.c - see normalise.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/normalise.h"

#include "base/ascii.h"
#include "reward/rules/unicode.h"

/* What becomes of a character, by the rules of its normalisation. */
enum fate { KEEP, DROP, BLANK };

static enum fate fate_of(uint32_t c, enum normalisation how)
{
    if (unicode_is_space(c)) return BLANK;
    switch (how) {
    case NORMAL_SQUAD:
        return ascii_is_mark((int)c) ? DROP : KEEP;
    case NORMAL_TRIVIA_QA:
        return ascii_is_mark((int)c) || c == 0x2018 || c == 0x2019 || c == 0xB4 ? BLANK : KEEP;
    case NORMAL_ROUGE:
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? KEEP : BLANK;
    default:
        return KEEP;
    }
}

/* The fates of all characters, in place of text; its new length. */
static size_t apply_fates(char *text, size_t n, enum normalisation how)
{
    struct span in = span_of(text, n);
    size_t out = 0;
    for (size_t at = 0, bytes; at < n; at += bytes) {
        enum fate f = fate_of(unicode_next(span_slice(in, at, n), &bytes), how);
        if (f == BLANK) text[out++] = ' ';
        if (f != KEEP) continue;
        memmove(text + out, text + at, bytes);
        out += bytes;
    }
    return out;
}

/* \b(a|an|the)\b becomes a blank. */
static void blank_articles(char *text, size_t n)
{
    static const char *const articles[] = {"a", "an", "the"};
    struct span s = span_of(text, n);
    for (size_t at = 0; at < n; at++) {
        if (text[at] != 'a' && text[at] != 't') continue;
        for (size_t i = 0; i < sizeof(articles) / sizeof(articles[0]); i++) {
            struct span article = span_str(articles[i]);
            if (!span_starts(span_slice(s, at, n), article)) continue;
            if (!unicode_is_boundary(s, at) || !unicode_is_boundary(s, at + article.n)) continue;
            memset(text + at, ' ', article.n);
            break;
        }
    }
}

/* One blank for many, none at the ends; the new length. */
static size_t join_words(char *text, size_t n)
{
    size_t out = 0;
    for (size_t at = 0; at < n; at++) {
        if (text[at] == ' ' && (out == 0 || text[out - 1] == ' ')) continue;
        text[out++] = text[at];
    }
    return out > 0 && text[out - 1] == ' ' ? out - 1 : out;
}

struct span normalise(struct span text, enum normalisation how, struct arena *a)
{
    if (how == NORMAL_NONE) return text.p == NULL ? span_str("") : unicode_trim(text);
    struct span lower = unicode_lower(text, a);
    if (lower.p == NULL) return lower;
    char *p = arena_alloc(a, lower.n + 1, 1);
    if (p == NULL) return span_of(NULL, 0);
    if (lower.n > 0) memcpy(p, lower.p, lower.n);
    size_t n = apply_fates(p, lower.n, how);
    if (how == NORMAL_SQUAD || how == NORMAL_TRIVIA_QA) blank_articles(p, n);
    return span_of(p, join_words(p, n));
}
