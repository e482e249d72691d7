/* tests/golden/tokenizer_cases.h - checking a tokenizer against stored texts and ids.
 *
 * The stored form is that of the golden models: `texts[]` with text, ids, ids_with_bos, decoded and
 * decoded_skip_special, and `chats[]` with rendered and ids.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_GOLDEN_TOKENIZER_CASES_H
#define TESTS_GOLDEN_TOKENIZER_CASES_H

#include <stdio.h>

#include "base/file.h"
#include "base/json.h"
#include "engine/model/gguf.h"
#include "engine/tokenizer/tokenizer.h"

/* The document in a file, or NULL when the file is not there or is no JSON. */
static inline cJSON *load_json(const char *path)
{
    struct buffer b;
    buffer_init(&b, (size_t)64 << 20);
    cJSON *root = file_read(path, b.limit, &b, NULL) ? json_parse(buffer_span(&b), NULL) : NULL;
    buffer_clear(&b);
    return root;
}

/* From a GGUF file or a Hugging Face folder; prints why not. */
static inline struct tokenizer *load_tokenizer(const char *path)
{
    struct error err = {0};
    size_t n = strlen(path);
    bool is_gguf = n > 5 && strcmp(path + n - 5, ".gguf") == 0;
    struct gguf *g = is_gguf ? gguf_open(path, &err) : NULL;
    struct tokenizer *t = NULL;
    if (!is_gguf) t = tokenizer_from_hf(path, &err);
    if (g != NULL) t = tokenizer_from_gguf(g, &err);
    gguf_close(g);
    if (t == NULL) printf("%s: %s\n", path, err.message);
    return t;
}

static inline bool same_ids(const struct tokens *got, const int *want, size_t n)
{
    return got->n == n && (n == 0 || memcmp(got->ids, want, n * sizeof(*want)) == 0);
}

static inline void print_ids(const char *what, const int *ids, size_t n)
{
    printf("  %s:", what);
    for (size_t i = 0; i < n && i < 60; i++) {
        printf(" %d", ids[i]);
    }
    printf("%s\n", n > 60 ? " ..." : "");
}

/* Is text encoded as want[0..n)? Prints both when not. */
static inline bool encodes_as(const struct tokenizer *t, const char *name, struct span text,
                              struct encode_flags flags, const int *want, size_t n)
{
    struct tokens got = {0};
    struct error err = {0};
    bool ok = tokenizer_encode(t, text, flags, &got, &err) && same_ids(&got, want, n);
    if (!ok) {
        printf("%s: \"%.*s\" %s\n", name, (int)(text.n > 200 ? 200 : text.n), text.p, err.message);
        print_ids("got ", got.ids, got.n);
        print_ids("want", want, n);
    }
    tokens_clear(&got);
    return ok;
}

/* The integers of an array; *n of them, in a buffer of 4096. */
static inline const int *ids_of(const cJSON *array, int room[4096], size_t *n)
{
    const cJSON *id;
    *n = 0;
    cJSON_ArrayForEach(id, array)
    {
        if (*n < 4096) room[(*n)++] = id->valueint;
    }
    return room;
}

/* The text of the ids, all at once and token by token, must be want. A reference
 * written in Python has U+FFFD for bytes that are no UTF-8: so what it could not
 * write is not compared. */
static inline bool decodes_as(const struct tokenizer *t, const char *name, const int *ids, size_t n,
                              bool skip_special, struct span want)
{
    struct buffer whole, pieces;
    struct detok d;
    buffer_init(&whole, 1 << 20);
    buffer_init(&pieces, 1 << 20);
    detok_init(&d, t, skip_special, true);
    bool ok = tokenizer_decode(t, ids, n, skip_special, &whole, NULL);
    for (size_t i = 0; i < n; i++) {
        buffer_add_span(&pieces, detok_push(&d, ids[i]));
    }
    ok = ok && span_eq(buffer_span(&whole), buffer_span(&pieces));
    bool lossy = span_find(want, span_str("\xEF\xBF\xBD"), 0) != SPAN_NONE;
    ok = ok && (lossy || span_eq(buffer_span(&whole), want));
    if (!ok) {
        printf("%s: decoded \"%.*s\", want \"%.*s\"\n", name, (int)whole.n, whole.p, (int)want.n,
               want.p);
    }
    buffer_clear(&whole);
    buffer_clear(&pieces);
    return ok;
}

/* Every text and chat of a document. Returns the number of failures; *n counts the checks. */
static inline int check_document(const struct tokenizer *t, const char *name, const cJSON *root,
                                 int *n)
{
    static int room[4096], room_bos[4096];
    int bad = 0;
    size_t k, k_bos;
    struct arena *a = arena_new(1 << 22);
    const cJSON *row;
    cJSON_ArrayForEach(row, json_get(root, "texts"))
    {
        struct span text = json_text(json_get(row, "text"), a);
        const int *ids = ids_of(json_get(row, "ids"), room, &k);
        const int *with_bos = ids_of(json_get(row, "ids_with_bos"), room_bos, &k_bos);
        bad += !encodes_as(t, name, text, (struct encode_flags){false, true, 0}, ids, k);
        bad += !encodes_as(t, name, text, (struct encode_flags){true, true, 0}, with_bos, k_bos);
        bad += !decodes_as(t, name, ids, k, false, json_text(json_get(row, "decoded"), a));
        bad +=
            !decodes_as(t, name, ids, k, true, json_text(json_get(row, "decoded_skip_special"), a));
        *n += 4;
    }
    cJSON_ArrayForEach(row, json_get(root, "chats"))
    {
        const int *ids = ids_of(json_get(row, "ids"), room, &k);
        struct span text = json_text(json_get(row, "rendered"), a);
        bad += !encodes_as(t, name, text, (struct encode_flags){false, true, 0}, ids, k);
        (*n)++;
    }
    arena_free(a);
    return bad;
}

#endif
