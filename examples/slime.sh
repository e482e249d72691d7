#!/bin/bash
# slime with rewards from a Touchstone server: the flags that name it, beside those of your own recipe.
#
#   touchstone serve --host 0.0.0.0 --port 8080 &
#   examples/slime.sh check                              one request as slime sends it, and the reward: 2
#   examples/slime.sh --hf-checkpoint MODEL ...          train; the data set has the columns prompt and label
#
# The answer is a bare number, accuracy and format together, so no --reward-key is needed. slime knows no null: what
# cannot be judged is 0. Other rewards: a --custom-rm-path that calls /verify, as verl_compute_score.py does.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
server=${SERVER_URL:-http://127.0.0.1:8080}

if [ "${1:-}" = check ]; then
    exec curl -sS --fail-with-body "$server/remote_rm" -H 'Content-Type: application/json' -d '{
        "prompt": "What is 3 * 4?", "label": "12",
        "response": "<think>\n3 * 4 = 12\n</think>\n<answer>\n\\boxed{12}\n</answer>"}'
fi

exec python3 train.py --rm-type remote_rm --rm-url "$server/remote_rm" \
    --prompt-data "${DATA:-dapo-math-17k.jsonl}" --input-key prompt --label-key label --apply-chat-template \
    --n-samples-per-prompt 8 "$@"
