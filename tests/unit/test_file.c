/* tests/unit/test_file.c - mapped files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

enum { BYTES = 1 << 20 };

/* A file of BYTES bytes; its path in out. */
static int make_file(char out[64])
{
    static char block[BYTES];
    snprintf(out, 64, "/tmp/test_file-XXXXXX");
    int fd = mkstemp(out);
    memset(block, 'x', sizeof(block));
    assert_int_equal(write(fd, block, sizeof(block)), BYTES);
    return fd;
}

/* In a child: map the file, lose its second half, read it all. */
static void read_what_is_lost(const char *path, int fd, int said)
{
    struct file_mapping map;
    struct error err = {0};
    dup2(said, STDERR_FILENO);
    if (!file_map(path, &map, &err) || ftruncate(fd, BYTES / 2) != 0) _exit(7);
    volatile unsigned sum = 0;
    for (size_t i = 0; i < map.n; i += 4096) {
        sum += (unsigned char)((const char *)map.p)[i];
    }
    _exit(8);
}

static void a_file_that_is_cut_short_ends_us_with_a_line(void **state)
{
    (void)state;
    char path[64], text[256] = "";
    int said[2], status;
    int fd = make_file(path);
    assert_int_equal(pipe(said), 0);
    pid_t pid = fork();
    if (pid == 0) read_what_is_lost(path, fd, said[1]);
    close(said[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(read(said[0], text, sizeof(text) - 1) > 0);
    close(said[0]);
    close(fd);
    unlink(path);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(text, "touchstone: a file was cut short"));
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct file_mapping map;
    struct error err = {0};
    assert_false(file_map("/tmp", &map, &err));
    assert_int_equal(err.code, ERROR_BAD_FILE);
    assert_false(file_map("/dev/null", &map, &err));
    assert_false(file_map("/nowhere/at/all", &map, &err));
    assert_null(map.p);
}

/* ---- visits ---- */

static void a_visit_outlives_a_file_that_is_cut_short(void **state)
{
    (void)state;
    char path[64];
    const char *name = NULL;
    struct file_visit visit;
    struct file_mapping map;
    int fd = make_file(path);
    file_visit_begin(&visit, -1);
    assert_true(file_map(path, &map, NULL));
    file_visit_leave(&visit);
    assert_true(file_visit_was_whole(&visit, &name));
    assert_int_equal(ftruncate(fd, BYTES / 2), 0);
    size_t zeros = 0;
    for (size_t i = 0; i < map.n; i += 4096) {
        zeros += ((volatile const char *)map.p)[i] == 0;
    }
    assert_int_equal(zeros, BYTES / 2 / 4096);
    assert_false(file_visit_was_whole(&visit, &name));
    assert_string_equal(name, path);
    file_unmap(map);
    file_visit_end(&visit);
    close(fd);
    unlink(path);
}

static void a_visit_notices_what_is_written_meanwhile(void **state)
{
    (void)state;
    char path[64];
    const char *name;
    struct file_visit visit;
    struct file_mapping map;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
    int fd = make_file(path);
    file_visit_begin(&visit, -1);
    assert_true(file_map(path, &map, NULL));
    file_visit_leave(&visit);
    assert_int_equal(futimens(fd, times), 0); /* as a writer would change it */
    assert_false(file_visit_was_whole(&visit, &name));
    file_unmap(map);
    file_visit_end(&visit);
    close(fd);
    unlink(path);
}

typedef int open_beneath(int root, const char *path, int flags);

static void check_beneath(open_beneath *opens, int root, bool inner_links)
{
    static const struct {
        const char *path;
        int error; /* 0: it opens */
    } cases[] = {{"a/b/file", 0},
                 {"a//b/./file", 0},
                 {".", 0},
                 {"a/b", 0},
                 {"a/none", ENOENT},
                 {"../x", EXDEV},
                 {"a/../../x", EXDEV},
                 {"out/passwd", -1},
                 {"a/b/file/x", ENOTDIR},
                 {"up", -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = opens(root, cases[i].path, O_RDONLY | O_CLOEXEC);
        bool ok = cases[i].error == 0 ? fd >= 0
                                      : fd < 0 && (cases[i].error < 0 || errno == cases[i].error);
        if (!ok) fail_msg("%s: %d, %s", cases[i].path, fd, strerror(errno));
        if (fd >= 0) close(fd);
    }
    int fd = opens(root, "inner", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fd >= 0, inner_links);
    if (fd >= 0) close(fd);
}

static void nothing_leads_out_of_a_root(void **state)
{
    (void)state;
    char path[] = "/tmp/test_root-XXXXXX";
    assert_non_null(mkdtemp(path));
    int root = open(path, O_PATH | O_DIRECTORY);
    assert_int_equal(mkdirat(root, "a", 0700) | mkdirat(root, "a/b", 0700), 0);
    close(openat(root, "a/b/file", O_CREAT | O_WRONLY, 0600));
    assert_int_equal(symlinkat("/etc", root, "out") | symlinkat("..", root, "up"), 0);
    assert_int_equal(symlinkat("a/b/file", root, "inner"), 0);
    check_beneath(file_open_beneath, root, true);
    check_beneath(file_walk_beneath, root, false);
    static const char *const made[] = {"a/b/file", "out", "up", "inner"};
    for (int i = 0; i < 4; i++) {
        unlinkat(root, made[i], 0);
    }
    unlinkat(root, "a/b", AT_REMOVEDIR);
    unlinkat(root, "a", AT_REMOVEDIR);
    close(root);
    rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_cut_short_ends_us_with_a_line),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_visit_outlives_a_file_that_is_cut_short),
        cmocka_unit_test(a_visit_notices_what_is_written_meanwhile),
        cmocka_unit_test(nothing_leads_out_of_a_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
