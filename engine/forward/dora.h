/* engine/forward/dora.h - DoRA's gains, which depend on the base's weights (arXiv 2402.09353, eq. 5).
 *
 * DoRA gives each row of W + B A the length that the adapter says. So a product is multiplied, column by
 * column, with magnitude over length; lengths are computed once, when an adapter is loaded, from the weights
 * as they are served. Under other weights the adapter must be loaded again (struct adapter's `bound`).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_DORA_H
#define ENGINE_FORWARD_DORA_H

#include "base/error.h"
#include "engine/adapter/adapter.h"
#include "engine/forward/weights.h"

/* Compute the gains of a, which nobody else has yet, for w, whose content is said. Nothing to do for an
 * adapter without magnitudes. False and ERROR_NO_MEMORY, or ERROR_UNSUPPORTED where a row is zero or not
 * finite. */
bool dora_bind(struct adapter *a, const struct weights *w, uint64_t content, struct error *err);

#endif
