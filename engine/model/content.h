/* engine/model/content.h - every tensor in a model's files, and one SHA-256 of them all.
 *
 * The sum is SHA-256 over a line for each tensor, in byte order of names,
 *
 *   name dtype shape sha256(bytes)\n        model.norm.weight BF16 [64] 9f86d0...
 *
 * with the shape as the file has it and without blanks: so a folder, its shards in any cut, and a
 * stream of the same tensors have the same sum. Nothing else of the files is in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_CONTENT_H
#define ENGINE_MODEL_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"
#include "engine/model/model.h"

struct safetensors;

struct content_line {
    struct span name;
    const char *dtype; /* "BF16", "Q4_1" */
    int quant;         /* enum quant, or -1: a type we do not compute with */
    int n_dims;
    int64_t shape[4];  /* in the file's order */
    struct span bytes; /* in the mapping */
    char sha256[DIGEST_HEX];
};

struct content {
    struct content_line *lines; /* [n], in byte order of names */
    size_t n;
};

/* The tensors in m's files, which must stay mapped; not yet hashed. False and ERROR_NO_MEMORY; free
 * with content_clear(). */
bool content_list(const struct model *m, struct content *c, struct error *err);
/* The same of a set of safetensors files. */
bool content_list_set(const struct safetensors *s, struct content *c, struct error *err);
/* One line more, its name borrowed. False and ERROR_NO_MEMORY; lines have moved otherwise. */
bool content_add(struct content *c, const struct content_line *line, struct error *err);
/* Bring lines whose names have changed into order. */
void content_sort(struct content *c);
/* Free the list. Accepts an empty one. */
void content_clear(struct content *c);

/* Fill in a line's hash. Different lines on any threads. */
void content_hash(struct content_line *l);
/* Are all its numbers finite? Of a type that we do not compute with: yes. Different lines on any
 * threads. */
bool content_is_finite(const struct content_line *l);
/* The error of a line that is not; always false. */
bool content_refuse(const struct content_line *l, enum error_code code, struct error *err);

/* The sum of all lines, once each has its hash. */
void content_sum(const struct content *c, char sha256[DIGEST_HEX]);
/* Its first 64 bits, as a key. */
uint64_t content_key(const char sha256[DIGEST_HEX]);

/* The line of that name, or NULL. */
const struct content_line *content_find(const struct content *c, struct span name);

#endif
