/* server/cli/fetch.c - see fetch.h. One connection a page, closed behind it: HTTP/1.0 asks for no more than
 * that, and its answer comes in no pieces. Source: RFC 9112, 6.3.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/socket.h"
#include "base/span.h"

enum { WAIT_SECONDS = 5, HEAD_BYTES = 64 << 10 };

/* A part of the URL as a C string. */
static bool copy_part(struct span part, char *out, size_t room)
{
    if (part.n == 0 || part.n >= room) return false;
    memcpy(out, part.p, part.n);
    out[part.n] = '\0';
    return true;
}

enum { LAST_PORT = 65535 };

static bool is_number(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    return digits > 0 && s[digits] == '\0';
}

static bool check_port(struct span port, struct error *err)
{
    char text[sizeof((struct fetch_place){0}.port)];
    bool fits = copy_part(port, text, sizeof(text)) && is_number(text);
    long n = fits ? strtol(text, NULL, 10) : 0;
    if (n >= 1 && n <= LAST_PORT) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "%.*s is no port: they go from 1 to %d",
                     port.n < 40 ? (int)port.n : 40, port.p, LAST_PORT);
}

bool fetch_place_read(const char *url, struct fetch_place *out, struct error *err)
{
    const char *bare = url[0] == ':' ? url + 1 : url;
    if (is_number(bare)) {
        if (!check_port(span_str(bare), err)) return false;
        snprintf(out->host, sizeof(out->host), "127.0.0.1");
        snprintf(out->port, sizeof(out->port), "%s", bare);
        return true;
    }
    static const char scheme[] = "http://";
    struct span rest = span_str(url), host;
    if (span_starts(rest, span_str(scheme))) rest = span_slice(rest, strlen(scheme), rest.n);
    size_t end = span_find(rest, span_str("/"), 0);
    bool other = span_find(rest, span_str("://"), 0) != SPAN_NONE;
    rest = span_slice(rest, 0, end == SPAN_NONE ? rest.n : end);
    size_t bracket = span_starts(rest, span_str("[")) ? span_find(rest, span_str("]"), 0) : 0;
    size_t colon = bracket == SPAN_NONE ? SPAN_NONE : span_find(rest, span_str(":"), bracket);
    host = span_slice(rest, 0, colon == SPAN_NONE ? rest.n : colon);
    if (bracket > 0 && bracket != SPAN_NONE) host = span_slice(rest, 1, bracket);
    struct span port = colon == SPAN_NONE ? span_str("80") : span_slice(rest, colon + 1, rest.n);
    bool digits = port.n > 0 && strspn(port.p, "0123456789") >= port.n;
    if (!other && digits && copy_part(host, out->host, sizeof(out->host))) {
        return check_port(port, err) && copy_part(port, out->port, sizeof(out->port));
    }
    return error_set(err, ERROR_INVALID_VALUE, NULL,
                     "\"%.80s\" is not the address of a server: http://host:port", url);
}

static int connect_to(const struct fetch_place *to, struct error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval wait = {.tv_sec = WAIT_SECONDS};
    struct addrinfo *all = NULL;
    int fd = -1, found = getaddrinfo(to->host, to->port, &hints, &all);
    if (found != 0) {
        error_set(err, ERROR_SYSTEM, NULL, "%s: %s", to->host, gai_strerror(found));
        return -1;
    }
    for (const struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0) continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) break;
        error_set(err, ERROR_SYSTEM, NULL, "nobody answers at %s:%s: %s", to->host, to->port,
                  strerror(errno));
        close(fd);
        fd = -1;
    }
    freeaddrinfo(all);
    if (fd >= 0) *err = (struct error){0}; /* of an earlier address */
    return fd;
}

static bool ask(int fd, const struct fetch_place *from, const char *path, const char *key)
{
    struct buffer head;
    buffer_init(&head, HEAD_BYTES);
    buffer_addf(&head, "GET %s HTTP/1.0\r\nHost: %s:%s\r\n", path, from->host, from->port);
    if (key != NULL) buffer_addf(&head, "Authorization: Bearer %s\r\n", key);
    buffer_add_str(&head, "\r\n");
    bool ok = !head.failed && socket_write(fd, head.p, head.n);
    buffer_clear(&head);
    return ok;
}

static bool read_all(int fd, struct buffer *out)
{
    char piece[1 << 14];
    ssize_t got;
    while ((got = read(fd, piece, sizeof(piece))) > 0) {
        buffer_add(out, piece, (size_t)got);
    }
    return got == 0 && !out->failed;
}

/* The reply's status; out is then its body alone. */
static int take_head(struct buffer *out)
{
    size_t end = span_find(buffer_span(out), span_str("\r\n\r\n"), 0);
    bool http = span_starts(buffer_span(out), span_str("HTTP/1."));
    if (end == SPAN_NONE || !http || out->n < 12) return 0;
    int status = (int)strtol(out->p + 9, NULL, 10);
    buffer_drop(out, end + 4);
    return status;
}

bool fetch_get(const struct fetch_place *from, const char *path, const char *key,
               struct buffer *body, struct error *err)
{
    int fd = connect_to(from, err);
    if (fd < 0) return false;
    bool ok = ask(fd, from, path, key) && read_all(fd, body);
    int status = ok ? take_head(body) : 0;
    close(fd);
    if (status == 200) return true;
    if (status == 401 || status == 403) {
        return error_set(err, ERROR_NO_KEY, NULL, "%s:%s wants a key: --key", from->host,
                         from->port);
    }
    return error_set(err, ERROR_SYSTEM, NULL,
                     status == 0 ? "%s:%s does not answer as a server does"
                                 : "%s:%s answers with an error",
                     from->host, from->port);
}
