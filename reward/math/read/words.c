/* reward/math/read/words.c - answers that are words.
 *
 * Words are compared folded: small letters, one space between, no articles, no marks; so "The Cat."
 * is "cat". Numbers and moments in words are read elsewhere (numerals.h, moments.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/words.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "reward/math/read/moments.h"
#include "reward/math/read/numerals.h"

bool words_start(struct span s, struct span head)
{
    if (s.n < head.n) return false;
    for (size_t i = 0; i < head.n; i++) {
        if (ascii_lower((unsigned char)s.p[i]) != (unsigned char)head.p[i]) return false;
    }
    return true;
}

size_t words_close(struct span s, size_t i)
{
    char open = s.p[i], close = open == '{' ? '}' : open == '(' ? ')' : ']';
    size_t depth = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == open) {
            depth++;
        } else if (s.p[i] == close && --depth == 0) {
            return i + 1;
        }
    }
    return SPAN_NONE;
}

/* ---- unwrapping -------------------------------------------------------------------------------- */

static bool strip_pair(struct span *s, const char *head, const char *tail)
{
    if (s->n == 0 || s->p[0] != head[0]) return false;
    struct span h = span_str(head), t = span_str(tail);
    if (s->n < h.n + t.n || !span_starts(*s, h) || !span_ends(*s, t)) return false;
    struct span inner = span_slice(*s, h.n, s->n - t.n);
    if (span_find(inner, h, 0) != SPAN_NONE) return false; /* two things, each wrapped */
    *s = span_trim(inner);
    return true;
}

static bool strip_command(struct span *s, const char *name)
{
    if (!words_opens(*s, name)) return false;
    struct span head = span_str(name);
    size_t i = head.n;
    while (i < s->n && s->p[i] == ' ') {
        i++;
    }
    if (i >= s->n || s->p[i] != '{' || words_close(*s, i) != s->n) return false;
    *s = span_trim(span_slice(*s, i + 1, s->n - 1));
    return true;
}

static bool strip_marker(struct span *s)
{
    if (!span_ends(*s, span_str("|>"))) return false;
    size_t at = span_find_last(*s, span_str("<|"));
    if (at == SPAN_NONE || at == 0) return false;
    *s = span_trim(span_slice(*s, 0, at));
    return true;
}

static bool strip_end(struct span *s)
{
    static const char *const ends[] = {
        ".",   ",",   ";",   ":", "\xe3\x80\x82", "\xef\xbc\x8c", "\xef\xbc\x8e", "\\\\",
        "\\]", "\\)", "\\.", "$"};
    if (s->n == 0 || memchr(".,;:\x82\x8c\x8e\\])$", s->p[s->n - 1], 11) == NULL) return false;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct span e = span_str(ends[i]);
        if (s->n <= e.n || !span_ends(*s, e)) continue;
        if (e.n == 1 && s->n >= 2 && s->p[s->n - 2] == '\\') continue; /* \, \; are spacing */
        if (span_is(e, ".") && s->n >= 2 && s->p[s->n - 2] == '.') continue;
        if (span_is(e, "$") && memchr(s->p, '$', s->n - 1) != NULL) continue;
        if (span_is(e, "\\]") && span_find(*s, span_str("\\["), 0) != SPAN_NONE) continue;
        if (span_is(e, "\\)") && span_find(*s, span_str("\\("), 0) != SPAN_NONE) continue;
        *s = span_trim(span_slice(*s, 0, s->n - e.n));
        return true;
    }
    return false;
}

/* "2.5 (approximately ...)", "2.5 (to 1 d.p.)": what a parenthesis says about the value is not part
 * of it. */
static struct span without_remark(struct span s)
{
    static const char *const remarks[] = {"(approx",      "(about ",   "(roughly", "(rounded",
                                          "(or about",    "(exactly)", "(to ",     "(check",
                                          "(correct to ", "(nearest ", "(verif",   "(\xe2\x89\x88",
                                          "(\\approx",    "(etwa ",    "(environ "};
    static const char *const places[] = {
        "d.p.)",          "dp)", "s.f.)", "sf)", "sig figs)", "sig. figs.)", "significant figures)",
        "decimal places)"};
    if (s.n == 0 || !span_has(s, '(')) return s;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t open = span_ends(s, span_str(places[i])) ? span_find_last(s, span_str("(")) : 0;
        if (open > 0 && open != SPAN_NONE) s = span_trim(span_slice(s, 0, open));
    }
    for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
        size_t at = span_find(s, span_str(remarks[i]), 0);
        if (at == SPAN_NONE || at == 0) continue;
        s = span_trim(span_slice(s, 0, at));
        if (span_ends(s, span_str("\\text{"))) s = span_trim(span_slice(s, 0, s.n - 6));
    }
    return s;
}

/* "approximately 3.14": the word before the value is not part of it. */
static struct span without_hedge(struct span s)
{
    static const char *const hedges[] = {"approximately ", "Approximately ", "approx. ",
                                         "about ",         "About ",         "roughly ",
                                         "exactly ",       "Exactly "};
    for (size_t i = 0; i < sizeof(hedges) / sizeof(hedges[0]); i++) {
        if (words_opens(s, hedges[i])) {
            return span_trim(span_slice(s, strlen(hedges[i]), s.n));
        }
    }
    return s;
}

/* s is the number n, in digits or words, or no number alone. */
static bool may_be_number(struct span s, int64_t n)
{
    int64_t m = 0;
    if (numerals_whole(s, &m)) return m == n;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]) || m > INT64_MAX / 100) return true;
        m = m * 10 + (s.p[i] - '0');
    }
    return m == n;
}

/* "6 (six)": the number said again; "5 (six)" is two. */
static struct span without_echo(struct span s)
{
    int64_t n;
    size_t at = span_ends(s, span_str(")")) ? span_find_last(s, span_str("(")) : SPAN_NONE;
    if (at == SPAN_NONE || at == 0 || !numerals_whole(span_slice(s, at + 1, s.n - 1), &n)) return s;
    struct span head = span_trim(span_slice(s, 0, at));
    return may_be_number(head, n) ? head : s;
}

struct span words_unwrap(struct span s)
{
    static const struct {
        const char *head, *tail;
    } pairs[] = {
        {"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}, {"**", "**"},
        {"*", "*"},   {"`", "`"}, {"\"", "\""},   {"'", "'"},     {"\xe2\x80\x9c", "\xe2\x80\x9d"}};
    static const char *const commands[] = {"\\boxed",  "\\fbox",      "\\text",   "\\textbf",
                                           "\\textit", "\\textrm",    "\\mathrm", "\\mathbf",
                                           "\\mbox",   "\\textnormal"};
    s = without_echo(without_remark(without_hedge(span_trim(s))));
    for (int round = 0; round < 12; round++) {
        bool changed = strip_marker(&s) || strip_end(&s);
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
            changed |= strip_pair(&s, pairs[i].head, pairs[i].tail);
        }
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            changed |= strip_command(&s, commands[i]);
        }
        if (!changed) break;
    }
    return s;
}

/* ---- comparing --------------------------------------------------------------------------------- */

static bool keeps(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) ||
           (c != 0 && strchr("+-*/^=<>_%|!&#@", c) != NULL);
}

static bool is_article(const char *p, size_t n)
{
    return (n == 1 && p[0] == 'a') || (n == 2 && memcmp(p, "an", 2) == 0) ||
           (n == 3 && memcmp(p, "the", 3) == 0);
}

/* \text, \mathrm and their like say how, not what. */
static bool is_wrapper(struct span command)
{
    static const char *const heads[] = {"text", "math", "mbox", "rm", "bf", "it", "operatorname"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (words_opens(command, heads[i])) return true;
    }
    return false;
}

/* The letter of a to z that a character of U+00C0 to U+017F is with a mark over or under it; 0: none
 * (Planck's h has a bar for a reason). */
static char bare_letter(uint32_t c)
{
    static const char latin1[] =
        "aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0\0aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0y";
    static const char extended[] =
        "aaaaaaccccccccddddeeeeeeeeeegggggggghh\0\0iiiiiiiiii\0\0jjkk\0llllllllll"
        "nnnnnn\0\0\0oooooo\0\0rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz";
    if (c >= 0xc0 && c < 0x100) return latin1[c - 0xc0];
    return c >= 0x100 && c < 0x17f ? extended[c - 0x100] : 0;
}

struct span words_fold(struct arena *a, struct span s)
{
    char *out = arena_alloc(a, s.n + 2, 1);
    size_t n = 0, word = 0;
    if (out == NULL) return span_of(NULL, 0);
    for (size_t i = 0; i <= s.n; i++) {
        int c = i < s.n ? ascii_lower((unsigned char)s.p[i]) : ' ';
        if (c == '\\' && i + 1 < s.n) { /* a command's name is no word */
            size_t j = i + 1;
            while (j < s.n &&
                   ((s.p[j] >= 'a' && s.p[j] <= 'z') || (s.p[j] >= 'A' && s.p[j] <= 'Z'))) {
                j++;
            }
            if (j < s.n && s.p[j] == '{' && is_wrapper(span_slice(s, i + 1, j))) {
                i = j;
                continue;
            }
        }
        uint32_t wide;
        bool marked = c >= 0xc3 && c <= 0xc5 && utf8_decode(span_slice(s, i, s.n), &wide) == 2 &&
                      bare_letter(wide) != 0; /* an accent of a name is often left out */
        bool decimal = c == '.' && i + 1 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '9';
        if (marked) {
            out[n++] = bare_letter(wide);
            i++;
        } else if (keeps(c) || decimal) {
            out[n++] = (char)c;
        } else if (n > word) {
            if (is_article(out + word, n - word)) n = word;
            if (n > word) out[n++] = ' ';
            word = n;
        }
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    return span_of(out, n);
}

bool words_next(struct span s, size_t *i, struct span *word)
{
    while (*i < s.n && s.p[*i] == ' ') {
        (*i)++;
    }
    size_t end = *i;
    while (end < s.n && s.p[end] != ' ') {
        end++;
    }
    *word = span_slice(s, *i, end);
    *i = end;
    return word->n > 0;
}

/* Folded s without the title before a name: "sir isaac newton". s itself when it has none. */
static struct span without_title(struct span s)
{
    static const char *const titles[] = {"sir ",  "dr ", "dr. ", "mr ",   "mr. ",   "mrs ",
                                         "mrs. ", "ms ", "ms. ", "prof ", "prof. ", "professor "};
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (words_opens(s, titles[i])) return span_slice(s, strlen(titles[i]), s.n);
    }
    return s;
}

/* Folded s says that what is given does not settle the question. */
static bool is_unsettled(struct span s)
{
    static const char *const ways[] = {"cannot be determined",     "can not be determined",
                                       "cannot determine",         "not enough information",
                                       "insufficient information", NULL};
    return words_in(s, ways);
}

bool words_same(struct arena *a, struct span x, struct span y)
{
    struct span p = words_fold(a, x), q = words_fold(a, y);
    if (p.n > 0 && span_eq(p, q)) return true;
    struct span name = without_title(p), other = without_title(q);
    bool one_has_title = (name.n < p.n) != (other.n < q.n);
    if (one_has_title && name.n > 0 && span_eq(name, other)) return true;
    return (is_unsettled(p) && is_unsettled(q)) || moments_same_date(p, q);
}

bool words_in(struct span w, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (span_is(w, list[i])) return true;
    }
    return false;
}

bool words_version(struct span s)
{
    size_t i = s.n > 0 && (s.p[0] == 'v' || s.p[0] == 'V') ? 1 : 0;
    int numbers = 0, others = 0; /* others: with a number of digits that no thousands have */
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9') {
            i++;
        }
        if (i == from || (i < s.n && s.p[i] != '.') || i + 1 == s.n) return false;
        others += numbers > 0 && i - from != 3;
        numbers++;
        i++;
    }
    return numbers >= 3 && others > 0;
}

/* The words of folded s without those that only join: two of them, the letter first. */
static bool property_of(struct span s, struct span out[2])
{
    static const char *const joints[] = {"is",      "are", "all",     "any",      "every",
                                         "must",    "be",  "integer", "integers", "number",
                                         "numbers", "for", "when",    "if",       NULL};
    struct span w;
    out[0] = out[1] = span_of(NULL, 0);
    for (size_t i = 0; words_next(s, &i, &w);) {
        if (words_in(w, joints)) continue;
        struct span *to = &out[w.n > 1];
        if (to->n > 0) return false;
        *to = w;
    }
    return out[0].n > 0 && out[1].n > 0 && out[0].p[0] >= 'a' && out[0].p[0] <= 'z';
}

bool words_same_property(struct arena *a, struct span x, struct span y)
{
    struct span p[2], q[2];
    if (x.n > 80 || y.n > 80) return false;
    return property_of(words_fold(a, x), p) && property_of(words_fold(a, y), q) &&
           span_eq(p[0], q[0]) && span_eq(p[1], q[1]);
}

bool words_with_noun(struct arena *a, struct span word, struct span s)
{
    static const char *const nouns[] = {"triangle",      "function",  "number",   "integer",
                                        "matrix",        "series",    "sequence", "angle",
                                        "polygon",       "graph",     "relation", "set",
                                        "event",         "events",    "variable", "equation",
                                        "system",        "parabola",  "curve",    "transformation",
                                        "quadrilateral", "reaction",  "process",  "compound",
                                        "bond",          "triangles", NULL};
    struct span w = words_fold(a, word), p = words_fold(a, s), first, second, third;
    size_t i = 0;
    if (w.n == 0 || span_has(w, ' ') || p.n > 60) return false;
    bool two =
        words_next(p, &i, &first) && words_next(p, &i, &second) && !words_next(p, &i, &third);
    return two && span_eq(first, w) && words_in(second, nouns);
}

bool words_other_order(struct span g, struct span a)
{
    uint32_t seen = 0, theirs = 0;
    bool rising = true, same = true;
    size_t n = 0;
    for (size_t i = 0; i < g.n; i++) {
        uint32_t bit = g.p[i] >= 'A' && g.p[i] <= 'Z' ? UINT32_C(1) << (g.p[i] - 'A') : 0;
        if (bit == 0 || (seen & bit) != 0) return false;
        rising &= seen < bit;
        seen |= bit;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] < 'A' || a.p[i] > 'Z') continue;
        same &= n < g.n && a.p[i] == g.p[n];
        theirs |= UINT32_C(1) << (a.p[i] - 'A');
        n++;
    }
    return g.n >= 3 && !rising && n == g.n && theirs == seen && !same;
}
