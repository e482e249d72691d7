/* base/control_groups.c - see control_groups.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/control_groups.h"

#include <assert.h>
#include <stdio.h>

enum { PATH_MOST = 900 }; /* of a group below its mount; what is longer counts as the root */

static bool read_text(const char *path, char *text, size_t room)
{
    FILE *f = fopen(path, "re");
    text[0] = '\0';
    if (f == NULL) return false;
    size_t n = fread(text, 1, room - 1, f);
    fclose(f);
    text[n] = '\0';
    return n > 0;
}

bool control_group_read(const char *folder, const char *name, char *text, size_t room)
{
    char path[1200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return read_text(path, text, room);
}

void control_groups_own(char text[CONTROL_GROUPS_TEXT])
{
    read_text("/proc/self/cgroup", text, CONTROL_GROUPS_TEXT);
}

/* The group at mount + path and all above it, the mount's root included. */
static void visit_along(const char *mount, struct span path, control_group_visitor *visit,
                        void *arg)
{
    char folder[1100];
    if (path.n > PATH_MOST) path.n = 0;
    for (;;) {
        while (path.n > 0 && path.p[path.n - 1] == '/') {
            path.n--;
        }
        snprintf(folder, sizeof(folder), "%s%.*s", mount, (int)path.n, path.p);
        visit(folder, arg);
        if (path.n == 0) return;
        while (path.n > 0 && path.p[path.n - 1] != '/') {
            path.n--;
        }
    }
}

/* Is it one of the controllers in "cpu,cpuacct"? */
static bool has_controller(struct span controllers, const char *wanted)
{
    while (controllers.n > 0) {
        size_t comma = span_find(controllers, span_str(","), 0);
        struct span one = span_slice(controllers, 0, comma);
        if (span_is(one, wanted)) return true;
        controllers = span_slice(controllers, one.n + 1, controllers.n);
    }
    return false;
}

/* One line, "4:cpu,cpuacct:/path" or "0::/path". */
static void visit_line(const char *root, struct span line, const char *controller,
                       control_group_visitor *visit, void *arg)
{
    char mount[160];
    size_t first = span_find(line, span_str(":"), 0);
    if (first == SPAN_NONE) return;
    size_t second = span_find(line, span_str(":"), first + 1);
    if (second == SPAN_NONE) return;
    struct span controllers = span_slice(line, first + 1, second);
    struct span path = span_slice(line, second + 1, line.n);
    if (controllers.n == 0) {
        visit_along(root, path, visit, arg);
    } else if (has_controller(controllers, controller)) {
        /* a link where it is mounted with another: cpu with cpuacct */
        snprintf(mount, sizeof(mount), "%.100s/%.40s", root, controller);
        visit_along(mount, path, visit, arg);
    }
}

void control_groups_visit(const char *root, struct span groups, const char *controller,
                          control_group_visitor *visit, void *arg)
{
    assert(controller[0] != '\0');
    while (groups.n > 0) {
        size_t end = span_find(groups, span_str("\n"), 0);
        struct span line = span_slice(groups, 0, end);
        visit_line(root, line, controller, visit, arg);
        groups = span_slice(groups, line.n + 1, groups.n);
    }
}
