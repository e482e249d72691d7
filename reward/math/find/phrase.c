/* reward/math/find/phrase.c - see phrase.h.
 *
 * An announcement is a row of `phrases`: the longest that stands at a place counts, and of all
 * places the last. It is none where the clause before it only supposes ("if the answer is") or a
 * "not" follows.
 *
 * What it announces goes to the end of its sentence (phrase_sentence()): formulas are stepped
 * over, and the stop of "approx." and the ! of a factorial end nothing. What that statement states
 * is stated.h's to say.
 *
 * People correct themselves, so the text behind is asked last: another value in the same breath
 * ("42, no, 43"), a second thought that gives one ("Actually, no: it is 12."), or a denial. The
 * later value counts; a denial alone leaves none, and out->denied tells the caller of it, who then
 * does not go looking for mathematics further up. Where the first answer is wanted, none of this
 * is asked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/phrase.h"

#include "base/ascii.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/rejected.h"
#include "reward/math/find/taken_back.h"
#include "reward/math/read/words.h"

enum { MAX_SENTENCE = 4000, MAX_CLAUSE = 200 };

/* How an answer is announced, in small letters, and the language that is, where it writes decimals
 * with a comma. */
static const struct {
    const char *words, *language;
} phrases[] = {
    {"final answer is", ""},
    {"final answer:", ""},
    {"answer is", ""},
    {"answer:", ""},
    {"answer =", ""},
    {"answer - ", ""},
    {"answer \xe2\x80\x93", ""}, /* dashes */
    {"answer \xe2\x80\x94", ""},
    {"answer is:", ""},
    {"answer's ", ""},
    {"answer were", ""},
    {"answer should be", ""},
    {"answer must be", ""},
    {"answer must therefore be", ""},
    {"answer is therefore", ""},
    {"answer is thus", ""},
    {"answer is actually", ""},
    {"answer equals", ""},
    {"edit:", ""},
    {"result is therefore", ""},
    {"resposta final \xc3\xa9", "portuguese"},
    {"answers are", ""},
    {"answers:", ""},
    {"final answer\n", ""},
    {"correction:", ""},
    {"result is", ""},
    {"result:", ""},
    {"\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf", ""}, /* the answer is */
    {"\xe7\xad\x94\xe6\xa1\x88\xe4\xb8\xba", ""},
    {"\xe7\xad\x94\xe6\xa1\x88\xe4\xb8\xba\xef\xbc\x9a", ""},
    {"\xe7\xad\x94\xe6\xa1\x88\xef\xbc\x9a", ""}, /* answer: */
    {"\xe7\xad\x94\xe6\xa1\x88:", ""},
    {"\xe6\x95\x85\xe9\x80\x89\xef\xbc\x9a", ""}, /* hence choose: */
    {"\xe6\x95\x85\xe9\x80\x89:", ""},
    {"\xe6\x95\x85\xe9\x80\x89", ""},
    {"\xe7\xad\x94\xef\xbc\x9a", ""}, /* answer: */
    {"\xef\xbc\x8c\xe9\x80\x89", ""}, /* , choose; so choose; hence choose; should choose */
    {"\xe6\x89\x80\xe4\xbb\xa5\xe9\x80\x89", ""},
    {"\xe5\x9b\xa0\xe6\xad\xa4\xe9\x80\x89", ""},
    {"\xe5\xba\x94\xe9\x80\x89", ""},
    {"r\xc3\xa9ponse est", "french"},
    {"r\xc3\xa9ponse:", "french"},
    {"r\xc3\xa9ponse :", "french"},
    {"r\xc3\xa9ponse finale :", "french"},
    {"r\xc3\xa9ponse finale est", "french"},
    {"respuesta es", "spanish"},
    {"respuesta final es", "spanish"},
    {"respuesta:", "spanish"},
    {"r\xc3\xa9sultat est", "french"},
    {"r\xc3\xa9sultat :", "french"},
    {"soluci\xc3\xb3n es", "spanish"},
    {"resultado es", "spanish"},
    {"l\xc3\xb6sung ist", "german"},
    {"l\xc3\xb6sung:", "german"},
    {"l\xc3\xb6sung lautet", "german"},
    {"ergebnis ist", "german"},
    {"ergebnis lautet", "german"},
    {"ergebnis:", "german"},
    {"antwoord is", "dutch"},
    {"antwoord:", "dutch"},
    {"odpowied\xc5\xba:", "polish"},
    {"odpowied\xc5\xba to", "polish"},
    {"resultado \xc3\xa9", "portuguese"},
    {"risultato \xc3\xa8", "italian"},
    {"\xd0\x9e\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82:", "russian"},
    {"antwort ist", "german"},
    {"antwort:", "german"},
    {"antwort lautet", "german"},
    {"lautet:", "german"},
    {"\xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82:", "russian"},
    {"resposta:", "portuguese"},
    {"risposta:", "italian"},
    {"resposta \xc3\xa9", "portuguese"},
    {"risposta \xc3\xa8", "italian"},
};

/* Two letters tell for most places that no phrase starts there. */
static bool may_start_phrase(int first, int second)
{
    return first >= 0x80 || (first == 'a' && second == 'n') || (first == 'f' && second == 'i') ||
           (first == 'r' && (second == 'e' || second == 'i' || second >= 0x80)) ||
           (first == 'l' && (second == 'a' || second >= 0x80)) ||
           ((first == 's' || first == 'c') && second == 'o') || (first == 'e' && second == 'r') ||
           (first == 'o' && second == 'd') || (first == 'e' && second == 'd');
}

/* The offset after p where it stands at s.p[i], signs of emphasis between its words passed over;
 * SPAN_NONE elsewhere. */
static size_t after_phrase(struct span s, size_t i, const char *p)
{
    for (size_t k = 0; p[k] != 0;) {
        while (k > 0 && i < s.n && (s.p[i] == '*' || s.p[i] == '_')) {
            i++;
        }
        if (i >= s.n || ascii_lower((unsigned char)s.p[i]) != (unsigned char)p[k]) return SPAN_NONE;
        i++;
        k++;
    }
    return i;
}

/* What follows an announcement begins with a "not". */
static bool is_denied_at(struct span s)
{
    static const char *const words[] = {" not ",  "n't",    " nicht ", " kein ", " niet ",
                                        " geen ", " nie ",  " inte ",  " pas ",  " bukan ",
                                        " \xd0\xbd\xd0\xb5 "};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (words_start(s, span_str(words[k]))) return true;
    }
    return false;
}

/* The offset after the phrase that starts at s.p[i], the longest where several do; SPAN_NONE when
 * none does. */
static size_t phrase_at(struct span s, size_t i, const char **language)
{
    size_t found = SPAN_NONE;
    for (size_t k = 0; k < sizeof(phrases) / sizeof(phrases[0]); k++) {
        size_t end = after_phrase(s, i, phrases[k].words);
        if (end == SPAN_NONE || (found != SPAN_NONE && end <= found)) continue;
        if (is_denied_at(span_slice(s, end, s.n))) continue;
        found = end;
        *language = phrases[k].language;
    }
    return found;
}

/* The clause that leads to s.p[i] only thinks of an answer or denies it: "I doubt that the answer
 * is", "if the answer is". */
static bool is_supposed(struct span s, size_t i)
{
    static const char *const words[] = {
        "if ",       "doubt",       "wrong to",    "incorrect to", "might ",     "tempting",
        "tempted",   "suppose ",    "assume ",     "whether ",     "unless ",    "mistake to",
        "assuming ", "may think",   "could think", "deny that",    "false that", "not true that",
        "wrongly",   "not believe", "not think",    "not the case that"};
    size_t from = i;
    while (from > 0 && i - from < MAX_CLAUSE && strchr(",;.!?:\n", s.p[from - 1]) == NULL) {
        from--;
    }
    for (size_t at = from; at < i; at++) {
        if (at > from && s.p[at - 1] != ' ') continue;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            if (words_begin(span_slice(s, at, i), words[k])) return true;
        }
    }
    return false;
}

/* The offset after the last (or first) phrase in s, SPAN_NONE when there is none; those that are
 * only supposed are none, and *supposed is the offset after the last of these. */
static size_t phrase_end(struct span s, bool first, const char **language, size_t *supposed)
{
    size_t found = SPAN_NONE;
    *supposed = SPAN_NONE;
    for (size_t i = 0; i < s.n; i++) {
        int c = ascii_lower((unsigned char)s.p[i]);
        if (!may_start_phrase(c, i + 1 < s.n ? ascii_lower((unsigned char)s.p[i + 1]) : 0))
            continue;
        if (i > 0 && ascii_is_letter((unsigned char)s.p[i - 1])) continue;
        const char *spoken = "";
        size_t end = phrase_at(s, i, &spoken);
        if (end == SPAN_NONE) continue;
        if (is_supposed(s, i)) {
            *supposed = end;
            continue;
        }
        *language = spoken;
        found = end;
        if (first) return found;
        i = end - 1;
    }
    return found;
}

/* The stop at s.p[i] only ends a short form: "approx. 5", "i.e. 5". */
static bool is_short_form(struct span s, size_t i)
{
    static const char *const forms[] = {"approx", "i.e", "e.g", "ca", "resp", "No", "vs"};
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        if (span_ends(span_slice(s, 0, i), span_str(forms[k]))) return true;
    }
    return false;
}

/* The ! at s.p[i] is a factorial's: the sentence goes on in small letters, or it was only announced
 * ("Answer: 5!"). */
static bool is_factorial(struct span s, size_t i, bool announced)
{
    if (s.p[i] != '!' || i == 0 || !ascii_is_digit(s.p[i - 1])) return false;
    if (i + 1 == s.n || s.p[i + 1] == '\n') return announced;
    return i + 2 < s.n && s.p[i + 1] == ' ' && s.p[i + 2] >= 'a' && s.p[i + 2] <= 'z';
}

struct span phrase_sentence(struct span s, bool announced)
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
            (i + 1 == s.n || s.p[i + 1] == ' ' || s.p[i + 1] == '\n') && !is_short_form(s, i) &&
            !is_factorial(s, i, announced)) {
            return span_slice(s, 0, i);
        }
        if (i + 2 < s.n && memcmp(s.p + i, "\xe3\x80\x82", 3) == 0) return span_slice(s, 0, i);
        if (strchr(" \n\t:*", s.p[i]) == NULL) said = true;
    }
    return s;
}

size_t phrase_last_copula(struct span s)
{
    static const char *const forms[] = {" is ", " are ", " was ", " be ",
                                        " = ",  ": ",    " are:", " is:"};
    size_t best = 0;
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        size_t at = span_find_last(s, span_str(forms[k]));
        if (at != SPAN_NONE && at + strlen(forms[k]) > best) best = at + strlen(forms[k]);
    }
    return best;
}

/* s takes back what was supposed, and may give the answer: "..., but it is 5". */
static bool has_turn(struct span s)
{
    static const char *const turns[] = {"but ", "however", "actually", "in fact",
                                        "yet ", ". ",      "\n"};
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        if (span_find(s, span_str(turns[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

struct span phrase_second_thought(struct span rest)
{
    static const char *const openers[] = {
        "actually, no",   "actually no",    "no, ",           "wait, no",       "no wait",
        "no, wait",       "scratch that",   "sorry, ",        "correction",     "oops",
        "actually, it",   "actually it",    "actually, the",  "that's wrong",   "that is wrong",
        "that's not ri",  "that is not ri", "i made a mista", "wait, that's w", "wait, it",
        "actually, i mi", "i misread",      "actually, i ma", "on second thou", "my mistake",
        "hold on",        "let me correct", "apologies",      "correcting",     "wait, that is w",
        "actually the ",  "but actually"};
    while (rest.n > 0 && memchr(". \n*!", rest.p[0], 5) != NULL) {
        rest = span_slice(rest, 1, rest.n);
    }
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        if (words_begin(rest, openers[i])) return span_slice(rest, 0, MAX_SENTENCE);
    }
    return span_of(NULL, 0);
}

/* The sentence behind an answer that takes it back: "Actually, no: it is 12." */
static bool corrected(struct arena *a, struct span rest, unsigned kinds, struct stated *out)
{
    rest = span_trim(phrase_second_thought(rest));
    if (rest.n == 0) return false;
    struct stated st = stated_in(a, rest, kinds);
    if (st.text.n == 0) return false;
    *out = st;
    out->said = rest;
    return true;
}

/* A value stands right behind words that put it in another's place: "it should be 43", "No, 43". */
static bool names_other(struct span s)
{
    static const char *const words[] = {
        "should be ", "should have been ", "must be ", "it is ", "it's ", "is actually ",
        "no, ",       "sorry, ",           "oops, ",   "wait, "};
    for (size_t i = 0; i < s.n; i++) {
        if (i > 0 && s.p[i - 1] != ' ') continue;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            size_t at = i + strlen(words[k]);
            if (!words_begin(span_slice(s, i, s.n), words[k])) continue;
            while (at < s.n && memchr("*$ -(", s.p[at], 5) != NULL) {
                at++;
            }
            if (at < s.n && (ascii_is_digit(s.p[at]) || s.p[at] == '\\')) return true;
        }
    }
    return false;
}

bool phrase_corrected(struct arena *a, struct span rest, const struct math_options *o,
                      struct stated *out)
{
    struct span thought = phrase_second_thought(rest);
    if (thought.n == 0) return false;
    if (phrase_answer(a, thought, o, out)) return true;
    return names_other(thought) && corrected(a, thought, o->extract, out);
}

/* What follows an answer says that there is none. */
static bool is_withdrawn(struct span rest)
{
    static const char *const words[] = {
        "can't determine",  "cannot determine", "cannot be determined", "can't be determined",
        "I am not able to", "I'm not able to",  "disregard that",       "ignore that answer"};
    rest = span_trim(rest);
    struct span last = span_slice(rest, prose_last_sentence(rest), rest.n);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(last, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* s begins with a value: a number, a formula, or a letter that stands alone. */
static bool begins_value(struct span s)
{
    while (s.n > 0 && memchr("*$(-", s.p[0], 4) != NULL) {
        s = span_slice(s, 1, s.n);
    }
    if (s.n == 0) return false;
    bool alone = s.n == 1 || !(ascii_is_letter(s.p[1]) || memchr(" '", s.p[1], 2) != NULL);
    return ascii_is_digit(s.p[0]) || s.p[0] == '\\' || (s.p[0] >= 'A' && s.p[0] <= 'J' && alone);
}

struct span phrase_after_slip(struct span s)
{
    static const char *const slips[] = {", no, ",     ", sorry, ",   ", i mean ",
                                        ", i mean, ", ", no wait, ", ", wait, no, "};
    size_t last = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ',') continue;
        for (size_t k = 0; k < sizeof(slips) / sizeof(slips[0]); k++) {
            size_t end = i + strlen(slips[k]);
            bool here = words_begin(span_slice(s, i, s.n), slips[k]);
            if (here && begins_value(span_slice(s, end, s.n))) last = end;
        }
    }
    return span_slice(s, last, s.n);
}

bool phrase_answer(struct arena *a, struct span s, const struct math_options *o, struct stated *out)
{
    const char *language = "";
    size_t supposed, at = phrase_end(s, o->first_answer, &language, &supposed);
    if (at == SPAN_NONE) {
        out->denied = supposed != SPAN_NONE && !has_turn(span_slice(s, supposed, s.n));
        return false;
    }
    bool announced = s.p[at - 1] == ':';
    struct span said = phrase_sentence(span_slice(s, at, s.n), announced);
    if (!o->first_answer) said = phrase_after_slip(said);
    *out = stated_in(a, rejected_removed(a, said), o->extract);
    out->said = span_trim(said);
    size_t from = (size_t)(said.p - s.p), to = from + said.n;
    struct span rest = span_slice(s, to, s.n);
    bool other = !o->first_answer && corrected(a, rest, o->extract, out);
    bool denied = !o->first_answer && !other && taken_back_behind(s, from, to);
    if (denied || (!o->first_answer && is_withdrawn(rest))) {
        out->denied = true;
        return false;
    }
    out->language = span_str(language);
    if (out->text.n > 0) return true;
    out->text = words_unwrap(out->plain);
    return out->text.n > 0 && out->text.n <= 200;
}
