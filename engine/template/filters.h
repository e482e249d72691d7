/* engine/template/filters.h - the filters by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_FILTERS_H
#define ENGINE_TEMPLATE_FILTERS_H

#include "engine/template/call.h"

/* NULL when there is no filter of this name. */
const struct routine *filter_find(struct span name);

/* The part of the table that works on sequences (filters_sequence.c). */
const struct routine *sequence_filter_find(struct span name);

#endif
