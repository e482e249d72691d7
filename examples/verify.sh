#!/bin/bash
# Rejection sampling with a pipeline: the items of verify.jsonl whose answers are right.
#
#   examples/verify.sh [FILE.jsonl] > kept.jsonl
#
# `touchstone verify` gives one verdict line for each item line, in order, so `paste` puts them side by side; a raw
# tab can't stand in JSON. Beside each item: its reward; for items with a `group`, its advantage and whether to keep it.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
touchstone=${TOUCHSTONE:-$here/../build/release/touchstone}
items=${1:-$here/verify.jsonl}

"$touchstone" verify --quiet "$items" | paste - "$items" |
    awk -F '\t' '$1 ~ /"verdict":"correct"/ { print $2 }'
