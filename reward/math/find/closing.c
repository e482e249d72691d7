/* reward/math/find/closing.c - whole sentences and sections that follow the answer.
 *
 *     x = 7.  Check: 3(7) + 7 = 28.  Let me know if anything is unclear.
 *          ^ what stands behind checks, explains, compares or takes leave
 *
 * Each is told by how it begins, and goes only where mathematics is left before it. A check that fails, and one
 * that a conclusion follows, stay.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/closing.h"

#include "base/ascii.h"
#include "reward/math/find/denied.h"
#include "reward/math/find/outcome.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/runs.h"
#include "reward/math/read/words.h"

enum { MAX_CHECK = 4000, MAX_SENTENCES = 40, MAX_HEADING = 40, MAX_ROUNDS = 8 };

static bool starts_one(struct span s, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (words_begin(s, list[i])) return true;
    }
    return false;
}

static bool has_one(struct span s, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (span_find(s, span_str(list[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

static bool has_mathematics(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_digit(s.p[i]) || s.p[i] == '$' || s.p[i] == '\\') return true;
    }
    return false;
}

/* A sentence or line without the marks before it. */
static struct span without_marks(struct span s)
{
    static const char *const signs[] = {"\xe2\x9c\x85 ", "\xe2\x9c\x94 ", "\xe2\x9c\x93 "};
    while (s.n > 0 && memchr("*_#>- ", s.p[0], 6) != NULL) {
        s = span_slice(s, 1, s.n);
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (words_opens(s, signs[i])) return span_slice(s, strlen(signs[i]), s.n);
    }
    return s;
}

/* ---- one sentence ------------------------------------------------------------------------------ */

/* s is one remark in brackets: "(It would be 160 had it started anew.)" */
static bool is_bracketed(struct span s)
{
    struct span t = span_ends(s, span_str(".")) ? span_slice(s, 0, s.n - 1) : s;
    return t.n > 12 && t.p[0] == '(' && words_close(t, 0) == t.n && span_has(t, ' ');
}

/* A word begins a conclusion: the sentence says what came out. */
static bool concludes(struct span s)
{
    static const char *const openers[] = {
        "so ",           "so, ",   "therefore",   "thus",         "hence",    "finally",
        "in conclusion", "answer", "the answer",  "final",        "in total", "altogether",
        "conclusion",    "result", "we conclude", "consequently", NULL};
    return starts_one(s, openers);
}

/* "Since she had $100, she gets change.": the mathematics of the sentence is what its first clause grants. */
static bool only_grants(struct span s)
{
    static const char *const openers[] = {"since ",       "because ", "although ", "though ",
                                          "even though ", "whereas ", NULL};
    size_t comma = starts_one(s, openers) ? span_find(s, span_str(", "), 0) : SPAN_NONE;
    return comma != SPAN_NONE && !has_mathematics(span_slice(s, comma, s.n)) &&
           has_mathematics(span_slice(s, 0, comma));
}

/* "That is more than the 20 of last year.": the answer beside something else. */
static bool compares(struct span s)
{
    static const char *const openers[] = {"that is ",   "that's ",  "this is ", "that was ",
                                          "das sind ",  "das ist ", "c'est ",   "esto es ",
                                          "that makes", NULL};
    static const char *const than[] = {" than ", " als ", " que ", NULL};
    static const char *const beside[] = {
        "by comparison", "in comparison",  "for comparison", "By comparison",
        "In comparison", "For comparison", "compared to",    NULL};
    return (starts_one(s, openers) && has_one(s, than)) || has_one(s, beside);
}

/* "5 + 7 = 12 as wanted": it only agrees with what was given. */
static bool agrees(struct span s)
{
    static const char *const words[] = {
        "as wanted",  "as required",  "as expected",      "as given",      "as stated",
        "as desired", "\xe2\x9c\x93", "\xe2\x9c\x94",     "checks out",    "matches the ",
        "match the ", "as needed",    "which is correct", "which is true", NULL};
    return starts_one(s, (const char *const[]){"indeed, ", NULL}) ||
           (span_has(s, '=') && has_one(s, words));
}

/* The sentence is a remark on an answer that stands before it. after_value: mathematics does. */
static bool is_remark(struct span s, bool after_value)
{
    static const char *const openers[] = {"let me know",
                                          "if you ",
                                          "feel free",
                                          "i hope",
                                          "hope this",
                                          "would you like",
                                          "please ",
                                          "is there anything",
                                          "do you want",
                                          "note ",
                                          "note:",
                                          "(note",
                                          "qed",
                                          "---",
                                          "i am confident",
                                          "this matches",
                                          "remember",
                                          "tip:",
                                          "fun fact",
                                          "this is because",
                                          "that is because",
                                          "that's because",
                                          "it is because",
                                          "the reason is",
                                          "confidence",
                                          "steps used",
                                          "many people",
                                          "most people",
                                          "some people",
                                          "people often",
                                          "by the way",
                                          "side note",
                                          "aside:",
                                          "for reference",
                                          "for the record",
                                          "as a reminder",
                                          "interestingly",
                                          "common mistake",
                                          "a common mistake",
                                          "be careful",
                                          NULL};
    if (starts_one(s, openers) || is_bracketed(s)) return true;
    return after_value && !concludes(s) && (only_grants(s) || compares(s) || agrees(s));
}

/* "That is about 18.85." behind a value that its sentence gives exactly, by a root or pi or as a fraction: the rounding
 * says nothing new. */
static bool rounds_exact(struct span kept, struct span last)
{
    static const char *const openers[] = {"that is ",     "that's ", "this is ",
                                          "this equals ", "it is ",  NULL};
    static const char *const about[] = {"about ",  "approximately ", "roughly ",
                                        "around ", "close to ",      NULL};
    static const char *const exact[] = {"\\pi",   "\xcf\x80", "\\sqrt", "\xe2\x88\x9a",
                                        "\\frac", "\\dfrac",  NULL};
    struct span before = span_slice(kept, prose_last_sentence(kept), kept.n), value = last;
    for (size_t k = 0; openers[k] != NULL; k++) {
        if (words_begin(last, openers[k])) value = span_slice(last, strlen(openers[k]), last.n);
    }
    size_t n = 0;
    for (size_t k = 0; about[k] != NULL && value.n < last.n; k++) {
        if (words_begin(value, about[k])) n = strlen(about[k]);
    }
    struct run r;
    if (n == 0 || !has_one(before, exact) || !run_at(value, n, &r) || r.unit_end > 0) return false;
    struct span rest = span_trim(span_slice(value, r.end[r.n_ends - 1], value.n));
    return value.p[n] != '$' && (rest.n == 0 || span_is(rest, "."));
}

/* "If the class were full, it would be 30.": a case that is only thought of, behind an answer in words. */
static bool supposes(struct span s)
{
    static const char *const openers[] = {"if ", "had ", "were ", "even if ", "suppose ", NULL};
    static const char *const would[] = {" would ", "'d ", " could ", " might ", NULL};
    return starts_one(s, openers) && has_one(s, would);
}

/* "Correct: A, C. Incorrect: B, D.": the second half says what is no answer. */
static bool is_other_half(struct span kept, struct span last)
{
    static const char *const openers[] = {"incorrect:", "wrong:", "not correct:", NULL};
    struct span before = span_slice(kept, prose_last_sentence(kept), kept.n);
    return starts_one(last, openers) && words_begin(without_marks(before), "correct");
}

/* ---- checks ------------------------------------------------------------------------------------ */

static bool begins_check(struct span s)
{
    static const char *const openers[] = {"check:",
                                          "check that",
                                          "check -",
                                          "check \xe2\x80\x94",
                                          "quick check",
                                          "to verify",
                                          "we can confirm",
                                          "to confirm",
                                          "let's confirm",
                                          "confirming",
                                          "to check",
                                          "to double",
                                          "let's verify",
                                          "let's check",
                                          "let's double",
                                          "let us verify",
                                          "let us check",
                                          "let me verify",
                                          "let me check",
                                          "let me double",
                                          "we can verify",
                                          "we can check",
                                          "we verify",
                                          "we check",
                                          "verify:",
                                          "verifying",
                                          "verification",
                                          "double-check",
                                          "double check",
                                          "sanity check",
                                          "as a check",
                                          "as a sanity",
                                          "check your",
                                          "proof:",
                                          "\xe2\x9c\x93 check",
                                          "verify that",
                                          "checking:",
                                          "check by",
                                          "check.",
                                          "\xe6\xa3\x80\xe9\xaa\x8c",
                                          "\xe9\xaa\x8c\xe8\xaf\x81",
                                          "v\xc3\xa9rification",
                                          "probe:",
                                          "comprobaci\xc3\xb3n",
                                          "kontrolle",
                                          NULL};
    return starts_one(s, openers) || (s.n == 5 && words_start(s, span_str("check")));
}

/* A check that fails, or that something follows which is no part of it. */
static bool is_no_check(struct span s)
{
    static const char *const words[] = {
        " not ",  "n't ",         "wrong",   "fail",       "\xe2\x89\xa0", "\\ne",    "ait,",
        "owever", "nswer",        "istake",  "incorrect",  " too ",        "ctually", "nstead",
        "boxed",  "\xe4\xb8\x8d", "ejected", "contradict", "xcept",        NULL};
    size_t so = span_find(s, span_str(", so "), 0);
    return concludes(s) || has_one(s, words) ||
           (so != SPAN_NONE && has_mathematics(span_slice(s, so, s.n)));
}

/* Where the check begins that s ends with; s.n when it ends with none. */
static size_t check_begins(struct span s)
{
    size_t end = s.n;
    for (int n = 0; n < MAX_SENTENCES && end > 0 && s.n - end < MAX_CHECK; n++) {
        size_t from = prose_last_sentence(span_slice(s, 0, end));
        struct span sentence = without_marks(span_trim(span_slice(s, from, end)));
        if (is_no_check(sentence)) return s.n;
        if (begins_check(sentence)) return from;
        end = from;
        while (end > 0 && ascii_is_space(s.p[end - 1])) {
            end--;
        }
    }
    return s.n;
}

/* ---- sections ---------------------------------------------------------------------------------- */

/* The line begins what only explains an answer that was given. */
static bool begins_explanation(struct span line)
{
    static const char *const words[] = {
        "explanation", "reasoning",   "verification", "justification", "why this",
        "why:",        "why?",        "how i got",    "how we got",    "here's how",
        "here's the",  "here is the", "breakdown",    "here is how",   "here's why",
        "here is why", "steps:",      "working:",     "details:",      "step-by-step",
        "derivation",  "rationale",   "proof",        "the reasoning", "solution steps",
        NULL};
    bool heading = line.n > 0 && memchr("*_#>", line.p[0], 4) != NULL;
    struct span s = without_marks(line);
    if (!starts_one(s, words)) return false;
    size_t colon = span_find(s, span_str(":"), 0);
    return heading || (colon != SPAN_NONE && colon < MAX_HEADING);
}

/* What stands before an explanation is an answer, and no question said again. */
static bool may_answer(struct span s)
{
    static const char *const questions[] = {"problem", "question",     "given", "q:", "task",
                                            "input",   "we are given", "step",  NULL};
    struct span last = without_marks(span_slice(s, prose_last_sentence(s), s.n));
    return s.n <= MAX_CHECK / 8 && has_mathematics(last) && !span_has(s, '?') &&
           !starts_one(without_marks(s), questions);
}

/* s without the explanation behind its answer: "17\n\nExplanation: ...", "## Explanation". */
static struct span without_explanation(struct span s)
{
    if (s.n == 0) return s; /* it may have no address */
    const char *end = s.p + s.n;
    for (const char *line = memchr(s.p, '\n', s.n); line != NULL;
         line = memchr(line, '\n', (size_t)(end - line))) {
        size_t at = (size_t)(line - s.p);
        line++;
        if (at > MAX_CHECK / 8) return s;
        if (!begins_explanation(span_slice(s, at + 1, at + 1 + MAX_HEADING * 2))) continue;
        struct span kept = span_trim(span_slice(s, 0, at));
        return may_answer(kept) ? kept : s;
    }
    return s;
}

/* ---- denials ----------------------------------------------------------------------------------- */

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
                                           "\xef\xbc\x8c\xe8\x80\x8c\xe4\xb8\x8d\xe6\x98\xaf",
                                           "\xef\xbc\x8c\xe4\xb8\x8d\xe6\x98\xaf"};
    static const char *const japanese[] = {"\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\x82\xe3\x82\x8a\xe3"
                                           "\x81\xbe\xe3\x81\x9b\xe3\x82\x93", /* is not */
                                           "\xe3\x81\xa7\xe3\x81\xaf\xe3\x81\xaa\xe3\x81\x84"};
    size_t from = prose_last_sentence(s);
    struct span last = span_slice(s, from, s.n);
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        size_t at = span_find(last, span_str(openings[i]), 0);
        if (at == SPAN_NONE || at == 0 || !ends_with_group(last, at)) continue;
        if (denied_in_bracket(last, at) > 0) continue; /* "7 (not a solution)" */
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

/* s speaks of what others hold: "many people think it is Sydney". */
static bool is_belief(struct span s)
{
    static const char *const openers[] = {"many ",
                                          "most ",
                                          "some ",
                                          "people ",
                                          "one might ",
                                          "one may ",
                                          "one could ",
                                          "you might ",
                                          "you may ",
                                          "others ",
                                          "students ",
                                          "it is often ",
                                          "it's often ",
                                          "it might ",
                                          "it may ",
                                          "it is commonly ",
                                          "it is sometimes ",
                                          "it seems ",
                                          "at first ",
                                          NULL};
    return starts_one(s, openers);
}

/* "..., although many people think it is Sydney" at the end of s: a clause that only grants something holds no
 * answer. One with mathematics may well, unless it is what others hold; and so may one that a comma follows. */
static struct span without_concession(struct span s)
{
    static const struct {
        const char *words;
        bool grants; /* else it does only of what others hold */
    } openings[] = {{", although ", true},  {", even though ", true}, {", though ", true},
                    {", while ", false},    {", whereas ", false},    {" although ", true},
                    {" even though ", true}};
    size_t from = prose_last_sentence(s);
    struct span last = span_slice(s, from, s.n);
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        size_t at = span_find(last, span_str(openings[i].words), 0);
        if (at == SPAN_NONE || at == 0 || is_belief(last)) continue;
        struct span clause = span_slice(last, at + strlen(openings[i].words), last.n);
        bool held = is_belief(clause), grants = openings[i].grants && !has_mathematics(clause);
        if ((!held && !grants) || span_find(clause, span_str(", "), 0) != SPAN_NONE) continue;
        return span_trim(span_slice(s, 0, from + at));
    }
    return s;
}

struct span closing_without_sequel(struct span s)
{
    static const char *const openers[] = {
        "\xe4\xbb\x96", "\xe5\xa5\xb9", "\xe5\xae\x83", "\xe5\x85\xb6", "\xe5\x9b\xa0",
        "\xe7\x94\xb1", "\xe5\x8d\xb3", "\xe8\xbf\x99"}; /* he she it its because by i.e. this */
    size_t comma = span_find(s, span_str("\xef\xbc\x8c"), 0);
    for (size_t i = 0; comma != SPAN_NONE && comma > 0 && i < sizeof(openers) / sizeof(openers[0]);
         i++) {
        if (words_opens(span_slice(s, comma + 3, s.n), openers[i])) return span_slice(s, 0, comma);
    }
    return s;
}

struct span closing_removed(struct span s)
{
    s = without_explanation(span_trim(s));
    for (int rounds = 0; rounds < MAX_ROUNDS && s.n > 0; rounds++) {
        size_t from = prose_last_sentence(s), check = check_begins(s);
        struct span last = without_marks(span_slice(s, from, s.n));
        bool checks = check > 0 && check < s.n && has_mathematics(span_slice(s, 0, check));
        if (checks) {
            s = span_trim(span_slice(s, 0, check));
            continue;
        }
        struct span kept = span_trim(span_slice(s, 0, from));
        bool supposed = supposes(last) && outcome_said(kept).n > 0;
        bool told = supposed || is_other_half(kept, last) || rounds_exact(kept, last);
        if (kept.n == 0 || !(told || is_remark(last, has_mathematics(kept)))) break;
        s = kept;
    }
    return without_concession(without_denial(s));
}
