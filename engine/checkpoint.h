/* engine/checkpoint.h - a checkpoint in a folder of ours, which follows a trainer's chain of
 * changes.
 *
 *   .touchstone          says that the folder is ours
 *   model.safetensors    all tensors; its metadata has the version that they are (merge.h)
 *   config.json, ...     the base's files beside its tensors
 *
 * A version takes the place of the one before it by one rename, once every changed tensor has the
 * sum that its change says: whoever reads the folder, or ends the program, at any moment finds one
 * version or the other. A folder with anything else in it is nobody's to write to.
 *
 * (1) Nothing is written outside the folder, and nothing but these names.
 *
 * The keeper's alone (push.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_CHECKPOINT_H
#define ENGINE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/model/delta_set.h"

struct file_visit;
struct model;

struct checkpoint {
    int fd;           /* the folder, the caller's */
    int64_t version;  /* -1: there is none yet */
    const bool *stop; /* atomic: give up */
};

/* The folder of this descriptor, empty or ours; it is marked. False and ERROR_CONFLICT when it is
 * another's. */
bool checkpoint_open(int folder, const bool *stop, struct checkpoint *c, struct error *err);

/* Copy to it the files that stand in `folder` beside a model's tensors: descriptions, tokenizers,
 * templates. The visit of folder is begun (base/file.h). */
bool checkpoint_describe(struct checkpoint *c, const char *folder, struct error *err);

/* All tensors are m's from now on, as `version`; visit has m's files, which must still be as they
 * were. False and ERROR_BASE_UNAVAILABLE when they are quantised, ERROR_NO_STORAGE: what was there
 * stays. */
bool checkpoint_lay(struct checkpoint *c, const struct model *m, const struct file_visit *visit,
                    int64_t version, struct error *err);

/* It is d->version from now on; it was d->base. False and ERROR_BASE_VERSION when it was not,
 * ERROR_INVALID_VALUE naming the tensor that d does not fit: what was there stays. */
bool checkpoint_change(struct checkpoint *c, const struct delta_set *d, struct error *err);

#endif
