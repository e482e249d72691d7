/* engine/tokenizer/tokenizer.h - text to token ids and back, as the model's own
 * tokenizer does it.
 *
 * Made from a GGUF file or a Hugging Face folder; both give the same struct and so
 * the same ids. A tokenizer is immutable once it is set up: any number of threads
 * may encode and decode with it at once (scratch memory comes from an internal
 * pool).
 *
 * How a text becomes ids:
 *
 *   text -> added tokens found -> stretches between, normalized -> split -> merged
 *           added.c                normalizer.c                    split.c  bpe.c
 *
 * Any bytes may be encoded. Where the vocabulary is byte-level or has byte tokens,
 * decoding gives exactly the bytes that were encoded, except for what the model's
 * own normalization changes (NFC in Qwen's tokenizers); invalid UTF-8 is passed
 * through byte by byte.
 *
 * Inside engine/; others use engine.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_TOKENIZER_H
#define ENGINE_TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "engine/tokenizer/tokens.h"

struct gguf;
struct tokenizer;

/* From the metadata of an open GGUF file, which may be closed afterwards. NULL and
 * ERROR_BAD_FILE or ERROR_UNSUPPORTED, naming file and key, otherwise. Free with
 * tokenizer_free(). */
struct tokenizer *tokenizer_from_gguf(const struct gguf *g, struct error *err);

/* From tokenizer.json, and tokenizer_config.json, generation_config.json, chat_template.jinja
 * and config.json (for the tokens that end a text, if no other names them) where they exist, in a
 * folder. Errors as above, naming file and field. */
struct tokenizer *tokenizer_from_hf(const char *folder, struct error *err);

/* The same from memory. p == NULL: there is no such document. All borrowed for the call. */
struct hf_documents {
    const char *folder; /* for messages; may be "" */
    struct span tokenizer, config, generation, chat_template, model;
};
/* As tokenizer_from_hf(). */
struct tokenizer *tokenizer_from_documents(const struct hf_documents *d, struct error *err);

/* Accepts NULL. */
void tokenizer_free(struct tokenizer *t);

/* ---- encoding ---- */

struct encode_flags {
    bool add_special;   /* BOS and EOS where the model wants them */
    bool parse_special; /* names of special tokens in the text become those tokens */
    size_t most;        /* ids that are of use: past them it is ERROR_TOO_LONG; 0: all are */
};

enum { TOKENIZER_TEXT_MAX = 1 << 28 };

/* Append the ids of text to out; at most one a byte, and BOS, EOS, a prefix. On failure out is as
 * it was. ERROR_TOO_LARGE past TOKENIZER_TEXT_MAX, ERROR_TOO_LONG, ERROR_NO_MEMORY. */
bool tokenizer_encode(const struct tokenizer *t, struct span text, struct encode_flags flags,
                      struct tokens *out, struct error *err);

/* Ids that tokenizer_encode() would append, at least; told without encoding. */
size_t tokenizer_least(const struct tokenizer *t, struct span text);

/* ---- decoding ---- */

/* The bytes of one token in a text; special tokens by name, or empty with
 * skip_special. Empty too for ids that are no token (models pad their vocabulary).
 * Borrowed from t. */
struct span tokenizer_piece(const struct tokenizer *t, int id, bool skip_special);

/* Append the text of ids[0..n), as the start of a text. ERROR_INVALID_VALUE naming
 * "tokens[i]" for a negative id; ids past the vocabulary have no text. */
bool tokenizer_decode(const struct tokenizer *t, const int *ids, size_t n, bool skip_special,
                      struct buffer *out, struct error *err);

/* Decoding token by token: the pieces together are what tokenizer_decode gives for all ids.
 * SentencePiece drops a space at the very start of a text; so a stream that continues a prompt
 * is begun with at_start false and keeps it. */
struct detok {
    const struct tokenizer *t;
    bool skip_special;
    bool at_start;
};
/* Before the first token of a text (at_start) or of what continues one. */
void detok_init(struct detok *d, const struct tokenizer *t, bool skip_special, bool at_start);
/* The next token's piece; borrowed from the tokenizer. */
struct span detok_push(struct detok *d, int id);

/* ---- the vocabulary ---- */

/* Ids are below this; the model may have more. */
int tokenizer_n_vocab(const struct tokenizer *t);
/* Begins a text; -1: none. */
int tokenizer_bos(const struct tokenizer *t);
/* Ends a text; -1: none. */
int tokenizer_eos(const struct tokenizer *t);
/* Whether add_special puts BOS first. */
bool tokenizer_add_bos(const struct tokenizer *t);

/* Whether id ends an answer: EOS, end of turn, what generation_config.json lists. */
bool tokenizer_is_eog(const struct tokenizer *t, int id);

/* Whether id is a control token. */
bool tokenizer_is_special(const struct tokenizer *t, int id);

/* The added token of that name ("<think>"), else the token with exactly these bytes; -1: none. */
int tokenizer_find(const struct tokenizer *t, struct span name);

/* The Jinja chat template that came with the tokenizer; empty: none. Borrowed from t. */
struct span tokenizer_chat_template(const struct tokenizer *t);

#endif
