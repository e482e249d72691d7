/* server/routes/vllm_tokenize.c - POST /tokenize, /detokenize: vLLM's and llama-server's, told apart
 * by their fields.
 *
 *   vLLM          {prompt} or {messages, ...}        -> {count, max_model_len, tokens, token_strs}
 *   llama-server  {content, add_special, with_pieces} -> {tokens}
 *   both          {tokens}                            -> {prompt, content}; with `model`, which only
 *                 vLLM's clients send, {prompt} alone, as it answers; under /v1 SGLang's text too
 *
 * And what lm-eval asks first, /tokenizer_info: the special tokens and the template.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "server/generate/completion.h"
#include "server/generate/conversation.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/prefix.h"
#include "server/http/state.h"

struct tokenize {
    struct conversation conversation;
    struct span model, prompt, content;
    const cJSON *ids; /* detokenize */
    bool add_special, parse_special, with_pieces, return_strings;
    struct id_list list;
    cJSON *document;
};

#define AT(field) .offset = offsetof(struct tokenize, field)

static const struct field prompt_rows[] = {
    {"model", FIELD_TEXT, AT(model), .doc = "its name; any is taken"},
    {"prompt", FIELD_TEXT, AT(prompt), .doc = "the text"},
    {"add_special_tokens", FIELD_BOOL, AT(add_special),
     .doc = "with the tokens that the model puts around a text"},
    {"return_token_strs", FIELD_BOOL, AT(return_strings),
     .doc = "the tokens as text beside their ids"},
    {0},
};

static const struct field content_rows[] = {
    {"content", FIELD_TEXT, AT(content), .doc = "the text"},
    {"add_special", FIELD_BOOL, AT(add_special),
     .doc = "with the tokens that the model puts around a text"},
    {"parse_special", FIELD_BOOL, AT(parse_special),
     .doc = "names of special tokens are read as such"},
    {"with_pieces", FIELD_BOOL, AT(with_pieces), .doc = "the text of each token beside its id"},
    {0},
};

static const struct field message_rows[] = {
    {"model", FIELD_TEXT, AT(model), .doc = "its name; any is taken"},
    {"return_token_strs", FIELD_BOOL, AT(return_strings),
     .doc = "the tokens as text beside their ids"},
    {"required_prefix_token_ids", FIELD_READ, AT(list), .read = field_read_ids,
     .shape = "integer[]",
     .doc =
         "ids that the prompt begins with, in the place of the turns up to the assistant's last"},
    {0},
};
const struct field *const vllm_tokenize_fields[] = {prompt_rows, content_rows, message_rows,
                                                    conversation_rows, NULL};

static const struct field detokenize_rows[] = {
    {"model", FIELD_TEXT, AT(model), .doc = "its name; any is taken"},
    {"tokens", FIELD_READ, AT(list), .read = field_read_ids, .shape = "integer[]",
     .doc = "token ids"},
    {0},
};
const struct field *const vllm_detokenize_fields[] = {detokenize_rows, NULL};

/* ---- replies ---- */

static void emit_strings(const struct engine *e, const struct tokens *ids, struct buffer *out)
{
    emit_array(out, "token_strs");
    for (size_t i = 0; i < ids->n; i++) {
        emit_text(out, NULL, engine_token_bytes(e, ids->ids[i]));
    }
    emit_close(out, ']');
}

static void reply_vllm(const struct engine *e, const struct tokens *ids, bool strings,
                       struct buffer *out)
{
    emit_object(out, NULL);
    emit_int(out, "count", (int64_t)ids->n);
    emit_int(out, "max_model_len", engine_info(e)->context);
    logprobs_emit_ids("tokens", ids->ids, ids->n, out);
    if (strings) {
        emit_strings(e, ids, out);
    } else {
        emit_null(out, "token_strs");
    }
    emit_close(out, '}');
}

/* A token's text, or where it is a part of a character its bytes, as llama-server tells them. */
static void emit_piece(struct span piece, struct buffer *out)
{
    if (utf8_is_valid(piece)) {
        emit_text(out, "piece", piece);
        return;
    }
    emit_array(out, "piece");
    for (size_t i = 0; i < piece.n; i++) {
        emit_int(out, NULL, (unsigned char)piece.p[i]);
    }
    emit_close(out, ']');
}

static void reply_llama(const struct engine *e, const struct tokens *ids, bool pieces,
                        struct buffer *out)
{
    emit_object(out, NULL);
    if (!pieces) {
        logprobs_emit_ids("tokens", ids->ids, ids->n, out);
    } else {
        emit_array(out, "tokens");
        for (size_t i = 0; i < ids->n; i++) {
            emit_object(out, NULL);
            emit_int(out, "id", ids->ids[i]);
            emit_piece(engine_token_bytes(e, ids->ids[i]), out);
            emit_close(out, '}');
        }
        emit_close(out, ']');
    }
    emit_close(out, '}');
}

/* ---- the three ways to ask ---- */

static bool tokenize_prompt(struct exchange *x, struct tokenize *t, struct tokens *ids,
                            const struct field_context *context, struct error *err)
{
    struct field_table table = FIELD_TABLE(prompt_rows, t);
    const struct engine *e = x->server->engine;
    t->add_special = true;
    if (!fields_read(t->document, &table, 1, context, err) ||
        !completion_check_model(x->server, t->model, err) ||
        !engine_tokenize(e, t->prompt, t->add_special, true, ids, err)) {
        return false;
    }
    reply_vllm(e, ids, t->return_strings, &x->reply);
    return true;
}

static bool tokenize_content(struct exchange *x, struct tokenize *t, struct tokens *ids,
                             const struct field_context *context, struct error *err)
{
    struct field_table table = FIELD_TABLE(content_rows, t);
    const struct engine *e = x->server->engine;
    t->parse_special = true;
    if (!fields_read(t->document, &table, 1, context, err) ||
        !engine_tokenize(e, t->content, t->add_special, t->parse_special, ids, err)) {
        return false;
    }
    reply_llama(e, ids, t->with_pieces, &x->reply);
    return true;
}

static bool tokenize_messages(struct exchange *x, struct tokenize *t, struct tokens *ids,
                              const struct field_context *context, struct error *err)
{
    struct conversation *c = &t->conversation;
    struct field_table tables[] = {FIELD_TABLE(message_rows, t), conversation_table(c)};
    const struct engine *e = x->server->engine;
    struct buffer text;
    c->add_generation_prompt = true;
    if (!fields_read(t->document, tables, 2, context, err) ||
        !completion_check_model(x->server, t->model, err)) {
        return false;
    }
    const struct prefix_of prefix = {.talk = c,
                                     .engine = e,
                                     .arena = x->arena,
                                     .most_text = (size_t)x->server->o.max_body_bytes * 2};
    buffer_init(&text, prefix.most_text);
    bool ok = conversation_render(c, e, x->arena, &text, err) &&
              engine_tokenize(e, buffer_span(&text), c->add_special_tokens, true, ids, err) &&
              prefix_put(&prefix, &t->list, ids, err);
    buffer_clear(&text);
    if (ok) reply_vllm(e, ids, t->return_strings, &x->reply);
    return ok;
}

static bool tokenize(struct exchange *x, struct tokenize *t, struct tokens *ids,
                     const struct field_context *context, struct error *err)
{
    if (json_get(t->document, "messages") != NULL) {
        return tokenize_messages(x, t, ids, context, err);
    }
    if (json_get(t->document, "content") != NULL) {
        return tokenize_content(x, t, ids, context, err);
    }
    return tokenize_prompt(x, t, ids, context, err) &&
           (t->prompt.p != NULL ||
            error_set(err, ERROR_MISSING_FIELD, "prompt", "prompt, messages or content is needed"));
}

static void work_tokenize(struct exchange *x)
{
    struct field_context context = {.arena = x->arena,
                                    .n_vocab = engine_info(x->server->engine)->n_vocab,
                                    .unknown = exchange_unknown(x)};
    struct tokenize t = {.document = exchange_parse(x, &x->error)};
    struct tokens ids = {0};
    if (t.document != NULL) tokenize(x, &t, &ids, &context, &x->error);
    tokens_clear(&ids);
    cJSON_Delete(t.document);
}

void vllm_tokenize_handle(struct exchange *x)
{
    exchange_offload(x, WORK_LIGHT, work_tokenize, exchange_finish);
}

/* ---- back ---- */

static bool detokenize(struct exchange *x, struct tokenize *t, struct error *err)
{
    const struct engine *e = x->server->engine;
    struct field_context context = {
        .arena = x->arena, .n_vocab = engine_info(e)->n_vocab, .unknown = exchange_unknown(x)};
    struct field_table table = FIELD_TABLE(detokenize_rows, t);
    if (!fields_read(t->document, &table, 1, &context, err) ||
        !completion_check_model(x->server, t->model, err)) {
        return false;
    }
    if (t->list.ids == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "tokens", "tokens are needed");
    }
    struct buffer text;
    buffer_init(&text, EXCHANGE_REPLY_BYTES);
    bool ok = engine_detokenize(e, t->list.ids, (size_t)t->list.n, false, &text, err);
    emit_object(&x->reply, NULL);
    emit_text(&x->reply, "prompt", buffer_span(&text));
    if (t->model.n == 0) emit_text(&x->reply, "content", buffer_span(&text));
    if (strncmp(x->path, "/v1/", 4) == 0) emit_text(&x->reply, "text", buffer_span(&text));
    emit_close(&x->reply, '}');
    buffer_clear(&text);
    return ok;
}

static void work_detokenize(struct exchange *x)
{
    struct tokenize t = {.document = exchange_parse(x, &x->error)};
    if (t.document != NULL) detokenize(x, &t, &x->error);
    cJSON_Delete(t.document);
}

void vllm_detokenize_handle(struct exchange *x)
{
    exchange_offload(x, WORK_LIGHT, work_detokenize, exchange_finish);
}

/* ---- what it is ---- */

static void emit_special(const struct engine *e, const char *key, int id, struct buffer *out)
{
    if (id < 0) {
        emit_null(out, key);
    } else {
        emit_text(out, key, engine_token_bytes(e, id));
    }
}

void vllm_tokenizer_info_handle(struct exchange *x)
{
    const struct engine *e = x->server->engine;
    const struct engine_info *info = engine_info(e);
    struct buffer *out = &x->reply;
    emit_object(out, NULL);
    emit_str(out, "tokenizer_class", "PreTrainedTokenizerFast");
    emit_str(out, "name_or_path", info->name);
    emit_int(out, "vocab_size", info->n_vocab);
    emit_int(out, "model_max_length", info->context);
    emit_special(e, "bos_token", info->bos_token, out);
    emit_special(e, "eos_token", info->eos_token, out);
    emit_special(e, "pad_token", info->eos_token, out);
    if (info->chat_template.p == NULL) {
        emit_null(out, "chat_template");
    } else {
        emit_text(out, "chat_template", info->chat_template);
    }
    emit_close(out, '}');
    exchange_reply_json(x, out);
}
