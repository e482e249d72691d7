/* reward/code/proctree.c - see proctree.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Rounds of stopping: a round that finds nobody new is the last. */
enum { STOP_ROUNDS = 64, KILL_ROUNDS = 1000 };

struct process {
    pid_t pid, parent;
    char state;
    unsigned long ticks, threads;
    long pages;
};

struct table {
    size_t n;
    struct process *rows; /* PROCTREE_MAX */
};

/* proc(5), /proc/pid/stat: the name stands in brackets and may hold anything, so fields count from
 * the last bracket. */
static bool parse_stat(const char *line, struct process *p)
{
    const char *rest = strrchr(line, ')');
    unsigned long user, system;
    if (rest == NULL) return false;
    int n = sscanf(rest + 1,
                   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %lu %*d %*u "
                   "%*u %ld",
                   &p->state, &p->parent, &user, &system, &p->threads, &p->pages);
    p->ticks = user + system;
    return n == 6;
}

static bool read_process(int proc, const char *name, struct process *p)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "%.20s/stat", name);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (n <= 0) return false;
    line[n] = '\0';
    p->pid = (pid_t)strtol(name, NULL, 10);
    return parse_stat(line, p);
}

static bool read_table(int proc, struct table *t)
{
    int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) close(fd);
        return false;
    }
    t->n = 0;
    for (struct dirent *e; t->n < PROCTREE_MAX && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9') continue;
        t->n += read_process(proc, e->d_name, &t->rows[t->n]);
    }
    closedir(dir);
    return true;
}

static bool has(const struct proctree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->pids[i] == pid) return true;
    }
    return false;
}

static void add(struct proctree *tree, const struct process *p)
{
    tree->pids[tree->n++] = p->pid;
    tree->cpu_ms += (double)p->ticks * 1000.0 / (double)sysconf(_SC_CLK_TCK);
    if (p->state == 'Z' || p->state == 'X') return;
    tree->threads += p->threads;
    tree->memory_bytes += (size_t)p->pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Children usually have larger pids than their parents, so two or three passes do. */
static void collect(const struct table *t, pid_t root, struct proctree *out)
{
    size_t before;
    do {
        before = out->n;
        for (size_t i = 0; i < t->n && out->n < PROCTREE_MAX; i++) {
            const struct process *p = &t->rows[i];
            if ((p->parent == root || has(out, p->parent)) && !has(out, p->pid)) add(out, p);
        }
    } while (out->n > before);
}

bool proctree_read(int proc, pid_t root, struct proctree *out)
{
    struct table t = {.rows = malloc(PROCTREE_MAX * sizeof(*t.rows))};
    memset(out, 0, sizeof(*out));
    bool ok = t.rows != NULL && read_table(proc, &t);
    if (ok) collect(&t, root, out);
    free(t.rows);
    return ok;
}

pid_t proctree_self(int proc)
{
    char text[32];
    ssize_t n = readlinkat(proc, "self", text, sizeof(text) - 1);
    if (n <= 0) return 0;
    text[n] = '\0';
    return (pid_t)strtol(text, NULL, 10);
}

size_t proctree_user_threads(int proc, uid_t uid)
{
    struct table t = {.rows = malloc(PROCTREE_MAX * sizeof(*t.rows))};
    size_t threads = 0;
    if (t.rows == NULL || !read_table(proc, &t)) t.n = 0;
    for (size_t i = 0; i < t.n; i++) {
        char name[16];
        struct stat st;
        snprintf(name, sizeof(name), "%d", t.rows[i].pid);
        if (fstatat(proc, name, &st, 0) == 0 && st.st_uid == uid) threads += t.rows[i].threads;
    }
    free(t.rows);
    return threads;
}

/* Signal all descendants; how many there were. */
static size_t signal_all(int proc, struct proctree *tree, int signal)
{
    if (!proctree_read(proc, getpid(), tree)) return 0;
    for (size_t i = 0; i < tree->n; i++) {
        kill(tree->pids[i], signal);
    }
    return tree->n;
}

static bool reap_all(void)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    }
    return pid < 0; /* ECHILD: there is nobody left */
}

void proctree_kill(int proc)
{
    /* On the stack: gcc 12 takes a static one for never written and puts it into read-only memory. */
    struct proctree tree;
    if (reap_all()) return;
    size_t seen = 0;
    for (int i = 0; i < STOP_ROUNDS; i++) {
        size_t now = signal_all(proc, &tree, SIGSTOP);
        if (now == seen && i > 0) break;
        seen = now;
    }
    for (int i = 0; i < KILL_ROUNDS && !reap_all(); i++) {
        signal_all(proc, &tree, SIGKILL);
        struct timespec pause = {.tv_nsec = i < 10 ? 200000 : 2000000};
        nanosleep(&pause, NULL);
    }
}
