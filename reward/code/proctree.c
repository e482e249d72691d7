/* reward/code/proctree.c - see proctree.h.
 *
 * Nothing here trusts what it reads for longer than it takes to act on it: processes come and go
 * while /proc is read, a pid may have become another's. So what is to be ended is first stopped,
 * again and again until a look finds nobody running, and only then killed; what is measured is
 * measured of those that were found below the root in one reading of the whole table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/proctree.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    PROCTREE_MAX = 8192,
    QUIET_ROUNDS = 2, /* looks in a row that must find nobody running */
    PAUSES = 20,
    PAUSE_NS = 20000,  /* for the killed to die: each longer than the last, 4 ms in all */
    HIDDEN_FILES = 64, /* of a process that lets nobody look: it ends just now, or hides them */
    TABLE_SHARE = 512  /* bytes of address space behind one byte of page tables, at least */
};

/* Below so much address space a process's page tables are not worth a look. */
static const unsigned long SPARSE_BYTES = (unsigned long)TABLE_SHARE * (8 << 20);

struct process {
    pid_t pid, parent;
    char state;
    unsigned long ticks, threads, space;
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
                   "%lu %ld",
                   &p->state, &p->parent, &user, &system, &p->threads, &p->space, &p->pages);
    p->ticks = user + system;
    return n == 7;
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

/* Descendants found so far. */
struct tree {
    size_t n;
    pid_t pids[PROCTREE_MAX];
    struct proctree_use use;
};

static bool has(const struct tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->pids[i] == pid) return true;
    }
    return false;
}

static void add(struct tree *tree, const struct process *p)
{
    struct proctree_use *use = &tree->use;
    assert(tree->n < PROCTREE_MAX);
    tree->pids[tree->n++] = p->pid;
    use->processes++;
    use->cpu_ms += (double)p->ticks * 1000.0 / (double)sysconf(_SC_CLK_TCK);
    if (p->state == 'Z' || p->state == 'X') return;
    use->threads += p->threads;
    use->memory_bytes += (size_t)p->pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_running(const struct process *p)
{
    return strchr("TtZX", p->state) == NULL;
}

/* All processes there are. stop, when not NULL: descendants of this process that run are stopped
 * on the spot and put there, since one that forks and leaves is gone a moment later. */
static bool read_table(int proc, struct table *t, struct tree *stop)
{
    int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) close(fd);
        return false;
    }
    t->n = 0;
    for (struct dirent *e; t->n < PROCTREE_MAX && (e = readdir(dir)) != NULL;) {
        struct process *p = &t->rows[t->n];
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || !read_process(proc, e->d_name, p)) continue;
        t->n++;
        if (stop == NULL || (p->parent != getpid() && !has(stop, p->parent))) continue;
        if (is_running(p)) kill(p->pid, SIGSTOP);
        add(stop, p);
    }
    closedir(dir);
    return true;
}

/* Children usually have larger pids than their parents, so two or three passes do. */
static void collect(const struct table *t, pid_t root, struct tree *out)
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

/* Both on the heap: they are large. */
static bool make_room(struct table *t, struct tree **tree)
{
    t->n = 0;
    t->rows = mem_new(PROCTREE_MAX, sizeof(*t->rows), NULL);
    *tree = mem_new(1, sizeof(**tree), NULL);
    return t->rows != NULL && *tree != NULL;
}

/* VmPTE of a process, in bytes; 0 when it cannot be read. */
static size_t page_table_bytes(int proc, pid_t pid)
{
    char path[32], text[4096];
    snprintf(path, sizeof(path), "%d/status", (int)pid);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *line = strstr(text, "VmPTE:");
    return line == NULL ? 0 : (size_t)strtoul(line + strlen("VmPTE:"), NULL, 10) * 1024;
}

static size_t count_entries(int fd)
{
    size_t n = 0;
    DIR *dir = fdopendir(fd);
    while (dir != NULL && readdir(dir) != NULL) {
        n++;
    }
    if (dir == NULL) {
        close(fd);
    } else {
        closedir(dir);
    }
    return n;
}

/* Does this kernel give the number of descriptors as their folder's size? Linux 6.2 and later. */
static bool has_counts(int proc)
{
    struct stat st;
    return fstatat(proc, "self/fd", &st, 0) == 0 && st.st_size > 0;
}

/* Descriptors of a process. */
static size_t count_files(int proc, pid_t pid, bool counted)
{
    char path[32];
    struct stat st;
    snprintf(path, sizeof(path), "%d/fd", (int)pid);
    if (counted) return fstatat(proc, path, &st, 0) == 0 ? (size_t)st.st_size : 0;
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) return count_entries(fd);
    return errno == EACCES ? HIDDEN_FILES : 0; /* a process that has gone has none */
}

/* What counts as a process's own beside its resident memory. */
static void add_hidden(int proc, const struct process *p, bool counted, struct proctree_use *use)
{
    if (p->state == 'Z' || p->state == 'X') return;
    use->open_files += count_files(proc, p->pid, counted);
    if (p->space > SPARSE_BYTES) use->memory_bytes += page_table_bytes(proc, p->pid);
}

bool proctree_measure(int proc, pid_t root, struct proctree_use *out)
{
    struct table t;
    struct tree *tree;
    bool ok = make_room(&t, &tree) && read_table(proc, &t, NULL);
    if (ok) collect(&t, root, tree);
    bool counted = has_counts(proc);
    for (size_t i = 0; ok && i < t.n; i++) {
        if (has(tree, t.rows[i].pid)) add_hidden(proc, &t.rows[i], counted, &tree->use);
    }
    if (ok) *out = tree->use;
    free(t.rows);
    free(tree);
    return ok;
}

/* Documentation/scheduler/sched-stats.rst, /proc/pid/schedstat: time run, time that it waited to run, both
 * in nanoseconds, and how often it ran. */
static double thread_waited_ms(int threads, const char *name)
{
    char path[64], text[96];
    unsigned long long waited = 0;
    snprintf(path, sizeof(path), "%.20s/schedstat", name);
    int fd = openat(threads, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return sscanf(text, "%*u %llu", &waited) == 1 ? (double)waited / 1e6 : 0;
}

/* The longest of a process's threads. */
static double longest_wait_ms(int proc, pid_t pid)
{
    char path[32];
    double longest = 0;
    snprintf(path, sizeof(path), "%d/task", (int)pid);
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) close(fd);
        return 0;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        double waited = e->d_name[0] == '.' ? 0 : thread_waited_ms(dirfd(dir), e->d_name);
        if (waited > longest) longest = waited;
    }
    closedir(dir);
    return longest;
}

double proctree_waited_ms(int proc, pid_t root)
{
    struct table t;
    struct tree *tree;
    double longest = 0;
    bool ok = make_room(&t, &tree) && read_table(proc, &t, NULL);
    if (ok) collect(&t, root, tree);
    for (size_t i = 0; ok && i < tree->n; i++) {
        double waited = longest_wait_ms(proc, tree->pids[i]);
        if (waited > longest) longest = waited;
    }
    free(t.rows);
    free(tree);
    return longest;
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
    struct table t = {.rows = mem_new(PROCTREE_MAX, sizeof(*t.rows), NULL)};
    size_t threads = 0;
    if (t.rows == NULL || !read_table(proc, &t, NULL)) t.n = 0;
    for (size_t i = 0; i < t.n; i++) {
        char name[16];
        struct stat st;
        snprintf(name, sizeof(name), "%d", t.rows[i].pid);
        if (fstatat(proc, name, &st, 0) == 0 && st.st_uid == uid) threads += t.rows[i].threads;
    }
    free(t.rows);
    return threads;
}

/* Stop every descendant of this process that runs; how many did. They are in tree then. */
static size_t stop_running(int proc, struct table *t, struct tree *tree)
{
    size_t running = 0;
    memset(tree, 0, sizeof(*tree));
    if (!read_table(proc, t, tree)) return 0;
    collect(t, getpid(), tree); /* whose parents stood behind them in the list */
    for (size_t i = 0; i < t->n; i++) {
        if (!is_running(&t->rows[i]) || !has(tree, t->rows[i].pid)) continue;
        kill(t->rows[i].pid, SIGSTOP);
        running++;
    }
    return running;
}

/* Stopped processes count against the limit of processes, so a bomb that is stopped faster than it
 * forks runs out of room to fork. */
static void stop_all(int proc, struct table *t, struct tree *tree, uint64_t deadline_ns)
{
    for (int quiet = 0; quiet < QUIET_ROUNDS && clock_ns() < deadline_ns;) {
        quiet = stop_running(proc, t, tree) == 0 ? quiet + 1 : 0;
    }
}

static bool reap(void)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    }
    return pid < 0; /* ECHILD: there is nobody left */
}

/* Wait for those killed, a while. True: there is nobody left. */
static bool reap_soon(void)
{
    bool gone = false;
    for (int i = 0; i < PAUSES && !(gone = reap()); i++) {
        struct timespec pause = {.tv_nsec = (i + 1) * PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    return gone;
}

bool proctree_kill(int proc, int within_ms)
{
    uint64_t deadline_ns = clock_ns() + clock_ms_to_ns(within_ms);
    if (reap()) return true;
    struct table t;
    struct tree *tree;
    bool gone = false, room = make_room(&t, &tree);
    while (room && !gone && clock_ns() < deadline_ns) {
        stop_all(proc, &t, tree, deadline_ns);
        for (size_t i = 0; i < tree->n; i++) {
            kill(tree->pids[i], SIGKILL);
        }
        gone = reap_soon();
    }
    free(t.rows);
    free(tree);
    return gone;
}

bool proctree_kill_reachable(int within_ms)
{
    uint64_t deadline_ns = clock_ns() + clock_ms_to_ns(within_ms);
    bool gone = reap();
    while (!gone && clock_ns() < deadline_ns) {
        kill(-1, SIGKILL);
        gone = reap_soon();
    }
    return gone;
}
