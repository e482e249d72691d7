/* reward/math/units.c - a table of units, and comparison of what stands after numbers.
 *
 * A text such as "km/h", "square feet", "m s-1" or "miles per hour" is read as a product of
 * powers of the units in the table: a measure, which is a power of each dimension and a factor.
 * Units that are not in the table (apples, students) are words: compared as such, and ignored
 * when only one side has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/units.h"

/* clang-format off */
static const struct unit units[] = {
    {"mm", UNIT_LENGTH, 1, 1, 1000}, {"millimeter", UNIT_LENGTH, 1, 1, 1000}, {"millimetre", UNIT_LENGTH, 1, 1, 1000},
    {"cm", UNIT_LENGTH, 1, 1, 100}, {"centimeter", UNIT_LENGTH, 1, 1, 100}, {"centimetre", UNIT_LENGTH, 1, 1, 100},
    {"dm", UNIT_LENGTH, 1, 1, 10}, {"decimeter", UNIT_LENGTH, 1, 1, 10}, {"decimetre", UNIT_LENGTH, 1, 1, 10},
    {"m", UNIT_LENGTH, 1, 1, 1}, {"meter", UNIT_LENGTH, 1, 1, 1}, {"metre", UNIT_LENGTH, 1, 1, 1},
    {"km", UNIT_LENGTH, 1, 1000, 1}, {"kilometer", UNIT_LENGTH, 1, 1000, 1}, {"kilometre", UNIT_LENGTH, 1, 1000, 1},
    {"in", UNIT_LENGTH, 1, 127, 5000}, {"inch", UNIT_LENGTH, 1, 127, 5000}, {"inche", UNIT_LENGTH, 1, 127, 5000},
    {"ft", UNIT_LENGTH, 1, 381, 1250}, {"foot", UNIT_LENGTH, 1, 381, 1250}, {"feet", UNIT_LENGTH, 1, 381, 1250},
    {"yd", UNIT_LENGTH, 1, 1143, 1250}, {"yard", UNIT_LENGTH, 1, 1143, 1250},
    {"mi", UNIT_LENGTH, 1, 201168, 125}, {"mile", UNIT_LENGTH, 1, 201168, 125},
    {"mg", UNIT_MASS, 1, 1, 1000}, {"milligram", UNIT_MASS, 1, 1, 1000}, {"g", UNIT_MASS, 1, 1, 1}, {"gram", UNIT_MASS, 1, 1, 1},
    {"kg", UNIT_MASS, 1, 1000, 1}, {"kilogram", UNIT_MASS, 1, 1000, 1}, {"ton", UNIT_MASS, 1, 1000000, 1}, {"tonne", UNIT_MASS, 1, 1000000, 1},
    {"ms", UNIT_TIME, 1, 1, 1000}, {"s", UNIT_TIME, 1, 1, 1}, {"sec", UNIT_TIME, 1, 1, 1}, {"second", UNIT_TIME, 1, 1, 1},
    {"min", UNIT_TIME, 1, 60, 1}, {"minute", UNIT_TIME, 1, 60, 1}, {"h", UNIT_TIME, 1, 3600, 1}, {"hr", UNIT_TIME, 1, 3600, 1}, {"hour", UNIT_TIME, 1, 3600, 1},
    {"day", UNIT_TIME, 1, 86400, 1}, {"week", UNIT_TIME, 1, 604800, 1},
    {"ml", UNIT_LENGTH, 3, 1, 1000000}, {"mL", UNIT_LENGTH, 3, 1, 1000000}, {"milliliter", UNIT_LENGTH, 3, 1, 1000000},
    {"cl", UNIT_LENGTH, 3, 1, 100000}, {"dl", UNIT_LENGTH, 3, 1, 10000}, {"l", UNIT_LENGTH, 3, 1, 1000}, {"L", UNIT_LENGTH, 3, 1, 1000}, {"liter", UNIT_LENGTH, 3, 1, 1000}, {"litre", UNIT_LENGTH, 3, 1, 1000},
    {"cent", UNIT_MONEY, 1, 1, 100}, {"dollar", UNIT_MONEY, 1, 1, 1}, {"usd", UNIT_MONEY, 1, 1, 1}, {"USD", UNIT_MONEY, 1, 1, 1},
    {"pound", UNIT_OTHER, 1, 1, 1}, {"euro", UNIT_OTHER, 1, 1, 1}, {"yuan", UNIT_OTHER, 1, 1, 1}, {"year", UNIT_OTHER, 1, 1, 1}, {"month", UNIT_OTHER, 1, 1, 1},
    {"acre", UNIT_LENGTH, 2, 316160658, 78125}, {"hectare", UNIT_LENGTH, 2, 10000, 1}, {"gallon", UNIT_OTHER, 1, 1, 1},
    {"degree", UNIT_ANGLE, 1, 1, 1},
    {"byte", UNIT_DATA, 1, 1, 1}, {"kb", UNIT_DATA, 1, 1000, 1}, {"KB", UNIT_DATA, 1, 1000, 1}, {"MB", UNIT_DATA, 1, 1000000, 1}, {"GB", UNIT_DATA, 1, 1000000000, 1},
    {"mph", UNIT_OTHER, 1, 1, 1}, {"kmh", UNIT_OTHER, 1, 1, 1}, {"kph", UNIT_OTHER, 1, 1, 1}, {"rpm", UNIT_OTHER, 1, 1, 1}, {"lb", UNIT_OTHER, 1, 1, 1}, {"oz", UNIT_OTHER, 1, 1, 1},
    {"Hz", UNIT_OTHER, 1, 1, 1}, {"kHz", UNIT_OTHER, 1, 1, 1}, {"Pa", UNIT_OTHER, 1, 1, 1}, {"kPa", UNIT_OTHER, 1, 1, 1}, {"kW", UNIT_OTHER, 1, 1, 1}, {"eV", UNIT_OTHER, 1, 1, 1},
    {"kJ", UNIT_OTHER, 1, 1, 1}, {"mol", UNIT_OTHER, 1, 1, 1}, {"rad", UNIT_OTHER, 1, 1, 1}, {"sq", UNIT_OTHER, 1, 1, 1}, {"cu", UNIT_OTHER, 1, 1, 1}, {"pts", UNIT_OTHER, 1, 1, 1},
    {"pm", UNIT_OTHER, 1, 1, 1}, {"am", UNIT_OTHER, 1, 1, 1}, {"PM", UNIT_OTHER, 1, 1, 1}, {"AM", UNIT_OTHER, 1, 1, 1}, {"th", UNIT_OTHER, 1, 1, 1}, {"st", UNIT_OTHER, 1, 1, 1}, {"nd", UNIT_OTHER, 1, 1, 1}, {"rd", UNIT_OTHER, 1, 1, 1},
};
/* clang-format on */

static const struct unit *lookup(struct span name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (span_is(name, units[i].name)) return &units[i];
    return NULL;
}

const struct unit *unit_find(struct span name)
{
    name = span_trim(name);
    const struct unit *u = lookup(name);
    if (u == NULL && name.n > 2 && name.p[name.n - 1] == 's')
        u = lookup(span_slice(name, 0, name.n - 1));
    return u;
}

/* ---- measures ---------------------------------------------------------------------------------- */

enum { MAX_EXPONENT = 4 };

struct measure {
    int power[UNIT_DIMENSIONS];
    int64_t num, den;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* m times u^e. */
static bool multiply(struct measure *m, const struct unit *u, int e)
{
    if (u->dimension >= UNIT_DIMENSIONS) return false;
    m->power[u->dimension] += e * u->power;
    for (int i = 0; i < (e < 0 ? -e : e); i++) {
        int64_t up = e < 0 ? u->den : u->num, down = e < 0 ? u->num : u->den;
        if (__builtin_mul_overflow(m->num, up, &m->num) ||
            __builtin_mul_overflow(m->den, down, &m->den))
            return false;
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
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        if (span_starts(span_slice(s, *i, s.n), span_str(words[k].word))) {
            *i += strlen(words[k].word);
            return words[k].power;
        }
    size_t j = *i;
    while (j < s.n && (s.p[j] == '^' || s.p[j] == '{'))
        j++;
    bool minus = j < s.n && s.p[j] == '-';
    if (minus) j++;
    if (j >= s.n || s.p[j] < '1' || s.p[j] > '0' + MAX_EXPONENT) return 1;
    int e = s.p[j++] - '0';
    while (j < s.n && s.p[j] == '}')
        j++;
    *i = j;
    return minus ? -e : e;
}

int unit_prefix_power(struct span w)
{
    if (span_is(w, "square") || span_is(w, "sq")) return 2;
    return span_is(w, "cubic") || span_is(w, "cu") ? 3 : 0;
}

static bool add_alias(struct span w, struct measure *m)
{
    static const struct {
        const char *name, *way, *time;
    } speeds[] = {{"mph", "mi", "h"}, {"kmh", "km", "h"}, {"kph", "km", "h"}, {"kmph", "km", "h"}};
    for (size_t k = 0; k < sizeof(speeds) / sizeof(speeds[0]); k++)
        if (span_is(w, speeds[k].name))
            return multiply(m, lookup(span_str(speeds[k].way)), 1) &&
                   multiply(m, lookup(span_str(speeds[k].time)), -1);
    return false;
}

static bool measure_of(struct span s, struct measure *m)
{
    int sign = 1, prefix = 1;
    bool any = false;
    *m = (struct measure){.num = 1, .den = 1};
    s = span_trim(s);
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] == '/') sign = -1;
        if (!is_letter(s.p[i])) {
            if (strchr(" /.*\\,", s.p[i]) == NULL) return false;
            i++;
            continue;
        }
        size_t end = i;
        while (end < s.n && is_letter(s.p[end]))
            end++;
        struct span w = span_slice(s, i, end);
        const struct unit *u = unit_find(w);
        i = end;
        if (span_is(w, "per")) {
            sign = -1;
        } else if (unit_prefix_power(w) > 0) {
            prefix = unit_prefix_power(w);
        } else if (u != NULL && u->dimension < UNIT_DIMENSIONS) {
            if (!multiply(m, u, sign * prefix * exponent(s, &i))) return false;
            prefix = 1;
            any = true;
        } else if (!(any = add_alias(w, m))) {
            return false;
        }
    }
    return any;
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

bool unit_same(struct span a, struct span b)
{
    size_t i = 0, j = 0;
    for (;;) {
        int x = next_sign(a, &i), y = next_sign(b, &j);
        if (x != y) break;
        if (x == 0) return true;
    }
    int64_t num, den;
    return unit_convert(a, b, &num, &den) && num == den;
}

bool unit_convert(struct span a, struct span b, int64_t *num, int64_t *den)
{
    struct measure x, y;
    if (!measure_of(a, &x) || !measure_of(b, &y)) return false;
    for (int d = 0; d < UNIT_DIMENSIONS; d++)
        if (x.power[d] != y.power[d]) return false;
    return !__builtin_mul_overflow(x.num, y.den, num) && !__builtin_mul_overflow(x.den, y.num, den);
}
