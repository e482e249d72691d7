#!/bin/sh
# deploy/install-packages.sh PURPOSE... - install the Debian packages that building, running or testing needs.
#
# Looks first and installs only what is missing, so a second run costs nothing and needs no root. What an installed
# package provides is there too: NodeSource's nodejs has npm inside and conflicts with Debian's. Where it
# may not install, it says exactly what is missing and how to get it, and exits 1. OS_RELEASE names another
# file than /etc/os-release (for its test).
#
# SPDX-License-Identifier: Apache-2.0
set -eu

list=$(dirname "$0")/packages.txt
system=$(. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || system=
case $system in
    "debian 12" | "debian 13") release=${system#debian } ;;
    *)
        echo "This builds by itself on Debian 12 and 13. Elsewhere use the container (docker build -t touchstone .)," >&2
        echo "or install what $list names by your system's own means and call make." >&2
        exit 1
        ;;
esac

# The installed packages and what they provide, a name each line; a version in parentheses is left out.
present=$(dpkg-query -W -f '${Status}, ${Package}, ${Provides}\n' 2>/dev/null |
    awk -F ', *' '$1 == "install ok installed" { for (i = 2; i <= NF; i++) { sub(/ *\(.*/, "", $i); print $i } }')

missing=
for purpose in "$@"; do
    for package in $(awk -v p="$purpose" -v r="$release" '$1 == p && ($3 == "" || $3 == r) { print $2 }' "$list"); do
        echo "$present" | grep -qxF -- "$package" || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "Missing packages:$missing" >&2
    echo "They cannot be installed without root. Run:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
