/* server/http/listen.h - where the server listens: an address, and where they are asked for a second one, a
 * Unix socket and an address for control.
 *
 * libmicrohttpd listens on one socket, so each has a daemon of its own; all run in the one loop (loop.c).
 * The Unix socket is the file's owner's and group's, without TLS. Where there is an address for control,
 * routes of that scope are answered there alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_LISTEN_H
#define SERVER_HTTP_LISTEN_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"

struct MHD_Daemon;
struct server;

enum listener_kind { LISTENER_MAIN, LISTENER_ALSO, LISTENER_UNIX, LISTENER_CONTROL, LISTENERS };

struct listener {
    struct server *server;
    enum listener_kind kind;
    int fd;       /* libmicrohttpd's from http_start() on; -1: it is not asked for */
    int port;     /* that is bound; 0: a Unix socket */
    bool exposed; /* others than this machine can connect */
    bool tls;
    bool named;                /* the Unix socket's file is there */
    int idle_runs;             /* in which it did nothing, and yet asked to be run again at once */
    struct MHD_Daemon *daemon; /* NULL: not started */
    uv_poll_t ready;           /* its epoll descriptor */
    uv_timer_t timer;          /* its next timeout */
};

/* Open those that the options ask for. False and ERROR_SYSTEM or ERROR_INVALID_VALUE naming the setting;
 * listen_close() either way. */
bool listen_open(struct server *s, struct error *err);

/* Close sockets that no daemon has, and remove the Unix socket's file. */
void listen_close(struct server *s);

/* May routes of scope control be asked at l? False with ERROR_FORBIDDEN that says why not. */
bool listen_takes_control(const struct listener *l, struct error *err);

/* A line of the log for each. */
void listen_log(const struct server *s);

#endif
