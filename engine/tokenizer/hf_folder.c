/* engine/tokenizer/hf_folder.c - the tokenizer's documents in a Hugging Face folder.
 *
 * All but tokenizer.json are optional.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "base/file.h"
#include "engine/tokenizer/tokenizer.h"

static const struct {
    const char *name;
    bool optional;
    size_t max_bytes;
} files[] = {
    {"tokenizer.json", false, (size_t)128 << 20},
    {"tokenizer_config.json", true, (size_t)16 << 20}, /* added_tokens_decoder can be long */
    {"generation_config.json", true, (size_t)1 << 20},
    {"chat_template.jinja", true, (size_t)1 << 20},
    {"config.json", true, (size_t)4 << 20},
};

enum { FILES = sizeof(files) / sizeof(files[0]), PATH_MAX_BYTES = 4096 };

static bool load(const char *folder, int i, struct buffer *out, struct error *err)
{
    char path[PATH_MAX_BYTES];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
    if (n < 0 || n >= PATH_MAX_BYTES) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%s: its path is too long", files[i].name);
    }
    buffer_init(out, files[i].max_bytes);
    if (files[i].optional && !file_exists(path)) return true;
    buffer_add(out, "", 0); /* an empty file is there, too */
    return file_read(path, files[i].max_bytes, out, err);
}

struct tokenizer *tokenizer_from_hf(const char *folder, struct error *err)
{
    struct buffer text[FILES] = {0};
    bool ok = true;
    for (int i = 0; ok && i < FILES; i++) {
        ok = load(folder, i, &text[i], err);
    }
    struct hf_documents d = {.folder = folder,
                             .tokenizer = buffer_span(&text[0]),
                             .config = buffer_span(&text[1]),
                             .generation = buffer_span(&text[2]),
                             .chat_template = buffer_span(&text[3]),
                             .model = buffer_span(&text[4])};
    struct tokenizer *t = ok ? tokenizer_from_documents(&d, err) : NULL;
    for (int i = 0; i < FILES; i++) {
        buffer_clear(&text[i]);
    }
    return t;
}
