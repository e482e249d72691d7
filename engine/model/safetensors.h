/* engine/model/safetensors.h - reading safetensors files, alone or as the shards of a folder.
 *
 * A file is 8 bytes of header length, the header (a JSON object: name -> dtype, shape,
 * data_offsets), then the tensors' bytes. Files are mapped, never copied. Nothing in them is
 * trusted: lengths, shapes, types, offsets, overlaps and names are checked when a file is opened,
 * so that look-ups cannot surprise.
 *
 * Format: https://github.com/huggingface/safetensors#format
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_SAFETENSORS_H
#define ENGINE_MODEL_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/span.h"

struct safetensor {
    const char *name;  /* owned by the set */
    const char *dtype; /* "BF16" */
    int quant;         /* enum quant, or -1: a type we do not compute with */
    int n_dims;
    int64_t shape[4]; /* slowest first, as in the file; unused are 1 */
    const char *data; /* in the mapping, maybe unaligned; `bytes` of it are there */
    size_t bytes;
};

struct safetensors;

/* Every tensor of a folder: of the files that model.safetensors.index.json names, else of
 * model.safetensors. NULL and ERROR_BAD_FILE naming file and tensor otherwise. Free with
 * safetensors_close(), which accepts NULL. */
struct safetensors *safetensors_open(const char *folder, struct error *err);
/* The same of the files that map, {"name of a tensor": "name of a file in the folder"}, names,
 * which stands in the file `list`. There may be none. */
struct safetensors *safetensors_open_listed(const char *folder, const cJSON *map, const char *list,
                                            struct error *err);
/* Unmaps; what was borrowed is gone. Accepts NULL. */
void safetensors_close(struct safetensors *s);

/* One file from memory (borrowed until safetensors_close), for tests and fuzzers. */
struct safetensors *safetensors_open_memory(struct span bytes, const char *name, struct error *err);

/* An open file, which stays the caller's; name is for messages. */
struct safetensors *safetensors_open_fd(int fd, const char *name, struct error *err);

/* What the files say about themselves under this key (__metadata__): of the first that does; NULL: none. */
const char *safetensors_metadata(const struct safetensors *s, const char *key);
/* All that file i says so, an object of texts. NULL: nothing, or it is past the last file. */
const cJSON *safetensors_texts(const struct safetensors *s, int i);
/* How many files there are. */
int safetensors_files(const struct safetensors *s);

/* The tensor of that name, or NULL. */
const struct safetensor *safetensors_find(const struct safetensors *s, const char *name);
/* Tensors of all files. */
size_t safetensors_count(const struct safetensors *s);
/* Tensor i below safetensors_count(), in order of names. */
const struct safetensor *safetensors_at(const struct safetensors *s, size_t i);

/* File i, its path and mapping borrowed; false past the last one. */
bool safetensors_file(const struct safetensors *s, int i, const char **path,
                      struct file_mapping *mapping);

/* Tensor data is not needed any more: its pages leave memory. */
void safetensors_drop(struct safetensors *s);
/* The same of these bytes, as far as they lie in its files. Any thread. */
void safetensors_drop_bytes(const struct safetensors *s, struct span bytes);

#endif
