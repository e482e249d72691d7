/* engine/tokenizer/vocab_source.h - what a tokenizer is made of, wherever it was
 * read from.
 *
 * gguf_vocab.c and hf_vocab.c fill this plain struct from their files and
 * tokenizer_new() builds the tokenizer from it, so the two containers of a model
 * cannot behave differently by accident. Every span borrows from the reader's
 * memory, which must live until tokenizer_new() returns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_VOCAB_SOURCE_H
#define ENGINE_TOKENIZER_VOCAB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

struct tokenizer;

enum {
    VOCAB_MAX_TOKENS = 1 << 22,
    VOCAB_MAX_MERGES = 1 << 23,
    VOCAB_MAX_TOKEN_BYTES = 4096,
    VOCAB_MAX_SPM_BYTES = 1024, /* every way to split such a token is tried once */
    VOCAB_MAX_STEPS = 16,       /* of each list below */
    VOCAB_MAX_EOG = 32,
};

/* What a token is for. GGUF numbers its types 1 to 6 in this order (tokenizer.ggml.token_type). */
enum token_kind {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,
    /* found in text only when special tokens are parsed; "special" in HF's word */
    TOKEN_CONTROL = 3,
    TOKEN_USER = 4, /* an added token that is always found in text */
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6, /* "<0x0A>": stands for one byte */
};

/* How an added token matches (tokenizer.json, added_tokens). */
enum {
    MATCH_LSTRIP = 1,      /* takes the white space before it */
    MATCH_RSTRIP = 2,      /* and after it */
    MATCH_SINGLE_WORD = 4, /* not inside a word */
    MATCH_NORMALIZED = 8,  /* looked for in the normalized text */
};

struct vocab_token {
    struct span text; /* as in the file: in GPT-2's byte alphabet where the model is byte-level */
    float score;      /* SPM */
    uint8_t kind;     /* enum token_kind; 0: there is no token of this id */
    uint8_t match;    /* MATCH_*; CONTROL, UNKNOWN and USER tokens only */
    bool in_model;    /* merging may make it; false for tokens that were only added */
};

struct vocab_merge {
    struct span left, right; /* texts of tokens, as in the file; earlier merges go first */
};

enum vocab_model {
    VOCAB_BYTE_BPE, /* symbols are bytes, written in GPT-2's alphabet; merges by rank */
    VOCAB_CHAR_BPE, /* symbols are characters; merges by rank */
    VOCAB_SPM, /* symbols are characters; any pair that forms a token merges, best score first */
};

enum normalize_kind {
    NORMALIZE_NFC,
    NORMALIZE_NFD,
    NORMALIZE_NFKC,
    NORMALIZE_NFKD,
    NORMALIZE_PREPEND,
    NORMALIZE_REPLACE
};

struct vocab_normalizer {
    enum normalize_kind kind;
    struct span from, to; /* REPLACE: every `from` becomes `to`; PREPEND: `to` */
};

/* What happens to the matches of a pattern (Hugging Face's SplitDelimiterBehavior). */
enum split_behavior {
    SPLIT_ISOLATED,
    SPLIT_REMOVED,
    SPLIT_MERGED_WITH_PREVIOUS,
    SPLIT_MERGED_WITH_NEXT,
    SPLIT_CONTIGUOUS
};

struct vocab_split {
    struct span pattern; /* a regular expression in Oniguruma's syntax */
    enum split_behavior behavior;
    bool invert; /* what does not match is the delimiter */
};

/* What is put before a stretch of text between two added tokens that is not empty. */
enum vocab_prefix {
    PREFIX_NONE,
    PREFIX_SPACE,         /* a space */
    PREFIX_SPACE_IF_NONE, /* a space, unless the stretch begins with one */
    PREFIX_FIRST_IF_NONE, /* the same, at the start of the text only */
};

struct vocab_source {
    const char *origin; /* file name for messages */

    enum vocab_model model;
    const struct vocab_token *tokens; /* by id */
    size_t n_tokens;
    const struct vocab_merge *merges;
    size_t n_merges;
    bool ignore_merges; /* a word that is a token is that token */
    bool byte_fallback; /* characters without a token become TOKEN_BYTEs */
    bool fuse_unk;      /* runs of unknown characters are one `unk` */
    int model_unk;      /* token for what cannot be spelled, -1: it is left out */

    struct vocab_normalizer normalizers[VOCAB_MAX_STEPS];
    int n_normalizers;
    enum vocab_prefix prefix;
    bool escape_spaces; /* " " is written U+2581 in tokens */
    struct vocab_split splits[VOCAB_MAX_STEPS];
    int n_splits;

    bool decode_bytes; /* decoding writes the byte that a TOKEN_BYTE names, not its name */
    bool strip_space;  /* decoding drops one space at the very start */

    int bos, eos, unk, pad; /* -1: none */
    bool add_bos, add_eos;
    int eog[VOCAB_MAX_EOG]; /* further tokens that end an answer */
    int n_eog;
    struct span chat_template; /* Jinja; empty: none */
};

/* A source with nothing in it: ids -1, everything else zero. */
void vocab_source_init(struct vocab_source *s);

/* Set normalizers, splits and flags that a GGUF file only names (tokenizer.ggml.pre). False and
 * ERROR_UNSUPPORTED when the name is not in the table. An empty name is "default". */
bool vocab_source_use_pre(struct vocab_source *s, struct span name, struct error *err);

/* The split of GPT-2, which Hugging Face's ByteLevel does by itself. */
extern const char VOCAB_GPT2_PATTERN[];

/* Build a tokenizer; copies all it needs. NULL and ERROR_BAD_FILE naming the token or merge
 * that is wrong, ERROR_UNSUPPORTED for a pattern that cannot be compiled, or ERROR_NO_MEMORY. */
struct tokenizer *tokenizer_new(const struct vocab_source *s, struct error *err);

#endif
