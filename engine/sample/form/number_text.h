/* engine/sample/form/number_text.h - how JSON writes the numbers of a range.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_NUMBER_TEXT_H
#define ENGINE_SAMPLE_FORM_NUMBER_TEXT_H

#include "base/digits.h"
#include "engine/sample/form/rx.h"

/* What a schema asks of a number. Bounds that are absent have no digits and has_... false. */
struct number_range {
    bool whole; /* integers alone */
    bool has_low, has_high, low_open, high_open;
    struct digits low, high;
    struct digits multiple[4]; /* of each of these; above 0 */
    int n_multiples;
};

enum { NUMBER_MAX_DIGITS = 400 }; /* of a bound */

/* The texts of the numbers of a range, the sign included. Numbers of a bounded range, and
 * multiples, are written without an exponent. False when a bound or divisor is out of what can be
 * written so; *what then says which keyword. */
bool number_rx(struct rx_pool *p, const struct number_range *r, rx *out, const char **what);

#endif
