/* reward/math/read/units.c - a table of units, and comparison of what stands after numbers.
 *
 * A text such as "km/h", "square feet", "m s-1" or "miles per hour" is read as a product of
 * powers of the units in the table: a measure, which is a power of each base unit and a factor.
 * A unit may have the prefixes that its row names (kilo, milli, ...), with its symbol as with its
 * name. Units that are not in the table (apples, students) are words: compared as such, and ignored
 * when only one side has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/units.h"

#include "base/ascii.h"
#include "reward/math/read/words.h"

/* What a measure is a product of powers of. */
enum {
    METRE,
    GRAM,
    SECOND,
    AMPERE,
    KELVIN,
    MOLE,
    DOLLAR,
    YUAN,
    DEGREE,
    BYTE,
    MONTH,
    RADIAN, /* RADIAN and CYCLE count what has no dimension: see same_dimension() */
    CYCLE,
    ABSTRACT, /* "3 square units" */
    BASES,
};

/* A unit: num / den * 10^exp10 times the product of the bases to their powers. */
struct unit {
    const char *symbol, *name; /* either may be NULL */
    const char *prefixes;      /* the first signs of those it is used with, NULL */
    int64_t num, den;
    int exp10;
    int8_t power[BASES];
};

/* clang-format off */
static const struct unit units[] = {
    {"m", "meter", "kcdmunp", 1, 1, 0, {[METRE] = 1}}, {NULL, "metre", "kcdmunp", 1, 1, 0, {[METRE] = 1}},
    {"in", "inch", NULL, 254, 1, -4, {[METRE] = 1}}, {NULL, "inche", NULL, 254, 1, -4, {[METRE] = 1}},
    {"ft", "foot", NULL, 3048, 1, -4, {[METRE] = 1}}, {NULL, "feet", NULL, 3048, 1, -4, {[METRE] = 1}},
    {"yd", "yard", NULL, 9144, 1, -4, {[METRE] = 1}}, {"mi", "mile", NULL, 1609344, 1, -3, {[METRE] = 1}},
    {NULL, "angstrom", NULL, 1, 1, -10, {[METRE] = 1}},
    {"g", "gram", "kmu", 1, 1, 0, {[GRAM] = 1}}, {NULL, "ton", NULL, 1, 1, 6, {[GRAM] = 1}}, {NULL, "tonne", NULL, 1, 1, 6, {[GRAM] = 1}},
    {"lb", "pound", NULL, 45359237, 1, -5, {[GRAM] = 1}}, {"oz", "ounce", NULL, 28349523125, 1, -9, {[GRAM] = 1}},
    {"s", "second", "munp", 1, 1, 0, {[SECOND] = 1}}, {"sec", NULL, "mun", 1, 1, 0, {[SECOND] = 1}},
    {"min", "minute", NULL, 60, 1, 0, {[SECOND] = 1}}, {"h", "hour", NULL, 3600, 1, 0, {[SECOND] = 1}}, {"hr", NULL, NULL, 3600, 1, 0, {[SECOND] = 1}},
    {NULL, "day", NULL, 86400, 1, 0, {[SECOND] = 1}}, {NULL, "week", NULL, 604800, 1, 0, {[SECOND] = 1}},
    {NULL, "month", NULL, 1, 1, 0, {[MONTH] = 1}}, {"yr", "year", NULL, 12, 1, 0, {[MONTH] = 1}},
    {"A", "ampere", "mu", 1, 1, 0, {[AMPERE] = 1}}, {NULL, "amp", NULL, 1, 1, 0, {[AMPERE] = 1}},
    {"K", "kelvin", NULL, 1, 1, 0, {[KELVIN] = 1}},
    {"mol", "mole", "km", 1, 1, 0, {[MOLE] = 1}}, {"M", "molar", "m", 1, 1, 3, {[MOLE] = 1, [METRE] = -3}},
    {"N", "newton", "kM", 1, 1, 3, {[GRAM] = 1, [METRE] = 1, [SECOND] = -2}}, {"Nm", NULL, NULL, 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2}},
    {"J", "joule", "kMGm", 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2}}, {"cal", "calorie", "k", 4184, 1, 0, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2}},
    {"Wh", NULL, "kM", 36, 1, 5, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2}}, {"eV", "electronvolt", "kMG", 1602176634, 1, -25, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2}},
    {"W", "watt", "kMGm", 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -3}},
    {"Pa", "pascal", "hkMG", 1, 1, 3, {[GRAM] = 1, [METRE] = -1, [SECOND] = -2}}, {"atm", "atmosphere", NULL, 101325, 1, 3, {[GRAM] = 1, [METRE] = -1, [SECOND] = -2}}, {"bar", NULL, "m", 1, 1, 8, {[GRAM] = 1, [METRE] = -1, [SECOND] = -2}},
    {"V", "volt", "kmu", 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -3, [AMPERE] = -1}}, {"C", "coulomb", "mun", 1, 1, 0, {[AMPERE] = 1, [SECOND] = 1}},
    {NULL, "ohm", "kM", 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -3, [AMPERE] = -2}}, {"F", "farad", "munp", 1, 1, -3, {[GRAM] = -1, [METRE] = -2, [SECOND] = 4, [AMPERE] = 2}},
    {"H", "henry", "mu", 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2, [AMPERE] = -2}}, {"Wb", "weber", "m", 1, 1, 3, {[GRAM] = 1, [METRE] = 2, [SECOND] = -2, [AMPERE] = -1}},
    {"T", "tesla", "m", 1, 1, 3, {[GRAM] = 1, [SECOND] = -2, [AMPERE] = -1}}, {"Hz", "hertz", "kMGT", 1, 1, 0, {[SECOND] = -1, [CYCLE] = 1}},
    {"L", "liter", "mcdu", 1, 1, -3, {[METRE] = 3}}, {"l", "litre", "mcdu", 1, 1, -3, {[METRE] = 3}},
    {"gal", "gallon", NULL, 3785411784, 1, -12, {[METRE] = 3}}, {NULL, "quart", NULL, 946352946, 1, -12, {[METRE] = 3}}, {NULL, "pint", NULL, 473176473, 1, -12, {[METRE] = 3}},
    {NULL, "acre", NULL, 40468564224, 1, -7, {[METRE] = 2}}, {"ha", "hectare", NULL, 1, 1, 4, {[METRE] = 2}},
    {"mph", NULL, NULL, 1609344, 36, -5, {[METRE] = 1, [SECOND] = -1}}, {"kmh", NULL, NULL, 10, 36, 0, {[METRE] = 1, [SECOND] = -1}},
    {"kph", NULL, NULL, 10, 36, 0, {[METRE] = 1, [SECOND] = -1}}, {"kmph", NULL, NULL, 10, 36, 0, {[METRE] = 1, [SECOND] = -1}},
    {NULL, "dollar", NULL, 1, 1, 0, {[DOLLAR] = 1}}, {"USD", "usd", NULL, 1, 1, 0, {[DOLLAR] = 1}}, {NULL, "cent", NULL, 1, 1, -2, {[DOLLAR] = 1}},
    {NULL, "degree", NULL, 1, 1, 0, {[DEGREE] = 1}},
    {"B", "byte", "kMGT", 1, 1, 0, {[BYTE] = 1}}, {"KB", NULL, NULL, 1, 1, 3, {[BYTE] = 1}}, {"kb", NULL, NULL, 1, 1, 3, {[BYTE] = 1}}, {NULL, "bit", NULL, 1, 8, 0, {[BYTE] = 1}},
    {"rad", "radian", "m", 1, 1, 0, {[RADIAN] = 1}},
    {NULL, "yuan", NULL, 1, 1, 0, {[YUAN] = 1}},
    {NULL, "unit", NULL, 1, 1, 0, {[ABSTRACT] = 1}},
};
/* clang-format on */

/* Names that are known to be of units, and convert to nothing. */
static const char *const others[] = {
    "euro", "rpm", "sq", "cu",      "pts",        "pm",      "am",        "PM",  "AM",
    "th",   "st",  "nd", "rd",      "cup",        "cups",    "tbsp",      "tsp", "BC",
    "BCE",  "AD",  "CE", "Celsius", "Fahrenheit", "celsius", "fahrenheit"};

/* A power of ten before a unit. */
static const struct prefix {
    const char *symbol, *name;
    int exp10;
} prefixes[] = {{"T", "tera", 12},  {"G", "giga", 9},  {"M", "mega", 6},   {"k", "kilo", 3},
                {"h", "hecto", 2},  {"d", "deci", -1}, {"c", "centi", -2}, {"m", "milli", -3},
                {"u", "micro", -6}, {"n", "nano", -9}, {"p", "pico", -12}};

static bool called(struct span w, const char *name)
{
    if (name == NULL) return false;
    if (span_is(w, name)) return true;
    return w.n > 3 && w.p[w.n - 1] == 's' && span_is(span_slice(w, 0, w.n - 1), name);
}

/* w is u with prefix p (NULL: without one). */
static bool is_unit(struct span w, const struct unit *u, const struct prefix *p)
{
    bool mins = u->symbol != NULL && strlen(u->symbol) > 1 && called(w, u->symbol);
    if (p == NULL) {
        return (u->symbol != NULL && span_is(w, u->symbol)) || mins || called(w, u->name);
    }
    if (u->prefixes == NULL || strchr(u->prefixes, p->symbol[0]) == NULL) return false;
    if (span_starts(w, span_str(p->name)) && called(span_slice(w, strlen(p->name), w.n), u->name)) {
        return true;
    }
    const char *sign = u->symbol != NULL ? u->symbol : u->name; /* kohm */
    return w.n > 1 && w.p[0] == p->symbol[0] && span_is(span_slice(w, 1, w.n), sign);
}

/* The unit called w, and its prefix's power of ten. Rows without a prefix go first: "min" is no
 * thousandth of an inch. */
static const struct unit *lookup(struct span w, int *exp10)
{
    *exp10 = 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (is_unit(w, &units[i], NULL)) return &units[i];
    }
    for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
        if (w.n < 2 || w.p[0] != prefixes[k].symbol[0]) {
            if (w.n == 0 || w.p[0] != prefixes[k].name[0]) continue;
        }
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            *exp10 = prefixes[k].exp10;
            if (is_unit(w, &units[i], &prefixes[k])) return &units[i];
        }
    }
    return NULL;
}

bool unit_known(struct span name)
{
    int exp10;
    name = span_trim(name);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (called(name, others[i])) return true;
    }
    return lookup(name, &exp10) != NULL;
}

bool unit_is_angle(struct span name)
{
    return called(span_trim(name), "degree");
}

/* ---- measures ---------------------------------------------------------------------------------- */

enum { MAX_EXPONENT = 6 };

struct measure {
    int power[BASES];
    struct unit_factor factor;
};

/* m times (u 10^exp10)^e. */
static bool multiply(struct measure *m, const struct unit *u, int exp10, int e)
{
    struct unit_factor *f = &m->factor;
    for (int b = 0; b < BASES; b++) {
        m->power[b] += e * u->power[b];
    }
    f->exp10 += e * (u->exp10 + exp10);
    for (int i = 0; i < (e < 0 ? -e : e); i++) {
        int64_t up = e < 0 ? u->den : u->num, down = e < 0 ? u->num : u->den;
        if (__builtin_mul_overflow(f->num, up, &f->num) ||
            __builtin_mul_overflow(f->den, down, &f->den)) {
            return false;
        }
    }
    return true;
}

/* The exponent written after a name: "2", "^2", "^{-1}", "-1", " squared"; 1 when there is none. */
static int exponent(struct span s, size_t *i)
{
    static const struct {
        const char *word;
        int power;
    } words[] = {{" squared", 2}, {" cubed", 3}};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (words_opens(span_slice(s, *i, s.n), words[k].word)) {
            *i += strlen(words[k].word);
            return words[k].power;
        }
    }
    size_t j = *i;
    while (j < s.n && (s.p[j] == '^' || s.p[j] == '{')) {
        j++;
    }
    bool minus = j < s.n && s.p[j] == '-';
    if (minus) j++;
    if (j >= s.n || s.p[j] < '1' || s.p[j] > '0' + MAX_EXPONENT) return 1;
    int e = s.p[j++] - '0';
    while (j < s.n && s.p[j] == '}') {
        j++;
    }
    *i = j;
    return minus ? -e : e;
}

int unit_prefix_power(struct span w)
{
    if (span_is(w, "square") || span_is(w, "sq")) return 2;
    return span_is(w, "cubic") || span_is(w, "cu") ? 3 : 0;
}

/* One word of a unit's text, at s[i]; the offset after it, 0 when it is no unit. */
static size_t measure_word(struct span s, size_t i, int *sign, int *prefix, struct measure *m)
{
    static const struct {
        const char *word;
        const char *factor[2];
    } products[] = {{"ms", {"m", "s"}}, {"kms", {"km", "s"}}, {"cms", {"cm", "s"}}};
    size_t end = i;
    int exp10;
    while (end < s.n && ascii_is_letter(s.p[end])) {
        end++;
    }
    struct span w = span_slice(s, i, end);
    if (span_is(w, "per")) {
        *sign = -1;
        return end;
    }
    if (unit_prefix_power(w) > 0) {
        *prefix = unit_prefix_power(w);
        return end;
    }
    int e = *sign * *prefix * exponent(s, &end);
    for (size_t k = 0; e < 0 && *sign > 0 && k < sizeof(products) / sizeof(products[0]); k++) {
        if (!span_is(w, products[k].word)) continue; /* ms^{-1}: metres per second */
        const struct unit *first = lookup(span_str(products[k].factor[0]), &exp10);
        if (!multiply(m, first, exp10, 1)) return 0;
        w = span_str(products[k].factor[1]);
    }
    const struct unit *u = lookup(w, &exp10);
    *prefix = 1;
    return u != NULL && multiply(m, u, exp10, e) ? end : 0;
}

/* Chinese names of units in English; s itself when it has none. room holds the result. */
static struct span translated(struct span s, char *room, size_t size)
{
    static const struct {
        const char *chinese, *english;
    } names[] = {
        {"\xe5\xb9\xb3\xe6\x96\xb9", "square "},
        {"\xe7\xab\x8b\xe6\x96\xb9", "cubic "},
        {"\xe5\x8d\x83\xe7\xb1\xb3", "km "},
        {"\xe5\x85\xac\xe9\x87\x8c", "km "},
        {"\xe5\x8e\x98\xe7\xb1\xb3", "cm "},
        {"\xe6\xaf\xab\xe7\xb1\xb3", "mm "},
        {"\xe5\x88\x86\xe7\xb1\xb3", "dm "},
        {"\xe7\xb1\xb3", "m "},
        {"\xe5\x8d\x83\xe5\x85\x8b", "kg "},
        {"\xe5\x85\xac\xe6\x96\xa4", "kg "},
        {"\xe5\x85\x8b", "g "},
        {"\xe5\x90\xa8", "ton "},
        {"\xe5\xb0\x8f\xe6\x97\xb6", "h "},
        {"\xe6\x97\xb6", "h "},
        {"\xe5\x88\x86\xe9\x92\x9f", "min "},
        {"\xe5\x88\x86", "min "},
        {"\xe7\xa7\x92", "s "},
        {"\xe5\xa4\xa9", "day "},
        {"\xe5\x85\x83", "yuan "},
        {"\xe5\x8d\x87", "L "},
    };
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t step = 1;
        const char *as = NULL;
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]) && as == NULL; k++) {
            if (words_opens(span_slice(s, i, s.n), names[k].chinese)) {
                as = names[k].english;
                step = strlen(names[k].chinese);
            }
        }
        size_t length = as == NULL ? 1 : strlen(as);
        if (n + length > size) return s;
        memcpy(room + n, as == NULL ? s.p + i : as, length);
        n += length;
        i += step;
    }
    return span_of(room, n);
}

/* s as a measure, and the number of units in it; 0 when it is none. A parenthesis may group what
 * one stroke divides by: J/(mol K). */
static int measure_of(struct span s, struct measure *m)
{
    int sign = 1, prefix = 1, units_read = 0;
    bool divisor = false;
    char room[128];
    *m = (struct measure){.factor = {1, 1, 0}};
    s = span_trim(s);
    if (s.n > 0 && (s.p[0] & 0x80)) s = span_trim(translated(s, room, sizeof(room)));
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] == '/') sign = -1;
        if (span_starts(span_slice(s, i, s.n), span_str("\\cdot"))) i += 5;
        if (ascii_is_letter(s.p[i])) {
            i = measure_word(s, i, &sign, &prefix, m);
            if (i == 0) return 0;
            units_read++;
            continue;
        }
        if (s.p[i] == '(') {
            if (divisor || i == 0 || s.p[i - 1] != '/') return 0;
            divisor = true;
        } else if (s.p[i] == ')') {
            if (!divisor) return 0;
            divisor = false;
            sign = 1;
        } else if (strchr(" /.*\\,", s.p[i]) == NULL) {
            return 0;
        }
        i++;
    }
    return divisor ? 0 : units_read;
}

bool unit_is_compound(struct span s)
{
    struct measure m;
    bool name = false;
    for (size_t i = 1; i < s.n; i++) {
        name |= ascii_is_letter(s.p[i - 1]) && ascii_is_letter(s.p[i]);
    }
    return name && measure_of(s, &m) >= 2;
}

/* ---- comparing --------------------------------------------------------------------------------- */

/* The next letter or digit of s that counts, lower-cased; 0 at the end. A plural's s at the end
 * of a word does not count. */
static int next_sign(struct span s, size_t *i)
{
    while (*i < s.n) {
        int c = (unsigned char)s.p[(*i)++];
        if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
        bool ends = *i >= s.n ||
                    !((s.p[*i] >= 'a' && s.p[*i] <= 'z') || (s.p[*i] >= 'A' && s.p[*i] <= 'Z'));
        if (word && !(c == 's' && ends && *i > 2)) return c;
    }
    return 0;
}

/* The same power of each base. A radian and a cycle are counts, which a unit may leave out; but a
 * radian is no cycle: 1 rad/s is not 1 Hz. */
static bool same_dimension(const struct measure *x, const struct measure *y)
{
    for (int d = 0; d < BASES; d++) {
        if (d != RADIAN && d != CYCLE && x->power[d] != y->power[d]) return false;
    }
    return !(x->power[RADIAN] != 0 && y->power[CYCLE] != 0) &&
           !(x->power[CYCLE] != 0 && y->power[RADIAN] != 0);
}

/* The same letters and digits, so that "Km/H" is "km / h". */
static bool same_signs(struct span a, struct span b)
{
    size_t i = 0, j = 0;
    for (;;) {
        int x = next_sign(a, &i), y = next_sign(b, &j);
        if (x != y) return false;
        if (x == 0) return true;
    }
}

bool unit_same(struct span a, struct span b)
{
    struct measure x, y;
    struct unit_factor f;
    if (span_eq(a, b)) return true;
    if (unit_convert(a, b, &f)) return f.num == f.den && f.exp10 == 0;
    return same_signs(a, b) && !(measure_of(a, &x) && measure_of(b, &y));
}

static int64_t gcd(int64_t x, int64_t y)
{
    while (y != 0) {
        int64_t r = x % y;
        x = y;
        y = r;
    }
    return x;
}

/* Powers of ten out of x, into *exp10. */
static int64_t without_tens(int64_t x, int sign, int *exp10)
{
    for (; x != 0 && x % 10 == 0; x /= 10) {
        *exp10 += sign;
    }
    return x;
}

bool unit_convert(struct span a, struct span b, struct unit_factor *f)
{
    struct measure x, y;
    if (!measure_of(a, &x) || !measure_of(b, &y)) return false;
    if (!same_dimension(&x, &y)) return false;
    f->exp10 = x.factor.exp10 - y.factor.exp10;
    if (__builtin_mul_overflow(x.factor.num, y.factor.den, &f->num) ||
        __builtin_mul_overflow(x.factor.den, y.factor.num, &f->den)) {
        return false;
    }
    int64_t g = gcd(f->num, f->den);
    f->num /= g;
    f->den /= g;
    f->num = without_tens(f->num, 1, &f->exp10);
    f->den = without_tens(f->den, -1, &f->exp10);
    return true;
}
