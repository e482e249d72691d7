/* server/http/head.c - see head.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/head.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "server/http/keys.h"
#include "server/http/client.h"
#include "server/http/exchange.h"
#include "server/http/headers.h"
#include "server/http/query.h"
#include "server/http/router.h"
#include "server/http/state.h"
#include "server/http/upload.h"

enum { MAX_HOST = 256, SMALL_BODY_BYTES = 1 << 20 };

/* ---- framing, RFC 9112 sections 3.2, 5 and 6 ---- */

struct framing {
    int hosts, lengths, codings;
    const char *odd_name;  /* a header whose name is no token, or NULL */
    const char *odd_value; /* the name of one whose value has control bytes, or NULL */
};

static bool is_token(const char *p, size_t n)
{
    return n > 0 && ascii_is_plain(p, n, "!#$%&'*+-.^_`|~");
}

static bool is_plain(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

static enum MHD_Result note_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t n_name, const char *value, size_t n_value)
{
    struct framing *f = cls;
    (void)kind;
    if (!is_token(name, n_name)) f->odd_name = name;
    if (value != NULL && !is_plain(value, n_value)) f->odd_value = name;
    f->hosts += strcasecmp(name, "Host") == 0;
    f->lengths += strcasecmp(name, "Content-Length") == 0;
    f->codings += strcasecmp(name, "Transfer-Encoding") == 0;
    return MHD_YES;
}

static bool bad(struct error *err, const char *what)
{
    return error_set(err, ERROR_BAD_REQUEST, NULL, "%s", what);
}

/* Of codings we know "chunked", which must be the last of them. */
static bool check_coding(struct MHD_Connection *connection, struct error *err)
{
    const char *coding =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding");
    if (coding == NULL || strcasecmp(coding, "chunked") == 0) return true;
    size_t n = strlen(coding), last = strlen("chunked");
    bool framed = n > last && strcasecmp(coding + n - last, "chunked") == 0 &&
                  strchr(", \t", coding[n - last - 1]) != NULL;
    if (!framed) return bad(err, "the last transfer coding of a request must be chunked");
    return error_set(err, ERROR_NOT_AVAILABLE, NULL, "the transfer coding %.60s is not known here",
                     coding);
}

bool head_is_framed(struct MHD_Connection *connection, const char *version, struct error *err)
{
    struct framing f = {0};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, note_header, &f);
    if (f.odd_name != NULL) return bad(err, "a header's name has blanks or other odd bytes");
    if (f.odd_value != NULL) return bad(err, "a header's value has control bytes");
    if (f.lengths > 1 || f.codings > 1) return bad(err, "the body's length is said twice");
    if (f.lengths > 0 && f.codings > 0) {
        return bad(err, "a request has Content-Length or Transfer-Encoding, not both");
    }
    if (f.hosts > 1) return bad(err, "there is more than one Host");
    if (f.hosts == 0 && strcmp(version, "HTTP/1.1") == 0) return bad(err, "there is no Host");
    return check_coding(connection, err);
}

const char *head_path(const char *target)
{
    size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                    : strncasecmp(target, "https://", 8) == 0 ? 8
                                                              : 0;
    if (scheme == 0) return target;
    const char *path = strchr(target + scheme, '/');
    return path == NULL ? "/" : path;
}

bool head_target_is_short(const char *target, struct error *err)
{
    enum { MOST = 100 };
    int n = 0;
    for (const char *p = strchr(target, '?'); p != NULL; p = strchr(p + 1, '&')) {
        n++;
    }
    return n <= MOST || error_set(err, ERROR_BAD_REQUEST, NULL,
                                  "the query has %d arguments; at most %d", n, MOST);
}

bool head_target_is_whole(const char *target)
{
    return strstr(target, "%00") == NULL;
}

/* ---- pages of others ---- */

/* The host of "host:port" or "[v6]:port", without its port and brackets. */
static bool host_of(const char *authority, char out[MAX_HOST])
{
    bool v6 = authority[0] == '[';
    const char *from = authority + v6;
    size_t n = strcspn(from, v6 ? "]" : ":");
    if (n == 0 || n >= MAX_HOST) return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return true;
}

/* An address or localhost: names that nobody else can make point here. Or one that we were told. */
static bool host_is_ours(const struct server_options *o, const char *authority)
{
    char host[MAX_HOST];
    unsigned char address[16];
    if (authority == NULL || !host_of(authority, host)) return false;
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        return true;
    }
    bool known = strcasecmp(host, "localhost") == 0;
    for (int i = 0; i < o->allowed_hosts.n && !known; i++) {
        known = strcasecmp(host, o->allowed_hosts.items[i]) == 0;
    }
    return known;
}

/* "http://host:port" of the very host that was asked. */
static bool origin_is_host(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

static bool check_page(const struct exchange *x, struct error *err)
{
    const struct server_options *o = &x->server->o;
    const char *origin = exchange_header(x, "Origin"), *host = exchange_header(x, "Host");
    const char *site = exchange_header(x, "Sec-Fetch-Site");
    if ((x->route->flags & ROUTE_PUBLIC) != 0) return true;
    if (keys_are_set(&x->server->keys) || (origin == NULL && site == NULL)) return true;
    bool ours = x->cors != NULL ||
                ((origin == NULL || origin_is_host(origin, host)) &&
                 (site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0));
    if (ours && host_is_ours(o, host)) return true;
    return error_set(err, ERROR_FORBIDDEN, NULL,
                     ours ? "pages may ask this server, which has no API key, by an address or a "
                            "name in allowed-hosts only"
                          : "a page of another site may not use this server, which has no API key");
}

/* ---- route, key, body ---- */

static size_t body_limit(const struct server_options *o, int flags)
{
    bool is_small = (flags & ROUTE_SMALL) != 0 && o->max_body_bytes > SMALL_BODY_BYTES;
    return (size_t)((flags & ROUTE_UPLOAD) != 0   ? o->max_weight_bytes
                    : (flags & ROUTE_VERIFY) != 0 ? o->max_verify_bytes
                    : is_small                    ? SMALL_BODY_BYTES
                                                  : o->max_body_bytes);
}

static bool check_route(struct exchange *x, struct error *err)
{
    bool path_known;
    const struct route_table *routes = x->server->parts.routes;
    const struct server_options *o = &x->server->o;
    x->route = router_find(routes, x->method, x->path, &path_known);
    x->body.limit = body_limit(o, x->route == NULL ? 0 : x->route->flags);
    if (x->route != NULL) return true;
    if (!path_known) return error_set(err, ERROR_NOT_FOUND, NULL, "no route %.100s", x->path);
    char allowed[64];
    router_allowed(routes, x->path, allowed, sizeof(allowed));
    return error_set(err, ERROR_METHOD, NULL, "%.7s is not allowed on %.100s; %s are", x->method,
                     x->path, allowed);
}

/* Whose request it is, and that the key is for this and has not had its fill. */
static bool check_key(struct exchange *x, struct error *err)
{
    const struct keys *keys = &x->server->keys;
    if (x->route->scopes == SCOPE_NONE || !keys_are_set(keys)) return true;
    struct key *key =
        keys_find(keys, exchange_header(x, "Authorization"), exchange_header(x, "x-api-key"), err);
    if (key == NULL || !key_may(key, x->route->scopes, err) || !key_begin(key, clock_ns(), err)) {
        return false;
    }
    x->key = key;
    return true;
}

static bool check_control(const struct exchange *x, struct error *err)
{
    return (x->route->scopes & SCOPE_CONTROL) == 0 ||
           listen_takes_control(x->client->listener, err);
}

static bool check_headers(const struct exchange *x, struct error *err)
{
    return (x->route->scopes & SCOPE_CONTROL) == 0 || headers_check(x, err);
}

/* After the key: who may not ask is not told what there is. */
static bool check_open(const struct exchange *x, struct error *err)
{
    if (!router_is_named(x->route, &x->server->o.closed_routes)) return true;
    return error_set(err, ERROR_NOT_AVAILABLE, NULL,
                     "%.100s is switched off here (the setting closed-routes)", x->route->path);
}

static bool check_drain(const struct exchange *x, struct error *err)
{
    if (x->server->phase == SERVING || (x->route->flags & ROUTE_ALWAYS) != 0) return true;
    return error_set(err, ERROR_DRAINING, NULL, "the server is shutting down");
}

static bool media_is(const char *sent, const char *type)
{
    size_t n = strlen(type);
    return sent != NULL && strncasecmp(sent, type, n) == 0 && strchr("; \t", sent[n]) != NULL;
}

/* Nothing needs no type, and neither files nor Ollama's routes have to say one: its pages' `curl -d`
 * and LiteLLM send others. (What keeps a web page out is its Origin, above.) */
static bool check_media_type(struct exchange *x, bool has_body, struct error *err)
{
    const char *sent = exchange_header(x, "Content-Type");
    const char *coding = exchange_header(x, "Content-Encoding");
    bool ndjson = (x->route->flags & ROUTE_NDJSON) != 0;
    x->ndjson =
        ndjson && (media_is(sent, "application/x-ndjson") || media_is(sent, "application/jsonl"));
    if (!has_body) return true;
    bool upload = (x->route->flags & ROUTE_UPLOAD) != 0;
    x->packing = unpack_find(coding);
    if (upload && x->packing != PACKED_NOT) {
        return error_set(err, ERROR_MEDIA_TYPE, NULL,
                         "Content-Encoding: %.40s is not taken here: the file goes as it is",
                         coding);
    }
    if (x->packing == PACKED_OTHERWISE) {
        return error_set(err, ERROR_MEDIA_TYPE, NULL,
                         "Content-Encoding: %.40s is not taken; " UNPACK_TAKEN " are", coding);
    }
    bool any = upload || x->route->errors == ERRORS_OLLAMA;
    if (any || x->ndjson || media_is(sent, "application/json")) return true;
    return error_set(err, ERROR_MEDIA_TYPE, NULL,
                     "the body is %.80s: add the header Content-Type: application/json",
                     sent == NULL ? "of no said type" : sent);
}

/* Content-Length, or 0 when there is none. */
static size_t declared_length(const struct exchange *x)
{
    const char *length = exchange_header(x, "Content-Length");
    if (length == NULL) return 0;
    errno = 0;
    unsigned long long n = strtoull(length, NULL, 10); /* libmicrohttpd has checked its form */
    return errno != 0 || n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

bool head_too_large(const struct exchange *x, struct error *err)
{
    return error_set(err, ERROR_BODY_TOO_LARGE, NULL, "the body is larger than %zu bytes",
                     x->body.limit);
}

bool head_check(struct exchange *x, size_t *declared, struct error *err)
{
    *declared = declared_length(x);
    if (!check_route(x, err) || !check_page(x, err) || !check_key(x, err) || !check_open(x, err) ||
        !check_control(x, err) || !check_drain(x, err) || !query_check(x, err) ||
        !check_headers(x, err)) {
        return false;
    }
    if (strcmp(x->route->method, "GET") == 0) return true;
    bool has_body = *declared > 0 || exchange_header(x, "Transfer-Encoding") != NULL;
    bool upload = (x->route->flags & ROUTE_UPLOAD) != 0;
    if (!check_media_type(x, has_body, err)) return false;
    if (*declared > x->body.limit) return head_too_large(x, err);
    if (upload) return upload_begin(x, *declared, err);
    size_t least = *declared < QUOTA_SMALL ? QUOTA_SMALL : *declared;
    if (quota_left(&x->server->memory) >= least) return true;
    return error_set(err, ERROR_QUEUE_FULL, NULL,
                     "the memory for requests is taken (request-memory); try again");
}
