/* engine/model/merge.h - a base's tensors with some of them changed, or none, as one new safetensors file.
 *
 * Pushes of some tensors, or of changes, apply to what was pushed before them, as it was before quantising.
 * The merged file is that for the next one. So it is with a checkpoint that follows a trainer's changes
 * (engine/checkpoint.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_MERGE_H
#define ENGINE_MODEL_MERGE_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/model/content.h"
#include "engine/model/delta_set.h"
#include "engine/model/model.h"

struct safetensors;

struct merge {
    const struct model *base;       /* mapped */
    const struct safetensors *news; /* new values, mapped; NULL: */
    const struct delta_set *delta;  /* changes, mapped; NULL as well: all tensors stay */
    const char *version;            /* stands in the file's metadata; NULL: nothing does */
    int fd;                         /* an empty file, to be written */
    const bool *stop;               /* atomic: give up; NULL: never */
};

/* The version's name in the metadata. */
#define MERGE_VERSION "touchstone_version"

/* Write the file, in the base's names and order of rows. News and changes may be in the names of the
 * other kind of file (other_name.h). *changed gets a line, hashed, for each tensor that changes, with its
 * new values' hash, as it was sent; free with content_clear(). False and ERROR_BASE_UNAVAILABLE when the base is quantised,
 * ERROR_INVALID_VALUE naming the tensor that is none of the base's, of another shape or type, or
 * whose sum is another, ERROR_NO_STORAGE. */
bool merge_write(const struct merge *m, struct content *changed, struct error *err);

#endif
