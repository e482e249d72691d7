/* tests/load/http_load.c - N clients of /v1/completions at once, in one thread that costs next to
 * nothing.
 *
 *   http_load PORT CLIENTS PROMPT GENERATE stream|whole [ROUNDS]
 *
 * A client written in Python takes more of the processor than the server that it measures. This
 * one sends a prepared request on each of its connections, sleeps in epoll, and looks only for
 * the end of each answer. Every prompt is different. Prints a JSON object a round:
 *
 *   {"seconds", "tokens", "tokens_per_s", "first_s": to the first event, mean over the clients, "bytes"}
 *
 * Connects to 127.0.0.1 only. Any answer but 200 with all its tokens ends it with status 1.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CLIENTS = 4096,
    MAX_PROMPT = 8192,
    REQUEST_BYTES = 512 + 4 * MAX_PROMPT,
    TAIL_BYTES = 1024, /* of an answer: kept to see how it ends */
    READ_BYTES = 1 << 16
};

struct options {
    int port, clients, prompt, generate;
    bool stream;
};

struct client {
    int fd;
    char tail[TAIL_BYTES]; /* the last bytes read */
    size_t n_tail;
    double first_s;
    bool done;
};

static struct client clients[MAX_CLIENTS];
static uint64_t draw = 1;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool complain(const char *what)
{
    fprintf(stderr, "http_load: %s\n", what);
    return false;
}

/* ---- asking ---- */

/* Ids below 256 are in every vocabulary. */
static int print_body(const struct options *o, char *to, size_t room)
{
    size_t n = (size_t)snprintf(to, room, "{\"prompt\":[");
    for (int i = 0; i < o->prompt; i++) {
        draw = draw * 6364136223846793005u + 1442695040888963407u;
        n += (size_t)snprintf(to + n, room - n, "%s%d", i == 0 ? "" : ",", (int)(draw >> 56));
    }
    n += (size_t)snprintf(
        to + n, room - n, "],\"max_tokens\":%d,\"temperature\":0,\"ignore_eos\":true%s}",
        o->generate,
        o->stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "");
    return (int)n;
}

static bool send_request(const struct options *o, struct client *c)
{
    static char body[REQUEST_BYTES], request[REQUEST_BYTES + 256];
    int n_body = print_body(o, body, sizeof(body));
    int n = snprintf(request, sizeof(request),
                     "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                     n_body, body);
    c->n_tail = 0;
    c->done = false;
    c->first_s = 0;
    return send(c->fd, request, (size_t)n, MSG_NOSIGNAL) == n || complain("a request was not sent");
}

static bool open_client(const struct options *o, struct client *c, int poll)
{
    int on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        return complain("cannot connect");
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &ev) == 0;
}

/* ---- reading ---- */

static void keep_tail(struct client *c, const char *p, size_t n)
{
    size_t keep = n >= TAIL_BYTES ? 0 : c->n_tail;
    if (n > TAIL_BYTES) {
        p += n - TAIL_BYTES;
        n = TAIL_BYTES;
    }
    if (keep + n > TAIL_BYTES) {
        memmove(c->tail, c->tail + (keep + n - TAIL_BYTES), TAIL_BYTES - n);
        keep = TAIL_BYTES - n;
    }
    memcpy(c->tail + keep, p, n);
    c->n_tail = keep + n;
}

static bool tail_has(const struct client *c, const char *text)
{
    return memmem(c->tail, c->n_tail, text, strlen(text)) != NULL;
}

/* An event stream ends with its last chunk; a whole answer with its object. */
static bool is_whole(const struct options *o, const struct client *c)
{
    if (o->stream) return tail_has(c, "[DONE]\n\n\r\n0\r\n\r\n");
    return tail_has(c, "\"usage\":{") && c->tail[c->n_tail - 1] == '}';
}

/* False when the answer is none. */
static bool read_some(const struct options *o, struct client *c, size_t *bytes)
{
    static char data[READ_BYTES];
    char tokens[48];
    ssize_t n = recv(c->fd, data, sizeof(data), 0);
    if (n <= 0) return complain("a connection was closed");
    if (c->n_tail == 0 && (n < 12 || memcmp(data, "HTTP/1.1 200", 12) != 0)) {
        return complain("an answer is not 200");
    }
    if (c->first_s <= 0 && (!o->stream || memmem(data, (size_t)n, "data: ", 6) != NULL)) {
        c->first_s = now_s();
    }
    *bytes += (size_t)n;
    keep_tail(c, data, (size_t)n);
    c->done = is_whole(o, c);
    snprintf(tokens, sizeof(tokens), "\"completion_tokens\":%d,", o->generate);
    return !c->done || tail_has(c, tokens) || complain("an answer lacks tokens");
}

/* ---- rounds ---- */

static bool run_round(const struct options *o, int poll)
{
    struct epoll_event ready[64];
    size_t bytes = 0;
    int left = o->clients;
    double began = now_s(), first = 0;
    for (int i = 0; i < o->clients; i++) {
        if (!send_request(o, &clients[i])) return false;
    }
    while (left > 0) {
        int n = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < n; i++) {
            struct client *c = ready[i].data.ptr;
            if (!read_some(o, c, &bytes)) return false;
            left -= c->done;
        }
    }
    double seconds = now_s() - began;
    int tokens = o->clients * o->generate;
    for (int i = 0; i < o->clients; i++) {
        first += (clients[i].first_s - began) / o->clients;
    }
    printf("{\"seconds\": %.6f, \"tokens\": %d, \"tokens_per_s\": %.2f, \"first_s\": %.6f, "
           "\"bytes\": %zu}\n",
           seconds, tokens, tokens / seconds, first, bytes);
    return fflush(stdout) == 0;
}

static bool read_options(int n, char **args, struct options *o)
{
    if (n < 6 || n > 7) return false;
    *o = (struct options){.port = atoi(args[1]),
                          .clients = atoi(args[2]),
                          .prompt = atoi(args[3]),
                          .generate = atoi(args[4]),
                          .stream = strcmp(args[5], "stream") == 0};
    return o->port > 0 && o->clients > 0 && o->clients <= MAX_CLIENTS && o->prompt > 0 &&
           o->prompt <= MAX_PROMPT && o->generate > 0 &&
           (o->stream || strcmp(args[5], "whole") == 0);
}

int main(int n, char **args)
{
    struct options o;
    if (!read_options(n, args, &o)) {
        complain("usage: http_load PORT CLIENTS PROMPT GENERATE stream|whole [ROUNDS]");
        return 2;
    }
    int rounds = n == 7 ? atoi(args[6]) : 1, poll = epoll_create1(EPOLL_CLOEXEC);
    bool ok = poll >= 0;
    for (int i = 0; ok && i < o.clients; i++) {
        ok = open_client(&o, &clients[i], poll);
    }
    for (int i = 0; ok && i < rounds; i++) {
        ok = run_round(&o, poll);
    }
    return ok ? 0 : 1;
}
