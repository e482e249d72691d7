/* server/weights/stream.c - PUT /v1/weights: weights as a safetensors stream, for trainers that
 * share no files with the server. The body is in a file by now (server/http/upload.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/stream.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/emit.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/http/upload.h"
#include "server/weights/push.h"
#include "server/weights/weights.h"

static bool choose(const char *word, const char *const words[], const char *field, int *out,
                   struct error *err)
{
    if (word == NULL) return true;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(word, words[i]) != 0) continue;
        *out = i;
        return true;
    }
    char all[64] = "";
    for (size_t i = 0, n = 0; words[i] != NULL; i++, n = strlen(all)) {
        snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" : ", ", words[i]);
    }
    return error_set(err, ERROR_INVALID_VALUE, field, "%s is \"%.30s\"; one of %s expected", field,
                     word, all);
}

bool weights_keep_text(struct exchange *x, const char **text, struct error *err)
{
    if (*text == NULL) return true;
    *text = arena_str(x->arena, span_str(*text));
    return *text != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
}

bool weights_read_digest(struct exchange *x, const char **sha256, struct error *err)
{
    static const char key[] = "sha-256=:";
    const char *text = exchange_header(x, "Content-Digest");
    if (text == NULL) return true;
    const char *at = strstr(text, key), *end = at == NULL ? NULL : strchr(at + strlen(key), ':');
    struct buffer bytes;
    buffer_init(&bytes, 4096);
    bool ok = end != NULL;
    if (ok) at += strlen(key);
    ok = ok && base64_decode(span_of(at, (size_t)(end - at)), &bytes) && bytes.n == DIGEST_BYTES;
    char *hex = ok ? arena_alloc(x->arena, DIGEST_HEX, 1) : NULL;
    for (size_t i = 0; hex != NULL && i < DIGEST_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)bytes.p[i]);
    }
    *sha256 = hex;
    buffer_clear(&bytes);
    if (!ok) {
        return error_set(err, ERROR_INVALID_VALUE, "Content-Digest",
                         "Content-Digest must have sha-256=:BASE64:, the key in lower case");
    }
    return hex != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
}

static bool read_ask(struct exchange *x, struct push *p, int part, struct error *err)
{
    static const char *const policies[] = {"finish", "switch", "abort", NULL};
    static const char *const arguments[] = {"part", "check_finite", "wait", NULL};
    int policy = PUSH_FINISH;
    const char *version = exchange_header(x, "X-Version");
    if (!exchange_arguments_are(x, arguments, err) ||
        !choose(exchange_header(x, "X-Policy"), policies, "X-Policy", &policy, err) ||
        !exchange_flag(x, "check_finite", &p->order.check_finite, err) ||
        !push_read_wait(x, p, err) ||
        !weights_read_digest(x, &p->order.sha256, err)) {
        return false;
    }
    p->order.part = (enum push_part)part;
    p->order.policy = (enum push_policy)policy;
    p->order.base_version = exchange_header(x, "X-Base-Version");
    p->order.staging_dir = upload_folder(x->server);
    p->order.fd = x->upload->fd;
    return weights_keep_text(x, &p->order.base_version, err) &&
           push_set_version(x, version == NULL ? span_of(NULL, 0) : span_str(version), "X-Version",
                            err);
}

void weights_keep_upload(struct exchange *x, const struct error *err)
{
    int status = error_status(err->code);
    x->upload->keep = err->code != ERROR_NONE && (status == 409 || status == 503 || status == 507);
}

void weights_refuse_ask(struct exchange *x, const struct error *err)
{
    if (!x->upload->asked) weights_keep_upload(x, err);
    exchange_fail(x, err);
}

static void keep_upload(struct exchange *x, struct push *p)
{
    weights_keep_upload(x, &p->error);
}

/* ---- an upload that was refused, and is asked for again ---- */

/* What says which push it is, and what it may replace. ?wait says neither. */
static void digest_guards(const struct exchange *x, char out[DIGEST_HEX])
{
    const char *said[] = {exchange_header(x, "X-Version"),     exchange_header(x, "X-Base-Version"),
                          exchange_header(x, "X-Policy"),      exchange_header(x, "Content-Digest"),
                          exchange_argument(x, "part"),        exchange_argument(x, "name"),
                          exchange_argument(x, "check_finite")};
    struct digest d;
    digest_init(&d);
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        digest_add(&d, span_str(said[i] == NULL ? "-" : "+"));
        if (said[i] != NULL) digest_add(&d, span_of(said[i], strlen(said[i]) + 1));
    }
    digest_end_hex(&d, out);
}

/* A question pushes what it is about only where it says all that the refused push said: whoever asks
 * without a base version must not replace weights that the push would not have. False: x is told. */
static bool may_push(struct exchange *x)
{
    struct upload *u = x->upload;
    char guards[DIGEST_HEX];
    digest_guards(x, guards);
    if (u->asked && strcmp(u->guards, guards) != 0) {
        upload_tell(x);
        return false;
    }
    memcpy(u->guards, guards, sizeof(guards));
    return true;
}

static void push_stream(struct exchange *x, int part)
{
    struct error err = {0};
    struct push *p = push_new(x);
    if (p == NULL) return;
    if (!read_ask(x, p, part, &err)) {
        weights_refuse_ask(x, &err);
        return;
    }
    p->path_field = ""; /* what is wrong with the tensors has no other name than theirs */
    p->reply = weights_reply;
    p->over = keep_upload;
    push_begin(x);
}

void weights_stream_handle(struct exchange *x)
{
    enum { ADAPTER = PUSH_DELTA + 1 }; /* no part of the weights */
    static const char *const parts[] = {[PUSH_WHOLE] = "whole",
                                        [PUSH_SOME] = "some",
                                        [PUSH_DELTA] = "delta",
                                        [ADAPTER] = "adapter",
                                        NULL};
    struct error err = {0};
    int part = PUSH_WHOLE;
    if (!may_push(x)) return;
    x->upload->keep = true; /* until something says that it is of no use */
    if (!server_is_loaded(x->server, &err)) {
        weights_refuse_ask(x, &err); /* and not before: what came while it loads is kept */
    } else if (!choose(exchange_argument(x, "part"), parts, "part", &part, &err)) {
        weights_refuse_ask(x, &err);
    } else if (part == ADAPTER) {
        lora_stream_handle(x);
    } else {
        push_stream(x, part);
    }
}

void weights_forget_handle(struct exchange *x)
{
    const char *id;
    if (!upload_forget(x, &id, &x->error)) {
        exchange_fail(x, &x->error);
        return;
    }
    emit_object(&x->reply, NULL);
    emit_str(&x->reply, "upload_id", id);
    emit_bool(&x->reply, "deleted", true);
    emit_close(&x->reply, '}');
    exchange_reply_json(x, &x->reply);
}
