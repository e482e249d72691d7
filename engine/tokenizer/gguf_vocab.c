/* engine/tokenizer/gguf_vocab.c - a tokenizer from the metadata of a GGUF file.
 *
 * The keys are `tokenizer.ggml.*` (ggml's docs/gguf.md). Two models are read:
 * "gpt2", byte-level BPE whose pre-tokenizer is only named (pre_table.c), and
 * "llama", SentencePiece's BPE with scores.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/model/gguf.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocab_source.h"

struct reading {
    const struct gguf *g;
    struct vocab_source s;
    struct vocab_token *tokens; /* owned until the tokenizer is built; also s.tokens */
    struct vocab_merge *merges;
    struct error *err;
};

static bool bad(struct reading *r, const char *key, const char *what)
{
    return error_set(r->err, ERROR_BAD_FILE, key, "%s: %s %s", gguf_path(r->g), key, what);
}

/* The array of that key, NULL when absent or when it is no array of what `kind` says. */
enum elements { STRINGS, INTEGERS, FLOATS };

static bool has_elements(const struct gguf_value *v, enum elements kind)
{
    if (v->type != GGUF_ARRAY) return false;
    bool real = v->elem_type == GGUF_F32 || v->elem_type == GGUF_F64;
    switch (kind) {
    case STRINGS:
        return v->elem_type == GGUF_STRING;
    case FLOATS:
        return real;
    default:
        return !real && v->elem_type != GGUF_STRING && v->elem_type != GGUF_ARRAY;
    }
}

static bool find_array(struct reading *r, const char *key, enum elements kind,
                       const struct gguf_value **out)
{
    static const char *const wanted[] = {"is no array of strings", "is no array of integers",
                                         "is no array of floats"};
    *out = gguf_find(r->g, key);
    return *out == NULL || has_elements(*out, kind) || bad(r, key, wanted[kind]);
}

static bool read_tokens(struct reading *r)
{
    const struct gguf_value *v;
    if (!find_array(r, "tokenizer.ggml.tokens", STRINGS, &v)) return false;
    if (v == NULL) return bad(r, "tokenizer.ggml.tokens", "is missing");
    if (v->n == 0 || v->n > VOCAB_MAX_TOKENS) {
        return bad(r, "tokenizer.ggml.tokens", "is empty or too long");
    }
    r->s.n_tokens = (size_t)v->n;
    r->s.tokens = r->tokens = mem_new(r->s.n_tokens, sizeof(*r->tokens), r->err);
    if (r->tokens == NULL) return false;
    size_t at = 0;
    for (size_t i = 0; i < r->s.n_tokens; i++) {
        r->tokens[i].kind = TOKEN_NORMAL;
        if (!gguf_array_next(v, &at, &r->tokens[i].text)) {
            return bad(r, "tokenizer.ggml.tokens", "is cut short");
        }
    }
    return true;
}

static bool read_types(struct reading *r)
{
    const struct gguf_value *v;
    if (!find_array(r, "tokenizer.ggml.token_type", INTEGERS, &v)) return false;
    if (v != NULL && v->n < r->s.n_tokens) {
        return bad(r, "tokenizer.ggml.token_type", "is shorter than the tokens");
    }
    for (size_t i = 0; v != NULL && i < r->s.n_tokens; i++) {
        int64_t kind = gguf_array_int(v, i);
        bool known = kind >= TOKEN_NORMAL && kind <= TOKEN_BYTE;
        r->tokens[i].kind = known ? (uint8_t)kind : TOKEN_NORMAL;
    }
    for (size_t i = 0; i < r->s.n_tokens; i++) {
        uint8_t kind = r->tokens[i].kind;
        bool unused = kind == TOKEN_UNUSED && r->s.model == VOCAB_SPM; /* else padding: "[PAD7]" */
        r->tokens[i].in_model = kind == TOKEN_NORMAL || kind == TOKEN_USER || unused;
    }
    return true;
}

static bool read_scores(struct reading *r)
{
    const struct gguf_value *v;
    if (r->s.model != VOCAB_SPM) return true;
    if (!find_array(r, "tokenizer.ggml.scores", FLOATS, &v)) return false;
    if (v == NULL) return bad(r, "tokenizer.ggml.scores", "is missing");
    if (v->n < r->s.n_tokens) return bad(r, "tokenizer.ggml.scores", "is shorter than the tokens");
    for (size_t i = 0; i < r->s.n_tokens; i++) {
        r->tokens[i].score = (float)gguf_array_float(v, i);
    }
    return true;
}

/* "left right"; a side may itself begin with a space only as its first byte. */
static bool split_merge(struct span rule, struct vocab_merge *out)
{
    size_t space = span_find(rule, span_str(" "), 1);
    if (space == SPAN_NONE) return false;
    out->left = span_slice(rule, 0, space);
    out->right = span_slice(rule, space + 1, rule.n);
    return true;
}

static bool read_merges(struct reading *r)
{
    const struct gguf_value *v;
    if (r->s.model == VOCAB_SPM) return true;
    if (!find_array(r, "tokenizer.ggml.merges", STRINGS, &v)) return false;
    if (v == NULL) return bad(r, "tokenizer.ggml.merges", "is missing");
    if (v->n > VOCAB_MAX_MERGES) return bad(r, "tokenizer.ggml.merges", "is too long");
    r->s.n_merges = (size_t)v->n;
    r->s.merges = r->merges = mem_new(r->s.n_merges + 1, sizeof(*r->merges), r->err);
    if (r->merges == NULL) return false;
    size_t at = 0;
    for (size_t i = 0; i < r->s.n_merges; i++) {
        struct span rule;
        if (!gguf_array_next(v, &at, &rule) || !split_merge(rule, &r->merges[i])) {
            return bad(r, "tokenizer.ggml.merges", "holds a rule that is not two tokens");
        }
    }
    return true;
}

/* An id below the number of tokens; others are as good as absent, since files with
 * them are common. */
static bool read_id(struct reading *r, const char *key, int *out)
{
    int64_t id = *out;
    if (!gguf_get_int(r->g, key, INT32_MIN, UINT32_MAX, &id, r->err)) return false;
    *out = id >= 0 && id < (int64_t)r->s.n_tokens ? (int)id : -1;
    return true;
}

static bool read_ids(struct reading *r)
{
    struct vocab_source *s = &r->s;
    if (s->model == VOCAB_SPM) {
        s->bos = 1;
        s->eos = 2;
        s->unk = 0;
    }
    int eot = -1, eom = -1;
    if (!read_id(r, "tokenizer.ggml.bos_token_id", &s->bos) ||
        !read_id(r, "tokenizer.ggml.eos_token_id", &s->eos) ||
        !read_id(r, "tokenizer.ggml.unknown_token_id", &s->unk) ||
        !read_id(r, "tokenizer.ggml.padding_token_id", &s->pad) ||
        !read_id(r, "tokenizer.ggml.eot_token_id", &eot) ||
        !read_id(r, "tokenizer.ggml.eom_token_id", &eom)) {
        return false;
    }
    if (eot >= 0) s->eog[s->n_eog++] = eot;
    if (eom >= 0) s->eog[s->n_eog++] = eom;
    if (s->model == VOCAB_SPM) {
        s->model_unk = s->unk; /* byte-level models have none: a byte is left out */
    }
    return gguf_get_bool(r->g, "tokenizer.ggml.add_bos_token", &s->add_bos, r->err) &&
           gguf_get_bool(r->g, "tokenizer.ggml.add_eos_token", &s->add_eos, r->err);
}

/* The converter marks every "<\uff5c...\uff5c>" as a control token, but in
 * DeepSeek's tokenizer.json only the begin, end and padding tokens are special:
 * roles and tool calls are ordinary added tokens. */
static void unmark_roles(struct reading *r)
{
    const struct span head = span_str("<\xEF\xBD\x9C"), tail = span_str("\xEF\xBD\x9C>");
    const struct vocab_source *s = &r->s;
    for (size_t i = 0; i < s->n_tokens; i++) {
        struct vocab_token *t = &r->tokens[i];
        int id = (int)i;
        bool marker = id == s->bos || id == s->eos || id == s->pad || id == s->unk;
        for (int k = 0; k < s->n_eog; k++) {
            marker = marker || id == s->eog[k];
        }
        if (t->kind == TOKEN_CONTROL && !marker && span_starts(t->text, head) &&
            span_ends(t->text, tail)) {
            t->kind = TOKEN_USER;
        }
    }
}

/* GGUF does not say which added tokens take the white space after them (rstrip). Of the families with
 * a SentencePiece vocabulary that have such tokens, all take it but those named here, as their
 * tokenizer.json says. llama.cpp has this rule too, by the model's name; there "white space" is
 * ASCII's, in transformers and here it is Unicode's. */
static const struct {
    const char *architecture;
    const char *none[4]; /* NULL-terminated */
} strippers[] = {{"phi3", {"<unk>", "<s>", "<|endoftext|>"}}};

static bool is_among(struct span text, const char *const *names)
{
    while (*names != NULL && !span_is(text, *names)) {
        names++;
    }
    return *names != NULL;
}

static bool mark_strippers(struct reading *r)
{
    struct span architecture = {0};
    if (!gguf_get_string(r->g, "general.architecture", &architecture, r->err)) return false;
    for (size_t k = 0; k < sizeof(strippers) / sizeof(strippers[0]); k++) {
        bool mine = r->s.model == VOCAB_SPM && span_is(architecture, strippers[k].architecture);
        for (size_t i = 0; mine && i < r->s.n_tokens; i++) {
            struct vocab_token *t = &r->tokens[i];
            bool added = t->kind == TOKEN_CONTROL || t->kind == TOKEN_USER;
            if (added && !is_among(t->text, strippers[k].none)) t->match |= MATCH_RSTRIP;
        }
    }
    return true;
}

static bool use_spm(struct reading *r)
{
    bool prefix = true;
    r->s.model = VOCAB_SPM;
    r->s.byte_fallback = true;
    r->s.decode_bytes = true;
    r->s.escape_spaces = true;
    r->s.add_bos = true;
    if (!gguf_get_bool(r->g, "tokenizer.ggml.add_space_prefix", &prefix, r->err)) return false;
    r->s.prefix = prefix ? PREFIX_SPACE : PREFIX_NONE;
    r->s.strip_space = prefix;
    return true;
}

static bool read_model(struct reading *r)
{
    struct span model = {0}, pre = {0};
    if (!gguf_get_string(r->g, "tokenizer.ggml.model", &model, r->err) ||
        !gguf_get_string(r->g, "tokenizer.ggml.pre", &pre, r->err)) {
        return false;
    }
    if (span_is(model, "llama")) return use_spm(r);
    if (!span_is(model, "gpt2")) {
        return error_set(r->err, ERROR_UNSUPPORTED, "tokenizer.ggml.model",
                         "%s: tokenizer model \"%.*s\"; \"gpt2\" and \"llama\" are supported",
                         gguf_path(r->g), (int)(model.n > 60 ? 60 : model.n), model.p);
    }
    r->s.model = VOCAB_BYTE_BPE;
    return vocab_source_use_pre(&r->s, pre, r->err);
}

struct tokenizer *tokenizer_from_gguf(const struct gguf *g, struct error *err)
{
    struct reading r = {.g = g, .err = err};
    struct tokenizer *t = NULL;
    vocab_source_init(&r.s);
    r.s.origin = gguf_path(g);
    if (read_model(&r) && read_tokens(&r) && read_types(&r) && read_scores(&r) && read_merges(&r) &&
        read_ids(&r) && mark_strippers(&r) &&
        gguf_get_string(g, "tokenizer.chat_template", &r.s.chat_template, err)) {
        unmark_roles(&r);
        t = tokenizer_new(&r.s, err);
    }
    free(r.tokens);
    free(r.merges);
    return t;
}
