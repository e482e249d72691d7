/* reward/math/extract.c - where in a response the final answer is.
 *
 * Reasoning goes first: only what follows </think> counts. Then, the first place that has
 * something:
 *
 *   [...]            with answer_in_brackets
 *   <answer>         the last one
 *   \boxed \fbox     the last one; several that the text joins by commas or "and" make one list
 *   ####             the rest of its line
 *   "answer is"      the mathematics that follows in that sentence
 *   everything       when the whole response reads as one formula
 *   formula, number  whichever stands last
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/extract.h"

#include "base/buffer.h"
#include "reward/math/boxes.h"
#include "reward/math/commands.h"
#include "reward/math/parse.h"
#include "reward/math/units.h"
#include "reward/math/words.h"

enum { MAX_SHORT = 60, MAX_TAIL = 400, MAX_FORMULA = 2000, MAX_SENTENCE = 4000 };

static const struct span NOTHING = {NULL, 0};

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool matches(struct span s, size_t i, struct span what)
{
    if (i + what.n > s.n) return false;
    for (size_t k = 0; k < what.n; k++)
        if (lower((unsigned char)s.p[i + k]) != (unsigned char)what.p[k]) return false;
    return true;
}

/* ---- reasoning and chat markers ---------------------------------------------------------------- */

static struct span cut_markers(struct span s)
{
    static const char *const marks[] = {"<|im_start|>",
                                        "<|im_end|>",
                                        "<|endoftext|>",
                                        "<|eot_id|>",
                                        "</s>",
                                        "<|end|>",
                                        "<\xef\xbd\x9c"
                                        "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"};
    if (memchr(s.p == NULL ? "" : s.p, '<', s.n) == NULL) return s;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t at = span_find(s, span_str(marks[i]), 0);
        if (at != SPAN_NONE && span_trim(span_slice(s, 0, at)).n > 0) s = span_slice(s, 0, at);
    }
    return s;
}

/* What follows the reasoning. *open: it never ended. False when a demanded mark is missing. */
static bool after_reasoning(struct span s, const struct math_options *o, struct span *rest,
                            bool *open)
{
    static const char *const ends[] = {"</think>", "</thinking>", "</reasoning>", "</thought>"};
    *open = false;
    *rest = s;
    if (o->reasoning_end.n > 0) {
        size_t at = span_find_last(s, o->reasoning_end);
        if (at != SPAN_NONE) *rest = span_slice(s, at + o->reasoning_end.n, s.n);
        return at != SPAN_NONE;
    }
    if (s.n == 0 || memchr(s.p, '<', s.n) == NULL) return true;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t at = span_find_last(s, span_str(ends[i]));
        if (at == SPAN_NONE) continue;
        *rest = span_slice(s, at + strlen(ends[i]), s.n);
        return true;
    }
    *open = span_find(s, span_str("<think>"), 0) != SPAN_NONE;
    return true;
}

/* ---- tags, brackets, hashes -------------------------------------------------------------------- */

static struct span tagged(struct span s, bool first)
{
    struct span open = span_str("<answer>"), close = span_str("</answer>");
    if (s.n == 0 || memchr(s.p, '<', s.n) == NULL) return NOTHING;
    size_t from, to;
    if (first) {
        from = span_find(s, open, 0);
        if (from == SPAN_NONE) return NOTHING;
        to = span_find(s, close, from);
    } else {
        to = span_find_last(s, close);
        from = span_find_last(to == SPAN_NONE ? s : span_slice(s, 0, to), open);
        if (from == SPAN_NONE) return NOTHING;
    }
    struct span inside = span_slice(s, from + open.n, to == SPAN_NONE ? s.n : to);
    return inside.p == NULL ? span_of("", 0) : inside;
}

static struct span bracketed(struct span s, bool first)
{
    struct span found = NOTHING;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '[') continue;
        size_t end = words_close(s, i);
        if (end == SPAN_NONE) break;
        found = span_slice(s, i + 1, end - 1);
        if (first) break;
        i = end - 1;
    }
    return found;
}

static struct span hashed(struct span s, bool first)
{
    struct span mark = span_str("####");
    size_t at = first ? span_find(s, mark, 0) : span_find_last(s, mark);
    if (at == SPAN_NONE) return NOTHING;
    struct span line = span_slice(s, at + mark.n, s.n);
    const char *end = line.n == 0 ? NULL : memchr(line.p, '\n', line.n);
    if (end != NULL) line.n = (size_t)(end - line.p);
    return words_unwrap(line);
}

/* ---- formulas ---------------------------------------------------------------------------------- */

struct formula {
    struct span inside;
    size_t from, to; /* with its dollar signs */
};

static bool escaped(struct span s, size_t i)
{
    size_t n = 0;
    while (i > n && s.p[i - 1 - n] == '\\')
        n++;
    return n % 2 == 1;
}

/* Where the next closing sign of each kind stands, found once: a text of opening signs alone would
 * else be searched again from each. */
struct closings {
    size_t at[4];
};

static size_t next_closing(struct closings *c, size_t kind, struct span s, struct span sign,
                           size_t from)
{
    if (c == NULL) return span_find(span_slice(s, 0, from + MAX_FORMULA), sign, from);
    if (c->at[kind] < from) c->at[kind] = span_find(s, sign, from);
    return c->at[kind];
}

/* The formula whose opening sign stands at s.p[i]; false when none does. c may be NULL. */
static bool formula_at(struct span s, size_t i, struct closings *c, struct formula *f)
{
    static const struct {
        const char *open, *close;
    } kinds[] = {{"$$", "$$"}, {"$", "$"}, {"\\[", "\\]"}, {"\\(", "\\)"}};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct span open = span_str(kinds[k].open), close = span_str(kinds[k].close);
        if (!span_starts(span_slice(s, i, s.n), open)) continue;
        if (open.p[0] == '$' && escaped(s, i)) return false;
        size_t at = i + open.n;
        do {
            at = next_closing(c, k, s, close, at);
            if (at == SPAN_NONE || at > i + MAX_FORMULA) return false;
        } while (close.p[0] == '$' && escaped(s, at) && ++at);
        f->inside = span_trim(span_slice(s, i + open.n, at));
        f->from = i;
        f->to = at + close.n;
        return f->inside.n > 0 && span_find(f->inside, span_str("\n\n"), 0) == SPAN_NONE;
    }
    return false;
}

/* e is mathematics, not words: units may stand after its values only. */
static bool is_formula(const struct expr *e)
{
    if (e->kind == E_UNIT) return unit_known(e->text) || e->text.n <= 12;
    if (e->kind == E_LIST || e->kind == E_REL || e->kind == E_SET || e->kind == E_TUPLE) {
        for (uint32_t i = 0; i < e->n; i++)
            if (!is_formula(e->arg[i]) && !(e->kind == E_REL && e->arg[i]->kind == E_TEXT))
                return false;
        return true;
    }
    return !expr_has(e, E_TEXT, -1) && !expr_has(e, E_UNIT, -1);
}

static bool reads(struct arena *a, struct span s)
{
    struct error err = {0};
    const struct expr *e = parse_answer(a, lexer_plain(a, s), READ_THOUSANDS, &err);
    return e != NULL && is_formula(e);
}

/* A percent sign, in signs or words, right after a formula or number belongs to it. */
static size_t with_percent(struct span s, size_t end)
{
    static const char *const forms[] = {"%",      "\\%",      "percent", "pct",
                                        "\\circ", "\xc2\xb0", "degrees"};
    size_t i = end;
    while (i < s.n && s.p[i] == ' ')
        i++;
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        struct span f = span_str(forms[k]);
        if (matches(s, i, f)) return i + f.n;
    }
    return end;
}

/* Two equations with nothing but a comma, "or" or "and" between: f is both from then on. */
static bool joins_equations(struct span s, const struct formula *before, struct formula *f)
{
    static const char *const joints[] = {"or", "and", ",", ", or", ", and"};
    struct span gap = span_trim(span_slice(s, before->to, f->from));
    bool equations = memchr(before->inside.p, '=', before->inside.n) != NULL &&
                     memchr(f->inside.p, '=', f->inside.n) != NULL;
    for (size_t i = 0; equations && i < sizeof(joints) / sizeof(joints[0]); i++) {
        if (!span_is(gap, joints[i])) continue;
        f->from = before->from;
        f->inside = span_slice(s, before->from, f->to);
        return true;
    }
    return false;
}

/* The last formula of s that reads as mathematics. */
static bool last_formula(struct arena *a, struct span s, struct formula *out)
{
    bool found = false;
    size_t i = 0, n = 0;
    struct formula recent[8], f;
    struct closings closings = {{0}};
    while (i < s.n) {
        const char *p = s.p + i;
        while (p < s.p + s.n && *p != '$' && *p != '\\')
            p++;
        i = (size_t)(p - s.p);
        if (i >= s.n) break;
        if (formula_at(s, i, &closings, &f)) {
            recent[n++ % 8] = f;
            i = f.to;
        } else {
            i += s.p[i] == '\\' ? 2 : 1;
        }
    }
    for (size_t k = 0; k < n && k < 8 && !found; k++) {
        f = recent[(n - 1 - k) % 8];
        if (!reads(a, words_unwrap(f.inside))) continue;
        for (size_t j = k + 1; j < n && j < 8; j++) /* "$x=2$ or $x=3$" */
            if (!joins_equations(s, &recent[(n - 1 - j) % 8], &f)) break;
        size_t to = with_percent(s, f.to);
        if (to != f.to) {
            f.inside = span_slice(s, f.from, to);
            f.to = to;
        }
        *out = f;
        found = true;
    }
    return found;
}

/* ---- numbers in prose -------------------------------------------------------------------------- */

/* A fraction character such as one half ends at s.p[end]: its length, 0 when none does. */
static size_t fraction_before(struct span s, size_t end)
{
    if (end >= 2 && (unsigned char)s.p[end - 2] == 0xc2 && (unsigned char)s.p[end - 1] >= 0xbc &&
        (unsigned char)s.p[end - 1] <= 0xbe)
        return 2;
    if (end >= 3 && (unsigned char)s.p[end - 3] == 0xe2 && (unsigned char)s.p[end - 2] == 0x85 &&
        (unsigned char)s.p[end - 1] >= 0x90 && (unsigned char)s.p[end - 1] <= 0x9e)
        return 3;
    return 0;
}

/* The offset after the last digit (or fraction character) of s, 0 when it has none. */
static size_t last_number_end(struct span s)
{
    for (size_t i = s.n; i > 0; i--)
        if (is_digit(s.p[i - 1]) || fraction_before(s, i) > 0) return i;
    return 0;
}

/* Extend leftwards over what may belong to an expression that ends at `end`. */
static size_t expression_start(struct span s, size_t end)
{
    size_t i = end, limit = end > 300 ? end - 300 : 0;
    while (i > limit) {
        int c = (unsigned char)s.p[i - 1];
        size_t f = fraction_before(s, i);
        if (f > 0) {
            i -= f;
            continue;
        }
        if (is_digit(c) || (c != 0 && strchr(".,+-*/^()=% ", c) != NULL)) {
            i--;
            continue;
        }
        break;
    }
    return i;
}

static struct span balanced(struct span s)
{
    int depth = 0;
    size_t from = 0;
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] == ')') depth++;
        if (s.p[i] == '(' && --depth < 0) {
            from = i + 1;
            break;
        }
    }
    return span_trim(span_slice(s, from, s.n));
}

/* The longest tail of s that reads as mathematics, cut at spaces and signs. */
static struct span readable_tail(struct arena *a, struct span s)
{
    s = balanced(s);
    for (int tries = 0; tries < 24 && s.n > 0; tries++) {
        while (s.n > 0 && strchr("*/^=%), .+", s.p[0]) != NULL &&
               !(s.p[0] == '.' && s.n > 1 && is_digit(s.p[1])))
            s = span_slice(s, 1, s.n);
        if (s.n == 0) break;
        if (reads(a, s)) return s;
        size_t i = 1;
        while (i < s.n && strchr(" =,", s.p[i]) == NULL)
            i++;
        s = span_trim(span_slice(s, i, s.n));
    }
    return NOTHING;
}

/* The digits that end at s.p[end] stand inside a word: AZYUK2A. */
static bool within_word(struct span s, size_t end)
{
    size_t from = end;
    while (from > 0 && is_digit(s.p[from - 1]))
        from--;
    return from > 1 && from < end && is_letter((unsigned char)s.p[from - 1]) &&
           is_letter((unsigned char)s.p[from - 2]) && end < s.n &&
           is_letter((unsigned char)s.p[end]);
}

static struct span last_number(struct arena *a, struct span s, size_t *end)
{
    *end = last_number_end(s);
    if (*end == 0 || within_word(s, *end)) return NOTHING;
    size_t stop = *end;
    while (stop < s.n && (s.p[stop] == ')' || s.p[stop] == '!'))
        stop++;
    size_t start = expression_start(s, *end);
    /* a sign glued to a letter is a hyphen: "x-2" has no -2 */
    bool hyphen =
        start > 0 && start < *end && s.p[start] == '-' && is_letter((unsigned char)s.p[start - 1]);
    struct span body = span_slice(s, start + (hyphen ? 1 : 0), *end);
    struct span tail = readable_tail(a, span_slice(s, start + (hyphen ? 1 : 0), stop));
    if (tail.n == 0) tail = readable_tail(a, body);
    if (tail.n == 0) return NOTHING;
    size_t to = with_percent(s, (size_t)(tail.p - s.p) + tail.n);
    return span_of(tail.p, (size_t)(s.p + to - tail.p));
}

/* w is a unit or speaks of one. */
static bool names_unit(struct span w)
{
    static const char *const words[] = {"square", "cubic", "sq", "unit", "units", "per"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_is(w, words[i])) return true;
    return unit_known(w);
}

bool extract_has_prose(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        size_t j = i;
        while (j < s.n && is_letter((unsigned char)s.p[j]))
            j++;
        struct span w = span_slice(s, i, j);
        bool told = i > 0 && (s.p[i - 1] == '\\' || s.p[i - 1] == '{' || is_digit(s.p[i - 1]));
        if (w.n >= 2 && !told && command_find(w) == NULL && !names_unit(w)) return true;
        if (w.n > 0 && j + 1 < s.n && s.p[j] == '\'' && is_letter((unsigned char)s.p[j + 1]))
            return true;
        i = j > i ? j : i + 1;
    }
    return false;
}

/* A tail of s that begins at a word and reads as mathematics: the longest one. It must hold a digit
 * or a command, or it would be any last word. */
static struct span formula_tail(struct arena *a, struct span s)
{
    const char *line = s.n == 0 ? NULL : memrchr(s.p, '\n', s.n);
    if (line != NULL) s = span_slice(s, (size_t)(line - s.p) + 1, s.n);
    if (s.n > MAX_TAIL) s = span_slice(s, s.n - MAX_TAIL, s.n);
    s = words_unwrap(s);
    int tries = 0;
    for (size_t i = 0; i < s.n && tries < 48; i++) {
        bool start = i == 0 || s.p[i - 1] == ' ' || (unsigned char)s.p[i - 1] >= 0x80;
        if (!start || s.p[i] == ' ' || ((unsigned char)s.p[i] & 0xc0) == 0x80) continue;
        if (is_letter((unsigned char)s.p[i]) && i + 2 < s.n && s.p[i + 1] == ' ' &&
            s.p[i + 2] != '=')
            continue;
        struct span tail = span_slice(s, i, s.n);
        bool worth = false;
        for (size_t k = 0; k < tail.n; k++)
            worth |= is_digit(tail.p[k]) || tail.p[k] == '\\';
        if (!worth || tail.p[0] == '=' || tail.p[0] == ',') continue;
        if (extract_has_prose(tail)) continue;
        tries++;
        if (reads(a, tail)) return tail;
    }
    return NOTHING;
}

struct span extract_last(struct arena *a, struct span text, unsigned kinds,
                         enum math_source *source)
{
    struct formula f;
    size_t end = 0;
    bool latex = (kinds & MATH_EXTRACT_LATEX) && last_formula(a, text, &f);
    struct span number = NOTHING;
    if (kinds & MATH_EXTRACT_EXPR) {
        struct span rest = latex ? span_slice(text, f.to, text.n) : text;
        number = formula_tail(a, rest);
        if (number.n == 0) number = last_number(a, rest, &end);
    }
    *source = number.n > 0 ? MATH_FROM_EXPRESSION : latex ? MATH_FROM_LATEX : MATH_FROM_NOWHERE;
    return number.n > 0 ? number : latex ? words_unwrap(f.inside) : NOTHING;
}

static struct span first_number(struct arena *a, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i])) continue;
        if (i > 0 && is_letter((unsigned char)s.p[i - 1])) continue;
        size_t end = i;
        while (end < s.n && (is_digit(s.p[end]) || (strchr(".,/", s.p[end]) != NULL &&
                                                    end + 1 < s.n && is_digit(s.p[end + 1]))))
            end++;
        size_t from = i > 0 && s.p[i - 1] == '-' && (i == 1 || s.p[i - 2] == ' ') ? i - 1 : i;
        struct span n = span_slice(s, from, with_percent(s, end));
        if (reads(a, n)) return n;
    }
    return NOTHING;
}

/* ---- phrases ----------------------------------------------------------------------------------- */

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
        if (i > 0 && is_letter((unsigned char)s.p[i - 1])) continue;
        for (size_t k = 0; k < sizeof(phrases) / sizeof(phrases[0]); k++) {
            struct span p = span_str(phrases[k]);
            if (!matches(s, i, p)) continue;
            if (matches(s, i + p.n, span_str(" not "))) break;
            found = i + p.n;
            if (first) return found;
            i += p.n - 1;
            break;
        }
    }
    return found;
}

/* s up to the end of its first sentence: a stop before white space or the end, or a line break once
 * something was said. Formulas are stepped over. */
static struct span sentence(struct span s)
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
            (i + 1 == s.n || s.p[i + 1] == ' ' || s.p[i + 1] == '\n'))
            return span_slice(s, 0, i);
        if (i + 2 < s.n && memcmp(s.p + i, "\xe3\x80\x82", 3) == 0) return span_slice(s, 0, i);
        if (strchr(" \n\t:*", s.p[i]) == NULL) said = true;
    }
    return s;
}

/* The offset after the last " is ", " are " or " = " of s, 0 when there is none. */
static size_t last_copula(struct span s)
{
    static const char *const forms[] = {" is ", " are ", " = ", ": ", " are:", " is:"};
    size_t best = 0;
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        size_t at = span_find_last(s, span_str(forms[k]));
        if (at != SPAN_NONE && at + strlen(forms[k]) > best) best = at + strlen(forms[k]);
    }
    return best;
}

/* The mathematics that a sentence after "the answer is" states. */
static struct span stated(struct arena *a, struct span s, unsigned kinds)
{
    while (s.n > 0 && strchr(" :*\n\t=", s.p[0]) != NULL)
        s = span_slice(s, 1, s.n);
    struct formula f;
    if (matches(s, 0, span_str("either "))) s = span_slice(s, 7, s.n);
    if (s.n > 0 && formula_at(s, 0, NULL, &f) && reads(a, words_unwrap(f.inside))) {
        struct span whole = words_unwrap(s);
        if (reads(a, whole)) return whole; /* "$1$ and $2$" */
        size_t to = with_percent(s, f.to);
        return to != f.to ? span_slice(s, 0, to) : words_unwrap(f.inside);
    }
    struct span whole = words_unwrap(s);
    int seconds;
    bool marked;
    if (whole.n > 0 && (reads(a, whole) || words_time(whole, &seconds, &marked))) return whole;
    size_t at = last_copula(s);
    if (at > 0) {
        struct span rest = words_unwrap(span_slice(s, at, s.n));
        if (rest.n > 0 && reads(a, rest)) return rest;
    }
    if ((kinds & MATH_EXTRACT_LATEX) && last_formula(a, s, &f)) return words_unwrap(f.inside);
    return first_number(a, s);
}

static struct span by_phrase(struct arena *a, struct span s, const struct math_options *o)
{
    size_t at = phrase_end(s, o->first_answer);
    if (at == SPAN_NONE) return NOTHING;
    struct span said = sentence(span_slice(s, at, s.n));
    struct span found = stated(a, said, o->extract);
    if (found.n > 0) return found;
    found = words_unwrap(said);
    return found.n <= 200 ? found : NOTHING;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static bool find(struct extraction *out, struct span text, enum math_source source)
{
    out->text = words_unwrap(text);
    out->source = source;
    if (out->text.n == 0) {
        out->source = MATH_FROM_NOWHERE;
        out->cause = MATH_EMPTY_ANSWER;
    }
    return out->source != MATH_FROM_NOWHERE;
}

static bool whole_reads(struct arena *a, struct span s)
{
    struct span t = words_unwrap(s);
    return t.n > 0 && t.n <= 2000 && !extract_has_prose(t) && reads(a, t);
}

/* A number written out in words at the end: "three", U+4E09. */
static struct span spelled(struct span s)
{
    int64_t n;
    struct span t = words_unwrap(s);
    for (size_t i = 0; i <= 12 && i < t.n; i++) { /* the last characters of Chinese texts */
        struct span tail = span_slice(t, t.n - i - 1, t.n);
        if (((unsigned char)tail.p[0] & 0xc0) == 0x80) continue;
        if (((unsigned char)tail.p[0] & 0x80) && words_number(tail, &n)) {
            struct span more = span_slice(t, t.n - i - 1 >= 3 ? t.n - i - 4 : 0, t.n);
            if (!words_number(more, &n)) return tail;
        }
    }
    const char *space = memrchr(t.p == NULL ? "" : t.p, ' ', t.n);
    if (space == NULL) return NOTHING;
    struct span last = span_slice(t, (size_t)(space - t.p) + 1, t.n);
    return words_number(last, &n) ? last : NOTHING;
}

/* The time of day or the date that a short text ends with: "The time is 3:30 PM." */
static struct span moment(struct arena *a, struct span s)
{
    int seconds;
    bool marked;
    size_t at = s.n <= MAX_TAIL ? last_copula(s) : 0;
    struct span t = at == 0 ? NOTHING : words_unwrap(span_slice(s, at, s.n));
    if (t.n == 0 || t.n > MAX_SHORT) return NOTHING;
    return words_date(a, t) || (words_time(t, &seconds, &marked) && marked) ? t : NOTHING;
}

static bool unmarked(struct arena *a, struct span s, const struct math_options *o,
                     struct extraction *out)
{
    struct span found = hashed(s, o->first_answer);
    if (found.n > 0) return find(out, found, MATH_FROM_HASHES);
    if (boxes_cut_off(s)) return out->cause = MATH_NO_ANSWER_FOUND, false;
    if ((found = by_phrase(a, s, o)).n > 0) return find(out, found, MATH_FROM_PHRASE);
    if (whole_reads(a, s)) return find(out, s, MATH_FROM_EXPRESSION);
    if ((found = moment(a, s)).n > 0) return find(out, found, MATH_FROM_EXPRESSION);
    enum math_source source;
    found = extract_last(a, s, o->extract, &source);
    if (found.n > 0) return find(out, found, source);
    if ((o->extract & MATH_EXTRACT_EXPR) && (found = spelled(s)).n > 0)
        return find(out, found, MATH_FROM_EXPRESSION);
    struct formula f;
    struct span t = span_trim(s);
    if (t.n > 0 && formula_at(t, 0, NULL, &f) && f.to == t.n)
        return find(out, f.inside, MATH_FROM_LATEX);
    if (t.n > 0 && t.n <= MAX_SHORT && memchr(t.p, '\n', t.n) == NULL) {
        size_t said = span_find_last(t, span_str(" is "));
        out->words = true;
        if (said != SPAN_NONE) t = span_slice(t, said + 4, t.n); /* "The capital is Paris." */
        return find(out, t, MATH_FROM_EXPRESSION);
    }
    out->cause = MATH_NO_ANSWER_FOUND;
    return false;
}

/* "The final answer is ..." after the last box, with something in it that reads as mathematics. */
static bool final_words(struct arena *a, struct span s, const struct math_options *o,
                        struct extraction *out)
{
    struct span mark = span_str("inal answer is");
    if (o->first_answer || o->require_boxed || span_find(s, mark, 0) == SPAN_NONE) return false;
    size_t box = boxes_last_end(s);
    if (box == 0) return false;
    struct span rest = span_slice(s, box, s.n);
    size_t at = span_find_last(rest, mark);
    if (at == SPAN_NONE) return false;
    struct span found = stated(a, sentence(span_slice(rest, at + mark.n, rest.n)), o->extract);
    return found.n > 0 && find(out, found, MATH_FROM_PHRASE);
}

static bool in_boxes(struct arena *a, struct span s, const struct math_options *o,
                     struct extraction *out)
{
    if (final_words(a, s, o, out)) return true;
    struct span box = boxes_answer(a, s, o->first_answer, &out->boxes);
    if (box.p == NULL) return false;
    find(out, box, MATH_FROM_BOXED);
    return true;
}

static bool search(struct arena *a, struct span s, bool open, const struct math_options *o,
                   struct extraction *out)
{
    out->cause = MATH_NO_ANSWER_FOUND;
    if (o->location == MATH_EXACT) return find(out, s, MATH_FROM_EXPRESSION);
    if (o->answer_in_brackets) {
        struct span b = bracketed(s, o->first_answer);
        return b.p != NULL && find(out, b, MATH_FROM_BRACKETS);
    }
    struct span tag = tagged(s, o->first_answer);
    if (tag.p != NULL && !o->require_boxed) {
        if (in_boxes(a, tag, o, out)) return out->source != MATH_FROM_NOWHERE;
        struct span said = by_phrase(a, tag, o); /* <answer>The answer is 5</answer> */
        return find(out, said.n > 0 ? said : tag, MATH_FROM_TAG);
    }
    if (o->answer_tag) return false;
    if (open) {
        out->cause = MATH_ONLY_IN_REASONING;
        return false;
    }
    if (in_boxes(a, s, o, out)) return out->source != MATH_FROM_NOWHERE;
    if (o->require_boxed) return false;
    return unmarked(a, s, o, out);
}

void extract_answer(struct arena *a, struct span response, const struct math_options *o,
                    struct extraction *out)
{
    struct span s = cut_markers(response), rest;
    bool open;
    *out = (struct extraction){.cause = MATH_NO_ANSWER_FOUND};
    if (!after_reasoning(s, o, &rest, &open)) return;
    bool found = search(a, rest, open, o, out);
    if (rest.n <= MAX_TAIL) out->whole = words_unwrap(rest);
    if ((found && !out->words) || out->cause == MATH_EMPTY_ANSWER) return;
    if (rest.n == s.n) return;
    struct extraction inside = {0};
    struct span thought = span_slice(s, 0, s.n - rest.n);
    bool boxed = in_boxes(a, thought, o, &inside) && inside.source != MATH_FROM_NOWHERE;
    if (boxed && o->boxed_anywhere) {
        *out = inside;
    } else if (boxed) {
        *out = (struct extraction){.cause = MATH_ONLY_IN_REASONING};
    }
}

struct span extract_gold(struct arena *a, struct span gold, const struct math_options *o)
{
    struct span whole_gold = words_unwrap(gold);
    bool marked = gold.n > 64 || memchr(gold.p == NULL ? "" : gold.p, '#', gold.n) != NULL ||
                  memchr(gold.p == NULL ? "" : gold.p, '<', gold.n) != NULL ||
                  span_find(gold, span_str("box"), 0) != SPAN_NONE;
    if (!marked) return whole_gold;
    struct extraction found = {0};
    struct span s = cut_markers(gold), tag = tagged(s, false), hash = hashed(s, false);
    struct math_options plain = *o;
    plain.first_answer = false;
    if (tag.p != NULL) s = tag;
    if (in_boxes(a, s, &plain, &found) && found.source != MATH_FROM_NOWHERE) return found.text;
    if (hash.n > 0 && span_find(s, span_str("####"), 0) != SPAN_NONE) return hash;
    struct span whole = words_unwrap(s);
    if (whole.n <= 400 && (whole.n == 0 || reads(a, whole))) return whole;
    struct formula f;
    if (whole.n > 60 && last_formula(a, s, &f)) return words_unwrap(f.inside);
    return whole;
}
