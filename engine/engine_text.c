/* engine/engine_text.c - engine.h's functions on text: tokens, and prompts made by templates.
 *
 * They read only what never changes after loading, so any thread may call them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine_impl.h"
#include "engine/template/template.h"
#include "engine/tokenizer/tokenizer.h"

bool engine_tokenize(const struct engine *e, struct span text, bool add_special, bool parse_special,
                     struct tokens *out, struct error *err)
{
    struct encode_flags flags = {.add_special = add_special, .parse_special = parse_special};
    return tokenizer_encode(e->loaded.tokenizer, text, flags, out, err);
}

bool engine_tokenize_prompt(const struct engine *e, struct span text, bool add_special,
                            struct tokens *out, struct error *err)
{
    int context = e->loaded.info.context;
    struct encode_flags flags = {
        .add_special = add_special, .parse_special = true, .most = (size_t)context};
    struct error why = {0};
    size_t least = tokenizer_least(e->loaded.tokenizer, text);
    if (least <= flags.most) {
        if (tokenizer_encode(e->loaded.tokenizer, text, flags, out, &why)) return true;
        if (why.code != ERROR_TOO_LONG) {
            if (err != NULL) *err = why;
            return false;
        }
        least = flags.most + 1;
    }
    return request_too_long(context, least, true, err);
}

bool engine_is_end(const struct engine *e, int id)
{
    return tokenizer_is_eog(e->loaded.tokenizer, id);
}

bool engine_detokenize(const struct engine *e, const int *ids, size_t n, bool skip_special,
                       struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] >= 0 && ids[i] < e->loaded.info.n_vocab) continue;
        char path[48];
        snprintf(path, sizeof(path), "tokens[%zu]", i);
        return error_set(err, ERROR_INVALID_VALUE, path, "token id %d; the vocabulary has %d ids",
                         ids[i], e->loaded.info.n_vocab);
    }
    return tokenizer_decode(e->loaded.tokenizer, ids, n, skip_special, out, err);
}

struct span engine_token_bytes(const struct engine *e, int id)
{
    if (id < 0) return span_of(NULL, 0);
    return tokenizer_piece(e->loaded.tokenizer, id, false);
}

/* ---- templates ---- */

/* What a clock on the wall shows, as seconds: transformers' strftime_now prints local time. */
static int64_t local_time(void)
{
    time_t now = (time_t)clock_unix_s();
    struct tm tm;
    return (int64_t)now + (localtime_r(&now, &tm) == NULL ? 0 : (int64_t)tm.tm_gmtoff);
}

static bool render(const struct template *t, cJSON *context, int64_t now, struct buffer *out,
                   struct error *err)
{
    struct template_options options = {.now = now};
    if (context == NULL) return false;
    bool ok = template_render(t, context, &options, out, err);
    cJSON_Delete(context);
    return ok;
}

bool engine_render_template(struct span source, const cJSON *messages, const cJSON *tools,
                            const cJSON *kwargs, bool add_generation_prompt, const char *bos,
                            const char *eos, int64_t now_unix, struct buffer *out,
                            struct error *err)
{
    struct template *t = template_new(source, err);
    if (t == NULL) return false;
    cJSON *context =
        template_context_new(messages, tools, add_generation_prompt, bos, eos, kwargs, err);
    bool ok = render(t, context, now_unix, out, err);
    template_free(t);
    return ok;
}

bool engine_template_asks_for_none(const struct engine *e, const char *template)
{
    const struct template *own = e->loaded.template;
    if (template != NULL) return template_asks_for_none(span_str(template));
    return own != NULL && template_asks_for_none(template_source(own));
}

bool engine_template_mentions(const struct engine *e, const char *template, const char *word)
{
    const struct template *own = e->loaded.template;
    struct span source = template != NULL ? span_str(template)
                         : own != NULL    ? template_source(own)
                                          : span_of(NULL, 0);
    return span_find(source, span_str(word), 0) != SPAN_NONE;
}

/* A special token's name as a string of its own; NULL in *out when there is no such token. */
static bool token_name(const struct tokenizer *t, int id, char **out, struct error *err)
{
    *out = NULL;
    if (id < 0) return true;
    struct span name = tokenizer_piece(t, id, false);
    *out = mem_new(name.n + 1, 1, err);
    if (*out != NULL && name.n > 0) memcpy(*out, name.p, name.n);
    return *out != NULL;
}

bool engine_render_chat(const struct engine *e, const char *template, const cJSON *messages,
                        const cJSON *tools, const cJSON *kwargs, bool add_generation_prompt,
                        struct buffer *out, struct error *err)
{
    const struct loaded *l = &e->loaded;
    if (template == NULL && l->template == NULL) {
        if (err != NULL) *err = l->template_error;
        return false;
    }
    char *bos = NULL, *eos = NULL;
    bool ok = token_name(l->tokenizer, tokenizer_bos(l->tokenizer), &bos, err) &&
              token_name(l->tokenizer, tokenizer_eos(l->tokenizer), &eos, err);
    if (ok && template != NULL) {
        ok = engine_render_template(span_str(template), messages, tools, kwargs,
                                    add_generation_prompt, bos, eos, local_time(), out, err);
    } else if (ok) {
        cJSON *context =
            template_context_new(messages, tools, add_generation_prompt, bos, eos, kwargs, err);
        ok = render(l->template, context, local_time(), out, err);
    }
    free(bos);
    free(eos);
    return ok;
}
