/* engine/template/number.h - Python's int() and float() of a string, and round().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_NUMBER_H
#define ENGINE_TEMPLATE_NUMBER_H

#include "engine/template/value.h"

enum number_result { NUMBER_OK, NUMBER_BAD, NUMBER_TOO_LARGE };

/* base 0 or 2 to 36, with white space around, a sign, a prefix of the base and single underscores. */
enum number_result number_parse_int(struct span s, int base, int64_t *out);
/* As Python's float(): a decimal number, inf or nan, with white space around. False otherwise. */
bool number_parse_float(struct span s, double *out);

/* round(f, digits): to the nearest of the exact binary value, ties to even. */
double number_round(double f, int digits);

#endif
