/* reward/math/find/prose.c - see prose.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/prose.h"

#include "base/ascii.h"
#include "reward/math/read/commands.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/phrase.h"
#include "reward/math/read/units.h"
#include "reward/math/find/spoken.h"
#include "reward/math/read/words.h"

enum { MAX_SHORT = 60, MAX_TAIL = 400, MAX_SENTENCE = 2000 };

static const struct span NOTHING = {NULL, 0};

/* A fraction character such as one half ends at s.p[end]: its length, 0 when none does. */
static size_t fraction_before(struct span s, size_t end)
{
    if (end >= 2 && (unsigned char)s.p[end - 2] == 0xc2 && (unsigned char)s.p[end - 1] >= 0xbc &&
        (unsigned char)s.p[end - 1] <= 0xbe) {
        return 2;
    }
    if (end >= 3 && (unsigned char)s.p[end - 3] == 0xe2 && (unsigned char)s.p[end - 2] == 0x85 &&
        (unsigned char)s.p[end - 1] >= 0x90 && (unsigned char)s.p[end - 1] <= 0x9e) {
        return 3;
    }
    return 0;
}

/* A full-width digit ends at s.p[end]. */
static bool is_wide_digit(struct span s, size_t end)
{
    return end >= 3 && (unsigned char)s.p[end - 3] == 0xef && (unsigned char)s.p[end - 2] == 0xbc &&
           (unsigned char)s.p[end - 1] >= 0x90 && (unsigned char)s.p[end - 1] <= 0x99;
}

size_t prose_last_number_end(struct span s)
{
    for (size_t i = s.n; i > 0; i--) {
        if (ascii_is_digit(s.p[i - 1]) || fraction_before(s, i) > 0 || is_wide_digit(s, i)) {
            return i;
        }
    }
    return 0;
}

/* w is a unit or speaks of one. */
static bool names_unit(struct span w)
{
    static const char *const words[] = {"square", "cubic", "sq", "unit", "units", "per"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(w, words[i])) return true;
    }
    return unit_known(w);
}

bool prose_has_words(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        size_t j = i;
        while (j < s.n && ascii_is_letter((unsigned char)s.p[j])) {
            j++;
        }
        struct span w = span_slice(s, i, j);
        bool told =
            i > 0 && (s.p[i - 1] == '\\' || s.p[i - 1] == '{' || ascii_is_digit(s.p[i - 1]));
        if (w.n >= 2 && !told && command_find(w) == NULL && !names_unit(w)) return true;
        if (w.n > 0 && j + 1 < s.n && s.p[j] == '\'' &&
            ascii_is_letter((unsigned char)s.p[j + 1])) {
            return true;
        }
        i = j > i ? j : i + 1;
    }
    return false;
}

/* ---- what is not the answer -------------------------------------------------------------------- */

/* A sentence ends with the sign s.p[i]; the ! of "5! ways" is a factorial's. */
static bool is_stop(struct span s, size_t i)
{
    bool factorial = s.p[i] == '!' && i > 0 && ascii_is_digit(s.p[i - 1]) && i + 2 < s.n &&
                     s.p[i + 1] == ' ' && s.p[i + 2] >= 'a' && s.p[i + 2] <= 'z';
    bool brief = s.p[i] == '.' && i >= 3 &&
                 (memcmp(s.p + i - 3, "i.e", 3) == 0 || memcmp(s.p + i - 3, "e.g", 3) == 0);
    return (s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?') && !factorial && !brief;
}

size_t prose_last_sentence(struct span s)
{
    for (size_t i = s.n; i > 2; i--) {
        if (s.p[i - 1] == '\n' || (s.p[i - 1] == ' ' && is_stop(s, i - 2))) return i;
    }
    return 0;
}

/* A letter and an order sign stand at s.p[i]: "$n \\ge 1$", "x > 0". */
static bool is_bound(struct span s, size_t i)
{
    static const char *const signs[] = {"<",
                                        ">",
                                        "\\ge",
                                        "\\le",
                                        "\\in",
                                        "\\ne",
                                        "\xe2\x89\xa0",
                                        "\xe2\x89\xa5",
                                        "\xe2\x89\xa4",
                                        "\xe2\x88\x88"};
    if (i < s.n && s.p[i] == '$') i++;
    if (i >= s.n || !ascii_is_letter(s.p[i])) return false;
    i += i + 1 < s.n && s.p[i + 1] == ' ' ? 2 : 1;
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
        if (span_starts(span_slice(s, i, s.n), span_str(signs[k]))) return true;
    }
    return false;
}

/* Where a condition on the letter of the answer begins in s[from, end): "a_n = 3n - 1 for n >= 1".
 * end when there is none. */
static size_t before_condition(struct span s, size_t from, size_t end)
{
    static const char *const words[] = {" for ", " with ", " if "};
    for (size_t i = from; i < end; i++) {
        bool may = s.p[i] == ' ' && i + 1 < end && strchr("fwi", s.p[i + 1]) != NULL;
        for (size_t k = 0; may && k < sizeof(words) / sizeof(words[0]); k++) {
            bool here = span_starts(span_slice(s, i, end), span_str(words[k]));
            if (here && is_bound(s, i + strlen(words[k]))) return i;
        }
    }
    return end;
}

/* What only says when, why or for what something holds, or says it again. */
static const char *const asides[] = {", attained",
                                     " attained ",
                                     ", achieved",
                                     " achieved ",
                                     " which occurs",
                                     ", which occurs",
                                     ", when ",
                                     " when ",
                                     ", since ",
                                     " since ",
                                     ", because ",
                                     " because ",
                                     ", as ",
                                     "(the ",
                                     "(since ",
                                     "(because ",
                                     "(see ",
                                     "(taking ",
                                     "(using ",
                                     "(assuming ",
                                     "(where ",
                                     "(if ",
                                     "(for ",
                                     "(check",
                                     "(verif",
                                     "(as ",
                                     "(when ",
                                     "(See ",
                                     "(that is",
                                     "(i.e.",
                                     "(or ",
                                     " for all ",
                                     " for every ",
                                     " for any ",
                                     " for each ",
                                     " where ",
                                     ", or about ",
                                     ", or roughly ",
                                     ", or approximately ",
                                     ", which is about ",
                                     ", which is approximately ",
                                     ", which is roughly ",
                                     ", i.e. about ",
                                     " or about ",
                                     " (about ",
                                     " (approx",
                                     " (roughly ",
                                     " (etwa ",
                                     " (ca. ",
                                     " (environ ",
                                     " (\xe2\x89\x88",
                                     " (\\approx",
                                     ", even though ",
                                     ", although ",
                                     ", though ",
                                     ", while the ",
                                     ", whereas "};

/* ", which is 2 fewer than before", ", six years after it began": how far the answer is from something else. */
static bool is_comparison(struct span rest)
{
    static const char *const words[] = {" fewer than ",  " more than ",    " less than ",
                                        " years after ", " years before ", " days after ",
                                        " days before "};
    struct span clause = span_slice(rest, 0, 60);
    size_t stop = clause.n < 2 ? SPAN_NONE : span_find(clause, span_str(","), 1);
    if (stop != SPAN_NONE) clause.n = stop;
    for (size_t k = 0; clause.n > 2 && k < sizeof(words) / sizeof(words[0]); k++) {
        bool which = span_starts(clause, span_str(", which is "));
        size_t at = span_find(clause, span_str(words[k]), 0);
        bool years = k >= 3 && clause.p[1] == ' ';
        if (at != SPAN_NONE && (which || years)) return true;
    }
    return false;
}

/* An aside begins at s.p[i]. */
static bool is_aside(struct span s, size_t i)
{
    struct span rest = span_slice(s, i, s.n);
    if (rest.p[0] == ',' && is_comparison(rest)) return true;
    bool may = rest.n > 2 && memchr(" ,(", rest.p[0], 3) != NULL;
    for (size_t k = 0; may && k < sizeof(asides) / sizeof(asides[0]); k++) {
        const char *w = asides[k]; /* most differ in three bytes */
        if (w[0] != rest.p[0] || w[1] != rest.p[1] || w[2] != rest.p[2]) continue;
        if (span_starts(rest, span_str(w))) return true;
    }
    return false;
}

/* Where the sentence comes to its conclusion, "for every 12 muffins, so she needs 15": an aside
 * before it is none. 0 when it does not. */
static size_t last_conclusion(struct span s)
{
    static const char *const joints[] = {
        ", so ",   "; so ",        ", and so ",    ", hence ", "; hence ",
        ", thus ", ", therefore ", "; therefore ", ", then ",  ", which means "};
    size_t last = 0;
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
        size_t at = span_find_last(s, span_str(joints[i]));
        if (at != SPAN_NONE && at > last) last = at;
    }
    return last;
}

static bool has_mathematics(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_digit(s.p[i]) || s.p[i] == '$') return true;
    }
    return false;
}

struct span prose_without_aside(struct span s)
{
    s = span_trim(s);
    size_t from = prose_last_sentence(s), end;
    /* "... 42 ways. (See step 3.)": a sentence in parentheses */
    if (from < s.n && s.p[from] == '(') from = prose_last_sentence(span_slice(s, 0, from - 1));
    size_t conclusion = last_conclusion(s);
    for (end = conclusion > from ? conclusion : from; end < s.n && !is_aside(s, end);) {
        end++;
    }
    end = before_condition(s, from, end);
    struct span kept = span_trim(span_slice(s, 0, end));
    return has_mathematics(span_slice(kept, from, kept.n)) ? kept : s;
}

struct span prose_before_reason(struct span s)
{
    static const char *const reasons[] = {", since ", " since ", ", because ", " because "};
    s = span_trim(s);
    size_t end = SPAN_NONE;
    if (s.n > MAX_TAIL || span_has(s, '\n')) return NOTHING;
    for (size_t k = 0; k < sizeof(reasons) / sizeof(reasons[0]) && end == SPAN_NONE; k++) {
        end = span_find(s, span_str(reasons[k]), 0);
    }
    if (end == SPAN_NONE || prose_last_sentence(s) > 0) return NOTHING;
    struct span said = span_slice(s, 0, end);
    for (size_t i = 0; i < said.n; i++) {
        if (ascii_is_digit(said.p[i]) || said.p[i] == '$' || said.p[i] == '\\') return NOTHING;
    }
    bool is = span_find(said, span_str(" is "), 0) != SPAN_NONE;
    return is && said.n > 0 ? said : NOTHING;
}

/* The offset after the last sign of mathematics in s: a digit, a fraction, a command, infinity. 0
 * when it has none. */
static size_t last_sign_end(struct span s)
{
    size_t end = prose_last_number_end(s);
    for (size_t i = s.n; i > end; i--) {
        unsigned char c = (unsigned char)s.p[i - 1];
        bool command = c == '\\' && i < s.n && ascii_is_letter(s.p[i]);
        bool pi = i >= 2 && c == 0x80 && (unsigned char)s.p[i - 2] == 0xcf;
        bool infinity = i >= 3 && c == 0x9e && memcmp(s.p + i - 3, "\xe2\x88\x9e", 3) == 0;
        if (command || pi || infinity) return i;
    }
    return end;
}

/* The sentence that s.p[at] stands in. */
static struct span sentence_around(struct span s, size_t at)
{
    size_t from = prose_last_sentence(span_slice(s, 0, at)), to = at;
    if (at - from > MAX_SENTENCE) from = at - MAX_SENTENCE;
    while (to < s.n && to < at + MAX_SENTENCE && s.p[to] != '\n') {
        bool stop = is_stop(s, to);
        if (stop && to > at && (to + 1 == s.n || s.p[to + 1] == ' ' || s.p[to + 1] == '\n')) break;
        if (stop && to == at && to + 1 < s.n && s.p[to + 1] == ' ') break;
        to++;
    }
    return span_slice(s, from, to);
}

bool prose_last(struct arena *a, struct span text, unsigned kinds, struct stated *out,
                enum math_source *source)
{
    struct formula f;
    bool latex = (kinds & MATH_EXTRACT_LATEX) && formula_last(a, text, &f);
    *out = (struct stated){.text = {NULL, 0}};
    *source = MATH_FROM_EXPRESSION;
    if (kinds & MATH_EXTRACT_EXPR) {
        struct span rest = latex ? span_slice(text, f.to, text.n) : text;
        size_t end = last_sign_end(rest);
        if (end > 0) *out = stated_last(a, sentence_around(rest, end));
    }
    if (out->text.n > 0) return true;
    if (!latex) return false;
    struct spoken v = spoken_value(a, text, f.from, f.to);
    out->text = v.changed ? v.text : words_unwrap(f.inside);
    out->denied = v.denied;
    *source = MATH_FROM_LATEX;
    return !v.denied;
}

bool prose_is_unfinished(struct span s)
{
    s = span_trim(s);
    if (s.n < 2 || strchr("+=/^(<>", s.p[s.n - 1]) == NULL) return false;
    return s.p[s.n - 2] == ' ' || ascii_is_digit(s.p[s.n - 2]);
}

/* "I'm sorry" alone may come before a correction. */
static bool is_negative(struct span s)
{
    static const char *const words[] = {"n't", "not", "unable", "no "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

bool prose_refuses(struct span s)
{
    static const char *const openings[] = {"i'm sorry",
                                           "i am sorry",
                                           "sorry",
                                           "i apologize",
                                           "i'm unable",
                                           "i am unable",
                                           "i cannot",
                                           "i can't",
                                           "i can not",
                                           "i could not",
                                           "i couldn't",
                                           "as an ai",
                                           "i don't know",
                                           "i do not know",
                                           "unfortunately, i",
                                           "insufficient data",
                                           "insufficient information",
                                           "there is not enough information",
                                           "not enough information"};
    static const char *const questions[] = {"is ",   "are ",   "could ", "can ",
                                            "does ", "would ", "should "};
    static const char *const chinese[] = {
        "\xe6\x97\xa0\xe6\xb3\x95\xe7\xa1\xae\xe5\xae\x9a", /* cannot be determined, told, */
        "\xe6\x97\xa0\xe6\xb3\x95\xe5\x88\xa4\xe6\x96\xad", /* found; too little is given */
        "\xe6\x97\xa0\xe6\xb3\x95\xe6\xb1\x82\xe5\x87\xba",
        "\xe6\x9d\xa1\xe4\xbb\xb6\xe4\xb8\x8d\xe8\xb6\xb3"};
    s = span_trim(s);
    struct span last = span_slice(s, prose_last_sentence(s), s.n);
    for (size_t i = 0; i < sizeof(chinese) / sizeof(chinese[0]) && last.n <= MAX_SENTENCE; i++) {
        if (span_find(last, span_str(chinese[i]), 0) != SPAN_NONE) return true;
    }
    for (size_t i = 0;
         i < sizeof(questions) / sizeof(questions[0]) && span_ends(last, span_str("?")); i++) {
        if (words_start(last, span_str(questions[i]))) return true; /* "Is it 3?" */
    }
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        if (words_start(last, span_str(openings[i]))) return i > 3 || is_negative(last);
    }
    return false;
}

/* Where the last line, or the last sentence of the last line, of s begins. */
static size_t last_remark(struct span s)
{
    size_t i = s.n;
    while (i > 0 && s.p[i - 1] != '\n') {
        if (i >= 2 && s.p[i - 1] == ' ' && is_stop(s, i - 2)) break;
        i--;
    }
    return i;
}

/* s is one remark in brackets: "(It would be 160 had it started anew.)" */
static bool is_bracketed(struct span s)
{
    struct span t = span_ends(s, span_str(".")) ? span_slice(s, 0, s.n - 1) : s;
    return t.n > 12 && t.p[0] == '(' && words_close(t, 0) == t.n && span_has(t, ' ');
}

/* The bracket at s.p[at] closes where s ends, but for its stop; another sign than a bracket does. */
static bool ends_with_group(struct span s, size_t at)
{
    if (s.p[at] != '(') return true;
    size_t end = words_close(s, at);
    return end != SPAN_NONE && (end == s.n || (end + 1 == s.n && s.p[end] == '.'));
}

/* "..., not Sydney", "(not 15)", in several languages, at the end of s: what is denied there says
 * no more. */
static struct span without_denial(struct span s)
{
    static const char *const openings[] = {"(not ",
                                           "(and not ",
                                           "(rather than ",
                                           "(instead of ",
                                           ", et non ",
                                           ", y no ",
                                           ", e non ",
                                           ", nicht ",
                                           "(nicht ",
                                           "(pas ",
                                           "(no ",
                                           "\xef\xbc\x88\xe4\xb8\x8d\xe6\x98\xaf",
                                           "(\xe4\xb8\x8d\xe6\x98\xaf",
                                           "\xef\xbc\x8c\xe8\x80\x8c\xe4\xb8\x8d\xe6\x98\xaf"};
    static const char *const japanese[] = {"\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\x82\xe3\x82\x8a\xe3"
                                           "\x81\xbe\xe3\x81\x9b\xe3\x82\x93", /* is not */
                                           "\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\xaa\xe3\x81\x84"};
    size_t from = prose_last_sentence(s);
    struct span last = span_slice(s, from, s.n);
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        size_t at = span_find(last, span_str(openings[i]), 0);
        if (at == SPAN_NONE || at == 0 || !ends_with_group(last, at)) continue;
        return span_trim(span_slice(s, 0, from + at));
    }
    size_t open = span_find_last(last, span_str("(")),
           wide = span_find_last(last, span_str("\xef\xbc\x88"));
    if (open == SPAN_NONE) open = wide;
    for (size_t i = 0; open != SPAN_NONE && open > 0 && i < 2; i++) {
        bool denied = span_find(last, span_str(japanese[i]), open) != SPAN_NONE;
        if (denied) return span_trim(span_slice(s, 0, from + open));
    }
    return s;
}

struct span prose_without_sequel(struct span s)
{
    static const char *const openers[] = {
        "\xe4\xbb\x96", "\xe5\xa5\xb9", "\xe5\xae\x83", "\xe5\x85\xb6", "\xe5\x9b\xa0",
        "\xe7\x94\xb1", "\xe5\x8d\xb3", "\xe8\xbf\x99"}; /* he she it its because by i.e. this */
    size_t comma = span_find(s, span_str("\xef\xbc\x8c"), 0);
    for (size_t i = 0; comma != SPAN_NONE && comma > 0 && i < sizeof(openers) / sizeof(openers[0]);
         i++) {
        if (span_starts(span_slice(s, comma + 3, s.n), span_str(openers[i])))
            return span_slice(s, 0, comma);
    }
    return s;
}

struct span prose_without_closing(struct span s)
{
    static const char *const closings[] = {
        "let me know",    "if you ",        "feel free", "i hope",
        "hope this",      "would you like", "please ",   "is there anything",
        "do you want",    "note ",          "note:",     "(note",
        "check:",         "verification",   "qed",       "---",
        "i am confident", "this matches",   "remember",  "tip:"};
    s = span_trim(s);
    for (int rounds = 0; rounds < 8 && s.n > 0; rounds++) {
        size_t from = last_remark(s);
        struct span last = span_slice(s, from, s.n), kept = span_trim(span_slice(s, 0, from));
        while (last.n > 0 && memchr("*_#> ", last.p[0], 5) != NULL) {
            last = span_slice(last, 1, last.n);
        }
        bool closing = false;
        for (size_t i = 0; i < sizeof(closings) / sizeof(closings[0]) && !closing; i++) {
            closing = words_start(last, span_str(closings[i]));
        }
        closing |= is_bracketed(last);
        if (!closing || kept.n == 0) break;
        s = kept;
    }
    return without_denial(s);
}

/* "28 June 1919" of "28 June 1919, in the Hall of Mirrors"; {NULL, 0} for anything else. */
static struct span day_before_comma(struct arena *a, struct span t)
{
    int64_t day[3];
    for (size_t i = 0; i < t.n && i < 40; i++) {
        bool words = t.p[i] == ',' && i + 2 < t.n && ascii_is_letter(t.p[i + 2]);
        if (words && words_day(a, span_slice(t, 0, i), day)) return span_slice(t, 0, i);
    }
    return NOTHING;
}

struct span prose_moment(struct arena *a, struct span s)
{
    int seconds;
    bool marked;
    size_t at = s.n <= MAX_TAIL ? phrase_last_copula(s) : 0;
    size_t when = s.n <= MAX_TAIL ? span_find_last(s, span_str(" at ")) : SPAN_NONE;
    size_t day = s.n <= MAX_TAIL ? span_find_last(s, span_str(" on ")) : SPAN_NONE;
    bool date = day != SPAN_NONE && day + 4 < s.n && (s.p[day + 4] < 'a' || s.p[day + 4] > 'z');
    if (date && (when == SPAN_NONE || day > when)) when = day; /* on July 20, on 20 July */
    if (when != SPAN_NONE && when > at) at = when + 4;
    struct span t = words_unwrap(span_slice(s, at, s.n)); /* or all of it: "5 May 2020" */
    const char *comma = t.n == 0 ? NULL : memchr(t.p, ',', t.n);
    struct span head = comma == NULL ? t : span_slice(t, 0, (size_t)(comma - t.p));
    if (words_time(head, &seconds, &marked) && marked) return head; /* 10:45 AM, 45 minutes later */
    struct span dated = day_before_comma(a, t);
    if (dated.n > 0) return dated;
    if (t.n == 0 || t.n > MAX_SHORT) return NOTHING;
    return words_date(a, t) || (words_time(t, &seconds, &marked) && marked) ? t : NOTHING;
}
