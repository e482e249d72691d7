/* reward/math/find/spoken.c - words beside a value that change it.
 *
 * "minus 42" is not 42, nor is "half of 42", "42 squared", "at most 42" or "not 42". A word beside
 * a value is either in this table, and then it is read or makes the value unreadable, or it is
 * neutral ("42 apples") and says nothing about the number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/spoken.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/find/denied.h"
#include "reward/math/find/runs.h"
#include "reward/math/read/foreign.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

enum { MAX_ROUNDS = 6, MAX_SPELLED = 400, MAX_TEMPLATE = 16 };

enum side { LEFT, RIGHT, BETWEEN /* two values */ };

struct row {
    enum side side;
    const char *words;    /* in small letters */
    const char *template; /* % the value, & the second one; NULL: none is said */
};

/* Of words that begin alike the longer ones come first. */
/* clang-format off */
static const struct row rows[] = {
    {LEFT, "one in", "1/(%)"}, {LEFT, "1 in", "1/(%)"}, {LEFT, "minus", "-%"}, {LEFT, "negative of", "-(%)"}, {LEFT, "negative", "-%"},
    {LEFT, "opposite of", "-(%)"}, {LEFT, "square root of", "\\sqrt{%}"},
    {LEFT, "square-root of", "\\sqrt{%}"}, {LEFT, "cube root of", "\\sqrt[3]{%}"},
    {LEFT, "root of", NULL}, {LEFT, "square of", "(%)^2"}, {LEFT, "cube of", "(%)^3"},
    {LEFT, "reciprocal of", "1/(%)"}, {LEFT, "inverse of", "1/(%)"},
    {LEFT, "factorial of", "(%)!"}, {LEFT, "absolute value of", "|%|"},
    {LEFT, "logarithm of", "\\log(%)"}, {LEFT, "two thirds of", "2/3*(%)"},
    {LEFT, "three quarters of", "3/4*(%)"}, {LEFT, "three fourths of", "3/4*(%)"},
    {LEFT, "half of", "1/2*(%)"}, {LEFT, "third of", "1/3*(%)"}, {LEFT, "quarter of", "1/4*(%)"},
    {LEFT, "fifth of", "1/5*(%)"}, {LEFT, "tenth of", "1/10*(%)"}, {LEFT, "half", "1/2*(%)"},
    {LEFT, "twice", "2*(%)"}, {LEFT, "double", "2*(%)"}, {LEFT, "two times", "2*(%)"},
    {LEFT, "triple", "3*(%)"}, {LEFT, "three times", "3*(%)"}, {LEFT, "four times", "4*(%)"},
    {LEFT, "five times", "5*(%)"}, {LEFT, "ten times", "10*(%)"},
    {LEFT, "less than or equal to", "x\\le %"}, {LEFT, "greater than or equal to", "x\\ge %"},
    {LEFT, "no more than", "x\\le %"}, {LEFT, "not more than", "x\\le %"},
    {LEFT, "no less than", "x\\ge %"}, {LEFT, "not less than", "x\\ge %"},
    {LEFT, "no fewer than", "x\\ge %"}, {LEFT, "at most", "x\\le %"}, {LEFT, "up to", "x\\le %"},
    {LEFT, "at least", "x\\ge %"}, {LEFT, "less than", "x<%"}, {LEFT, "fewer than", "x<%"},
    {LEFT, "smaller than", "x<%"}, {LEFT, "lower than", "x<%"}, {LEFT, "below", "x<%"},
    {LEFT, "under", "x<%"}, {LEFT, "more than", "x>%"}, {LEFT, "greater than", "x>%"},
    {LEFT, "larger than", "x>%"}, {LEFT, "bigger than", "x>%"}, {LEFT, "higher than", "x>%"},
    {LEFT, "over", "x>%"}, {LEFT, "above", "x>%"},
    {LEFT, "close to", NULL}, {LEFT, "almost", NULL}, {LEFT, "nearly", NULL},
    {LEFT, "just under", "x<%"}, {LEFT, "just over", "x>%"},
    {LEFT, "anything but", NULL}, {LEFT, "nowhere near", NULL},
    {LEFT, "not even", NULL}, {LEFT, "nothing like", NULL}, {LEFT, "far from", NULL},
    {LEFT, "exceeds", "x>%"}, {LEFT, "exceeding", "x>%"},
    {LEFT, "not equal to", "x\\ne %"}, {LEFT, "different from", "x\\ne %"},
    {LEFT, "not", NULL}, {LEFT, "cannot be", NULL}, {LEFT, "can't be", NULL},
    {LEFT, "can not be", NULL}, {LEFT, "not be", NULL}, {LEFT, "cannot equal", NULL},
    {LEFT, "isn't", NULL}, {LEFT, "aren't", NULL}, {LEFT, "wasn't", NULL}, {LEFT, "never", NULL},
    {LEFT, "couldn't be", NULL}, {LEFT, "won't be", NULL}, {LEFT, "rather than", NULL},
    {LEFT, "instead of", NULL}, {LEFT, "other than", NULL}, {LEFT, "excluding", NULL},
    {LEFT, "would have said", NULL}, {LEFT, "might have said", NULL}, {LEFT, "might guess", NULL},
    {LEFT, "might think", NULL}, {LEFT, "would have guessed", NULL}, {LEFT, "contradiction that", NULL},
    {LEFT, "excludes", NULL}, {LEFT, "no way to get", NULL}, {LEFT, "impossible to get", NULL}, {LEFT, "no way to obtain", NULL}, {LEFT, "exclude", NULL}, {LEFT, "except", NULL}, {LEFT, "except for", NULL}, {LEFT, "unlike", NULL},
    {LEFT, "doubt it is", NULL}, {LEFT, "doubt it's", NULL}, {LEFT, "doubt that it is", NULL},
    {LEFT, "doubt that it's", NULL}, {LEFT, "number but", NULL}, {LEFT, "possibly be", NULL},
    {LEFT, "ain't", NULL}, {LEFT, "outside", NULL}, {LEFT, "complement of", NULL},
    {LEFT, "not in", NULL}, {LEFT, "not lie in", NULL}, {LEFT, "undefined on", NULL},
    {LEFT, "unequal to", "x\\ne %"}, {LEFT, "differs from", "x\\ne %"},
    {LEFT, "thrice", "3*(%)"}, {LEFT, "quadruple", "4*(%)"},
    {LEFT, "multiple of", NULL}, {LEFT, "multiples of", NULL}, {LEFT, "divisor of", NULL},
    {LEFT, "divisors of", NULL}, {LEFT, "factor of", NULL}, {LEFT, "factors of", NULL},
    {LEFT, "power of", NULL}, {LEFT, "powers of", NULL}, {LEFT, "divisible by", NULL},
    {LEFT, "modulo", NULL}, {LEFT, "between", NULL}, {LEFT, "percent of", NULL},
    {LEFT, "% of", NULL}, {LEFT, "either of", NULL}, {LEFT, "except those", NULL}, {LEFT, "all but", NULL}, {LEFT, "all except", NULL}, {LEFT, "neither", NULL},
    {BETWEEN, "times", "(%)*(&)"}, {BETWEEN, "multiplied by", "(%)*(&)"},
    {BETWEEN, "divided by", "(%)/(&)"}, {BETWEEN, "over", "(%)/(&)"},
    {BETWEEN, "plus", "(%)+(&)"}, {BETWEEN, "minus", "(%)-(&)"},
    {BETWEEN, "to the power of", "(%)^{&}"}, {BETWEEN, "to the power", "(%)^{&}"},
    {BETWEEN, "raised to the power of", "(%)^{&}"}, {BETWEEN, "choose", "\\binom{%}{&}"},
    {BETWEEN, "out of every", "(%)/(&)"}, {BETWEEN, "out of", "(%)/(&)"}, {BETWEEN, "more than", "(&)+(%)"},
    {BETWEEN, "less than", "(&)-(%)"}, {BETWEEN, "fewer than", "(&)-(%)"}, {BETWEEN, "in base", "% in base &"}, {BETWEEN, "in", "(%)/(&)"}, {BETWEEN, "per", "(%)/(&)"},
    {BETWEEN, "short of", "(&)-(%)"},
    {BETWEEN, "base", "% in base &"}, {BETWEEN, "modulo", "(%) \\bmod (&)"},
    {RIGHT, "to the second power", "(%)^2"}, {RIGHT, "to the third power", "(%)^3"},
    {RIGHT, "to the fourth power", "(%)^4"}, {RIGHT, "to the fifth power", "(%)^5"},
    {RIGHT, "to the sixth power", "(%)^6"}, {RIGHT, "to the seventh power", "(%)^7"},
    {RIGHT, "to the eighth power", "(%)^8"}, {RIGHT, "to the tenth power", "(%)^{10}"},
    {RIGHT, "doubled", "2*(%)"}, {RIGHT, "tripled", "3*(%)"}, {RIGHT, "quadrupled", "4*(%)"},
    {RIGHT, "halved", "(%)/2"}, {RIGHT, "times itself", "(%)^2"}, {RIGHT, "halves", "(%)/2"},
    {RIGHT, "thirds", "(%)/3"}, {RIGHT, "fifths", "(%)/5"}, {RIGHT, "sixths", "(%)/6"},
    {RIGHT, "sevenths", "(%)/7"}, {RIGHT, "eighths", "(%)/8"}, {RIGHT, "ninths", "(%)/9"},
    {RIGHT, "tenths", "(%)/10"}, {RIGHT, "hundredths", "(%)/100"}, {RIGHT, "thousandths", "(%)/1000"},
    {RIGHT, "does not work", NULL}, {RIGHT, "doesn't work", NULL}, {RIGHT, "excluded", NULL},
    {RIGHT, "squared", "(%)^2"}, {RIGHT, "cubed", "(%)^3"}, {RIGHT, "factorial", "(%)!"},
    {RIGHT, "dozens", "12*(%)"}, {RIGHT, "dozen", "12*(%)"}, {RIGHT, "hundred", "100*(%)"},
    {RIGHT, "and a half", "(%)+1/2"}, {RIGHT, "and one half", "(%)+1/2"},
    {RIGHT, "and a quarter", "(%)+1/4"}, {RIGHT, "below zero", "-(%)"},
    {RIGHT, "\xe5\xba\xa6", "(%)^\\circ"}, {RIGHT, "\xe4\xb8\x87", "10000*(%)"},
    {RIGHT, "but maybe", NULL}, {RIGHT, "but perhaps", NULL}, {RIGHT, "but possibly", NULL},
    {RIGHT, "or so", NULL}, {RIGHT, "or more", "x\\ge %"}, {RIGHT, "or greater", "x\\ge %"}, {RIGHT, "or higher", "x\\ge %"},
    {RIGHT, "or above", "x\\ge %"}, {RIGHT, "and above", "x\\ge %"}, {RIGHT, "or larger", "x\\ge %"},
    {RIGHT, "or less", "x\\le %"}, {RIGHT, "or fewer", "x\\le %"}, {RIGHT, "or lower", "x\\le %"},
    {RIGHT, "or below", "x\\le %"}, {RIGHT, "or smaller", "x\\le %"}, {RIGHT, "at most", "x\\le %"},
    {RIGHT, "at least", "x\\ge %"}, {RIGHT, "is wrong", NULL}, {RIGHT, "is incorrect", NULL},
    {RIGHT, "is not", NULL}, {RIGHT, "n'est pas", NULL}, {RIGHT, "ist nicht", NULL}, {RIGHT, "ist kein", NULL}, {RIGHT, "ist keine", NULL}, {RIGHT, "no es", NULL}, {RIGHT, "non \xc3\xa8", NULL}, {RIGHT, ", but that is wrong", NULL}, {RIGHT, ", but that's wrong", NULL},
    {RIGHT, ", but this is wrong", NULL}, {RIGHT, ", but that is incorrect", NULL}, {RIGHT, ", but that's incorrect", NULL},
    {RIGHT, ", which is wrong", NULL}, {RIGHT, ", which is incorrect", NULL}, {RIGHT, ", but that is not", NULL},
    {RIGHT, ", but that's not", NULL}, {RIGHT, ", but it is wrong", NULL}, {RIGHT, ", but it's wrong", NULL}, {RIGHT, "would be wrong", NULL}, {RIGHT, "otherwise", NULL},
    {RIGHT, "or maybe", NULL}, {RIGHT, "or perhaps", NULL}, {RIGHT, "or possibly", NULL},
    {RIGHT, "is too small", NULL}, {RIGHT, "is too large", NULL}, {RIGHT, "is too big", NULL},
    {RIGHT, "is too low", NULL}, {RIGHT, "is too high", NULL},
    {RIGHT, "is impossible", NULL}, {RIGHT, "is invalid", NULL}, {RIGHT, "is excluded", NULL},
    {RIGHT, "is ruled out", NULL}, {LEFT, "hardly", NULL}, {LEFT, "scarcely", NULL},
    /* German, Dutch */
    {LEFT, "kleiner als", "x<%"}, {LEFT, "weniger als", "x<%"}, {LEFT, "kleiner dan", "x<%"},
    {LEFT, "minder dan", "x<%"}, {LEFT, "gr\xc3\xb6\xc3\x9f" "er als", "x>%"},
    {LEFT, "gr\xc3\xb6sser als", "x>%"}, {LEFT, "mehr als", "x>%"}, {LEFT, "groter dan", "x>%"},
    {LEFT, "meer dan", "x>%"}, {LEFT, "doppelte von", "2*(%)"},
    {LEFT, "h\xc3\xa4lfte von", "1/2*(%)"},
    /* French, Italian */
    {LEFT, "moins de", "x<%"}, {LEFT, "inf\xc3\xa9rieur \xc3\xa0", "x<%"},
    {LEFT, "inf\xc3\xa9rieure \xc3\xa0", "x<%"}, {LEFT, "meno di", "x<%"},
    {LEFT, "minore di", "x<%"}, {LEFT, "plus de", "x>%"},
    {LEFT, "sup\xc3\xa9rieur \xc3\xa0", "x>%"}, {LEFT, "sup\xc3\xa9rieure \xc3\xa0", "x>%"},
    {LEFT, "pi\xc3\xb9 di", "x>%"}, {LEFT, "maggiore di", "x>%"}, {LEFT, "double de", "2*(%)"},
    {LEFT, "moiti\xc3\xa9 de", "1/2*(%)"},
    /* Spanish, Portuguese */
    {LEFT, "menor que", "x<%"}, {LEFT, "menos de", "x<%"}, {LEFT, "menor do que", "x<%"},
    {LEFT, "mayor que", "x>%"}, {LEFT, "m\xc3\xa1s de", "x>%"}, {LEFT, "maior que", "x>%"},
    {LEFT, "maior do que", "x>%"}, {LEFT, "mais de", "x>%"}, {LEFT, "doble de", "2*(%)"},
    {LEFT, "mitad de", "1/2*(%)"},
    /* Russian */
    {LEFT, "\xd0\xbc\xd0\xb5\xd0\xbd\xd1\x8c\xd1\x88\xd0\xb5", "x<%"},
    {LEFT, "\xd0\xb1\xd0\xbe\xd0\xbb\xd1\x8c\xd1\x88\xd0\xb5", "x>%"},
    {LEFT, "\xd0\xbc\xd0\xb8\xd0\xbd\xd1\x83\xd1\x81", "-%"},
    /* Chinese */
    {LEFT, "\xe5\xb0\x8f\xe4\xba\x8e", "x<%"}, {LEFT, "\xe5\xb0\x91\xe4\xba\x8e", "x<%"},
    {LEFT, "\xe4\xbd\x8e\xe4\xba\x8e", "x<%"}, {LEFT, "\xe5\xa4\xa7\xe4\xba\x8e", "x>%"},
    {LEFT, "\xe5\xa4\x9a\xe4\xba\x8e", "x>%"}, {LEFT, "\xe9\xab\x98\xe4\xba\x8e", "x>%"},
    {LEFT, "\xe8\xb6\x85\xe8\xbf\x87", "x>%"},
    {LEFT, "\xe4\xb8\x8d\xe5\xa4\xa7\xe4\xba\x8e", "x\\le %"},
    {LEFT, "\xe4\xb8\x8d\xe8\xb6\x85\xe8\xbf\x87", "x\\le %"},
    {LEFT, "\xe4\xb8\x8d\xe5\xa4\x9a\xe4\xba\x8e", "x\\le %"},
    {LEFT, "\xe4\xb8\x8d\xe5\xb0\x8f\xe4\xba\x8e", "x\\ge %"},
    {LEFT, "\xe4\xb8\x8d\xe5\xb0\x91\xe4\xba\x8e", "x\\ge %"},
    {RIGHT, "\xe4\xba\xbf", "100000000*(%)"},
    /* and Japanese */
    {RIGHT, "\xe4\xbb\xa5\xe4\xb8\x8a", "x\\ge %"}, {RIGHT, "\xe4\xbb\xa5\xe4\xb8\x8b", "x\\le %"},
    {RIGHT, "\xe6\x9c\xaa\xe6\xba\x80", "x<%"},
    {RIGHT, "\xe3\x82\x88\xe3\x82\x8a\xe5\xa4\xa7\xe3\x81\x8d", "x>%"},
    {RIGHT, "\xe3\x82\x88\xe3\x82\x8a\xe5\xb0\x8f\xe3\x81\x95", "x<%"},
    /* Korean */
    {RIGHT, "\xec\x9d\xb4\xec\x83\x81", "x\\ge %"}, {RIGHT, "\xec\x9d\xb4\xed\x95\x98", "x\\le %"},
    {RIGHT, "\xeb\xaf\xb8\xeb\xa7\x8c", "x<%"}, {RIGHT, "\xec\xb4\x88\xea\xb3\xbc", "x>%"},
};
/* clang-format on */

static bool is_word(int c)
{
    return ascii_is_letter(c) || c >= 0x80 || c == '\'';
}

/* The row of this side whose words begin at s.p[i], NULL when none does. */
static const struct row *row_after(struct span s, size_t i, enum side side)
{
    struct span rest = span_slice(s, i, s.n);
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        size_t n = strlen(rows[k].words);
        if (rows[k].side != side || !words_begin(rest, rows[k].words)) continue;
        bool border = n == rest.n || !is_word((unsigned char)rest.p[n]);
        if (border || foreign_is_unspaced(rows[k].words)) return &rows[k];
    }
    return NULL;
}

/* The row of LEFT whose words end at s.p[end]. */
static const struct row *row_before(struct span s, size_t end)
{
    const struct row *best = NULL;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        size_t n = strlen(rows[k].words);
        if (rows[k].side != LEFT || n > end) continue;
        bool border = n == end || !is_word((unsigned char)s.p[end - n - 1]) ||
                      foreign_is_unspaced(rows[k].words);
        bool here = border && words_begin(span_slice(s, end - n, end), rows[k].words);
        if (here && (best == NULL || n > strlen(best->words))) best = &rows[k];
    }
    return best;
}

static struct span fill(struct arena *a, const char *template, struct span x, struct span y)
{
    struct buffer out;
    buffer_init(&out, x.n + y.n + 64);
    for (const char *c = template; *c != 0; c++) {
        if (*c == '%') {
            buffer_add_span(&out, x);
        } else if (*c == '&') {
            buffer_add_span(&out, y);
        } else {
            buffer_add_char(&out, *c);
        }
    }
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span text = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return text;
}

/* Where the words before `from` end: spaces, articles and signs of money are stepped over. */
static size_t before_articles(struct span s, size_t from)
{
    static const char *const articles[] = {"the", "a", "an", "exactly", "about", "approximately"};
    for (bool again = true; again;) {
        again = false;
        while (from > 0 && memchr(" \t$(\\", s.p[from - 1], 5) != NULL) {
            from--;
        }
        for (size_t k = 0; k < sizeof(articles) / sizeof(articles[0]) && !again; k++) {
            size_t n = strlen(articles[k]);
            again =
                from > n && memcmp(s.p + from - n, articles[k], n) == 0 && s.p[from - n - 1] == ' ';
            if (again) from -= n;
        }
    }
    return from;
}

static size_t after_space(struct span s, size_t to)
{
    while (to < s.n && (s.p[to] == ' ' || s.p[to] == '\t')) {
        to++;
    }
    return to;
}

/* Nothing is half of, or less than, an equation, a set or a date. */
static bool is_no_value(struct span s)
{
    static const char *const signs[] = {"=", "<", ">", "\\in", "\\{", "\\le", "\\ge", "\\ne"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (span_find(s, span_str(signs[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* A number without its separators of thousands, which brackets would make a list; s itself elsewhere. */
static struct span without_groups(struct arena *a, struct span s)
{
    size_t n = 0;
    char *out = span_has(s, ',') && s.n < 40 ? arena_alloc(a, s.n + 1, 1) : NULL;
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        bool group = s.p[i] == ',' && n > 0 && i + 3 < s.n && ascii_is_digit(s.p[i + 1]);
        if (s.p[i] != ',' && s.p[i] != '.' && !ascii_is_digit(s.p[i])) return s;
        if (s.p[i] == ',' && !group) return s;
        if (!group) out[n++] = s.p[i];
    }
    return out == NULL ? s : span_of(out, n);
}

static bool apply(struct arena *a, struct spoken *v, const char *template, struct span second)
{
    struct span bare = without_groups(a, words_unwrap(v->text));
    second = without_groups(a, second);
    if (template != NULL && !v->changed && is_no_value(bare)) v->senseless = true;
    if (template == NULL || v->senseless) {
        v->denied = true;
        return false;
    }
    v->text = fill(a, template, bare, second);
    v->changed = true;
    return v->text.n > 0;
}

/* "We need at least 7 colours", "at most 6 of them can be chosen": the least or the greatest count itself. */
static bool is_extreme_count(struct span s, const struct row *row, size_t from, size_t to)
{
    static const char *const needs[] = {" need",     " needs", " needed", " require",
                                        " requires", " take",  " takes",  " draw",
                                        " buy",      " use",   " pick",   " make"};
    struct span before = span_slice(s, 0, from), rest = span_slice(s, to, s.n);
    size_t stop = span_find(rest, span_str(","), 0), can = span_find(rest, span_str(" can "), 0);
    if (strcmp(row->words, "at most") == 0)
        return can != SPAN_NONE && (stop == SPAN_NONE || can < stop);
    while (span_ends(before, span_str(" "))) {
        before.n--;
    }
    for (size_t k = 0; strcmp(row->words, "at least") == 0 && k < sizeof(needs) / sizeof(needs[0]);
         k++) {
        if (span_ends(before, span_str(needs[k]))) return true;
    }
    return false;
}

/* "They add up to 36" */
static bool adds_up(struct span before)
{
    static const char *const verbs[] = {"add ", "adds ", "added ",  "adding ",
                                        "sum ", "sums ", "amount ", "total "};
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        if (span_ends(before, span_str(verbs[k]))) return true;
    }
    return false;
}

/* The row makes a bound of its value: "at most". */
static bool is_order(const char *template)
{
    return template != NULL && template[0] == 'x';
}

/* What is bounded in "y is at most 7", where the bound begins at s.p[at]: a letter, x where none is named, and 0 for what
 * is no letter alone, "2x is at most 7". */
static char subject_letter(struct span s, size_t at)
{
    static const char *const verbs[] = {" is ", " are ", " must be ", " should be ", " can be "};
    struct span before = span_slice(s, 0, at);
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        struct span verb = span_str(verbs[k]);
        if (!span_ends(before, verb)) continue;
        before.n -= verb.n;
        size_t from = before.n;
        while (from > 0 && before.p[from - 1] != ' ') {
            from--;
        }
        struct span subject = words_unwrap(span_slice(before, from, before.n));
        size_t letters = 0;
        for (size_t i = 0; i < subject.n; i++) {
            letters += ascii_is_letter(subject.p[i]) || subject.p[i] == '\'';
        }
        if (subject.n == 1 && letters == 1) return subject.p[0];
        return letters == subject.n ? 'x' : 0;
    }
    return 'x';
}

static bool read_left(struct arena *a, struct span s, struct spoken *v)
{
    size_t end = before_articles(s, v->from);
    const struct row *row = row_before(s, end);
    if (row == NULL) {
        v->denied |= denied_by_verb(s, end) || foreign_denies_before(s, end);
        return false;
    }
    if (strcmp(row->words, "up to") == 0 && adds_up(span_slice(s, 0, end - strlen(row->words))))
        return false;
    v->from = end - strlen(row->words);
    if (!v->changed && is_extreme_count(s, row, v->from, v->to)) return true;
    if (!is_order(row->template)) return apply(a, v, row->template, span_of(NULL, 0));
    char template[MAX_TEMPLATE] = {0}, letter = subject_letter(s, v->from);
    size_t n = strlen(row->template);
    if (letter == 0 || n >= sizeof(template)) {
        v->denied = true;
        return false;
    }
    memcpy(template, row->template, n);
    template[0] = letter;
    return apply(a, v, template, span_of(NULL, 0));
}

struct span spoken_spelled(struct span s, size_t at)
{
    int64_t n, d;
    size_t end = at, found = at;
    for (int words = 0; words < 8 && end < s.n; words++) {
        while (end < s.n && (ascii_is_letter(s.p[end]) || s.p[end] == '-')) {
            end++;
        }
        struct span t = span_slice(s, at, end);
        if (numerals_whole(t, &n) || numerals_fraction(t, &n, &d)) found = end;
        if (end >= s.n || s.p[end] != ' ') break;
        end++;
    }
    return span_slice(s, at, found);
}

/* A number in words, in digits; n 0 when it is none. */
static struct span in_digits(struct arena *a, struct span words)
{
    int64_t n, d = 1;
    char text[48];
    if (!numerals_whole(words, &n) && !numerals_fraction(words, &n, &d)) return span_of(NULL, 0);
    int k = snprintf(text, sizeof(text), d == 1 ? "%lld" : "%lld/%lld", (long long)n, (long long)d);
    char *copy = arena_str(a, span_of(text, (size_t)k));
    return span_of(copy, copy == NULL ? 0 : (size_t)k);
}

/* The x of "five plus x" and "5 more than n" at s.p[at]; no bytes where a word stands there or nothing. */
static struct span letter_at(struct span s, size_t at)
{
    bool letter = at < s.n && ascii_is_letter(s.p[at]) && strchr("aAI", s.p[at]) == NULL;
    bool border = letter && (at + 1 == s.n || !is_word((unsigned char)s.p[at + 1]));
    return border ? span_slice(s, at, at + 1) : span_of(NULL, 0);
}

/* The words between two values mean the same where the second one is a letter: no unit's, no base's. */
static bool takes_letter(const struct row *row)
{
    static const char *const sums[] = {"plus",          "minus",     "times",
                                       "multiplied by", "over",      "divided by",
                                       "more than",     "less than", "fewer than"};
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        if (strcmp(row->words, sums[i]) == 0) return true;
    }
    return false;
}

/* The second value of two, from s.p[next] on; *to: where it ends. */
static struct span second_value(struct arena *a, struct span s, size_t next, size_t *to)
{
    struct run r;
    struct span t = run_at(s, next, &r) && r.tells ? run_read(a, s, &r) : span_of(NULL, 0);
    *to = next + t.n;
    if (t.n > 0) return t;
    struct span words = spoken_spelled(s, next);
    *to = next + words.n;
    return words.n == 0 ? words : in_digits(a, words);
}

/* "30 percent" and "30%": 30; n 0 when s is no percentage. */
static struct span percentage(struct span s)
{
    static const char *const signs[] = {"percent", "per cent", "\\%", "%"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        struct span sign = span_str(signs[i]);
        if (s.n > sign.n && span_ends(s, sign)) return span_trim(span_slice(s, 0, s.n - sign.n));
    }
    return span_of(NULL, 0);
}

/* "30 percent of 10", "3/4 of 20". Of other values it says nothing: "3 of 10". */
static bool read_share(struct arena *a, struct span s, size_t i, struct spoken *v)
{
    struct span bare = words_unwrap(v->text), share = percentage(bare);
    bool fraction = span_has(bare, '/') || span_starts(bare, span_str("\\frac"));
    if (!words_start(span_slice(s, i, s.n), span_str("of ")) || (share.n == 0 && !fraction)) {
        return false;
    }
    size_t next = after_space(s, i + 3), to;
    if (words_start(span_slice(s, next, s.n), span_str("the "))) return false;
    struct span second = second_value(a, s, next, &to);
    if (second.n == 0 || span_has(second, '=')) return false;
    v->to = to;
    if (share.n > 0) v->text = share;
    return apply(a, v, share.n > 0 ? "(%)/100*(&)" : "(%)*(&)", words_unwrap(second));
}

/* "a score of 75 out of 100" is 75. */
static bool speaks_of_points(struct span s)
{
    static const char *const words[] = {"score", "points", "marks", "grade", "rating"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* "a probability of 3 in 8" */
static bool speaks_of_chance(struct span s)
{
    static const char *const words[] = {"probability", "chance", "odds", "likelihood"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

bool spoken_is_bound(struct span s)
{
    return s.n > 2 && ascii_is_letter(s.p[0]) && strchr("<>\\", s.p[1]) != NULL;
}

/* What follows a bound takes some of it away: "greater than 3 except 4". */
static bool is_excepted(struct span rest)
{
    return words_begin(rest, "except") || words_begin(rest, "but not ") ||
           words_begin(rest, "other than ");
}

/* "3 in 10", "5 per 8" alone, or behind "is": a share. What follows the second number makes it a rate: "5 per 8 days". */
static bool is_share(struct span s, const struct spoken *v, size_t to, bool in)
{
    static const char *const leads[] = {" is ", " of "};
    size_t i = after_space(s, to);
    bool whole = v->from == 0;
    for (size_t k = 0; k < sizeof(leads) / sizeof(leads[0]); k++) {
        whole |= span_ends(span_slice(s, 0, v->from), span_str(leads[k]));
    }
    for (size_t k = v->from; k < v->to; k++) {
        whole &= ascii_is_digit(s.p[k]);
    }
    size_t digits = i;
    while (i < s.n && ascii_is_digit(s.p[i])) {
        i++;
    }
    struct span rest = span_trim(span_slice(s, i, s.n)), noun = rest;
    for (noun.n = 0; noun.n < rest.n && ascii_is_letter(rest.p[noun.n]);) {
        noun.n++;
    }
    bool round = in && v->from == 0 && i > digits + 1 && s.p[digits] == '1' && noun.n > 0 &&
                 !unit_known(noun); /* "3 in 10 people agree" */
    for (size_t k = digits + 1; k < i; k++) {
        round &= s.p[k] == '0';
    }
    return whole && i > digits && (rest.n == 0 || span_is(rest, ".") || round);
}

static bool read_right(struct arena *a, struct span s, struct spoken *v)
{
    size_t i = after_space(s, v->to);
    size_t taken_back = i < s.n && s.p[i] == '(' ? denied_in_bracket(s, i) : 0;
    if (taken_back > 0) {
        v->to = taken_back;
        v->denied = true;
        return false;
    }
    bool excepted = spoken_is_bound(v->text) && is_excepted(span_slice(s, i, s.n));
    if ((v->changed && excepted) || foreign_denies_behind(s, v->to)) {
        v->denied = true;
        return false;
    }
    if (read_share(a, s, i, v)) return true;
    const struct row *row = row_after(s, i, RIGHT);
    if (row != NULL) {
        v->to = i + strlen(row->words);
        return apply(a, v, row->template, span_of(NULL, 0));
    }
    if (i < s.n && s.p[i] == '(' && words_start(span_slice(s, i + 1, s.n), span_str("base "))) i++;
    row = row_after(s, i, BETWEEN);
    if (row == NULL) return false;
    bool odds = span_is(words_unwrap(v->text), "1") || speaks_of_chance(s);
    bool in = strcmp(row->words, "in") == 0, per = strcmp(row->words, "per") == 0;
    if (((in && !odds) || per) && !is_share(s, v, i + strlen(row->words), in)) return false;
    size_t next = after_space(s, i + strlen(row->words)), to;
    if (words_start(span_slice(s, next, s.n), span_str("the "))) next += 4;
    struct span letter = takes_letter(row) ? letter_at(s, next) : span_of(NULL, 0);
    struct span second = letter.n > 0 ? letter : second_value(a, s, next, &to);
    if (second.n == 0) return false;
    v->to = letter.n > 0 ? next + 1 : to;
    struct span bare = words_unwrap(v->text);
    size_t equal =
        strcmp(row->words, "in base") == 0 ? span_find_last(bare, span_str("=")) : SPAN_NONE;
    if (equal != SPAN_NONE && !v->changed) /* 2 * 16 + 10 = 42 in base ten */
        v->text = words_unwrap(span_slice(bare, equal + 1, bare.n));
    if (strcmp(row->words, "out of") == 0 && speaks_of_points(s)) return false;
    const char *sign = second.n == 0 ? NULL : memchr(second.p, '=', second.n);
    if (sign == NULL) return apply(a, v, row->template, words_unwrap(second));
    size_t at = (size_t)(sign - second.p); /* 10 choose 3 = 120 */
    struct span result = span_slice(second, at, second.n);
    if (!apply(a, v, row->template, span_trim(span_slice(second, 0, at)))) return false;
    v->text = fill(a, "%&", v->text, result);
    return v->text.n > 0;
}

static struct spoken read_beside(struct arena *a, struct span s, struct spoken v)
{
    for (int i = 0; i < MAX_ROUNDS && read_left(a, s, &v); i++) {
    }
    for (int i = 0; i < MAX_ROUNDS && !v.denied && read_right(a, s, &v); i++) {
    }
    if (v.changed && v.text.n == 0) v.denied = true; /* no memory for it */
    return v;
}

struct spoken spoken_value(struct arena *a, struct span s, size_t from, size_t to)
{
    return read_beside(a, s,
                       (struct spoken){.text = span_slice(s, from, to), .from = from, .to = to});
}

/* " point one four" at s.p[i]: its digits behind a point, in out. The offset after it, i where it is
 * none. */
static size_t decimals_after(struct span s, size_t i, struct buffer *out)
{
    struct span point = span_str(" point ");
    int64_t n;
    size_t end = i;
    if (!span_starts(span_slice(s, i, s.n), point)) return i;
    for (size_t from = i + point.n, to; from < s.n; from = to + 1) {
        for (to = from; to < s.n && ascii_is_letter(s.p[to]);) {
            to++;
        }
        if (to == from || !numerals_whole(span_slice(s, from, to), &n) || n > 9) break;
        buffer_addf(out, end == i ? ".%d" : "%d", (int)n);
        end = to;
        if (to >= s.n || s.p[to] != ' ') break;
    }
    return end;
}

/* The value v with the decimals and the "percent" that follow it. */
static void take_tail(struct arena *a, struct span s, struct spoken *v)
{
    struct buffer out;
    struct span percent = span_str(" percent");
    buffer_init(&out, 256);
    buffer_add_span(&out, v->text);
    size_t to = decimals_after(s, v->to, &out);
    if (span_starts(span_slice(s, to, s.n), percent)) {
        buffer_add_str(&out, "\\%");
        to += percent.n;
    }
    char *copy = to == v->to || out.failed ? NULL : arena_str(a, buffer_span(&out));
    if (copy != NULL) {
        v->text = span_of(copy, out.n);
        v->to = to;
        v->changed = true;
    }
    buffer_clear(&out);
}

struct spoken spoken_number(struct arena *a, struct span s, size_t from, size_t to)
{
    struct span words = span_slice(s, from, to);
    struct spoken v = {.text = in_digits(a, words), .from = from, .to = to};
    if (v.text.n > 0) take_tail(a, s, &v);
    v = read_beside(a, s, v);
    if (!v.changed) v.text = words;
    return v;
}

struct span spoken_with_unit(struct span s, size_t from, size_t to)
{
    size_t end = to + 1;
    while (to < s.n && s.p[to] == ' ' && end < s.n && ascii_is_letter(s.p[end])) {
        end++;
    }
    bool unit = end > to + 3 && end <= s.n && unit_known(span_slice(s, to + 1, end));
    return span_slice(s, from, unit ? end : to);
}

/* "one" is a number at s.p[at] only behind a word or sign that joins numbers: "five or one", not "the
 * only one". */
static bool is_joined(struct span s, size_t at)
{
    static const char *const joints[] = {"or ", "to ", "and ", "/", "(", ", ", "; ", "-"};
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
        if (span_ends(span_slice(s, 0, at), span_str(joints[i]))) return true;
    }
    return false;
}

size_t spoken_add_digits(struct arena *a, struct span s, size_t at, struct buffer *out)
{
    bool begins = ascii_is_letter(s.p[at]) && (at == 0 || !is_word((unsigned char)s.p[at - 1]));
    struct span words = span_trim(begins ? spoken_spelled(s, at) : span_of(NULL, 0));
    size_t end = at + words.n;
    bool whole = words.n > 0 && (end == s.n || !is_word((unsigned char)s.p[end]));
    bool one = words.n == 3 && words_begin(words, "one") && at > 0;
    if (!whole || (one && !is_joined(s, at))) return at;
    buffer_add_span(out, in_digits(a, words));
    return decimals_after(s, end, out);
}

/* What follows a number changes it, or may: another number, a letter that stands for one. Not "days a week". */
static bool goes_on(struct span rest)
{
    for (size_t i = 0; i < rest.n; i++) {
        if (ascii_is_digit(rest.p[i])) return true;
        bool begins = i == 0 || !is_word((unsigned char)rest.p[i - 1]);
        if (!begins || !ascii_is_letter(rest.p[i])) continue;
        struct span words = spoken_spelled(rest, i);
        bool one = words.n == 3 && words_begin(words, "one") && !is_joined(rest, i);
        if ((words.n > 0 && !one) || letter_at(rest, i).n > 0) return true;
    }
    return false;
}

/* What is counted follows: "five: two red and three blue", "four (1, 2, 3, 6)". */
static bool lists_what(struct span rest)
{
    size_t open = after_space(rest, 0), close = span_find(rest, span_str(")"), 0);
    if (span_starts(rest, span_str(": "))) return true;
    if (open == rest.n || rest.p[open] != '(' || close == SPAN_NONE) return false;
    return span_find(span_slice(rest, open, close), span_str(", "), 0) != SPAN_NONE;
}

/* "a quarter to nine", "half past ten" */
static bool is_time(struct span number, struct span rest)
{
    bool part = span_ends(number, span_str("quarter")) || span_ends(number, span_str("half"));
    return part && (span_starts(rest, span_str(" to ")) || span_starts(rest, span_str(" past ")));
}

/* The text p of n bytes without the number that it begins with again in brackets behind it: "5 apples" of
 * "5 (5) apples". */
static struct span without_echo(char *p, size_t n)
{
    struct span s = span_of(p, n);
    size_t digits = 0;
    while (digits < n && ascii_is_digit(p[digits])) {
        digits++;
    }
    size_t open = after_space(s, digits), close = open + digits + 1;
    bool echo =
        close < n && p[open] == '(' && p[close] == ')' && memcmp(p, p + open + 1, digits) == 0;
    if (echo) memmove(p + digits, p + close + 1, n - close - 1);
    return echo ? span_of(p, n - (close + 1 - digits)) : s;
}

struct span spoken_in_digits(struct arena *a, struct span s)
{
    bool begins = s.n > 0 && s.n <= MAX_SPELLED && ascii_is_letter(s.p[0]);
    struct span first = span_trim(begins ? spoken_spelled(s, 0) : span_of(NULL, 0));
    struct span rest = span_slice(s, first.n, s.n);
    if (first.n == 0 || !goes_on(rest) || lists_what(rest) || is_time(first, rest)) return s;
    struct buffer out;
    buffer_init(&out, s.n + 64);
    for (size_t i = 0; i < s.n;) {
        size_t end = spoken_add_digits(a, s, i, &out);
        if (end == i) buffer_add_char(&out, s.p[end++]);
        i = end;
    }
    bool changed = !out.failed && out.n > 0 && ascii_is_digit(out.p[0]);
    char *copy = changed ? arena_str(a, buffer_span(&out)) : NULL;
    struct span text = copy == NULL ? s : without_echo(copy, out.n);
    buffer_clear(&out);
    return text;
}
