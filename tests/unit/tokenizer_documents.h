/* tests/unit/tokenizer_documents.h - tokenizers of documents written in a test, with ' for ".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_TOKENIZER_DOCUMENTS_H
#define TESTS_UNIT_TOKENIZER_DOCUMENTS_H

#include <stdlib.h>
#include <string.h>

#include "engine/tokenizer/tokenizer.h"

static inline char *quotes(const char *s)
{
    char *copy = s == NULL ? NULL : strdup(s);
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        if (*p == '\'') *p = '"';
    }
    return copy;
}

/* Each document may be NULL: there is none. */
static inline struct tokenizer *from_json(const char *tokenizer, const char *config,
                                          const char *generation, struct error *err)
{
    char *t = quotes(tokenizer), *c = quotes(config), *g = quotes(generation);
    struct hf_documents d = {.folder = "dir",
                             .tokenizer = span_str(t),
                             .config = span_str(c),
                             .generation = span_str(g)};
    struct tokenizer *made = tokenizer_from_documents(&d, err);
    free(t);
    free(c);
    free(g);
    return made;
}

#endif
