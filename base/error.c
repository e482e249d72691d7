/* base/error.c - filling, prefixing and naming errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *type, *name;
} rows[ERROR_CODES] = {[ERROR_NONE] = {500, "server_error", "internal_error"},
#define ERROR_ROW(name, status, type, code) [ERROR_##name] = {status, type, code},
                       ERROR_MAP(ERROR_ROW)
#undef ERROR_ROW
};

/* Names from files and requests may hold anything; a message is one line of text on a terminal. */
static void make_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = ' ';
    }
}

bool error_set(struct error *e, enum error_code code, const char *param, const char *fmt, ...)
{
    if (e == NULL) return false;
    e->code = code;
    e->retry_s = 0;
    e->came = e->fits = 0;
    snprintf(e->param, sizeof(e->param), "%s", param == NULL ? "" : param);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->message, sizeof(e->message), fmt, ap);
    va_end(ap);
    make_one_line(e->message);
    return false;
}

bool error_in(struct error *e, const char *fmt, ...)
{
    if (e == NULL) return false;
    char prefix[sizeof(e->param)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof(prefix), fmt, ap);
    va_end(ap);

    char rest[sizeof(e->param)];
    memcpy(rest, e->param, sizeof(rest));
    const char *dot = rest[0] == '\0' || rest[0] == '[' ? "" : ".";
    size_t n = strlen(prefix), room = sizeof(e->param) - n;
    memcpy(e->param, prefix, n + 1);
    snprintf(e->param + n, room, "%s%s", dot, rest);
    return false;
}

bool error_at(struct error *e, const char *fmt, ...)
{
    if (e == NULL) return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->param, sizeof(e->param), fmt, ap);
    va_end(ap);
    return false;
}

bool error_blame_client(struct error *e)
{
    bool file = e != NULL && (e->code == ERROR_BAD_FILE || e->code == ERROR_INVALID_JSON);
    if (file) e->code = ERROR_INVALID_VALUE;
    return false;
}

bool error_blame_field(struct error *e, const char *field)
{
    error_blame_client(e);
    bool nameless = e != NULL && error_status(e->code) < 500 && e->param[0] == '\0';
    return nameless ? error_at(e, "%s", field) : false;
}

int error_status(enum error_code code)
{
    return rows[code].status;
}

const char *error_type(enum error_code code)
{
    return rows[code].type;
}

const char *error_name(enum error_code code)
{
    return rows[code].name;
}
