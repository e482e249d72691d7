/* base/control_groups.h - the control groups that this process is in: what limits it beside the machine.
 *
 * A group's limit holds for all groups below it, so every group from the process's own up to the
 * mount's root is looked at. In a container the paths of /proc/self/cgroup may be the host's, which
 * do not exist there; the root is then the container's own group.
 *
 * Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst; cgroups(7), /proc/pid/cgroup.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_CONTROL_GROUPS_H
#define BASE_CONTROL_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum { CONTROL_GROUPS_TEXT = 4096 }; /* room for the text of /proc/self/cgroup */

/* Told of a folder that may be a group's; its files may be missing. */
typedef void control_group_visitor(const char *folder, void *arg);

/* Visit every group of version 2, and of version 1's that controller's, of a process. root: where
 * control groups are mounted ("/sys/fs/cgroup"); groups: the text of /proc/self/cgroup. */
void control_groups_visit(const char *root, struct span groups, const char *controller,
                          control_group_visitor *visit, void *arg);

/* The text of this process's /proc/self/cgroup; "" when there is none. */
void control_groups_own(char text[CONTROL_GROUPS_TEXT]);

/* The beginning of a group's file as text; false when it cannot be read, or is empty. */
bool control_group_read(const char *folder, const char *name, char *text, size_t room);

#endif
