/* engine/model/content.c - see content.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/content.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/model/gguf.h"
#include "engine/model/safetensors.h"
#include "engine/tensor/finite.h"

/* ---- the list ---- */

static int by_name(const void *a, const void *b)
{
    const struct span x = ((const struct content_line *)a)->name;
    const struct span y = ((const struct content_line *)b)->name;
    size_t n = x.n < y.n ? x.n : y.n;
    int order = memcmp(x.p, y.p, n);
    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

void content_sort(struct content *c)
{
    if (c->n > 0) qsort(c->lines, c->n, sizeof(*c->lines), by_name);
}

static bool new_lines(struct content *c, size_t n, struct error *err)
{
    *c = (struct content){.lines = mem_new(n + 1, sizeof(*c->lines), err), .n = n};
    return c->lines != NULL;
}

bool content_list_set(const struct safetensors *s, struct content *c, struct error *err)
{
    if (!new_lines(c, safetensors_count(s), err)) return false;
    for (size_t i = 0; i < c->n; i++) {
        const struct safetensor *t = safetensors_at(s, i);
        struct content_line *l = &c->lines[i];
        *l = (struct content_line){.name = span_str(t->name),
                                   .dtype = t->dtype,
                                   .quant = t->quant,
                                   .n_dims = t->n_dims,
                                   .bytes = span_of(t->data, t->bytes)};
        memcpy(l->shape, t->shape, sizeof(l->shape));
    }
    content_sort(c);
    return true;
}

static bool list_gguf(const struct gguf *g, struct content *c, struct error *err)
{
    if (!new_lines(c, gguf_n_tensors(g), err)) return false;
    for (size_t i = 0; i < c->n; i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        struct content_line *l = &c->lines[i];
        *l = (struct content_line){.name = t->name,
                                   .dtype = quant_ggml_name(t->ggml_type),
                                   .quant = quant_from_ggml(t->ggml_type),
                                   .n_dims = t->n_dims,
                                   .bytes = span_of(t->data, t->bytes)};
        if (l->dtype == NULL) l->dtype = "?";
        memcpy(l->shape, t->shape, sizeof(l->shape));
    }
    content_sort(c);
    return true;
}

bool content_list(const struct model *m, struct content *c, struct error *err)
{
    const struct safetensors *s = model_safetensors(m);
    return s != NULL ? content_list_set(s, c, err) : list_gguf(model_gguf(m), c, err);
}

bool content_add(struct content *c, const struct content_line *line, struct error *err)
{
    struct content_line *grown = mem_grow(c->lines, c->n + 1, sizeof(*grown), err);
    if (grown == NULL) return false;
    c->lines = grown;
    c->lines[c->n++] = *line;
    content_sort(c);
    return true;
}

void content_clear(struct content *c)
{
    free(c->lines);
    *c = (struct content){0};
}

const struct content_line *content_find(const struct content *c, struct span name)
{
    struct content_line key = {.name = name};
    return c->n == 0 ? NULL : bsearch(&key, c->lines, c->n, sizeof(key), by_name);
}

/* ---- hashes ---- */

void content_hash(struct content_line *l)
{
    digest_hex(l->bytes, l->sha256);
}

void content_sum(const struct content *c, char sha256[DIGEST_HEX])
{
    struct digest d;
    char text[128];
    digest_init(&d);
    for (size_t i = 0; i < c->n; i++) {
        const struct content_line *l = &c->lines[i];
        assert(l->sha256[0] != '\0' && l->n_dims <= 4);
        digest_add(&d, l->name);
        int n = snprintf(text, sizeof(text), " %.20s [", l->dtype);
        for (int k = 0; k < l->n_dims; k++) {
            n += snprintf(text + n, sizeof(text) - (size_t)n, k == 0 ? "%lld" : ",%lld",
                          (long long)l->shape[k]);
        }
        digest_add(&d, span_of(text, (size_t)n));
        digest_add(&d, span_str("] "));
        digest_add(&d, span_str(l->sha256));
        digest_add(&d, span_str("\n"));
    }
    digest_end_hex(&d, sha256);
}

uint64_t content_key(const char sha256[DIGEST_HEX])
{
    char head[17];
    snprintf(head, sizeof(head), "%.16s", sha256);
    return strtoull(head, NULL, 16);
}

/* ---- numbers ---- */

bool content_is_finite(const struct content_line *l)
{
    if (l->quant < 0) return true;
    const struct quant_type *q = &quant_types[l->quant];
    size_t n = l->bytes.n / (size_t)q->bytes * (size_t)q->block;
    return quant_is_finite((enum quant)l->quant, l->bytes.p, (int64_t)n);
}

bool content_refuse(const struct content_line *l, enum error_code code, struct error *err)
{
    return error_set(err, code, NULL, "tensor %.*s has a number that is not finite",
                     (int)(l->name.n < 120 ? l->name.n : 120), l->name.p);
}
