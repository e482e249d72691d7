/* base/error.h - one error type, from the deepest function to the client's JSON.
 *
 * The function that finds a fault words it: what came, what is allowed. Its callers
 * only prefix the path of the field. server/ alone turns the result into a status and
 * the JSON that a dialect's clients look for (server/http/error_reply.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* name, HTTP status, type and code on the wire */
#define ERROR_MAP(X) \
    X(BAD_REQUEST, 400, "invalid_request_error", "bad_request") \
    X(INVALID_JSON, 400, "invalid_request_error", "invalid_json") \
    X(INVALID_TYPE, 400, "invalid_request_error", "invalid_type") \
    X(INVALID_VALUE, 400, "invalid_request_error", "invalid_value") \
    X(MISSING_FIELD, 400, "invalid_request_error", "missing_field") \
    X(UNKNOWN_FIELD, 400, "invalid_request_error", "unknown_field") \
    X(UNSUPPORTED, 400, "invalid_request_error", "unsupported") \
    X(TOO_LONG, 400, "invalid_request_error", "context_length_exceeded") \
    X(TOO_LARGE, 400, "invalid_request_error", "too_large") \
    X(TOO_COMPLEX, 400, "invalid_request_error", "grammar_too_complex") \
    X(TEMPLATE, 400, "invalid_request_error", "template_error") \
    X(UNPARSABLE, 400, "invalid_request_error", "unparsable") \
    X(NO_KEY, 401, "authentication_error", "invalid_api_key") \
    X(SCOPE, 403, "permission_error", "insufficient_scope") \
    X(FORBIDDEN, 403, "permission_error", "forbidden") \
    X(NOT_FOUND, 404, "not_found_error", "not_found") \
    X(MODEL_NOT_FOUND, 404, "not_found_error", "model_not_found") \
    X(METHOD, 405, "invalid_request_error", "method_not_allowed") \
    X(CONFLICT, 409, "invalid_request_error", "conflict") \
    X(PATH_NOT_ALLOWED, 403, "permission_error", "path_not_allowed") \
    X(PUSH_IN_PROGRESS, 409, "invalid_request_error", "push_in_progress") \
    X(VERSIONS_BUSY, 409, "invalid_request_error", "versions_busy") \
    X(BASE_VERSION, 409, "invalid_request_error", "base_version") \
    X(BASE_UNAVAILABLE, 409, "invalid_request_error", "base_unavailable") \
    X(REQUEST_TIMEOUT, 408, "timeout_error", "request_timeout") \
    X(LENGTH_REQUIRED, 411, "invalid_request_error", "length_required") \
    X(BODY_TOO_LARGE, 413, "invalid_request_error", "body_too_large") \
    X(MEDIA_TYPE, 415, "invalid_request_error", "unsupported_media_type") \
    X(RANGE, 416, "invalid_request_error", "range_not_satisfiable") \
    X(RATE, 429, "rate_limit_error", "rate_limit_exceeded") \
    X(QUEUE_FULL, 429, "rate_limit_error", "queue_full") \
    X(BAD_FILE, 500, "server_error", "bad_file") \
    X(NO_MEMORY, 503, "server_error", "out_of_memory") \
    X(SYSTEM, 500, "server_error", "system_error") \
    X(INTERNAL, 500, "server_error", "internal_error") \
    X(NOT_AVAILABLE, 501, "server_error", "not_available") \
    X(LOADING, 503, "server_error", "loading") \
    X(DRAINING, 503, "server_error", "draining") \
    X(PAUSED, 503, "server_error", "paused") \
    X(ABORTED, 503, "server_error", "aborted") \
    X(TIMEOUT, 504, "timeout_error", "timeout") \
    X(NO_STORAGE, 507, "server_error", "insufficient_storage")

enum error_code {
    ERROR_NONE = 0,
#define ERROR_ENUM(name, status, type, code) ERROR_##name,
    ERROR_MAP(ERROR_ENUM)
#undef ERROR_ENUM
        ERROR_CODES
};

struct error {
    enum error_code code; /* ERROR_NONE until set */
    char param[96];       /* JSON path of the field, "" when none: "items[3].rewards[0].name" */
    char message[256];    /* one line, no final stop needed */
    int retry_s;          /* where it is worth coming again: after so many seconds; 0: not said */
    size_t came, fits;    /* tokens, of ERROR_TOO_LONG; 0: not said */
};

/* Fill e and return false, so that a check is one line:
 *   if (n > max) return error_set(err, ERROR_INVALID_VALUE, "n", "n is %d; at most %d", n, max);
 * param may be NULL. Texts too long for their field are cut. e may be NULL (nothing kept). */
bool error_set(struct error *e, enum error_code code, const char *param, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Prefix e->param with a path and return false: "rewards[0]" + "name" -> "rewards[0].name",
 * "items" + "[3].id" -> "items[3].id". */
bool error_in(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* e->param is this, whatever a callee called it; returns false. For those who know the client's name
 * of what they handed down. */
bool error_at(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The file that was wrong is the client's, who named or sent it: what would be the server's fault
 * (ERROR_BAD_FILE), or a body's (ERROR_INVALID_JSON), is ERROR_INVALID_VALUE then. Returns false. */
bool error_blame_client(struct error *e);
/* The same, and where e is then the client's fault (a status of 4xx) and names no field, it is at this one,
 * by which the file was named. Returns false. */
bool error_blame_field(struct error *e, const char *field);

/* The HTTP status; 500 for ERROR_NONE. */
int error_status(enum error_code code);
/* "invalid_request_error". */
const char *error_type(enum error_code code);
/* "invalid_value". */
const char *error_name(enum error_code code);

#endif
