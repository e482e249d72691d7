/* reward/code/sandbox.c - the owner's side of a cell; see sandbox.h and cell.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/socket.h"
#include "reward/code/cell.h"

enum {
    HELLO_MS = 20000,
    /* beyond a run's time on the wall: files laid, processes ended, folders removed */
    GRACE_MS = 45000,
    STALL_S = 30,     /* so long may a cell not read or write in the middle of a message */
    LEAVE_MS = 60000, /* for a cell to end after its owner has hung up */
    LEAVING = 8       /* cells that may be about to */
};

struct sandbox {
    int socket;
    pid_t pid;
    struct sandbox_options options;
    struct sandbox_layers layers;
    char folder[64];
    size_t n_fetch;         /* of the run under way */
    bool spent;             /* the cell has served its last run */
    uint64_t due_ns;        /* when the run under way must have its result */
    pid_t leaving[LEAVING]; /* former cells that have not been reaped; 0: none */
};

bool sandbox_layers_suffice(const struct sandbox_layers *l)
{
    return l->seccomp && (l->namespaces || l->landlock_abi > 0);
}

void sandbox_emit_layers(const struct sandbox_layers *l, struct buffer *out)
{
    emit_bool(out, "namespaces", l->namespaces);
    emit_int(out, "landlock_abi", l->landlock_abi);
    emit_bool(out, "seccomp", l->seccomp);
    emit_bool(out, "own_uid", l->own_uid);
    emit_bool(out, "private_tmpfs", l->private_tmpfs);
    emit_bool(out, "sufficient", sandbox_layers_suffice(l));
}

/* ---- opening and closing ------------------------------------------------------------------------ */

static bool hear_hello(struct sandbox *box, struct error *err)
{
    struct cell_hello hello;
    struct pollfd p = {.fd = box->socket, .events = POLLIN};
    if (poll(&p, 1, HELLO_MS) <= 0 || !socket_read(box->socket, &hello, sizeof(hello))) {
        return error_set(err, ERROR_SYSTEM, NULL, "the sandbox did not start");
    }
    box->layers = hello.layers;
    snprintf(box->folder, sizeof(box->folder), "%.63s", hello.folder);
    if (hello.no_memory) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "there is no memory for a sandbox");
    }
    hello.error[sizeof(hello.error) - 1] = '\0';
    if (hello.error[0] != '\0') {
        return error_set(err, ERROR_SYSTEM, NULL, "the sandbox did not start: %s", hello.error);
    }
    if (box->options.allow_unsafe || sandbox_layers_suffice(&box->layers)) return true;
    return error_set(
        err, ERROR_NOT_AVAILABLE, NULL,
        "this machine offers too few walls to run code safely (namespaces: %s, Landlock: "
        "%s, seccomp: %s)",
        box->layers.namespaces ? "yes" : "no", box->layers.landlock_abi ? "yes" : "no",
        box->layers.seccomp ? "yes" : "no");
}

static bool fork_cell(struct sandbox *box, struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return error_set(err, ERROR_SYSTEM, NULL, "cannot make a socket pair: %s", strerror(errno));
    }
    box->pid = fork();
    if (box->pid == 0) cell_main(pair[1], &box->options);
    close(pair[1]);
    const struct timeval stall = {.tv_sec = STALL_S};
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
    box->socket = pair[0];
    box->spent = false;
    return box->pid > 0 || error_set(err, ERROR_SYSTEM, NULL, "cannot fork: %s", strerror(errno));
}

/* The cell's end of the socket hangs up; then it ends by itself, and one that has been stopped is
 * ended by its outer process (cell.c). Should that be stopped too, it is killed here. */
static void leave_cell(struct sandbox *box)
{
    if (box->socket >= 0) close(box->socket);
    box->socket = -1;
    if (box->pid > 0) process_end(box->pid, LEAVE_MS);
    box->pid = 0;
    for (int i = 0; i < LEAVING; i++) {
        if (box->leaving[i] > 0) process_end(box->leaving[i], LEAVE_MS);
    }
}

struct sandbox *sandbox_open(const struct sandbox_options *o, struct error *err)
{
    struct sandbox *box = mem_new(1, sizeof(*box), err);
    if (box == NULL) return NULL;
    box->socket = -1;
    box->options = *o;
    if (fork_cell(box, err) && hear_hello(box, err)) return box;
    sandbox_close(box);
    return NULL;
}

void sandbox_close(struct sandbox *box)
{
    if (box == NULL) return;
    leave_cell(box);
    free(box);
}

const struct sandbox_layers *sandbox_layers(const struct sandbox *box)
{
    return &box->layers;
}

const char *sandbox_folder(const struct sandbox *box)
{
    return box->folder;
}

int sandbox_fd(const struct sandbox *box)
{
    return box->socket;
}

/* ---- an order -------------------------------------------------------------------------------------- */

bool sandbox_is_file_name(const char *name)
{
    if (strlen(name) == 0 || strlen(name) > CELL_MAX_NAME) return false;
    for (const char *p = name;;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) {
            return false;
        }
        if (p[n] == '\0') return true;
        p += n + 1;
    }
}

static size_t add_strings(struct buffer *b, const char *const *list)
{
    size_t n = 0;
    for (; list != NULL && list[n] != NULL; n++) {
        buffer_add(b, list[n], strlen(list[n]) + 1);
    }
    return n;
}

static bool add_files(struct buffer *b, const struct sandbox_run *run, struct error *err)
{
    for (size_t i = 0; i < run->n_files; i++) {
        const struct sandbox_file *f = &run->files[i];
        if (!sandbox_is_file_name(f->name)) {
            return error_set(err, ERROR_INVALID_VALUE, "files",
                             "\"%.80s\" is no relative path without \"..\"", f->name);
        }
        struct cell_file head = {.n = f->content.n,
                                 .name_n = (uint32_t)strlen(f->name) + 1,
                                 .executable = f->executable};
        buffer_add(b, &head, sizeof(head));
        buffer_add(b, f->name, head.name_n);
        buffer_add_span(b, f->content);
    }
    return true;
}

static bool check_fetch(const struct sandbox_run *run, struct error *err)
{
    for (size_t i = 0; run->fetch != NULL && run->fetch[i] != NULL; i++) {
        if (i < SANDBOX_MAX_FETCH && sandbox_is_file_name(run->fetch[i])) continue;
        return error_set(err, ERROR_INVALID_VALUE, "fetch_files",
                         "at most %d relative paths without \"..\"", SANDBOX_MAX_FETCH);
    }
    return run->n_files <= SANDBOX_MAX_FILES ||
           error_set(err, ERROR_INVALID_VALUE, "files", "%zu files; at most %d", run->n_files,
                     SANDBOX_MAX_FILES);
}

/* Is the cell there and idle? One that has died shows by the end of its stream. */
static bool is_alive(const struct sandbox *box)
{
    struct pollfd p = {.fd = box->socket, .events = POLLIN};
    return !box->spent && box->socket >= 0 && poll(&p, 1, 0) == 0;
}

/* Nobody else is told of the ends of former cells: they are this process's children. True: none is left. */
static bool reap_leaving(struct sandbox *box)
{
    bool all = true;
    for (int i = 0; i < LEAVING; i++) {
        if (box->leaving[i] > 0 && waitpid(box->leaving[i], NULL, WNOHANG) != 0) {
            box->leaving[i] = 0;
        }
        all = all && box->leaving[i] == 0;
    }
    return all;
}

/* The cell takes its time to end, which nobody waits for, unless very many do. */
static void let_go(struct sandbox *box)
{
    int i = 0;
    if (box->socket >= 0) close(box->socket);
    box->socket = -1;
    reap_leaving(box);
    if (box->pid <= 0) return;
    while (i < LEAVING - 1 && box->leaving[i] > 0) {
        i++;
    }
    if (box->leaving[i] > 0) process_end(box->leaving[i], LEAVE_MS);
    box->leaving[i] = box->pid;
    box->pid = 0;
}

bool sandbox_tend(struct sandbox *box)
{
    if (box->socket >= 0 && !is_alive(box)) let_go(box);
    return !reap_leaving(box);
}

static bool renew_cell(struct sandbox *box, struct error *err)
{
    let_go(box);
    return fork_cell(box, err) && hear_hello(box, err);
}

bool sandbox_start(struct sandbox *box, const struct sandbox_run *run, struct error *err)
{
    struct buffer b;
    struct cell_order head = {.limits = run->limits,
                              .warm = run->warm,
                              .n_files = (uint32_t)run->n_files,
                              .input_n = run->input.n};
    if (!check_fetch(run, err)) return false;
    assert(run->argv != NULL && run->limits.wall_ms > 0);
    buffer_init(&b, CELL_MAX_ORDER);
    buffer_add(&b, &head, sizeof(head));
    head.n_args = (uint32_t)add_strings(&b, run->argv);
    head.n_fetch = (uint32_t)add_strings(&b, run->fetch);
    buffer_add_span(&b, run->input);
    bool ok = add_files(&b, run, err);
    if (ok && (b.failed || head.n_args == 0 || head.n_args > SANDBOX_MAX_ARGS)) {
        ok =
            error_set(err, ERROR_TOO_LARGE, NULL, "the program, its input and files are too large");
    }
    if (ok) {
        head.n = b.n;
        memcpy(b.p, &head, sizeof(head));
        box->n_fetch = head.n_fetch;
        int grace_ms = box->options.grace_ms > 0 ? box->options.grace_ms : GRACE_MS;
        box->due_ns = clock_ns() + clock_ms_to_ns(run->limits.wall_ms + grace_ms);
        ok = (is_alive(box) || renew_cell(box, err)) &&
             (socket_write(box->socket, b.p, b.n) ||
              error_set(err, ERROR_SYSTEM, NULL, "the sandbox is gone"));
    }
    buffer_clear(&b);
    return ok;
}

/* ---- a result --------------------------------------------------------------------------------------- */

static void take_head(const struct cell_reply *head, struct sandbox_result *r)
{
    sandbox_result_clear(r);
    r->end =
        head->end >= 0 && head->end < SANDBOX_ENDS ? (enum sandbox_end)head->end : SANDBOX_FAULT;
    r->signaled = head->signaled != 0;
    r->starved = head->starved != 0;
    r->waited = head->waited != 0;
    r->code = head->code;
    r->cpu_ms = head->cpu_ms;
    r->wall_ms = head->wall_ms;
    r->peak_bytes = head->peak_bytes;
    memcpy(r->error, head->error, sizeof(r->error));
    r->error[sizeof(r->error) - 1] = '\0';
}

int sandbox_wait_ms(const struct sandbox *box)
{
    return clock_wait_ms(box->due_ns, clock_ns());
}

/* Has the cell something to say? False: it is overdue. */
static bool hears(const struct sandbox *box)
{
    struct pollfd p = {.fd = box->socket, .events = POLLIN};
    int n;
    while ((n = poll(&p, 1, sandbox_wait_ms(box))) < 0 && errno == EINTR) {
    }
    return n > 0;
}

/* A cell that does not answer is given up: it hears that by the end of its socket. */
static void give_up(struct sandbox *box)
{
    box->spent = true;
    shutdown(box->socket, SHUT_RDWR);
}

bool sandbox_finish(struct sandbox *box, struct sandbox_result *r, struct error *err)
{
    struct cell_reply head;
    bool ok = hears(box) && socket_read(box->socket, &head, sizeof(head));
    if (ok) {
        take_head(&head, r);
        box->spent = head.last != 0;
        ok = socket_read_buffer(box->socket, &r->out, head.out_n) &&
             socket_read_buffer(box->socket, &r->err, head.err_n) &&
             socket_read_buffer(box->socket, &r->channel, head.channel_n);
    }
    assert(box->n_fetch <= SANDBOX_MAX_FETCH);
    for (size_t i = 0; ok && i < box->n_fetch; i++) {
        r->was_fetched[i] = head.was_fetched[i] != 0;
        ok = socket_read_buffer(box->socket, &r->fetched[i], head.fetched_n[i]);
    }
    if (!ok) give_up(box);
    reap_leaving(box);
    return ok || error_set(err, ERROR_SYSTEM, NULL, "the sandbox is gone");
}

bool sandbox_run(struct sandbox *box, const struct sandbox_run *run, struct sandbox_result *r,
                 struct error *err)
{
    if (!sandbox_start(box, run, err)) return false;
    if (sandbox_finish(box, r, err)) return true;
    return sandbox_start(box, run, err) && sandbox_finish(box, r, err);
}
