/* engine/model/gguf.h - reading GGUF files (versions 2 and 3, little endian), alone or split.
 *
 * The file is mapped, never copied. Nothing in it is trusted: every count, length, offset, type
 * and string is checked against the file's size when it is opened, so that later look-ups cannot
 * fail in surprising ways. Keys, strings and tensor data borrow from the mapping.
 *
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_GGUF_H
#define ENGINE_MODEL_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/span.h"

enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPES
};

/* One metadata entry. Numbers are at data, little endian, unaligned; a string is its span; an
 * array's elements of elem_type begin at data (strings: each with its own 8-byte length, see
 * gguf_array_strings). */
struct gguf_value {
    struct span key;
    enum gguf_type type;
    enum gguf_type elem_type; /* of an array */
    uint64_t n;               /* elements of an array; else 1 */
    struct span data;         /* the value's bytes; of a string: its text */
};

struct gguf_tensor {
    struct span name;
    uint32_t ggml_type; /* as in the file: may be one we cannot read */
    int n_dims;
    int64_t shape[4]; /* fastest first; unused are 1 */
    const char *data; /* in the mapping; bytes are all there when the type is one we read */
    size_t bytes;     /* 0 when the type is unknown to us */
};

struct gguf;

/* Map path and check it all. For the first file of a split set ("...-00001-of-00003.gguf") the
 * others are opened too and their tensors joined. NULL and ERROR_BAD_FILE naming file and field
 * otherwise. Free with gguf_close(), which accepts NULL. */
struct gguf *gguf_open(const char *path, struct error *err);
/* Unmaps; what was borrowed is gone. Accepts NULL. */
void gguf_close(struct gguf *g);

/* The same from memory (borrowed until gguf_close), for tests and fuzzers. */
struct gguf *gguf_open_memory(struct span bytes, const char *name, struct error *err);

/* The path it was opened by. */
const char *gguf_path(const struct gguf *g);

/* File i of the set, its path and mapping borrowed; false past the last one. */
bool gguf_file(const struct gguf *g, int i, const char **path, struct file_mapping *mapping);

/* The entry of that key, or NULL. */
const struct gguf_value *gguf_find(const struct gguf *g, const char *key);

/* Typed reads. Absent: true and *out untouched. Wrong type or out of range: false, err names file
 * and key. Integers accept every integer type; floats accept F32 and F64. */
bool gguf_get_int(const struct gguf *g, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct error *err);
/* As gguf_get_int(), of F32 or F64. */
bool gguf_get_float(const struct gguf *g, const char *key, double *out, struct error *err);
/* As gguf_get_int(), of BOOL. */
bool gguf_get_bool(const struct gguf *g, const char *key, bool *out, struct error *err);
/* As gguf_get_int(), of STRING; *out is borrowed. */
bool gguf_get_string(const struct gguf *g, const char *key, struct span *out, struct error *err);

/* Whether v is an array of integers (any integer type). */
bool gguf_array_of_ints(const struct gguf_value *v);
/* Element i of an array of integers (any integer type or bool) or of floats. i < v->n, caller checks type. */
int64_t gguf_array_int(const struct gguf_value *v, uint64_t i);
/* As gguf_array_int(), of floats. */
double gguf_array_float(const struct gguf_value *v, uint64_t i);

/* Walk an array of strings: start with *at = 0; each call gives the next string, false at the end. */
bool gguf_array_next(const struct gguf_value *v, size_t *at, struct span *out);

/* Tensors of all files of the set. */
size_t gguf_n_tensors(const struct gguf *g);
/* Tensor i below gguf_n_tensors(), in order of the files. */
const struct gguf_tensor *gguf_tensor_at(const struct gguf *g, size_t i);
/* The tensor of that name, or NULL. */
const struct gguf_tensor *gguf_tensor_find(const struct gguf *g, const char *name);

/* Tell the system that tensor data is not needed any more: its pages leave memory (metadata stays
 * valid; reading the data again would fetch it from the file). */
void gguf_drop_tensors(struct gguf *g);
/* The same of these bytes, as far as they lie in its files. Any thread. */
void gguf_drop(const struct gguf *g, struct span bytes);

#endif
