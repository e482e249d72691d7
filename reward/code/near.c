/* reward/code/near.c - numbers that need only be close.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>

#include "reward/code/checker.h"

/* The whole text as a number. */
static bool read_number(struct span text, double *out)
{
    char copy[400], *end;
    if (text.n == 0 || text.n >= sizeof(copy)) return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *out = strtod(copy, &end);
    return *end == '\0';
}

bool near_accepts(const struct near *n, struct span want_text, struct span got_text)
{
    double want, got;
    if (!read_number(want_text, &want) || !read_number(got_text, &got)) return false;
    double apart = fabs(got - want);
    switch (n->kind) {
    case NEAR_UNDER:
        return apart < n->absolute;
    case NEAR_WITHIN:
        return apart <= n->absolute;
    case NEAR_CLOSE:
        if (got == want) return true; /* infinities, too */
        return isfinite(apart) &&
               apart <= fmax(n->absolute, n->relative * fmax(fabs(got), fabs(want)));
    case NEAR_NUMPY:
        if (got == want) return true;
        return isfinite(apart) && apart <= n->absolute + n->relative * fabs(want);
    default:
        return false;
    }
}
