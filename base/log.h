/* base/log.h - structured lines on stderr: logfmt (key=value) or JSON, one line an event.
 *
 *   log_line(LOG_INFO, "listening", LOG_S("host", host), LOG_I("port", port), LOG_END);
 *
 * Any thread may log: a line is formatted on the stack and leaves in one write(2), so lines never
 * mix. Logging never waits: where nobody reads the other end of a pipe, lines are dropped, counted,
 * and the count logged when there is room again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

struct log_field {
    const char *key; /* NULL ends the list */
    enum { LOG_TEXT, LOG_INT, LOG_REAL } kind;
    const char *text; /* NULL prints as null */
    int64_t i;
    double real;
};

#define LOG_S(k, v) ((struct log_field){.key = (k), .kind = LOG_TEXT, .text = (v)})
#define LOG_I(k, v) ((struct log_field){.key = (k), .kind = LOG_INT, .i = (int64_t)(v)})
#define LOG_F(k, v) ((struct log_field){.key = (k), .kind = LOG_REAL, .real = (v)})
#define LOG_END ((struct log_field){0})

/* Lines below level are dropped; json chooses the form. Call before threads start. */
void log_setup(enum log_level level, bool json);

/* The same from two lists, each ended by LOG_END; the second may be NULL. */
void log_fields(enum log_level level, const char *event, const struct log_field *fields,
                const struct log_field *more);

/* One event: its name and its fields, closed by LOG_END. A line is cut at 2 KiB; control bytes
 * and quotes in texts are escaped. */
void log_line(enum log_level level, const char *event, ...);

#endif
