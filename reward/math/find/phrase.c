/* reward/math/find/phrase.c - see phrase.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/phrase.h"

#include "base/ascii.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MAX_SENTENCE = 4000 };

static const struct span NOTHING = {NULL, 0};

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static const char *const phrases[] = {
    "final answer is",
    "final answer:",
    "answer is",
    "answer:",
    "answer =",
    "answer is:",
    "answers are",
    "answer**:",
    "final answer**",
    "result is",
    "result:",
    "\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf",
    "\xe7\xad\x94\xe6\xa1\x88\xe4\xb8\xba",
    "\xe7\xad\x94\xe6\xa1\x88\xef\xbc\x9a",
    "\xe7\xad\x94\xe6\xa1\x88:",
    "r\xc3\xa9ponse est",
    "r\xc3\xa9ponse:",
    "r\xc3\xa9ponse :",
    "respuesta es",
    "respuesta:",
    "antwort ist",
    "antwort:",
    "lautet:",
    "\xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82:",
    "resposta:",
    "risposta:",
};

/* Two letters tell for most places that no phrase starts there. */
static bool may_start_phrase(int first, int second)
{
    return first >= 0x80 || (first == 'a' && second == 'n') || (first == 'f' && second == 'i') ||
           (first == 'r' && (second == 'e' || second == 'i' || second >= 0x80)) ||
           (first == 'l' && second == 'a');
}

/* The offset after the last (or first) phrase in s, SPAN_NONE when there is none. */
static size_t phrase_end(struct span s, bool first)
{
    size_t found = SPAN_NONE;
    for (size_t i = 0; i < s.n; i++) {
        int c = lower((unsigned char)s.p[i]);
        if (!may_start_phrase(c, i + 1 < s.n ? lower((unsigned char)s.p[i + 1]) : 0)) continue;
        if (i > 0 && ascii_is_letter((unsigned char)s.p[i - 1])) continue;
        for (size_t k = 0; k < sizeof(phrases) / sizeof(phrases[0]); k++) {
            struct span p = span_str(phrases[k]);
            if (!words_start(span_slice(s, i, s.n), p)) continue;
            if (words_start(span_slice(s, i + p.n, s.n), span_str(" not "))) break;
            found = i + p.n;
            if (first) return found;
            i += p.n - 1;
            break;
        }
    }
    return found;
}

struct span phrase_sentence(struct span s)
{
    s = span_slice(s, 0, MAX_SENTENCE);
    bool said = false;
    for (size_t i = 0; i < s.n; i++) {
        struct formula f;
        if ((s.p[i] == '$' || s.p[i] == '\\') && formula_at(s, i, NULL, &f)) {
            i = f.to - 1;
            said = true;
            continue;
        }
        if (s.p[i] == '\n' && said) return span_slice(s, 0, i);
        if ((s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?') && said &&
            (i + 1 == s.n || s.p[i + 1] == ' ' || s.p[i + 1] == '\n')) {
            return span_slice(s, 0, i);
        }
        if (i + 2 < s.n && memcmp(s.p + i, "\xe3\x80\x82", 3) == 0) return span_slice(s, 0, i);
        if (strchr(" \n\t:*", s.p[i]) == NULL) said = true;
    }
    return s;
}

size_t phrase_last_copula(struct span s)
{
    static const char *const forms[] = {" is ", " are ", " = ", ": ", " are:", " is:"};
    size_t best = 0;
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        size_t at = span_find_last(s, span_str(forms[k]));
        if (at != SPAN_NONE && at + strlen(forms[k]) > best) best = at + strlen(forms[k]);
    }
    return best;
}

struct span phrase_stated(struct arena *a, struct span s, unsigned kinds)
{
    while (s.n > 0 && strchr(" :*\n\t=", s.p[0]) != NULL) {
        s = span_slice(s, 1, s.n);
    }
    struct formula f;
    if (words_start(s, span_str("either "))) s = span_slice(s, 7, s.n);
    if (s.n > 0 && formula_at(s, 0, NULL, &f) && formula_reads(a, words_unwrap(f.inside))) {
        struct span whole = words_unwrap(s);
        if (formula_reads(a, whole)) return whole; /* "$1$ and $2$" */
        size_t to = formula_with_percent(s, f.to);
        return to != f.to ? span_slice(s, 0, to) : words_unwrap(f.inside);
    }
    struct span whole = words_unwrap(s);
    int seconds;
    bool marked;
    if (whole.n > 0 && (formula_reads(a, whole) || words_time(whole, &seconds, &marked))) {
        return whole;
    }
    size_t at = phrase_last_copula(s);
    if (at > 0) {
        struct span rest = words_unwrap(span_slice(s, at, s.n));
        if (rest.n > 0 && formula_reads(a, rest)) return rest;
    }
    if ((kinds & MATH_EXTRACT_LATEX) && formula_last(a, s, &f)) return words_unwrap(f.inside);
    return prose_first_number(a, s);
}

struct span phrase_answer(struct arena *a, struct span s, const struct math_options *o)
{
    size_t at = phrase_end(s, o->first_answer);
    if (at == SPAN_NONE) return NOTHING;
    struct span said = phrase_sentence(span_slice(s, at, s.n));
    struct span found = phrase_stated(a, said, o->extract);
    if (found.n > 0) return found;
    found = words_unwrap(said);
    return found.n <= 200 ? found : NOTHING;
}
