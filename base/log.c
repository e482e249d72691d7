/* base/log.c - see log.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { LINE_BYTES = 2048 };

static enum log_level threshold = LOG_INFO;
static bool as_json;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of writing */
static uint64_t dropped;                                 /* lines, since one was written last */

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

/* The character that s, which is not empty, begins with; *n is its length in bytes. What a terminal
 * would obey (C0, DEL, C1) and a byte that is no UTF-8 is not shown as it is. */
static bool is_shown(struct span s, size_t *n, uint32_t *c)
{
    *n = utf8_decode(s, c);
    bool whole = *n > 0;
    if (!whole) {
        *n = 1;
        *c = (unsigned char)s.p[0];
    }
    return whole && *c >= ' ' && (*c < 0x7f || *c > 0x9f);
}

/* As JSON writes it. A byte that is no UTF-8 stands as the character of its number. */
static void put_quoted(struct line *l, const char *text)
{
    struct span s = span_str(text);
    put(l, "\"", 1);
    while (s.n > 0) {
        char escaped[8];
        size_t n;
        uint32_t c;
        if (!is_shown(s, &n, &c)) {
            put(l, escaped,
                (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)c & 0xff));
        } else {
            if (c == '"' || c == '\\') put(l, "\\", 1);
            put(l, s.p, n);
        }
        s = span_slice(s, n, s.n);
    }
    put(l, "\"", 1);
}

/* logfmt leaves a plain word bare. */
static bool is_plain(const char *text)
{
    struct span s = span_str(text);
    for (size_t n; s.n > 0; s = span_slice(s, n, s.n)) {
        uint32_t c;
        if (!is_shown(s, &n, &c) || c == ' ' || c == '"' || c == '=' || c == '\\') return false;
    }
    return *text != '\0';
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

static void begin_line(struct line *l, enum log_level level, const char *event)
{
    char now[32];
    clock_iso(now);
    l->n = 0;
    if (as_json) put(l, "{", 1);
    put_field(l, &LOG_S("time", now));
    put_field(l, &LOG_S("level", level_names[level]));
    put_field(l, &LOG_S("event", event));
}

static void end_line(struct line *l)
{
    if (as_json) l->p[l->n++] = '}';
    l->p[l->n++] = '\n';
}

/* Whoever reads our log may have stalled: then a line would wait, and all with it. A pipe that can
 * be written to has room for PIPE_BUF bytes, which is more than a line. */
static bool has_room(void)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) != 0;
}

static void write_line(const struct line *l)
{
    ssize_t ignored = write(STDERR_FILENO, l->p, l->n);
    (void)ignored;
}

/* Lines that found no room are dropped; how many is said as soon as there is room. */
static void send(const struct line *l)
{
    struct line lost;
    pthread_mutex_lock(&lock);
    if (!has_room()) {
        dropped++;
    } else if (dropped == 0) {
        write_line(l);
    } else {
        begin_line(&lost, LOG_WARN, "log_lines_dropped");
        put_field(&lost, &LOG_I("n", dropped));
        end_line(&lost);
        dropped = 0;
        write_line(&lost);
        dropped += !has_room();
        if (dropped == 0) write_line(l);
    }
    pthread_mutex_unlock(&lock);
}

void log_fields(enum log_level level, const char *event, const struct log_field *fields,
                const struct log_field *more)
{
    if (level < threshold) return;
    struct line l;
    begin_line(&l, level, event);
    for (const struct log_field *f = fields; f->key != NULL; f++) {
        put_field(&l, f);
    }
    for (const struct log_field *f = more; f != NULL && f->key != NULL; f++) {
        put_field(&l, f);
    }
    end_line(&l);
    send(&l);
}

void log_line(enum log_level level, const char *event, ...)
{
    if (level < threshold) return;
    struct line l;
    begin_line(&l, level, event);
    va_list ap;
    va_start(ap, event);
    for (;;) {
        struct log_field f = va_arg(ap, struct log_field);
        if (f.key == NULL) break;
        put_field(&l, &f);
    }
    va_end(ap);
    end_line(&l);
    send(&l);
}
