/* reward/math/find/running.c - what running text states, where nothing marks the statement.
 *
 * The last sentence that holds mathematics has several numbers as often as one: "She has 45 left
 * after giving away 15", "He paid $14 for 5 pens". The answer is the last of them that is no mere
 * circumstance of an earlier one. An earlier one may have circumstances where it is what its clause
 * is about: a computation's result, or a number behind a verb. A circumstance comes after a
 * preposition, with no verb, comma or "and" between.
 *
 *   So it covers 180 miles in 3 hours.      180 is behind "covers", "in" leads to 3
 *   3 workers finish it in 6 days.          3 is the subject: the last one, 6
 *   14 of the 20 students passed.           "of" needs no verb
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "reward/math/find/amounts.h"
#include "reward/math/find/interval.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/runs.h"
#include "reward/math/find/spoken.h"
#include "reward/math/find/stated.h"
#include "reward/math/read/words.h"

enum { MAX_JOINT = 16 };

static const struct span NOTHING = {NULL, 0};

/* ---- computations ------------------------------------------------------------------------------ */

/* A command that computes stands first in s. */
static bool is_operation(struct span s)
{
    static const char *const commands[] = {"\\times", "\\cdot", "\\div", "\\frac", "\\$", "\\%"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (words_opens(s, commands[i])) return true;
    }
    return false;
}

/* What a computation comes to: 120 of "4*30 = $120". {NULL, 0} when t is none: its left side has a
 * letter that stands for a number, or it has no sign of one. */
static struct span computed(struct span t)
{
    size_t sign = span_find_last(t, span_str("="));
    if (sign == SPAN_NONE || sign == 0) return NOTHING;
    struct span right = span_trim(span_slice(t, sign + 1, t.n));
    bool operation = false;
    for (size_t i = 0; i < sign; i++) {
        bool letter = ascii_is_letter(t.p[i]), before = i > 0 && ascii_is_letter(t.p[i - 1]);
        bool times = t.p[i] == 'x' && i > 0 && t.p[i - 1] == ' ' && t.p[i + 1] == ' ';
        if (letter && !before && !times && !ascii_is_letter(t.p[i + 1])) return NOTHING;
        if (t.p[i] == '\\' && !is_operation(span_slice(t, i, t.n))) return NOTHING;
        operation |= times || t.p[i] == '\\' || (i > 0 && strchr("+-*/", t.p[i]) != NULL);
    }
    bool number = right.n > 0 && (ascii_is_digit(right.p[0]) || strchr("$-", right.p[0]) != NULL);
    size_t end = 1;
    while (number && end < right.n &&
           (ascii_is_digit(right.p[end]) || strchr(".,/", right.p[end]))) {
        end++;
    }
    bool alone =
        end >= right.n || right.p[end] == ' ' || right.p[end] == '\\' || right.p[end] == '%';
    return operation && number && alone ? right : NOTHING;
}

/* ---- circumstances ----------------------------------------------------------------------------- */

static bool has_any(struct span s, const char *const *words, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (span_find(s, span_str(words[k]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* The words between a number and a later one make the later one a circumstance of it: "$120 in 5
 * days", "5 days to read the 100 pages", "45 left after giving away 15". "3 to 5" is a range. */
static bool is_adjunct(struct span gap)
{
    static const char *const preps[] = {"in ",   "to ",     "for ",   "over ",   "after ", "from ",
                                        "with ", "within ", "of ",    "during ", "per ",   "by ",
                                        "at ",   "on ",     "among ", "than ",   "before "};
    static const char *const breaks[] = {
        ",",        ";",         " so ",    " and ",   " but ",   " then ",   " which ",
        " leaves ", " leaving ", " is ",    " are ",   "=",       ":",        " minus ",
        " plus ",   " can ",     " will ",  " would ", " could ", " must ",   " may ",
        " should ", " take ",    " takes ", " took ",  " cost ",  " costs ",  " have ",
        " has ",    " had ",     " need ",  " needs ", " give ",  " gives ",  " make ",
        " makes ",  " equals ",  " was ",   " were ",  " or ",    " finish ", " while "};
    if (span_ends(gap, span_str(", with "))) return true; /* "6 each, with 2 left over" */
    if (has_any(gap, breaks, sizeof(breaks) / sizeof(breaks[0]))) return false;
    for (size_t i = 0; i < gap.n; i++) {
        struct span word = span_slice(gap, i, gap.n);
        if (i > 0 && gap.p[i - 1] != ' ') continue;
        for (size_t k = 0; k < sizeof(preps) / sizeof(preps[0]); k++) {
            bool range = i + 3 == gap.n && preps[k][0] == 't' && preps[k][1] == 'o';
            if (!range && words_begin(word, preps[k])) return true;
        }
    }
    return false;
}

/* The last word of s, without the spaces after it. */
static struct span final_word(struct span s)
{
    s = span_trim(s);
    size_t from = s.n;
    while (from > 0 && s.p[from - 1] != ' ') {
        from--;
    }
    return span_slice(s, from, s.n);
}

static bool is_word_of(struct span w, const char *const *list, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (w.n == strlen(list[k]) && words_begin(w, list[k])) return true;
    }
    return false;
}

/* A number that follows the words `before` is what its clause is about, "She has 45", and neither
 * its subject, "So 5 workers", nor a circumstance, "in 5 years". */
static bool is_object(struct span before)
{
    static const char *const preps[] = {
        "in",    "for",  "after", "over",  "within", "during", "from",  "by",   "at",     "with",
        "per",   "than", "into",  "and",   "or",     "of",     "to",    "on",   "before", "under",
        "every", "each", "the",   "these", "all",    "both",   "those", "first"};
    static const char *const openers[] = {"so",  "thus", "hence", "therefore", "then", "if",
                                          "now", "when", "since", "because",   "that", "finally",
                                          "but", "and",  "there", "only",      "then"};
    size_t from = before.n;
    while (from > 0 && strchr(",;:.", before.p[from - 1]) == NULL) {
        from--;
    }
    struct span clause = span_trim(span_slice(before, from, before.n)), last = final_word(clause);
    bool of = is_word_of(last, (const char *const[]){"of"}, 1) && clause.n > 3;
    if (of) { /* "a total of 45", "a maximum of 5"; not "2 groups of 5" */
        for (size_t i = 0; i < clause.n; i++) {
            of &= !ascii_is_digit(clause.p[i]);
        }
    }
    if (last.n == 0 || !ascii_is_letter(last.p[0])) return false;
    if (!of && is_word_of(last, preps, sizeof(preps) / sizeof(preps[0]))) return false;
    return !(last.n == clause.n && is_word_of(last, openers, sizeof(openers) / sizeof(openers[0])));
}

/* t gives a letter its value: "x = 2". */
static bool is_assignment(struct span t)
{
    return t.n > 2 && ascii_is_letter(t.p[0]) && memchr(" =", t.p[1], 2) != NULL &&
           span_has(t, '=');
}

/* A number with the article before it is one that the question gave: "for the 16 glasses". */
static bool is_known_before(struct span gap)
{
    static const char *const articles[] = {" the ", " those ", " these ", " all ", " the $",
                                           " his ", " her ",   " their ", " its "};
    for (size_t k = 0; k < sizeof(articles) / sizeof(articles[0]); k++) {
        if (span_ends(gap, span_str(articles[k]))) return true;
    }
    struct span of = span_str(" of ");
    size_t the = span_ends(gap, of) ? span_find_last(gap, span_str(" the ")) : SPAN_NONE;
    if (the == SPAN_NONE || the + 5 + of.n > gap.n) return false;
    struct span noun = span_slice(gap, the + 5, gap.n - of.n); /* "the album of 50" */
    return noun.n > 0 && !span_has(noun, ' ');
}

/* "left after giving away 24": a number of what was done before. */
static bool is_done_before(struct span gap)
{
    static const char *const preps[] = {" after ", " by ", " before ", " from ", " without "};
    for (size_t k = 0; k < sizeof(preps) / sizeof(preps[0]); k++) {
        size_t at = span_find_last(gap, span_str(preps[k]));
        if (at == SPAN_NONE) continue;
        size_t from = at + strlen(preps[k]), to = from;
        while (to < gap.n && ascii_is_letter(gap.p[to])) {
            to++;
        }
        if (to - from > 4 && span_ends(span_slice(gap, from, to), span_str("ing"))) return true;
    }
    return false;
}

/* "3 hours after departure, 180 km from A": how far, how long before. */
static bool is_place(struct span rest)
{
    static const char *const words[] = {"from", "away", "before", "after", "later", "earlier"};
    while (rest.n > 0 && rest.p[0] == ' ') {
        rest = span_slice(rest, 1, rest.n);
    }
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (words_begin(rest, words[k])) return true;
    }
    return false;
}

/* "v^2 = u^2 + 2as, v = 14": where the value of the letter begins that the formula before it is
 * about; 0 where t is nothing of the kind. */
static size_t last_assignment(struct span t)
{
    size_t comma = span_find_last(t, span_str(", "));
    if (comma == SPAN_NONE || comma == 0) return 0;
    struct span head = span_slice(t, 0, comma), tail = span_slice(t, comma + 2, t.n);
    bool about = is_assignment(tail) && memchr(head.p, tail.p[0], head.n) != NULL;
    bool values = is_assignment(head) && span_find(head, span_str("^"), 0) == SPAN_NONE;
    return about && !values && span_has(head, '=') ? comma + 2 : 0;
}

/* t with the "pm" that follows it in s: 6:40 alone is another time. */
static struct span with_half_of_day(struct span s, struct span t)
{
    static const char *const halves[] = {
        "am",      "pm", "a.m.", "p.m.", "in the morning", "in the afternoon", "in the evening",
        "at night"};
    if (t.n == 0 || !ascii_is_digit(t.p[0]) || !span_has(t, ':')) return t;
    size_t from = (size_t)(t.p - s.p), end = from + t.n, next = end;
    while (next < s.n && s.p[next] == ' ') {
        next++;
    }
    for (size_t k = 0; k < sizeof(halves) / sizeof(halves[0]); k++) {
        size_t to = next + strlen(halves[k]);
        bool here = words_begin(span_slice(s, next, s.n), halves[k]);
        if (here && (to >= s.n || !ascii_is_letter(s.p[to]))) return span_slice(s, from, to);
    }
    return t;
}

/* "After eating 17, 7 slices remain": the run "17, 7" is no list, its first number ends a clause that only leads to the
 * second. Where that begins in t; 0 elsewhere. */
static size_t after_clause(struct span s, size_t from, struct span t)
{
    static const char *const openers[] = {"after ", "when ", "if ",     "since ",  "with ",
                                          "for ",   "in ",   "of ",     "out of ", "given ",
                                          "by ",    "once ", "before ", "at ",     "on "};
    size_t comma = span_find(t, span_str(", "), 0),
           start = prose_last_sentence(span_slice(s, 0, from));
    struct span clause = span_slice(s, start, from);
    bool single = comma != SPAN_NONE && comma + 2 < t.n && ascii_is_digit(t.p[0]) &&
                  ascii_is_digit(t.p[comma + 2]) &&
                  span_find(t, span_str(","), comma + 1) == SPAN_NONE &&
                  span_find(t, span_str(" and "), 0) == SPAN_NONE && !span_has(clause, ',');
    for (size_t k = 0; single && k < sizeof(openers) / sizeof(openers[0]); k++) {
        if (words_begin(clause, openers[k])) return comma + 2;
    }
    return 0;
}

/* What may make later numbers of its sentence circumstances. */
struct head {
    size_t to;     /* the offset after it; 0: there is none yet */
    bool governs;  /* it is a computation, or what its clause is about */
    size_t listed; /* the offset after the last circumstance; 0: there is none yet */
    size_t from;   /* where it begins */
    bool measured; /* it has a unit */
    bool named;    /* its sentence says what it is: "56 is the number of ways to choose 3 of 8" */
};

/* The value before s.p[from] is the subject, and what follows s.p[to] says what it is: nothing but openers
 * stands before it. */
static bool is_named(struct span s, size_t from, size_t to)
{
    static const char *const verbs[] = {" is the ",     " are the ", " is a ",
                                        " is an ",      " was the ", " is therefore the ",
                                        " is thus the "};
    static const char *const openers[] = {
        "so ",     "so, ",       "thus ",       "thus, ",           "hence ",
        "hence, ", "therefore ", "therefore, ", "it follows that ", "we see that ",
        "then ",   "finally, ",  "and "};
    struct span before = span_slice(s, 0, from);
    while (to + 1 < s.n && s.p[to] == ' ' && s.p[to + 1] == ' ') {
        to++;
    }
    for (size_t k = 0; k < sizeof(openers) / sizeof(openers[0]); k++) {
        if (words_begin(before, openers[k])) {
            before = span_slice(before, strlen(openers[k]), before.n);
        }
    }
    if (span_trim(before).n > 0) return false;
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        if (words_opens(span_slice(s, to, s.n), verbs[k])) return true;
    }
    return false;
}

/* What stands between what is named and a later number goes on to something else. */
static bool turns(struct span gap)
{
    static const char *const joints[] = {
        ", so ",        "; so ",          ", then ",    ", hence ",       ", thus ",   ", and ",
        ", therefore ", " while ",        "; ",         ", which means ", ", giving ", ", but ",
        ", making ",    ", which gives ", ", leaving ", " and the "};
    return has_any(gap, joints, sizeof(joints) / sizeof(joints[0]));
}

/* Nothing but "i.e." stands between the head, a quantity, and s.p[from]: "160 minutes, i.e. 2 hours
 * and 40 minutes". Both together are looked at then (again.h). */
static bool is_restated(struct span s, const struct head *h, size_t from)
{
    static const char *const joints[] = {", i.e.", ", i.e.,", "i.e.", ", that is,", ", that is"};
    struct span gap = h->measured ? span_trim(span_slice(s, h->to, from)) : NOTHING;
    return gap.n > 0 && is_word_of(gap, joints, sizeof(joints) / sizeof(joints[0]));
}

/* What follows a circumstance is one more of the kind: "for 3 donuts, 2 cups and 6 cakes". */
static bool is_listed(struct span gap)
{
    static const char *const joints[] = {",", ", and", "and", "or", "&"};
    size_t spaces = 0;
    for (size_t i = 0; i < gap.n; i++) {
        spaces += gap.p[i] == ' ';
    }
    struct span last = final_word(gap), trimmed = span_trim(gap);
    if (spaces > 4) return false;
    return span_ends(trimmed, span_str(",")) ||
           is_word_of(last, joints, sizeof(joints) / sizeof(joints[0]));
}

/* The value t of s, which begins at `from` and ends before `to`, only says when, where or for how
 * many the head holds. */
static bool is_circumstance(struct span s, const struct head *h, struct span t, size_t from,
                            size_t to)
{
    static const char *const moments[] = {"at", "when", "for", "if", "with"};
    static const char *const counts[] = {"ways", "different", "distinct", "possible"};
    static const char *const rates[] = {" at a ", " at an "};
    static const char *const needs[] = {
        " are needed for ", " is needed for ", " are required for ",   " is required for ",
        " are needed to ",  " is needed to ",  " will be needed for ", " were needed for "};
    if (h->to == 0) return false;
    if (h->named && !turns(span_slice(s, h->to, from))) return true;
    if (h->listed > 0 && is_listed(span_slice(s, h->listed, from))) return true;
    struct span gap = span_slice(s, h->to, from), rest = span_trim(span_slice(s, to, s.n));
    size_t n = sizeof(moments) / sizeof(moments[0]);
    if (is_assignment(t) && is_word_of(span_trim(gap), moments, n)) return true;
    bool of = span_is(span_trim(gap), "of the") || span_is(span_trim(gap), "of");
    if (of && from > 0 && s.p[from - 1] == ' ') return true; /* 14 of the 20 students */
    if (span_ends(gap, span_str(", ")) && h->governs && is_place(rest)) return true;
    struct span parts = span_slice(s, from, s.n);
    bool broken_down = h->governs && span_find(gap, span_str(": "), 0) != SPAN_NONE &&
                       !span_has(span_slice(s, h->to, s.n), '=') &&
                       (span_find(parts, span_str(" plus "), 0) != SPAN_NONE || h->listed > 0);
    if (broken_down) return true; /* $460: $400 regular pay plus $60 overtime */
    bool apposition = span_is(span_trim(gap), ", a") || span_is(span_trim(gap), ", an");
    if (apposition && span_ends(t, span_str("%"))) return true; /* $55,000, a 10% increase */
    if (has_any(gap, needs, sizeof(needs) / sizeof(needs[0]))) return true;
    if (has_any(gap, rates, 2) && is_adjunct(gap)) return true; /* in 7 hours at a rate of 12 */
    if (!is_adjunct(gap)) return false;
    if (is_known_before(gap) || is_done_before(gap)) return true;
    if (!h->governs) return false;
    for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
        if (words_begin(rest, counts[k])) return false; /* arranged in 120 ways */
    }
    bool price = t.n > 0 && t.p[0] == '$' && span_ends(gap, span_str("for "));
    return !price;
}

/* ---- bounds ------------------------------------------------------------------------------------ */

/* v and the value before it are bounds in words, which "and" or "or" joins: "at least 2 and at most 9". v is both
 * from then on. */
static void join_bounds(struct arena *a, struct span s, const struct spoken *before,
                        struct spoken *v)
{
    bool bounds = before->to > 0 && before->changed && before->to < v->from &&
                  spoken_is_bound(before->text) && spoken_is_bound(v->text) && !v->denied;
    struct span gap = bounds ? span_trim(span_slice(s, before->to, v->from)) : NOTHING;
    bool and = words_start(gap, span_str("and")) || words_start(gap, span_str("but"));
    bool or = words_start(gap, span_str("or"));
    if (gap.n > MAX_JOINT || !(and || or)) return;
    v->denied = before->denied; /* "not at least 0 but less than 10" */
    const char *joint = and? ", " : " or ";
    size_t n = before->text.n + strlen(joint);
    char *out = arena_alloc(a, n + v->text.n + 1, 1);
    if (out == NULL) return;
    memcpy(out, before->text.p, before->text.n);
    memcpy(out + before->text.n, joint, strlen(joint));
    memcpy(out + n, v->text.p, v->text.n);
    if (v->text.p[0] == 'x') out[n] = before->text.p[0]; /* "y is at least 2 and at most 9" */
    v->text = span_of(out, n + v->text.n);
    v->from = before->from;
}

/* ---- one sentence ------------------------------------------------------------------------------ */

/* The last mathematics of one plain sentence that tells something. */
static bool last_run(struct arena *a, struct span s, struct stated *out)
{
    struct run r;
    bool found = false;
    struct head head = {0};
    struct spoken bound = {.to = 0};
    for (size_t at = 0; run_next(s, at, &r);) {
        struct span t = r.tells ? stated_without_period(run_read(a, s, &r)) : NOTHING;
        at = r.end[r.n_ends - 1];
        if (t.n == 0) continue;
        t = with_half_of_day(s, t);
        if (r.from + t.n > at) at = r.from + t.n;
        size_t value = last_assignment(t);
        if (value == 0) value = after_clause(s, r.from, t);
        if (value > 0) { /* again from there: its unit may have been cut off */
            at = r.from + value;
            continue;
        }
        struct spoken v = spoken_value(a, s, r.from, r.from + t.n);
        if (v.to > at) at = v.to; /* "1 out of 6" */
        struct span result = computed(t);
        bool again = result.n == 0 && r.unit_end > 0 && is_restated(s, &head, r.from);
        if (!again && result.n == 0 && is_circumstance(s, &head, t, r.from, r.from + t.n)) {
            head.listed = at;
            continue;
        }
        if (again) v = (struct spoken){.text = span_slice(s, head.from, at), .from = head.from};
        if (result.n > 0 && (!v.denied || v.senseless))
            v = (struct spoken){.text = result, .from = r.from, .to = at};
        head.listed = 0;
        head.from = result.n > 0 ? (size_t)(result.p - s.p) : v.from;
        head.measured = r.unit_end > 0;
        head.to = r.from + t.n;
        head.governs = result.n > 0 || (!v.denied && is_object(span_slice(s, 0, v.from)));
        head.named = is_named(s, v.from, v.to > at ? v.to : at);
        if (v.changed) join_bounds(a, s, &bound, &v);
        bound = v;
        found |= stated_keep(out, &v);
    }
    if (found) out->denied = false;
    return found;
}

struct stated stated_last(struct arena *a, struct span s)
{
    struct stated out = {.text = NOTHING};
    out.plain = amounts_in_digits(a, span_trim(plain_text(a, s)));
    bool cry = span_ends(out.plain, span_str("!")) && prose_has_words(out.plain);
    if (cry) out.plain.n--; /* "The answer, then, is 7!" */
    out.text = interval_said(a, out.plain, &out.denied);
    out.changed = out.text.n > 0;
    if (out.plain.n > 0 && !out.changed && !out.denied) last_run(a, out.plain, &out);
    return out;
}
