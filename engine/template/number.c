/* engine/template/number.c - see number.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/template/text.h"

enum { MAX_DIGITS = 400 };

/* s without white space around and underscores between digits, NUL-terminated. */
static bool clean(struct span s, char out[MAX_DIGITS])
{
    size_t n = 0;
    s = text_strip(s, NULL);
    if (s.n == 0 || s.n >= MAX_DIGITS) return false;
    for (size_t i = 0; i < s.n; i++) {
        bool between = i > 0 && i + 1 < s.n && s.p[i - 1] != '_' && s.p[i + 1] != '_';
        if (s.p[i] == '_' && !between) return false;
        if (s.p[i] == '\0') return false;
        if (s.p[i] != '_') out[n++] = s.p[i];
    }
    out[n] = '\0';
    return true;
}

static int prefix_base(const char *p)
{
    if (p[0] != '0') return 0;
    int c = p[1] | 0x20;
    return c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
}

enum number_result number_parse_int(struct span s, int base, int64_t *out)
{
    char text[MAX_DIGITS + 1], *end;
    if (!clean(s, text + 1)) return NUMBER_BAD;
    bool minus = text[1] == '-';
    char *p = text + 1 + (minus || text[1] == '+');
    int prefix = prefix_base(p);
    if (prefix != 0 && (base == 0 || base == prefix)) {
        base = prefix;
        p += 2;
    }
    if (base == 0) base = 10;
    int first = *p >= '0' && *p <= '9'                     ? *p - '0'
                : (*p | 0x20) >= 'a' && (*p | 0x20) <= 'z' ? (*p | 0x20) - 'a' + 10
                                                           : 99;
    if (first >= base) return NUMBER_BAD;
    if (minus) *--p = '-';
    errno = 0;
    *out = strtoll(p, &end, base);
    if (*end != '\0') return NUMBER_BAD;
    return errno == ERANGE ? NUMBER_TOO_LARGE : NUMBER_OK;
}

bool number_parse_float(struct span s, double *out)
{
    char text[MAX_DIGITS], *end;
    if (!clean(s, text)) return false;
    const char *p = text + (*text == '-' || *text == '+');
    for (const char *c = p; *c != '\0'; c++) {
        if (*c == 'x' || *c == 'X' || *c == '(') return false; /* what strtod takes beyond Python */
    }
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}

double number_round(double f, int digits)
{
    char text[MAX_DIGITS];
    if (!isfinite(f)) return f;
    if (digits > 330) return f;
    if (digits < -310) return copysign(0.0, f);
    if (digits >= 0) {
        snprintf(text, sizeof(text), "%.*f", digits, f);
        if (strlen(text) >= sizeof(text) - 1) return f;
        return strtod(text, NULL);
    }
    double scale = pow(10.0, -digits), q = f / scale;
    return isinf(scale) ? copysign(0.0, f) : rint(q) * scale;
}
