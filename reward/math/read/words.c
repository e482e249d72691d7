/* reward/math/read/words.c - answers that are words.
 *
 * Words are compared folded: small letters, one space between, no articles, no marks; so "The Cat."
 * is "cat". What words say of numbers is read by small grammars, each a table and a loop over the
 * words: whole numbers in English and Chinese (units added up, scales multiply what stands before
 * them), fractions (a number and an ordinal), times of day, dates. A grammar takes the whole text or
 * none of it: "two cats" is no number here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/words.h"

#include "base/utf8.h"

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool words_start(struct span s, struct span head)
{
    if (s.n < head.n) return false;
    for (size_t i = 0; i < head.n; i++) {
        if (lower((unsigned char)s.p[i]) != (unsigned char)head.p[i]) return false;
    }
    return true;
}

size_t words_close(struct span s, size_t i)
{
    char open = s.p[i], close = open == '{' ? '}' : open == '(' ? ')' : ']';
    size_t depth = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == open) {
            depth++;
        } else if (s.p[i] == close && --depth == 0) {
            return i + 1;
        }
    }
    return SPAN_NONE;
}

/* ---- unwrapping -------------------------------------------------------------------------------- */

static bool strip_pair(struct span *s, const char *head, const char *tail)
{
    struct span h = span_str(head), t = span_str(tail);
    if (s->n < h.n + t.n || !span_starts(*s, h) || !span_ends(*s, t)) return false;
    struct span inner = span_slice(*s, h.n, s->n - t.n);
    if (span_find(inner, h, 0) != SPAN_NONE) return false; /* two things, each wrapped */
    *s = span_trim(inner);
    return true;
}

static bool strip_command(struct span *s, const char *name)
{
    struct span head = span_str(name);
    if (!span_starts(*s, head)) return false;
    size_t i = head.n;
    while (i < s->n && s->p[i] == ' ') {
        i++;
    }
    if (i >= s->n || s->p[i] != '{' || words_close(*s, i) != s->n) return false;
    *s = span_trim(span_slice(*s, i + 1, s->n - 1));
    return true;
}

static bool strip_marker(struct span *s)
{
    if (!span_ends(*s, span_str("|>"))) return false;
    size_t at = span_find_last(*s, span_str("<|"));
    if (at == SPAN_NONE || at == 0) return false;
    *s = span_trim(span_slice(*s, 0, at));
    return true;
}

static bool strip_end(struct span *s)
{
    static const char *const ends[] = {
        ".",   ",",   ";",   ":", "\xe3\x80\x82", "\xef\xbc\x8c", "\xef\xbc\x8e", "\\\\",
        "\\]", "\\)", "\\.", "$"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct span e = span_str(ends[i]);
        if (s->n <= e.n || !span_ends(*s, e)) continue;
        if (e.n == 1 && s->n >= 2 && s->p[s->n - 2] == '\\') continue; /* \, \; are spacing */
        if (span_is(e, ".") && s->n >= 2 && s->p[s->n - 2] == '.') continue;
        if (span_is(e, "$") && memchr(s->p, '$', s->n - 1) != NULL) continue;
        if (span_is(e, "\\]") && span_find(*s, span_str("\\["), 0) != SPAN_NONE) continue;
        if (span_is(e, "\\)") && span_find(*s, span_str("\\("), 0) != SPAN_NONE) continue;
        *s = span_trim(span_slice(*s, 0, s->n - e.n));
        return true;
    }
    return false;
}

/* "2.5 (approximately ...)", "2.5 (to 1 d.p.)": what a parenthesis says about the value is not part
 * of it. */
static struct span without_remark(struct span s)
{
    static const char *const remarks[] = {"(approx",      "(about ",   "(roughly", "(rounded",
                                          "(or about",    "(exactly)", "(to ",     "(check",
                                          "(correct to ", "(nearest ", "(verif",   "(\xe2\x89\x88",
                                          "(\\approx",    "(etwa ",    "(environ "};
    static const char *const places[] = {
        "d.p.)",          "dp)", "s.f.)", "sf)", "sig figs)", "sig. figs.)", "significant figures)",
        "decimal places)"};
    if (s.n == 0 || !span_has(s, '(')) return s;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t open = span_ends(s, span_str(places[i])) ? span_find_last(s, span_str("(")) : 0;
        if (open > 0 && open != SPAN_NONE) s = span_trim(span_slice(s, 0, open));
    }
    for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
        size_t at = span_find(s, span_str(remarks[i]), 0);
        if (at == SPAN_NONE || at == 0) continue;
        s = span_trim(span_slice(s, 0, at));
        if (span_ends(s, span_str("\\text{"))) s = span_trim(span_slice(s, 0, s.n - 6));
    }
    return s;
}

/* "approximately 3.14": the word before the value is not part of it. */
static struct span without_hedge(struct span s)
{
    static const char *const hedges[] = {"approximately ", "Approximately ", "approx. ",
                                         "about ",         "About ",         "roughly ",
                                         "exactly ",       "Exactly "};
    for (size_t i = 0; i < sizeof(hedges) / sizeof(hedges[0]); i++) {
        if (span_starts(s, span_str(hedges[i]))) {
            return span_trim(span_slice(s, strlen(hedges[i]), s.n));
        }
    }
    return s;
}

/* "6 (six)": the number said again. */
static struct span without_echo(struct span s)
{
    int64_t n;
    size_t at = span_ends(s, span_str(")")) ? span_find_last(s, span_str("(")) : SPAN_NONE;
    if (at == SPAN_NONE || at == 0 || !words_number(span_slice(s, at + 1, s.n - 1), &n)) return s;
    return span_trim(span_slice(s, 0, at));
}

struct span words_unwrap(struct span s)
{
    static const struct {
        const char *head, *tail;
    } pairs[] = {
        {"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}, {"**", "**"},
        {"*", "*"},   {"`", "`"}, {"\"", "\""},   {"'", "'"},     {"\xe2\x80\x9c", "\xe2\x80\x9d"}};
    static const char *const commands[] = {"\\boxed",  "\\fbox",      "\\text",   "\\textbf",
                                           "\\textit", "\\textrm",    "\\mathrm", "\\mathbf",
                                           "\\mbox",   "\\textnormal"};
    s = without_echo(without_remark(without_hedge(span_trim(s))));
    for (int round = 0; round < 12; round++) {
        bool changed = strip_marker(&s) || strip_end(&s);
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
            changed |= strip_pair(&s, pairs[i].head, pairs[i].tail);
        }
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            changed |= strip_command(&s, commands[i]);
        }
        if (!changed) break;
    }
    return s;
}

/* ---- comparing --------------------------------------------------------------------------------- */

static bool keeps(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) ||
           (c != 0 && strchr("+-*/^=<>_%|!&#@", c) != NULL);
}

static bool is_article(const char *p, size_t n)
{
    return (n == 1 && p[0] == 'a') || (n == 2 && memcmp(p, "an", 2) == 0) ||
           (n == 3 && memcmp(p, "the", 3) == 0);
}

/* \text, \mathrm and their like say how, not what. */
static bool is_wrapper(struct span command)
{
    static const char *const heads[] = {"text", "math", "mbox", "rm", "bf", "it", "operatorname"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (span_starts(command, span_str(heads[i]))) return true;
    }
    return false;
}

/* The letter of a to z that a character of U+00C0 to U+017F is with a mark over or under it; 0: none
 * (Planck's h has a bar for a reason). */
static char bare_letter(uint32_t c)
{
    static const char latin1[] =
        "aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0\0aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0y";
    static const char extended[] =
        "aaaaaaccccccccddddeeeeeeeeeegggggggghh\0\0iiiiiiiiii\0\0jjkk\0llllllllll"
        "nnnnnn\0\0\0oooooo\0\0rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz";
    if (c >= 0xc0 && c < 0x100) return latin1[c - 0xc0];
    return c >= 0x100 && c < 0x17f ? extended[c - 0x100] : 0;
}

struct span words_fold(struct arena *a, struct span s)
{
    char *out = arena_alloc(a, s.n + 2, 1);
    size_t n = 0, word = 0;
    if (out == NULL) return span_of(NULL, 0);
    for (size_t i = 0; i <= s.n; i++) {
        int c = i < s.n ? lower((unsigned char)s.p[i]) : ' ';
        if (c == '\\' && i + 1 < s.n) { /* a command's name is no word */
            size_t j = i + 1;
            while (j < s.n &&
                   ((s.p[j] >= 'a' && s.p[j] <= 'z') || (s.p[j] >= 'A' && s.p[j] <= 'Z'))) {
                j++;
            }
            if (j < s.n && s.p[j] == '{' && is_wrapper(span_slice(s, i + 1, j))) {
                i = j;
                continue;
            }
        }
        uint32_t wide;
        bool marked = c >= 0xc3 && c <= 0xc5 && utf8_decode(span_slice(s, i, s.n), &wide) == 2 &&
                      bare_letter(wide) != 0; /* an accent of a name is often left out */
        bool decimal = c == '.' && i + 1 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '9';
        if (marked) {
            out[n++] = bare_letter(wide);
            i++;
        } else if (keeps(c) || decimal) {
            out[n++] = (char)c;
        } else if (n > word) {
            if (is_article(out + word, n - word)) n = word;
            if (n > word) out[n++] = ' ';
            word = n;
        }
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    return span_of(out, n);
}

bool words_next(struct span s, size_t *i, struct span *word)
{
    while (*i < s.n && s.p[*i] == ' ') {
        (*i)++;
    }
    size_t end = *i;
    while (end < s.n && s.p[end] != ' ') {
        end++;
    }
    *word = span_slice(s, *i, end);
    *i = end;
    return word->n > 0;
}

/* The month that w names, also abbreviated, as a whole word: 1 for January; 0 when it names none. */
static int month(struct span w)
{
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    for (int k = 0; k < 12; k++) {
        if (span_is(w, months[k]) || (w.n == 3 && span_starts(span_str(months[k]), w))) {
            return k + 1;
        }
    }
    return 0;
}

static bool has_month(struct span s)
{
    struct span w;
    for (size_t i = 0; words_next(s, &i, &w);) {
        if (month(w) > 0) return true;
    }
    return false;
}

/* A word of a date without what may be left out: "4th" is "4", "of" is nothing. */
static struct span date_word(struct span w)
{
    bool digit = w.n > 2 && w.p[0] >= '0' && w.p[0] <= '9' && w.p[w.n - 1] >= 'a';
    return span_is(w, "of") ? span_of(NULL, 0) : digit ? span_slice(w, 0, w.n - 2) : w;
}

/* Every word of x is one of y. */
static bool words_within(struct span x, struct span y)
{
    struct span w, v;
    for (size_t i = 0; words_next(x, &i, &w);) {
        bool found = date_word(w).n == 0;
        for (size_t j = 0; !found && words_next(y, &j, &v);) {
            found = span_eq(date_word(w), date_word(v)) || (month(w) > 0 && month(w) == month(v));
        }
        if (!found) return false;
    }
    return true;
}

/* Folded s without the title before a name: "sir isaac newton". s itself when it has none. */
static struct span without_title(struct span s)
{
    static const char *const titles[] = {"sir ",  "dr ", "dr. ", "mr ",   "mr. ",   "mrs ",
                                         "mrs. ", "ms ", "ms. ", "prof ", "prof. ", "professor "};
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (span_starts(s, span_str(titles[i]))) return span_slice(s, strlen(titles[i]), s.n);
    }
    return s;
}

bool words_same(struct arena *a, struct span x, struct span y)
{
    struct span p = words_fold(a, x), q = words_fold(a, y);
    if (p.n > 0 && span_eq(p, q)) return true;
    struct span name = without_title(p), other = without_title(q);
    bool one_has_title = (name.n < p.n) != (other.n < q.n);
    if (one_has_title && name.n > 0 && span_eq(name, other)) return true;
    bool dates = p.n < 40 && q.n < 40 && has_month(p) && has_month(q); /* in any order */
    return dates && words_within(p, q) && words_within(q, p);
}

bool words_in(struct span w, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (span_is(w, list[i])) return true;
    }
    return false;
}

bool words_version(struct span s)
{
    size_t i = s.n > 0 && (s.p[0] == 'v' || s.p[0] == 'V') ? 1 : 0;
    int numbers = 0, others = 0; /* others: with a number of digits that no thousands have */
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9') {
            i++;
        }
        if (i == from || (i < s.n && s.p[i] != '.') || i + 1 == s.n) return false;
        others += numbers > 0 && i - from != 3;
        numbers++;
        i++;
    }
    return numbers >= 3 && others > 0;
}

/* The words of folded s without those that only join: two of them, the letter first. */
static bool property_of(struct span s, struct span out[2])
{
    static const char *const joints[] = {"is",      "are", "all",     "any",      "every",
                                         "must",    "be",  "integer", "integers", "number",
                                         "numbers", "for", "when",    "if",       NULL};
    struct span w;
    out[0] = out[1] = span_of(NULL, 0);
    for (size_t i = 0; words_next(s, &i, &w);) {
        if (words_in(w, joints)) continue;
        struct span *to = &out[w.n > 1];
        if (to->n > 0) return false;
        *to = w;
    }
    return out[0].n > 0 && out[1].n > 0 && out[0].p[0] >= 'a' && out[0].p[0] <= 'z';
}

bool words_same_property(struct arena *a, struct span x, struct span y)
{
    struct span p[2], q[2];
    if (x.n > 80 || y.n > 80) return false;
    return property_of(words_fold(a, x), p) && property_of(words_fold(a, y), q) &&
           span_eq(p[0], q[0]) && span_eq(p[1], q[1]);
}

bool words_with_noun(struct arena *a, struct span word, struct span s)
{
    static const char *const nouns[] = {"triangle",      "function",  "number",   "integer",
                                        "matrix",        "series",    "sequence", "angle",
                                        "polygon",       "graph",     "relation", "set",
                                        "event",         "events",    "variable", "equation",
                                        "system",        "parabola",  "curve",    "transformation",
                                        "quadrilateral", "reaction",  "process",  "compound",
                                        "bond",          "triangles", NULL};
    struct span w = words_fold(a, word), p = words_fold(a, s), first, second, third;
    size_t i = 0;
    if (w.n == 0 || span_has(w, ' ') || p.n > 60) return false;
    bool two =
        words_next(p, &i, &first) && words_next(p, &i, &second) && !words_next(p, &i, &third);
    return two && span_eq(first, w) && words_in(second, nouns);
}

bool words_date(struct arena *a, struct span s)
{
    struct span p = words_fold(a, s), w;
    int words = 0, numbers = 0;
    for (size_t i = 0; words_next(p, &i, &w); words++) {
        numbers += w.p[0] >= '0' && w.p[0] <= '9';
    }
    return words >= 2 && words <= 4 && numbers >= 1 && has_month(p);
}

/* A whole number of at most four digits; -1 when it is none. */
static int64_t part_of_day(struct span w)
{
    int64_t n = 0;
    for (size_t i = 0; i < w.n; i++) {
        if (i >= 4 || w.p[i] < '0' || w.p[i] > '9') return -1;
        n = n * 10 + (w.p[i] - '0');
    }
    return w.n == 0 ? -1 : n;
}

bool words_day(struct arena *a, struct span s, int64_t out[3])
{
    struct span p = words_fold(a, s), w;
    if (p.n > 40) return false;
    out[0] = out[1] = out[2] = 0;
    for (size_t i = 0; words_next(p, &i, &w);) {
        struct span told = date_word(w);
        int64_t n = part_of_day(told);
        int named = month(w);
        int64_t *to = named > 0 ? &out[1] : told.n == 4 ? &out[0] : &out[2];
        if (told.n == 0) continue;
        if (*to != 0 || (named == 0 && (n <= 0 || (to == &out[2] && n > 31)))) return false;
        *to = named > 0 ? named : n;
    }
    return out[0] > 0 && out[1] > 0 && out[2] > 0;
}

/* ---- numbers spelled out ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    int64_t value;
} number_words[] = {
    {"zero", 0},        {"one", 1},           {"two", 2},
    {"three", 3},       {"four", 4},          {"five", 5},
    {"six", 6},         {"seven", 7},         {"eight", 8},
    {"nine", 9},        {"ten", 10},          {"eleven", 11},
    {"twelve", 12},     {"thirteen", 13},     {"fourteen", 14},
    {"fifteen", 15},    {"sixteen", 16},      {"seventeen", 17},
    {"eighteen", 18},   {"nineteen", 19},     {"twenty", 20},
    {"thirty", 30},     {"forty", 40},        {"fifty", 50},
    {"sixty", 60},      {"seventy", 70},      {"eighty", 80},
    {"ninety", 90},     {"dozen", 12},        {"hundred", 100},
    {"thousand", 1000}, {"million", 1000000}, {"billion", 1000000000},
};

static int64_t number_word(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof(number_words) / sizeof(number_words[0]); i++) {
        const char *w = number_words[i].name;
        size_t k = 0;
        while (k < n && w[k] != 0 && lower((unsigned char)p[k]) == w[k]) {
            k++;
        }
        if (k == n && w[k] == 0) return number_words[i].value;
    }
    return -1;
}

/* English: units add up, hundred multiplies them, thousand and million close a group. */
static bool english(struct span s, int64_t *out)
{
    int64_t total = 0, group = 0;
    bool any = false;
    for (size_t i = 0; i < s.n;) {
        size_t j = i;
        while (j < s.n && lower((unsigned char)s.p[j]) >= 'a' &&
               lower((unsigned char)s.p[j]) <= 'z') {
            j++;
        }
        if (j == i) {
            if (s.p[i] != ' ' && s.p[i] != '-' && s.p[i] != ',') return false;
            i++;
            continue;
        }
        int64_t v = number_word(s.p + i, j - i);
        bool and = j - i == 3 && lower((unsigned char)s.p[i]) == 'a' && s.p[i + 1] == 'n' &&
                   s.p[i + 2] == 'd';
        if (v < 0 && !(and&&any)) return false;
        if (v >= 1000) {
            total += (group == 0 ? 1 : group) * v;
            group = 0;
        } else if (v == 100 || (v == 12 && j - i == 5)) { /* two hundred, two dozen */
            group = (group == 0 ? 1 : group) * v;
        } else if (v >= 0) {
            group += v;
        }
        if (total > INT64_C(1000000000000) || group > 1000000) return false;
        any = any || v >= 0;
        i = j;
    }
    *out = total + group;
    return any;
}

static int64_t chinese_digit(uint32_t c)
{
    static const uint32_t digits[] = {0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                      0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d};
    for (int i = 0; i < 10; i++) {
        if (digits[i] == c) return i;
    }
    return c == 0x4e24 ? 2 : c == 0x3007 ? 0 : -1;
}

static int64_t chinese_unit(uint32_t c)
{
    return c == 0x5341   ? 10
           : c == 0x767e ? 100
           : c == 0x5343 ? 1000
           : c == 0x4e07 ? 10000
           : c == 0x4ebf ? 100000000
                         : 0;
}

static bool chinese(struct span s, int64_t *out)
{
    int64_t total = 0, group = 0, digit = -1;
    for (size_t i = 0; i < s.n;) {
        uint32_t c;
        size_t n = utf8_decode(span_slice(s, i, s.n), &c);
        if (n == 0) return false;
        int64_t d = chinese_digit(c), u = chinese_unit(c);
        if (d < 0 && u == 0) return false;
        if (d >= 0) digit = d;
        if (u >= 10000) {
            total = (total + group + (digit > 0 ? digit : 0)) * u;
            group = 0;
            digit = -1;
        } else if (u > 0) {
            group += (digit < 0 ? 1 : digit) * u;
            digit = -1;
        }
        if (total > INT64_C(1000000000000)) return false;
        i += n;
    }
    *out = total + group + (digit > 0 ? digit : 0);
    return s.n > 0;
}

bool words_number(struct span s, int64_t *out)
{
    s = span_trim(s);
    if (s.n == 0 || s.n > 200) return false;
    if (span_starts(s, span_str("a "))) s = span_slice(s, 2, s.n); /* a dozen, a hundred */
    return ((unsigned char)s.p[0] & 0x80) ? chinese(s, out) : english(s, out);
}

/* The denominator that a word such as "thirds" names, 0 when it names none. */
static int64_t denominator(struct span w)
{
    static const struct {
        const char *name;
        int64_t value;
    } names[] = {{"half", 2},   {"halve", 2},     {"third", 3},    {"quarter", 4},    {"fourth", 4},
                 {"fifth", 5},  {"sixth", 6},     {"seventh", 7},  {"eighth", 8},     {"ninth", 9},
                 {"tenth", 10}, {"eleventh", 11}, {"twelfth", 12}, {"hundredth", 100}};
    if (w.n > 1 && w.p[w.n - 1] == 's') w.n--;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t k = 0;
        while (k < w.n && names[i].name[k] != 0 &&
               lower((unsigned char)w.p[k]) == names[i].name[k]) {
            k++;
        }
        if (k == w.n && names[i].name[k] == 0) return names[i].value;
    }
    return 0;
}

bool words_fraction(struct span s, int64_t *num, int64_t *den)
{
    int64_t whole = 0, above = 1;
    s = span_trim(s);
    if (s.n < 8 || s.n > 80) return false;
    struct span parts = span_str("\xe5\x88\x86\xe4\xb9\x8b"); /* "of 4 parts 3" */
    size_t of = span_find(s, parts, 0);
    if (of != SPAN_NONE) {
        return words_number(span_slice(s, 0, of), den) && *den > 0 &&
               words_number(span_slice(s, of + parts.n, s.n), num);
    }
    size_t last = s.n;
    while (last > 0 && s.p[last - 1] != ' ' && s.p[last - 1] != '-') {
        last--;
    }
    *den = last == 0 ? 0 : denominator(span_slice(s, last, s.n));
    if (*den == 0) return false;
    struct span count = span_slice(s, 0, last - 1);
    struct span joint = span_str(" and ");
    size_t at = span_find_last(count, joint);
    if (at != SPAN_NONE) { /* one and a half */
        if (!words_number(span_slice(count, 0, at), &whole)) return false;
        count = span_slice(count, at + joint.n, count.n);
    }
    bool one = count.n == 1 && lower((unsigned char)count.p[0]) == 'a';
    if (!one && !words_number(count, &above)) return false;
    *num = whole * *den + above;
    return above < 1000000;
}

/* ---- times of day ------------------------------------------------------------------------------ */

static bool small_number(struct span s, size_t *i, int *out)
{
    size_t first = *i;
    *out = 0;
    while (*i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9' && *i - first < 3) {
        *out = *out * 10 + (s.p[(*i)++] - '0');
    }
    return *i > first && *i - first <= 2;
}

/* a.m., PM, \text{p.m.}: 'a' or 'p', 0 when nothing is there, -1 when something else is. */
static int half_of_day(struct span s)
{
    char letters[3];
    size_t n = 0;
    s = span_trim(s);
    if (span_starts(s, span_str("\\text"))) {
        const char *brace = memchr(s.p, '{', s.n);
        if (brace == NULL) return -1;
        s = span_slice(s, (size_t)(brace - s.p), s.n);
    }
    for (size_t i = 0; i < s.n; i++) {
        int c = lower((unsigned char)s.p[i]);
        if (c >= 'a' && c <= 'z') {
            if (n == 2) return -1;
            letters[n++] = (char)c;
        } else if (c == 0 || strchr(" .{}~", c) == NULL) {
            return -1;
        }
    }
    if (n == 0) return 0;
    return n == 2 && letters[1] == 'm' && (letters[0] == 'a' || letters[0] == 'p') ? letters[0]
                                                                                   : -1;
}

bool words_time(struct span s, int *seconds, bool *marked)
{
    size_t i = 0;
    int h, m = 0, sec = 0;
    s = span_trim(s);
    *marked = false;
    if (!small_number(s, &i, &h)) return false;
    struct span rest = span_slice(s, i, s.n); /* 3{:}45, 3\text{:}45 */
    bool text = span_starts(rest, span_str("\\text{:}"));
    size_t tight = text ? 7 : span_starts(rest, span_str("{:}")) ? 2 : 0;
    bool point = i < s.n && s.p[i] == '.'; /* 7.30 am */
    bool minutes = tight > 0 || point || (i < s.n && s.p[i] == ':');
    if (minutes) {
        size_t from = i += 1 + tight;
        if (!small_number(s, &i, &m) || i - from != 2 || m > 59) return false;
        if (i < s.n && s.p[i] == ':') {
            from = ++i;
            if (!small_number(s, &i, &sec) || i - from != 2 || sec > 59) return false;
            *marked = true;
        }
    }
    int half = half_of_day(span_slice(s, i, s.n));
    if (half < 0 || (half == 0 && (!minutes || point)) || h > 24 ||
        (half != 0 && (h < 1 || h > 12))) {
        return false;
    }
    if (half != 0) {
        *marked = true;
        h = h % 12 + (half == 'p' ? 12 : 0);
    }
    *seconds = h * 3600 + m * 60 + sec;
    return true;
}
