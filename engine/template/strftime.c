/* engine/template/strftime.c - see routines.h.
 *
 * The C library's strftime does the work, one conversion at a time: so its output is bounded, a NUL
 * in the format ends nothing, and an empty result is told from one that did not fit. Nothing in
 * this program calls setlocale, so names of days and months are English.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/routines.h"

#include <string.h>
#include <time.h>

#include "engine/template/limits.h"
#include "engine/template/render.h"

/* Length of the conversion at s.p, from % to its letter: flags, no width. */
static size_t conversion_length(struct span s)
{
    size_t n = 1;
    while (n < s.n && s.p[n] != '\0' && strchr("-_0^#EO:", s.p[n]) != NULL && n < 4) {
        n++;
    }
    return n < s.n ? n + 1 : 0;
}

static void add_conversion(struct render *r, struct text_builder *b, struct span conversion,
                           const struct tm *tm)
{
    char format[8] = {0}, text[128];
    char letter = conversion.p[conversion.n - 1];
    if (letter == 'z' || letter == 'Z') return;
    if (letter == 'f') {
        text_add_str(r, b, "000000");
        return;
    }
    bool known =
        letter != '\0' && strchr("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyY%", letter) != NULL;
    if (!known) {
        text_add(r, b, conversion);
        return;
    }
    memcpy(format, conversion.p, conversion.n);
    size_t n = strftime(text, sizeof(text), format, tm);
    text_add(r, b, span_of(text, n));
}

bool strftime_add(struct render *r, struct text_builder *b, struct span format, int64_t now)
{
    time_t t = (time_t)now;
    struct tm tm;
    if (format.n > TEMPLATE_MAX_TIME_FORMAT) {
        return render_fail(r, "a time format of %zu bytes", format.n);
    }
    if (gmtime_r(&t, &tm) == NULL) return render_fail(r, "the time cannot be shown");
    for (size_t at = 0; at < format.n;) {
        size_t mark = span_find(format, span_str("%"), at);
        text_add(r, b, span_slice(format, at, mark));
        if (mark == SPAN_NONE) break;
        struct span rest = span_slice(format, mark, format.n);
        size_t n = conversion_length(rest);
        if (n == 0) n = rest.n;
        if (!render_charge(r, TEMPLATE_TIME_STEPS)) return false;
        if (n == rest.n && (n == 1 || conversion_length(rest) == 0)) {
            text_add(r, b, rest); /* a % at the end */
        } else {
            add_conversion(r, b, span_slice(rest, 0, n), &tm);
        }
        at = mark + n;
    }
    return !b->failed;
}
