/* server/weights/paths.h - paths in bodies are an attacker's: which of them are opened.
 *
 * With --path-root only what lies beneath one of those folders, and no link leads out of it:
 * whatever else is named is 403, the same whether it exists or not. Without it any path, but only
 * while the server listens on this machine alone; else none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_WEIGHTS_PATHS_H
#define SERVER_WEIGHTS_PATHS_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

struct server;

struct client_path {
    int root;            /* descriptor of the folder that path is beneath; -1: anywhere. Owned */
    char path[PATH_MAX]; /* beneath it, or as it was given */
};

/* The path that a client gave in `field`, plain or as a file: address. False and ERROR_PATH_NOT_ALLOWED,
 * ERROR_NOT_FOUND or ERROR_INVALID_VALUE naming the field. */
bool client_path_open(const struct server *s, struct span given, const char *field,
                      struct client_path *out, struct error *err);
/* The folder that a client gave in `field`, made with those above it where it is not there: a
 * descriptor, the caller's. -1 and ERROR_PATH_NOT_ALLOWED, ERROR_INVALID_VALUE, ERROR_CONFLICT when
 * it is no folder, ERROR_NO_STORAGE when it cannot be made, naming the field. */
int client_folder_open(const struct server *s, struct span given, const char *field,
                       struct error *err);
/* Give its root back. */
void client_path_close(struct client_path *p);

#endif
