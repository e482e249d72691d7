/* base/log.c - see log.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_BYTES = 2048 };

static enum log_level threshold = LOG_INFO;
static bool as_json;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

struct line {
    char p[LINE_BYTES];
    size_t n;
};

void log_setup(enum log_level level, bool json)
{
    threshold = level;
    as_json = json;
}

static void put(struct line *l, const char *s, size_t n)
{
    if (n > LINE_BYTES - 8 - l->n) n = LINE_BYTES - 8 - l->n; /* room for the closing bytes */
    memcpy(l->p + l->n, s, n);
    l->n += n;
}

static void put_quoted(struct line *l, const char *s)
{
    put(l, "\"", 1);
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        char escaped[8];
        if (c == '"' || c == '\\') {
            put(l, (char[]){'\\', (char)c}, 2);
        } else if (c < 0x20 || c == 0x7f) {
            put(l, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", c));
        } else {
            put(l, s, 1);
        }
    }
    put(l, "\"", 1);
}

/* logfmt leaves a plain word bare. */
static bool is_plain(const char *s)
{
    if (*s == '\0') return false;
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
    }
    return true;
}

static void put_key(struct line *l, const char *key)
{
    if (l->n > 1) put(l, as_json ? "," : " ", 1);
    if (as_json) {
        put_quoted(l, key);
        put(l, ":", 1);
    } else {
        put(l, key, strlen(key));
        put(l, "=", 1);
    }
}

static void put_field(struct line *l, const struct log_field *f)
{
    char number[40];
    put_key(l, f->key);
    switch (f->kind) {
    case LOG_INT:
        put(l, number, (size_t)snprintf(number, sizeof(number), "%lld", (long long)f->i));
        break;
    case LOG_REAL:
        put(l, number, (size_t)snprintf(number, sizeof(number), "%.6g", f->real));
        break;
    case LOG_TEXT:
        if (f->text == NULL) {
            put(l, "null", 4);
        } else if (!as_json && is_plain(f->text)) {
            put(l, f->text, strlen(f->text));
        } else {
            put_quoted(l, f->text);
        }
        break;
    }
}

void log_line(enum log_level level, const char *event, ...)
{
    if (level < threshold) return;
    char now[32];
    clock_iso(now);
    struct line l = {.n = 0};
    if (as_json) put(&l, "{", 1);
    put_field(&l, &LOG_S("time", now));
    put_field(&l, &LOG_S("level", level_names[level]));
    put_field(&l, &LOG_S("event", event));
    va_list ap;
    va_start(ap, event);
    for (;;) {
        struct log_field f = va_arg(ap, struct log_field);
        if (f.key == NULL) break;
        put_field(&l, &f);
    }
    va_end(ap);
    if (as_json) l.p[l.n++] = '}';
    l.p[l.n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, l.p, l.n);
    (void)ignored;
}
