/* reward/math/units.c - a table of units, and comparison of what stands after numbers.
 *
 * Units that are not in the table (apples, students) are words: compared as such, and ignored when
 * only one side has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/units.h"

/* clang-format off */
static const struct unit units[] = {
    {"mm", UNIT_LENGTH, 1, 1000}, {"millimeter", UNIT_LENGTH, 1, 1000}, {"millimetre", UNIT_LENGTH, 1, 1000},
    {"cm", UNIT_LENGTH, 1, 100}, {"centimeter", UNIT_LENGTH, 1, 100}, {"centimetre", UNIT_LENGTH, 1, 100},
    {"dm", UNIT_LENGTH, 1, 10}, {"decimeter", UNIT_LENGTH, 1, 10},
    {"m", UNIT_LENGTH, 1, 1}, {"meter", UNIT_LENGTH, 1, 1}, {"metre", UNIT_LENGTH, 1, 1},
    {"km", UNIT_LENGTH, 1000, 1}, {"kilometer", UNIT_LENGTH, 1000, 1}, {"kilometre", UNIT_LENGTH, 1000, 1},
    {"in", UNIT_LENGTH, 127, 5000}, {"inch", UNIT_LENGTH, 127, 5000}, {"inche", UNIT_LENGTH, 127, 5000},
    {"ft", UNIT_LENGTH, 381, 1250}, {"foot", UNIT_LENGTH, 381, 1250}, {"feet", UNIT_LENGTH, 381, 1250},
    {"yd", UNIT_LENGTH, 1143, 1250}, {"yard", UNIT_LENGTH, 1143, 1250},
    {"mi", UNIT_LENGTH, 201168, 125}, {"mile", UNIT_LENGTH, 201168, 125},
    {"mg", UNIT_MASS, 1, 1000}, {"milligram", UNIT_MASS, 1, 1000}, {"g", UNIT_MASS, 1, 1}, {"gram", UNIT_MASS, 1, 1},
    {"kg", UNIT_MASS, 1000, 1}, {"kilogram", UNIT_MASS, 1000, 1}, {"ton", UNIT_MASS, 1000000, 1}, {"tonne", UNIT_MASS, 1000000, 1},
    {"ms", UNIT_TIME, 1, 1000}, {"s", UNIT_TIME, 1, 1}, {"sec", UNIT_TIME, 1, 1}, {"second", UNIT_TIME, 1, 1},
    {"min", UNIT_TIME, 60, 1}, {"minute", UNIT_TIME, 60, 1}, {"h", UNIT_TIME, 3600, 1}, {"hr", UNIT_TIME, 3600, 1}, {"hour", UNIT_TIME, 3600, 1},
    {"day", UNIT_TIME, 86400, 1}, {"week", UNIT_TIME, 604800, 1},
    {"ml", UNIT_VOLUME, 1, 1000}, {"mL", UNIT_VOLUME, 1, 1000}, {"milliliter", UNIT_VOLUME, 1, 1000},
    {"cl", UNIT_VOLUME, 1, 100}, {"dl", UNIT_VOLUME, 1, 10}, {"l", UNIT_VOLUME, 1, 1}, {"L", UNIT_VOLUME, 1, 1}, {"liter", UNIT_VOLUME, 1, 1}, {"litre", UNIT_VOLUME, 1, 1},
    {"cent", UNIT_MONEY, 1, 100}, {"dollar", UNIT_MONEY, 1, 1}, {"usd", UNIT_MONEY, 1, 1}, {"USD", UNIT_MONEY, 1, 1},
    {"degree", UNIT_ANGLE, 1, 1},
    {"byte", UNIT_DATA, 1, 1}, {"kb", UNIT_DATA, 1000, 1}, {"KB", UNIT_DATA, 1000, 1}, {"MB", UNIT_DATA, 1000000, 1}, {"GB", UNIT_DATA, 1000000000, 1},
    {"mph", UNIT_OTHER, 1, 1}, {"kmh", UNIT_OTHER, 1, 1}, {"kph", UNIT_OTHER, 1, 1}, {"rpm", UNIT_OTHER, 1, 1}, {"lb", UNIT_OTHER, 1, 1}, {"oz", UNIT_OTHER, 1, 1},
    {"Hz", UNIT_OTHER, 1, 1}, {"kHz", UNIT_OTHER, 1, 1}, {"Pa", UNIT_OTHER, 1, 1}, {"kPa", UNIT_OTHER, 1, 1}, {"kW", UNIT_OTHER, 1, 1}, {"eV", UNIT_OTHER, 1, 1},
    {"kJ", UNIT_OTHER, 1, 1}, {"mol", UNIT_OTHER, 1, 1}, {"rad", UNIT_OTHER, 1, 1}, {"sq", UNIT_OTHER, 1, 1}, {"cu", UNIT_OTHER, 1, 1}, {"pts", UNIT_OTHER, 1, 1},
    {"pm", UNIT_OTHER, 1, 1}, {"am", UNIT_OTHER, 1, 1}, {"PM", UNIT_OTHER, 1, 1}, {"AM", UNIT_OTHER, 1, 1}, {"th", UNIT_OTHER, 1, 1}, {"st", UNIT_OTHER, 1, 1}, {"nd", UNIT_OTHER, 1, 1}, {"rd", UNIT_OTHER, 1, 1},
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

/* The next letter or digit of s that counts, lower-cased; 0 at the end. A plural's s at the end of a
 * word does not count. */
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
    const struct unit *u = unit_find(a), *v = unit_find(b);
    if (u == NULL || v == NULL || u->dimension != v->dimension) return false;
    if (u->dimension == UNIT_OTHER) return false;
    return !__builtin_mul_overflow(u->num, v->den, num) &&
           !__builtin_mul_overflow(u->den, v->num, den);
}
