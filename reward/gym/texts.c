/* reward/gym/texts.c - see rules.h.
 *
 * Python's str counts characters and folds case by Unicode; here characters are counted, and case is
 * ASCII's, as the data sets' texts are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/rules.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/json.h"

enum { MOST_WORDS = 4096, MOST_COUNT = 5, MOST_DIGITS = 128 };

/* ---- pieces ---------------------------------------------------------------------------------- */

size_t gym_length(struct span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    }
    return n;
}

/* The bytes of the character that begins at s.p[*i], which moves on. */
static struct span next_character(struct span s, size_t *i)
{
    size_t from = (*i)++;
    while (*i < s.n && ((unsigned char)s.p[*i] & 0xc0) == 0x80) {
        ++*i;
    }
    return span_slice(s, from, *i);
}

/* s without the bytes in `drop`, small where `small`. */
static struct span kept(const struct gym_entry *e, struct span s, const char *drop, bool small)
{
    char *out = arena_alloc(e->arena, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        if (s.p[i] != '\0' && strchr(drop, s.p[i]) != NULL) continue;
        out[n++] = small ? (char)tolower((unsigned char)s.p[i]) : s.p[i];
    }
    return span_of(out, n);
}

struct words {
    struct span at[MOST_WORDS];
    size_t n;
};

/* Words between white space, at most MOST_WORDS. */
static struct words *split(const struct gym_entry *e, struct span s)
{
    struct words *w = arena_alloc(e->arena, 1, sizeof(*w));
    for (size_t i = 0; w != NULL && w->n < MOST_WORDS;) {
        while (i < s.n && ascii_is_space((unsigned char)s.p[i])) {
            i++;
        }
        size_t from = i;
        while (i < s.n && !ascii_is_space((unsigned char)s.p[i])) {
            i++;
        }
        if (i == from) break;
        w->at[w->n++] = span_slice(s, from, i);
    }
    return w;
}

static bool read_number(struct span s, double *out)
{
    char text[64], *end;
    s = span_trim(s);
    if (s.n == 0 || s.n >= sizeof(text) || isalpha((unsigned char)s.p[s.n - 1])) return false;
    snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool read_whole(struct span s, long long *out)
{
    char text[32], *end;
    s = span_trim(s);
    if (s.n == 0 || s.n > 18) return false;
    snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);
    *out = strtoll(text, &end, 10);
    return *end == '\0';
}

/* A number in its digits, without zeros at either end: 0.digits times ten to the power. */
struct literal {
    bool negative;
    char digits[MOST_DIGITS];
    size_t n;
    long long power;
};

/* Digits with one point among them at most; false: something else, or too many. */
static bool read_digits(struct span s, struct literal *out)
{
    bool point = false, any = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (!isdigit((unsigned char)s.p[i]) || out->n == MOST_DIGITS) return false;
        any = true;
        if (out->n > 0 || s.p[i] != '0') out->digits[out->n++] = s.p[i];
        if (!point && out->n > 0) out->power++;
        if (point && out->n == 0) out->power--;
    }
    while (out->n > 0 && out->digits[out->n - 1] == '0') {
        out->n--;
    }
    return any;
}

/* A decimal literal, an exponent included, as Python's Decimal reads it. */
static bool read_decimal(struct span s, struct literal *out)
{
    long long power = 0;
    size_t e = 0;
    *out = (struct literal){.n = 0};
    s = span_trim(s);
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) {
        out->negative = s.p[0] == '-';
        s = span_slice(s, 1, s.n);
    }
    while (e < s.n && s.p[e] != 'e' && s.p[e] != 'E') {
        e++;
    }
    if (e < s.n && !read_whole(span_slice(s, e + 1, s.n), &power)) return false;
    if (!read_digits(span_slice(s, 0, e), out)) return false;
    out->power = out->n == 0 ? 0 : out->power + power;
    return true;
}

static bool same_decimal(struct span x, struct span y)
{
    struct literal a, b;
    if (!read_decimal(x, &a) || !read_decimal(y, &b) || a.n != b.n) return false;
    if (a.n == 0) return true;
    return a.negative == b.negative && a.power == b.power && memcmp(a.digits, b.digits, a.n) == 0;
}

static double one_if(bool same, const struct gym_entry *e)
{
    return same ? 1 : e->other;
}

/* ---- texts ----------------------------------------------------------------------------------- */

double gym_share(const struct gym_entry *e)
{
    if (span_eq(e->given, e->wanted)) return e->given.n > 0;
    bool inside = e->wanted.n > 0 && span_find(e->given, e->wanted, 0) != SPAN_NONE;
    return inside ? (double)gym_length(e->wanted) / (double)gym_length(e->given) : 0;
}

double gym_equal(const struct gym_entry *e)
{
    return one_if(span_eq(e->given, e->wanted), e);
}

double gym_folded(const struct gym_entry *e)
{
    struct span x = kept(e, span_trim(e->given), "", true),
                y = kept(e, span_trim(e->wanted), "", true);
    return one_if(x.p != NULL && y.p != NULL && span_eq(x, y), e);
}

double gym_one_line(const struct gym_entry *e)
{
    struct span x = kept(e, e->given, "\n", true), y = kept(e, e->wanted, "\n", true);
    return one_if(x.p != NULL && y.p != NULL && span_eq(x, y), e);
}

double gym_no_blanks(const struct gym_entry *e)
{
    struct span x = kept(e, e->given, " ", true), y = kept(e, span_trim(e->wanted), "", true);
    return one_if(x.p != NULL && y.p != NULL && span_eq(span_trim(x), y), e);
}

double gym_padded(const struct gym_entry *e)
{
    if (e->given.n == 0 || !span_eq(span_trim(e->given), e->wanted)) return 0;
    return (double)gym_length(e->wanted) / (double)gym_length(e->given);
}

static bool same_words(const struct words *x, const struct words *y)
{
    bool same = x != NULL && y != NULL && x->n == y->n;
    for (size_t i = 0; same && i < x->n; i++) {
        same = span_eq(x->at[i], y->at[i]);
    }
    return same;
}

double gym_words(const struct gym_entry *e)
{
    const struct words *x = split(e, e->given), *y = split(e, e->wanted);
    return one_if(same_words(x, y) && x->n > 0, e);
}

double gym_characters(const struct gym_entry *e)
{
    size_t n = gym_length(e->wanted), same = 0, i = 0, k = 0;
    if (span_eq(e->given, e->wanted)) return 1;
    if (gym_length(e->given) != n) return e->other;
    while (i < e->wanted.n && k < e->given.n) {
        same += span_eq(next_character(e->wanted, &i), next_character(e->given, &k));
    }
    return n == 0 ? e->other : (double)same / (double)n;
}

double gym_backward(const struct gym_entry *e)
{
    struct span x = kept(e, e->given, "", true), y = kept(e, e->wanted, "", true);
    size_t n = gym_length(y), same = 0, i = 0, k = 0;
    if (span_eq(x, y)) return 1;
    while (i < y.n && k < x.n) {
        same += span_eq(next_character(y, &i), next_character(x, &k));
    }
    if (n == 0) return 0;
    return same == n ? 0.8
                     : (double)same / (double)n; /* all of it, and more behind: as they have it */
}

double gym_reordered(const struct gym_entry *e)
{
    const struct words *x = split(e, kept(e, e->given, "", true)),
                       *y = split(e, kept(e, e->wanted, "", true));
    size_t same = 0;
    if (span_eq(e->given, e->wanted)) return 1;
    if (x == NULL || y == NULL || x->n != y->n || y->n == 0) return 0.05;
    for (size_t i = 0; i < y->n; i++) {
        same += span_eq(x->at[i], y->at[i]);
    }
    return (double)same / (double)y->n;
}

double gym_jumbled(const struct gym_entry *e)
{
    const struct words *x = split(e, kept(e, e->given, "", true)),
                       *y = split(e, kept(e, e->wanted, "", true));
    size_t same = 0;
    for (size_t i = 0; x != NULL && y != NULL && i < y->n && i < x->n; i++) {
        same += span_eq(x->at[i], y->at[i]);
    }
    return y == NULL || y->n == 0 ? 0 : (double)same / (double)y->n;
}

/* The words of a list with commas, white space around them cut. */
static struct words *split_list(const struct gym_entry *e, struct span s)
{
    struct words *w = arena_alloc(e->arena, 1, sizeof(*w));
    for (size_t at = 0; w != NULL && at <= s.n && w->n < MOST_WORDS;) {
        size_t end = span_find(s, span_str(","), at);
        if (end == SPAN_NONE) end = s.n;
        w->at[w->n++] = span_trim(span_slice(s, at, end));
        at = end + 1;
    }
    return w;
}

double gym_sorted_words(const struct gym_entry *e)
{
    const cJSON *list = json_get(e->metadata, "sorted_words"), *v;
    struct words *x = split_list(e, e->given), *y = arena_alloc(e->arena, 1, sizeof(*y));
    size_t same = 0;
    if (!cJSON_IsArray(list)) return GYM_LACKS;
    if (x == NULL || y == NULL || e->given.n == 0) return 0;
    cJSON_ArrayForEach(v, list)
    {
        if (y->n < MOST_WORDS) y->at[y->n++] = json_text(v, e->arena);
    }
    if (y->n == 0) return GYM_LACKS;
    if (same_words(x, y)) return 1;
    for (size_t i = 0; i < x->n && i < y->n; i++) {
        same += span_eq(x->at[i], y->at[i]);
    }
    double value = (double)same / (double)y->n;
    qsort(x->at, x->n, sizeof(x->at[0]), span_compare);
    qsort(y->at, y->n, sizeof(y->at[0]), span_compare);
    return same_words(x, y) && value < 0.2 ? 0.2 : value;
}

/* ---- numbers --------------------------------------------------------------------------------- */

double gym_decimal(const struct gym_entry *e)
{
    struct gym_entry plain = *e;
    plain.given = kept(e, e->given, ",", false);
    plain.wanted = kept(e, e->wanted, ",", false);
    if (plain.given.n == 0) return 0;
    if (same_decimal(plain.given, plain.wanted)) return 1;
    return gym_share(&plain);
}

double gym_decimal_exact(const struct gym_entry *e)
{
    return same_decimal(e->given, e->wanted);
}

double gym_decimal_near(const struct gym_entry *e)
{
    const cJSON *places = json_get(e->metadata, "decimal_places");
    double x, y;
    if (!cJSON_IsNumber(places)) return GYM_LACKS;
    if (!read_number(e->given, &x) || !read_number(e->wanted, &y)) return 0;
    return fabs(x - y) <= pow(10, -places->valuedouble) * (1 + 1e-9);
}

double gym_solution_near(const struct gym_entry *e)
{
    const cJSON *solution = json_get(e->metadata, "solution");
    double x;
    if (!cJSON_IsNumber(solution)) return GYM_LACKS;
    return read_number(kept(e, e->given, ",", false), &x) && fabs(x - solution->valuedouble) < 1e-2;
}

double gym_count(const struct gym_entry *e)
{
    long long x, y;
    if (!read_whole(e->given, &x) || !read_whole(e->wanted, &y)) return 0;
    long long gap = x > y ? x - y : y - x;
    if (gap == 0) return 1;
    return gap >= MOST_COUNT ? 0 : 0.8 * (1 - (double)gap / MOST_COUNT);
}

static int by_size(const void *x, const void *y)
{
    long long a = *(const long long *)x, b = *(const long long *)y;
    return (a > b) - (a < b);
}

/* Factors with a multiplication sign between, sorted; false when one is no number. */
static bool factors(struct span s, long long *out, size_t *n, double *product)
{
    struct span sign = span_str("\xc3\x97");
    *n = 0;
    *product = 1;
    for (size_t at = 0; at <= s.n;) {
        size_t end = span_find(s, sign, at);
        if (end == SPAN_NONE) end = s.n;
        struct span one = span_trim(span_slice(s, at, end));
        at = end + sign.n;
        if (one.n == 0) continue;
        if (*n == 64 || !read_whole(one, &out[*n])) return false;
        *product *= (double)out[(*n)++];
    }
    qsort(out, *n, sizeof(out[0]), by_size);
    return true;
}

double gym_primes(const struct gym_entry *e)
{
    long long x[64], y[64];
    size_t n, m;
    double p, q;
    if (!factors(e->given, x, &n, &p) || !factors(e->wanted, y, &m, &q) || m == 0) return 0;
    if (n == m && memcmp(x, y, n * sizeof(x[0])) == 0) return 1;
    return p >= q && p <= q ? 0.5 : 0.01;
}

/* ---- knights and knaves ---------------------------------------------------------------------- */

struct roles {
    struct span name[64], role[64];
    size_t n;
};

static bool is_role(struct span w)
{
    static const char *const roles[] = {"knight",   "knave",  "pioneer", "laggard", "saint",
                                        "sinner",   "hero",   "villain", "angel",   "devil",
                                        "altruist", "egoist", "sage",    "fool"};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (span_is(w, roles[i])) return true;
    }
    return false;
}

static void read_roles(const struct gym_entry *e, struct span s, struct roles *out)
{
    char *text = arena_alloc(e->arena, s.n + 1, 1);
    struct span name = {NULL, 0};
    *out = (struct roles){.n = 0};
    for (size_t i = 0; text != NULL && i < s.n; i++) {
        bool blank = strchr(".,()", s.p[i]) != NULL && s.p[i] != '\0';
        text[i] = blank ? ' ' : (char)tolower((unsigned char)s.p[i]);
    }
    const struct words *w = text == NULL ? NULL : split(e, span_of(text, s.n));
    for (size_t i = 0; w != NULL && i < w->n; i++) {
        struct span word = w->at[i];
        bool joint = span_is(word, "is") || span_is(word, "a") || span_is(word, "an") ||
                     (span_is(word, "and") && i > 0 && i + 1 < w->n);
        if (joint) continue;
        if (!is_role(word)) {
            name = word;
        } else if (name.n > 0 && out->n < 64) {
            bool known = false;
            for (size_t k = 0; k < out->n; k++) {
                known = known || (span_eq(out->name[k], name) && span_eq(out->role[k], word));
            }
            out->name[out->n] = name;
            out->role[out->n] = word;
            out->n += !known;
            name.n = 0;
        }
    }
}

double gym_roles(const struct gym_entry *e)
{
    struct roles x, y;
    size_t same = 0;
    read_roles(e, e->given, &x);
    read_roles(e, e->wanted, &y);
    for (size_t i = 0; i < y.n; i++) {
        for (size_t k = 0; k < x.n; k++) {
            same += span_eq(x.name[k], y.name[i]) && span_eq(x.role[k], y.role[i]);
        }
    }
    if (e->given.n == 0 || x.n != y.n || y.n == 0) return 0;
    if (same == y.n) return 1;
    return same == 0 ? 0 : 0.3 + 0.7 * (double)same / (double)y.n;
}

/* ---- palindromes ----------------------------------------------------------------------------- */

double gym_palindrome(const struct gym_entry *e)
{
    const cJSON *letters = json_get(e->metadata, "letters"), *v;
    struct span s = kept(e, span_trim(e->given), "", true);
    int count[256] = {0};
    if (!cJSON_IsArray(letters) || letters->child == NULL) return GYM_LACKS;
    if (e->given.n == 0) return 0;
    for (size_t i = 0; i < s.n / 2; i++) {
        if (s.p[i] != s.p[s.n - 1 - i]) return 0.02;
    }
    for (size_t i = 0; i < s.n; i++) {
        count[(unsigned char)s.p[i]]++;
    }
    cJSON_ArrayForEach(v, letters)
    {
        if (!cJSON_IsString(v) || v->valuestring[0] == '\0') return GYM_LACKS;
        count[(unsigned char)v->valuestring[0]]--;
    }
    for (int i = 0; i < 256; i++) {
        if (count[i] != 0) return 0.05;
    }
    return 1;
}
