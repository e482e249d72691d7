/* reward/math/find/stated.c - what a statement states.
 *
 *   "  : **−2** for every a, since ..."        a statement, after its mark
 *        -2 for every a, since ...             plain (plain.h)
 *       [-2]                                   the longest run that reads (runs.h)
 *       words on both sides: neutral           or they change it (spoken.h)
 *
 * Where to look, the first that has something: at once, behind words that only lead there
 * ("exactly", "equal to"); after the last "is", "are", "=" or ":"; the last formula; the first
 * mathematics at all. A value that is denied is passed over: "not 5 but 6".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/stated.h"

#include "base/ascii.h"
#include "reward/math/find/amounts.h"
#include "reward/math/find/aside.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/interval.h"
#include "reward/math/find/outcome.h"
#include "reward/math/find/phrase.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/qualify.h"
#include "reward/math/find/runs.h"
#include "reward/math/find/spelled.h"
#include "reward/math/find/spoken.h"
#include "reward/math/read/moments.h"
#include "reward/math/read/words.h"

enum { MAX_MOMENT = 60, MAX_COPULAS = 12 };

static const struct span NOTHING = {NULL, 0};

/* The time of day or the date that s is. */
static bool stated_is_moment(struct arena *a, struct span s)
{
    int seconds;
    bool marked;
    struct span t = words_unwrap(s);
    if (t.n == 0 || t.n > MAX_MOMENT) return false;
    return moments_date(a, t) || moments_time(t, &seconds, &marked);
}

/* ---- one place --------------------------------------------------------------------------------- */

/* The offset after words that only lead to a value, and after signs before it. */
static size_t after_leads(struct span s, size_t i)
{
    static const char *const leads[] = {
        "either ",  "exactly ",  "simply ",    "just ",       "about ",      "approximately ",
        "roughly ", "equal to ", "equals ",    "given by ",   "therefore ",  "thus ",
        "hence ",   "clearly ",  "then ",      "again ",      "now ",        "precisely ",
        "also ",    "indeed ",   "of course ", "a total of ", "the number ", "the value ",
        "be ",      "is ",       "are ",       "donc ",       "the ",        "still ",
        "in fact ", "actually ", "around ",    "approx. ",    "approx ",     "therefore, ",
        "thus, ",   "only ",     "plus ",      "positive ",   "was ",        "\xe2\x89\x88",
        "so ",      "so, ",      "hence, ",    "we get ",     "we have "};
    for (bool again = true; again;) {
        again = false;
        while (i < s.n && memchr(" :\t\n=*>~\"", s.p[i], 9) != NULL) {
            i++;
        }
        for (size_t k = 0; k < sizeof(leads) / sizeof(leads[0]) && !again; k++) {
            again = words_begin(span_slice(s, i, s.n), leads[k]);
            if (again) i += strlen(leads[k]);
        }
    }
    return i;
}

/* The letter a run is alone is an answer only where the sentence goes no further. */
static bool stands_alone(struct span s, const struct run *r)
{
    size_t i = r->end[r->n_ends - 1];
    while (i < s.n && s.p[i] == ' ') {
        i++;
    }
    return i == s.n || memchr(".,;)\n", s.p[i], 5) != NULL;
}

struct span stated_without_period(struct span t)
{
    size_t at = span_find(t, span_str(" per "), 0);
    struct span head = at == SPAN_NONE ? t : span_trim(span_slice(t, 0, at));
    bool share = span_ends(head, span_str("%")) || span_ends(head, span_str("percent"));
    return share ? head : t;
}

/* The value that begins at s.p[at], with the words beside it. */
static bool value_at(struct arena *a, struct span s, size_t at, struct spoken *v)
{
    struct run r;
    if (!run_at(s, at, &r) || (!r.tells && !stands_alone(s, &r))) return false;
    struct span t = stated_without_period(run_read(a, s, &r));
    if (t.n == 0) return false;
    size_t from = (size_t)(t.p - s.p);
    *v = spoken_value(a, s, from, from + t.n);
    return true;
}

/* The value behind a word that changes it: "minus 42", "half of 42". */
static bool value_behind_words(struct arena *a, struct span s, size_t at, struct spoken *v)
{
    struct run r;
    if (!run_next(s, at, &r)) return false;
    struct span t = run_read(a, s, &r);
    if (t.n == 0) return false;
    size_t from = (size_t)(t.p - s.p);
    *v = spoken_value(a, s, from, from + t.n);
    return (v->changed || v->denied) && after_leads(s, at) >= v->from;
}

/* The number in words that begins there, with the words beside it: "three squared". */
static bool spelled_at(struct arena *a, struct span s, size_t at, struct spoken *v)
{
    struct span number = spoken_spelled(s, at);
    if (number.n == 0) return false;
    *v = spoken_number(a, s, at, at + number.n);
    if (!v->changed) v->text = spoken_with_unit(s, at, at + number.n);
    return true;
}

/* The same behind words that change it: "half of ten". */
static bool spelled_behind_words(struct arena *a, struct span s, size_t at, struct spoken *v)
{
    size_t i = at;
    for (int words = 0; words < 6 && i < s.n; words++) {
        if (words > 0 && spelled_at(a, s, i, v)) {
            return (v->changed || v->denied) && v->from <= after_leads(s, at);
        }
        while (i < s.n && s.p[i] != ' ') {
            i++;
        }
        i++;
    }
    return false;
}

/* ---- a statement ------------------------------------------------------------------------------- */

/* The offset after the last " is ", ": ", "word = " and so on before `end` and outside of formulas;
 * 0 when there is none. */
static size_t copula_before(struct span s, size_t end)
{
    static const char *const forms[] = {" is ", " are ",    " was ", " were ", ": ",
                                        " be ", " equals ", " est ", " vaut ", " ist ",
                                        " es ", " son ",    " is: ", " are: ", " = "};
    struct formula f;
    size_t found = 0;
    for (size_t i = 0; i < end && i < s.n; i++) {
        if ((s.p[i] == '$' || s.p[i] == '\\') && formula_at(s, i, NULL, &f)) {
            i = f.to - 1;
            continue;
        }
        if (s.p[i] != ' ' && s.p[i] != ':') continue;
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
            size_t n = strlen(forms[k]);
            if (i + n >= end || memcmp(s.p + i, forms[k], n) != 0) continue;
            bool sign = forms[k][1] == '='; /* after a word; "x = 5" is one formula */
            bool word = i >= 2 && ascii_is_letter(s.p[i - 1]) && ascii_is_letter(s.p[i - 2]);
            if (!sign || word) found = i + n;
        }
    }
    return found;
}

bool stated_keep(struct stated *out, const struct spoken *v)
{
    if (v->denied) {
        out->denied = true;
        out->senseless |= v->senseless;
        return false;
    }
    out->denied = false;
    out->text = v->text;
    out->changed = v->changed;
    return true;
}

/* "[H+] = 0.10 M", "[OH^-] = 0.1": what is behind the name of a concentration. */
static struct span without_concentration(struct span s)
{
    size_t i = 1;
    while (i < s.n && i < 16 && s.p[0] == '[' &&
           (ascii_is_letter(s.p[i]) || ascii_is_digit(s.p[i]) ||
            memchr("+-^_{}()", s.p[i], 8) != NULL)) {
        i++;
    }
    bool named = i > 1 && i < s.n && s.p[i] == ']' && !ascii_is_digit(s.p[1]);
    struct span rest = named ? span_trim(span_slice(s, i + 1, s.n)) : NOTHING;
    return rest.n > 1 && rest.p[0] == '=' ? span_trim(span_slice(rest, 1, rest.n)) : s;
}

/* The statement as a whole, when it is short enough to be read so. */
static bool whole_reads(struct arena *a, struct span s)
{
    struct span t = words_unwrap(s);
    return t.n > 0 && t.n <= 2000 && (formula_reads(a, t) || stated_is_moment(a, t));
}

static bool at_once(struct arena *a, struct span s, struct stated *out)
{
    struct spoken v;
    size_t at = after_leads(s, 0);
    bool begins = value_at(a, s, at, &v) || value_behind_words(a, s, at, &v);
    if (begins && (v.changed || v.denied)) return stated_keep(out, &v);
    bool spelled = !begins && (spelled_at(a, s, at, &v) || spelled_behind_words(a, s, at, &v));
    if (spelled && (v.changed || v.denied)) return stated_keep(out, &v);
    struct span rest = span_slice(s, at, s.n);
    if (whole_reads(a, rest)) {
        out->text = words_unwrap(rest);
        return true;
    }
    if (begins) return stated_keep(out, &v);
    return spelled && stated_keep(out, &v);
}

static bool after_copula(struct arena *a, struct span s, struct stated *out)
{
    struct spoken v;
    size_t at = copula_before(s, s.n);
    for (int i = 0; i < MAX_COPULAS && at > 0; i++) {
        size_t from = after_leads(s, at);
        if (value_at(a, s, from, &v) && stated_keep(out, &v)) return true;
        if (value_behind_words(a, s, at, &v) && stated_keep(out, &v)) return true;
        if (stated_is_moment(a, span_slice(s, at, s.n))) {
            out->text = words_unwrap(span_slice(s, at, s.n));
            return true;
        }
        at = copula_before(s, at - 1);
    }
    return false;
}

static bool last_formula(struct arena *a, struct span s, struct stated *out)
{
    struct formula f;
    if (!formula_last(a, s, &f)) return false;
    struct spoken v = spoken_value(a, s, f.from, f.to);
    if (!v.changed) v.text = words_unwrap(f.inside);
    return stated_keep(out, &v);
}

static bool first_run(struct arena *a, struct span s, struct stated *out)
{
    struct run r;
    for (size_t at = 0; run_next(s, at, &r); at = r.end[r.n_ends - 1]) {
        struct span t = r.tells ? run_read(a, s, &r) : NOTHING;
        if (t.n == 0) continue;
        struct spoken v = spoken_value(a, s, r.from, r.from + t.n);
        if (stated_keep(out, &v)) return true;
    }
    return false;
}

/* "7, i.e. seven": what stands before it says it all. */
static struct span before_gloss(struct span s)
{
    static const char *const glosses[] = {", i.e", " , i.e", " i.e.", ", that is, "};
    size_t named = span_find(s, span_str(", namely "), 0); /* "more than 100, namely 104" */
    if (named != SPAN_NONE) return span_trim(span_slice(s, named + 9, s.n));
    for (size_t k = 0; k < sizeof(glosses) / sizeof(glosses[0]); k++) {
        size_t at = span_find(s, span_str(glosses[k]), 0);
        bool told = false, again = false;
        for (size_t i = 0; at != SPAN_NONE && i < s.n; i++) {
            bool sign = ascii_is_digit(s.p[i]) || s.p[i] == '$' || s.p[i] == '\\';
            told |= sign && i < at;
            again |= sign && i > at;
        }
        if (again) continue; /* "greater than 2, i.e. x > 2" */
        if (told) s = span_slice(s, 0, at);
    }
    return span_trim(s);
}

/* What stands behind words that only lead there, in digits where it begins with a number in words and goes on. */
static struct span in_digits(struct arena *a, struct span p)
{
    struct span rest = span_slice(p, after_leads(p, 0), p.n), digits = spoken_in_digits(a, rest);
    return digits.p == rest.p ? p : digits;
}

struct stated stated_in(struct arena *a, struct span s, unsigned kinds)
{
    struct stated out = {.plain = span_trim(plain_text(a, s))};
    struct span p = before_gloss(without_concentration(out.plain));
    out.denied = qualify_by_cases(p);
    if (p.n == 0 || out.denied) return out;
    p = in_digits(a, amounts_in_digits(a, p));
    out.text = interval_said(a, p, &out.denied);
    out.changed = out.text.n > 0;
    if (out.changed || out.denied) return out;
    if (at_once(a, p, &out) || out.senseless) return out;
    if ((out.text = outcome_said(p)).n > 0) return out;
    p = aside_removed(p);
    if (after_copula(a, p, &out)) return out;
    if ((kinds & MATH_EXTRACT_LATEX) && last_formula(a, p, &out)) return out;
    if (first_run(a, p, &out)) return out;
    out.text = NOTHING;
    return out;
}
