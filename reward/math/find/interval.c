/* reward/math/find/interval.c - see interval.h.
 *
 *     The domain is all real x that are at least 0 but less than 10.
 *     ~~~~~~~~~~~~~ ~~~~~~~~~~~~~~~~~~~ ======== = +++ ========= ==   what is spoken of, and its bounds
 *
 * Whether an end belongs to an interval must be said: "from 0 to 5" and "between 0 and 5" alone are read nowhere here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/interval.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/find/formula.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/words.h"

enum { MOST_STATEMENT = 240, MOST_SENTENCE = 2000, MOST_VALUE = 40 };

enum end { UNSAID, CLOSED, OPEN };

/* Where the scan of a statement stands. */
struct scan {
    struct arena *a;
    struct span s;
    size_t i;
    char letter; /* what is spoken of; 0: no letter */
    bool denied;
};

/* One side: an operator's sign, and its value as mathematics. */
struct bound {
    const char *sign; /* "<", "\\le", ">", "\\ge" */
    struct span value;
};

static struct span rest_of(const struct scan *x)
{
    return span_slice(x->s, x->i, x->s.n);
}

static bool skip(struct scan *x, const char *words)
{
    bool here = words_begin(rest_of(x), words);
    if (here) x->i += strlen(words);
    return here;
}

static bool skip_one(struct scan *x, const char *const *list)
{
    for (size_t k = 0; list[k] != NULL; k++) {
        if (skip(x, list[k])) return true;
    }
    return false;
}

/* ---- values ------------------------------------------------------------------------------------ */

/* v as mathematics: a number in digits or words, a constant, infinity. No bytes for anything else. */
static struct span value_of(struct arena *a, struct span v)
{
    static const struct {
        const char *words, *latex;
    } ends[] = {{"infinity", "\\infty"},           {"positive infinity", "\\infty"},
                {"negative infinity", "-\\infty"}, {"minus infinity", "-\\infty"},
                {"-infinity", "-\\infty"},         {"\\infty", "\\infty"},
                {"-\\infty", "-\\infty"}};
    int64_t n;
    bool command = false;
    v = words_unwrap(v);
    if (v.n == 0 || v.n > MOST_VALUE) return span_of(NULL, 0);
    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
        if (v.n == strlen(ends[k].words) && words_begin(v, ends[k].words))
            return span_str(ends[k].latex);
    }
    if (numerals_whole(v, &n)) {
        struct buffer out;
        buffer_init(&out, MOST_VALUE);
        buffer_addf(&out, "%lld", (long long)n);
        char *copy = arena_str(a, buffer_span(&out));
        struct span text = span_of(copy, copy == NULL ? 0 : out.n);
        buffer_clear(&out);
        return text;
    }
    for (size_t i = 0; i < v.n; i++) {
        bool letter = ascii_is_letter(v.p[i]);
        if (!letter) command = v.p[i] == '\\';
        if ((letter && !command) || memchr("<>=,;:", v.p[i], 6) != NULL) return span_of(NULL, 0);
    }
    return formula_reads(a, v) ? v : span_of(NULL, 0);
}

/* The value up to the word or sign that ends it. */
static struct span value_here(struct scan *x)
{
    static const char *const stops[] = {" and ",   " but ", " or ",       " to ",       ", ",
                                        " (",      " incl", " excl",      " with ",     " yet ",
                                        " not ",   " both", " endpoints", " including", " through ",
                                        " up to ", NULL};
    struct span rest = rest_of(x);
    size_t end = 0;
    for (bool stop = false; end < rest.n && !stop; end += !stop) {
        struct span tail = span_slice(rest, end, rest.n);
        for (size_t k = 0; stops[k] != NULL && !stop; k++) {
            stop = (rest.p[end] == ' ' || rest.p[end] == ',') && words_begin(tail, stops[k]);
        }
    }
    x->i += end;
    return value_of(x->a, span_slice(rest, 0, end));
}

/* ---- what is spoken of ------------------------------------------------------------------------- */

/* A word, or a letter, of what stands before the bounds; false where something else does. */
static bool skip_subject(struct scan *x)
{
    static const char *const words[] = {
        "so ",     "so, ",        "thus ",     "thus, ",  "hence ",    "hence, ",     "therefore ",
        "then ",   "therefore, ", "the ",      "answer ", "solution ", "solutions ",  "set ",
        "domain ", "range ",      "interval ", "of ",     "is ",       "is: ",        "are ",
        "all ",    "any ",        "every ",    "each ",   "real ",     "reals ",      "numbers ",
        "number ", "values ",     "value ",    "that ",   "such ",     "which ",      "with ",
        "where ",  "must ",       "be ",       "lie ",    "lies ",     "satisfying ", "it ",
        "goes ",   "ranges ",     "runs ",     "varies ", "extends ",  "consists ",   NULL};
    static const char *const parts[] = {"integer",   "natural",   "whole ",   "odd ",  "even ",
                                        "prime",     "rational",  "not ",     "no ",   "none ",
                                        "never ",    "neither ",  "some ",    "most ", "few ",
                                        "positive ", "negative ", "outside ", NULL};
    if (skip_one(x, words)) return true;
    struct span rest = rest_of(x);
    size_t at = rest.n > 2 && rest.p[0] == '$' && rest.p[2] == '$' ? 1 : 0, next = at * 2 + 1;
    bool letter = rest.n > next && ascii_is_letter(rest.p[at]) && rest.p[next] == ' ';
    if (letter && rest.p[at] != 'a' && (x->letter == 0 || x->letter == rest.p[at])) {
        x->letter = rest.p[at];
        x->i += next + 1;
        return true;
    }
    if (!skip_one(x, parts)) return false;
    while (x->i < x->s.n && x->s.p[x->i - 1] != ' ') { /* of "integer|s" */
        x->i++;
    }
    return x->denied = true;
}

/* ---- bounds ------------------------------------------------------------------------------------ */

/* "at least 0"; sign NULL: none stands here. */
static struct bound bound_here(struct scan *x)
{
    static const struct {
        const char *words, *sign;
    } rows[] = {{"at least ", "\\ge"},
                {"at most ", "\\le"},
                {"greater than or equal to ", "\\ge"},
                {"more than or equal to ", "\\ge"},
                {"less than or equal to ", "\\le"},
                {"no less than ", "\\ge"},
                {"not less than ", "\\ge"},
                {"no fewer than ", "\\ge"},
                {"no smaller than ", "\\ge"},
                {"no more than ", "\\le"},
                {"not more than ", "\\le"},
                {"no greater than ", "\\le"},
                {"not greater than ", "\\le"},
                {"no larger than ", "\\le"},
                {"strictly less than ", "<"},
                {"strictly greater than ", ">"},
                {"strictly more than ", ">"},
                {"less than ", "<"},
                {"smaller than ", "<"},
                {"below ", "<"},
                {"greater than ", ">"},
                {"more than ", ">"},
                {"larger than ", ">"},
                {"bigger than ", ">"},
                {"above ", ">"},
                {"exceeds ", ">"}};
    size_t from = x->i;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (!skip(x, rows[k].words)) continue;
        struct span v = value_here(x);
        if (v.n > 0) return (struct bound){rows[k].sign, v};
        break;
    }
    x->i = from;
    return (struct bound){NULL, {NULL, 0}};
}

/* Whether the end just read belongs, "(excluded)"; both: it is said of both ends, "(both included)", ", inclusive". */
static enum end mark_here(struct scan *x, bool *both)
{
    static const struct {
        const char *words;
        enum end is;
        bool both;
    } rows[] = {{" (included)", CLOSED, false},
                {" (inclusive)", CLOSED, false},
                {" (excluded)", OPEN, false},
                {" (exclusive)", OPEN, false},
                {" (not included)", OPEN, false},
                {" inclusive", CLOSED, true},
                {", inclusive", CLOSED, true},
                {" exclusive", OPEN, true},
                {", exclusive", OPEN, true},
                {" (both included)", CLOSED, true},
                {", both included", CLOSED, true},
                {" (both excluded)", OPEN, true},
                {", both excluded", OPEN, true},
                {", including both", CLOSED, true},
                {", endpoints included", CLOSED, true},
                {", endpoints excluded", OPEN, true},
                {", ends included", CLOSED, true},
                {" including both", CLOSED, true},
                {" (including both", CLOSED, true},
                {" (both inclusive)", CLOSED, true},
                {", both inclusive", CLOSED, true},
                {" (both exclusive)", OPEN, true},
                {", excluding both", OPEN, true},
                {" excluding both", OPEN, true}};
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (!skip(x, rows[k].words)) continue;
        static const char *const ends[] = {" endpoints", " end points", " ends", " of them", NULL};
        *both = rows[k].both;
        skip_one(x, ends);
        if (rest_of(x).n > 0 && rest_of(x).p[0] == ')') x->i++;
        return rows[k].is;
    }
    return UNSAID;
}

static bool is_infinite(struct span v)
{
    return span_ends(v, span_str("\\infty"));
}

/* The text that format and its spans make, in the arena. */
static struct span text_of(struct arena *a, const struct span *parts, size_t n)
{
    struct buffer out;
    buffer_init(&out, MOST_STATEMENT);
    for (size_t k = 0; k < n; k++) {
        buffer_add_span(&out, parts[k]);
    }
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span text = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return text;
}

static struct span with_ends(struct arena *a, struct span low, enum end first, struct span high,
                             enum end last)
{
    bool left = first == CLOSED && !is_infinite(low), right = last == CLOSED && !is_infinite(high);
    struct span parts[] = {span_str(left ? "[" : "("), low, span_str(", "), high,
                           span_str(right ? "]" : ")")};
    assert(low.n > 0 && high.n > 0);
    return text_of(a, parts, sizeof(parts) / sizeof(parts[0]));
}

/* "from -1 (excluded) to 4", "from 0 to 4 (both included)" */
static struct span from_to(struct scan *x)
{
    bool both = false;
    if (!skip(x, "from ")) return span_of(NULL, 0);
    struct span low = value_here(x);
    enum end first = mark_here(x, &both), last;
    static const char *const joints[] = {" to ", " up to ", " through ", NULL};
    if (low.n == 0 || both || !skip_one(x, joints)) return span_of(NULL, 0);
    struct span high = value_here(x);
    last = high.n > 0 ? mark_here(x, &both) : UNSAID;
    if (high.n == 0 || (first != UNSAID && both)) return span_of(NULL, 0);
    bool sure = first == OPEN || last != UNSAID || is_infinite(high);
    if (both) first = last;
    if (!sure || (first == UNSAID && last == UNSAID)) return span_of(NULL, 0);
    return with_ends(x->a, low, first == UNSAID ? CLOSED : first, high,
                     last == UNSAID ? CLOSED : last);
}

/* "strictly between 2 and 5", "between 2 and 5 inclusive" */
static struct span between(struct scan *x)
{
    bool both = false, strictly = skip(x, "strictly ");
    if (!skip(x, "between ")) return span_of(NULL, 0);
    struct span low = value_here(x);
    if (low.n == 0 || !skip(x, " and ")) return span_of(NULL, 0);
    struct span high = value_here(x);
    enum end ends = high.n > 0 ? mark_here(x, &both) : UNSAID;
    if (high.n == 0 || (strictly && ends == CLOSED) || (!strictly && ends == UNSAID))
        return span_of(NULL, 0);
    return with_ends(x->a, low, strictly ? OPEN : ends, high, strictly ? OPEN : ends);
}

/* Two bounds that a joint makes an interval, or the two rays of an or. */
static struct span both_bounds(struct scan *x, struct bound p, struct bound q, bool either)
{
    bool up = p.sign[0] == '>' || p.sign[1] == 'g', also = q.sign[0] == '>' || q.sign[1] == 'g';
    if (up == also) return span_of(NULL, 0);
    struct bound low = up ? p : q, high = up ? q : p;
    enum end first = low.sign[0] == '\\' ? CLOSED : OPEN,
             last = high.sign[0] == '\\' ? CLOSED : OPEN;
    if (!either && x->letter == 0) return with_ends(x->a, low.value, first, high.value, last);
    struct span name = span_of(&x->letter, 1), none = span_str("\\infty");
    if (either) {
        struct span rays[] = {with_ends(x->a, span_str("-\\infty"), OPEN, high.value, last),
                              span_str("\\cup "), with_ends(x->a, low.value, first, none, OPEN)};
        return text_of(x->a, rays, 3);
    }
    struct span parts[] = {low.value, span_str(first == OPEN ? "<" : "\\le "), name,
                           span_str(last == OPEN ? "<" : "\\le "), high.value};
    return text_of(x->a, parts, sizeof(parts) / sizeof(parts[0]));
}

/* "at least 0 but less than 10", "y is at most 7" */
static struct span bounds(struct scan *x)
{
    static const char *const ands[] = {" and ", " but ", ", and ", ", but ", " yet ", NULL};
    static const char *const ors[] = {" or ", ", or ", NULL};
    struct bound p = bound_here(x);
    if (p.sign == NULL) return span_of(NULL, 0);
    bool both = skip_one(x, ands), either = !both && skip_one(x, ors);
    if (both || either) {
        bool denied = x->denied;
        x->denied = false;
        struct bound q = bound_here(x);
        while (q.sign == NULL && skip_subject(x) && !x->denied) { /* "and x is" */
            q = bound_here(x);
        }
        if (q.sign == NULL || x->denied) return span_of(NULL, 0);
        x->denied = denied;
        return both_bounds(x, p, q, either);
    }
    char name = x->letter == 0 ? 'x' : x->letter;
    struct span parts[] = {span_of(&name, 1), span_str(p.sign), span_str(" "), p.value};
    return text_of(x->a, parts, sizeof(parts) / sizeof(parts[0]));
}

/* The whole of s. */
static struct span whole(struct scan *x)
{
    static struct span (*const ways[])(struct scan *) = {between, from_to, bounds};
    size_t from;
    do {
        from = x->i;
        for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++) {
            struct scan y = *x;
            struct span found = ways[k](&y);
            if (found.n == 0 || rest_of(&y).n > 0) continue;
            x->denied = y.denied;
            return found;
        }
    } while (skip_subject(x) && x->i > from);
    return span_of(NULL, 0);
}

/* "... between 1 and 5, inclusive ..." anywhere in a sentence; the last one. */
static struct span between_inside(struct scan *x)
{
    size_t at = span_find_last(x->s, span_str("between "));
    static const char *const away[] = {"not ", "n't ", "outside", "never ", "except", "neither "};
    struct span word = span_str("strictly ");
    if (at == SPAN_NONE) return span_of(NULL, 0);
    if (span_ends(span_slice(x->s, 0, at), word)) at -= word.n;
    x->i = at;
    struct span found = between(x);
    struct span before = span_slice(x->s, at > MOST_VALUE ? at - MOST_VALUE : 0, at);
    for (size_t k = 0; found.n > 0 && k < sizeof(away) / sizeof(away[0]); k++) {
        x->denied |= span_find(before, span_str(away[k]), 0) != SPAN_NONE;
    }
    static const char *const more[] = {" or ",     ", or ",     " except",
                                       ", except", " but not ", ", but not "};
    for (size_t k = 0; found.n > 0 && k < sizeof(more) / sizeof(more[0]); k++) {
        x->denied |= words_begin(rest_of(x), more[k]);
    }
    return found;
}

struct span interval_said(struct arena *a, struct span s, bool *denied)
{
    struct scan x = {.a = a, .s = span_trim(s)};
    *denied = false;
    while (x.s.n > 0 && (x.s.p[x.s.n - 1] == '.' || x.s.p[x.s.n - 1] == ' ')) {
        x.s.n--;
    }
    struct span found = x.s.n <= MOST_STATEMENT ? whole(&x) : span_of(NULL, 0);
    if (found.n == 0 && x.s.n <= MOST_SENTENCE) {
        x = (struct scan){.a = a, .s = x.s};
        found = between_inside(&x);
    }
    *denied = found.n > 0 && x.denied;
    return *denied ? span_of(NULL, 0) : found;
}
