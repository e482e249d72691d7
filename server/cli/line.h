/* server/cli/line.h - a line typed on a terminal, with editing and history (libedit).
 *
 * The history lives as long as the program and is written nowhere. What libedit allocates it allocates
 * by itself; it is used on terminals alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_LINE_H
#define SERVER_CLI_LINE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

struct line;

/* A reader of stdin that asks with `prompt`, which is borrowed. NULL and *err: the terminal cannot
 * be read. Free with line_close(), which accepts NULL. */
struct line *line_open(const char *prompt, struct error *err);
/* Gives the terminal back as it was. Accepts NULL. */
void line_close(struct line *l);

enum line_end { LINE_READ, LINE_EOF, LINE_INTERRUPTED };

/* The next line into *out, without white space around it; borrowed until the next call. LINE_EOF
 * after Ctrl-D; LINE_INTERRUPTED when a signal came while nothing was typed (a line that was begun
 * is dropped). */
enum line_end line_read(struct line *l, struct span *out);

#endif
