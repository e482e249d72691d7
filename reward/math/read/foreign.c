/* reward/math/read/foreign.c - denials of other languages.
 *
 * "nicht 15", "n'est pas 15", U+4E0D U+662F "15" (is not 15): a word that stands right before a
 * value or right behind it takes the value away, and nothing further off does. English has its
 * words in denied.c and spoken.c.
 *
 * Where words are written apart they must stand apart here too; Chinese, Japanese and Korean write
 * them together, and put a word for what is counted between a number and its verb. Capitals are
 * folded where they are ASCII's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/foreign.h"

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { FIRST_CJK = 0xe3 }; /* the least first byte of a character of these scripts */

/* clang-format off */
static const char *const before[] = {
    "nicht", "kein", "keine", "keinen", "niet", "geen", /* German, Dutch */
    "pas", "et non", "ou non", /* French */
    "no es", "no son", "no vale", "no ser\xc3\xad" "a", "no puede ser", "y no", /* Spanish */
    "non \xc3\xa8", "non sono", "non vale", "non pu\xc3\xb2 essere", "e non", /* Italian */
    "n\xc3\xa3o", "n\xc3\xa3o \xc3\xa9", "n\xc3\xa3o s\xc3\xa3o", "n\xc3\xa3o vale", /* Portuguese */
    "nie", "inte", "ikke", /* Polish, Swedish, Danish */
    "\xd0\xbd\xd0\xb5", "\xd0\xbd\xd0\xb5 \xd1\x80\xd0\xb0\xd0\xb2\xd0\xbd\xd0\xbe", /* Russian */
    "\xd0\xbd\xd0\xb5 \xd1\x80\xd0\xb0\xd0\xb2\xd0\xb5\xd0\xbd",
    "\xd0\xbd\xd0\xb5 \xd1\x80\xd0\xb0\xd0\xb2\xd0\xbd\xd0\xb0",
    /* Vietnamese, Indonesian */
    "kh\xc3\xb4ng ph\xe1\xba\xa3i", "kh\xc3\xb4ng ph\xe1\xba\xa3i l\xc3\xa0",
    "kh\xc3\xb4ng b\xe1\xba\xb1ng", "bukan",
    "\xd9\x84\xd9\x8a\xd8\xb3", "\xd9\x84\xd9\x8a\xd8\xb3\xd8\xaa", /* Arabic */
    "\xe4\xb8\x8d\xe6\x98\xaf", "\xe5\xb9\xb6\xe9\x9d\x9e", /* Chinese */
    "\xe4\xb8\x8d\xe7\xad\x89\xe4\xba\x8e", "\xe4\xb8\x8d\xe4\xb8\xba",
    "\xe4\xb8\x8d\xe5\x8f\xaf\xe8\x83\xbd\xe6\x98\xaf",
    "\xe4\xb8\x8d\xe5\x8f\xaf\xe8\x83\xbd\xe4\xb8\xba", "\xe4\xb8\x8d\xe4\xbc\x9a\xe6\x98\xaf",
    "\xe4\xb8\x8d\xe5\xba\x94\xe6\x98\xaf", "\xe4\xb8\x8d\xe5\xba\x94\xe4\xb8\xba",
    "\xe4\xb8\x8d\xe8\xaf\xa5\xe6\x98\xaf", "\xe8\x80\x8c\xe9\x9d\x9e",
    "\xe4\xb8\xa6\xe9\x9d\x9e", "\xe4\xb8\x8d\xe7\xad\x89\xe6\x96\xbc",
    "\xe4\xb8\x8d\xe7\x82\xba", "\xe4\xb8\x8d\xe6\x9c\x83\xe6\x98\xaf",
    NULL};

static const char *const behind[] = {
    /* German, French, Spanish, Italian */
    "ist falsch", "est faux", "es incorrecto", "es falso", "\xc3\xa8 sbagliato",
    "de\xc4\x9fil", "de\xc4\x9fildir", /* Turkish */
    /* Russian */
    "\xd0\xbd\xd0\xb5 \xd1\x8f\xd0\xb2\xd0\xbb\xd1\x8f\xd0\xb5\xd1\x82\xd1\x81\xd1\x8f",
    "\xd0\xbd\xd0\xb5\xd0\xb2\xd0\xb5\xd1\x80\xd0\xbd\xd0\xbe",
    "\xe0\xa4\xa8\xe0\xa4\xb9\xe0\xa5\x80\xe0\xa4\x82", /* Hindi */
    /* Chinese */
    "\xe5\x90\x97", "\xe5\x97\x8e", "\xe6\x98\xaf\xe9\x94\x99", "\xe6\x98\xaf\xe9\x8c\xaf",
    "\xe4\xb8\x8d\xe5\xaf\xb9", "\xe4\xb8\x8d\xe6\xad\xa3\xe7\xa1\xae",
    "\xe4\xb8\x8d\xe6\x98\xaf\xe6\xad\xa3\xe7\xa1\xae",
    "\xe4\xb8\x8d\xe6\x98\xaf\xe7\xad\x94\xe6\xa1\x88", "\xe4\xb8\x8d\xe6\x88\x90\xe7\xab\x8b",
    "\xe4\xb8\x8d\xe7\xac\xa6\xe5\x90\x88", "\xe4\xb8\x8d\xe5\x90\x88\xe9\xa2\x98\xe6\x84\x8f",
    "\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\xaa", /* Japanese */
    "\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\x82\xe3\x82\x8a\xe3\x81\xbe\xe3\x81\x9b",
    "\xe3\x81\x98\xe3\x82\x83\xe3\x81\xaa", "\xe3\x81\xa7\xe3\x81\xaa\xe3\x81\x84",
    "\xe3\x81\xa7\xe3\x81\xaa\xe3\x81\x8f",
    "\xea\xb0\x80 \xec\x95\x84\xeb\x8b\x88", "\xea\xb0\x80 \xec\x95\x84\xeb\x8b\x99", /* Korean */
    "\xea\xb0\x80 \xec\x95\x84\xeb\x8b\x8c", "\xec\x9d\xb4 \xec\x95\x84\xeb\x8b\x88",
    "\xec\x9d\xb4 \xec\x95\x84\xeb\x8b\x99", "\xec\x9d\xb4 \xec\x95\x84\xeb\x8b\x8c",
    "\xeb\x8a\x94 \xec\x95\x84\xeb\x8b\x88", "\xeb\x8a\x94 \xec\x95\x84\xeb\x8b\x99",
    "\xec\x9d\x80 \xec\x95\x84\xeb\x8b\x88", "\xec\x9d\x80 \xec\x95\x84\xeb\x8b\x99",
    NULL};

static const char *const counters[] = {
    /* Chinese, Japanese, Korean */
    "\xe5\x80\x8b", "\xe4\xb8\xaa", "\xe4\xba\xba", "\xe6\x9c\xac", "\xe6\x9e\x9a",
    "\xe5\x86\x86", "\xe5\x85\x83", "\xe5\x9b\x9e", "\xe6\x97\xa5", "\xe5\xb9\xb4",
    "\xe3\x81\xa4", "\xe9\x80\x9a\xe3\x82\x8a", "\xe7\xa8\xae", "\xe7\xa7\x8d",
    "\xe6\x99\x82\xe9\x96\x93", "\xe5\x88\x86", "\xe7\xa7\x92", "\xe7\x82\xb9", "\xe5\xba\xa6",
    "\xe5\x8c\xb9", "\xea\xb0\x9c", "\xeb\xaa\x85", "\xec\x9b\x90", "\xeb\xb2\x88",
    "\xec\x9d\xbc", "\xea\xb0\x80\xec\xa7\x80",
    NULL};
/* clang-format on */

static bool is_letter(int c)
{
    return ascii_is_letter(c) || c >= 0x80;
}

bool foreign_is_unspaced(const char *w)
{
    return (unsigned char)w[0] >= FIRST_CJK;
}

bool foreign_denies_before(struct span s, size_t end)
{
    while (end > 0 && memchr(" $*(", s.p[end - 1], 4) != NULL) {
        end--;
    }
    for (size_t k = 0; before[k] != NULL; k++) {
        size_t n = strlen(before[k]);
        if (n > end || !words_begin(span_slice(s, end - n, end), before[k])) continue;
        if (foreign_is_unspaced(before[k]) || n == end) return true;
        if (!is_letter((unsigned char)s.p[end - n - 1])) return true;
    }
    return false;
}

/* The offset after the word for what is counted at s.p[i]; i itself where none stands. */
static size_t after_counter(struct span s, size_t i)
{
    for (size_t k = 0; counters[k] != NULL; k++) {
        if (words_opens(span_slice(s, i, s.n), counters[k])) return i + strlen(counters[k]);
    }
    return i;
}

bool foreign_denies_behind(struct span s, size_t at)
{
    while (at < s.n && memchr(" $*)", s.p[at], 4) != NULL) {
        at++;
    }
    size_t verb = after_counter(s, at);
    for (size_t k = 0; behind[k] != NULL; k++) {
        struct span rest = span_slice(s, foreign_is_unspaced(behind[k]) ? verb : at, s.n);
        size_t n = strlen(behind[k]);
        if (!words_begin(rest, behind[k])) continue;
        if (foreign_is_unspaced(behind[k]) || n == rest.n || !is_letter((unsigned char)rest.p[n])) {
            return true;
        }
    }
    return false;
}
