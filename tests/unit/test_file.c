/* tests/unit/test_file.c - mapped files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_cut_short_ends_us_with_a_line),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
