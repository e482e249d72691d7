/* engine/sample/form/choices.h - one of some strings, as an expression.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_CHOICES_H
#define ENGINE_SAMPLE_FORM_CHOICES_H

#include "base/error.h"
#include "engine/sample/form/rx.h"

enum {
    CHOICES_MAX_STRINGS = 4096,
    CHOICES_MAX_BYTES = 256 << 10 /* of all of them */
};

/* The expression of just these n strings. False and *err (param "[2]": the third string) when there
 * are none or too many, or one is empty. */
bool choices_rx(struct rx_pool *p, const char *const *strings, int n, rx *out, struct error *err);

#endif
