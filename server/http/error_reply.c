/* server/http/error_reply.c - see error_reply.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/error_reply.h"

#include "base/emit.h"

/* The members beside "error" that hold the message, by shape. */
static const char *const beside[] = {
    [ERRORS_OPENAI] = NULL,     [ERRORS_LLAMA] = NULL,       [ERRORS_SGLANG] = "message",
    [ERRORS_DETAIL] = "detail", [ERRORS_PISTON] = "message",  [ERRORS_OLLAMA] = NULL,
    [ERRORS_ANTHROPIC] = NULL,
};

/* Anthropic's types go by the status (docs.anthropic.com, "Errors"). */
static const char *anthropic_type(int status)
{
    static const struct {
        int status;
        const char *type;
    } rows[] = {{401, "authentication_error"}, {403, "permission_error"}, {404, "not_found_error"},
                {408, "timeout_error"},        {413, "request_too_large"}, {429, "rate_limit_error"},
                {503, "overloaded_error"},     {504, "timeout_error"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status) return rows[i].type;
    }
    return status >= 500 ? "api_error" : "invalid_request_error";
}

/* llama-server's clients look at the type and the numbers of a prompt that is too long. */
static const char *type_of(const struct error *err, enum error_shape shape)
{
    if (shape == ERRORS_ANTHROPIC) return anthropic_type(error_status(err->code));
    bool renamed = shape == ERRORS_LLAMA && err->code == ERROR_TOO_LONG;
    return renamed ? "exceed_context_size_error" : error_type(err->code);
}

void error_reply(struct buffer *out, const struct error *err, enum error_shape shape)
{
    emit_object(out, NULL);
    if (shape == ERRORS_OLLAMA) {
        emit_str(out, "error", err->message);
        emit_str(out, "param", err->param[0] == '\0' ? NULL : err->param);
        emit_str(out, "code", error_name(err->code));
        emit_close(out, '}');
        return;
    }
    if (shape == ERRORS_ANTHROPIC) emit_str(out, "type", "error");
    if (shape == ERRORS_SGLANG) emit_bool(out, "success", false);
    if (beside[shape] != NULL) emit_str(out, beside[shape], err->message);
    emit_object(out, "error");
    emit_str(out, "message", err->message);
    emit_str(out, "type", type_of(err, shape));
    emit_str(out, "param", err->param[0] == '\0' ? NULL : err->param);
    if (shape == ERRORS_LLAMA) {
        emit_int(out, "code", error_status(err->code));
        emit_str(out, "name", error_name(err->code));
        if (err->came > 0) emit_int(out, "n_prompt_tokens", (int64_t)err->came);
        if (err->fits > 0) emit_int(out, "n_ctx", (int64_t)err->fits);
    } else {
        emit_str(out, "code", error_name(err->code));
    }
    emit_close(out, '}');
    emit_close(out, '}');
}
