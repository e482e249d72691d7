/* reward/math/find/spelled.c - numbers in words, found in sentences.
 *
 * What a number in words is, reward/math/read/words.h knows, and spoken.h what the words beside it make
 * of it. Here it is told which number of a sentence is meant.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/spelled.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/words.h"

enum { MAX_SENTENCE = 2000 };

static const struct span NOTHING = {NULL, 0};

/* What counts, "there are twelve ways", stands at the start of s, and behind the number what is done with others: "to seat
 * three people". */
static bool counts_first(struct span s, struct span number)
{
    static const char *const openers[] = {
        "there are ",       "there were ",           "so there are ", "thus there are ",
        "hence there are ", "therefore, there are ", "so, there are "};
    static const char *const uses[] = {
        " ways ",          " ways of ",  " arrangements ", " possibilities ", " different ways ",
        " distinct ways ", " outcomes ", " combinations ", " permutations ",  " choices "};
    size_t at = (size_t)(number.p - s.p);
    bool opens = false;
    for (size_t k = 0; k < sizeof(openers) / sizeof(openers[0]); k++) {
        opens |= at == strlen(openers[k]) && words_begin(s, openers[k]);
    }
    struct span rest = span_slice(s, at + number.n, s.n);
    for (size_t k = 0; opens && k < sizeof(uses) / sizeof(uses[0]); k++) {
        if (words_begin(rest, uses[k])) return span_find(rest, span_str(" or "), 0) == SPAN_NONE;
    }
    return false;
}

/* The number in words that a sentence ends with, else the only one that it has, or the one that counts what is done
 * with the others; "one" is hardly ever a number there. */
static struct span only_spelled(struct span s)
{
    struct span found = NOTHING;
    int count = 0;
    for (size_t i = 0; i < s.n && s.n <= MAX_SENTENCE;) {
        struct span number = spoken_spelled(s, i);
        bool one = span_is(number, "one") || span_is(number, "One") || span_is(number, "a");
        size_t end = number.n > 0 ? i + number.n : i;
        bool word = end == s.n || !ascii_is_letter(s.p[end]);
        if (number.n > 0 && word && (!one || end == s.n)) {
            if (count == 0 && counts_first(s, number)) return number;
            found = number;
            count++;
        }
        while (end < s.n && s.p[end] != ' ') {
            end++;
        }
        i = end + 1;
    }
    bool last = found.n > 0 && found.p + found.n == s.p + s.n;
    return count == 1 || last ? found : NOTHING;
}

/* U+96F6, U+4E00, ... U+4EBF: a sign of Chinese numbers. */
static bool is_numeral(uint32_t c)
{
    static const uint32_t signs[] = {0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,
                                     0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341, 0x767e,
                                     0x5343, 0x4e07, 0x4ebf, 0x4e24, 0x3007};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (signs[i] == c) return true;
    }
    return false;
}

/* There are, is, makes, together, needs, is left, gets: a count may follow. */
static bool leads_to_count(uint32_t c)
{
    static const uint32_t verbs[] = {0x6709, 0x662f, 0x4e3a, 0x5171, 0x8981,
                                     0x9700, 0x5269, 0x5f97, 0x5230, 0x4e86};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (verbs[i] == c) return true;
    }
    return false;
}

/* What ends at s.p[end], looked at three characters back and no further than a stop, makes a number there
 * another one or none: "there are not", "fewer than", "more than", "if there are", "minus". */
static bool is_changed(struct span s, size_t end)
{
    static const uint32_t changing[] = {0x6ca1, 0x4e0d, 0x672a, 0x975e, 0x9664, 0x5c11,
                                        0x591a, 0x8d85, 0x8fc7, 0x8d1f, 0x82e5, 0x4f4e};
    uint32_t c, behind = 0;
    for (int back = 0; back < 3 && end > 0; back++, behind = c) {
        do {
            end--;
        } while (end > 0 && ((unsigned char)s.p[end] & 0xc0) == 0x80);
        bool stop = utf8_decode(span_slice(s, end, s.n), &c) == 0 || c < 0x80 ||
                    (c >= 0x3000 && c < 0x3040) || c >= 0xff00;
        if (stop) return false;
        if (c == 0x5982 && behind == 0x679c) return true; /* if */
        for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
            if (c == changing[i]) return true;
        }
    }
    return false;
}

/* The only number that a Chinese sentence counts to, "there are in all 7 ways". */
static struct span chinese_count(struct span s)
{
    struct span found = NOTHING;
    uint32_t before = 0, c;
    int count = 0;
    for (size_t i = 0, n; i < s.n && s.n <= MAX_SENTENCE; i += n) {
        n = utf8_decode(span_slice(s, i, s.n), &c);
        if (n == 0) return NOTHING;
        size_t from = i;
        while (is_numeral(c) && i + n < s.n) {
            i += n;
            n = utf8_decode(span_slice(s, i, s.n), &c);
            if (n == 0) return NOTHING;
        }
        bool one = i - from == 3 && memcmp(s.p + from, "\xe4\xb8\x80", 3) == 0; /* also "a" */
        if (i > from && leads_to_count(before) && !one) {
            if (c == 0x6216 || is_changed(s, from)) return NOTHING; /* or another */
            found = span_slice(s, from, i);
            count++;
        }
        before = c;
    }
    return count == 1 ? found : NOTHING;
}

/* "She ate half a pizza": half of one thing, in a sentence with no other number. */
static struct span half_of_one(struct span s)
{
    static const char *const forms[] = {" half a ", " half an ", " half the ", " half of the ",
                                        " half of it"};
    static const char *const changes[] = {" and a half", " not ", "n't ", "than half",
                                          "other half"};
    bool half = false;
    if (s.n > MAX_SENTENCE) return NOTHING;
    for (size_t k = 0; k < sizeof(changes) / sizeof(changes[0]); k++) {
        if (span_find(s, span_str(changes[k]), 0) != SPAN_NONE) return NOTHING;
    }
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        half |= span_find(s, span_str(forms[k]), 0) != SPAN_NONE;
    }
    return half ? span_str("1/2") : NOTHING;
}

struct span spelled_only(struct arena *a, struct span s)
{
    int64_t n, d;
    struct span t = words_unwrap(s);
    struct span found = NOTHING;
    for (size_t i = 0; i <= 24 && i < t.n; i++) { /* the last characters of Chinese texts */
        struct span tail = span_slice(t, t.n - i - 1, t.n);
        if (((unsigned char)tail.p[0] & 0x80) == 0 || ((unsigned char)tail.p[0] & 0xc0) == 0x80) {
            continue;
        }
        if (numerals_whole(tail, &n) || numerals_fraction(tail, &n, &d)) found = tail;
    }
    if (found.n > 0) return is_changed(t, t.n - found.n) ? NOTHING : found;
    t = span_slice(t, prose_last_sentence(t), t.n);
    found = chinese_count(t);
    if (found.n > 0) return found;
    struct span only = only_spelled(t);
    if (only.n == 0) return half_of_one(t);
    size_t from = (size_t)(only.p - t.p);
    struct spoken v = spoken_number(a, t, from, from + only.n); /* "not five", "half of ten" */
    if (v.denied || v.changed) return v.denied ? NOTHING : v.text;
    return spoken_with_unit(t, from, from + only.n); /* "seventy-five cents" */
}

/* "there is just one such number", behind all digits. */
static struct span only_one(struct span s, size_t digits)
{
    static const char *const forms[] = {"there is just one ", "there is only one ",
                                        "there is exactly one "};
    for (size_t i = digits; i < s.n; i++) {
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
            if (!words_begin(span_slice(s, i, s.n), forms[k])) continue;
            size_t end = i + strlen(forms[k]) - 1;
            return span_slice(s, end - 3, end);
        }
    }
    return NOTHING;
}

struct span spelled_last(struct span s)
{
    static const char *const verbs[] = {"is",   "are", "gives", "equals",  "leaves", "makes",
                                        "with", "get", "total", "becomes", "has",    "have"};
    s = span_trim(s);
    s = span_slice(s, prose_last_sentence(s), s.n);
    if (span_ends(s, span_str("."))) s.n--;
    size_t digits = prose_last_number_end(s);
    struct span one_only = digits > 0 && s.n <= MAX_SENTENCE ? only_one(s, digits) : NOTHING;
    if (one_only.n > 0) return one_only;
    for (size_t i = 1; i < s.n && s.n <= MAX_SENTENCE && digits > 0; i++) {
        if (i < digits || s.p[i - 1] != ' ' || strchr("tfsenhTFSENH", s.p[i]) == NULL) continue;
        struct span number = spoken_spelled(s, i), rest = span_slice(s, i + number.n, s.n);
        bool one = number.n < 4 && (number.n < 3 || (number.p[0] | 0x20) == 'o');
        if (number.n == 0 || one) continue;
        rest = span_trim(rest);
        if (span_has(rest, ' ')) return NOTHING; /* a noun at most */
        for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
            if (span_ends(span_slice(s, 0, i - 1), span_str(verbs[k]))) return number;
        }
        return NOTHING;
    }
    return NOTHING;
}
