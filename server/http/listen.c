/* server/http/listen.c - see listen.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "server/http/state.h"

/* ---- addresses ---- */

/* Is it an address at which no other machine can connect? Names are not asked: they may point anywhere. */
static bool is_local(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) return false;
    if (a.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&a;
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *v6 = (const void *)&a;
    return a.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int bound_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    char port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) return 0;
    getnameinfo((struct sockaddr *)&a, n, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
    return atoi(port);
}

/* -1 and errno: it cannot be. */
static int listen_at(int family, int type, int protocol, const struct sockaddr *a, socklen_t n)
{
    int on = 1;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -1;
    if (family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, a, n) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool open_address(struct listener *l, const char *host, const char *port,
                         const char *host_setting, const char *port_setting, struct error *err)
{
    struct addrinfo *found = NULL,
                    hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed != 0) {
        return error_set(err, ERROR_SYSTEM, host_setting, "%s: %s", host, gai_strerror(failed));
    }
    l->fd = listen_at(found->ai_family, found->ai_socktype, found->ai_protocol, found->ai_addr,
                      found->ai_addrlen);
    int why = errno;
    freeaddrinfo(found);
    if (l->fd < 0) {
        return error_set(err, ERROR_SYSTEM, port_setting, "cannot listen on %s port %s: %s", host,
                         port, strerror(why));
    }
    l->port = bound_port(l->fd);
    l->exposed = !is_local(l->fd);
    l->tls = l->server->o.tls_cert != NULL;
    return true;
}

/* "ADDR:PORT", "[v6]:PORT", which a setting holds; NULL: nothing is asked for. */
static bool open_pair(struct listener *l, const char *text, const char *setting, struct error *err)
{
    char host[256];
    if (text == NULL) return true;
    const char *colon = strrchr(text, ':');
    bool v6 = text[0] == '[';
    const char *end = v6 ? strchr(text, ']') : colon;
    size_t n = end == NULL ? 0 : (size_t)(end - text) - v6;
    bool fine = colon != NULL && end != NULL && end + v6 == colon && n > 0 && n < sizeof(host) &&
                colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
                strlen(colon + 1) <= 5 && atoi(colon + 1) <= 65535;
    if (!fine) {
        return error_set(err, ERROR_INVALID_VALUE, setting, "%s: \"%.80s\" is not ADDRESS:PORT",
                         setting, text);
    }
    memcpy(host, text + v6, n);
    host[n] = '\0';
    return open_address(l, host, colon + 1, setting, setting, err);
}

/* ---- the Unix socket ---- */

/* A socket's file that nobody listens at any more is in the way: an earlier run was killed. */
static void remove_stale(const struct sockaddr_un *a)
{
    struct stat is;
    if (lstat(a->sun_path, &is) != 0 || !S_ISSOCK(is.st_mode)) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    bool stale = connect(fd, (const struct sockaddr *)a, sizeof(*a)) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (stale) unlink(a->sun_path);
}

static bool open_unix(struct listener *l, const char *path, struct error *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path)) {
        return error_set(err, ERROR_INVALID_VALUE, "unix", "unix: a path has at most %zu bytes",
                         sizeof(a.sun_path) - 1);
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    remove_stale(&a);
    mode_t mask = umask(0117); /* for its owner and group, from the first moment */
    l->fd = listen_at(AF_UNIX, SOCK_STREAM, 0, (const struct sockaddr *)&a, sizeof(a));
    int why = errno;
    umask(mask);
    l->named = l->fd >= 0;
    return l->named ||
           error_set(err, ERROR_SYSTEM, "unix", "cannot listen on %.100s: %s", path, strerror(why));
}

/* ---- all ---- */

bool listen_open(struct server *s, struct error *err)
{
    char port[8];
    for (int i = 0; i < LISTENERS; i++) {
        s->listeners[i] = (struct listener){.server = s, .kind = (enum listener_kind)i, .fd = -1};
    }
    snprintf(port, sizeof(port), "%d", s->o.port);
    struct listener *l = s->listeners;
    if (!open_address(&l[LISTENER_MAIN], s->o.host, port, "host", "port", err)) return false;
    s->port = l[LISTENER_MAIN].port;
    if (s->o.unix_path != NULL && !open_unix(&l[LISTENER_UNIX], s->o.unix_path, err)) return false;
    return open_pair(&l[LISTENER_ALSO], s->o.also_listen, "also-listen", err) &&
           open_pair(&l[LISTENER_CONTROL], s->o.control_listen, "control-listen", err);
}

void listen_close(struct server *s)
{
    for (int i = 0; i < LISTENERS; i++) {
        struct listener *l = &s->listeners[i];
        if (l->server != NULL && l->daemon == NULL && l->fd >= 0) close(l->fd);
    }
    if (s->listeners[LISTENER_UNIX].named) unlink(s->o.unix_path);
}

bool listen_takes_control(const struct listener *l, struct error *err)
{
    const struct server *s = l->server;
    const char *why = NULL;
    if (!s->o.allow_control) {
        why = "the setting allow-control forbids this route";
    } else if (l->kind != LISTENER_CONTROL && s->o.control_listen != NULL) {
        why = "this route is answered at the address of control-listen alone";
    } else if (l->exposed && !keys_are_set(&s->keys)) {
        why =
            "others than this machine may connect and no API key is set: this route then is closed "
            "(allow-control)";
    }
    return why == NULL || error_set(err, ERROR_FORBIDDEN, NULL, "%s", why);
}

/* Whoever can connect may run code: better said than found out. */
static void warn_if_open(const struct listener *l)
{
    if (!l->exposed || keys_are_set(&l->server->keys)) return;
    log_line(LOG_WARN, "open",
             LOG_S("message",
                   "no API key is set, and others than this machine may connect: they may "
                   "not pause, abort or change weights"),
             LOG_S("set", "--api-key"), LOG_END);
}

void listen_log(const struct server *s)
{
    const struct listener *l = s->listeners;
    log_line(LOG_INFO, "listening", LOG_S("host", s->o.host), LOG_I("port", s->port),
             LOG_S("tls", l[LISTENER_MAIN].tls ? "yes" : "no"), LOG_END);
    if (l[LISTENER_UNIX].fd >= 0) {
        log_line(LOG_INFO, "listening_unix", LOG_S("path", s->o.unix_path), LOG_END);
    }
    if (l[LISTENER_ALSO].fd >= 0) {
        log_line(LOG_INFO, "listening_also", LOG_S("address", s->o.also_listen),
                 LOG_I("port", l[LISTENER_ALSO].port), LOG_END);
    }
    if (l[LISTENER_CONTROL].fd >= 0) {
        log_line(LOG_INFO, "listening_control", LOG_S("address", s->o.control_listen),
                 LOG_I("port", l[LISTENER_CONTROL].port), LOG_END);
    }
    for (int i = 0; i < LISTENERS; i++) {
        if (l[i].fd >= 0) warn_if_open(&l[i]);
    }
}
