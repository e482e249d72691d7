/* engine/model/delta_set.h - the changes that lead from one version of a model's tensors to the
 * next, however they were written down.
 *
 *   a stream        one safetensors file: changes by tensors' names, format and sums in its metadata (delta.h)
 *   slime's folder  weight_v000003/: such files, and model.safetensors.index.json, whose metadata has the versions
 *                   and the format (slime/utils/disk_delta.py)
 *   SkyRL's folder  delta-00000003/: manifest.json, which has the versions, the tensors, their sums and where in which
 *                   file each change lies; all are xor, packed by zstd (skyrl/.../weight_sync/delta_checkpoint.py)
 *
 * Nothing in them is trusted: files lie in the folder itself, numbers are bounded, no tensor stands
 * twice.
 *
 * (1) Changes are in strict byte order of names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_DELTA_SET_H
#define ENGINE_MODEL_DELTA_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/span.h"
#include "engine/model/delta.h"

struct safetensors;

enum { DELTA_MAX_VERSION = 999999999 };

struct delta_change {
    struct span name;    /* of the tensor */
    struct span payload; /* in the mapping */
    const char *sum;     /* of the result, in hexadecimal */
    enum delta_sum kind;
};

struct delta_set {
    struct delta_format format;
    struct delta_change *changes; /* [n] (1) */
    size_t n;
    int64_t version, base; /* of a folder's: from base to version */

    struct safetensors *files; /* owned; NULL: the stream's, which is borrowed */
    cJSON *document;           /* owned: texts lie in it; NULL: none do */
};

/* The changes of an open stream, which must stay open. False and ERROR_INVALID_VALUE. */
bool delta_set_of_stream(const struct safetensors *news, struct delta_set *d, struct error *err);
/* Those of a folder that slime, or SkyRL, has written. False and ERROR_BAD_FILE or
 * ERROR_INVALID_VALUE naming what is wrong. */
bool delta_set_open_slime(const char *folder, struct delta_set *d, struct error *err);
/* See delta_set_open_slime(). */
bool delta_set_open_skyrl(const char *folder, struct delta_set *d, struct error *err);
/* Is this version of slime's changes, *changes, or a whole checkpoint? False and ERROR_BAD_FILE
 * when that cannot be read. */
bool delta_is_slime(const char *folder, bool *changes, struct error *err);

/* The change of that tensor; NULL: it does not change. */
const struct delta_change *delta_set_find(const struct delta_set *d, struct span name);
/* Accepts an empty one. */
void delta_set_clear(struct delta_set *d);

#endif
