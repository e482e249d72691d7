/* engine/tokenizer/hf_vocab.c - a tokenizer from the documents of a Hugging Face folder.
 *
 * Whether BOS is put first: add_bos_token where tokenizer_config.json has it, else what the
 * post-processor's template says. The stages of tokenizer.json are read in hf_pipeline.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/hf_pipeline.h"
#include "engine/tokenizer/maps.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocab_source.h"

enum { KEEP_MAX = 256 << 20 };

struct reading {
    char origin[200];   /* the document being read, for messages; also s.origin */
    struct arena *keep; /* texts that do not lie in a document */
    cJSON *tokenizer, *config, *generation, *model;
    struct vocab_source s;
    struct vocab_token *tokens; /* owned; also s.tokens */
    size_t room;                /* of tokens */
    struct vocab_merge *merges;
    struct text_map ids; /* of texts, for the names in the configuration */
    struct error *err;
};

/* The file is named by word_error(). */
static bool malformed(struct reading *r, const char *param, const char *what)
{
    return error_set(r->err, ERROR_BAD_FILE, param, "%s", what);
}

static bool unsupported(struct reading *r, const char *param, const char *what)
{
    return error_set(r->err, ERROR_UNSUPPORTED, param, "%s", what);
}

/* Put file and field before what is wrong: whoever sees the message sees where to look. */
static bool word_error(struct reading *r)
{
    struct error *e = r->err;
    if (e == NULL) return false;
    struct error what = *e;
    bool keep = e->code == ERROR_UNSUPPORTED || e->code == ERROR_NO_MEMORY;
    return error_set(e, keep ? e->code : ERROR_BAD_FILE, what.param, "%s: %s%s%s", r->origin,
                     what.param, what.param[0] == '\0' ? "" : ": ", what.message);
}

/* ---- vocabulary ---- */

static bool read_id(struct reading *r, const cJSON *v, int *out)
{
    double d = cJSON_IsNumber(v) ? v->valuedouble : -1;
    if (!(d >= 0 && d < VOCAB_MAX_TOKENS) || d != (int)d) {
        return malformed(r, NULL, "an id is no integer in range");
    }
    *out = (int)d;
    return true;
}

/* Room for token id; new ones are of kind 0, no token. */
static bool reach(struct reading *r, int id)
{
    size_t need = (size_t)id + 1;
    if (need > r->room) {
        size_t room = need + need / 2;
        struct vocab_token *tokens = mem_grow(r->tokens, room, sizeof(*tokens), r->err);
        if (tokens == NULL) return false;
        memset(tokens + r->room, 0, (room - r->room) * sizeof(*tokens));
        r->s.tokens = r->tokens = tokens;
        r->room = room;
    }
    if (need > r->s.n_tokens) r->s.n_tokens = need;
    return true;
}

/* The key of a member, U+0000 restored. */
static struct span key_text(struct reading *r, const cJSON *member)
{
    const cJSON key = {.type = cJSON_String, .valuestring = member->string};
    return json_text(&key, r->keep);
}

static bool read_vocab(struct reading *r, const cJSON *model)
{
    const cJSON *vocab = json_get(model, "vocab"), *entry;
    if (!cJSON_IsObject(vocab)) return malformed(r, "model.vocab", "must be an object");
    cJSON_ArrayForEach(entry, vocab)
    {
        int id = -1;
        if (!read_id(r, entry, &id) || !reach(r, id)) return error_in(r->err, "model.vocab");
        if (r->tokens[id].kind != 0) {
            return error_set(r->err, ERROR_BAD_FILE, "model.vocab", "two tokens have the id %d",
                             id);
        }
        r->tokens[id] = (struct vocab_token){
            .text = key_text(r, entry), .kind = TOKEN_NORMAL, .in_model = true};
        if (r->tokens[id].text.p == NULL) {
            return malformed(r, "model.vocab", "its texts are too long");
        }
    }
    return true;
}

static bool read_rule(struct reading *r, const cJSON *rule, struct vocab_merge *out)
{
    if (cJSON_IsString(rule)) {
        struct span text = json_text(rule, r->keep);
        size_t space = span_find(text, span_str(" "), 0);
        if (space == SPAN_NONE) return malformed(r, NULL, "a merge must be two tokens");
        out->left = span_slice(text, 0, space);
        out->right = span_slice(text, space + 1, text.n);
        return true;
    }
    const cJSON *left = cJSON_GetArrayItem(rule, 0), *right = cJSON_GetArrayItem(rule, 1);
    if (!cJSON_IsArray(rule) || !cJSON_IsString(left) || !cJSON_IsString(right) ||
        right->next != NULL) {
        return malformed(r, NULL, "a merge must be two tokens");
    }
    out->left = json_text(left, r->keep);
    out->right = json_text(right, r->keep);
    return true;
}

static bool read_merges(struct reading *r, const cJSON *model)
{
    const cJSON *rules = json_get(model, "merges"), *rule;
    if (!cJSON_IsArray(rules)) return malformed(r, "model.merges", "must be an array");
    size_t n = (size_t)cJSON_GetArraySize(rules);
    if (n > VOCAB_MAX_MERGES) return malformed(r, "model.merges", "is too long");
    r->s.merges = r->merges = mem_new(n + 1, sizeof(*r->merges), r->err);
    if (r->merges == NULL) return false;
    cJSON_ArrayForEach(rule, rules)
    {
        if (!read_rule(r, rule, &r->merges[r->s.n_merges])) {
            return error_in(r->err, "model.merges[%zu]", r->s.n_merges);
        }
        r->s.n_merges++;
    }
    return true;
}

/* Options that would change the ids and that we refuse: they must be absent or empty. */
static bool check_options(struct reading *r, const cJSON *model)
{
    static const char *const names[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    const char *type = "BPE";
    double dropout = 0;
    if (!json_get_string(model, "type", &type, r->err) ||
        !json_get_double(model, "dropout", 0, 1, &dropout, r->err)) {
        return false;
    }
    if (strcmp(type, "BPE") != 0) return unsupported(r, "model.type", "only BPE is supported");
    if (dropout > 0) return unsupported(r, "model.dropout", "dropout is not supported");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = "";
        if (!json_get_string(model, names[i], &text, r->err)) return false;
        if (text[0] != '\0') return unsupported(r, names[i], "affixes are not supported");
    }
    return true;
}

static bool read_model(struct reading *r)
{
    const cJSON *model = json_get(r->tokenizer, "model");
    struct vocab_source *s = &r->s;
    if (!cJSON_IsObject(model)) return malformed(r, "model", "must be an object");
    if (!check_options(r, model) ||
        !json_get_bool(model, "ignore_merges", &s->ignore_merges, r->err) ||
        !json_get_bool(model, "byte_fallback", &s->byte_fallback, r->err) ||
        !json_get_bool(model, "fuse_unk", &s->fuse_unk, r->err)) {
        return error_in(r->err, "model");
    }
    return read_vocab(r, model) && read_merges(r, model);
}

/* ---- added tokens ---- */

static bool read_match(struct reading *r, const cJSON *entry, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t flag;
    } flags[] = {{"lstrip", MATCH_LSTRIP},
                 {"rstrip", MATCH_RSTRIP},
                 {"single_word", MATCH_SINGLE_WORD},
                 {"normalized", MATCH_NORMALIZED}};
    *out = 0;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        bool on = false;
        if (!json_get_bool(entry, flags[i].name, &on, r->err)) return false;
        if (on) *out = (uint8_t)(*out | flags[i].flag);
    }
    return true;
}

static bool read_added_one(struct reading *r, const cJSON *entry)
{
    int id = -1;
    bool special = false;
    uint8_t match;
    const cJSON *content = json_get(entry, "content");
    if (!cJSON_IsString(content)) return malformed(r, "content", "must be a string");
    if (!read_id(r, json_get(entry, "id"), &id) ||
        !json_get_bool(entry, "special", &special, r->err) || !read_match(r, entry, &match) ||
        !reach(r, id)) {
        return false;
    }
    struct span text = json_text(content, r->keep);
    struct vocab_token *t = &r->tokens[id];
    if (t->kind != 0 && !span_eq(t->text, text)) {
        return malformed(r, "id", "is another token's in the vocabulary");
    }
    t->text = text;
    t->kind = special ? TOKEN_CONTROL : TOKEN_USER;
    t->match = match;
    return true;
}

static bool read_added(struct reading *r)
{
    const cJSON *list = json_get(r->tokenizer, "added_tokens"), *entry;
    if (list == NULL) return true;
    if (!cJSON_IsArray(list)) return malformed(r, "added_tokens", "must be an array");
    int i = 0;
    cJSON_ArrayForEach(entry, list)
    {
        if (!read_added_one(r, entry)) return error_in(r->err, "added_tokens[%d]", i);
        i++;
    }
    return true;
}

/* ---- which token is what ---- */

static void mark_bytes(struct reading *r)
{
    bool bytes = r->s.byte_fallback || r->s.decode_bytes;
    for (size_t i = 0; bytes && i < r->s.n_tokens; i++) {
        struct vocab_token *t = &r->tokens[i];
        if (t->kind == TOKEN_NORMAL && bpe_byte_of_name(t->text) >= 0) t->kind = TOKEN_BYTE;
    }
}

static bool index_names(struct reading *r)
{
    if (!text_map_init(&r->ids, r->s.n_tokens, r->err)) return false;
    for (size_t i = 0; i < r->s.n_tokens; i++) {
        if (r->tokens[i].kind == 0) continue;
        int id = text_map_put(&r->ids, r->tokens[i].text, (int)i);
        if (id == (int)i) continue;
        return error_set(r->err, ERROR_BAD_FILE, NULL, "tokens %d and %zu have the same text", id,
                         i);
    }
    return true;
}

/* A token by name: a string, or an object with "content". *out is untouched when
 * absent or not in the vocabulary. */
static bool read_named(struct reading *r, const cJSON *object, const char *field, int *out)
{
    const cJSON *v = json_get(object, field);
    if (v == NULL) return true;
    if (cJSON_IsObject(v)) v = json_get(v, "content");
    if (!cJSON_IsString(v)) return malformed(r, field, "must be a token");
    int id = text_map_get(&r->ids, json_text(v, r->keep));
    if (id >= 0) *out = id;
    return true;
}

static bool read_template(struct reading *r)
{
    const cJSON *v = json_get(r->config, "chat_template"), *one;
    for (one = cJSON_IsArray(v) ? v->child : NULL; one != NULL; one = one->next) {
        const char *name = "";
        if (!cJSON_IsString(json_get(one, "template"))) {
            return malformed(r, "chat_template", "must be a list of {name, template}, both texts");
        }
        if (!json_get_string(one, "name", &name, r->err)) return error_in(r->err, "chat_template");
        if (strcmp(name, "default") == 0 || r->s.chat_template.n == 0) {
            r->s.chat_template = json_text(json_get(one, "template"), r->keep);
        }
        if (strcmp(name, "default") == 0) break;
    }
    if (cJSON_IsString(v)) r->s.chat_template = json_text(v, r->keep);
    return v == NULL || cJSON_IsArray(v) || cJSON_IsString(v) ||
           malformed(r, "chat_template", "must be a string or an array");
}

static bool read_config(struct reading *r)
{
    struct vocab_source *s = &r->s;
    const cJSON *c = r->config;
    int bos = -1, eos = -1;
    if (!read_named(r, c, "bos_token", &bos) || !read_named(r, c, "eos_token", &eos) ||
        !read_named(r, c, "unk_token", &s->unk) || !read_named(r, c, "pad_token", &s->pad) ||
        !json_get_bool(c, "add_bos_token", &s->add_bos, r->err) ||
        !json_get_bool(c, "add_eos_token", &s->add_eos, r->err)) {
        return false;
    }
    if (s->bos < 0) s->bos = bos;
    if (s->eos < 0) s->eos = eos;
    return read_template(r);
}

/* eos_token_id of a document: an id or a list of them. */
static bool read_ends(struct reading *r, const cJSON *document)
{
    const cJSON *v = json_get(document, "eos_token_id");
    const cJSON *one = cJSON_IsArray(v) ? v->child : v;
    for (; one != NULL; one = cJSON_IsArray(v) ? one->next : NULL) {
        int id = -1;
        if (!read_id(r, one, &id)) return error_in(r->err, "eos_token_id");
        if (r->s.n_eog == VOCAB_MAX_EOG) return malformed(r, "eos_token_id", "holds too many ids");
        if ((size_t)id >= r->s.n_tokens) return malformed(r, "eos_token_id", "is no token");
        r->s.eog[r->s.n_eog++] = id;
    }
    if (r->s.eos < 0 && r->s.n_eog > 0) r->s.eos = r->s.eog[0];
    return true;
}

/* ---- documents ---- */

static void set_origin(struct reading *r, const struct hf_documents *d, const char *name)
{
    size_t n = strlen(d->folder); /* of a long path the end says most */
    const char *folder = n > 150 ? d->folder + n - 150 : d->folder;
    snprintf(r->origin, sizeof(r->origin), "%s%s%s", folder, n == 0 ? "" : "/", name);
}

/* *out stays NULL when there is no such document. */
static bool parse(struct reading *r, struct span text, cJSON **out)
{
    if (text.p == NULL) return true;
    *out = json_parse(text, r->err);
    return *out != NULL && (cJSON_IsObject(*out) || malformed(r, NULL, "must hold a JSON object"));
}

static bool read_tokenizer(struct reading *r, struct span text)
{
    if (!parse(r, text, &r->tokenizer)) return false;
    if (!read_model(r) || !read_added(r) || !index_names(r) ||
        !hf_pipeline_read(r->tokenizer, r->keep, &r->s, r->err) ||
        !read_named(r, json_get(r->tokenizer, "model"), "unk_token", &r->s.model_unk)) {
        return false;
    }
    mark_bytes(r);
    return true;
}

static bool read_all(struct reading *r, const struct hf_documents *d)
{
    set_origin(r, d, "tokenizer.json");
    if (!read_tokenizer(r, d->tokenizer)) return word_error(r);
    set_origin(r, d, "tokenizer_config.json");
    if (!parse(r, d->config, &r->config) || !read_config(r)) return word_error(r);
    set_origin(r, d, "generation_config.json");
    if (!parse(r, d->generation, &r->generation) || !read_ends(r, r->generation)) {
        return word_error(r);
    }
    set_origin(r, d, "config.json");
    if (!parse(r, r->s.n_eog == 0 ? d->model : span_of(NULL, 0), &r->model) ||
        !read_ends(r, r->model)) {
        return word_error(r);
    }
    if (d->chat_template.n > 0) r->s.chat_template = d->chat_template;
    set_origin(r, d, "tokenizer.json");
    return true;
}

struct tokenizer *tokenizer_from_documents(const struct hf_documents *d, struct error *err)
{
    struct error local; /* word_error() reads what was set */
    if (err == NULL) err = &local;
    struct reading r = {.err = err, .keep = arena_new(KEEP_MAX)};
    struct tokenizer *t = NULL;
    vocab_source_init(&r.s);
    r.s.origin = r.origin;
    if (r.keep == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a tokenizer");
    } else if (read_all(&r, d)) {
        t = tokenizer_new(&r.s, err);
    }
    cJSON_Delete(r.tokenizer);
    cJSON_Delete(r.config);
    cJSON_Delete(r.generation);
    cJSON_Delete(r.model);
    free(r.tokens);
    free(r.merges);
    text_map_clear(&r.ids);
    arena_free(r.keep);
    return t;
}
