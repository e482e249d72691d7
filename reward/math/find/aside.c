/* reward/math/find/aside.c - what a sentence adds to its answer.
 *
 *     The minimum is 3 when x = 2, since the square is never negative (by the way, 2 is prime).
 *                    ^ from here on nothing tells the answer
 *
 * An aside says when, why or for what the answer holds, says it roughly again, or compares it with something
 * else. It begins with one of a few ways to say so, in several languages, and goes on to the end of the sentence.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/aside.h"

#include "base/ascii.h"
#include "reward/math/find/denied.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/runs.h"
#include "reward/math/read/words.h"

enum { MAX_TAIL = 400, MAX_CLAUSE = 80 };

/* Of the joints of conclusions, the first that begins with what it grants. */
enum { FIRST_REASON = 13 };

static const struct span NOTHING = {NULL, 0};

/* A letter and an order sign stand at s.p[i]: "$n \\ge 1$", "x > 0"; assigned: or an equals sign. */
static bool is_bound(struct span s, size_t i, bool assigned)
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
    if (assigned && i + 2 < s.n && ascii_is_letter(s.p[i])) {
        size_t sign = i + (s.p[i + 1] == ' ' ? 2 : 1);
        if (s.p[sign] == '=') return true;
    }
    if (i >= s.n || !ascii_is_letter(s.p[i])) return false;
    i += i + 1 < s.n && s.p[i + 1] == ' ' ? 2 : 1;
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
        if (words_opens(span_slice(s, i, s.n), signs[k])) return true;
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
            bool here = words_opens(span_slice(s, i, end), words[k]);
            if (here && is_bound(s, i + strlen(words[k]), k == 1)) return i;
        }
    }
    return end;
}

/* What only says when, why or for what something holds, or says it again. */
static const char *const asides[] = {
    ", attained",
    ", roughly ",
    ", not ",
    ", non ",
    ", with digits ",
    " \xe2\x80\x93 and it",
    " \xe2\x80\x94 and it",
    " \xe2\x80\x93 reached ",
    " \xe2\x80\x94 reached ",
    " \xe2\x80\x93 attained ",
    " \xe2\x80\x94 attained ",
    " \xe2\x80\x93 since ",
    " \xe2\x80\x93 because ",
    " \xe2\x80\x93 not ",
    "\xef\xbc\x8c\xe6\xaf\x94",
    ", slightly ",
    ", enough ",
    ", well above ",
    ", well below ",
    ", just under ",
    ", just over ",
    ", just above ",
    ", just below ",
    ", having ",
    ", which lies on",
    ", which passes",
    ", which crosses",
    ", obtained ",
    ", found by ",
    ", by adding ",
    " by adding ",
    " by subtracting ",
    " by multiplying ",
    " by dividing ",
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
    ", whereas ",
    ", given that ",
    " given that ",
    ", where ",
    ", if ",
    ", by comparison",
    ", compared ",
    ", including ",
    ", not counting ",
    ", excluding ",
    ", ignoring ",
    ", counting ",
    ", out of ",
    ", up from ",
    ", down from ",
    ", just as ",
    ", like ",
    " as required",
    " as wanted",
    " as expected",
    " as desired",
    " as claimed",
    " as stated",
    " as given",
    ", which we ",
    ", which matches",
    ", which agrees",
    ", which is consistent",
    ", which confirms",
    ", which can be ",
    ", and indeed",
    ", indeed",
    ", using ",
    ", verified",
    ", I overlooked",
    ", I forgot",
    ", I missed",
    "; it has ",
    ", car ",
    ", puisque ",
    ", qui ",
    ", dont ",
    ", denn ",
    ", weil ",
    ", da ",
    ", porque ",
    ", ya que ",
    ", pues ",
    ", pois ",
    ", j\xc3\xa1 que ",
    ", perch\xc3\xa9 ",
    ", poich\xc3\xa9 ",
    ", omdat ",
    " \xe2\x80\x94 since ",
    " \xe2\x80\x94 because ",
    " \xe2\x80\x94 not ",
    " - since ",
    " - because ",
    "\xef\xbc\x8c\xe5\x9b\xa0\xe4\xb8\xba",
    "\xef\xbc\x8c\xe7\x94\xb1\xe4\xba\x8e",
    "\xef\xbc\x8c\xe7\x90\x86\xe7\x94\xb1",
};

/* ", which is 2 fewer than before", ", six years after it began": how far the answer is from something else. */
static bool is_comparison(struct span rest)
{
    static const char *const words[] = {
        " fewer than ",   " more than ",   " less than ",    " mehr als ",    " weniger als ",
        " de plus que ",  " larger than ", " smaller than ", " longer than ", " years after ",
        " years before ", " days after ",  " days before "};
    static const char *const heads[] = {", which is ", ", i.e. ",     ", i.e., ", ", that is, ",
                                        ", or ",       ", das sind ", ", soit "};
    struct span clause = span_slice(rest, 0, 60);
    bool which = false;
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
        which |= words_opens(clause, heads[k]);
    }
    size_t stop = clause.n < 12 ? SPAN_NONE : span_find(clause, span_str(","), which ? 12 : 1);
    if (stop != SPAN_NONE) clause.n = stop;
    for (size_t k = 0; clause.n > 2 && k < sizeof(words) / sizeof(words[0]); k++) {
        size_t at = span_find(clause, span_str(words[k]), 0);
        bool years = k >= 9 && clause.p[1] == ' ';
        if (at != SPAN_NONE && (which || years)) return true;
    }
    return false;
}

/* " by the Pythagorean theorem", ", using the product rule", " by (1)": where the answer comes from. */
static bool is_source(struct span rest)
{
    static const char *const heads[] = {" by the ", ", by the ", " using the ", ", using the ",
                                        " by ",     ", by ",     " from ",      " using "};
    static const char *const nouns[] = {"theorem", "rule",      "formula",  "triangle", "law",
                                        "test",    "identity",  "property", "method",   "principle",
                                        "lemma",   "criterion", "algorithm"};
    size_t n = 0;
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]) && n == 0; k++) {
        if (words_opens(rest, heads[k])) n = strlen(heads[k]);
    }
    struct span clause = span_slice(rest, n, n + MAX_CLAUSE);
    if (n == 0 || clause.n < 3) return false;
    if (clause.p[0] == '(' && ascii_is_digit(clause.p[1]) && clause.p[2] == ')') return true;
    for (size_t i = 0; i < clause.n && strchr(",;.=", clause.p[i]) == NULL; i++) {
        for (size_t k = 0; clause.p[i] == ' ' && k < sizeof(nouns) / sizeof(nouns[0]); k++) {
            if (words_opens(span_slice(clause, i + 1, clause.n), nouns[k])) return true;
        }
    }
    return false;
}

/* A remark in words in brackets at s.p[i] that s ends with: "(and 8 sides)", "(48 / 6 = 8, and 2 are left over)"; not what
 * belongs to the value, "(base 5)", or says which values are meant. */
static bool is_remark(struct span s, size_t i)
{
    struct span rest = span_slice(s, i, s.n);
    static const char *const heads[] = {
        "base",    "in base",   "exact",     "namely",    "simplif",   "not ",
        "in ",     "mod",       "reject",    "extran",    "invalid",   "no ",
        "discard", "both incl", "both excl", "inclusive", "exclusive", "endpoints"};
    if (!span_starts(rest, span_str(" ("))) return false;
    size_t close = rest.n > MAX_TAIL ? SPAN_NONE : words_close(rest, 1); /* it ends s: linear */
    if (close == SPAN_NONE || (close < rest.n && strchr(".!,;", rest.p[close]) == NULL))
        return false;
    if (close + 1 < rest.n) return false;
    struct span inside = span_slice(rest, 2, close - 1);
    static const char *const others[] = {"discarding ", "rejecting ", "rejected: ", "extraneous: ",
                                         "discarded: ", "excluded: "}; /* "(rejected: -3)" */
    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
        if (words_begin(inside, others[k])) return true;
    }
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
        if (words_begin(inside, heads[k])) return false;
    }
    static const char *const verdicts[] = {" fails",   " fail",     " not ",       "n't ",
                                           " too ",    " rejected", " extraneous", " excluded",
                                           " invalid", " discarded"};
    bool assigns = inside.n > 3 && ascii_is_letter(inside.p[0]) && !ascii_is_letter(inside.p[1]);
    for (size_t k = 0; assigns && k < sizeof(verdicts) / sizeof(verdicts[0]); k++) {
        assigns = span_find(inside, span_str(verdicts[k]), 0) == SPAN_NONE; /* "(n = 6 fails)" */
    }
    return !assigns && span_has(inside, ' ') && prose_has_words(inside);
}

/* ", from $50 to $60": between what something changed. */
static bool is_change(struct span rest)
{
    struct span from = span_str(", from "), clause = span_slice(rest, 0, MAX_CLAUSE);
    return span_starts(rest, from) && span_find(clause, span_str(" to "), from.n) != SPAN_NONE;
}

/* Behind the aside that begins s a value is said: " when x = 4 is 14", where the aside ends before "is". */
static bool leads_on(struct span rest)
{
    static const char *const verbs[] = {" is ", " equals ", " are ", " becomes "};
    for (size_t i = 2; i < rest.n && i < MAX_CLAUSE && strchr(",;", rest.p[i]) == NULL; i++) {
        bool value = ascii_is_digit(rest.p[i - 1]) || strchr("$)}", rest.p[i - 1]) != NULL;
        for (size_t k = 0; value && rest.p[i] == ' ' && k < sizeof(verbs) / sizeof(verbs[0]); k++) {
            size_t end = i + strlen(verbs[k]);
            bool here = words_opens(span_slice(rest, i, rest.n), verbs[k]);
            if (here && end < rest.n &&
                (ascii_is_digit(rest.p[end]) || strchr("$\\-", rest.p[end]) != NULL)) {
                return true;
            }
        }
    }
    return false;
}

static bool has_mathematics(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_digit(s.p[i]) || s.p[i] == '$') return true;
    }
    return false;
}

/* ", about 18.85" at s.p[i]: the value before it once more, roughly, and nothing behind it. Not of a sentence whose
 * first clause only leads to the value: "After 3 hours, about 45". */
static bool is_rounding(struct span s, size_t i)
{
    static const char *const heads[] = {", about ",   ", approximately ", ", around ",
                                        ", approx. ", ", close to ",      ", circa ",
                                        ", nearly "};
    static const char *const leads[] = {
        "after ",  "when ", "if ",     "for ",  "with ",   "in ",       "at ", "since ", "once ",
        "during ", "by ",   "on ",     "from ", "within ", "given ",    "as ", "every ", "each ",
        "over ",   "of ",   "out of ", "per ",  "so in ",  "so after ", "to "};
    size_t from = 0;
    struct run r;
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]) && from == 0; k++) {
        if (words_opens(span_slice(s, i, s.n), heads[k])) from = i + strlen(heads[k]);
    }
    if (from == 0 || s.n - from > MAX_TAIL || !run_at(s, from, &r) || !r.tells) return false;
    struct span rest = span_trim(span_slice(s, r.end[r.n_ends - 1], s.n));
    if (span_ends(rest, span_str("."))) rest.n--;
    struct span before = span_slice(s, 0, i); /* its end: linear, since so much of s is left */
    if (rest.n > 0 && !span_ends(before, rest)) return false; /* "cm^2" again */
    if (before.n > MAX_TAIL) before = span_slice(before, before.n - MAX_TAIL, before.n);
    struct span clause = span_slice(before, prose_last_sentence(before), before.n);
    for (size_t k = 0; k < sizeof(leads) / sizeof(leads[0]); k++) {
        if (words_begin(clause, leads[k])) return false;
    }
    return has_mathematics(clause);
}

/* An aside begins at s.p[i]. */
static bool is_aside(struct span s, size_t i)
{
    struct span rest = span_slice(s, i, s.n);
    if (rest.n < 3 || memchr(" ,(;\xef", rest.p[0], 5) == NULL) return false;
    size_t open = rest.p[0] == '(' ? i : i + 1;
    if (s.p[open] == '(' && denied_in_bracket(s, open) > 0) return false;
    if (rest.p[0] == ',' && (is_comparison(rest) || is_change(rest) || is_rounding(s, i)))
        return true;
    if (is_source(rest) || is_remark(s, i)) return true;
    for (size_t k = 0; k < sizeof(asides) / sizeof(asides[0]); k++) {
        const char *w = asides[k]; /* most differ in three bytes */
        if (w[0] != rest.p[0] || w[1] != rest.p[1] || w[2] != rest.p[2]) continue;
        if (span_starts(rest, span_str(w))) return w[0] != ' ' || !leads_on(rest);
    }
    return false;
}

/* Where the sentence comes to its conclusion, "for every 12 muffins, so she needs 15": an aside
 * before it is none. 0 when it does not. */
static size_t last_conclusion(struct span s)
{
    static const char *const joints[] = {", so ",
                                         "; so ",
                                         ", and so ",
                                         ", hence ",
                                         "; hence ",
                                         ", thus ",
                                         ", therefore ",
                                         "; therefore ",
                                         ", then ",
                                         ", which means ",
                                         "\xef\xbc\x8c\xe6\x89\x80\xe4\xbb\xa5",
                                         "\xef\xbc\x8c\xe5\x9b\xa0\xe6\xad\xa4",
                                         "\xef\xbc\x8c\xe6\x95\x85",
                                         ", and since ",
                                         ", and as ",
                                         ", and because ",
                                         " and since ",
                                         "; since "};
    size_t last = 0;
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
        size_t at = span_find_last(s, span_str(joints[i]));
        if (at == SPAN_NONE || at <= last) continue;
        if (!has_mathematics(span_slice(s, at, s.n))) continue; /* "..., then tripled" */
        last = at;
        size_t end =
            at + strlen(joints[i]); /* "and since n > 0, n = 9": what it grants is none either */
        if (i >= FIRST_REASON && span_find(s, span_str(", "), end) != SPAN_NONE) last = end;
    }
    return last;
}

struct span aside_removed(struct span s)
{
    s = span_trim(s);
    size_t from = prose_last_sentence(s), end;
    /* "... 42 ways. (See step 3.)": a sentence in parentheses */
    if (from < s.n && s.p[from] == '(') from = prose_last_sentence(span_slice(s, 0, from - 1));
    size_t conclusion = last_conclusion(s), start = conclusion > from ? conclusion : from;
    for (end = start; end < s.n && !is_aside(s, end);) {
        size_t denied =
            s.p[end] == '(' ? denied_in_bracket(s, end) : 0; /* "(rejected, since x < 5)" */
        end = denied > 0 ? denied : end + 1;
    }
    end = before_condition(s, start, end);
    struct span kept = span_trim(span_slice(s, 0, end));
    return has_mathematics(span_slice(kept, from, kept.n)) ? kept : s;
}

struct span aside_before_reason(struct span s)
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
    static const char *const truths[] = {"Yes", "No", "True", "False"};
    for (size_t k = 0; k < sizeof(truths) / sizeof(truths[0]); k++) {
        if (span_is(said, truths[k])) return said; /* "Yes, because 27 is divisible by 9" */
    }
    bool is = span_find(said, span_str(" is "), 0) != SPAN_NONE ||
              span_find(said, span_str("'s "), 0) != SPAN_NONE;
    return is && said.n > 0 ? said : NOTHING;
}
